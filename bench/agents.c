#include "agents.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "base/hist.h"
#include "base/log.h"
#include "cmd/service.h"
#include "server.h"
#include "world/os.h"

#define SLOTS       20 /* of the pacing wheel: one each millisecond */
#define SLOT_TRY_US 300
#define CALLS_MAX   2000
#define SELF        "/proc/self/exe"

/* A tick of our own in each slot. It was started before any call's, which puts it behind them: it sees when the last was served. */
struct probe {
	struct agents *agents;
	struct cw_tick tick;
	uint64_t due_us;
};

struct agents {
	struct cw_world *world;
	struct cw_config config[SERVER_PORTS_MAX];
	struct cw_service *service[SERVER_PORTS_MAX];
	unsigned n;
	struct probe probes[SLOTS];
	struct cw_hist *late;
	pthread_t listener;
	int question; /* asked and not answered yet; lane only */
};

/* ---- how late are the slots? ---- */

static void probed(void *arg)
{
	struct probe *p = arg;
	uint64_t now = cw_now(p->agents->world);

	for (; p->due_us <= now; p->due_us += CW_TICK_US) /* more than one: turns were skipped */
		cw_hist_add(p->agents->late, now - p->due_us);
}

static void start_probes(struct agents *a)
{
	bool taken[SLOTS] = {false};

	for (unsigned i = 0; i < SLOTS;) {
		struct probe *p = &a->probes[i];

		p->agents = a;
		cw_tick_init(&p->tick, a->world);
		p->due_us = cw_now(a->world) / 1000 * 1000 + CW_TICK_US;
		cw_tick_start(&p->tick, probed, p);
		if (taken[p->tick.slot % SLOTS]) {
			cw_tick_stop(&p->tick);
			cw_os_run_for(a->world, SLOT_TRY_US);
			continue;
		}
		taken[p->tick.slot % SLOTS] = true;
		i++;
	}
}

/* ---- questions ---- */

static struct server_report report(const struct agents *a)
{
	const struct cw_hist *handlers = cw_os_handler_times(a->world);
	struct server_report r = {
		.allocations = bench_allocations(),
		.frames = cw_hist_count(a->late),
		.late_p50_us = cw_hist_quantile(a->late, 0.5),
		.late_p99_us = cw_hist_quantile(a->late, 0.99),
		.late_max_us = cw_hist_max(a->late),
		.handler_p99_us = cw_hist_quantile(handlers, 0.99),
		.handler_max_us = cw_hist_max(handlers),
	};

	for (unsigned i = 0; i < a->n; i++) {
		struct cw_service_counts c = cw_service_counts(a->service[i]);

		r.answered += c.answered;
		r.refused += c.refused;
		r.ended += c.ended;
		r.live += c.live;
	}
	return r;
}

static void asked(void *arg)
{
	struct agents *a = arg;
	struct cw_hist *fresh;

	if (a->question == SERVER_MEASURE && !cw_hist_new(a, &fresh)) {
		talloc_free(a->late);
		a->late = fresh;
	}

	struct server_report r = report(a);

	if (send(SERVER_CONTROL, &r, sizeof(r), MSG_NOSIGNAL) != (ssize_t)sizeof(r))
		_exit(0);
}

/* The one who asks waits for each answer: one question is under way at a time. */
static void *listen_to_questions(void *arg)
{
	struct agents *a = arg;
	char byte;

	while (read(SERVER_CONTROL, &byte, 1) == 1) {
		a->question = byte;
		if (cw_post(a->world, asked, a))
			break;
	}
	_exit(0); /* nobody measures any more */
}

/* ---- serving ---- */

static int open_one(struct agents *a, const struct agents_conf *conf, unsigned i, struct cw_why *why)
{
	char *dir = talloc_asprintf(a, "%s/%u", conf->dir, i);

	if (!dir)
		return ENOMEM;
	a->config[i] = (struct cw_config){.listen = "127.0.0.1:0",
		.agent = conf->agent,
		.public_url = "",
		.twilio_auth_token = "",
		.data_dir = dir,
		.stt = conf->stt,
		.voice = conf->voice,
		.tls_cert = "",
		.tls_key = "",
		.log_level = "error",
		.log_format = "text",
		.lanes = 1,
		.max_calls = CALLS_MAX,
		.record = conf->record};
	return cw_service_open(a, a->world, &a->config[i], false, &a->service[i], why);
}

static int serve(const struct agents_conf *conf, struct cw_why *why)
{
	struct agents *a = talloc_zero(NULL, struct agents); /* ends with the process */
	int err = a ? cw_os_new(a, &(struct cw_os_conf){.workers = 2}, &a->world) : ENOMEM;

	if (!err)
		err = cw_hist_new(a, &a->late);
	for (; !err && a->n < conf->n; a->n++)
		err = open_one(a, conf, a->n, why);
	if (err)
		return err;
	if (conf->watch)
		start_probes(a);
	err = pthread_create(&a->listener, NULL, listen_to_questions, a);
	if (err)
		return err;
	printf("listening");
	for (unsigned i = 0; i < a->n; i++)
		printf(" %u", cw_service_port(a->service[i]));
	printf("\n");
	fflush(stdout);
	cw_os_run(a->world);
	return 0;
}

const char **agents_argv(void *parent, const struct agents_conf *conf)
{
	const char **argv = talloc_zero_array(parent, const char *, 10);

	if (!argv)
		return NULL;
	argv[0] = SELF;
	argv[1] = "--serve";
	argv[2] = conf->agent;
	argv[3] = conf->dir;
	argv[4] = talloc_asprintf(argv, "%u", conf->n);
	argv[5] = conf->stt;
	argv[6] = conf->voice;
	argv[7] = conf->record ? "record" : "";
	argv[8] = conf->watch ? "watch" : "";
	return argv[4] ? argv : NULL;
}

int agents_main(int argc, char **argv)
{
	struct cw_why why = {0};
	uint32_t n;

	if (argc != 9 || cw_str_u32(cw_str(argv[4]), SERVER_PORTS_MAX, &n)) {
		fprintf(stderr, "bench_media: --serve is for bench_media itself\n");
		return 2;
	}

	const struct agents_conf conf = {.agent = argv[2],
		.dir = argv[3],
		.n = n,
		.stt = argv[5],
		.voice = argv[6],
		.record = *argv[7],
		.watch = *argv[8]};

	cw_log_open(&(struct cw_log_conf){.level = CW_LOG_ERROR, .fd = STDERR_FILENO});

	int err = serve(&conf, &why);

	fprintf(stderr, "bench_media: server: %s\n", why.text[0] ? why.text : strerror(err));
	return 3;
}
