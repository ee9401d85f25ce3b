/* Where a fact got lost: each stage made to lose it, one after the other, with real engines (modem: words as tones). */
#include "trial/view/attribution.h"
#include "viewing.h"

#define N_SAMPLES (8000 * 12)
#define NUMBER    "my number is 415 555 0134"

static int16_t pcm[2][N_SAMPLES];

/* A call in which the caller says its number from 2.5 s on and the agent has heard @ears of it (NULL: it cannot be looked into). */
static void call(struct made *m, struct cw_hear **hear, const char *ear, const char *ears, bool garble)
{
	const struct cw_hear_conf conf = {.ear = ear, .voice = "modem", .language = "en-US"};
	const struct cw_hear_conf clean = {.ear = "modem", .voice = "modem", .language = "en-US"};
	struct cw_hear *voice = NULL;
	int16_t *said = NULL;
	size_t n = 0;

	made_open(m, ears != NULL);
	made_answered(m, 100);
	made_agent(m, "What is your number?", "What is your number?", 300, 2000);
	assert_int_equal(cw_hear_new(m->all, &clean, &voice), 0);
	assert_int_equal(cw_hear_voice(voice, m->all, NUMBER, &said, &n), 0);
	assert_true(n > 8000 && n < 8000 * 6);
	memset(pcm, 0, sizeof(pcm));
	for (size_t i = 0; i < n; i++)
		pcm[0][20000 + i] = garble && (i / 400) % 2 ? 0 : said[i];
	made_say(m, 0, 1, NUMBER, 2500, 2500 + n / 8);
	if (ears)
		cw_timeline_add(m->agent, (2800 + n / 8) * 1000, CW_SIDE_CALLER, CW_EV_TURN_ENDED, "{s:s, s:I, s:I}",
			"text", ears, "onset_us", (json_int_t)2500000, "last_us", (json_int_t)(2500 + n / 8) * 1000);
	m->conf.pcm[0] = pcm[0];
	m->conf.pcm[1] = pcm[1];
	m->conf.n_samples = N_SAMPLES;
	assert_int_equal(cw_hear_new(m->all, &conf, hear), 0);
}

static enum cw_stage scanned(struct made *m, struct cw_hear *hear, size_t wanted)
{
	struct cw_attribution *a = NULL;

	assert_int_equal(cw_attribution_new(m->all, made_view(m, 11000), hear, &a), 0);
	assert_int_equal(cw_attribution_scan(a), 0);
	if (cw_attribution_count(a) != wanted)
		fail_msg("%zu charges instead of %zu", cw_attribution_count(a), wanted);
	if (!wanted)
		return CW_STAGE_UNKNOWN;

	json_t *j = cw_attribution_json(a);

	assert_int_equal(json_array_size(json_object_get(j, "charges")), wanted);
	assert_int_equal(
		cw_json_int(json_object_get(j, "counts"), cw_stage_name(cw_attribution_at(a, 0)->stage), 0), 1);
	json_decref(j);
	return cw_attribution_at(a, 0)->stage;
}

static void what_came_through_is_not_charged(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", "my number is four one five five five five oh one three four", false);
	(void)scanned(&m, hear, 0);
	made_close(&m);
}

static void ears_are_charged_for_what_can_be_heard(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", "my number is 415 555 0139", false);
	assert_int_equal(scanned(&m, hear, 1), CW_STAGE_EARS);
	made_close(&m);
}

static void the_line_is_charged_for_what_is_gone_behind_it(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", "my number is", true);
	assert_int_equal(scanned(&m, hear, 1), CW_STAGE_LINE);
	made_close(&m);
}

static void the_harness_is_charged_for_a_deaf_ear_of_ours(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem:wer=1", "my number is", false);
	assert_int_equal(scanned(&m, hear, 1), CW_STAGE_HARNESS);
	made_close(&m);
}

static void the_brain_is_charged_for_another_value(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", NUMBER, false);
	cw_timeline_add(m.agent, 8000000, CW_SIDE_AGENT, CW_EV_TOOL_CALLED, "{s:s, s:{s:s}}", "name", "book", "args",
		"phone", "+14155550139");
	assert_int_equal(scanned(&m, hear, 1), CW_STAGE_BRAIN);
	made_close(&m);
}

static void the_mouth_is_charged_for_what_its_text_holds(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", NUMBER, false);
	made_agent(&m, "Tuesday at nine thirty am.", "something at something.", 9000, 10500);

	struct cw_attribution *a = NULL;

	assert_int_equal(cw_attribution_new(m.all, made_view(&m, 11000), hear, &a), 0);
	assert_int_equal(cw_attribution_scan(a), 0);
	assert_true(cw_attribution_count(a) >= 1);
	for (size_t i = 0; i < cw_attribution_count(a); i++) {
		assert_int_equal(cw_attribution_at(a, i)->stage, CW_STAGE_MOUTH);
		assert_string_equal(cw_attribution_at(a, i)->side, "agent");
	}
	made_close(&m);
}

static void words_wanted_are_followed(void **state)
{
	const struct cw_charge *c = NULL;
	struct cw_attribution *a = NULL;
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", NULL, false); /* an agent nobody can look into */
	assert_int_equal(cw_attribution_new(m.all, made_view(&m, 11000), hear, &a), 0);
	assert_int_equal(cw_attribution_scan(a), 0);
	assert_int_equal(cw_attribution_count(a), 0);
	assert_int_equal(cw_attribution_words(a, "+14155550134", &c), 0);
	assert_int_equal(c->stage, CW_STAGE_AGENT);
	assert_string_equal(c->side, "caller");
	assert_string_equal(c->kind, "phone");
	assert_int_equal(cw_attribution_words(a, "pineapple", &c), 0);
	assert_int_equal(c->stage, CW_STAGE_AGENT);
	assert_string_equal(c->side, "agent");
	assert_int_equal(cw_attribution_words(a, "Pineapple", &c), 0);
	assert_int_equal(cw_attribution_count(a), 2); /* charged once */
	made_close(&m);

	call(&m, &hear, "modem", NULL, true);
	assert_int_equal(cw_attribution_new(m.all, made_view(&m, 11000), hear, &a), 0);
	assert_int_equal(cw_attribution_words(a, "415 555 0134", &c), 0);
	assert_int_equal(c->stage, CW_STAGE_LINE);
	made_close(&m);
}

static void without_a_second_opinion_nobody_is_blamed(void **state)
{
	struct cw_hear *hear;
	struct made m;

	(void)state;
	call(&m, &hear, "modem", "my number is", false);
	assert_int_equal(scanned(&m, NULL, 1), CW_STAGE_UNKNOWN);
	made_close(&m);
	call(&m, &hear, "nonsense", "my number is", false);
	assert_int_equal(scanned(&m, hear, 1), CW_STAGE_UNKNOWN);
	made_close(&m);
}

CW_TEST_MAIN(CW_TEST(what_came_through_is_not_charged), CW_TEST(ears_are_charged_for_what_can_be_heard),
	CW_TEST(the_line_is_charged_for_what_is_gone_behind_it), CW_TEST(the_harness_is_charged_for_a_deaf_ear_of_ours),
	CW_TEST(the_brain_is_charged_for_another_value), CW_TEST(the_mouth_is_charged_for_what_its_text_holds),
	CW_TEST(words_wanted_are_followed), CW_TEST(without_a_second_opinion_nobody_is_blamed))
