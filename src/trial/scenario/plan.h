/*
 * plan.h: what a run will do: tests x languages x voices x channels x repeats, each with its key and its seed
 *
 * The order is fixed by the files; a key names one execution for ever, so that a run can be resumed. The seed of an execution comes from the
 * run's seed plus its repeat, and from its key without the repeat: repeat 17 of seed 7 is the same call as repeat 1 of seed 23.
 * Thread: immutable once made.
 */
#pragma once
#include "base/json.h"
#include "call/timeline.h"
#include "trial/scenario/scenario.h"

#define CW_PLAN_MAX 1000000 /* executions of one run */

enum cw_record { CW_RECORD_STEREO, CW_RECORD_MONO, CW_RECORD_NONE, CW_RECORD_N };
const char *cw_record_name(enum cw_record r);
int cw_record_of(const char *name, enum cw_record *ret); /* EINVAL */

struct cw_trial_conf {            /* of a whole run; strings are borrowed and must outlive it */
	const char *const *files; /* scenario files and folders of them */
	size_t n_files;
	const char *target; /* NULL: as the files say */
	bool sim;
	uint64_t seed;
	unsigned repeat;                            /* 0: as the files say */
	unsigned jobs;                              /* 0: 4 calls at a time in real time, 1 in simulation */
	const char *filter;                         /* regular expression on ids, or NULL */
	struct cw_list tags;                        /* tests with any of these; none: all */
	unsigned first;                             /* at most so many executions, 0: all */
	struct cw_list voices, languages, channels; /* instead of the files' */
	const char *ear;                            /* caller's recogniser, NULL: as the files say */
	const char *agent_stt, *agent_voice;        /* instead of the agent file's */
	const char *auth_token; /* of an emulated carrier, NULL: the all-zero one; never written anywhere */
	const char *chat_key;   /* bearer token for chat targets, NULL: none; never written anywhere */
	uint64_t timeout_us;    /* of one call, 0: as the files say */
	bool fail_fast;
	enum cw_record record;
	double faults; /* probability of each kind of simulated fault at each await point */
	const struct cw_opt_pair *vars;
	size_t n_vars;
	cw_timeline_fn *watch; /* sees every event of each caller's timeline as it happens (real time), or NULL */
	void *watch_arg;
	const char *judge; /* language model that judges, instead of the files'; NULL: as they say */
	bool no_cache;     /* ask it anew */
	bool journal;      /* of each caller, for exact replay: calls/KEY/journal.bin */
	struct cw_list
		targets; /* more than one: each test is done with each of them, by the same callers; target is then the first */
};

struct cw_plan_item {
	const struct cw_scenario *scenario;
	const struct cw_test *test;
	const char *target;
	const char *target_name; /* "twilio": part of the slice, "" when the run has one target */
	const char *language, *voice, *channel, *ear;
	const char *agent_stt, *agent_voice; /* NULL: as the agent file says */
	unsigned repeat;                     /* from 1 */
	const char *slice;                   /* "en-US.flite_rms.clean" */
	const char *key;                     /* "book-repair.en-US.flite_rms.clean.1": also its folder under calls/ */
	uint64_t seed;
};

struct cw_plan {
	struct cw_scenario **scenarios;
	size_t n_scenarios;
	struct cw_plan_item *items;
	size_t n;
	uint64_t hash; /* of files and configuration: equal hash = same plan */
};

/* Load the files and multiply. EINVAL, ENOENT … with @why. A plan may be empty (n == 0: the filter left nothing). */
int cw_plan_new(void *parent, const struct cw_trial_conf *conf, struct cw_plan **ret, struct cw_why *why);

/* "agent", "twilio", "chat2": what the @i-th of several targets is called in slices and reports. NULL: no memory. */
char *cw_plan_target_name(void *parent, const struct cw_list *targets, size_t i);

/* The command line which does this one execution again, byte for byte. NULL: no memory. */
char *cw_plan_rerun(void *parent, const struct cw_plan_item *item, const struct cw_trial_conf *conf);
