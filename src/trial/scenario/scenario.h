/*
 * scenario.h: scenario files, read and checked
 *
 * Two forms, one parser: the short one (`scenarios:` a list of input and expected) and the full one (`tests:` with turns,
 * answers and assertions); docs/scenarios.md describes both. Everything is checked when the file is read: unknown keys, patterns,
 * names of voices' engines and channels, assertions. A test without an assertion is an error.
 * Thread: immutable once loaded.  Owner: the parent given to cw_scenario_load().
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caller/script.h"
#include "trial/check/check.h"

#define CW_SCENARIO_TESTS_MAX 10000
#define CW_SCENARIO_STEPS_MAX 200
#define CW_SCENARIO_LIST_MAX  200 /* any other list */
#define CW_SLICE_MAX          32  /* values of one dimension of the matrix */

struct cw_expect { /* assertions on what follows one step */
	struct cw_assert *asserts;
	size_t n;
};

struct cw_list {
	const char **items;
	size_t n;
};

struct cw_dimensions { /* each list has at least one value, unless the command line decides */
	struct cw_list languages, voices, channels;
};

struct cw_judge_spec { /* `judge:` of a file: who decides llm-rubric and its kin; a member that is not given is NULL, negative or 0 */
	bool given;
	const char *model;
	const char *base_url;     /* of an OpenAI-style server */
	const char *calibration;  /* JSONL with labels, as seen from the file that names it */
	double min_kappa;         /* lower bound of kappa below which the judge is not believed */
	unsigned confirm_on_fail; /* votes a failing verdict needs, 0: the judge's default */
};

struct cw_test {
	const char *id;
	const char *description; /* or "" */
	const char *file;
	unsigned line;
	struct cw_list tags;
	struct cw_script script;         /* its arrays belong to the test */
	struct cw_expect *step_expect;   /* one per step */
	struct cw_expect *answer_expect; /* one per answer */
	struct cw_expect asserts;        /* on the whole call */
	struct cw_dimensions matrix;
	struct cw_list hints; /* what the agent may say, for the caller's ear */
	const char *target;   /* "agent:FILE" or "twilio:URL"; NULL: from the command line */
	const char *ear;      /* recogniser of the caller; NULL: the default */
	double speed;         /* of the caller's voice */
	unsigned repeat;
	uint64_t timeout_us;
	bool fresh;       /* short form: begins a conversation of its own */
	double threshold; /* share of the weighted score that is enough to pass, NAN: every assertion must pass */
	const char *
		variant; /* "plan_gold.n_2": values of the matrix's own variables, part of the slice; "" when there are none */
	struct cw_opt_pair *chosen; /* the same as name and value: --var NAME=VALUE picks it again */
	size_t n_chosen;
};

struct cw_gates { /* negative: not set */
	double pass_rate_lower_bound;
	double p95_response_ms;
	double invalid_rate;
};

struct cw_scenario {
	const char *file;
	const char *name, *description;
	uint64_t hash; /* of the file's bytes */
	struct cw_gates gates;
	struct cw_judge_spec judge;
	struct cw_test **tests;
	size_t n_tests;
	struct cw_list
		notes; /* what an importer could not carry over, each with file:line:column: to be printed as warnings */
};

struct cw_scenario_conf {
	const struct cw_opt_pair *vars; /* --var */
	size_t n_vars;
	/* Reads files named by !include, file:// and $ref instead of the file system (tests, fuzzing): ENOENT when there is none. May be NULL. */
	int (*read)(const char *path, size_t max, struct cw_buf *b, void *arg);
	void *read_arg;
};

/* ENOENT, EBADMSG (not YAML), EINVAL (with file:line:column). */
int cw_scenario_load(void *parent, const char *path, const struct cw_scenario_conf *conf, struct cw_scenario **ret,
	struct cw_why *why);
int cw_scenario_parse(void *parent, const char *name, const char *text, size_t len, const struct cw_scenario_conf *conf,
	struct cw_scenario **ret, struct cw_why *why);
