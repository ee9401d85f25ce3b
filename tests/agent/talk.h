/*
 * talk.h: a conversation with a dialogue in tests: lines in, what the agent says out, tools answered from a small calendar
 */
#pragma once
#include "agent_files.h"

#include "agent/dialogue.h"

struct talk {
	struct cw_agent_file *f;
	struct cw_dialogue *d;
	char said[4000];      /* all that was said since the last line */
	const char *booking;  /* outcome of the next booking; NULL: "done" */
	const char *calendar; /* outcome of find_slots; NULL: "done" */
	char key[1000];       /* of the last booking */
	char transfer[32];
	char hang_up[64];
	unsigned bookings, searches;
	double patience; /* for random callers: how often they give a fitting answer */
};

static const char *const talk_slots[] = {"2026-03-02T13:00", "2026-03-02T15:00", "2026-03-03T09:00", "2026-03-03T11:00",
	"2026-03-03T13:00", "2026-03-04T09:00", "2026-03-05T09:00", "2026-03-09T11:00"};

static inline void talk_moves(struct talk *t)
{
	const struct cw_moves *m = cw_dialogue_moves(t->d);
	enum cw_tool tool = CW_TOOL_NONE;

	for (size_t i = 0; i < m->n; i++) {
		const struct cw_move *v = &m->v[i];
		size_t at = strlen(t->said);

		if (v->kind == CW_MOVE_SAY)
			snprintf(t->said + at, sizeof(t->said) - at, "%s%s", at ? " " : "", v->text);
		else if (v->kind == CW_MOVE_TRANSFER)
			snprintf(t->transfer, sizeof(t->transfer), "%s", v->to);
		else if (v->kind == CW_MOVE_HANG_UP)
			snprintf(t->hang_up, sizeof(t->hang_up), "%s", v->why);
		else if (v->kind == CW_MOVE_TOOL)
			tool = v->tool;
		if (v->kind == CW_MOVE_TOOL && tool == CW_TOOL_CREATE_BOOKING)
			snprintf(t->key, sizeof(t->key), "%s", v->key);
	}
	if (tool == CW_TOOL_NONE)
		return;

	bool booking = tool == CW_TOOL_CREATE_BOOKING;
	const char *outcome = booking ? t->booking : t->calendar;
	struct cw_tool_answer a = {.outcome = outcome ? outcome : "done",
		.confirmation = "CW-1042",
		.slots = talk_slots,
		.n_slots = CW_COUNT(talk_slots)};

	t->bookings += booking;
	t->searches += !booking;
	if (!booking && t->calendar && strcmp(t->calendar, "none") == 0)
		a.n_slots = 0;
	if (booking)
		t->booking = NULL;
	assert_int_equal(cw_dialogue_tool(t->d, &a), 0);
	talk_moves(t);
}

/* Monday, 2 March 2026, 12:00 in the time zone of the file. */
static inline void talk_begin(struct talk *t, const char *name)
{
	struct cw_why why = {0};

	*t = (struct talk){0};
	assert_int_equal(cw_agent_file_load(NULL, shipped(name), &t->f, &why), 0);

	struct cw_dialogue_conf conf = {.file = t->f,
		.call_id = "CA1",
		.wall_us = INT64_C(1772452800) * 1000000 - (int64_t)t->f->utc_offset_min * 60000000};

	assert_int_equal(cw_dialogue_new(t->f, &conf, &t->d), 0);
	assert_int_equal(cw_dialogue_start(t->d), 0);
	talk_moves(t);
}

static inline void talk_end(struct talk *t)
{
	talloc_free(t->f);
}

static inline const char *say(struct talk *t, const char *text)
{
	t->said[0] = '\0';
	assert_int_equal(cw_dialogue_turn(t->d, text, -1), 0);
	talk_moves(t);
	return t->said;
}

static inline void keys(struct talk *t, const char *digits)
{
	t->said[0] = '\0';
	for (; *digits; digits++) {
		assert_int_equal(cw_dialogue_dtmf(t->d, *digits), 0);
		talk_moves(t);
	}
}

/* The agent's words, the state and a slot, each with what stands there when they differ. */
static inline void assert_said(const struct talk *t, const char *part)
{
	if (!strstr(t->said, part))
		fail_msg("'%s' is not in '%s'", part, t->said);
}

static inline void assert_slot(const struct talk *t, const char *slot, const char *value)
{
	const char *is = cw_dialogue_slot(t->d, slot);

	is = is ? is : "(empty)";
	value = value ? value : "(empty)";
	if (strcmp(is, value) != 0)
		fail_msg("slot %s is '%s', not '%s'", slot, is, value);
}
