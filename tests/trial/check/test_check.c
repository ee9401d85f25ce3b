#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "store/db.h"
#include "trial/check/check.h"
#include "viewing.h"

/* A booking in small: two turns of the caller, three of the agent; the ear mishears one word. */
static void booking(struct made *m, bool visible)
{
	made_open(m, visible);
	made_answered(m, 100);
	made_agent(m, "Hello, what is your name?", "Hello, what is your name?", 300, 2000);
	made_say(m, 0, 1, "Maria", 2500, 3000);
	made_agent(m, "Thanks Maria. At 9:30 am?", "Thanks Mario. At nine thirty a m?", 3600, 5000);
	made_say(m, 1, 2, "yes", 5500, 5800);
	made_agent(m, "Booked. Goodbye.", "Booked. Goodbye.", 6900, 8000);
	if (visible)
		cw_timeline_add(m->agent, 6000000, CW_SIDE_AGENT, CW_EV_TOOL_CALLED, "{s:s, s:{s:s, s:i}, s:s}", "name",
			"book", "args", "phone", "+1415", "n", 2, "key", "k");
}

/* Run one assertion as written in a file. */
static struct cw_check check(struct made *m, struct cw_view *v, const char *yaml, bool per_turn, size_t play)
{
	struct cw_yaml *y = NULL;
	struct cw_assert *a = talloc_zero(m->all, struct cw_assert);
	const struct cw_vars none = {0};
	struct cw_check c = {0};
	struct cw_why why = {0};

	assert_int_equal(cw_yaml_parse(m->all, "t", yaml, strlen(yaml), &y, &why), 0);
	if (cw_assert_new(m->all, y, cw_yaml_root(y), per_turn, &none, a, &why))
		fail_msg("%s: %s", yaml, why.text);
	assert_int_equal(cw_check_run(m->all, v, a, play, &c), 0);
	return c;
}

static const struct {
	const char *yaml;
	bool per_turn;
	size_t play;
	enum cw_check_status visible, hidden; /* with the agent's timeline, and without */
} rows[] = {
	{"{type: contains, value: goodbye}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: contains, value: thanks maria}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_FAIL},
	{"{type: contains, value: thanks maria, by: ear}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: contains, value: thanks maria, by: text}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_ERROR},
	{"{type: not-contains, value: pineapple}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: not-contains, value: goodbye}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: not-contains, value: x, by: text}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_ERROR},
	{"{type: contains, value: goodbye}", true, 0, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: contains, value: goodbye}", true, 1, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: icontains, value: \"9:30 AM\"}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: contains-all, value: [thanks, 9:30 am]}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: contains-all, value: [thanks, ten], threshold: 0.5}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: contains-all, value: [thanks, ten]}", true, 0, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: contains-any, value: [ten, thanks]}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: contains-any, value: [ten, eleven]}", true, 0, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: contains, value: book}", true, 1, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: contains, value: book, words: true}", true, 1, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: equals, value: \"BOOKED, goodbye\"}", true, 1, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: equals, value: booked}", true, 1, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: starts-with, value: thanks}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: starts-with, value: at nine}", true, 0, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: regex, value: \"thanks mari[ao]\"}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: not-regex, value: \"^x\"}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: spoken_contains, value: mario}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: spoken_contains, value: maria}", true, 0, CW_CHECK_PASS, CW_CHECK_FAIL},
	{"{type: spoken_contains, value: [mario, nine]}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: spoken_contains, value: [maria, thanks]}", true, 0, CW_CHECK_PASS, CW_CHECK_FAIL},
	{"{type: spoken_contains, value: [maria, thanks], by: ear}", true, 0, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: response_ms, max: 600}", true, 0, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: response_ms, max: 599}", true, 0, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: response_ms, max: 1100}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: response_ms, max: 1000}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: response_ms, min: 700, max: 2000}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: barge_in_stop_ms, max: 300}", true, 0, CW_CHECK_ERROR, CW_CHECK_ERROR},
	{"{type: agent_keeps_talking}", true, 0, CW_CHECK_ERROR, CW_CHECK_ERROR},
	{"{type: first_word_ms, max: 200}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: dead_air_ms, max: 0}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: talk_ratio, max: 0.5}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: interruptions, max: 0}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: overlap_ms, max: 0}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: duration_ms, max: 8000}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: not-duration_ms, max: 8000}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: wer, max: 0.2, of: caller_ear}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_ERROR},
	{"{type: tool_called, name: book}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_ERROR},
	{"{type: tool_called, name: book, args: {phone: \"+1415\"}}", false, CW_PLAY_NONE, CW_CHECK_PASS,
		CW_CHECK_ERROR},
	{"{type: tool_called, name: book, args: {n: 2}, times: 1}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_ERROR},
	{"{type: tool_called, name: book, args: {phone: x}}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_ERROR},
	{"{type: tool_called, name: book, times: 2}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_ERROR},
	{"{type: not-tool_called, name: cancel}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_ERROR},
	{"{type: hangup_by, value: agent}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: hangup_by, value: caller}", false, CW_PLAY_NONE, CW_CHECK_FAIL, CW_CHECK_FAIL},
	{"{type: end_reason, value: remote}", false, CW_PLAY_NONE, CW_CHECK_PASS, CW_CHECK_PASS},
	{"{type: state_equals, sql: \"SELECT 1\", value: 1}", false, CW_PLAY_NONE, CW_CHECK_ERROR, CW_CHECK_ERROR},
	{"{type: state_equals, url: \"http://x/\", value: 1}", false, CW_PLAY_NONE, CW_CHECK_ERROR, CW_CHECK_ERROR},
};

static void each_check_passes_fails_and_errs(void **state)
{
	(void)state;
	for (int hidden = 0; hidden < 2; hidden++) {
		struct made m;

		booking(&m, !hidden);

		struct cw_view *v = made_view(&m, 8100);

		for (size_t i = 0; i < CW_COUNT(rows); i++) {
			struct cw_check c = check(&m, v, rows[i].yaml, rows[i].per_turn, rows[i].play);
			enum cw_check_status want = hidden ? rows[i].hidden : rows[i].visible;

			if (c.status != want)
				fail_msg("%s%s: expected %s, got %s (%s; %s; %s)", rows[i].yaml,
					hidden ? " (agent hidden)" : "", cw_check_status_name(want),
					cw_check_status_name(c.status), c.expected, c.got, c.reason);
			if (c.status == CW_CHECK_ERROR)
				assert_true(c.reason[0]); /* never an error without its reason */
		}
		made_close(&m);
	}
}

static void who_decided_is_recorded(void **state)
{
	struct made m;

	(void)state;
	booking(&m, true);

	struct cw_view *v = made_view(&m, 8100);

	assert_string_equal(check(&m, v, "{type: spoken_contains, value: mario}", true, 0).decided_by, "caller_ear");
	assert_string_equal(check(&m, v, "{type: spoken_contains, value: maria}", true, 0).decided_by, "agent_text");
	assert_string_equal(check(&m, v, "{type: contains, value: maria}", true, 0).decided_by, "agent_text");
	assert_string_equal(check(&m, v, "{type: response_ms, max: 1}", true, 0).decided_by, "frames");
	assert_int_equal(check(&m, v, "{type: response_ms, max: 1}", true, 0).at_us, 3600000);
	made_close(&m);
}

static void an_interruption_shows_in_the_agents_timeline(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, true);
	made_answered(&m, 0);
	made_stretch(&m, 500, 2300);
	made_say(&m, 0, 1, "mm-hmm", 2000, 2400);
	made_stretch(&m, 3000, 6000);

	struct cw_view *v = made_view(&m, 9000);

	assert_int_equal(check(&m, v, "{type: agent_keeps_talking}", true, 0).status, CW_CHECK_PASS);
	assert_int_equal(check(&m, v, "{type: agent_keeps_talking, max_gap_ms: 500}", true, 0).status, CW_CHECK_FAIL);
	cw_timeline_add(m.agent, 2500000, CW_SIDE_AGENT, CW_EV_INTERRUPTED, "{s:s, s:I}", "heard", "and", "onset_us",
		(json_int_t)2010000);
	assert_string_equal(check(&m, v, "{type: agent_keeps_talking}", true, 0).decided_by, "agent_timeline");
	assert_int_equal(check(&m, v, "{type: agent_keeps_talking}", true, 0).status, CW_CHECK_FAIL);
	made_close(&m);
}

static void state_is_asked_by_sql(void **state)
{
	static const struct {
		const char *yaml;
		enum cw_check_status want;
	} sql[] = {
		{"{type: state_equals, sql: \"SELECT count(*) FROM t\", value: 2}", CW_CHECK_PASS},
		{"{type: state_equals, sql: \"SELECT count(*) FROM t\", value: 3}", CW_CHECK_FAIL},
		{"{type: not-state_equals, sql: \"SELECT count(*) FROM t\", value: 3}", CW_CHECK_PASS},
		{"{type: state_equals, sql: \"SELECT name, n FROM t ORDER BY n\", value: {name: maria}}",
			CW_CHECK_PASS},
		{"{type: state_equals, sql: \"SELECT name, n FROM t ORDER BY n\", value: [{n: 1}, {n: 2}]}",
			CW_CHECK_PASS},
		{"{type: state_equals, sql: \"SELECT name, n FROM t ORDER BY n\", value: [{n: 1}]}", CW_CHECK_FAIL},
		{"{type: state_equals, sql: \"SELECT name FROM t WHERE n = 9\", value: null}", CW_CHECK_PASS},
		{"{type: state_equals, sql: \"SELECT name FROM t ORDER BY n\", value: [Maria, Bob]}", CW_CHECK_PASS},
		{"{type: state_equals, sql: \"SELECT nonsense\", value: 1}", CW_CHECK_ERROR},
		{"{type: state_equals, db: /nowhere.db, sql: \"SELECT 1\", value: 1}", CW_CHECK_ERROR},
	};
	char path[256];
	sqlite3 *db = NULL;
	struct made m;

	(void)state;
	snprintf(path, sizeof(path), "%s/state.db", cw_test_tmp());
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(name, n); INSERT INTO t VALUES('Maria', 1), ('Bob', 2)", NULL,
				 NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	booking(&m, true);
	m.conf.db_path = path;

	struct cw_view *v = made_view(&m, 8100);

	for (size_t i = 0; i < CW_COUNT(sql); i++) {
		struct cw_check c = check(&m, v, sql[i].yaml, false, CW_PLAY_NONE);

		if (c.status != sql[i].want)
			fail_msg("%s: got %s: %s %s", sql[i].yaml, cw_check_status_name(c.status), c.got, c.reason);
	}
	made_close(&m);
}

static void state_is_asked_by_http(void **state)
{
	static const char yaml[] =
		"{type: state_equals, url: \"http://127.0.0.1/x\", field: items.0.name, value: Maria}";
	struct made m;
	struct cw_yaml *y = NULL;
	struct cw_assert a;
	const struct cw_vars none = {0};
	struct cw_check c;

	(void)state;
	booking(&m, false);
	assert_int_equal(cw_yaml_parse(m.all, "t", yaml, sizeof(yaml) - 1, &y, NULL), 0);
	assert_int_equal(cw_assert_new(m.all, y, cw_yaml_root(y), false, &none, &a, NULL), 0);

	char good[] = "{\"items\": [{\"name\": \"maria\"}]}", other[] = "{\"items\": []}", junk[] = "<html>";
	struct cw_view_probe probe = {.of = &a, .status = 200, .body = good};

	m.conf.probes = &probe;
	m.conf.n_probes = 1;

	struct cw_view *v = made_view(&m, 8100);

	assert_int_equal(cw_check_run(m.all, v, &a, CW_PLAY_NONE, &c), 0);
	assert_int_equal(c.status, CW_CHECK_PASS);
	probe.body = other;
	assert_int_equal(cw_check_run(m.all, v, &a, CW_PLAY_NONE, &c), 0);
	assert_int_equal(c.status, CW_CHECK_FAIL);
	probe.body = junk;
	assert_int_equal(cw_check_run(m.all, v, &a, CW_PLAY_NONE, &c), 0);
	assert_int_equal(c.status, CW_CHECK_ERROR);
	probe.status = 404;
	assert_int_equal(cw_check_run(m.all, v, &a, CW_PLAY_NONE, &c), 0);
	assert_int_equal(c.status, CW_CHECK_ERROR);
	probe.err = ECONNREFUSED;
	assert_int_equal(cw_check_run(m.all, v, &a, CW_PLAY_NONE, &c), 0);
	assert_int_equal(c.status, CW_CHECK_ERROR);
	made_close(&m);
}

static void sentiment_of_the_short_form_is_decided_or_an_error(void **state)
{
	struct made m;
	struct cw_assert good, bad;
	struct cw_check c;

	(void)state;
	booking(&m, true);
	assert_int_equal(cw_assert_make(m.all, "sentiment", json_pack("{s:s}", "value", "negative"), &good), 0);
	assert_int_equal(cw_assert_make(m.all, "sentiment", json_pack("{s:s}", "value", "purple"), &bad), 0);

	struct cw_view *v = made_view(&m, 8100);

	assert_int_equal(cw_check_run(m.all, v, &good, 0, &c), 0);
	assert_int_equal(c.status, CW_CHECK_FAIL);
	assert_int_equal(cw_check_run(m.all, v, &bad, 0, &c), 0);
	assert_int_equal(c.status, CW_CHECK_ERROR);
	assert_non_null(strstr(c.reason, "no sentiment"));
	made_close(&m);
}

static int described(const char *name, const char *about, const char *const *keys, void *arg)
{
	char quoted[64];

	assert_true(about[0]);
	snprintf(quoted, sizeof(quoted), "`%s`", name);
	if (!strstr(arg, quoted))
		fail_msg("docs/scenarios.md does not mention %s", quoted);
	for (; *keys; keys++)
		if (!strstr(arg, *keys))
			fail_msg("docs/scenarios.md does not mention the key %s of %s", *keys, quoted);
	return 0;
}

static void every_check_is_described(void **state)
{
	CW_BUF_SCOPED struct cw_buf docs = CW_BUF(1 << 20);

	(void)state;
	assert_int_equal(cw_file_read(cw_test_source("docs/scenarios.md"), 1 << 20, &docs, NULL), 0);
	assert_int_equal(cw_check_each(described, docs.p), 0);
}

CW_TEST_MAIN(CW_TEST(each_check_passes_fails_and_errs), CW_TEST(who_decided_is_recorded),
	CW_TEST(an_interruption_shows_in_the_agents_timeline), CW_TEST(state_is_asked_by_sql),
	CW_TEST(state_is_asked_by_http), CW_TEST(sentiment_of_the_short_form_is_decided_or_an_error),
	CW_TEST(every_check_is_described))
