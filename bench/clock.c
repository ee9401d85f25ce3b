/*
 * clock.c: the error bar of response_ms in real time, over the loop line and over Twilio's media stream on loopback sockets
 *
 *     bench_clock [--quick]
 *
 * Many calls at once to a reference agent which answers after a time known to the sample (tests/support/answerer.h); what is measured in the
 * recordings is compared with it, beside the floor and jitter that `callwright doctor` measures, in the same run. Exit: 0 measured (also
 * when the goal was missed: see MISSED), 1 could not be measured.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "latency.h"
#include "line/loop.h"
#include "line/twilio.h"
#include "load.h"
#include "scratch.h"
#include "world/loopback.h"
#include "world/net.h"
#include "world/os.h"

#define CALLS     126
#define TURNS     4 /* 504 samples; quick: a tenth */
#define SPREAD_US 2000000u
#define LIMIT_US  60000000u
#define MESSAGES  200
#define GRID_MS   0.125 /* a sample */
#define SHARP     4     /* kinds of answers whose onset is beyond doubt */

static const enum answer_kind sharp[SHARP] = {ANSWER_MODEM, ANSWER_VOWEL, ANSWER_COMFORT, ANSWER_BREATH};

struct person {
	struct bench *bench;
	struct cw_timer timer;
	struct latency_call *call;
	char wav[128];
	struct answer answers[TURNS];
};

struct bench {
	struct cw_world *world;
	const char *name;
	bool sockets;
	unsigned calls, over, agents, failed;
	struct person people[CALLS];
	struct cw_twilio_server *server;
	struct cw_server *listener;
	char url[64];
	void *all; /* lines and calls */
	struct cw_loopback floor;
	struct cw_why why;
};

static void draw(struct bench *b, struct person *p)
{
	for (unsigned i = 0; i < TURNS; i++) {
		p->answers[i].kind = sharp[cw_rng_below(cw_rng(b->world), SHARP)];
		p->answers[i].delay = (int32_t)cw_rng_below(cw_rng(b->world), 2000 * 8 + 1);
	}
}

/* ---- calls ---- */

static void call_over(void *arg)
{
	struct bench *b = ((struct person *)arg)->bench;

	if (++b->over == b->calls)
		cw_os_stop(b->world);
}

static int dial_loop(struct person *p)
{
	struct bench *b = p->bench;
	struct cw_line *agent_end, *carrier_end;
	struct answerer *agent;
	const struct answerer_conf ac = {.answers = p->answers, .n = TURNS, .seed = (unsigned)(p - b->people)};
	int err = cw_loop_new(b->all, b->world, &(struct cw_loop_conf){0}, &agent_end, &carrier_end);

	if (!err)
		err = answerer_new(b->all, &ac, agent_end, &agent);
	return err ? err : latency_call_dial(p->call, carrier_end, &b->why);
}

static int dial_twilio(struct person *p)
{
	struct bench *b = p->bench;
	char from[16];
	struct cw_line *line;

	(void)snprintf(from, sizeof(from), "+1555000%04u", (unsigned)(p - b->people));

	const struct cw_twilio_carrier_conf cc = {.url = b->url, .from = from, .to = "+15005550001"};
	int err = cw_twilio_dial(b->all, b->world, &cc, &line, &b->why);

	return err ? err : latency_call_dial(p->call, line, &b->why);
}

static void on_time(void *arg)
{
	struct person *p = arg;
	struct bench *b = p->bench;
	const struct latency_conf lc = {.answers = p->answers, .n = TURNS, .wav = p->wav, .done = call_over, .arg = p};
	int err = latency_call_new(b->all, b->world, &lc, &p->call, &b->why);

	if (!err)
		err = b->sockets ? dial_twilio(p) : dial_loop(p);
	if (!err)
		return;
	b->failed++;
	TALLOC_FREE(p->call);
	call_over(p);
}

/* ---- the agent on sockets: whom it talks to it knows by the number that calls ---- */

static int on_call(struct cw_line *line, const struct cw_line_info *info, void *arg)
{
	struct bench *b = arg;
	struct answerer *agent;
	size_t n = strlen(info->from);
	unsigned who;

	if (n < 4 || cw_str_u32(cw_str(info->from + n - 4), b->calls - 1, &who))
		return EINVAL;
	b->agents++;
	return answerer_new(line, &(struct answerer_conf){.answers = b->people[who].answers, .n = TURNS, .seed = who},
		line, &agent);
}

static void on_request(struct cw_exchange *x, void *arg)
{
	if (!cw_twilio_server_request(((struct bench *)arg)->server, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	if (!cw_twilio_server_upgrade(((struct bench *)arg)->server, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static int serve(struct bench *b)
{
	static const struct cw_routes routes = {on_request, on_upgrade, 0};
	const struct cw_twilio_server_conf sc = {.voice_path = "/voice", .stream_path = "/media"};
	int err = cw_twilio_server_new(b->all, b->world, &sc, on_call, b, &b->server, &b->why);

	if (!err)
		err = cw_listen(b->all, b->world, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, b,
			&b->listener, &b->why);
	if (!err)
		(void)snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u/voice", cw_server_port(b->listener));
	return err;
}

static void on_floor(int err, const struct cw_loopback *result, void *arg)
{
	struct bench *b = arg;

	b->failed += err != 0;
	b->floor = *result;
	cw_os_stop(b->world);
}

/* As doctor does, and before the calls: under them it would measure their load. */
static int measure_floor(struct bench *b)
{
	struct cw_loopback_probe *probe = NULL;
	int err = cw_loopback_measure(b->all, b->world, MESSAGES, on_floor, b, &probe);

	if (!err)
		cw_os_run(b->world);
	return err ? err : b->failed ? EIO : 0;
}

/* ---- the table ---- */

static void print_stat(const struct bench *b, const char *kind, const struct latency_stat *t)
{
	double bar = GRID_MS + (b->sockets ? (double)(b->floor.floor_us + b->floor.jitter_us) / 1000 : 0);

	printf("  %-8s %-14s %5zu %5zu %+9.3f %8.3f %9.3f %9.3f   %.3f ± %.3f%s\n", b->name, kind, t->n, t->nulls,
		t->bias, t->sd, t->p95_abs, t->max_abs, b->sockets ? (double)b->floor.floor_us / 1000 : 0.0,
		b->sockets ? (double)b->floor.jitter_us / 1000 : 0.0, t->n && t->max_abs <= bar ? "" : "  MISSED");
}

static int report(struct bench *b)
{
	CW_SCOPED struct latency_sample *s = talloc_zero_array(NULL, struct latency_sample, CALLS * TURNS);
	struct latency_stat t;
	size_t n = 0;
	int err = s ? 0 : ENOMEM;

	for (unsigned i = 0; !err && i < b->calls; i++) {
		err = b->people[i].call ? latency_call_read(b->people[i].call, s + n) : 0;
		n += b->people[i].call ? TURNS : 0;
	}
	for (unsigned k = 0; !err && k < SHARP; k++) {
		err = latency_stat_of(s, n, sharp[k], &t);
		if (!err)
			print_stat(b, answer_kind_name(sharp[k]), &t);
	}
	if (!err)
		err = latency_stat_of(s, n, ANSWER_KINDS, &t);
	if (!err)
		print_stat(b, "all", &t);
	return err;
}

static int measure(const char *name, bool sockets, unsigned calls, const char *dir)
{
	CW_SCOPED struct bench *b = talloc_zero(NULL, struct bench);
	CW_SCOPED struct cw_world *w = NULL;
	int err = b ? cw_os_new(NULL, &(struct cw_os_conf){.seed = 5}, &w) : ENOMEM;

	if (err)
		return err;
	b->world = w;
	b->name = name;
	b->sockets = sockets;
	b->calls = calls;
	b->all = talloc_new(NULL);
	if (sockets) {
		err = measure_floor(b);
		err = err ? err : serve(b);
	}
	for (unsigned i = 0; !err && i < calls; i++) {
		struct person *p = &b->people[i];

		p->bench = b;
		(void)snprintf(p->wav, sizeof(p->wav), "%s/%s-%u.wav", dir, name, i);
		draw(b, p);
		cw_timer_init(&p->timer, w);
		cw_timer_start(&p->timer, (uint64_t)SPREAD_US * i / calls, on_time, p);
	}
	if (!err)
		cw_os_run_for(w, LIMIT_US);
	if (!err && b->over < calls)
		err = ETIMEDOUT;
	if (!err)
		err = report(b);
	if (err || b->failed)
		fprintf(stderr, "bench_clock: %s: %u calls failed; %s\n", name, b->failed,
			b->why.text[0] ? b->why.text : strerror(err));
	for (unsigned i = 0; i < calls; i++)
		cw_timer_stop(&b->people[i].timer);
	(void)talloc_free(b->all);
	return err ? err : b->failed ? EIO : 0;
}

int main(int argc, char **argv)
{
	CW_SCOPED char *dir = bench_scratch_new(NULL);
	bool quick = argc == 2 && !strcmp(argv[1], "--quick");
	unsigned calls = quick ? CALLS / 10 : CALLS;

	if (argc > 2 || (argc == 2 && !quick)) {
		fprintf(stderr, "usage: bench_clock [--quick]\n");
		return 2;
	}
	if (!dir) {
		fprintf(stderr, "bench_clock: no folder below /tmp: %s\n", strerror(errno));
		return 1;
	}
	load_raise_limits();
	cw_log_open(&(struct cw_log_conf){.level = CW_LOG_ERROR, .fd = STDERR_FILENO});
	printf("bench/clock: response_ms measured minus true, in ms; %u calls at once, %d answers each, 0 … 2000 ms\n\n",
		calls, TURNS);
	printf("  %-8s %-14s %5s %5s %9s %8s %9s %9s   %s\n", "line", "answer", "n", "null", "bias", "sd", "p95 |err|",
		"max |err|", "floor ± jitter");

	int loop = measure("loop", false, calls, dir), twilio = measure("twilio", true, calls, dir);

	return loop || twilio ? 1 : 0;
}
