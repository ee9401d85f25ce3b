#include <errno.h>
#include <string.h>

#include "audio/tone.h"
#include "audio/vad.h"
#include "audio/wav.h"
#include "base/json.h"
#include "line/twilio_call.h"

#define FRAMES_PER_S 50u
#define BEEP_MS      500u
#define LENGTH_MAX_S 3600u

struct record;

/* What the work job owns: it outlives verb and call. */
struct saving {
	struct record *record; /* to tell when it is done; not touched by the worker */
	char *path;
	struct cw_buf ulaw;
	int err;
};

struct record {
	struct verb v;
	bool beeping, saving;
	unsigned timeout, max_frames, frames;
	const char *finish_keys;
	struct cw_vad vad;
	bool spoke;
	uint64_t first_frame; /* with speech */
	struct cw_buf ulaw;
	int64_t started_wall_us;
	char sid[CW_TWILIO_SID_SIZE];
	char url[300];
	char digits[8];
	unsigned duration_s;
	struct cw_work *work;
};

static int record_destroy(struct record *r)
{
	cw_buf_clear(&r->ulaw);
	return 0;
}

/* ---- the file ---- */

static int saving_destroy(struct saving *s)
{
	cw_buf_clear(&s->ulaw);
	return 0;
}

static void save_run(void *arg)
{
	static const struct cw_wav_format format = {CW_WAV_PCM16, CW_RATE_HZ, 1};
	struct saving *s = arg;
	struct cw_wav_writer *w = NULL;
	int16_t pcm[CW_FRAME_SAMPLES];

	s->err = cw_wav_create(s, s->path, &format, &w, NULL);
	for (size_t at = 0; !s->err && at < s->ulaw.len; at += CW_FRAME_SAMPLES) {
		size_t n = s->ulaw.len - at < CW_FRAME_SAMPLES ? s->ulaw.len - at : CW_FRAME_SAMPLES;

		cw_ulaw_decode((const uint8_t *)s->ulaw.p + at, pcm, n);
		s->err = cw_wav_write(w, pcm, n);
	}
	if (!s->err)
		s->err = cw_wav_finish(w);
	talloc_free(w);
}

static void save_dispose(void *arg)
{
	talloc_free(arg);
}

static void nothing_done(void *arg)
{
	(void)arg;
}

/* Hand the audio to a job which hangs from @parent. */
static int save(struct record *r, void *parent, cw_fn *done)
{
	CW_SCOPED struct saving *s = talloc_zero(NULL, struct saving);
	struct cw_job job = {
		.run = save_run, .done = done, .dispose = save_dispose, .blocking = true, .label = "twilio.record"};
	int err;

	if (!s)
		return ENOMEM;
	s->record = r;
	s->path = talloc_asprintf(s, "%s/%s.wav", r->v.call->conf.record_dir, r->sid);
	if (!s->path)
		return ENOMEM;
	s->ulaw = r->ulaw;
	r->ulaw = CW_BUF(0);
	talloc_set_destructor(s, saving_destroy);
	job.arg = s;
	err = cw_work(parent, r->v.call->world, &job, &r->work);
	if (!err)
		s = NULL; /* the job's now */
	return err;
}

/* ---- telling the agent ---- */

static void add_result(const struct record *r, struct cw_form *f)
{
	cw_params_add(f, "RecordingUrl", "%s", r->url);
	cw_params_add(f, "RecordingSid", "%s", r->sid);
	cw_params_add(f, "RecordingDuration", "%u", r->duration_s);
	if (r->digits[0])
		cw_params_add(f, "Digits", "%s", r->digits);
}

static void status_callback(struct record *r)
{
	struct call *c = r->v.call;
	const char *ref = cw_twiml_attr(r->v.node, "recordingStatusCallback", NULL);
	const char *events = cw_twiml_attr(r->v.node, "recordingStatusCallbackEvent", "completed");
	const char *status = r->duration_s ? "completed" : "absent";
	CW_SCOPED char *url = ref && strstr(events, status) ? cw_call_resolve(c, NULL, ref) : NULL;
	CW_SCOPED struct cw_form *f = url ? cw_params_new(NULL) : NULL;
	char started[40];

	if (!f)
		return;
	cw_rfc2822(r->started_wall_us, started);
	cw_params_add(f, "AccountSid", "%s", c->conf.account_sid);
	cw_params_add(f, "CallSid", "%s", c->call_sid);
	cw_params_add(f, "RecordingSid", "%s", r->sid);
	cw_params_add(f, "RecordingUrl", "%s", r->url);
	cw_params_add(f, "RecordingStatus", "%s", status);
	cw_params_add(f, "RecordingDuration", "%u", r->duration_s);
	cw_params_add(f, "RecordingChannels", "1");
	cw_params_add(f, "RecordingStartTime", "%s", started);
	cw_params_add(f, "RecordingSource", "RecordVerb");
	cw_params_add(f, "RecordingTrack", "inbound");
	cw_call_callback(c, cw_twiml_attr(r->v.node, "recordingStatusCallbackMethod", "POST"), url, f);
}

static void go_on(struct record *r)
{
	struct cw_form *f = cw_params_new(r);

	status_callback(r);
	add_result(r, f);
	cw_call_verb_action(&r->v, f, true);
}

static void saved(void *arg)
{
	struct saving *s = arg;

	if (s->err)
		cw_call_warn(s->record->v.call, 13600, "<Record>: %s: %s", s->path, strerrordesc_np(s->err));
	go_on(s->record);
}

/* Cut off what the caller did not say, as trim="trim-silence" asks, and count. */
static void trim(struct record *r)
{
	struct call *c = r->v.call;
	size_t from = 0, to = r->ulaw.len;

	if (!strcmp(cw_twiml_attr(r->v.node, "trim", "trim-silence"), "trim-silence")) {
		from = r->spoke ? (size_t)r->first_frame * CW_FRAME_SAMPLES : to;
		to = r->spoke ? (size_t)(r->vad.last_frame + 1) * CW_FRAME_SAMPLES : to;
	}
	if (to < r->ulaw.len)
		r->ulaw.len = to;
	if (from)
		cw_buf_trim_front(&r->ulaw, from < r->ulaw.len ? from : r->ulaw.len);
	r->duration_s = (unsigned)((r->ulaw.len + CW_RATE_HZ / 2) / CW_RATE_HZ);
	snprintf(r->url, sizeof(r->url), "%s/2010-04-01/Accounts/%s/Recordings/%s", c->conf.api_base,
		c->conf.account_sid, r->sid);
	cw_call_note(c, "twilio.recorded", "{s:s, s:i, s:s}", "sid", r->sid, "seconds", (int)r->duration_s, "digits",
		r->digits);
}

static void over(struct record *r, const char *digits)
{
	snprintf(r->digits, sizeof(r->digits), "%s", digits);
	trim(r);
	r->saving = true;
	if (!r->v.call->conf.record_dir || !r->ulaw.len) {
		go_on(r);
		return;
	}
	int err = save(r, r, saved);

	if (err) {
		cw_call_warn(r->v.call, 13600, "<Record>: %s", strerrordesc_np(err));
		go_on(r);
	}
}

/* The caller hung up: the recording is kept and its action told, though its answer has no call to act on. */
static void record_hung_up(struct verb *v)
{
	struct record *r = (struct record *)v;
	struct call *c = v->call;
	const char *action = cw_twiml_attr(v->node, "action", c->url);
	CW_SCOPED char *url = NULL;
	CW_SCOPED struct cw_form *f = NULL;
	if (r->beeping || r->saving)
		return;
	snprintf(r->digits, sizeof(r->digits), "hangup");
	trim(r);
	if (c->conf.record_dir && r->ulaw.len && save(r, c->parent, nothing_done))
		cw_call_warn(c, 13600, "<Record>: out of memory");
	status_callback(r);
	url = *action ? cw_call_resolve(c, NULL, action) : NULL;
	f = url ? cw_params_new(NULL) : NULL;
	if (!f)
		return;
	cw_call_params(c, f);
	add_result(r, f);
	cw_call_callback(c, cw_twiml_attr(v->node, "method", "POST"), url, f);
}

static void record_frame(struct verb *v, const uint8_t *ulaw, bool voice)
{
	struct record *r = (struct record *)v;
	int16_t pcm[CW_FRAME_SAMPLES];

	(void)voice;
	if (r->beeping) {
		r->beeping = cw_playout_buffered(v->call->playout) > 0;
		return;
	}
	if (r->saving)
		return;
	if (!r->frames)
		r->started_wall_us = cw_wall(v->call->world);
	cw_ulaw_decode(ulaw, pcm, CW_FRAME_SAMPLES);
	if (cw_vad_feed(&r->vad, pcm) == CW_VAD_STARTED && !r->spoke) {
		r->spoke = true;
		r->first_frame = r->vad.onset_frame;
	}
	cw_buf_put(&r->ulaw, ulaw, CW_FRAME_SAMPLES);

	uint64_t last = r->spoke ? r->vad.last_frame + 1 : 0;

	if (++r->frames >= r->max_frames || cw_buf_err(&r->ulaw))
		over(r, "");
	else if (r->timeout && !r->vad.speech && r->frames - last >= r->timeout)
		over(r, "");
}

static void record_digit(struct verb *v, char digit)
{
	struct record *r = (struct record *)v;

	if (r->beeping || r->saving || !strchr(r->finish_keys, digit))
		return;
	over(r, (const char[]){digit, '\0'});
}

static int record_start(struct verb *v)
{
	struct record *r = (struct record *)v;
	unsigned max_s = cw_twiml_attr_uint(
		v->node, "maxLength", cw_twiml_attr_bool(v->node, "transcribe", false) ? 120 : LENGTH_MAX_S);
	unsigned timeout_s = cw_twiml_attr_uint(v->node, "timeout", 5);

	talloc_set_destructor(r, record_destroy);
	if (!max_s || max_s > LENGTH_MAX_S)
		max_s = LENGTH_MAX_S;
	r->max_frames = max_s * FRAMES_PER_S;
	r->timeout = (timeout_s < LENGTH_MAX_S ? timeout_s : LENGTH_MAX_S) * FRAMES_PER_S;
	r->finish_keys = cw_twiml_attr(v->node, "finishOnKey", "1234567890*#");
	r->ulaw = CW_BUF((size_t)LENGTH_MAX_S * CW_RATE_HZ + CW_FRAME_SAMPLES);
	cw_vad_init(&r->vad, NULL);
	cw_call_sid(v->call, "RE", r->sid);
	cw_call_note(v->call, "twilio.record", "{s:s, s:i}", "sid", r->sid, "max_s", (int)max_s);
	if (!cw_twiml_attr_bool(v->node, "playBeep", true))
		return 0;

	int16_t *pcm;
	size_t n;
	int err = cw_progress_render(r, CW_TONE_BEEP, BEEP_MS, &pcm, &n);

	if (err)
		return err;
	cw_call_play_pcm(v->call, pcm, n);
	talloc_free(pcm);
	r->beeping = true;
	return 0;
}

const struct verb_ops cw_record_ops = {
	"Record", record_start, record_frame, record_digit, sizeof(struct record), false, record_hung_up};
