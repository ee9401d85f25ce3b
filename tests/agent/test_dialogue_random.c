/* Callers who say anything at all: after every event the caller has something to hear, or a tool runs, or the call is over; and it ends. */
#include "talk.h"

#include "base/rng.h"

static const char *const pieces[] = {"yes", "no", "my furnace stopped working", "maria lopez", "my name is",
	"john smith", "four one five", "five five five zero one three four", "my number is",
	"four one five five five five zero one three four", "twelve oak street", "i live at", "fourteen elm avenue",
	"the second one", "tomorrow", "tuesday at nine", "none of those", "something else", "change",
	"the phone number", "the address", "the time", "the name", "is wrong", "no i said", "not", "sorry", "wait",
	"actually", "repeat that", "start over", "hold on", "what are your hours", "how much does it cost", "hello",
	"um", "uh", "banana", "the", "and", "a", "in the morning", "next week", "first", "last", "any of them",
	"correct", "that's right", "nine", "eleven", "one", "oak", "street", "i don't know", "maybe", "thermostat",
	"leak", "strange noise", "is", "it", "?", "....", "\xc3\xa9t\xc3\xa9", "{name}", "%s", "1000000000000000000000",
	"february thirtieth", "double five", "five six not five nine", "as soon as possible", "i'm here", "mm hmm"};
static const char *const rare[] = {"i smell gas", "talk to a person", "goodbye", "never mind"};

static bool spoke_or_waits_for_tool(const struct cw_dialogue *d)
{
	const struct cw_moves *m = cw_dialogue_moves(d);

	for (size_t i = 0; i < m->n; i++)
		if ((m->v[i].kind == CW_MOVE_SAY && m->v[i].text[0]) || m->v[i].kind == CW_MOVE_TOOL)
			return true;
	return false;
}

static void sentence(struct cw_rng *rng, char *out, size_t size)
{
	unsigned n = cw_rng_below(rng, 5);

	out[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		const char *piece = cw_rng_chance(rng, 0.01) ? rare[cw_rng_below(rng, CW_COUNT(rare))]
							     : pieces[cw_rng_below(rng, CW_COUNT(pieces))];
		size_t at = strlen(out);

		snprintf(out + at, size - at, "%s%s", at ? " " : "", piece);
	}
}

/* What a helpful caller would say here, so that the later states are reached as well. */
static void helpful(const struct talk *t, char *out, size_t size)
{
	static const char *const answers[][2] = {{"problem", "my furnace stopped working"},
		{"which_problem", "water leak"}, {"name", "maria lopez"},
		{"phone", "four one five five five five zero one three four"}, {"address", "twelve oak street"},
		{"time", "the second one"}, {"confirm", "yes"}, {"change", "change the phone number"}};

	snprintf(out, size, "hello");
	for (size_t i = 0; i < CW_COUNT(answers); i++)
		if (strcmp(cw_dialogue_state(t->d), answers[i][0]) == 0)
			snprintf(out, size, "%s", answers[i][1]);
}

/* One event; returns true when it was one that must be answered. */
static bool random_event(struct talk *t, struct cw_rng *rng, char *text, size_t size)
{
	static const char digits[] = "0123456789*#";
	unsigned what = cw_rng_below(rng, 20);
	int err;

	snprintf(text, size, "(key)");
	if (what == 0) {
		err = cw_dialogue_dtmf(t->d, digits[cw_rng_below(rng, 12)]);
	} else if (what == 1) {
		err = cw_dialogue_dtmf_pause(t->d);
	} else if (what == 2) {
		snprintf(text, size, "(idle)");
		err = cw_dialogue_idle(t->d);
	} else {
		if (cw_rng_chance(rng, t->patience))
			helpful(t, text, size);
		else
			sentence(rng, text, size);
		err = cw_dialogue_turn(t->d, text, cw_rng_unit(rng));
	}
	assert_int_equal(err, 0);
	return what >= 2;
}

static unsigned converse(struct talk *t, struct cw_rng *rng, uint64_t seed)
{
	static const char *const outcomes[] = {NULL, NULL, NULL, "taken", "failed"};
	unsigned events = 0;

	for (; !cw_dialogue_ended(t->d); events++) {
		char text[300];
		bool owed;

		if (events > 2000)
			fail_msg("seed %llu: the call does not end, in state %s", (unsigned long long)seed,
				cw_dialogue_state(t->d));
		t->said[0] = '\0';
		t->booking = outcomes[cw_rng_below(rng, CW_COUNT(outcomes))];
		owed = random_event(t, rng, text, sizeof(text));
		if (owed && !spoke_or_waits_for_tool(t->d))
			fail_msg("seed %llu: silence after '%s' in state %s", (unsigned long long)seed, text,
				cw_dialogue_state(t->d));
		talk_moves(t);
		if (owed && !cw_dialogue_ended(t->d))
			assert_true(cw_dialogue_moves(t->d)->waits);
		if (cw_agent_file_slot(t->f, "said") == CW_AGENT_NOWHERE) /* the echo says back even a brace */
			assert_null(strchr(t->said, 0x7b));
	}
	return events;
}

static void every_call_ends_and_is_never_silent(void **state)
{
	static const char *const files[] = {"agents/hvac.yaml", "agents/echo.yaml"};
	unsigned events = 0, booked = 0, transferred = 0;

	(void)state;
	for (size_t k = 0; k < CW_COUNT(files); k++) {
		struct talk first;

		talk_begin(&first, files[k]);
		for (uint64_t seed = 1; seed <= (k ? 20 : 600); seed++) {
			struct talk t = {.f = first.f, .patience = (double)(seed % 4) * 0.25};
			struct cw_dialogue_conf conf = {
				.file = first.f, .call_id = "CA", .wall_us = INT64_C(1772452800000000)};
			struct cw_rng rng;

			cw_rng_init(&rng, seed);
			assert_int_equal(cw_dialogue_new(first.f, &conf, &t.d), 0);
			assert_int_equal(cw_dialogue_start(t.d), 0);
			events += converse(&t, &rng, seed);
			assert_true(t.transfer[0] || t.hang_up[0]);
			booked += strcmp(t.hang_up, "booked") == 0;
			transferred += t.transfer[0] != '\0';
			talloc_free(t.d);
		}
		talk_end(&first);
	}
	print_message("# %u events, %u booked, %u transferred\n", events, booked, transferred);
	assert_true(events > 4000);
	assert_true(booked > 20);
}

CW_TEST_MAIN(CW_TEST(every_call_ends_and_is_never_silent))
