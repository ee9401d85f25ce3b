/*
 * check.h: assertions: one table from name to function, read from scenario files, run against a finished call
 *
 * A check either holds, fails, or could not be decided (an error: never a silent pass). `not-` before a name turns "holds" and
 * "fails" around and leaves errors errors. What was heard cannot be decided for a chat target: an error, too.
 * Thread: checks are pure functions of the view (and of the run's database for probes): they run off the lane.
 */
#pragma once
#include <stdbool.h>

#include "base/yaml.h"
#include "trial/view/view.h"

struct cw_check_kind;

/* Values for {{name}} in scenario files: from the command line first, then the variables of the case (matrix, CSV, `vars`), then the facts
 * of the caller. vars.c says what may stand between the braces. */
struct cw_vars {
	const struct cw_opt_pair *pairs;
	size_t n;
	json_t *facts; /* object or NULL, borrowed */
	json_t *vars;  /* object or NULL, borrowed */
	bool done;     /* everything has been replaced before (by scenario/): braces that are left are meant */
};
struct cw_opt_pair {
	const char *name, *value;
};

enum cw_severity { CW_SEVERITY_CRITICAL, CW_SEVERITY_MAJOR, CW_SEVERITY_MINOR };
const char *cw_severity_name(enum cw_severity s); /* "critical" */

struct cw_assert {
	const struct cw_check_kind *kind;
	const char *name; /* as written: "not-contains" */
	bool negate;
	double weight; /* share in the score; 0: reported, never fails the call */
	json_t *conf;  /* the object, variables replaced; owned through cw_assert_new() */
	const char *
		only; /* kind of target it is for (cw_target_kinds()), NULL: any; elsewhere it is skipped, and said so */
	const char *file;
	unsigned line;
	const char *metric; /* name under which its score is summed up in reports, or NULL; cw_assert_new() reads it */
	/* Only of `assert-set` (its kind's row is D's, in a table as any other: it runs these): its assertions, each with its own weight, and the
	 * share of their weighted score that is enough (NAN: all of them must pass). cw_assert_new() reads them through cw_assert_set_read(). */
	struct cw_assert *set;
	size_t n_set;
	double set_threshold;
	enum cw_severity severity; /* of its failure; major unless the file says otherwise */
	json_t *vars;              /* facts and --var, for kinds which pass them on; or NULL */
};

/* Kinds of targets, for `target: {line: …}` and `only:`, NULL-terminated: "agent", "twilio", "chat", "houndify". The one list. */
const char *const *cw_target_kinds(void);
bool cw_target_kind_known(const char *name);

enum cw_check_status { CW_CHECK_PASS, CW_CHECK_FAIL, CW_CHECK_ERROR };
const char *cw_check_status_name(enum cw_check_status s); /* "pass" */

#define CW_PLAY_NONE SIZE_MAX

struct cw_check { /* what came out; strings hang from the array's parent */
	const struct cw_assert *of;
	enum cw_check_status status;
	size_t play; /* which of the caller's actions it looked at, CW_PLAY_NONE = the whole call */
	const char *expected, *got, *reason;
	const char *
		decided_by; /* "caller_ear", "agent_text", "chat_text", "samples", "frames", "agent_timeline", "chat_reply", "sql",
			       "http", "command", "node", "line", "members"; of a judge: which one */
	int64_t at_us; /* place in the recording, -1 = none */
	double score; /* 0 … 1: of kinds which measure a likeness; others 1 or 0. Of "not-": 1 minus it. 0 on errors */
	const char *
		stage; /* of a failure: "harness", "line", "ears", "brain", "mouth", "agent" (one of its three, not visible which); or NULL */
	struct cw_check *members; /* of an assert-set: one per member, in order */
	size_t n_members;
};

/* Read one assertion of @conf (a mapping of @y). @per_turn: it stands under `expect` of a turn. EINVAL with place: unknown type or key,
 * missing or wrong values, types of later versions ("not available in this version"). */
int cw_assert_new(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *ret, struct cw_why *why);
/* May an assertion of this type ("not-…" too) stand under `expect` of a turn? Unknown ones: yes. */
bool cw_check_goes_with_turn(const char *type);
/* The part of cw_assert_new() that reads the members of an assert-set, {type: assert-set, threshold: 0.5, assert: [...]}, into @ret (kind
 * and name are set already): set, n_set, set_threshold. Sets in sets are refused. EINVAL with place. */
int cw_assert_set_read(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *ret, struct cw_why *why);
/* One made by the program (short form, implicit checks): @conf is taken. */
int cw_assert_make(void *parent, const char *type, json_t *conf, struct cw_assert *ret);

/* @fn for @a and, of an assert-set, for all below it; stops at the first error. */
int cw_assert_each(const struct cw_assert *a, int (*fn)(const struct cw_assert *a, void *arg), void *arg);

/* Decide @a for the action @play of the view (CW_PLAY_NONE: the whole call). Only ENOMEM is returned: everything else is the
 * check's own status. */
int cw_check_run(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *ret);

/* What came out as an object {type, status, expected, got, reason, decided_by, weight, score, severity, stage, metric, members}; the last three
 * where there are any. New reference, NULL: no memory. */
json_t *cw_check_json(const struct cw_check *c);

/* Every kind with its one line and its keys (besides type and weight), for docs and schemas; stops at the first error. */
int cw_check_each(int (*fn)(const char *name, const char *about, const char *const *keys, void *arg), void *arg);

/* Replace {{name}} in every string of @in: *@ret is a new reference. EINVAL at the place of an unknown name. @vars NULL
 * or done: nothing is replaced. A text that is nothing but one {{…}} whose value is a list, a mapping or a number made by a filter gives that
 * value. */
int cw_vars_apply(const struct cw_yaml *y, const struct cw_vars *vars, json_t *in, json_t **ret, struct cw_why *why);
/* The same for one string node: new string under @parent. */
int cw_vars_text(void *parent, const struct cw_yaml *y, const struct cw_vars *vars, const json_t *in, char **ret,
	struct cw_why *why);
