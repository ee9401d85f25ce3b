#include "cmd/service.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/log.h"
#include "call/recorder.h"
#include "call/timeline.h"
#include "line/twilio.h"
#include "store/db.h"
#include "world/net.h"
#include "world/os.h"

#define READY_WITHIN_US    10000000
#define TURN_US            2000
#define TIMELINE_MAX_BYTES (16u << 20)

struct cw_service {
	struct cw_log log;
	struct cw_world *world;
	const struct cw_config *conf;
	struct cw_db *db;
	struct cw_agent *agent;
	struct cw_twilio_server *twilio;
	struct cw_server *listener;
	struct cw_service_counts counts;
	char *calls_dir;
	bool ready, draining;
	int ready_err;
	void (*idle)(void *arg);
	void *idle_arg;
};

struct call {
	struct cw_service *service;
	struct cw_log log;
	char *id;
	struct cw_recorder *recorder;
	struct cw_agent_call *agent_call;
	bool recorder_done;
};

/* ---- the end of a call: its timeline goes to a file, off the lane ---- */

struct saving {
	char *path;
	struct cw_buf text;
	int err;
};

static void save_run(void *arg)
{
	struct saving *s = arg;
	int fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0) {
		s->err = errno;
		return;
	}
	for (size_t done = 0; done < s->text.len;) {
		ssize_t n = write(fd, s->text.p + done, s->text.len - done);

		if (n < 0) {
			s->err = errno;
			break;
		}
		done += (size_t)n;
	}
	close(fd);
}

static void save_done(void *arg)
{
	struct saving *s = arg;

	if (s->err)
		cw_log_error(NULL, "timeline_not_saved", "path=\"%s\" error=\"%s\"", s->path, strerror(s->err));
}

static void save_dispose(void *arg)
{
	struct saving *s = arg;

	cw_buf_clear(&s->text);
	talloc_free(s);
}

static void save_timeline(struct call *c)
{
	struct saving *s = talloc_zero(NULL, struct saving);

	if (!s)
		return;
	s->text = CW_BUF(TIMELINE_MAX_BYTES);
	s->path = talloc_asprintf(s, "%s/%s.jsonl", c->service->calls_dir, c->id);
	cw_timeline_encode(&s->text, cw_agent_call_timeline(c->agent_call));

	const struct cw_job job = {.run = save_run,
		.done = save_done,
		.dispose = save_dispose,
		.arg = s,
		.blocking = true,
		.label = "call.save"};

	if (!s->path || cw_buf_err(&s->text) || cw_work(c->service, c->service->world, &job, NULL)) {
		cw_log_error(&c->log, "timeline_not_saved", "error=\"out of memory or queue full\"");
		save_dispose(s);
	}
}

static void call_over(struct call *c)
{
	struct cw_service *s = c->service;

	talloc_free(c);
	s->counts.ended++;
	s->counts.live--;
	if (s->draining && !s->counts.live && s->idle)
		s->idle(s->idle_arg);
}

static void recording_complete(int err, void *arg)
{
	struct call *c = arg;

	if (err)
		cw_log_error(&c->log, "recording_failed", "error=\"%s\"", strerror(err));
	call_over(c);
}

static void call_closed(struct cw_agent_call *agent_call, void *arg)
{
	struct call *c = arg;

	(void)agent_call;
	cw_log_info(&c->log, "call_ended", "events=%zu", cw_timeline_count(cw_agent_call_timeline(c->agent_call)));
	save_timeline(c);
	if (c->recorder)
		cw_recorder_finish(c->recorder, recording_complete, c);
	else
		call_over(c);
}

/* ---- the beginning ---- */

/* A call id comes from outside: as a file name it keeps letters, digits and dashes only. */
static char *file_safe(void *parent, const char *id)
{
	char *safe = talloc_strndup(parent, id, 64);

	for (char *p = safe; p && *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *p))
			*p = '_';
	return safe;
}

static int open_recorder(struct call *c)
{
	struct cw_service *s = c->service;
	struct cw_why why = {0};
	char *path = talloc_asprintf(c, "%s/%s.wav", s->calls_dir, c->id);
	int err = path ? cw_recorder_open(c, s->world, path, &c->recorder, &why) : ENOMEM;

	if (err)
		cw_log_error(&c->log, "recording_failed", "path=\"%s\" error=\"%s\"", path ? path : "", why.text);
	return err;
}

static int on_call(struct cw_line *line, const struct cw_line_info *info, void *arg)
{
	struct cw_service *s = arg;
	struct cw_why why = {0};

	if (s->draining) {
		s->counts.refused++;
		return ECANCELED;
	}

	CW_SCOPED struct call *c = talloc_zero(NULL, struct call);

	if (!c)
		return ENOMEM;
	c->service = s;
	c->id = file_safe(c, info->call_id);
	if (!c->id)
		return ENOMEM;
	c->log = (struct cw_log){&s->log, "call", c->id};
	if (s->conf->record)
		(void)open_recorder(c); /* a full disk must not keep anybody from being served */

	const struct cw_agent_call_conf conf = {.recorder = c->recorder, .closed = call_closed, .arg = c};
	int err = cw_agent_answer(c, s->agent, line, &conf, &c->agent_call, &why);

	if (err) {
		s->counts.refused++;
		cw_log_error(&c->log, "call_refused", "error=\"%s\"", why.text);
		return err;
	}
	cw_log_info(&c->log, "call_answered", "from=%s to=%s", info->from, info->to);
	s->counts.answered++;
	s->counts.live++;
	(void)talloc_move(s, &c);
	return 0;
}

/* ---- HTTP ---- */

static void answer_text(struct cw_exchange *x, int status, const char *type, struct cw_str body)
{
	const struct cw_header headers[] = {{"Content-Type", type}};

	(void)cw_reply(x, status, headers, 1, body.p, body.len); /* gone clients need no answer */
}

static void answer_metrics(const struct cw_service *s, struct cw_exchange *x)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	const struct cw_hist *times = cw_os_handler_times(s->world);

	cw_buf_fmt(&b, "# TYPE callwright_calls_answered_total counter\ncallwright_calls_answered_total %llu\n",
		(unsigned long long)s->counts.answered);
	cw_buf_fmt(&b, "# TYPE callwright_calls_refused_total counter\ncallwright_calls_refused_total %llu\n",
		(unsigned long long)s->counts.refused);
	cw_buf_fmt(&b, "# TYPE callwright_calls_live gauge\ncallwright_calls_live %u\n", s->counts.live);
	cw_buf_fmt(&b, "# TYPE callwright_handler_seconds_p99 gauge\ncallwright_handler_seconds_p99 %.6f\n",
		(double)cw_hist_quantile(times, 0.99) / 1e6);
	answer_text(x, 200, "text/plain; version=0.0.4", cw_buf_str(&b));
}

static void on_request(struct cw_exchange *x, void *arg)
{
	struct cw_service *s = arg;
	const char *path = cw_exchange_path(x);

	if (cw_twilio_server_request(s->twilio, x))
		return;
	if (!strcmp(path, "/healthz"))
		answer_text(x, 200, "text/plain", CW_STR_LIT("ok\n"));
	else if (!strcmp(path, "/metrics"))
		answer_metrics(s, x);
	else
		answer_text(
			x, 404, "text/plain", CW_STR_LIT("not found: calls come in at POST /voice, audio at /media\n"));
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	struct cw_service *s = arg;

	if (!cw_twilio_server_upgrade(s->twilio, x))
		answer_text(x, 404, "text/plain", CW_STR_LIT("not found: media streams open /media\n"));
}

/* ---- opening ---- */

static int make_dir(const char *path, struct cw_why *why)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return access(path, W_OK) == 0
			       ? 0
			       : cw_why_set(why, errno, "folder '%s' is not writable: %s", path, strerror(errno));
	return cw_why_set(why, errno, "cannot make folder '%s': %s", path, strerror(errno));
}

static int open_store(struct cw_service *s, struct cw_why *why)
{
	char *db_path = talloc_asprintf(s, "%s/callwright.db", s->conf->data_dir);
	int err;

	s->calls_dir = talloc_asprintf(s, "%s/calls", s->conf->data_dir);
	if (!db_path || !s->calls_dir)
		return ENOMEM;
	err = make_dir(s->conf->data_dir, why);
	if (!err)
		err = make_dir(s->calls_dir, why);
	return err ? err : cw_db_open(s, db_path, &s->db, why);
}

static void agent_ready(int err, void *arg)
{
	struct cw_service *s = arg;

	s->ready = true;
	s->ready_err = err;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int open_agent(struct cw_service *s, struct cw_why *why)
{
	const struct cw_agent_conf conf = {
		.path = s->conf->agent, .db = s->db, .stt = or_null(s->conf->stt), .voice = or_null(s->conf->voice)};
	int err = cw_agent_open(s, s->world, &conf, agent_ready, s, &s->agent, why);
	uint64_t until = cw_now(s->world) + READY_WITHIN_US;

	while (!err && !s->ready && cw_now(s->world) < until)
		cw_os_run_for(s->world, TURN_US);
	if (!err && !s->ready)
		return cw_why_set(why, ETIMEDOUT, "agent '%s' was not ready within %d s: its engines do not answer",
			s->conf->agent, READY_WITHIN_US / 1000000);
	if (!err && s->ready_err)
		return cw_why_set(why, s->ready_err, "agent '%s': its voice could not speak the spare prompts: %s",
			s->conf->agent, strerror(s->ready_err));
	return err;
}

static int open_network(struct cw_service *s, bool shared_port, struct cw_why *why)
{
	static const struct cw_routes routes = {.request = on_request, .upgrade = on_upgrade};
	const struct cw_twilio_server_conf twilio = {
		.auth_token = or_null(s->conf->twilio_auth_token),
		.public_url = or_null(s->conf->public_url),
		.voice_path = "/voice",
		.stream_path = "/media",
		.max_calls = s->conf->max_calls,
	};
	const struct cw_listen_conf listen = {
		.address = s->conf->listen,
		.cert_file = or_null(s->conf->tls_cert),
		.key_file = or_null(s->conf->tls_key),
		.reuse_port = shared_port,
	};
	int err = cw_twilio_server_new(s, s->world, &twilio, on_call, s, &s->twilio, why);

	return err ? err : cw_listen(s, s->world, &listen, &routes, s, &s->listener, why);
}

int cw_service_open(void *parent, struct cw_world *w, const struct cw_config *conf, bool shared_port,
	struct cw_service **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_service *s = talloc_zero(NULL, struct cw_service);

	if (!s)
		return ENOMEM;
	s->log = (struct cw_log){NULL, "serve", NULL};
	s->world = w;
	s->conf = conf;

	int err = open_store(s, why);

	if (!err)
		err = open_agent(s, why);
	if (!err)
		err = open_network(s, shared_port, why);
	if (err)
		return cw_why_set(why, err, "%s", strerror(err));
	*ret = talloc_move(parent, &s);
	return 0;
}

unsigned cw_service_port(const struct cw_service *s)
{
	return cw_server_port(s->listener);
}

struct cw_service_counts cw_service_counts(const struct cw_service *s)
{
	return s->counts;
}

void cw_service_drain(struct cw_service *s, void (*idle)(void *arg), void *arg)
{
	s->draining = true;
	s->idle = idle;
	s->idle_arg = arg;
	if (!s->counts.live)
		idle(arg);
}
