#include "latency.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/wav.h"
#include "base/mem.h"
#include "call/recorder.h"
#include "caller/caller.h"
#include "world/world.h"

#define NEVER_US 3600000000u

struct latency_call {
	struct cw_world *world;
	struct latency_conf conf;
	int16_t clip[ANSWERER_CLIP];
	struct cw_script script;
	struct cw_timeline *timeline;
	struct cw_recorder *recorder;
	struct cw_caller *caller;
	struct cw_script_result result;
	enum cw_end_reason reason;
	uint64_t epoch_us, end_us;
};

static int make_script(struct latency_call *c)
{
	struct cw_step *steps = talloc_zero_array(c, struct cw_step, c->conf.n);

	if (!steps)
		return ENOMEM;
	answerer_clip(c->clip);
	for (size_t i = 0; i < c->conf.n; i++)
		steps[i] = (struct cw_step){.act = CW_ACT_PLAY,
			.text = "",
			.pcm = c->clip,
			.pcm_n = ANSWERER_CLIP,
			.when = i ? CW_WHEN_TURN : CW_WHEN_ANSWER,
			.delay_us = i ? ANSWERER_TURN_US : 700000};
	c->script = (struct cw_script){.steps = steps,
		.n_steps = c->conf.n,
		.greeting_us = NEVER_US,
		.wait_us = NEVER_US,
		.reprompt = "",
		.pardon = "",
		.pardon_us = NEVER_US,
		.deadlock_us = NEVER_US,
		.linger_us = ANSWERER_TURN_US};
	return 0;
}

int latency_call_new(void *parent, struct cw_world *w, const struct latency_conf *conf, struct latency_call **ret,
	struct cw_why *why)
{
	CW_SCOPED struct latency_call *c = talloc_zero(NULL, struct latency_call);

	if (!c)
		return ENOMEM;
	c->world = w;
	c->conf = *conf;
	c->epoch_us = cw_now(w);

	int err = make_script(c);

	if (!err)
		err = cw_timeline_new(c, &c->timeline);
	if (!err)
		err = cw_recorder_open(c, w, conf->wav, &c->recorder, why);
	if (!err)
		*ret = talloc_move(parent, &c);
	return err;
}

static void on_recorded(int err, void *arg)
{
	struct latency_call *c = arg;

	(void)err; /* samples that are missing come out as no value */
	c->conf.done(c->conf.arg);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct latency_call *c = arg;

	(void)detail;
	c->reason = reason;
	c->end_us = cw_now(c->world) - c->epoch_us;
	c->result = *cw_caller_result(c->caller);
	cw_recorder_finish(c->recorder, on_recorded, c);
}

int latency_call_dial(struct latency_call *c, struct cw_line *carrier, struct cw_why *why)
{
	const struct cw_caller_conf cc = {
		.script = &c->script,
		.voice = "modem",
		.language = "en-US",
		.channel = c->conf.channel,
		.timeline = c->timeline,
		.recorder = c->recorder,
		.epoch_us = c->epoch_us,
		.closed = on_closed,
		.arg = c,
	};

	return cw_caller_open(c, c->world, &cc, carrier, &c->caller, why);
}

/* ---- measuring ---- */

static int load(void *parent, const char *path, int16_t *pcm[2], size_t *n)
{
	CW_SCOPED struct cw_wav_reader *r = NULL;
	int err = cw_wav_open(NULL, path, &r, NULL);
	int16_t block[2 * 4096];
	size_t frames, at = 0, got;

	if (err)
		return err;
	frames = (size_t)cw_wav_frames(r);
	pcm[0] = talloc_array(parent, int16_t, frames + 1);
	pcm[1] = talloc_array(parent, int16_t, frames + 1);
	if (!pcm[0] || !pcm[1])
		return ENOMEM;
	while (!(err = cw_wav_read(r, block, CW_COUNT(block) / 2, &got)) && got && at + got <= frames)
		for (size_t i = 0; i < got; i++, at++) {
			pcm[0][at] = block[2 * i];
			pcm[1][at] = block[2 * i + 1];
		}
	*n = at;
	return err;
}

int latency_call_read(const struct latency_call *c, struct latency_sample *out)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_view_conf vc = {
		.caller = c->timeline, .script = &c->result, .end_reason = c->reason, .end_us = c->end_us};
	struct cw_view *v = NULL;
	int16_t *pcm[2];
	int err = scope ? load(scope, c->conf.wav, pcm, &vc.n_samples) : ENOMEM;

	if (err)
		return err;
	vc.pcm[CW_SIDE_CALLER] = pcm[0];
	vc.pcm[CW_SIDE_AGENT] = pcm[1];
	err = cw_view_new(scope, &vc, &v);
	if (err)
		return err;
	if (v->n_plays < c->conf.n)
		return EBADMSG;
	for (size_t i = 0; i < c->conf.n; i++)
		out[i] = (struct latency_sample){.kind = c->conf.answers[i].kind,
			.want_ms = c->conf.answers[i].delay / 8.0,
			.got = cw_measure_response_ms(v, i)};
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int latency_stat_of(const struct latency_sample *s, size_t n, enum answer_kind kind, struct latency_stat *ret)
{
	CW_SCOPED double *sizes = talloc_array(NULL, double, n + 1);
	struct latency_stat t = {0};
	double sum = 0, squares = 0;

	if (!sizes)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		double error = s[i].got.v - s[i].want_ms;

		if (kind != ANSWER_KINDS && s[i].kind != kind)
			continue;
		t.nulls += !s[i].got.known;
		if (!s[i].got.known)
			continue;
		sum += error;
		squares += error * error;
		sizes[t.n++] = fabs(error);
	}
	qsort(sizes, t.n, sizeof(*sizes), by_size);
	if (t.n) {
		t.bias = sum / (double)t.n;
		t.sd = sqrt(fmax(0, squares / (double)t.n - t.bias * t.bias));
		t.p95_abs = sizes[(size_t)ceil(0.95 * (double)t.n) - 1];
		t.max_abs = sizes[t.n - 1];
	}
	*ret = t;
	return 0;
}
