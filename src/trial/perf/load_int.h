/*
 * load_int.h: what the files of a load share: its lanes, its callers, its figures
 */
#pragma once
#include "base/hist.h"
#include "trial/execute/execute.h"
#include "trial/perf/knee.h"
#include "trial/perf/load.h"
#include "trial/perf/soak.h"
#include "trial/perf/tap.h"
#include "trial/run/rundir.h"
#include "world/os.h"

#define CW_LOAD_LATE_US 20000 /* a caller that dialled or spoke later than this was late */
#define CW_LOAD_STALL_US \
	60000 /* a thread that stood still for longer makes all its callers late: more than jitter buffers hide */
#define CW_LOAD_REASONS_MAX 24      /* kinds of failure told apart */
#define CW_LOAD_KEPT_MAX    100     /* folders of failed calls */
#define CW_LOAD_SAMPLES_MAX 1000000 /* calls of one lane which enter the knee curve */

enum cw_load_latency {
	CW_LOAD_ANSWER,     /* intended dial to answer */
	CW_LOAD_FIRST_WORD, /* intended dial to first audible agent speech */
	CW_LOAD_RESPONSE,   /* caller's last voiced frame to the agent's onset */
	CW_LOAD_INTENDED,   /* the same from where that frame was meant to be */
	CW_LOAD_LAG,        /* of this thread: timers come so late */
	CW_LOAD_LATENCIES
};
extern const char *const cw_load_latency_name[CW_LOAD_LATENCIES];

struct cw_load_counts {
	uint64_t intended, dialled, finished;
	uint64_t verdict[CW_VERDICT_N];
	uint64_t unreachable;
	uint64_t waited;   /* for a free place under --concurrency */
	uint64_t given_up; /* never dialled: the load was over first */
	uint64_t late;     /* dialled or spoke more than CW_LOAD_LATE_US after they were meant to */
	uint64_t silent;   /* utterances that got no answer which could be measured */
	uint64_t early;    /* answers that began before the caller's last voiced frame: counted as 0 ms */
	uint32_t live, peak;
};
void cw_load_counts_add(struct cw_load_counts *into, const struct cw_load_counts *from);

struct cw_load_reason {
	enum cw_verdict verdict;
	char *text, *key; /* key of the first such call */
	uint64_t n;
};

struct caller;

struct cw_load_lane {
	const struct cw_load_conf *conf;
	const struct cw_plan *plan;
	const char *run_dir, *db_template;
	const int16_t *babble;
	size_t n_babble;
	unsigned index;
	void (*over)(struct cw_load_lane *l); /* on the lane: the last call is over */
	void *arg;

	/* the lane's own */
	struct cw_world *world;
	struct cw_lane *thread; /* NULL: runs on the main one */
	void *live_parent;      /* executions; freed before the world, callers after it */
	struct caller *callers;
	struct cw_arrivals *arrivals; /* NULL: so many are kept in the line */
	struct cw_timer next, probe, drain, snapshot;
	uint64_t start_us, probe_due_us, lag_us, stalls;
	uint64_t *waiting; /* intended times of those who wait for a place, a ring */
	size_t n_waiting, first_waiting, room;
	uint64_t seq;
	double live_integral; /* calls x µs */
	uint64_t live_since_us;
	bool stopping, ended;

	struct cw_load_counts counts;
	struct cw_hist *hist[CW_LOAD_LATENCIES];
	struct cw_load_sample *samples;
	size_t n_samples, samples_room;
	struct cw_load_reason reasons[CW_LOAD_REASONS_MAX];
	size_t n_reasons;
	struct cw_buf lines; /* of results.jsonl: calls that did not pass */
};

/* load_lane.c; all on the lane's thread */
int cw_load_lane_begin(struct cw_load_lane *l, struct cw_world *w);
void cw_load_lane_stop(struct cw_load_lane *l);  /* nobody else dials; calls go on */
void cw_load_lane_drop(struct cw_load_lane *l);  /* and those that go on are cut */
void cw_load_lane_close(struct cw_load_lane *l); /* before its world is freed */
void cw_load_lane_scale(struct cw_load_lane *l, double factor);

/* load_figures.c: one finished call */
struct cw_load_call {
	uint64_t intended_us, dialled_us;
	double concurrency;
	bool stalled; /* the thread was late while it lasted */
	const struct cw_tap *tap;
	const struct cw_exec_result *result;
	const char *key;
};
void cw_load_count(struct cw_load_lane *l, const struct cw_load_call *c);

/* load_report.c */
struct cw_load_result {
	const struct cw_load_conf *conf;
	const struct cw_plan *plan;
	struct cw_load_counts counts;
	struct cw_hist *hist[CW_LOAD_LATENCIES];
	struct cw_load_reason reasons[CW_LOAD_REASONS_MAX];
	size_t n_reasons;
	struct cw_knee knee;
	double seconds, mean_live;
	double cpu_s; /* processor time of this process */
	struct cw_trend own, target, answers;
	bool interrupted;
	bool leak, drift;
	const char *run_dir;
	enum cw_load_end end;
	const char *verdict; /* one sentence */
};
void cw_load_print(const struct cw_load_result *r);
json_t *cw_load_json(const struct cw_load_result *r);
int cw_load_write(const struct cw_load_result *r, struct cw_why *why); /* all files */
int cw_load_output_check(const char *path, struct cw_why *why);
