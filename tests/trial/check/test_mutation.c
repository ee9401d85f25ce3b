/*
 * No assertion can pass without having run: for every row of the table a call in which it holds, one in which it must fail (one input flipped), and
 * one in which it cannot be decided. A row without a case fails this test.
 *
 *   0.1 answered   0.3-2.0 agent greets   2.5-3.0 caller   3.6-5.0 agent answers   5.5-5.8 caller   6.9-8.0 agent   8.1 end
 */
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "trial/check/check.h"
#include "viewing.h"

#define END_MS    8100
#define N_SAMPLES (8000 * 9)

/* What is otherwise than in the usual call. */
struct scene {
	bool visible, chat, unanswered;
	const char *caller;          /* first words; "I need a visit" */
	const char *said, *heard;    /* the agent's answer to them, and what our ear made of it (the same) */
	const char *last;            /* the agent's last words */
	const char *agent_heard;     /* what the agent's ear made of the caller's first words (the same) */
	unsigned end_ms;             /* END_MS */
	unsigned answer_ms, stop_ms; /* the answer's onset and end: 3600, 5000 */
	bool silent;                 /* the agent never speaks */
	const char *noise;           /* a backchannel of the caller while the agent answers, at 4.0 s */
	const char *tools;           /* [{"name", "args"}] at 6.0 s */
	const char *say_first;       /* queued by the agent at 5.9 s */
	const char *reply;           /* line_note of a chat server at 3.7 s */
	const char *line;            /* line.stats */
	const char *understood;      /* intent */
	const char *keys;            /* pressed by the agent */
	const char *dialled;         /* twilio.dial */
	enum cw_end_reason end;      /* CW_END_REMOTE when 0 */
	bool unfinished;             /* the script was not completed */
	double level, noise_level;   /* of the recording: speech, and what is under it; 0: not recorded */
	bool clipped, holed;
};

struct mutation {
	const char *name, *yaml;
	size_t play; /* 0: under `expect` of the first turn; CW_PLAY_NONE: under `assert` */
	struct scene pass, fail, error;
	const char *error_yaml; /* when no scene makes it undecidable: another assertion of this kind */
};

static int16_t pcm[2][N_SAMPLES];

/* ---- a call out of a scene ---- */

static void note_json(struct made *m, const char *what, const char *json, uint64_t ms)
{
	json_t *o = json_loads(json, 0, NULL);

	assert_non_null(o);
	assert_int_equal(json_object_set_new(o, "what", json_string(what)), 0);
	cw_timeline_add_json(m->caller, ms * 1000, CW_SIDE_LINE, CW_EV_LINE_NOTE, o);
}

static void add_tools(struct made *m, const char *json)
{
	json_t *list = json_loads(json, 0, NULL), *t;
	size_t i;

	assert_non_null(list);
	json_array_foreach (list, i, t)
		cw_timeline_add(m->agent, 6000000 + i, CW_SIDE_AGENT, CW_EV_TOOL_CALLED, "{s:O, s:O}", "name",
			json_object_get(t, "name"), "args", json_object_get(t, "args"));
	json_decref(list);
}

/* Words are syllables of a buzz; between them, and in a noisy recording under them, there is noise. */
static void record(struct made *m, const struct scene *s)
{
	uint32_t seed = 1;
	double phase = 0;

	for (size_t i = 0; i < N_SAMPLES; i++) {
		double ms = (double)i / 8;
		bool speaks = (ms >= 300 && ms < 2000) || (ms >= 3600 && ms < 5000) || (ms >= 6900 && ms < 8000);
		double syllable = 0.4 + 0.6 * fabs(sin(ms * M_PI / 160)), x = 0;

		seed = seed * 1664525u + 1013904223u;
		phase += 2 * M_PI * (125 + 25 * sin(ms / 130) + 8 * sin(ms / 17)) /
			 8000; /* a pitch that moves: it is no machine */
		for (int h = 1; h < 20; h++)
			x += sin(phase * h) / h;
		x = speaks ? x * syllable * s->level : 0;
		x += ((double)(seed >> 8) / (1 << 24) - 0.5) * s->noise_level;
		if (s->holed && speaks && fmod(ms, 400) < 60)
			x = 0;
		if (s->clipped)
			x = fmin(fmax(x, -6000), 6000);
		pcm[1][i] = (int16_t)fmin(fmax(x, -32768), 32767);
		pcm[0][i] = pcm[1][i];
	}
	m->conf.pcm[CW_SIDE_AGENT] = pcm[1];
	m->conf.pcm[CW_SIDE_CALLER] = pcm[0];
	m->conf.n_samples = N_SAMPLES;
}

static void add_extras(struct made *m, const struct scene *s)
{
	if (s->tools && s->visible)
		add_tools(m, s->tools);
	if (s->say_first)
		cw_timeline_add(m->agent, 5900000, CW_SIDE_AGENT, CW_EV_SAY, "{s:i, s:s, s:s}", "utterance", 9, "text",
			s->say_first, "how", "text");
	if (s->reply)
		note_json(m, "chat.reply", s->reply, 3700);
	if (s->line)
		note_json(m, "line.stats", s->line, END_MS);
	if (s->understood)
		cw_timeline_add(m->agent, 3300000, CW_SIDE_AGENT, CW_EV_UNDERSTOOD, "{s:s, s:f}", "intent",
			s->understood, "score", 0.9);
	for (const char *k = s->keys; k && *k; k++)
		cw_timeline_add(m->caller, 5200000, CW_SIDE_AGENT, CW_EV_DTMF, "{s:s%}", "digit", k, (size_t)1);
	if (s->dialled) {
		cw_timeline_add(m->caller, 7000000, CW_SIDE_LINE, CW_EV_LINE_NOTE, "{s:s, s:s}", "what", "twilio.dial",
			"number", s->dialled);
	}
	if (s->level > 0)
		record(m, s);
}

static void agent_ear(struct made *m, const char *text, uint64_t from, uint64_t to)
{
	if (m->agent)
		cw_timeline_add(m->agent, (to + 300) * 1000, CW_SIDE_CALLER, CW_EV_TURN_ENDED, "{s:s, s:I, s:I, s:I}",
			"text", text, "onset_us", (json_int_t)from * 1000, "last_us", (json_int_t)to * 1000, "delay_us",
			(json_int_t)300000);
}

static void play_scene(struct made *m, const struct scene *s)
{
	const char *caller = s->caller ? s->caller : "I need a visit",
		   *said = s->said ? s->said : "At nine thirty, Maria?";
	unsigned from = s->answer_ms ? s->answer_ms : 3600, to = s->stop_ms ? s->stop_ms : 5000;

	made_open(m, s->visible);
	if (!s->unanswered)
		made_answered(m, 100);
	if (!s->silent)
		made_agent(m, "Hello, how can I help?", "Hello, how can I help?", 300, 2000);
	made_say(m, 0, 1, caller, 2500, 3000);
	agent_ear(m, s->agent_heard ? s->agent_heard : caller, 2500, 3000);
	if (!s->silent)
		made_agent(m, said, s->heard ? s->heard : said, from, to);
	if (s->noise)
		made_say(m, 2, 3, s->noise, 4000, 4300);
	made_say(m, 1, 2, "yes", 5500, 5800);
	agent_ear(m, "yes", 5500, 5800);
	if (!s->silent)
		made_agent(
			m, s->last ? s->last : "Booked. Goodbye.", s->last ? s->last : "Booked. Goodbye.", 6900, 8000);
	add_extras(m, s);
	m->script.end = s->unfinished ? CW_SCRIPT_CUT : CW_SCRIPT_COMPLETED;
	m->conf.end_reason = s->end ? s->end : CW_END_REMOTE;
	m->conf.chat = s->chat;
}

static const char json_page[] = "{\"items\": [{\"name\": \"maria\"}]}";

/* Run the assertion as written in a file, with a canned @answer when it is one that somebody else decides. */
static enum cw_check_status run(const char *yaml, size_t play, const struct scene *s,
	const struct cw_view_answer *answer, const char *page, char *told, size_t size)
{
	struct cw_yaml *y = NULL;
	const struct cw_vars none = {0};
	struct cw_assert a;
	struct cw_check c = {0};
	struct cw_why why = {0};
	struct made m;

	play_scene(&m, s);
	if (cw_yaml_parse(m.all, "t", yaml, strlen(yaml), &y, &why) ||
		cw_assert_new(m.all, y, cw_yaml_root(y), play != CW_PLAY_NONE, &none, &a, &why))
		fail_msg("%s: %s", yaml, why.text);

	struct cw_view *v = made_view(&m, s->end_ms ? s->end_ms : END_MS);
	struct cw_view_answer given = answer ? *answer : (struct cw_view_answer){0};
	char *body = talloc_strdup(m.all, page ? page : "");
	struct cw_view_probe probe = {.of = &a, .status = 200, .body = body};

	given.of = &a;
	given.play = play;
	v->answers = &given;
	v->n_answers = answer ? 1 : 0;
	v->probes = &probe;
	v->n_probes = page ? 1 : 0;
	assert_int_equal(cw_check_run(m.all, v, &a, play, &c), 0);
	snprintf(told, size, "expected %s; got %s; %s", c.expected, c.got, c.reason);
	if (c.status == CW_CHECK_FAIL)
		assert_non_null(c.stage); /* every failure has a stage */
	if (c.status == CW_CHECK_ERROR)
		assert_true(c.reason[0]);
	assert_true(c.score >= 0 && c.score <= 1);

	enum cw_check_status ret = c.status;

	made_close(&m);
	return ret;
}

#include "mutations.h"

/* ---- the test ---- */

static unsigned wrong; /* all are told, then the test fails */

static const char *negated(const char *yaml, char *out, size_t size)
{
	const char *type = strstr(yaml, "type: ");

	assert_non_null(type);
	type += type[6] == '"';
	snprintf(out, size, "%.*snot-%s", (int)(type - yaml) + 6, yaml, type + 6);
	return out;
}

static void expect(const struct mutation *m, const char *yaml, const struct scene *s,
	const struct cw_view_answer *answer, const char *page, enum cw_check_status want)
{
	static const enum cw_check_status other[] = {CW_CHECK_FAIL, CW_CHECK_PASS, CW_CHECK_ERROR};
	char told[2000], turned[2000];
	enum cw_check_status got = run(yaml, m->play, s, answer, page, told, sizeof(told));

	if (got != want) {
		print_error("%s: wanted %s, got %s (%s)\n", yaml, cw_check_status_name(want), cw_check_status_name(got),
			told);
		wrong++;
		return;
	}
	if (strlen(yaml) > 1500)
		return;
	got = run(negated(yaml, turned, sizeof(turned)), m->play, s, answer, page, told, sizeof(told));
	if (got == other[want])
		return;
	print_error("%s: wanted %s, got %s (%s)\n", turned, cw_check_status_name(other[want]),
		cw_check_status_name(got), told);
	wrong++;
}

static void each_row_passes_fails_and_errs(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(mutations); i++) {
		const struct mutation *m = &mutations[i];
		const char *error_yaml = m->error_yaml ? m->error_yaml : m->yaml;

		expect(m, m->yaml, &m->pass, NULL, NULL, CW_CHECK_PASS);
		expect(m, m->yaml, &m->fail, NULL, NULL, CW_CHECK_FAIL);
		expect(m, error_yaml, &m->error, NULL, NULL, CW_CHECK_ERROR);
	}
	assert_int_equal(wrong, 0);
}

static void judged_rows_pass_fail_and_err_by_their_answers(void **state)
{
	const struct scene usual = {.said = "We open at nine."};
	const struct cw_view_answer yes = {
		.decided = true, .pass = true, .score = 0.9, .got = "yes", .reason = "r", .quote = "", .by = "canned"};
	const struct cw_view_answer no = {
		.decided = true, .score = 0.1, .got = "no", .reason = "r", .quote = "", .by = "canned"};
	const struct cw_view_answer broke = {
		.got = "", .reason = "the model did not answer", .quote = "", .by = "canned"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(judged); i++) {
		const struct mutation *m = &judged[i];

		expect(m, m->yaml, &usual, &yes, NULL, CW_CHECK_PASS);
		expect(m, m->yaml, &usual, &no, NULL, CW_CHECK_FAIL);
		expect(m, m->yaml, &usual, &broke, NULL, CW_CHECK_ERROR);
		expect(m, m->yaml, &usual, NULL, NULL, CW_CHECK_ERROR); /* nobody was asked */
	}
	assert_int_equal(wrong, 0);
}

static void pages_are_looked_at(void **state)
{
	static const struct mutation m = {"state_equals",
		"{type: state_equals, url: \"http://127.0.0.1/x\", field: items.0.name, value: Maria}", CW_PLAY_NONE,
		{0}, {0}, {0}, NULL};
	const struct scene usual = {0};

	(void)state;
	expect(&m, m.yaml, &usual, NULL, json_page, CW_CHECK_PASS);
	expect(&m, m.yaml, &usual, NULL, "{\"items\": []}", CW_CHECK_FAIL);
	expect(&m, m.yaml, &usual, NULL, "<html>", CW_CHECK_ERROR);
	expect(&m, m.yaml, &usual, NULL, NULL, CW_CHECK_ERROR);
	assert_int_equal(wrong, 0);
}

static void write_state(const char *path, const char *text)
{
	const struct cw_str bytes = {text, strlen(text)};

	assert_int_equal(cw_file_replace(path, bytes, NULL), 0);
}

static void programs_are_looked_at(void **state)
{
	char path[300], field[700], text[700], gone[700];
	const struct scene usual = {0};

	(void)state;
	snprintf(path, sizeof(path), "%s/state", cw_test_tmp());
	snprintf(field, sizeof(field), "{type: state_equals, command: [cat, %s], field: n, value: 2}", path);
	snprintf(text, sizeof(text), "{type: state_equals, command: [cat, %s], value: open}", path);
	snprintf(gone, sizeof(gone), "{type: state_equals, command: [cat, %s.gone], value: open}", path);

	const struct mutation m = {"state_equals", field, CALL, {0}, {0}, {0}, NULL};

	write_state(path, "{\"n\": 2}");
	expect(&m, field, &usual, NULL, NULL, CW_CHECK_PASS);
	write_state(path, "{\"n\": 3}");
	expect(&m, field, &usual, NULL, NULL, CW_CHECK_FAIL);
	write_state(path, "open\n");
	expect(&m, field, &usual, NULL, NULL, CW_CHECK_ERROR); /* no JSON */
	expect(&m, text, &usual, NULL, NULL, CW_CHECK_PASS);
	write_state(path, "closed\n");
	expect(&m, text, &usual, NULL, NULL, CW_CHECK_FAIL);
	expect(&m, gone, &usual, NULL, NULL, CW_CHECK_ERROR);
	expect(&m, "{type: state_equals, command: [/nowhere/program], value: 2}", &usual, NULL, NULL, CW_CHECK_ERROR);
	expect(&m, "{type: state_equals, command: [sleep, \"30\"], timeout_s: 0.2, value: 2}", &usual, NULL, NULL,
		CW_CHECK_ERROR);
	assert_int_equal(wrong, 0);
}

static bool has_case(const char *name)
{
	if (!strcmp(name, "state_equals"))
		return true; /* pages and programs above, databases in test_check.c */
	for (size_t i = 0; i < CW_COUNT(mutations); i++)
		if (!strcmp(mutations[i].name, name))
			return true;
	for (size_t i = 0; i < CW_COUNT(judged); i++)
		if (!strcmp(judged[i].name, name))
			return true;
	return false;
}

static int covered(const char *name, const char *about, const char *const *keys, void *arg)
{
	if (!has_case(name)) {
		print_error("assertion '%s' has no case in mutations.h\n", name);
		++*(int *)arg;
	}
	return 0;
}

static void every_row_has_a_case(void **state)
{
	int lacking = 0;

	(void)state;
	assert_int_equal(cw_check_each(covered, &lacking), 0);
	assert_int_equal(lacking, 0);
}

/* What was heard cannot be decided of a chat: never a pass, nor a fail. */
static int errs_on_chat(const char *name, const char *about, const char *const *keys, void *arg)
{
	static const char *const voice[] = {"response_ms", "barge_in_stop_ms", "agent_keeps_talking",
		"backchannel_ignored", "first_word_ms", "dead_air_ms", "talk_ratio", "overlap_ms", "interruptions",
		"loudness", "clipping", "dropouts", "snr", "mos_e", "loss", "jitter_ms", "wer", "cer", "entity_wer",
		"spoken_contains", "dtmf_sent", "says_before_tool", "hangup_by", "end_reason"};
	char told[2000];

	for (size_t i = 0; i < CW_COUNT(mutations); i++) {
		struct scene chat = mutations[i].pass;

		chat.chat = true;
		chat.visible = false;
		chat.tools = chat.say_first = chat.understood = NULL;
		for (size_t k = 0; k < CW_COUNT(voice); k++)
			if (!strcmp(mutations[i].name, name) && !strcmp(voice[k], name))
				assert_int_equal(run(mutations[i].yaml, mutations[i].play, &chat, NULL, NULL, told,
							 sizeof(told)),
					CW_CHECK_ERROR);
	}
	return 0;
}

static void voices_are_not_judged_on_chats(void **state)
{
	(void)state;
	assert_int_equal(cw_check_each(errs_on_chat, NULL), 0);
}

CW_TEST_MAIN(CW_TEST(each_row_passes_fails_and_errs), CW_TEST(judged_rows_pass_fail_and_err_by_their_answers),
	CW_TEST(pages_are_looked_at), CW_TEST(programs_are_looked_at), CW_TEST(every_row_has_a_case),
	CW_TEST(voices_are_not_judged_on_chats))
