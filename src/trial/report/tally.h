/*
 * tally.h: results of many executions counted, gated and summed up
 *
 * A pure function of the lines of results.jsonl, read one at a time: what is kept of an execution are its verdict and its measured
 * times. The same whether the lines were just made or read back.
 * Thread: immutable once made.  Owner: the parent given to cw_tally_new().
 */
#pragma once
#include "base/stat_rate.h"
#include "trial/execute/execute.h"
#include "trial/report/results.h"

struct cw_values { /* numbers that grow */
	double *v;
	size_t n;
};

struct cw_quantiles { /* NAN: not estimable from so few */
	size_t n;
	double mean, p50, p90, p95, p99, max;
};

enum cw_gate_status { CW_GATE_PASS, CW_GATE_FAIL, CW_GATE_UNDECIDED };
const char *cw_gate_status_name(enum cw_gate_status s);

struct cw_gate_result {
	const char *file, *gate; /* file "": of the command line */
	double limit, value;     /* value NAN: not estimable */
	enum cw_gate_status status;
	const char *reason;
	bool trust; /* about the run's validity, not about the agent */
};

struct cw_limits { /* of the whole run, from the command line; negative: not set */
	double min_pass_rate, max_invalid_rate;
};

struct cw_cell { /* one test in one slice: what repeats repeat */
	uint64_t hash;
	const char *file, *test, *language, *voice, *channel;
	const char *target; /* its name, "" in a run with one */
	size_t first;       /* index of its first result */
	size_t n, count[CW_VERDICT_N], unsure;
	char *verdicts; /* one letter per execution, in order: P F I E */
	struct cw_values response;
};

/* PASS, FAIL, FLAKY (repeats disagree), INVALID or ERROR: the verdict of a test in a slice. */
const char *cw_cell_verdict(const struct cw_cell *c);
/* "en-US flite:rms clean", and the target's name when there are several. New string, NULL: no memory. */
char *cw_cell_slice(void *parent, const struct cw_cell *c);

struct cw_turn_times { /* answers to one turn of a test, all slices */
	const char *test, *turn;
	struct cw_values v;
};

struct cw_recognition { /* word errors of the agent's ear by voice, pooled over calls: what accents cost */
	const char *voice, *language, *channel, *target;
	size_t n; /* calls */
	double errors, words;
	bool by_test; /* whole tests were drawn for the interval (from 10 on), else calls */
	struct cw_interval wer;
	struct cw_ear_call *calls;
};

struct cw_tally {
	size_t n, count[CW_VERDICT_N];
	size_t unsure, retried;  /* executions: for a human to look at; INVALID at first and tried again */
	size_t flaky, failed;    /* test x slice whose repeats disagree; that never passed and failed */
	size_t broken;           /* executions with broken promises */
	double pass_lo, pass_hi; /* Wilson 95 % of PASS / (PASS + FAIL) */
	double score;            /* mean share of assertions that held; NAN: none */
	struct cw_quantiles response_ms, first_word_ms;
	double call_s;        /* all calls together */
	double cost;          /* of all calls, as far as they tell; NAN: none told */
	size_t ungated_fails; /* FAILs of files without a gate on the pass rate */
	struct cw_gate_result *gates;
	size_t n_gates;
	struct cw_cell *cells;
	size_t n_cells;
	uint32_t *cell_of; /* by index of the result */
	struct cw_turn_times *turns;
	size_t n_turns;
	struct cw_recognition *ears;
	size_t n_ears;
};

/* ENOMEM, EIO (a line vanished). @plan may be NULL: then there are no gates of files; @limits may be NULL. */
int cw_tally_new(void *parent, const struct cw_results *results, const struct cw_plan *plan,
	const struct cw_limits *limits, struct cw_tally **ret);

/* Is result @i of a test and slice whose repeats disagree? */
bool cw_tally_is_flaky(const struct cw_tally *t, size_t i);

/* Sorts @x. */
struct cw_quantiles cw_quantiles_of(struct cw_values *x);
int cw_values_add(void *parent, struct cw_values *x, double v); /* ENOMEM */
/* {"n", "mean", "p50" …}: null where it cannot be estimated. New reference. */
json_t *cw_quantiles_json(const struct cw_quantiles *q);
/* A number, or null for NAN. New reference. */
json_t *cw_number_json(double v);
