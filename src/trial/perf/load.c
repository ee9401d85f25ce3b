#include "trial/perf/load.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/stat.h"
#include "trial/execute/target.h"
#include "trial/perf/keys.h"
#include "trial/perf/load_int.h"
#include "trial/perf/setup.h"
#include "world/lane.h"
#include "world/world.h"

#define TICK_US         1000000
#define PLAIN_TICKS     10 /* piped: a line every so many */
#define SOAK_SAMPLES    100000
#define LEAK_BYTES      (4.0 * 1048576) /* growth over the load which is worth a word */
#define DRIFT_SHARE     0.1             /* answers slower by so much */
#define UNTRUSTED_SHARE 0.05

struct load {
	const struct cw_load_conf *conf;
	struct cw_why *why;
	struct cw_plan *plan;
	struct cw_world *world; /* of the main thread: progress, keys, signals; and the only lane's */
	struct cw_perf_setup *setup;
	struct cw_load_lane **lanes; /* without parent: each tree belongs to its thread */
	unsigned over, began;
	struct cw_timer tick;
	uint64_t start_us, ticks;
	struct cw_keys *keys;
	double factor;
	bool live, interrupted, quit;
	struct cw_load_counts shown; /* of other threads, as they last told */
	struct cw_load_counts *told; /* by lane */
	double *rss_at, *rss_own, *rss_target;
	size_t n_rss, n_target;
};

/* ---- orders to lanes ---- */

enum order_kind { ORDER_STOP, ORDER_DROP, ORDER_SCALE };

struct order {
	struct cw_load_lane *lane;
	enum order_kind kind;
	double factor;
};

static void obey(void *arg)
{
	struct order *o = arg;

	if (o->kind == ORDER_SCALE)
		cw_load_lane_scale(o->lane, o->factor);
	else if (o->kind == ORDER_STOP)
		cw_load_lane_stop(o->lane);
	else
		cw_load_lane_drop(o->lane);
	(void)talloc_free(o);
}

static void order_all(struct load *l, enum order_kind kind, double factor)
{
	for (unsigned i = 0; i < l->began; i++) {
		struct order *o = talloc(NULL, struct order);

		if (!o)
			return; /* the order is lost; the next key or signal gives it again */
		*o = (struct order){l->lanes[i], kind, factor};
		if (cw_post(l->lanes[i]->world, obey, o))
			(void)talloc_free(o);
	}
}

/* ---- what lanes tell ---- */

struct telling {
	struct load *load;
	unsigned lane;
	bool over;
	struct cw_load_counts counts;
};

static void hear(void *arg)
{
	struct telling *t = arg;
	struct load *l = t->load;

	l->told[t->lane] = t->counts;
	l->over += t->over;
	if (l->over == l->conf->lanes)
		cw_os_stop(l->world);
	(void)talloc_free(t);
}

static void tell(struct cw_load_lane *lane, bool over)
{
	struct load *l = lane->arg;
	struct telling *t = talloc(NULL, struct telling);

	if (!t)
		return;
	*t = (struct telling){l, lane->index, over, lane->counts};
	if (cw_post(l->world, hear, t))
		(void)talloc_free(t);
}

static void on_over(struct cw_load_lane *lane)
{
	cw_timer_stop(&lane->snapshot);
	tell(lane, true);
}

static void on_snapshot(void *arg)
{
	struct cw_load_lane *lane = arg;

	tell(lane, false);
	cw_timer_start(&lane->snapshot, TICK_US / 2, on_snapshot, lane);
}

/* ---- lanes ---- */

static int begin_lane(struct cw_world *w, void *arg)
{
	struct cw_load_lane *lane = arg;
	int err = cw_load_lane_begin(lane, w);

	if (err)
		return err;
	cw_timer_init(&lane->snapshot, w);
	cw_timer_start(&lane->snapshot, TICK_US / 2, on_snapshot, lane);
	return 0;
}

static void end_lane(struct cw_world *w, void *arg)
{
	struct cw_load_lane *lane = arg;

	(void)w;
	cw_timer_stop(&lane->snapshot);
	cw_load_lane_close(lane);
}

static int start_lane(struct load *l, unsigned i)
{
	struct cw_load_lane *lane = l->lanes[i];

	lane->conf = l->conf;
	lane->plan = l->plan;
	lane->run_dir = l->setup->run_dir;
	lane->db_template = l->setup->db_template;
	lane->babble = l->setup->babble;
	lane->n_babble = l->setup->n_babble;
	lane->index = i;
	lane->over = on_over;
	lane->arg = l;
	if (l->conf->lanes == 1)
		return begin_lane(l->world, lane);

	const struct cw_lane_conf lc = {.os = {.work_queue = 2 * CW_LOAD_LIVE_MAX},
		.name = "load",
		.cpu = -1,
		.begin = begin_lane,
		.end = end_lane,
		.arg = lane};

	return cw_lane_start(l, &lc, &lane->thread);
}

static int start_lanes(struct load *l)
{
	int err = 0;

	for (unsigned i = 0; !err && i < l->conf->lanes; i++) {
		err = start_lane(l, i);
		l->began += !err;
	}
	if (err)
		return cw_why_set(l->why, err, "%u threads cannot be started: %s", l->conf->lanes, strerror(err));
	return 0;
}

static void stop_lanes(struct load *l)
{
	for (unsigned i = 0; i < l->began; i++) {
		if (l->lanes[i]->thread)
			cw_lane_stop(l->lanes[i]->thread);
		else
			end_lane(l->world, l->lanes[i]);
	}
}

/* ---- the second hand: progress and memory ---- */

static void sample_memory(struct load *l, double at_s)
{
	uint64_t own, target;

	if (!l->conf->soak || l->n_rss == SOAK_SAMPLES || cw_resident_bytes(0, &own))
		return;
	l->rss_at[l->n_rss] = at_s;
	l->rss_own[l->n_rss] = (double)own;
	if (l->conf->pid && l->n_target == l->n_rss && !cw_resident_bytes(l->conf->pid, &target))
		l->rss_target[l->n_target++] = (double)target;
	l->n_rss++;
}

static void add_up(struct load *l)
{
	l->shown = (struct cw_load_counts){0};
	for (unsigned i = 0; i < l->conf->lanes; i++)
		cw_load_counts_add(&l->shown, &l->told[i]);
}

static void progress(struct load *l, double at_s)
{
	const struct cw_load_counts *c = &l->shown;
	char rate[40] = "";

	if (l->conf->n_stages && l->lanes[0]->arrivals && l->conf->lanes == 1)
		(void)snprintf(rate, sizeof(rate), "  %.3g/s",
			cw_arrivals_rate(l->lanes[0]->arrivals, cw_now(l->world) - l->start_us)); /* fits */
	fprintf(stderr, "%s%6.0f s%s  %u in the line  %llu dialled  %llu passed  %llu failed  %llu other  %llu late%s",
		l->live ? "\r\033[K" : "", at_s, rate, c->live, (unsigned long long)c->dialled,
		(unsigned long long)c->verdict[CW_VERDICT_PASS], (unsigned long long)c->verdict[CW_VERDICT_FAIL],
		(unsigned long long)c->verdict[CW_VERDICT_INVALID] + c->verdict[CW_VERDICT_ERROR],
		(unsigned long long)c->late, l->live ? "" : "\n");
	(void)fflush(stderr);
}

static void on_tick(void *arg)
{
	struct load *l = arg;
	double at_s = (double)(cw_now(l->world) - l->start_us) / 1e6;

	l->ticks++;
	sample_memory(l, at_s);
	add_up(l);
	if (l->live || l->ticks % PLAIN_TICKS == 0)
		progress(l, at_s);
	cw_timer_start(&l->tick, TICK_US, on_tick, l);
}

static void on_signal(int signum, void *arg)
{
	struct load *l = arg;

	(void)signum;
	if (!l->interrupted)
		fprintf(stderr,
			"\ncallwright load: nobody dials any more; waiting for %u calls (once more to cut them)\n",
			l->shown.live);
	order_all(l, l->interrupted ? ORDER_DROP : ORDER_STOP, 0);
	l->interrupted = true;
}

static void on_key(char key, void *arg)
{
	struct load *l = arg;
	double rate, base;

	if (key == 'q') {
		l->quit = true;
		order_all(l, ORDER_STOP, 0);
		return;
	}
	if (!l->lanes[0]->arrivals)
		return;
	base = l->conf->stages[0].to_per_s;
	rate = base * l->factor;
	if (key == '+' || key == '-')
		rate = fmax(0, rate + (key == '+' ? 1 : -1));
	else if (key == '*' || key == '/')
		rate *= key == '*' ? 2 : 0.5;
	else
		return;
	if (!(base > 0) || rate > CW_RATE_PER_S_MAX)
		return;
	l->factor = rate / base;
	order_all(l, ORDER_SCALE, l->factor);
}

/* ---- judging the load ---- */

static int merge(struct load *l, struct cw_load_result *r, struct cw_load_sample **samples, size_t *n)
{
	size_t total = 0, k = 0;

	for (unsigned i = 0; i < l->began; i++) {
		cw_load_counts_add(&r->counts, &l->lanes[i]->counts);
		total += l->lanes[i]->n_samples;
		r->mean_live += l->lanes[i]->live_integral;
		for (int h = 0; h < CW_LOAD_LATENCIES; h++)
			cw_hist_merge(r->hist[h], l->lanes[i]->hist[h]);
		for (size_t e = 0; e < l->lanes[i]->n_reasons && r->n_reasons < CW_LOAD_REASONS_MAX; e++)
			r->reasons[r->n_reasons++] = l->lanes[i]->reasons[e];
	}
	*samples = talloc_array(l, struct cw_load_sample, total + 1);
	if (!*samples)
		return ENOMEM;
	for (unsigned i = 0; i < l->began; i++) {
		if (l->lanes[i]->n_samples)
			memcpy(*samples + k, l->lanes[i]->samples, l->lanes[i]->n_samples * sizeof(**samples));
		k += l->lanes[i]->n_samples;
	}
	*n = total;
	return 0;
}

static int by_end(const void *va, const void *vb)
{
	const struct cw_load_sample *a = va, *b = vb;

	return a->end_s < b->end_s ? -1 : a->end_s > b->end_s;
}

/* Memory and answers over the time, without the first tenth: that is warming up. */
static int trends(struct load *l, struct cw_load_result *r, struct cw_load_sample *samples, size_t n)
{
	double *at = talloc_array(l, double, n + 1), *worst = talloc_array(l, double, n + 1), from = r->seconds / 10;
	size_t k = 0;
	int err;

	if (!at || !worst)
		return ENOMEM;
	qsort(samples, n, sizeof(*samples), by_end);
	for (size_t i = 0; i < n; i++) {
		if (isnan(samples[i].worst_ms))
			continue;
		at[k] = samples[i].end_s;
		worst[k++] = samples[i].worst_ms;
	}
	err = cw_trend_fit(l->rss_at, l->rss_own, l->n_rss, from, r->seconds, &r->own);
	if (!err)
		err = cw_trend_fit(l->rss_at, l->rss_target, l->n_target, from, r->seconds, &r->target);
	if (!err)
		err = cw_trend_fit(at, worst, k, from, r->seconds, &r->answers);
	if (err)
		return err;

	const struct cw_trend *memory = l->conf->pid ? &r->target : &r->own;
	double hours = r->seconds / 3600;

	r->leak = memory->known && memory->lo * hours > LEAK_BYTES;
	r->drift = r->answers.known && r->answers.lo * hours > DRIFT_SHARE * r->answers.first;
	return 0;
}

static void conclude(struct cw_load_result *r)
{
	const struct cw_load_counts *c = &r->counts;
	uint64_t passed = c->verdict[CW_VERDICT_PASS], failed = c->verdict[CW_VERDICT_FAIL];
	double success = passed + failed ? (double)passed / (double)(passed + failed) : NAN;
	double p95 = (double)cw_hist_quantile(r->hist[CW_LOAD_INTENDED], 0.95) / 1000;
	bool all_gone = c->finished && c->unreachable == c->finished;

	r->end = CW_LOAD_PASSED;
	r->verdict = "every call was checked and the gates hold";
	if (!c->finished) {
		r->end = CW_LOAD_NOTHING;
		r->verdict = "no call was finished: nothing was measured";
	} else if (all_gone) {
		r->end = CW_LOAD_UNREACHABLE;
		r->verdict = "the target could not be reached";
	} else if ((double)c->late > UNTRUSTED_SHARE * (double)c->finished) {
		r->end = CW_LOAD_UNTRUSTED;
		r->verdict =
			"more than 5 % of the callers were late: this machine is too slow for the load; use more --lanes or a lower rate";
	} else if ((double)c->verdict[CW_VERDICT_INVALID] > UNTRUSTED_SHARE * (double)c->finished) {
		r->end = CW_LOAD_UNTRUSTED;
		r->verdict = "more than 5 % of the calls were invalid: look at the reasons";
	} else if (r->conf->min_success >= 0 ? !(success >= r->conf->min_success)
					     : failed + c->verdict[CW_VERDICT_ERROR] > 0) {
		r->end = CW_LOAD_FAILED;
		r->verdict = r->conf->min_success >= 0 ? "fewer calls came out right than --min-success asks for"
						       : "calls failed";
	} else if (r->conf->max_p95_ms > 0 && p95 > r->conf->max_p95_ms) {
		r->end = CW_LOAD_FAILED;
		r->verdict = "the 95th percentile of the answers is above --max-p95";
	} else if (r->leak) {
		r->end = CW_LOAD_FAILED;
		r->verdict = "memory grows: a leak";
	} else if (r->drift) {
		r->end = CW_LOAD_FAILED;
		r->verdict = "answers become slower with time";
	}
	if (r->interrupted)
		r->end = CW_LOAD_INTERRUPTED;
}

static double processor_s(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) ? NAN : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int append_lines(struct load *l)
{
	for (unsigned i = 0; i < l->began; i++) {
		int err = l->lanes[i]->lines.len
				  ? cw_rundir_append(l->setup->dir, cw_buf_str(&l->lanes[i]->lines), l->why)
				  : 0;

		if (err)
			return err;
	}
	return 0;
}

static int finish(struct load *l, double cpu_s, enum cw_load_end *end)
{
	struct cw_load_result *r = talloc_zero(l, struct cw_load_result);
	struct cw_load_sample *samples;
	size_t n;
	int err = r ? 0 : ENOMEM;

	for (int h = 0; !err && h < CW_LOAD_LATENCIES; h++)
		err = cw_hist_new(r, &r->hist[h]);
	if (err)
		return err;
	r->conf = l->conf;
	r->plan = l->plan;
	r->run_dir = l->setup->run_dir;
	r->interrupted = l->interrupted;
	r->seconds = (double)(cw_now(l->world) - l->start_us) / 1e6;
	r->cpu_s = cpu_s;
	err = merge(l, r, &samples, &n);
	r->mean_live /= r->seconds * 1e6;
	if (!err)
		err = cw_knee_find(samples, n, l->conf->knee_level, &r->knee);
	if (!err)
		err = trends(l, r, samples, n);
	if (!err)
		err = append_lines(l);
	if (err)
		return err;
	conclude(r);
	cw_load_print(r);
	*end = r->end;
	return cw_load_write(r, l->why);
}

/* ---- setting up ---- */

/* Two descriptors a call: as many as the system lets us have. */
static void raise_limit(void)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* else calls fail, and say so */
	}
}

static int load_end(struct load *l)
{
	cw_timer_stop(&l->tick);
	TALLOC_FREE(l->keys);
	TALLOC_FREE(l->world); /* judges end with it, before the callers they look at */
	for (unsigned i = 0; l->lanes && i < l->conf->lanes; i++) {
		if (l->lanes[i])
			cw_buf_clear(&l->lanes[i]->lines);
		(void)talloc_free(l->lanes[i]);
	}
	return 0;
}

static int set_up(struct load *l)
{
	const struct cw_load_conf *c = l->conf;
	struct cw_os_conf oc = {.work_queue = 2 * CW_LOAD_LIVE_MAX};
	int err = cw_plan_new(l, &c->trial, &l->plan, l->why);

	for (size_t i = 0; !err && i < c->n_outputs; i++)
		err = cw_load_output_check(c->outputs[i], l->why);
	if (err || !l->plan->n)
		return err;
	raise_limit();
	err = cw_os_new(l, &oc, &l->world);
	if (err)
		return cw_why_set(l->why, err, "the event loop cannot start: %s", strerror(err));
	l->lanes = talloc_zero_array(l, struct cw_load_lane *, c->lanes);
	for (unsigned i = 0; l->lanes && i < c->lanes; i++)
		if (!(l->lanes[i] = talloc_zero(NULL, struct cw_load_lane)))
			return ENOMEM;
	l->told = talloc_zero_array(l, struct cw_load_counts, c->lanes);
	l->rss_at = talloc_array(l, double, SOAK_SAMPLES);
	l->rss_own = talloc_array(l, double, SOAK_SAMPLES);
	l->rss_target = talloc_array(l, double, SOAK_SAMPLES);
	if (!l->lanes || !l->told || !l->rss_at || !l->rss_own || !l->rss_target)
		return ENOMEM;
	err = cw_perf_setup_new(l, l->world, l->plan, &c->trial, c->out_dir, "load", &l->setup, l->why);
	if (!err)
		err = cw_os_on_signals(l->world, on_signal, l);
	return err;
}

static void run(struct load *l)
{
	l->start_us = cw_now(l->world);
	l->live = isatty(2) == 1;
	l->factor = 1;
	cw_timer_init(&l->tick, l->world);
	cw_timer_start(&l->tick, TICK_US, on_tick, l);
	if (l->conf->keys)
		(void)cw_keys_open(l, l->world, on_key, l, &l->keys); /* without a terminal there are none */
	cw_os_run(l->world);
	cw_timer_stop(&l->tick);
	TALLOC_FREE(l->keys);
	if (l->live)
		fputs("\r\033[K", stderr);
}

int cw_load_run(const struct cw_load_conf *conf, enum cw_load_end *end, struct cw_why *why)
{
	CW_SCOPED struct load *l = talloc_zero(NULL, struct load);
	double cpu;
	int err;

	if (!l)
		return ENOMEM;
	l->conf = conf;
	l->why = why;
	talloc_set_destructor(l, load_end);
	err = set_up(l);
	if (!err && !l->plan->n) {
		*end = CW_LOAD_NOTHING;
		return 0;
	}
	cpu = processor_s();
	if (!err)
		err = start_lanes(l);
	if (!err)
		run(l);
	if (l->lanes)
		stop_lanes(l);
	if (!err)
		err = finish(l, processor_s() - cpu, end);
	return err ? cw_why_set(why, err, "the load cannot go on: %s", strerror(err)) : 0;
}
