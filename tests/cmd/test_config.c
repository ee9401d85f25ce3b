#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/config.h"

static const char *write_file(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void clean_environment(void)
{
	unsetenv("CW_LANES");
	unsetenv("CW_LISTEN");
	unsetenv("CW_TWILIO_AUTH_TOKEN");
	unsetenv("CW_TWILIO_AUTH_TOKEN_FILE");
}

static void later_sources_win(void **state)
{
	CW_SCOPED struct cw_config *c = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);
	struct cw_why why = {0};

	(void)state;
	clean_environment();
	setenv("CW_LANES", "3", 1);
	assert_int_equal(cw_config_load(NULL, write_file("a.yaml", "lanes: 2\nlisten: 127.0.0.1:0\nrecord: false\n"),
				 &c, NULL, &why),
		0);
	assert_int_equal(c->lanes, 3);
	assert_string_equal(c->listen, "127.0.0.1:0");
	assert_false(c->record);
	assert_int_equal(c->max_calls, 1000);
	cw_config_dump(&b, c);
	assert_non_null(strstr(b.p, "# environment"));
	assert_non_null(strstr(b.p, "# file"));
	assert_non_null(strstr(b.p, "# default"));
}

static void every_fault_is_named_with_its_place(void **state)
{
	CW_BUF_SCOPED struct cw_buf faults = CW_BUF(65536);
	struct cw_config *c = NULL;
	struct cw_why why = {0};
	const char *path =
		write_file("b.yaml", "lanse: 2\nmax_calls: many\nlog_level: loud\ntwilio_auth_token: secret\n");

	(void)state;
	clean_environment();
	assert_int_equal(cw_config_load(NULL, path, &c, &faults, &why), EINVAL);
	assert_null(c);
	assert_int_equal(why.line, 1);
	assert_non_null(strstr(why.text, "lanes"));
	assert_non_null(strstr(faults.p, "b.yaml:2:"));
	assert_non_null(strstr(faults.p, "error|warn|info|debug"));
	assert_non_null(strstr(faults.p, "CW_TWILIO_AUTH_TOKEN_FILE"));
}

static void secrets_come_from_files_and_are_masked(void **state)
{
	CW_SCOPED struct cw_config *c = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);
	struct cw_why why = {0};

	(void)state;
	clean_environment();
	setenv("CW_TWILIO_AUTH_TOKEN_FILE", write_file("token", "s3cr3t\n"), 1);
	assert_int_equal(cw_config_load(NULL, write_file("c.yaml", "lanes: 1\n"), &c, NULL, &why), 0);
	assert_string_equal(c->twilio_auth_token, "s3cr3t");
	cw_config_dump(&b, c);
	assert_null(strstr(b.p, "s3cr3t"));
	setenv("CW_TWILIO_AUTH_TOKEN_FILE", "/nowhere/at/all", 1);

	struct cw_config *d = NULL;

	assert_int_equal(cw_config_load(NULL, write_file("c.yaml", "lanes: 1\n"), &d, NULL, &why), ENOENT);
	clean_environment();
}

static void parts_must_fit_together(void **state)
{
	static const struct {
		const char *yaml, *says;
	} table[] = {
		{"listen: nowhere\n", "ADDRESS:PORT"},
		{"tls_cert: a.pem\n", "belong together"},
		{"public_url: voice.example.com\n", "https://"},
		{"- a list\n", "expected keys and values"},
		{"lanes: [1]\n", "plain value"},
		{"record: maybe\n", "neither true nor false"},
	};

	(void)state;
	clean_environment();
	for (size_t i = 0; i < CW_COUNT(table); i++) {
		struct cw_config *c = NULL;
		struct cw_why why = {0};

		assert_int_not_equal(cw_config_load(NULL, write_file("d.yaml", table[i].yaml), &c, NULL, &why), 0);
		assert_non_null(strstr(why.text, table[i].says));
	}
}

static void the_example_is_the_file_in_the_tree(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);
	static char file[65536];
	FILE *f = fopen(cw_test_source(".env.example"), "r");

	(void)state;
	assert_non_null(f);
	file[fread(file, 1, sizeof(file) - 1, f)] = '\0';
	fclose(f);
	cw_config_example(&b);
	assert_string_equal(b.p, file);
}

CW_TEST_MAIN(CW_TEST(later_sources_win), CW_TEST(every_fault_is_named_with_its_place),
	CW_TEST(secrets_come_from_files_and_are_masked), CW_TEST(parts_must_fit_together),
	CW_TEST(the_example_is_the_file_in_the_tree))
