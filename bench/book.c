/* Booking conversations in real time: agents on one core, callers on the other, every booking checked in the database. */
#include <errno.h>
#include <math.h>

#include "agents.h"
#include "alloc.h"
#include "call/timeline.h"
#include "media.h"
#include "ring.h"
#include "scratch.h"
#include "server.h"
#include "world/os.h"

#define SCENARIO     "bench/media.yaml"
#define SETTLE_US    1000000 /* after the last call, for the agents' side to end */
#define SHOWN        5       /* wrong bookings told one by one */
#define GOAL_LATE_MS 5
#define GOAL_KB      256
#define TIMER_US     1000 /* of the reference: a bare timer on the idle core */
#define TIMER_TURNS  1500

struct setting {
	unsigned callers,
		per_agent; /* more than nine at an agent: some want the same time, and those calls take longer */
	const char *test, *voice;
	uint64_t spread_us;
	uint64_t from_us, until_us; /* all are talking: processor time is taken here */
	uint64_t limit_us;
};

static const struct setting usual = {.callers = 300,
	.per_agent = FACTS_PER_AGENT,
	.test = "booking",
	.voice = "modem",
	.spread_us = 10000000,
	.from_us = 14000000,
	.until_us = 46000000,
	.limit_us = 150000000};
static const struct setting quick = {.callers = 20,
	.per_agent = 9,
	.test = "booking-short",
	.voice = "modem:wpm=600",
	.spread_us = 1000000,
	.from_us = 2000000,
	.until_us = 7000000,
	.limit_us = 60000000};

struct book {
	struct media *m;
	const struct setting *set;
	unsigned callers, n_agents;
	char *dir;
	struct cw_world *world;
	struct server *server;
	struct ring *ring;
	struct cw_timer from, until;
	uint64_t resident_before, resident_during;
	unsigned live;                              /* when that was taken */
	uint64_t server_ns[2], own_ns[2], at_us[2]; /* at both ends of the stretch */
	struct server_report at_from, at_until, at_end;
	bool over;
	int err;
};

static uint64_t own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the reference for lateness: a timer and nothing else, on the same core ---- */

static void bare_timer(double *p50_ms, double *p99_ms)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_hist *late;
	struct timespec due, now;

	*p50_ms = *p99_ms = NAN;
	if (cw_hist_new(scope, &late))
		return;
	(void)server_pin(MEDIA_SERVER_CPU); /* told in the head of the table when it cannot be */
	clock_gettime(CLOCK_MONOTONIC, &due);
	for (int i = 0; i < TIMER_TURNS; i++) {
		due.tv_nsec += TIMER_US * 1000;
		due.tv_sec += due.tv_nsec / 1000000000;
		due.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		cw_hist_add(late, (uint64_t)((now.tv_sec - due.tv_sec) * 1000000 + (now.tv_nsec - due.tv_nsec) / 1000));
	}
	(void)server_pin(MEDIA_CALLER_CPU);
	*p50_ms = (double)cw_hist_quantile(late, 0.5) / 1000;
	*p99_ms = (double)cw_hist_quantile(late, 0.99) / 1000;
}

/* ---- while they talk ---- */

static void take(struct book *b, unsigned end, struct server_report *report)
{
	if (server_ask(b->server, SERVER_REPORT, report))
		b->err = EPIPE;
	b->at_us[end] = cw_now(b->world);
	b->server_ns[end] = server_processor_ns(b->server);
	b->own_ns[end] = own_ns();
}

static void on_from(void *arg)
{
	struct book *b = arg;

	take(b, 0, &b->at_from);
}

static void on_until(void *arg)
{
	struct book *b = arg;

	take(b, 1, &b->at_until);
	b->resident_during = server_resident_bytes(b->server);
	b->live = (unsigned)b->at_until.live;
}

static void on_done(void *arg)
{
	struct book *b = arg;

	b->over = true;
	cw_os_stop(b->world);
}

static int talk(struct book *b, struct cw_why *why)
{
	const unsigned *ports;
	unsigned n = server_ports(b->server, &ports);
	const struct ring_conf conf = {.scenario = SCENARIO,
		.test = b->set->test,
		.voice = b->set->voice,
		.ports = ports,
		.n_ports = n,
		.callers = b->callers,
		.spread_us = b->set->spread_us,
		.done = on_done,
		.arg = b};
	struct server_report ignored;
	int err = server_ask(b->server, SERVER_MEASURE, &ignored);

	if (!err)
		err = ring_start(b->world, b->world, &conf, &b->ring, why);
	if (err)
		return err;
	cw_timer_init(&b->from, b->world);
	cw_timer_init(&b->until, b->world);
	cw_timer_start(&b->from, b->set->from_us, on_from, b);
	cw_timer_start(&b->until, b->set->until_us, on_until, b);
	cw_os_run_for(b->world, b->set->limit_us);
	if (!b->err && b->at_us[1])
		b->err = server_ask(b->server, SERVER_REPORT, &b->at_end);
	cw_timer_stop(&b->from);
	cw_timer_stop(&b->until);
	cw_os_run_for(b->world, SETTLE_US);
	if (b->err || !b->at_us[1])
		return cw_why_set(
			why, b->err ? b->err : ENODATA, "the calls were over before anything could be measured");
	return 0;
}

/* ---- were they right? ---- */

struct verified {
	unsigned right, wished, told;
	size_t rows;
	uint64_t underruns;
	unsigned dry_calls;
};

static void verify_agent(const struct book *b, unsigned agent, struct verified *v)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/%u/callwright.db", b->dir, agent);
	const struct ring_caller *callers = ring_callers(b->ring);
	const struct cw_date today = facts_today(cw_wall(b->world));
	struct bookings *bookings;
	struct cw_why why = {0};

	if (!path || bookings_open(path, path, &bookings, &why)) {
		media_remark("WRONG: %s", why.text);
		return;
	}
	v->rows += bookings_count(bookings);
	for (unsigned i = agent; i < b->callers; i += b->n_agents) {
		char reason[400];
		bool wished = false;
		bool right = bookings_hold(
			bookings, &callers[i].facts, callers[i].timeline, &today, &wished, reason, sizeof(reason));

		v->right += right;
		v->wished += right && wished;
		v->underruns += callers[i].underruns;
		v->dry_calls += callers[i].underruns > 0;
		if (!right && v->told++ < SHOWN)
			media_remark("WRONG: %s (call ended: %s, %s %s)", reason, cw_end_reason_name(callers[i].reason),
				cw_script_end_name(callers[i].script.end), callers[i].script.reason);
	}
}

static double mean_length_s(const struct book *b, double *longest_s)
{
	const struct ring_caller *callers = ring_callers(b->ring);
	double sum = 0;

	*longest_s = 0;
	for (unsigned i = 0; i < b->callers; i++) {
		double s = (double)callers[i].end_us / 1e6;

		sum += s;
		*longest_s = s > *longest_s ? s : *longest_s;
	}
	return sum / b->callers;
}

/* ---- rows ---- */

static void put_rows(struct book *b, double timer_p50_ms, double timer_p99_ms)
{
	struct media *m = b->m;
	double wall_ns = (double)(b->at_us[1] - b->at_us[0]) * 1000,
	       share = (double)(b->server_ns[1] - b->server_ns[0]) / wall_ns;
	double frames = wall_ns / 1e9 * 50 * b->live, longest_s, mean_s = mean_length_s(b, &longest_s);
	struct verified v = {0};

	for (unsigned agent = 0; agent < b->n_agents; agent++)
		verify_agent(b, agent, &v);
	MEDIA_ROW(.name = "right person, phone and slot in the database", .value = v.right, .unit = "",
		.kind = MEDIA_AT_LEAST, .goal = b->callers);
	MEDIA_ROW(.name = "  appointments there in all", .value = (double)v.rows, .unit = "", .kind = MEDIA_AT_MOST,
		.goal = b->callers);
	MEDIA_ROW(.name = "  of them at the time wished first", .value = v.wished, .unit = "");
	MEDIA_ROW(.name = "length of a call, mean", .value = mean_s, .unit = "s");
	MEDIA_ROW(.name = "length of a call, longest", .value = longest_s, .unit = "s");
	MEDIA_ROW(.name = "calls at once", .value = b->live, .unit = "", .kind = MEDIA_AT_LEAST, .goal = b->callers);
	MEDIA_ROW(.name = "share of a core, all threads", .value = share * 100, .unit = "%", .kind = MEDIA_AT_MOST,
		.goal = 100);
	MEDIA_ROW(.name = "  the callers' side", .value = (double)(b->own_ns[1] - b->own_ns[0]) / wall_ns * 100,
		.unit = "%");
	MEDIA_ROW(.name = "processor time per frame (in and out)", .value = share * wall_ns / 1000 / frames,
		.unit = "us");
	MEDIA_ROW(.name = "frame lateness, p50 (reference: bare timer)", .value = (double)b->at_end.late_p50_us / 1000,
		.unit = "ms", .reference = timer_p50_ms);
	MEDIA_ROW(.name = "frame lateness, p99 (reference: bare timer)", .value = (double)b->at_end.late_p99_us / 1000,
		.unit = "ms", .reference = timer_p99_ms, .kind = MEDIA_AT_MOST, .goal = GOAL_LATE_MS);
	MEDIA_ROW(.name = "frame lateness, max", .value = (double)b->at_end.late_max_us / 1000, .unit = "ms");
	MEDIA_ROW(.name = "handler time, p99", .value = (double)b->at_end.handler_p99_us / 1000, .unit = "ms");
	MEDIA_ROW(.name = "handler time, max", .value = (double)b->at_end.handler_max_us / 1000, .unit = "ms");
	MEDIA_ROW(.name = "underruns heard", .value = (double)v.underruns, .unit = "", .kind = MEDIA_AT_MOST,
		.goal = 0);
	MEDIA_ROW(.name = "resident per call",
		.value = ((double)b->resident_during - (double)b->resident_before) / 1024 / b->live, .unit = "KB",
		.kind = MEDIA_AT_MOST, .goal = GOAL_KB);
	if (bench_allocations_counted())
		MEDIA_ROW(.name = "heap allocations per frame, turns included", .unit = "",
			.value = (double)(b->at_until.allocations - b->at_from.allocations) / frames);
	m->wrong += v.right != b->callers || v.rows != b->callers;
}

static unsigned agents_for(const struct book *b)
{
	unsigned each = b->callers <= b->set->per_agent * SERVER_PORTS_MAX ? b->set->per_agent : FACTS_PER_AGENT;

	return (b->callers + each - 1) / each;
}

int media_book(struct media *m, struct cw_why *why)
{
	CW_SCOPED char *dir = bench_scratch_new(NULL);
	CW_SCOPED struct book *b = dir ? talloc_zero(NULL, struct book) : NULL;
	double timer_p50_ms, timer_p99_ms;

	if (!b)
		return ENOMEM;
	b->m = m;
	b->dir = dir;
	b->set = m->quick ? &quick : &usual;
	b->callers = m->calls ? m->calls : b->set->callers;
	b->n_agents = agents_for(b);
	bare_timer(&timer_p50_ms, &timer_p99_ms);

	const struct agents_conf conf = {.agent = m->agent,
		.dir = dir,
		.n = b->n_agents,
		.stt = "modem",
		.voice = m->quick ? quick.voice : usual.voice,
		.record = true,
		.watch = true};
	const char **argv = agents_argv(b, &conf);
	int err = argv ? server_start(b, argv, MEDIA_SERVER_CPU, &b->server, why) : ENOMEM;

	if (!err)
		err = cw_os_new(b, &(struct cw_os_conf){.workers = 2}, &b->world);
	if (err)
		return err;
	b->resident_before = server_resident_bytes(b->server);
	media_section("booking, %u callers at %u agents: %s, modem engines, %.0f s from the first ring to the last",
		b->callers, b->n_agents, m->agent, (double)b->set->spread_us / 1e6);
	err = talk(b, why);
	if (!err)
		put_rows(b, timer_p50_ms, timer_p99_ms);
	return err;
}
