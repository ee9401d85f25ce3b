#include "call/timeline.h"

#include <errno.h>

#include "testing.h"

static void round_trip(void **state)
{
	CW_SCOPED struct cw_timeline *t = NULL;
	CW_SCOPED struct cw_timeline *back = NULL;
	CW_BUF_SCOPED struct cw_buf one = CW_BUF(1 << 16);
	CW_BUF_SCOPED struct cw_buf two = CW_BUF(1 << 16);

	(void)state;
	assert_int_equal(cw_timeline_new(NULL, &t), 0);
	cw_timeline_add(t, 0, CW_SIDE_LINE, CW_EV_CALL_STARTED, "{s:s, s:I}", "call_id", "c1", "wall_us",
		(json_int_t)1772442000000000);
	cw_timeline_add(
		t, 120000, CW_SIDE_AGENT, CW_EV_SAY, "{s:i, s:s}", "utterance", 1, "text", "Grüß Gott, \"Sie\"\n");
	cw_timeline_add(t, 140000, CW_SIDE_CALLER, CW_EV_HUNG_UP, NULL);
	cw_timeline_encode(&one, t);
	assert_int_equal(cw_buf_err(&one), 0);
	assert_int_equal(cw_timeline_parse(NULL, one.p, one.len, &back, NULL), 0);
	assert_int_equal(cw_timeline_count(back), 3);
	cw_timeline_encode(&two, back);
	assert_string_equal(one.p, two.p);

	const struct cw_event *e = cw_timeline_at(back, 1);

	assert_int_equal(e->t_us, 120000);
	assert_int_equal(e->side, CW_SIDE_AGENT);
	assert_int_equal(e->kind, CW_EV_SAY);
	assert_string_equal(cw_json_str(e->data, "text", ""), "Grüß Gott, \"Sie\"\n");
	assert_null(cw_timeline_at(back, 3));
}

static void all_kinds_have_names(void **state)
{
	enum cw_event_kind k;

	(void)state;
	for (unsigned i = 0; i < CW_EV_N; i++) {
		assert_non_null(cw_event_name((enum cw_event_kind)i));
		assert_int_equal(cw_event_kind_of(cw_event_name((enum cw_event_kind)i), &k), 0);
		assert_int_equal(k, i);
	}
	assert_int_equal(cw_event_kind_of("nonsense", &k), EINVAL);
}

static void seen(const struct cw_event *e, void *arg)
{
	*(unsigned *)arg += e->kind == CW_EV_NOTE;
}

static void bounded(void **state)
{
	CW_SCOPED struct cw_timeline *t = NULL;
	unsigned watched = 0;
	size_t from = 0;

	(void)state;
	assert_int_equal(cw_timeline_new(NULL, &t), 0);
	cw_timeline_watch(t, seen, &watched);
	for (unsigned i = 0; i < CW_TIMELINE_MAX + 50; i++)
		cw_timeline_add(t, i, CW_SIDE_CALLER, CW_EV_NOTE, NULL);
	cw_timeline_add(t, 99, CW_SIDE_AGENT, CW_EV_HUNG_UP, "{s:s}", "by", "agent");
	assert_int_equal(watched, CW_TIMELINE_MAX);
	assert_int_equal(cw_timeline_count(t), CW_TIMELINE_MAX + 2);
	assert_int_equal(cw_timeline_lost(t), 50);
	assert_non_null(cw_timeline_next(t, &from, CW_EV_OVERFLOW, CW_SIDE_N));
	assert_non_null(cw_timeline_next(t, &from, CW_EV_HUNG_UP, CW_SIDE_AGENT));
	assert_null(cw_timeline_next(t, &from, CW_EV_NOTE, CW_SIDE_N));
}

static void foreign_payloads(void **state)
{
	CW_SCOPED struct cw_timeline *t = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

	(void)state;
	assert_int_equal(cw_timeline_new(NULL, &t), 0);
	cw_timeline_add(t, 5, CW_SIDE_LINE, CW_EV_LINE_NOTE, "{s:s, s:i}", "kind", "x", "t_us", 3);
	cw_timeline_add(t, 6, CW_SIDE_LINE, CW_EV_LINE_NOTE, "{s:s}", "text", "\xff\xfe");
	cw_timeline_add_json(t, 7, CW_SIDE_LINE, CW_EV_LINE_NOTE, NULL);
	cw_timeline_encode(&b, t);
	assert_string_equal(b.p, "{\"t_us\":5,\"party\":\"line\",\"kind\":\"line_note\",\"t_us_\":3,\"kind_\":\"x\"}\n"
				 "{\"t_us\":6,\"party\":\"line\",\"kind\":\"line_note\",\"unprintable\":true}\n");
	assert_int_equal(cw_timeline_lost(t), 1);
}

static void parse_says_where(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} cases[] = {
		{"{\"t_us\":1,\"party\":\"agent\",\"kind\":\"say\"}\nrubbish\n", 2, "JSON"},
		{"{\"party\":\"agent\",\"kind\":\"say\"}", 1, "t_us"},
		{"\n\n{\"t_us\":1,\"party\":\"dog\",\"kind\":\"say\"}", 3, "dog"},
		{"{\"t_us\":1,\"party\":\"agent\",\"kind\":\"bark\"}", 1, "bark"},
		{"[]", 1, "object"},
		{"{\"t_us\":-1,\"party\":\"agent\",\"kind\":\"say\"}", 1, "t_us"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_timeline *t = NULL;
		struct cw_why why = {0};

		assert_int_equal(cw_timeline_parse(NULL, cases[i].text, strlen(cases[i].text), &t, &why), EBADMSG);
		assert_null(t);
		assert_int_equal(why.line, cases[i].line);
		assert_non_null(strstr(why.text, cases[i].says));
	}
}

static void survives_without_memory(void **state)
{
	static const char text[] = "{\"t_us\":1,\"party\":\"agent\",\"kind\":\"say\"}\n";
	CW_SCOPED struct cw_timeline *t = NULL;
	int err = cw_timeline_parse(NULL, text, sizeof(text) - 1, &t, NULL);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	cw_timeline_add(t, 2, CW_SIDE_AGENT, CW_EV_NOTE, NULL);
	assert_int_equal(cw_timeline_count(t) + cw_timeline_lost(t), 2);
}
CW_OOM_BODY(survives_without_memory)

/* The table in timeline.c is the table in docs/timeline.md. To bring the page up to date, put there what this prints. */
static void documented(void **state)
{
	CW_BUF_SCOPED struct cw_buf table = CW_BUF(1 << 16);
	static char page[1 << 16];
	FILE *f = fopen(cw_test_source("docs/timeline.md"), "r");

	(void)state;
	assert_non_null(f);

	size_t n = fread(page, 1, sizeof(page) - 1, f);

	fclose(f);
	page[n] = '\0';
	cw_timeline_catalogue(&table);
	if (!strstr(page, table.p))
		fail_msg("docs/timeline.md does not hold this table:\n%s", table.p);
}

static json_malloc_t json_malloc_before;
static json_free_t json_free_before;
static int json_allocations_left;

static void *scarce_malloc(size_t size)
{
	return json_allocations_left-- > 0 ? json_malloc_before(size) : NULL;
}

/* jansson has an allocator of its own, which CW_TEST_OOM does not reach. */
static void loses_what_json_has_no_memory_for(void **state)
{
	CW_SCOPED struct cw_timeline *t = NULL;
	int n = 0;

	(void)state;
	assert_int_equal(cw_timeline_new(NULL, &t), 0);
	json_get_alloc_funcs(&json_malloc_before, &json_free_before);
	json_set_alloc_funcs(scarce_malloc, json_free_before);
	for (; cw_timeline_count(t) == 0 && n < 100; n++) {
		json_allocations_left = n;
		cw_timeline_add(t, 1, CW_SIDE_AGENT, CW_EV_FAULT, "{s:s, s:s, s:I}", "stage", "tts", "error", "ENOMEM",
			"took_us", (json_int_t)1);
	}
	json_set_alloc_funcs(json_malloc_before, json_free_before);
	assert_int_equal(cw_timeline_count(t), 1);
	assert_in_range(n, 5, 99);
	assert_int_equal(cw_timeline_lost(t), n - 1);
}

CW_TEST_MAIN(CW_TEST(round_trip), CW_TEST(all_kinds_have_names), CW_TEST(bounded), CW_TEST(foreign_payloads),
	CW_TEST(parse_says_where), CW_TEST(survives_without_memory), CW_TEST_OOM(survives_without_memory),
	CW_TEST(loses_what_json_has_no_memory_for), CW_TEST(documented))
