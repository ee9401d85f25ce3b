#include "line/twilio_rest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "audio/wav.h"
#include "base/json.h"
#include "line/twilio_call.h"
#include "line/twilio_msg.h"
#include "speech/tts.h"

#define BASE       "/2010-04-01/Accounts/"
#define KEPT_MAX   500u /* calls which are over and can still be asked for */
#define CALLS_MAX  100u
#define LIST_MAX   50u
#define SPEECH_MAX (60u * CW_RATE_HZ)

/* One call, live or over, with the test callee on its line. */
struct rest_call {
	struct rest_call *next;
	struct cw_twilio_rest *rest;
	struct cw_line *line; /* NULL: over */
	char sid[CW_TWILIO_SID_SIZE];
	char *to, *from;
	const char *final; /* status, when it is over */
	int64_t created_us, answered_us, ended_us;
	struct cw_tts_job *job;
	struct cw_buf speech; /* mu-law the callee has still to say */
	size_t speech_at;
};

struct cw_twilio_rest {
	struct cw_world *world;
	struct cw_twilio_rest_conf conf;
	struct cw_tts *voice;
	int16_t *wav;
	size_t wav_n;
	struct rest_call *calls; /* newest first */
	unsigned n_live, n_all;
};

/* ---- the callee ---- */

static void add_speech(struct rest_call *c, const int16_t *pcm, size_t n)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];

	for (; n; pcm += CW_FRAME_SAMPLES) {
		size_t use = n < CW_FRAME_SAMPLES ? n : CW_FRAME_SAMPLES;

		cw_ulaw_encode(pcm, ulaw, use);
		cw_buf_put(&c->speech, ulaw, use);
		n -= use;
	}
}

static void on_speech(const int16_t *pcm, size_t n, void *arg)
{
	add_speech(arg, pcm, n);
}

static void on_spoken(int err, const char *reason, void *arg)
{
	struct rest_call *c = arg;

	(void)err; /* a callee without a voice stays silent */
	(void)reason;
	TALLOC_FREE(c->job);
}

static void on_answered(const struct cw_line_info *info, void *arg)
{
	static const struct cw_tts_events events = {.audio = on_speech, .done = on_spoken};
	struct rest_call *c = arg;
	struct cw_twilio_rest *r = c->rest;

	(void)info;
	c->answered_us = cw_wall(r->world);
	if (r->wav)
		add_speech(c, r->wav, r->wav_n);
	else if (r->voice)
		(void)cw_tts_say(
			c, r->voice, r->conf.say, &events, c, &c->job); /* a callee without a voice stays silent */
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct rest_call *c = arg;

	(void)position;
	if (c->speech.len - c->speech_at >= CW_FRAME_SAMPLES) {
		(void)cw_line_send(c->line, (const uint8_t *)c->speech.p + c->speech_at, CW_FRAME_SAMPLES);
		c->speech_at += CW_FRAME_SAMPLES;
	} else if (c->rest->conf.echo) {
		(void)cw_line_send(c->line, ulaw, CW_FRAME_SAMPLES);
	}
}

static void forget_oldest(struct cw_twilio_rest *r)
{
	struct rest_call *oldest = NULL;

	for (struct rest_call *c = r->calls; c; c = c->next)
		if (!c->line)
			oldest = c;
	if (r->n_all > KEPT_MAX)
		talloc_free(oldest);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	static const char *const finals[] = {"completed", "busy", "failed", "no-answer", "canceled"};
	struct rest_call *c = arg;
	struct cw_line *line = c->line;
	const char *status = cw_twilio_call_status(line);

	(void)reason;
	(void)detail;
	c->final = "failed";
	for (size_t i = 0; i < CW_COUNT(finals); i++)
		if (!strcmp(finals[i], status))
			c->final = finals[i];
	c->ended_us = cw_wall(c->rest->world);
	c->line = NULL;
	c->rest->n_live--;
	TALLOC_FREE(c->job);
	cw_buf_clear(&c->speech);
	talloc_free(line);
	forget_oldest(c->rest);
}

static const struct cw_line_events callee_events = {.answered = on_answered, .frame = on_frame, .closed = on_closed};

/* ---- JSON ---- */

static json_t *date(int64_t wall_us)
{
	char text[40];

	if (!wall_us)
		return json_null();
	cw_rfc2822(wall_us, text);
	return json_string(text);
}

static json_t *describe(const struct rest_call *c)
{
	const char *account = c->rest->conf.account_sid;
	long long seconds = c->answered_us && c->ended_us ? (c->ended_us - c->answered_us + 500000) / 1000000 : 0;
	char uri[160], recordings[170];

	snprintf(uri, sizeof(uri), BASE "%s/Calls/%s.json", account, c->sid);
	snprintf(recordings, sizeof(recordings), BASE "%s/Calls/%s/Recordings.json", account, c->sid);
	return json_pack(
		"{s:s, s:o, s:o, s:n, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:o, s:o, s:o, s:n, s:s, s:s, s:n, s:s, s:n, s:n, s:n, s:s, "
		"s:n, s:s, s:{s:s}}",
		"sid", c->sid, "date_created", date(c->created_us), "date_updated",
		date(c->ended_us ? c->ended_us : c->created_us), "parent_call_sid", "account_sid", account, "to", c->to,
		"to_formatted", c->to, "from", c->from, "from_formatted", c->from, "phone_number_sid", "status",
		c->line ? cw_twilio_call_status(c->line) : c->final, "start_time", date(c->answered_us), "end_time",
		date(c->ended_us), "duration", c->ended_us ? json_sprintf("%lld", seconds) : json_null(), "price",
		"price_unit", "USD", "direction", "outbound-api", "answered_by", "api_version", "2010-04-01",
		"forwarded_from", "group_sid", "caller_name", "queue_time", "0", "trunk_sid", "uri", uri,
		"subresource_uris", "recordings", recordings);
}

/* Takes @j. */
static void reply_json(struct cw_exchange *x, int status, json_t *j)
{
	static const struct cw_header type = {"Content-Type", "application/json"};
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	if (j)
		cw_json_dump(&b, j);
	json_decref(j);
	(void)cw_reply(x, b.len ? status : 500, &type, 1, b.p, b.len); /* the asker may have gone */
}

static void reply_error(struct cw_exchange *x, int status, int code, const char *fmt, ...) CW_PRINTF(4, 5);
static void reply_error(struct cw_exchange *x, int status, int code, const char *fmt, ...)
{
	char text[300], more[80];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(more, sizeof(more), "https://www.twilio.com/docs/errors/%d", code);
	reply_json(x, status,
		json_pack("{s:i, s:s, s:s, s:i}", "code", code, "message", text, "more_info", more, "status", status));
}

/* ---- calls ---- */

static int call_destroy(struct rest_call *c)
{
	struct cw_twilio_rest *r = c->rest;

	cw_buf_clear(&c->speech);
	for (struct rest_call **p = &r->calls; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			r->n_all--;
			break;
		}
	r->n_live -= c->line != NULL;
	return 0;
}

static const char *check_create(const struct cw_form *f, int *code)
{
	const char *to = cw_form_get(f, "To"), *from = cw_form_get(f, "From"), *url = cw_form_get(f, "Url");

	*code = 21201;
	if (!to || !*to)
		return "No 'To' number is specified";
	*code = 21213;
	if (!from || !*from)
		return "Caller phone number required: 'From'";
	*code = 21205;
	if (!url && !cw_form_get(f, "Twiml"))
		return "Url parameter is required: one of 'Url' and 'Twiml'";
	if (url && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return "Url is not a valid URL";
	return NULL;
}

/* StatusCallbackEvent may come several times, or as one list; without it Twilio tells the end only. */
static char *status_events(void *parent, const struct cw_form *f)
{
	char *events = talloc_strdup(parent, "");

	for (size_t i = 0; events && i < f->n; i++)
		if (!strcmp(f->fields[i].name, "StatusCallbackEvent"))
			events = talloc_asprintf_append(events, "%s ", f->fields[i].value);
	return events && !*events ? talloc_strdup(parent, "completed") : events;
}

static int start_call(struct cw_twilio_rest *r, const struct cw_form *f, struct rest_call **ret, struct cw_why *why)
{
	const char *url = cw_form_get(f, "Url");
	uint32_t limit_s = 0;

	CW_SCOPED struct rest_call *c = talloc_zero(NULL, struct rest_call);
	if (!c)
		return ENOMEM;

	c->rest = r;
	c->speech = CW_BUF(SPEECH_MAX);
	talloc_set_destructor(c, call_destroy);
	c->to = talloc_strdup(c, cw_form_get(f, "To"));
	c->from = talloc_strdup(c, cw_form_get(f, "From"));
	c->created_us = cw_wall(r->world);
	(void)cw_str_u32(cw_str(cw_form_get(f, "TimeLimit")), 14400, &limit_s); /* absent: the emulator's */

	const struct cw_twilio_carrier_conf conf = {
		.url = url,
		.twiml = url ? NULL : cw_form_get(f, "Twiml"),
		.method = cw_form_get(f, "Method"),
		.fallback_url = cw_form_get(f, "FallbackUrl"),
		.auth_token = r->conf.auth_token,
		.account_sid = r->conf.account_sid,
		.from = c->from,
		.to = c->to,
		.status_callback = cw_form_get(f, "StatusCallback"),
		.status_events = status_events(c, f),
		.say_voice = r->conf.voice,
		.gather_engine = r->conf.gather_engine,
		.record_dir = r->conf.record_dir,
		.ca_file = r->conf.ca_file,
		.direction = "outbound-api",
		.time_limit_us = limit_s * UINT64_C(1000000),
	};
	int err = c->to && c->from ? cw_twilio_dial(c, r->world, &conf, &c->line, why) : ENOMEM;

	if (err)
		return err;
	cw_line_attach(c->line, &callee_events, c);
	snprintf(c->sid, sizeof(c->sid), "%s", cw_twilio_call_sid(c->line));
	c->next = r->calls;
	r->calls = c;
	r->n_live++;
	r->n_all++;
	*ret = talloc_steal(r, c);
	c = NULL;
	return 0;
}

static void create(struct cw_twilio_rest *r, struct cw_exchange *x, const struct cw_form *f)
{
	struct rest_call *c = NULL;
	struct cw_why why = {0};
	int code;
	const char *fault = check_create(f, &code);

	if (fault) {
		reply_error(x, 400, code, "%s", fault);
		return;
	}
	if (r->n_live >= r->conf.max_calls) {
		reply_error(x, 429, 10004, "Call concurrency limit exceeded");
		return;
	}
	int err = start_call(r, f, &c, &why);

	if (err)
		reply_error(x, err == EINVAL ? 400 : 500, err == EINVAL ? 21205 : 20500, "%s",
			why.text[0] ? why.text : strerrordesc_np(err));
	else
		reply_json(x, 201, describe(c));
}

static void update(struct cw_exchange *x, struct rest_call *c, const struct cw_form *f)
{
	const char *status = cw_form_get(f, "Status"), *url = cw_form_get(f, "Url"), *twiml = cw_form_get(f, "Twiml");
	bool ringing = c->line && strcmp(cw_twilio_call_status(c->line), "in-progress") != 0;

	if (!c->line || (status && !strcmp(status, "canceled") && !ringing)) {
		reply_error(x, 400, 21220, "Call is not in-progress. Cannot redirect.");
		return;
	}
	if (status && strcmp(status, "completed") != 0 && strcmp(status, "canceled") != 0) {
		reply_error(x, 400, 20001, "Status '%s' is not valid: expected completed or canceled", status);
		return;
	}
	if (status)
		cw_line_hang_up(c->line, "ended by the API");
	else if ((url || twiml) && cw_twilio_call_redirect(c->line, cw_form_get(f, "Method"), url, twiml)) {
		reply_error(x, 400, 21220, "Call is not in-progress. Cannot redirect.");
		return;
	}
	reply_json(x, 200, describe(c));
}

static void list(struct cw_twilio_rest *r, struct cw_exchange *x)
{
	json_t *calls = json_array();
	unsigned n = 0;

	for (struct rest_call *c = r->calls; c && n < LIST_MAX; c = c->next, n++)
		(void)json_array_append_new(calls, describe(c)); /* no memory: json_pack below fails as well */
	reply_json(x, 200,
		json_pack("{s:o, s:i, s:i, s:i, s:i, s:n, s:n}", "calls", calls, "page", 0, "page_size", (int)LIST_MAX,
			"start", 0, "end", n ? (int)n - 1 : 0, "next_page_uri", "previous_page_uri"));
}

static void one_call(struct cw_twilio_rest *r, struct cw_exchange *x, struct cw_str sid, const struct cw_form *f)
{
	const char *method = cw_exchange_method(x);
	struct rest_call *c = r->calls;

	while (c && !cw_str_eq(sid, c->sid))
		c = c->next;
	if (!c) {
		reply_error(x, 404, 20404, "The requested resource %s was not found", cw_exchange_path(x));
	} else if (!strcmp(method, "GET")) {
		reply_json(x, 200, describe(c));
	} else if (!strcmp(method, "POST")) {
		update(x, c, f);
	} else if (!strcmp(method, "DELETE") && !c->line) {
		talloc_free(c);
		(void)cw_reply(x, 204, NULL, 0, NULL, 0);
	} else if (!strcmp(method, "DELETE")) {
		reply_error(x, 400, 20009, "Cannot delete a call which is in progress");
	} else {
		reply_error(x, 405, 20004, "Method not allowed");
	}
}

/* ---- requests ---- */

static bool authorised(const struct cw_twilio_rest *r, const struct cw_exchange *x)
{
	const char *given = cw_exchange_header(x, "Authorization");
	char want[200], plain[140];
	size_t n, len;

	n = (size_t)snprintf(plain, sizeof(plain), "%s:%s", r->conf.account_sid, r->conf.auth_token);
	if (!given || strncasecmp(given, "Basic ", 6) != 0 || n >= sizeof(plain))
		return false;
	len = cw_base64_encode((const uint8_t *)plain, n, want);
	return strlen(given + 6) == len && CRYPTO_memcmp(given + 6, want, len) == 0;
}

static void route(struct cw_twilio_rest *r, struct cw_exchange *x, struct cw_str rest, const struct cw_form *f)
{
	struct cw_str json = CW_STR_LIT(".json");

	if (cw_str_eq(rest, "/Calls.json")) {
		if (!strcmp(cw_exchange_method(x), "POST"))
			create(r, x, f);
		else
			list(r, x);
		return;
	}
	if (cw_str_starts(rest, "/Calls/") && rest.len == 7 + CW_TWILIO_SID_LEN + json.len &&
		!memcmp(rest.p + rest.len - json.len, json.p, json.len)) {
		one_call(r, x, (struct cw_str){rest.p + 7, CW_TWILIO_SID_LEN}, f);
		return;
	}
	reply_error(x, 404, 20404, "The requested resource %s was not found", cw_exchange_path(x));
}

bool cw_twilio_rest_request(struct cw_twilio_rest *r, struct cw_exchange *x)
{
	const char *path = cw_exchange_path(x);
	CW_SCOPED struct cw_form *form = NULL;
	struct cw_str account, rest;

	if (strncmp(path, BASE, strlen(BASE)) != 0)
		return false;
	rest = cw_str(path + strlen(BASE));
	account = (struct cw_str){rest.p, strcspn(rest.p, "/")};
	rest.p += account.len;
	rest.len -= account.len;
	if (!authorised(r, x))
		reply_error(x, 401, 20003, "Authenticate");
	else if (!cw_str_eq(account, r->conf.account_sid))
		reply_error(x, 404, 20404, "The requested resource %s was not found", path);
	else if (cw_form_parse(NULL, cw_exchange_body(x), &form))
		reply_error(x, 400, 20001, "The body cannot be read: expected application/x-www-form-urlencoded");
	else
		route(r, x, rest, form);
	return true;
}

unsigned cw_twilio_rest_calls(const struct cw_twilio_rest *r)
{
	return r->n_live;
}

/* ---- life ---- */

static bool copy_conf(struct cw_twilio_rest *r, const struct cw_twilio_rest_conf *conf)
{
	struct cw_twilio_rest_conf *c = &r->conf;

	*c = (struct cw_twilio_rest_conf){
		.echo = conf->echo, .max_calls = conf->max_calls ? conf->max_calls : CALLS_MAX};
	c->account_sid = talloc_strdup(r, conf->account_sid ? conf->account_sid : "AC00000000000000000000000000000001");
	c->auth_token = talloc_strdup(r, conf->auth_token ? conf->auth_token : "00000000000000000000000000000000");
	c->say = talloc_strdup(r, conf->say);
	c->voice = talloc_strdup(r, conf->voice ? conf->voice : "flite:kal");
	c->gather_engine = talloc_strdup(r, conf->gather_engine);
	c->record_dir = talloc_strdup(r, conf->record_dir);
	c->ca_file = talloc_strdup(r, conf->ca_file);
	return c->account_sid && c->auth_token && c->voice && (!conf->say || c->say) &&
	       (!conf->gather_engine || c->gather_engine) && (!conf->record_dir || c->record_dir) &&
	       (!conf->ca_file || c->ca_file);
}

int cw_twilio_rest_new(void *parent, struct cw_world *w, const struct cw_twilio_rest_conf *conf,
	struct cw_twilio_rest **ret, struct cw_why *why)
{
	int err = 0;

	CW_SCOPED struct cw_twilio_rest *r = talloc_zero(NULL, struct cw_twilio_rest);
	if (!r || !copy_conf(r, conf))
		return cw_why_set(why, ENOMEM, "out of memory");

	r->world = w;
	if (conf->wav)
		err = cw_wav_load_mono(r, conf->wav, CW_RATE_HZ, &r->wav, &r->wav_n, why);
	else if (conf->say)
		err = cw_tts_open(
			r, w, &(struct cw_tts_conf){.voice = r->conf.voice, .language = "en-US"}, &r->voice, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &r);
	return 0;
}
