#include "standin/deepgram.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "audio/g711.h"
#include "base/id.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "standin/deepgram_int.h"

void cw_deepgram_uuid(struct cw_world *w, char out[37])
{
	char hex[33];

	cw_id_hex(cw_rng(w), hex, 32);
	(void)snprintf(out, 37, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
}

void cw_deepgram_send(struct cw_ws *ws, json_t *j)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);

	cw_json_dump(&b, j);
	json_decref(j);
	if (!cw_buf_err(&b) && b.len)
		(void)cw_ws_send(ws, CW_WS_TEXT, b.p, b.len); /* a client that left is told by `closed` */
}

/* ---- sound ---- */

int cw_deepgram_sound_encode(struct cw_deepgram_sound *s, const int16_t *pcm, size_t n, struct cw_buf *b)
{
	CW_SCOPED int16_t *converted = NULL;
	CW_SCOPED uint8_t *bytes = NULL;

	if (s->resampler) {
		size_t in = n, out = cw_resampler_room(s->resampler, n);

		converted = talloc_array(NULL, int16_t, out + 1);
		if (!converted)
			return ENOMEM;
		cw_resampler_run(s->resampler, pcm, &in, converted, &out);
		pcm = converted;
		n = out;
	}
	if (s->encoding == CW_DEEPGRAM_LINEAR16) {
		cw_buf_put(b, pcm, n * sizeof(*pcm)); /* little-endian machines only, as all of ours */
		return cw_buf_err(b);
	}
	bytes = talloc_array(NULL, uint8_t, n + 1);
	if (!bytes)
		return ENOMEM;
	if (s->encoding == CW_DEEPGRAM_MULAW)
		cw_ulaw_encode(pcm, bytes, n);
	else
		cw_alaw_encode(pcm, bytes, n);
	cw_buf_put(b, bytes, n);
	return cw_buf_err(b);
}

/* ---- errors ---- */

void cw_deepgram_answer_error(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_deepgram_refusal *r,
	unsigned retry_after_s)
{
	char id[37], retry[16];
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

	cw_deepgram_uuid(s->world, id);
	(void)snprintf(retry, sizeof(retry), "%u", retry_after_s);

	CW_JSON_SCOPED json_t *j =
		json_pack("{s:s, s:s, s:s}", "err_code", r->code, "err_msg", r->message, "request_id", id);
	const struct cw_header headers[] = {{"Content-Type", "application/json"}, {"dg-request-id", id},
		{"dg-error", r->message}, {"Retry-After", retry}};

	cw_json_dump(&b, j);
	(void)cw_reply(x, r->status, headers, retry_after_s ? 4 : 3, b.p ? b.p : "",
		b.len); /* a client that left needs none */
}

static void answer_fault(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_standin_fault_conf *f)
{
	static const struct {
		int status;
		const char *code, *message;
	} known[] = {
		{401, "INVALID_AUTH", "Invalid credentials."},
		{402, "ASR_PAYMENT_REQUIRED",
			"Project does not have enough credits for an ASR request and does not have an overage agreement."},
		{403, "INSUFFICIENT_PERMISSIONS", "Project does not have access to the requested model."},
		{429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later."},
		{503, "SERVICE_UNAVAILABLE", "Service is currently unavailable."},
	};
	struct cw_deepgram_refusal r;

	(void)cw_deepgram_refuse(&r, f->status, f->status >= 500 ? "INTERNAL_SERVER_ERROR" : "Bad Request",
		"The stand-in was told to answer %d.", f->status);
	for (size_t i = 0; i < CW_COUNT(known); i++)
		if (known[i].status == f->status)
			(void)cw_deepgram_refuse(&r, f->status, known[i].code, "%s", known[i].message);
	cw_deepgram_answer_error(s, x, &r, f->retry_after_s);
}

static struct cw_standin_fault_conf take_fault(struct cw_standin_deepgram *s)
{
	unsigned every = s->conf.fault_every ? s->conf.fault_every : 1;

	if (s->conf.fault.kind == CW_STANDIN_FINE || s->requests % every ||
		(s->conf.fault_times && s->struck >= s->conf.fault_times))
		return (struct cw_standin_fault_conf){0};
	s->struck++;
	return s->conf.fault;
}

/* ---- who may ask ---- */

/* The key of "Token KEY" or "Bearer JWT", or of a browser's "token, KEY". */
static const char *given_key(const struct cw_exchange *x)
{
	const char *header = cw_exchange_header(x, "authorization"),
		   *protocol = cw_exchange_header(x, "sec-websocket-protocol");

	if (header && !strncasecmp(header, "token ", 6))
		return header + 6;
	if (header && !strncasecmp(header, "bearer ", 7))
		return header + 7;
	if (!header && protocol && !strncasecmp(protocol, "token, ", 7))
		return protocol + 7;
	if (!header && protocol && !strncasecmp(protocol, "bearer, ", 8))
		return protocol + 8;
	return NULL;
}

static int check_key(const struct cw_standin_deepgram *s, const struct cw_exchange *x, struct cw_deepgram_refusal *r)
{
	const char *given = given_key(x);
	bool known = given && *given && !s->conf.n_keys;

	for (size_t i = 0; given && i < s->conf.n_keys; i++)
		known |= !strcmp(s->keys[i], given);
	return known ? 0 : cw_deepgram_refuse(r, 401, "INVALID_AUTH", "Invalid credentials.");
}

static bool admit(struct cw_standin_deepgram *s, struct cw_exchange *x, struct cw_standin_fault_conf *fault)
{
	struct cw_deepgram_refusal r;

	s->requests++;
	talloc_free(s->query);
	s->query = talloc_strdup(s, cw_exchange_query(x));
	*fault = take_fault(s);
	if (fault->kind == CW_STANDIN_STATUS) {
		answer_fault(s, x, fault);
		return false;
	}
	if (!check_key(s, x, &r))
		return true;
	cw_deepgram_answer_error(s, x, &r, 0);
	return false;
}

/* ---- endpoints ---- */

void cw_standin_deepgram_upgrade(struct cw_exchange *x, void *arg)
{
	struct cw_standin_deepgram *s = arg;
	struct cw_deepgram_asked asked = {0};
	struct cw_deepgram_refusal r;
	struct cw_standin_fault_conf fault;
	bool listen = !strcmp(cw_exchange_path(x), "/v1/listen"), speak = !strcmp(cw_exchange_path(x), "/v1/speak");
	int err;

	if (!admit(s, x, &fault))
		return;
	if (!listen && !speak)
		err = cw_deepgram_refuse(&r, 404, "Not Found", "No such path: %.100s", cw_exchange_path(x));
	else if (speak && s->conf.no_websocket)
		err = cw_deepgram_refuse(&r, 501, "Not Implemented", "WebSockets are switched off.");
	else
		err = listen ? cw_deepgram_check_listen(cw_exchange_query(x), &asked, &r)
			     : cw_deepgram_check_speak(cw_exchange_query(x), false, &asked, &r);
	if (err)
		cw_deepgram_answer_error(s, x, &r, 0);
	else if (listen)
		cw_deepgram_listen(s, x, &asked, &fault);
	else
		cw_deepgram_speak(s, x, &asked, &fault);
}

void cw_standin_deepgram_request(struct cw_exchange *x, void *arg)
{
	struct cw_standin_deepgram *s = arg;
	struct cw_deepgram_asked asked = {0};
	struct cw_deepgram_refusal r;
	struct cw_standin_fault_conf fault;
	int err;

	if (!admit(s, x, &fault))
		return;
	if (strcmp(cw_exchange_path(x), "/v1/speak") != 0)
		err = cw_deepgram_refuse(&r, 404, "Not Found",
			"No such path: %.100s (this stand-in has /v1/speak, and /v1/listen as a WebSocket)",
			cw_exchange_path(x));
	else if (strcmp(cw_exchange_method(x), "POST") != 0)
		err = cw_deepgram_refuse(&r, 405, "Method Not Allowed", "Use POST.");
	else
		err = cw_deepgram_check_speak(cw_exchange_query(x), true, &asked, &r);
	if (err)
		cw_deepgram_answer_error(s, x, &r, 0);
	else
		cw_deepgram_fetch_speech(s, x, &asked, &fault);
}

/* ---- life ---- */

static int copy_keys(struct cw_standin_deepgram *s, const struct cw_standin_deepgram_conf *conf)
{
	s->keys = talloc_zero_array(s, char *, conf->n_keys + 1);
	for (size_t i = 0; s->keys && i < conf->n_keys; i++) {
		s->keys[i] = talloc_strdup(s->keys, conf->keys[i]);
		if (!s->keys[i])
			return ENOMEM;
	}
	return s->keys ? 0 : ENOMEM;
}

/* Both engines are opened once, so that a wrong name is told at the start. */
static int try_engines(struct cw_standin_deepgram *s, struct cw_why *why)
{
	static const struct cw_stt_events unheard = {0};
	const struct cw_stt_conf ear = {.engine = s->conf.stt, .language = "en-US", .rate_hz = 8000};
	const struct cw_tts_conf mouth = {.voice = s->conf.voice, .language = "en-US"};
	struct cw_stt *stt = NULL;
	struct cw_tts *tts = NULL;
	int err = cw_stt_open(s, s->world, &ear, &unheard, NULL, &stt, why);

	if (!err)
		err = cw_tts_open(s, s->world, &mouth, &tts, why);
	talloc_free(stt);
	talloc_free(tts);
	return err;
}

int cw_standin_deepgram_new(void *parent, struct cw_world *w, const struct cw_standin_deepgram_conf *conf,
	struct cw_standin_deepgram **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_standin_deepgram *s = talloc_zero(NULL, struct cw_standin_deepgram);
	int err;

	if (!s)
		return ENOMEM;
	s->world = w;
	s->conf = *conf;
	s->conf.stt = talloc_strdup(s, conf->stt ? conf->stt : "modem");
	s->conf.voice = talloc_strdup(s, conf->voice ? conf->voice : "modem");
	if (!s->conf.stt || !s->conf.voice)
		return ENOMEM;
	err = copy_keys(s, conf);
	if (!err)
		err = try_engines(s, why);
	if (!err)
		*ret = talloc_move(parent, &s);
	return err;
}

unsigned long cw_standin_deepgram_requests(const struct cw_standin_deepgram *s)
{
	return s->requests;
}

const char *cw_standin_deepgram_query(const struct cw_standin_deepgram *s)
{
	return s->query ? s->query : "";
}

void cw_standin_deepgram_fault(struct cw_standin_deepgram *s, const struct cw_standin_fault_conf *fault, unsigned times)
{
	s->conf.fault = *fault;
	s->conf.fault_times = times;
	s->struck = 0;
}
