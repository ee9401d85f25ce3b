#include "base/why.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

static void the_first_reason_wins(void **state)
{
	struct cw_why why = {0};
	char text[200];

	assert_int_equal(cw_why_set(&why, EINVAL, "unknown codec '%s'", "x"), EINVAL);
	assert_int_equal(cw_why_set(&why, ENOENT, "later"), ENOENT);
	assert_int_equal(why.err, EINVAL);
	assert_string_equal(cw_why_str(&why, text, sizeof(text)), "unknown codec 'x'");
	assert_int_equal(cw_why_set(NULL, EINVAL, "nobody reads"), EINVAL);

	struct cw_why fine = {0};

	assert_int_equal(cw_why_set(&fine, 0, "no error"), 0);
	assert_int_equal(fine.err, 0);
	assert_string_equal(fine.text, "");
}

static void places_are_written_as_editors_read_them(void **state)
{
	static const struct {
		const char *file;
		unsigned line, column;
		const char *text;
	} cases[] = {{"a.yaml", 3, 7, "a.yaml:3:7: x"}, {"a.yaml", 3, 0, "a.yaml:3: x"}, {"a.yaml", 0, 0, "a.yaml: x"},
		{NULL, 3, 7, "line 3:7: x"}, {NULL, 0, 0, "x"}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_why why = {0};
		char text[200];

		cw_why_at(&why, EINVAL, cases[i].file, cases[i].line, cases[i].column, "x");
		assert_string_equal(cw_why_str(&why, text, sizeof(text)), cases[i].text);
	}
}

static void long_reasons_are_cut(void **state)
{
	static char file[1000], reason[2000];
	struct cw_why why = {0};
	char text[20];

	memset(file, 'f', sizeof(file) - 1);
	memset(reason, 'r', sizeof(reason) - 1);
	cw_why_at(&why, EINVAL, file, 1, 1, "%s", reason);
	assert_int_equal(strlen(why.file), sizeof(why.file) - 1);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_int_equal(strlen(cw_why_str(&why, text, sizeof(text))), sizeof(text) - 1);
	assert_ptr_equal(cw_why_str(&why, text, 0), text);
}

static void broken_promises_abort(void **state)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);

	pid_t child = fork();

	if (child == 0) {
		dup2(ends[1], 2);
		signal(SIGABRT, SIG_DFL);
		CW_ASSERT(1 + 1 == 3);
		_exit(0);
	}
	close(ends[1]);

	char text[300] = "";
	ssize_t n = read(ends[0], text, sizeof(text) - 1);
	int status = 0;

	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(n > 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "1 + 1 == 3"));
	assert_non_null(strstr(text, "test_why.c"));
}

CW_TEST_MAIN(CW_TEST(the_first_reason_wins), CW_TEST(places_are_written_as_editors_read_them),
	CW_TEST(long_reasons_are_cut), CW_TEST(broken_promises_abort))
