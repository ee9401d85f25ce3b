/* The echo line through the whole product, and a bare epoll echo server, under the same load. */
#include <errno.h>
#include <math.h>

#include "agents.h"
#include "alloc.h"
#include "load.h"
#include "media.h"
#include "scratch.h"
#include "server.h"

#define SIZES      2
#define WARM_UP_US 500000
#define GOAL_RATIO 0.65
#define GOAL_KB    256
#define EVEN_US    2500 /* p99 of the load's own lateness */

struct setting {
	unsigned calls[SIZES], n_sizes, rounds; /* at most so many of these */
	uint64_t measure_us;
};

static const struct setting usual = {{400, 800}, 2, 3, 2000000}, quick = {{100}, 1, 2, 1500000};

struct result {
	double cpu_share;   /* of a core, by all calls */
	double resident_kb; /* per call */
	double allocations; /* per frame, NAN: not counted */
	uint64_t p50_us, p99_us, max_us, late_p99_us, frames, dry, wrong;
};

/* One stretch of measuring, seen from both ends. */
struct stretch {
	struct server *server;
	bool asks;
	uint64_t begun_ns, ended_ns, begun_us, ended_us;
	struct server_report begun, ended;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void begun(void *arg)
{
	struct stretch *s = arg;

	if (s->asks && server_ask(s->server, SERVER_REPORT, &s->begun))
		s->asks = false;
	s->begun_us = now_us();
	s->begun_ns = server_processor_ns(s->server);
}

static void ended(void *arg)
{
	struct stretch *s = arg;

	s->ended_us = now_us();
	s->ended_ns = server_processor_ns(s->server);
	if (s->asks && server_ask(s->server, SERVER_REPORT, &s->ended))
		s->asks = false;
}

static void conclude(const struct stretch *s, const struct load_figures *f, unsigned calls, uint64_t resident_before,
	struct result *r)
{
	*r = (struct result){
		.cpu_share = (double)(s->ended_ns - s->begun_ns) / 1000 / (double)(s->ended_us - s->begun_us),
		.resident_kb = ((double)server_resident_bytes(s->server) - (double)resident_before) / 1024 / calls,
		.allocations =
			s->asks ? (double)(s->ended.allocations - s->begun.allocations) / (double)f->frames : NAN,
		.p50_us = cw_hist_quantile(f->round_trip, 0.5),
		.p99_us = cw_hist_quantile(f->round_trip, 0.99),
		.max_us = cw_hist_max(f->round_trip),
		.late_p99_us = cw_hist_quantile(f->late, 0.99),
		.frames = f->frames,
		.dry = f->dry,
		.wrong = f->wrong,
	};
}

/* Load that comes late comes in bursts, which cost a server less: only what was loaded evenly can be compared. */
static bool even(const struct result *r)
{
	return r->frames && r->late_p99_us <= EVEN_US;
}

/* Of several rounds the one with the most even load counts. Echoes that were wrong count from all. */
static void keep(struct result *best, const struct result *r)
{
	uint64_t wrong = best->wrong + r->wrong;

	if (!best->frames || r->late_p99_us < best->late_p99_us)
		*best = *r;
	best->wrong = wrong;
}

/* One round: the better of it and *@best is kept there. */
static int measure(const char *const *argv, bool asks, unsigned calls, uint64_t measure_us, struct result *best,
	struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct stretch s = {.asks = asks};
	struct result r;
	const unsigned *port;
	struct load *l;
	int err = server_start(scope, argv, MEDIA_SERVER_CPU, &s.server, why);

	if (err)
		return err;
	(void)server_ports(s.server, &port); /* one at least */

	uint64_t resident = server_resident_bytes(s.server);

	err = load_open(scope, *port, calls, &l, why);
	for (int i = 0; !err && asks && i < 2; i++) /* the way of a question grows its queues */
		err = server_ask(s.server, SERVER_REPORT, &s.begun);
	if (!err)
		err = load_run(l, WARM_UP_US, why);
	if (!err)
		err = load_measure(l, measure_us, begun, ended, &s, why);
	if (err)
		return err;
	if (!load_figures(l)->echoes)
		return cw_why_set(why, EPROTO, "%s echoes nothing", argv[0]);
	conclude(&s, load_figures(l), calls, resident, &r);
	keep(best, &r);
	return 0;
}

/* ---- rows ---- */

static void compare(struct media *m, unsigned calls, bool last, const struct result *bare, const struct result *ours)
{
	media_section("echo, %u calls: agents/echo-audio.yaml; the reference is bench/bare_epoll.c", calls);
	MEDIA_ROW(.name = "processor time per frame (in and out)", .value = ours->cpu_share * 20000 / calls,
		.unit = "us", .reference = bare->cpu_share * 20000 / calls);
	MEDIA_ROW(.name = "share of a core", .value = ours->cpu_share * 100, .unit = "%",
		.reference = bare->cpu_share * 100);
	MEDIA_ROW(.name = "calls per core (calls / share)", .value = calls / ours->cpu_share, .unit = "",
		.reference = calls / bare->cpu_share);
	if (last)
		MEDIA_ROW(.name = "  of what bare epoll carries", .value = 100 * bare->cpu_share / ours->cpu_share,
			.unit = "%", .kind = MEDIA_AT_LEAST, .goal = 100 * GOAL_RATIO);
	MEDIA_ROW(.name = "frame there and back, p50", .value = (double)ours->p50_us / 1000, .unit = "ms",
		.reference = (double)bare->p50_us / 1000);
	MEDIA_ROW(.name = "frame there and back, p99", .value = (double)ours->p99_us / 1000, .unit = "ms",
		.reference = (double)bare->p99_us / 1000);
	MEDIA_ROW(.name = "frame there and back, max", .value = (double)ours->max_us / 1000, .unit = "ms",
		.reference = (double)bare->max_us / 1000);
	MEDIA_ROW(.name = "  of it the load's own lateness, p99", .value = (double)ours->late_p99_us / 1000,
		.unit = "ms", .reference = (double)bare->late_p99_us / 1000);
	MEDIA_ROW(.name = "underruns (echo later than 60 ms, or none)", .value = (double)ours->dry, .unit = "",
		.reference = (double)bare->dry);
	MEDIA_ROW(.name = "resident per call", .value = ours->resident_kb, .unit = "KB", .reference = bare->resident_kb,
		.kind = MEDIA_AT_MOST, .goal = GOAL_KB);
	if (!isnan(ours->allocations))
		MEDIA_ROW(.name = "heap allocations per frame", .value = ours->allocations, .unit = "",
			.kind = MEDIA_AT_MOST, .goal = 0);
	if (ours->wrong || bare->wrong)
		media_remark("WRONG: %llu of our echoes and %llu of the reference's were not the frame sent",
			(unsigned long long)ours->wrong, (unsigned long long)bare->wrong);
	if (!even(bare) || !even(ours))
		media_remark("the load came late at times (other work on processor %d): the ratio is not to be trusted",
			MEDIA_CALLER_CPU);
	m->wrong += ours->wrong > 0;
}

int media_echo(struct media *m, struct cw_why *why)
{
	const struct setting *set = m->quick ? &quick : &usual;
	CW_SCOPED char *dir = bench_scratch_new(NULL);
	const struct agents_conf conf = {
		.agent = "agents/echo-audio.yaml", .dir = dir, .n = 1, .stt = "", .voice = "", .record = true};
	const char *const bare[] = {dir ? talloc_asprintf(dir, "%s/bare_epoll", m->programs) : NULL, NULL};
	const char **ours = dir ? agents_argv(dir, &conf) : NULL;
	int err = dir && bare[0] && ours ? 0 : ENOMEM;

	for (unsigned s = 0; s < set->n_sizes && !err; s++) {
		struct result best[2] = {0};

		for (unsigned round = 0; round < set->rounds && !err && !(even(&best[0]) && even(&best[1])); round++) {
			err = even(&best[0]) ? 0 : measure(bare, false, set->calls[s], set->measure_us, &best[0], why);
			if (!err && !even(&best[1]))
				err = measure(ours, bench_allocations_counted(), set->calls[s], set->measure_us,
					&best[1], why);
		}
		if (!err)
			compare(m, set->calls[s], s + 1 == set->n_sizes, &best[0], &best[1]);
	}
	return err;
}
