#include <errno.h>
#include <string.h>

#include "audio/tone.h"
#include "base/json.h"
#include "line/twilio_call.h"
#include "speech/tts.h"

#define FRAMES_PER_S  50u
#define ANSWER_FRAMES (2 * FRAMES_PER_S) /* a callee picks up after two seconds */
#define RING_MS       2000u              /* ringback: 2 s on, 4 s off */
#define RING_PERIOD   (6 * FRAMES_PER_S)
#define LINGER_FRAMES (1 * FRAMES_PER_S) /* the callee waits for a word, then hangs up */

enum leg_state { LEG_RINGING, LEG_TALKING, LEG_OVER };

/* <Dial>: the second leg is a test callee who picks up when its number is listed, says one sentence and hangs up. */
struct dial {
	struct verb v;
	const struct cw_twiml_node *noun; /* whose number is rung; the verb itself for plain text */
	const char *number;
	bool will_answer, star_ends;
	enum leg_state state;
	unsigned timeout, limit; /* frames */
	unsigned frames;         /* in this state */
	unsigned quiet;
	char sid[CW_TWILIO_SID_SIZE];
	unsigned sequence;
	bool spoken;
	struct cw_tts_job *job;
	int16_t *ring;
	size_t ring_n;
};

/* ---- progress callbacks of the noun ---- */

static void progress(struct dial *d, const char *event, const char *status)
{
	struct call *c = d->v.call;
	const char *ref = cw_twiml_attr(d->noun, "statusCallback", NULL);
	const char *wanted = cw_twiml_attr(d->noun, "statusCallbackEvent", "completed");
	CW_SCOPED char *url = ref && strstr(wanted, event) ? cw_call_resolve(c, NULL, ref) : NULL;
	CW_SCOPED struct cw_form *f = url ? cw_params_new(NULL) : NULL;
	char stamp[40];

	cw_call_note(c, "twilio.dial", "{s:s, s:s}", "number", d->number, "status", status);
	if (!f)
		return;
	cw_rfc2822(cw_wall(c->world), stamp);
	cw_params_add(f, "AccountSid", "%s", c->conf.account_sid);
	cw_params_add(f, "ApiVersion", "2010-04-01");
	cw_params_add(f, "CallSid", "%s", d->sid);
	cw_params_add(f, "ParentCallSid", "%s", c->call_sid);
	cw_params_add(f, "CallStatus", "%s", status);
	cw_params_add(f, "Direction", "outbound-dial");
	cw_params_add(f, "From", "%s", cw_twiml_attr(d->v.node, "callerId", c->conf.from));
	cw_params_add(f, "To", "%s", d->number);
	cw_params_add(f, "Timestamp", "%s", stamp);
	cw_params_add(f, "CallbackSource", "call-progress-events");
	cw_params_add(f, "SequenceNumber", "%u", d->sequence++);
	if (!strcmp(event, "completed")) {
		unsigned seconds = d->state == LEG_TALKING ? d->frames / FRAMES_PER_S : 0;

		cw_params_add(f, "CallDuration", "%u", seconds);
		cw_params_add(f, "Duration", "%u", (seconds + 59) / 60);
	}
	cw_call_callback(c, cw_twiml_attr(d->noun, "statusCallbackMethod", "POST"), url, f);
}

/* ---- the leg ---- */

static void over(struct dial *d, const char *status)
{
	struct call *c = d->v.call;
	bool bridged = d->state == LEG_TALKING;
	struct cw_form *f;

	progress(d, "completed", status);
	d->state = LEG_OVER;
	TALLOC_FREE(d->job);
	cw_playout_clear(c->playout);
	f = cw_params_new(d);
	cw_params_add(f, "DialCallStatus", "%s", status);
	cw_params_add(f, "DialCallSid", "%s", d->sid);
	cw_params_add(f, "DialBridged", "%s", bridged ? "true" : "false");
	if (bridged)
		cw_params_add(f, "DialCallDuration", "%u", d->frames / FRAMES_PER_S);
	cw_call_verb_action(&d->v, f, false);
}

static void on_speech(const int16_t *pcm, size_t n, void *arg)
{
	struct dial *d = arg;

	cw_call_play_pcm(d->v.call, pcm, n);
}

static void on_spoken(int err, const char *reason, void *arg)
{
	struct dial *d = arg;

	if (err)
		cw_call_warn(
			d->v.call, 13520, "the dialled party cannot speak: %s", reason ? reason : strerrordesc_np(err));
	TALLOC_FREE(d->job);
	d->spoken = true;
}

static void pick_up(struct dial *d)
{
	static const struct cw_tts_events events = {.audio = on_speech, .done = on_spoken};
	struct call *c = d->v.call;

	d->state = LEG_TALKING;
	d->frames = 0;
	cw_playout_clear(c->playout);
	progress(d, "answered", "in-progress");
	if (cw_call_open_voice(c) || cw_tts_say(d, c->voice, c->conf.dial_say, &events, d, &d->job))
		d->spoken = true;
}

static void ring(struct dial *d)
{
	if (d->frames % RING_PERIOD == 0)
		cw_call_play_pcm(d->v.call, d->ring, d->ring_n);
	d->frames++;
	if (d->will_answer && d->frames >= ANSWER_FRAMES)
		pick_up(d);
	else if (d->frames >= d->timeout)
		over(d, "no-answer");
}

static void dial_frame(struct verb *v, const uint8_t *ulaw, bool voice)
{
	struct dial *d = (struct dial *)v;
	bool talking;

	(void)ulaw;
	if (d->state == LEG_RINGING) {
		ring(d);
		return;
	}
	talking = !d->spoken || cw_playout_buffered(v->call->playout);
	d->frames++;
	d->quiet = talking || voice ? 0 : d->quiet + 1;
	if (d->frames >= d->limit || d->quiet >= LINGER_FRAMES)
		over(d, "completed");
}

static void dial_digit(struct verb *v, char digit)
{
	struct dial *d = (struct dial *)v;

	if (digit == '*' && d->star_ends && d->state == LEG_TALKING)
		over(d, "completed");
}

static void dial_hung_up(struct verb *v)
{
	struct dial *d = (struct dial *)v;

	if (d->state != LEG_OVER)
		progress(d, "completed", d->state == LEG_TALKING ? "completed" : "canceled");
	d->state = LEG_OVER;
}

/* ---- whom to ring ---- */

static bool listed(const struct call *c, const char *number)
{
	for (size_t i = 0; c->conf.dial_numbers && c->conf.dial_numbers[i]; i++)
		if (!strcmp(c->conf.dial_numbers[i], number))
			return true;
	return false;
}

/* Several nouns ring at once: the first who would pick up counts, else the first. */
static void choose(struct dial *d)
{
	struct call *c = d->v.call;

	d->noun = d->v.node;
	d->number = d->v.node->text;
	for (const struct cw_twiml_node *n = d->v.node->first; n; n = n->next) {
		if (strcmp(n->name, "Number") != 0) {
			cw_call_note(c, "twilio.unsupported", "{s:s, s:i}", "verb", n->name, "line", (int)n->line);
			continue;
		}
		if (d->noun == d->v.node || (!d->will_answer && listed(c, n->text))) {
			d->noun = n;
			d->number = n->text;
		}
		d->will_answer = listed(c, d->number);
	}
	d->will_answer = listed(c, d->number);
}

static int dial_start(struct verb *v)
{
	struct dial *d = (struct dial *)v;
	unsigned timeout = cw_twiml_attr_uint(v->node, "timeout", 30),
		 limit = cw_twiml_attr_uint(v->node, "timeLimit", 14400);
	int err;

	d->timeout = (timeout < 600 ? timeout : 600) * FRAMES_PER_S;
	d->limit = (limit < 86400 ? limit : 86400) * FRAMES_PER_S;
	d->star_ends = cw_twiml_attr_bool(v->node, "hangupOnStar", false);
	cw_call_sid(v->call, "CA", d->sid);
	choose(d);
	if (!*d->number) {
		over(d, "failed");
		return 0;
	}
	err = cw_progress_render(d, CW_TONE_RINGBACK, RING_MS, &d->ring, &d->ring_n);
	if (err)
		return err;
	progress(d, "initiated", "initiated");
	progress(d, "ringing", "ringing");
	return 0;
}

const struct verb_ops cw_dial_ops = {
	"Dial", dial_start, dial_frame, dial_digit, sizeof(struct dial), false, dial_hung_up};
