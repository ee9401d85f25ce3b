#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/service.h"
#include "cmd/verbs.h"
#include "world/lane.h"

#define DRAIN_US  30000000
#define LANES_MAX 64

/* One lane of the server: made on its own thread. */
struct serving {
	const struct cw_config *conf;
	struct cw_lane *lane;
	struct cw_service *service;
	struct cw_why why;
	struct main_thread *main;
};

struct main_thread {
	struct cw_world *world;
	struct serving lanes[LANES_MAX];
	uint32_t n_lanes, idle_lanes;
	struct cw_timer deadline;
	bool draining;
};

static int lane_begin(struct cw_world *w, void *arg)
{
	struct serving *l = arg;

	return cw_service_open(NULL, w, l->conf, l->conf->lanes > 1, &l->service, &l->why);
}

static void lane_end(struct cw_world *w, void *arg)
{
	struct serving *l = arg;

	(void)w;
	talloc_free(l->service); /* before its world */
}

/* ---- ending: each lane drains on its own thread and reports to the main one ---- */

static void lane_reported(void *arg)
{
	struct main_thread *m = arg;

	if (++m->idle_lanes == m->n_lanes)
		cw_os_stop(m->world);
}

static void lane_idle(void *arg)
{
	struct serving *l = arg;

	(void)cw_post(l->main->world, lane_reported, l->main); /* the main world outlives the lanes */
}

static void lane_drain(void *arg)
{
	struct serving *l = arg;

	cw_service_drain(l->service, lane_idle, l);
}

static void waited_enough(void *arg)
{
	struct main_thread *m = arg;

	cw_log_warn(NULL, "drain_incomplete", "waited_s=%d", DRAIN_US / 1000000);
	cw_os_stop(m->world);
}

static void on_signal(int signum, void *arg)
{
	struct main_thread *m = arg;

	if (m->draining) { /* asked twice: end now */
		cw_os_stop(m->world);
		return;
	}
	m->draining = true;
	cw_log_info(NULL, "draining", "signal=%d", signum);
	for (uint32_t i = 0; i < m->n_lanes; i++)
		(void)cw_post(cw_lane_world(m->lanes[i].lane), lane_drain,
			&m->lanes[i]); /* fails only when the lane has ended */
	cw_timer_start(&m->deadline, DRAIN_US, waited_enough, m);
}

/* ---- beginning ---- */

static int start_lanes(struct main_thread *m, const struct cw_config *conf, struct cw_why *why)
{
	for (uint32_t i = 0; i < conf->lanes; i++) {
		struct serving *l = &m->lanes[i];
		char name[16];

		snprintf(name, sizeof(name), "lane-%u", i);
		*l = (struct serving){.conf = conf, .main = m};

		const struct cw_lane_conf lane = {
			.name = name, .cpu = -1, .begin = lane_begin, .end = lane_end, .arg = l};
		int err = cw_lane_start(m, &lane, &l->lane);

		if (err) {
			*why = l->why;
			return cw_why_set(why, err, "cannot start lane %u: %s", i, strerror(err));
		}
		m->n_lanes++;
	}
	return 0;
}

static enum cw_log_level level_of(const char *name)
{
	return !strcmp(name, "error")   ? CW_LOG_ERROR
	       : !strcmp(name, "warn")  ? CW_LOG_WARN
	       : !strcmp(name, "debug") ? CW_LOG_DEBUG
					: CW_LOG_INFO;
}

static int serve(const struct cw_config *conf)
{
	CW_SCOPED struct main_thread *m = talloc_zero(NULL, struct main_thread);
	struct cw_why why = {0};
	int err = m ? cw_os_new(m, &(struct cw_os_conf){.workers = 1}, &m->world) : ENOMEM;

	if (err)
		return cw_cmd_fail(&(struct cw_why){.err = err});
	cw_timer_init(&m->deadline, m->world);
	err = start_lanes(m, conf, &why);
	if (!err)
		err = cw_os_on_signals(m->world, on_signal, m);
	if (err) {
		for (uint32_t i = 0; i < m->n_lanes; i++)
			talloc_free(m->lanes[i].lane);
		(void)cw_why_set(&why, err, "%s", strerror(err)); /* keeps the first reason */
		return cw_cmd_fail(&why);
	}
	fprintf(stderr, "answering as %s on http%s://%.*s:%u/voice (%u lane%s); Ctrl-C drains and ends\n", conf->agent,
		*conf->tls_cert ? "s" : "", (int)(strrchr(conf->listen, ':') - conf->listen), conf->listen,
		cw_service_port(m->lanes[0].service), m->n_lanes, m->n_lanes > 1 ? "s" : "");
	if (!*conf->twilio_auth_token)
		cw_log_warn(NULL, "signatures_unchecked",
			"hint=\"set CW_TWILIO_AUTH_TOKEN before anybody else can reach this port\"");
	cw_os_run(m->world);
	for (uint32_t i = 0; i < m->n_lanes; i++)
		talloc_free(m->lanes[i].lane);
	return CW_EXIT_OK;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const char *config_path = NULL, *listen = NULL, *agent = NULL, *data_dir = NULL, *stt = NULL, *voice = NULL;
	uint32_t lanes = 0, max_calls = 0;
	bool no_record = false;
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'c', "config", "FILE", "configuration file (callwright.yaml where there is one)",
			&config_path},
		{CW_OPT_STRING, 'l', "listen", "ADDR:PORT", "where to listen; port 0 takes any free one", &listen},
		{CW_OPT_STRING, 'a', "agent", "FILE", "agent file", &agent},
		{CW_OPT_STRING, 'd', "data-dir", "DIR", "database and recordings", &data_dir},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "recogniser, over the agent file's choice", &stt},
		{CW_OPT_STRING, 0, "voice", "VOICE", "voice, over the agent file's choice", &voice},
		{CW_OPT_U32, 0, "lanes", "N", "threads that serve calls", &lanes},
		{CW_OPT_U32, 0, "max-calls", "N", "calls per lane at one time", &max_calls},
		{CW_OPT_FLAG, 0, "no-record", NULL, "keep no recordings", &no_record},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	size_t n_args;
	int exit_code;
	CW_SCOPED struct cw_config *c = NULL;
	struct cw_why why = {0};

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n_args, &exit_code))
		return exit_code;
	if (n_args) {
		fprintf(stderr, "callwright serve: unexpected '%s': an agent file is given with --agent\n", args[0]);
		return CW_EXIT_USAGE;
	}
	if (cw_config_load(NULL, config_path, &c, NULL, &why))
		return cw_cmd_fail(&why);
	c->listen = listen ? listen : c->listen;
	c->agent = agent ? agent : c->agent;
	c->data_dir = data_dir ? data_dir : c->data_dir;
	c->stt = stt ? stt : c->stt;
	c->voice = voice ? voice : c->voice;
	c->lanes = lanes ? lanes : c->lanes;
	c->max_calls = max_calls ? max_calls : c->max_calls;
	c->record = c->record && !no_record;
	if (c->lanes > LANES_MAX) {
		fprintf(stderr, "callwright serve: --lanes %u: at most %d\n", c->lanes, LANES_MAX);
		return CW_EXIT_USAGE;
	}
	cw_log_open(&(struct cw_log_conf){.level = level_of(c->log_level),
		.json = !strcmp(c->log_format, "json"),
		.fd = STDERR_FILENO,
		.color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")});
	return serve(c);
}

const struct cw_command cw_cmd_serve = {
	.name = "serve",
	.summary = "answer calls with an agent",
	.usage = "callwright serve [options]",
	.details =
		"Twilio's voice webhook is POST /voice, its media streams open /media; /healthz and /metrics are there as well.\n"
		"Settings come from callwright.yaml, CW_ variables and the options above, the later ones winning.\n"
		"\nExamples:\n"
		"  callwright serve --agent agents/hvac.yaml --listen 127.0.0.1:8080\n"
		"  CW_TWILIO_AUTH_TOKEN=... CW_PUBLIC_URL=https://voice.example.com callwright serve\n"
		"  callwright call twilio:http://127.0.0.1:8080/voice --say \"My furnace stopped working\"\n",
	.run = run,
};
