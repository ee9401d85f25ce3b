#include <errno.h>
#include <string.h>

#include "audio/tone.h"
#include "base/id.h"
#include "base/json.h"
#include "line/twilio_call.h"

#define PLAYOUT_MAX    (10u * 60 * CW_RATE_HZ) /* Twilio discards what goes beyond (31931) */
#define MIC_MAX_FRAMES 8u
#define CATCH_UP_MAX   25u /* frames made up after a late tick; beyond it time is skipped */
#define NEWS_MAX       256u
#define LIMIT_US       (4ull * 3600 * 1000000)
#define ZEROS32        "00000000000000000000000000000000"

void cw_call_sid(struct call *c, const char *prefix, char out[CW_TWILIO_SID_SIZE])
{
	memcpy(out, prefix, 2);
	cw_id_hex(cw_rng(c->world), out + 2, 32);
}

const char *cw_call_status(const struct call *c)
{
	switch (c->state) {
	case CALL_QUEUED:
		return "queued";
	case CALL_INITIATED:
		return "initiated";
	case CALL_RINGING:
		return "ringing";
	case CALL_IN_PROGRESS:
		return "in-progress";
	default:
		return c->final_status;
	}
}

/* ---- news: what the listener is told, from the pump ---- */

static void pump(void *arg);

void cw_call_pump(struct call *c)
{
	if (!cw_timer_active(&c->pump))
		cw_timer_start(&c->pump, 0, pump, c);
}

static struct news *news_add(struct call *c, enum news_kind kind)
{
	struct news *n = c->n_news < NEWS_MAX && c->state != CALL_CLOSED ? talloc_zero(c, struct news) : NULL;

	if (!n)
		return NULL; /* a flood of remarks, or no memory: the call is worth more */
	n->kind = kind;
	*c->news_tail = n;
	c->news_tail = &n->next;
	c->n_news++;
	cw_call_pump(c);
	return n;
}

void cw_call_note(struct call *c, const char *what, const char *fmt, ...)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(16384);
	CW_JSON_SCOPED json_t *data = NULL;
	struct news *n;
	va_list ap;

	va_start(ap, fmt);
	data = json_vpack_ex(NULL, 0, fmt, ap);
	va_end(ap);
	if (!data)
		return; /* no memory, or bytes from outside which are not UTF-8 */
	cw_json_dump(&b, data);
	cw_log_debug(&c->log, what, "%s", b.p ? b.p : "");
	n = news_add(c, NEWS_NOTE);
	if (!n)
		return;
	n->what = talloc_strdup(n, what);
	n->json = cw_buf_take(&b, n);
}

void cw_call_warn(struct call *c, unsigned code, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cw_call_note(c, "twilio.warning", "{s:i, s:s}", "code", (int)code, "text", text);
}

static void tell(struct call *c, const struct news *n)
{
	const struct cw_line_events *ev = c->line.ev;

	if (!ev)
		return;
	switch (n->kind) {
	case NEWS_ANSWERED:
		if (ev->answered)
			ev->answered(&c->info, c->line.arg);
		break;
	case NEWS_NOTE:
		if (ev->note && n->what && n->json)
			ev->note(n->what, n->json, c->line.arg);
		break;
	case NEWS_MARK:
		if (ev->mark)
			ev->mark(n->mark, false, c->line.arg);
		break;
	}
}

/* false: the call was freed by who heard it. */
static bool tell_all(struct call *c)
{
	bool gone = false;

	c->gone = &gone;
	while (c->news) {
		struct news *n = c->news;

		c->news = n->next;
		if (!c->news)
			c->news_tail = &c->news;
		c->n_news--;
		tell(c, n);
		if (gone)
			return false;
		talloc_free(n);
	}
	c->gone = NULL;
	return true;
}

static void pump(void *arg)
{
	struct call *c = arg;

	if (!tell_all(c))
		return;
	if (c->state == CALL_ENDING && !cw_media_any(c)) {
		c->state = CALL_CLOSED;
		if (c->line.ev && c->line.ev->closed)
			c->line.ev->closed(c->reason, c->detail, c->line.arg);
		return;
	}
	if (c->want_verb && c->state < CALL_ENDING) {
		c->want_verb = false;
		cw_call_next_verb(c);
	}
}

/* ---- states ---- */

static void note_status(struct call *c, const char *event)
{
	char what[40];

	snprintf(what, sizeof(what), "status.%s", cw_call_status(c));
	cw_call_note(c, what, "{}");
	cw_call_status_callback(c, event);
}

static void tick(void *arg);

static void limit_reached(void *arg)
{
	struct call *c = arg;

	cw_call_end(c, CW_END_TIMEOUT, "completed", "the call reached its time limit");
}

void cw_call_answer(struct call *c)
{
	if (c->state != CALL_RINGING)
		return;
	c->state = CALL_IN_PROGRESS;
	c->answered_wall_us = cw_wall(c->world);
	c->epoch_us = cw_now(c->world);
	cw_tick_start(&c->tick, tick, c);
	cw_timer_start(&c->limit, c->conf.time_limit_us, limit_reached, c);
	note_status(c, "answered");
	(void)news_add(c, NEWS_ANSWERED);
}

void cw_call_end(struct call *c, enum cw_end_reason reason, const char *status, const char *fmt, ...)
{
	va_list ap;

	if (c->state >= CALL_ENDING)
		return;
	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
	va_end(ap);
	c->state = CALL_ENDING;
	c->reason = reason;
	c->final_status = status;
	c->ended_wall_us = cw_wall(c->world);
	cw_tick_stop(&c->tick);
	cw_timer_stop(&c->limit);
	if (c->verb && c->verb->ops->hung_up)
		c->verb->ops->hung_up(c->verb);
	cw_media_stop_all(c);
	cw_call_verb_drop(c);
	TALLOC_FREE(c->fetch);
	note_status(c, "completed");
	cw_call_pump(c);
}

void cw_call_stream_over(struct call *c)
{
	if (c->state == CALL_ENDING)
		cw_call_pump(c);
}

/* ---- audio ---- */

static bool is_voice(const uint8_t *ulaw)
{
	for (size_t i = 0; i < CW_FRAME_SAMPLES; i++)
		if ((ulaw[i] & 0x7F) != 0x7F)
			return true;
	return false;
}

void cw_call_digit(struct call *c, char digit)
{
	if (c->verb && c->verb->ops->digit)
		c->verb->ops->digit(c->verb, digit);
}

static void hear(struct call *c, const uint8_t *said)
{
	bool voice = is_voice(said);

	if (voice || cw_dtmf_rx_in_digit(c->dtmf)) {
		int16_t pcm[CW_FRAME_SAMPLES];
		char digit;

		cw_ulaw_decode(said, pcm, CW_FRAME_SAMPLES);
		digit = cw_dtmf_rx_feed(c->dtmf, pcm, CW_FRAME_SAMPLES);
		if (digit)
			cw_call_digit(c, digit);
	}
	if (c->verb && c->verb->ops->frame)
		c->verb->ops->frame(c->verb, said, voice);
}

/* One 20 ms step: the caller hears a frame, then says one. */
static void step(struct call *c, const bool *gone)
{
	uint8_t heard[CW_FRAME_SAMPLES], said[CW_FRAME_SAMPLES];
	uint64_t position = c->frames++ * CW_FRAME_SAMPLES;

	cw_playout_next(c->playout, heard);
	cw_media_marks(c);
	if (c->line.ev && c->line.ev->frame)
		c->line.ev->frame(heard, position, c->line.arg);
	if (*gone || c->state != CALL_IN_PROGRESS)
		return;
	cw_playout_next(c->mic, said);
	cw_media_frame(c, heard, said);
	hear(c, said);
}

static void tick(void *arg)
{
	struct call *c = arg;
	uint64_t due = (cw_now(c->world) - c->epoch_us + CW_TICK_US / 2) / CW_TICK_US;
	bool gone = false;

	if (due > c->frames + CATCH_UP_MAX) {
		cw_call_note(c, "twilio.late", "{s:I}", "skipped_frames", (json_int_t)(due - 1 - c->frames));
		c->frames = due - 1;
	}
	c->gone = &gone;
	while (!gone && c->state == CALL_IN_PROGRESS && c->frames < due)
		step(c, &gone);
	if (gone)
		return;
	c->gone = NULL;
}

/* ---- the line ---- */

static int line_send(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	struct call *c = (struct call *)l;

	if (c->state != CALL_IN_PROGRESS)
		return ENOTCONN;
	if (n % CW_FRAME_SAMPLES)
		return EINVAL;
	return cw_playout_put(c->mic, ulaw, n);
}

static int line_mark(struct cw_line *l, uint32_t id)
{
	struct call *c = (struct call *)l;
	struct news *n;

	if (c->state != CALL_IN_PROGRESS)
		return ENOTCONN;
	n = news_add(c, NEWS_MARK);
	if (!n)
		return ENOBUFS;
	n->mark = id;
	return 0;
}

static int line_clear(struct cw_line *l)
{
	return ((struct call *)l)->state == CALL_IN_PROGRESS ? 0 : ENOTCONN;
}

static int line_dtmf(struct cw_line *l, const char *digits)
{
	struct call *c = (struct call *)l;

	if (c->state != CALL_IN_PROGRESS)
		return ENOTCONN;
	if (digits[strspn(digits, "0123456789*#ABCD")])
		return EINVAL;
	for (; *digits; digits++)
		cw_call_digit(c, *digits);
	return 0;
}

static void line_hang_up(struct cw_line *l, const char *why)
{
	struct call *c = (struct call *)l;

	cw_call_end(
		c, CW_END_LOCAL, c->state == CALL_IN_PROGRESS ? "completed" : "canceled", "%s", why ? why : "hung up");
}

static const struct cw_line_driver driver = {
	.name = "twilio",
	.send = line_send,
	.mark = line_mark,
	.clear = line_clear,
	.dtmf = line_dtmf,
	.hang_up = line_hang_up,
};

/* ---- placing a call ---- */

/* Twilio asks for the document while it rings; calls made by the API ask once they are answered. */
static void begin(void *arg)
{
	struct call *c = arg;
	bool outbound = strcmp(c->conf.direction, "inbound") != 0;

	c->state = CALL_INITIATED;
	cw_call_status_callback(c, "initiated");
	c->state = CALL_RINGING;
	note_status(c, "ringing");
	if (outbound)
		cw_call_answer(c);
	if (c->conf.twiml)
		(void)cw_call_run(
			c, c->conf.twiml, strlen(c->conf.twiml), ""); /* a bad document ends the call by itself */
	else
		cw_call_goto(c, c->conf.method, c->conf.url, NULL);
}

static const char *copy(struct call *c, const char *s, const char *dflt, bool *ok)
{
	const char *use = s ? s : dflt;
	char *ret = use ? talloc_strdup(c, use) : NULL;

	if (use && !ret)
		*ok = false;
	return ret;
}

static bool copy_numbers(struct call *c, const char *const *numbers)
{
	size_t n = 0;
	bool ok = true;

	if (!numbers)
		return true;
	while (numbers[n])
		n++;

	const char **list = talloc_zero_array(c, const char *, n + 1);

	if (!list)
		return false;
	for (size_t i = 0; i < n; i++)
		list[i] = copy(c, numbers[i], NULL, &ok);
	c->conf.dial_numbers = list;
	return ok;
}

static bool copy_conf(struct call *c, const struct cw_twilio_carrier_conf *conf)
{
	struct cw_twilio_carrier_conf *to = &c->conf;
	bool ok = true;

	to->url = copy(c, conf->url, "", &ok);
	to->auth_token = copy(c, conf->auth_token, ZEROS32, &ok);
	to->account_sid = copy(c, conf->account_sid, "AC00000000000000000000000000000001", &ok);
	to->from = copy(c, conf->from, "+12025550100", &ok);
	to->to = copy(c, conf->to, "+12025550199", &ok);
	to->status_callback = copy(c, conf->status_callback, NULL, &ok);
	to->say_voice = copy(c, conf->say_voice, "flite:kal", &ok);
	to->gather_engine = copy(c, conf->gather_engine, "pocketsphinx", &ok);
	to->dial_say = copy(c, conf->dial_say, "Hello, this is the person you were calling.", &ok);
	to->record_dir = copy(c, conf->record_dir, NULL, &ok);
	to->ca_file = copy(c, conf->ca_file, NULL, &ok);
	to->method = copy(c, conf->method, "POST", &ok);
	to->twiml = copy(c, conf->twiml, NULL, &ok);
	to->fallback_url = copy(c, conf->fallback_url, NULL, &ok);
	to->direction = copy(c, conf->direction, "inbound", &ok);
	to->status_events = copy(c, conf->status_events, "initiated ringing answered completed", &ok);
	to->api_base = copy(c, conf->api_base, "https://api.twilio.com", &ok);
	to->time_limit_us = conf->time_limit_us ? conf->time_limit_us : LIMIT_US;
	return copy_numbers(c, conf->dial_numbers) && ok;
}

static int check_conf(const struct cw_twilio_carrier_conf *conf, struct cw_why *why)
{
	if (!conf->url && !conf->twiml)
		return cw_why_set(why, EINVAL, "a call needs the URL of the agent's voice webhook");
	if (conf->url && strncmp(conf->url, "http://", 7) != 0 && strncmp(conf->url, "https://", 8) != 0)
		return cw_why_set(
			why, EINVAL, "voice webhook '%s': expected http://host:port/path or https://…", conf->url);
	if (conf->call_sid && strlen(conf->call_sid) != CW_TWILIO_SID_SIZE - 1)
		return cw_why_set(why, EINVAL, "call SID '%s': expected CA and 32 hexadecimal digits", conf->call_sid);
	return 0;
}

static int call_destroy(struct call *c)
{
	cw_timer_stop(&c->pump);
	cw_timer_stop(&c->limit);
	cw_tick_stop(&c->tick);
	if (c->gone)
		*c->gone = true;
	return 0;
}

static const char *no_param(const struct cw_line *l, const char *name)
{
	(void)l;
	(void)name;
	return NULL;
}

int cw_twilio_dial(void *parent, struct cw_world *w, const struct cw_twilio_carrier_conf *conf, struct cw_line **ret,
	struct cw_why *why)
{
	char warm_up[29]; /* the first signature of a process loads the library's tables: not in a handler */
	int err = check_conf(conf, why);

	if (err)
		return err;
	cw_twilio_sign("", "", NULL, warm_up);

	CW_SCOPED struct call *c = talloc_zero(NULL, struct call);
	if (!c || !copy_conf(c, conf))
		return cw_why_set(why, ENOMEM, "out of memory");

	c->line = (struct cw_line){.driver = &driver, .side = CW_LINE_CARRIER};
	c->parent = parent;
	c->world = w;
	c->news_tail = &c->news;
	c->first_verb = true;
	c->created_wall_us = cw_wall(w);
	if (conf->call_sid)
		memcpy(c->call_sid, conf->call_sid, CW_TWILIO_SID_SIZE);
	else
		cw_call_sid(c, "CA", c->call_sid);
	c->log = (struct cw_log){.name = "carrier", .id = c->call_sid};
	c->info = (struct cw_line_info){
		.call_id = c->call_sid, .stream_id = "", .from = c->conf.from, .to = c->conf.to, .param = no_param};
	if (cw_playout_new(c, PLAYOUT_MAX, &c->playout) ||
		cw_playout_new(c, MIC_MAX_FRAMES * CW_FRAME_SAMPLES, &c->mic) || cw_dtmf_rx_new(c, &c->dtmf))
		return cw_why_set(why, ENOMEM, "out of memory");
	cw_tick_init(&c->tick, w);
	cw_timer_init(&c->limit, w);
	cw_timer_init(&c->pump, w);
	cw_timer_start(&c->pump, 0, begin, c);
	talloc_set_destructor(c, call_destroy);
	talloc_steal(parent, c);
	*ret = &c->line;
	c = NULL;
	return 0;
}

const char *cw_twilio_call_sid(const struct cw_line *l)
{
	return ((const struct call *)l)->call_sid;
}

const char *cw_twilio_call_status(const struct cw_line *l)
{
	return cw_call_status((const struct call *)l);
}

int cw_twilio_call_redirect(struct cw_line *l, const char *method, const char *url, const char *twiml)
{
	struct call *c = (struct call *)l;

	if (c->state != CALL_IN_PROGRESS)
		return ENOTCONN;
	cw_media_stop_all(c);
	cw_call_verb_drop(c);
	cw_playout_reset(c->playout);
	if (url)
		cw_call_goto(c, method ? method : "POST", url, NULL);
	else
		(void)cw_call_run(c, twiml, strlen(twiml), ""); /* a bad document ends the call by itself */
	return 0;
}
