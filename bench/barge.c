/* Interruptions in real time on sockets: how fast the agent falls silent, by its own account and in the callers' recordings. */
#include <dirent.h>
#include <errno.h>

#include "agents.h"
#include "audio/wav.h"
#include "base/file.h"
#include "base/hist.h"
#include "call/timeline.h"
#include "media.h"
#include "ring.h"
#include "scratch.h"
#include "server.h"
#include "trial/view/measure.h"
#include "world/os.h"

#define SCENARIO    "bench/media.yaml"
#define CALLERS     30
#define SPREAD_US   3000000
#define LIMIT_US    60000000
#define SETTLE_US   2000000 /* for the agent to write the timelines of its calls */
#define WANTED      60      /* interruptions */
#define GOAL_CLEAR  5       /* ms */
#define GOAL_SILENT 250     /* ms */
#define FILE_BYTES  (16u << 20)

struct barge {
	struct cw_world *world;
	struct server *server;
	struct ring *ring;
	struct cw_hist *clear, *onset, *silent; /* decision to clear; onset to decision; onset to last sample heard */
	uint64_t unclear;                       /* interruptions which could not be measured */
	char *dir;
};

static void on_done(void *arg)
{
	struct barge *b = arg;

	cw_os_stop(b->world);
}

/* ---- by the agent's own account ---- */

static void read_agent(struct barge *b, const struct cw_timeline *t)
{
	const struct cw_event *e;
	uint64_t onset_us = 0, started_us = 0;

	for (size_t i = 0; (e = cw_timeline_at(t, i)); i++) {
		if (e->kind == CW_EV_SPEECH_STARTED && e->side == CW_SIDE_CALLER) {
			onset_us = (uint64_t)cw_json_int(e->data, "onset_us", 0);
			started_us = e->t_us;
		} else if (e->kind == CW_EV_CLEARED) {
			cw_hist_add(b->clear,
				(uint64_t)cw_json_int(e->data, "since_decision_us", 0) + (e->t_us - started_us));
			cw_hist_add(b->onset, started_us - onset_us);
		}
	}
}

static int read_agents(struct barge *b, struct cw_why *why)
{
	CW_SCOPED char *calls = talloc_asprintf(NULL, "%s/0/calls", b->dir);
	DIR *d = calls ? opendir(calls) : NULL;
	int err = d ? 0 : cw_why_set(why, errno, "the agent's timelines in %s: %s", b->dir, strerror(errno));

	for (const struct dirent *entry; !err && (entry = readdir(d));) {
		CW_SCOPED char *path = talloc_asprintf(NULL, "%s/%s", calls, entry->d_name);
		CW_BUF_SCOPED struct cw_buf text = CW_BUF(FILE_BYTES);
		struct cw_timeline *t;

		if (!path || !strstr(entry->d_name, ".jsonl"))
			continue;
		err = cw_file_read(path, FILE_BYTES, &text, why);
		if (!err)
			err = cw_timeline_parse(path, text.p ? text.p : "", text.len, &t, why);
		if (!err)
			read_agent(b, t);
	}
	if (d)
		closedir(d);
	return err;
}

/* ---- in the recordings ---- */

static int load_recording(void *parent, const char *path, int16_t *pcm[2], size_t *n, struct cw_why *why)
{
	int16_t block[2 * 1024];
	struct cw_wav_reader *r;
	size_t got;
	int err = cw_wav_open(parent, path, &r, why);

	if (err)
		return err;
	for (int side = 0; side < 2; side++)
		pcm[side] = talloc_array(parent, int16_t, cw_wav_frames(r) + 1);
	if (!pcm[0] || !pcm[1])
		return ENOMEM;
	for (*n = 0; !(err = cw_wav_read(r, block, 1024, &got)) && got; *n += got)
		for (size_t i = 0; i < got && *n + i < cw_wav_frames(r); i++)
			for (int side = 0; side < 2; side++)
				pcm[side][*n + i] = block[2 * i + (size_t)side];
	return err;
}

static int read_call(struct barge *b, const struct ring_caller *c, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_view_conf conf = {.caller = c->timeline,
		.script = &c->script,
		.end_reason = c->reason,
		.end_detail = c->detail,
		.end_us = c->end_us};
	int16_t *pcm[2];
	struct cw_view *v;
	int err = c->recording ? load_recording(scope, c->recording, pcm, &conf.n_samples, why)
			       : cw_why_set(why, EIO, "a call has no recording: %s %s", cw_end_reason_name(c->reason),
					 c->detail);

	if (err)
		return err;
	conf.pcm[CW_SIDE_CALLER] = pcm[0];
	conf.pcm[CW_SIDE_AGENT] = pcm[1];
	err = cw_view_new(scope, &conf, &v);
	for (size_t i = 0; !err && i < v->n_plays; i++) {
		struct cw_value ms = cw_measure_barge_in_stop_ms(v, i);

		if (ms.known)
			cw_hist_add(b->silent, (uint64_t)(ms.v * 1000));
		else if (!strcmp(v->plays[i].kind, "turn") && !strcmp(v->plays[i].action, "say"))
			b->unclear++;
	}
	return err;
}

/* ---- rows ---- */

static double ms(const struct cw_hist *h, double q)
{
	return (double)cw_hist_quantile(h, q) / 1000;
}

static void put_rows(struct barge *b, struct media *m)
{
	MEDIA_ROW(.name = "interruptions in the recordings", .value = (double)cw_hist_count(b->silent), .unit = "",
		.kind = MEDIA_AT_LEAST, .goal = WANTED);
	MEDIA_ROW(.name = "  not measurable (the agent was not speaking)", .value = (double)b->unclear, .unit = "");
	MEDIA_ROW(.name = "VAD decision to clear on the wire, p50", .value = ms(b->clear, 0.5), .unit = "ms");
	MEDIA_ROW(.name = "VAD decision to clear on the wire, p99", .value = ms(b->clear, 0.99), .unit = "ms",
		.kind = MEDIA_AT_MOST, .goal = GOAL_CLEAR);
	MEDIA_ROW(.name = "VAD decision to clear on the wire, max", .value = (double)cw_hist_max(b->clear) / 1000,
		.unit = "ms");
	MEDIA_ROW(.name = "caller's onset to VAD decision, p95", .value = ms(b->onset, 0.95), .unit = "ms");
	MEDIA_ROW(.name = "onset to last agent sample heard, p50", .value = ms(b->silent, 0.5), .unit = "ms");
	MEDIA_ROW(.name = "onset to last agent sample heard, p95", .value = ms(b->silent, 0.95), .unit = "ms",
		.kind = MEDIA_AT_MOST, .goal = GOAL_SILENT);
	MEDIA_ROW(.name = "onset to last agent sample heard, max", .value = (double)cw_hist_max(b->silent) / 1000,
		.unit = "ms");
}

static int talk(struct barge *b, struct cw_why *why)
{
	const unsigned *ports;
	unsigned n = server_ports(b->server, &ports);
	const struct ring_conf conf = {.scenario = SCENARIO,
		.test = "interrupt",
		.voice = "modem",
		.ports = ports,
		.n_ports = n,
		.callers = CALLERS,
		.spread_us = SPREAD_US,
		.record_dir = b->dir,
		.done = on_done,
		.arg = b};
	int err = ring_start(b->world, b->world, &conf, &b->ring, why);

	if (err)
		return err;
	cw_os_run_for(b->world, LIMIT_US);
	cw_os_run_for(b->world, SETTLE_US);
	for (unsigned i = 0; i < CALLERS && !err; i++)
		err = read_call(b, &ring_callers(b->ring)[i], why);
	return err ? err : read_agents(b, why);
}

int media_barge(struct media *m, struct cw_why *why)
{
	CW_SCOPED char *dir = bench_scratch_new(NULL);
	CW_SCOPED struct barge *b = dir ? talloc_zero(NULL, struct barge) : NULL;
	const struct agents_conf conf = {
		.agent = m->agent, .dir = dir, .n = 1, .stt = "modem", .voice = "modem", .record = true};
	const char **argv = b ? agents_argv(b, &conf) : NULL;

	if (!argv || cw_hist_new(b, &b->clear) || cw_hist_new(b, &b->onset) || cw_hist_new(b, &b->silent))
		return ENOMEM;
	b->dir = dir;

	int err = server_start(b, argv, MEDIA_SERVER_CPU, &b->server, why);

	if (!err)
		err = cw_os_new(b, &(struct cw_os_conf){.workers = 2}, &b->world);
	if (err)
		return err;
	media_section("barge-in, %u callers who speak into three turns of the agent each", CALLERS);
	err = talk(b, why);
	if (!err)
		put_rows(b, m);
	return err;
}
