#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "testing.h"

static char path[300];

static void open_log(enum cw_log_level level, bool json)
{
	snprintf(path, sizeof(path), "%s/log", cw_test_tmp());

	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	cw_log_open(&(struct cw_log_conf){.level = level, .json = json, .fd = fd});
}

/* Back to stderr; the file's content is the caller's. */
static void close_log(struct cw_buf *b)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	cw_log_open(&(struct cw_log_conf){.level = CW_LOG_WARN, .fd = fd});
	assert_int_equal(cw_file_read(path, 64 << 20, b, NULL), 0);
}

static json_t *only_line(struct cw_buf *b)
{
	json_t *j = NULL;
	struct cw_why why = {0};

	assert_true(b->len > 0 && b->p[b->len - 1] == '\n');
	assert_ptr_equal(memchr(b->p, '\n', b->len), b->p + b->len - 1);
	if (cw_json_parse(b->p, b->len - 1, &j, &why))
		fail_msg("%s: %s", why.text, b->p);
	return j;
}

static void a_json_line_has_all_parts(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	struct cw_log call = {.name = "call", .id = "01ABC"}, stt = {.parent = &call, .name = "stt"};

	open_log(CW_LOG_INFO, true);
	cw_log_info(&stt, "opened",
		"codec=%s rate_hz=%u text=\"two words\" ok=true ratio=0.5 odd=1.2.3 zip=01234 flag empty=", "pcmu",
		8000u);
	close_log(&b);

	CW_JSON_SCOPED json_t *j = only_line(&b);

	assert_string_equal(cw_json_str(j, "level", ""), "info");
	assert_string_equal(cw_json_str(j, "event", ""), "opened");
	assert_string_equal(cw_json_str(j, "log", ""), "call.stt");
	assert_string_equal(cw_json_str(j, "call_id", ""), "01ABC");
	assert_string_equal(cw_json_str(j, "codec", ""), "pcmu");
	assert_int_equal(cw_json_int(j, "rate_hz", 0), 8000);
	assert_string_equal(cw_json_str(j, "text", ""), "two words");
	assert_true(cw_json_bool(j, "ok", false));
	assert_true(cw_json_num(j, "ratio", 0) == 0.5);
	assert_string_equal(cw_json_str(j, "odd", ""), "1.2.3");
	assert_string_equal(cw_json_str(j, "zip", ""), "01234");
	assert_true(cw_json_bool(j, "flag", false));
	assert_string_equal(cw_json_str(j, "empty", "?"), "");
	assert_int_equal(strlen(cw_json_str(j, "time", "")), strlen("2026-12-03T09:30:00.123456Z"));
}

static void secrets_never_show(void **state)
{
	static const char *const keys[] = {"token", "auth_token", "secret", "client_secret", "password", "api_key",
		"API_KEY", "authorization", "Authorization"};

	for (int json = 0; json < 2; json++)
		for (size_t i = 0; i < CW_COUNT(keys); i++) {
			CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

			open_log(CW_LOG_INFO, json);
			cw_log_info(NULL, "login", "user=ann %s=hunter2 more=1", keys[i]);
			cw_log_info(NULL, "login", "%s=\"hunter2 with blanks\" more=1", keys[i]);
			close_log(&b);
			if (strstr(b.p, "hunter2") || !strstr(b.p, "***"))
				fail_msg("%s: %s", keys[i], b.p);
			assert_non_null(strstr(b.p, "more"));
		}

	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	open_log(CW_LOG_INFO, true);
	cw_log_info(NULL, "login", "authorization=Bearer hunter2");
	close_log(&b);
	assert_null(strstr(b.p, "hunter2"));
}

static void foreign_bytes_stay_inside_their_line(void **state)
{
	static const char *const texts[] = {"a\nb", "quote \" inside", "back\\slash", "\x01\x02", "\xff\xfe",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "cut \xe2\x82", "\" level=\"error", "{}", "\x7f"};

	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

		open_log(CW_LOG_INFO, true);
		cw_log_info(NULL, "heard", "text=\"%s\"", texts[i]);
		close_log(&b);

		CW_JSON_SCOPED json_t *j = only_line(&b);

		assert_string_equal(cw_json_str(j, "event", ""), "heard");
		assert_string_equal(cw_json_str(j, "level", ""), "info");
	}

	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	open_log(CW_LOG_INFO, true);
	cw_log_info(NULL, "x", "level=debug event=y time=0 log=z");
	close_log(&b);

	CW_JSON_SCOPED json_t *j = only_line(&b);

	assert_string_equal(cw_json_str(j, "level", ""), "info");
	assert_string_equal(cw_json_str(j, "_level", ""), "debug");
}

static void long_lines_are_cut_and_stay_valid(void **state)
{
	static char big[20000];
	static const char fills[] = "x\"\x01\xc3";

	for (size_t f = 0; f < sizeof(fills); f++)
		for (size_t n = 1; n < sizeof(big); n = n * 3 + 1) {
			CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

			memset(big, fills[f], n);
			big[n] = 0;
			struct cw_log deep[10];

			for (int i = 0; i < 10; i++)
				deep[i] =
					(struct cw_log){.parent = i ? &deep[i - 1] : NULL, .name = "layer", .id = big};
			open_log(CW_LOG_INFO, true);
			cw_log_info(NULL, "x", "a=1 text=\"%s\" last=1", big);
			close_log(&b);

			CW_JSON_SCOPED json_t *j = only_line(&b);

			assert_int_equal(cw_json_int(j, "a", 0), 1);

			CW_BUF_SCOPED struct cw_buf c = CW_BUF(1 << 20);

			open_log(CW_LOG_INFO, true);
			cw_log_info(&deep[9], big, "%s=1", big);
			close_log(&c);

			json_t *k = NULL;

			if (cw_json_parse(c.p, c.len, &k, NULL) == 0)
				json_decref(k);
			else if (n < 400 || memchr(c.p, '\n', c.len) != c.p + c.len - 1 || c.p[c.len - 2] != '}')
				fail_msg("%s", c.p);
		}
}

static void levels_filter(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	open_log(CW_LOG_WARN, false);
	assert_true(cw_log_on(CW_LOG_ERROR));
	assert_false(cw_log_on(CW_LOG_INFO));
	cw_log_info(NULL, "hidden", "a=1");
	cw_log_debug(NULL, "hidden", "a=1");
	cw_log_warn(NULL, "shown", "text=\"two words\" n=%d", 5);
	close_log(&b);
	assert_null(strstr(b.p, "hidden"));
	assert_non_null(strstr(b.p, "warn  shown text=\"two words\" n=5\n"));
}

#define THREADS 4
#define LINES   500

static void *chatter(void *arg)
{
	struct cw_log log = {.name = arg};

	for (int i = 0; i < LINES; i++)
		cw_log_info(&log, "line", "n=%d text=\"some words to make the line a little longer\"", i);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	static char names[THREADS][8] = {"one", "two", "three", "four"};
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(16 << 20);
	pthread_t t[THREADS];
	int next[THREADS] = {0};
	size_t lines = 0;

	open_log(CW_LOG_INFO, true);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, chatter, names[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	close_log(&b);

	struct cw_str rest = cw_buf_str(&b), line;

	while (cw_str_split(&rest, '\n', &line) && line.len) {
		CW_JSON_SCOPED json_t *j = NULL;

		assert_int_equal(cw_json_parse(line.p, line.len, &j, NULL), 0);
		for (int i = 0; i < THREADS; i++)
			if (!strcmp(cw_json_str(j, "log", ""), names[i]))
				assert_int_equal(cw_json_int(j, "n", -1), next[i]++);
		lines++;
	}
	assert_int_equal(lines, THREADS * LINES);
}

CW_TEST_MAIN(CW_TEST(a_json_line_has_all_parts), CW_TEST(secrets_never_show),
	CW_TEST(foreign_bytes_stay_inside_their_line), CW_TEST(long_lines_are_cut_and_stay_valid),
	CW_TEST(levels_filter), CW_TEST(lines_of_threads_do_not_mix))
