/* The path of a frame alone: conversations in which nobody says anything, and what they ask of the heap. */
#include <errno.h>

#include "agents.h"
#include "alloc.h"
#include "media.h"
#include "ring.h"
#include "scratch.h"
#include "server.h"
#include "world/os.h"

#define CALLERS   FACTS_PER_AGENT
#define SPREAD_US 500000
#define FROM_US   6000000 /* the greeting is over, the next question has not come */
#define UNTIL_US  9000000
#define LIMIT_US  20000000

struct quiet {
	struct cw_world *world;
	struct server *server;
	struct ring *ring;
	struct cw_timer from, until;
	struct server_report begun, ended;
	int err;
};

static void on_from(void *arg)
{
	struct quiet *q = arg;

	q->err = server_ask(q->server, SERVER_REPORT, &q->begun);
}

static void on_until(void *arg)
{
	struct quiet *q = arg;

	q->err = q->err ? q->err : server_ask(q->server, SERVER_REPORT, &q->ended);
}

static void on_done(void *arg)
{
	struct quiet *q = arg;

	cw_os_stop(q->world);
}

static int talk(struct quiet *q, struct cw_why *why)
{
	const unsigned *ports;
	unsigned n = server_ports(q->server, &ports);
	const struct ring_conf conf = {.scenario = "bench/media.yaml",
		.test = "quiet",
		.voice = "modem",
		.ports = ports,
		.n_ports = n,
		.callers = CALLERS,
		.spread_us = SPREAD_US,
		.done = on_done,
		.arg = q};
	int err = 0;

	for (int i = 0; !err && i < 2; i++) /* the way of a question grows its queues */
		err = server_ask(q->server, SERVER_REPORT, &q->begun);
	if (!err)
		err = ring_start(q->world, q->world, &conf, &q->ring, why);
	if (err)
		return err;
	cw_timer_init(&q->from, q->world);
	cw_timer_init(&q->until, q->world);
	cw_timer_start(&q->from, FROM_US, on_from, q);
	cw_timer_start(&q->until, UNTIL_US, on_until, q);
	cw_os_run_for(q->world, LIMIT_US);
	cw_timer_stop(&q->from);
	cw_timer_stop(&q->until);
	if (!q->err && (q->begun.live != CALLERS || q->ended.live != CALLERS))
		return cw_why_set(why, ENODATA, "%llu and %llu of %d calls were up when it was to be measured",
			(unsigned long long)q->begun.live, (unsigned long long)q->ended.live, CALLERS);
	return q->err;
}

int media_quiet(struct media *m, struct cw_why *why)
{
	CW_SCOPED char *dir = bench_scratch_new(NULL);
	CW_SCOPED struct quiet *q = dir ? talloc_zero(NULL, struct quiet) : NULL;
	const struct agents_conf conf = {.agent = m->agent, .dir = dir, .n = 1, .stt = "modem", .voice = "modem"};
	const char **argv = q ? agents_argv(q, &conf) : NULL;

	if (!bench_allocations_counted())
		return 0;

	int err = argv ? server_start(q, argv, MEDIA_SERVER_CPU, &q->server, why) : ENOMEM;

	if (!err)
		err = cw_os_new(q, &(struct cw_os_conf){.workers = 1}, &q->world);
	if (!err) {
		media_section("quiet, %d callers who say nothing to the same agent, without recordings", CALLERS);
		err = talk(q, why);
	}
	if (!err)
		MEDIA_ROW(.name = "heap allocations per frame",
			.value = (double)(q->ended.allocations - q->begun.allocations) /
				 ((double)(UNTIL_US - FROM_US) / 20000 * CALLERS),
			.unit = "", .kind = MEDIA_AT_MOST, .goal = 0);
	return err;
}
