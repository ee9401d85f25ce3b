/*
 * check_int.h: one row of the table of assertions, and the helpers of the files which hold them; check*.c only
 */
#pragma once
#include "trial/check/check.h"
#include "trial/view/measure.h"
#include "trial/view/view_int.h"

enum cw_check_place { CW_CHECK_ANYWHERE, CW_CHECK_TURN_ONLY, CW_CHECK_CALL_ONLY };

struct cw_check_kind {
	const char *name;
	const char *about; /* one line for docs; NULL: made by the program only, not for files */
	enum cw_check_place place;
	const char *const *keys; /* besides type, weight, only, metric and severity; NULL-terminated */
	/* Are the values of @conf right? EINVAL with @why (text only: the place is added). NULL: nothing to check. */
	int (*validate)(const json_t *conf, struct cw_why *why);
	/* Decide: sets status (of the assertion without "not-"), expected, got, reason, decided_by, at_us; score where it is more than
	 * yes or no. ENOMEM. */
	int (*run)(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c);
	const char *param; /* for runs which serve several names */
	unsigned needs;    /* CW_NEEDS_* */
	const char *
		stage; /* whom a failure is charged to as a rule; NULL: the agent's brain, or "agent" where it cannot be looked into */
};

#define CW_NEEDS_VOICE  1u  /* looks at audio or its times: cannot be decided on a chat target */
#define CW_NEEDS_VARS   2u  /* wants cw_assert.vars */
#define CW_NEEDS_SET    4u  /* has members */
#define CW_NEEDS_FILE   8u  /* a value "file://NAME" stands for the JSON in that file */
#define CW_NEEDS_CODE   16u /* a value "file://NAME" names a file of code, from the folder of the scenario */
#define CW_NEEDS_ANSWER 32u /* somebody outside is asked before (check_judge.h) */

/* Ended by a NULL name. */
extern const struct cw_check_kind cw_checks_text[], cw_checks_score[], cw_checks_json[], cw_checks_markup[],
	cw_checks_code[], cw_checks_speech[], cw_checks_time[], cw_checks_audio[], cw_checks_words[], cw_checks_tools[],
	cw_checks_state[], cw_checks_end[], cw_checks_set[], cw_checks_trajectory[], cw_checks_judge[];

int cw_check_say(void *parent, const char **ret, const char *fmt, ...) CW_PRINTF(3, 4); /* ENOMEM */
/* Not decided: status error with the reason. */
int cw_check_error(void *parent, struct cw_check *c, const char *fmt, ...) CW_PRINTF(3, 4);
/* A JSON value, cut to what a person reads. NULL: "(nothing)". */
int cw_check_show(void *parent, const json_t *j, const char **ret);

/* check_source.c: the agent's words that answer @play, the better source first. */
struct cw_check_words {
	char *text[2];
	const char *by[2]; /* "caller_ear", "agent_text", "chat_text" */
	size_t n;          /* 0: `by: text` where the agent's own words are not visible */
};
int cw_check_words(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, bool ear_first,
	struct cw_check_words *ret);
/* The one text a check looks at and who gave it; settles @c as an error and *@ret NULL where there is none. */
int cw_check_one_text(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c,
	const char **ret);
/* "\"…\"" of the agent's words, cut. */
int cw_check_got_words(void *parent, const char *text, struct cw_check *c);
/* Is the text compared letter by letter: `exact`, else `words` says no, else on chat targets yes. */
bool cw_check_literal(const struct cw_view *v, const struct cw_assert *a);

/* Settle by a score: passes from @threshold on. */
int cw_check_by_score(void *parent, struct cw_check *c, const char *what, double score, double threshold);
/* Settle by a measure against `max` and `min`; @unit "" or " ms". */
int cw_check_by_value(void *parent, const struct cw_assert *a, struct cw_value x, const char *unit, struct cw_check *c);
bool cw_check_within(const struct cw_assert *a, double v); /* `max` and `min` */

/* check_json.c, check_tools.c: equal but for case of texts, 1 = true; every member of @want in @have. */
bool cw_check_json_same(const json_t *want, const json_t *have);
bool cw_check_json_subset(const json_t *want, const json_t *have);

/* check_tools.c: tool calls cannot be seen; who tells them; the names of all that were called. */
int cw_check_no_tools(void *parent, struct cw_check *c);
const char *cw_check_tools_by(const struct cw_view *v);
int cw_check_tools_got(void *parent, const struct cw_view *v, struct cw_check *c);

/* Validators. */
int cw_check_needs_text(const json_t *conf, struct cw_why *why);   /* value: text */
int cw_check_needs_list(const json_t *conf, struct cw_why *why);   /* value: text or list of texts */
int cw_check_needs_limits(const json_t *conf, struct cw_why *why); /* max and/or min: numbers */
/* threshold: above @min (or equal) and at most @max; @must: it has to be there. */
int cw_check_threshold(const json_t *conf, double min, double max, bool must, struct cw_why *why);
int cw_check_one_of(const json_t *conf, const char *key, const char *const *names, struct cw_why *why); /* or absent */
int cw_check_valid_by(const json_t *conf, struct cw_why *why);                                          /* `by` */
