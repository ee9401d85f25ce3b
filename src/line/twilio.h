/*
 * twilio.h: Twilio Media Streams, both sides (www.twilio.com/docs/voice/media-streams)
 *
 * Agent side: answers the voice webhook with TwiML <Connect><Stream> and serves the WebSocket. Carrier side: a Twilio
 * emulator which posts the signed webhook, interprets TwiML, opens the WebSocket and plays telephone.
 */
#pragma once
#include "line/line.h"
#include "world/net.h"

struct cw_world;

/* ---- agent side ---- */

struct cw_twilio_server;
struct cw_twilio_server_conf {
	const char *auth_token;    /* NULL: signatures are not checked (a warning at start) */
	const char *public_url;    /* what Twilio was told, "https://voice.example.com"; NULL: from the Host header */
	const char *voice_path;    /* "/voice" */
	const char *stream_path;   /* "/media" */
	unsigned max_calls;        /* admission; further calls get TwiML <Reject reason="busy"/>; 0 = 10000 */
	uint64_t start_timeout_us; /* from upgrade to "start", 0 = 10 s */
};
/* A new call: @line is the agent side and hangs from @parent given to the server; the callee attaches to it. Returning an
 * errno refuses it. */
typedef int cw_twilio_call_fn(struct cw_line *line, const struct cw_line_info *info, void *arg);

int cw_twilio_server_new(void *parent, struct cw_world *w, const struct cw_twilio_server_conf *conf,
	cw_twilio_call_fn *fn, void *arg, struct cw_twilio_server **ret, struct cw_why *why);
/* Offer an exchange of a listener; false: not one of our paths, the caller answers it. */
bool cw_twilio_server_request(struct cw_twilio_server *s, struct cw_exchange *x);
bool cw_twilio_server_upgrade(struct cw_twilio_server *s, struct cw_exchange *x);
unsigned cw_twilio_server_calls(const struct cw_twilio_server *s);

/* ---- carrier side ---- */

struct cw_twilio_carrier_conf {
	const char *url;             /* voice webhook of the agent, http(s) */
	const char *auth_token;      /* signs webhooks and the handshake; NULL: an all-zero test token */
	const char *account_sid;     /* NULL: AC + 32 zeros … 1 */
	const char *from, *to;       /* E.164 */
	const char *status_callback; /* URL, or NULL */
	const char *say_voice;       /* how <Say> sounds: a tts voice, NULL = "flite:kal" ; "modem" in simulations */
	const char *gather_engine;   /* how <Gather input="speech"> hears, NULL = "pocketsphinx" */
	/* <Dial> to these numbers is answered by playing @dial_say; others are no-answer. NULL-terminated, or NULL. */
	const char *const *dial_numbers;
	const char *dial_say;
	const char *record_dir; /* <Record> files, NULL = not kept */
	const char *ca_file;
	const char *method;       /* of the first webhook, NULL = "POST" */
	const char *twiml;        /* a document to run instead of asking @url (which may then be NULL) */
	const char *fallback_url; /* asked when a document cannot be had, or NULL */
	const char *
		direction; /* NULL = "inbound"; "outbound-api": the agent's side placed the call, webhook after the answer */
	const char *status_events; /* space list of initiated ringing answered completed; NULL = all four */
	const char *call_sid;      /* NULL = a new one */
	const char *api_base;      /* begins RecordingUrl; NULL = "https://api.twilio.com" */
	uint64_t time_limit_us;    /* of the whole call, 0 = 4 h */
};
/* Place a call: the line is the carrier side, `answered` comes when audio flows, frames every 20 ms from then on. EINVAL, ENOMEM. */
int cw_twilio_dial(void *parent, struct cw_world *w, const struct cw_twilio_carrier_conf *conf, struct cw_line **ret,
	struct cw_why *why);
/* For lines made by cw_twilio_dial(). Notes of such a line: "status.<CallStatus>", "twilio.request" {method,url,status},
 * "twilio.twiml" {verbs}, "twilio.<verb>" {…}, "twilio.warning" {code,text} for what Twilio's debugger would show. */
const char *cw_twilio_call_sid(const struct cw_line *l);
const char *cw_twilio_call_status(const struct cw_line *l); /* "ringing", "in-progress", "completed" … */
/* As the REST API updates a call: run another document from now on, given by URL or as text. ENOTCONN: not in progress. */
int cw_twilio_call_redirect(struct cw_line *l, const char *method, const char *url, const char *twiml);

/* ---- signature (X-Twilio-Signature) ---- */

struct cw_form;
/* Base64 of HMAC-SHA1(token, url + sorted fields) into @out (29 bytes). @form may be NULL. */
void cw_twilio_sign(const char *token, const char *url, const struct cw_form *form, char out[29]);
/* As the SDK checks: URL as is, with and without port, wss with and without trailing slash. Constant time comparison. */
bool cw_twilio_signature_ok(const char *token, const char *url, const struct cw_form *form, const char *signature);
/* A request with a JSON body carries no form: its URL ends in bodySHA256=<hex>, which is checked against @body too. */
bool cw_twilio_body_signature_ok(const char *token, const char *url, struct cw_str body, const char *signature);
/* The form of @url which Twilio signs: without user and password, without the port on https and wss. false: not a URL, or
 * longer than @size. */
bool cw_twilio_url_to_sign(const char *url, char *out, size_t size);
