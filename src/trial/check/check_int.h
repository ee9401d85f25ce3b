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
	const char *about; /* one line for docs */
	enum cw_check_place place;
	const char *const *keys; /* besides type and weight; NULL-terminated */
	/* Are the values of @conf right? EINVAL with @why (text only: the place is added). NULL: nothing to check. */
	int (*validate)(const json_t *conf, struct cw_why *why);
	/* Decide: sets status (of the assertion without "not-"), expected, got, reason, decided_by, at_us. ENOMEM. */
	int (*run)(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c);
	const char *param; /* for runs which serve several names */
	unsigned needs;    /* CW_NEEDS_* */
};

#define CW_NEEDS_VOICE 1u /* looks at audio or its times: cannot be decided on a chat target */
#define CW_NEEDS_VARS  2u /* wants cw_assert.vars */
#define CW_NEEDS_SET   4u /* has members */

extern const struct cw_check_kind cw_checks_text[], cw_checks_time[], cw_checks_state[]; /* ended by a NULL name */

int cw_check_say(void *parent, const char **ret, const char *fmt, ...) CW_PRINTF(3, 4); /* ENOMEM */
/* Not decided: status error with the reason. */
int cw_check_error(void *parent, struct cw_check *c, const char *fmt, ...) CW_PRINTF(3, 4);

/* Validators. */
int cw_check_needs_text(const json_t *conf, struct cw_why *why);   /* value: text */
int cw_check_needs_list(const json_t *conf, struct cw_why *why);   /* value: text or list of texts */
int cw_check_needs_limits(const json_t *conf, struct cw_why *why); /* max and/or min: numbers */
