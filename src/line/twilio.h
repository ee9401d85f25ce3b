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
	const char *auth_token;      /* NULL: signatures are not checked (a warning at start) */
	const char *public_url;      /* what Twilio was told, "https://voice.example.com"; NULL: from the Host header */
	const char *voice_path;      /* "/voice" */
	const char *stream_path;     /* "/media" */
	unsigned max_calls;          /* admission; further calls get TwiML <Reject reason="busy"/>; 0 = 10000 */
	uint64_t start_timeout_us;   /* from upgrade to "start", 0 = 10 s */
};
/* A new call: @line is the agent side and hangs from @parent given to the server; the callee attaches to it. Returning an
 * errno refuses it. */
typedef int cw_twilio_call_fn(struct cw_line *line, const struct cw_line_info *info, void *arg);

int cw_twilio_server_new(void *parent, struct cw_world *w, const struct cw_twilio_server_conf *conf, cw_twilio_call_fn *fn, void *arg,
			 struct cw_twilio_server **ret, struct cw_why *why);
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
	const char *record_dir;      /* <Record> files, NULL = not kept */
	const char *ca_file;
};
/* Place a call: the line is the carrier side, `answered` comes when audio flows, frames every 20 ms from then on. EINVAL, ENOMEM. */
int cw_twilio_dial(void *parent, struct cw_world *w, const struct cw_twilio_carrier_conf *conf, struct cw_line **ret, struct cw_why *why);

/* ---- signature (X-Twilio-Signature) ---- */

struct cw_form;
/* Base64 of HMAC-SHA1(token, url + sorted fields) into @out (29 bytes). @form may be NULL. */
void cw_twilio_sign(const char *token, const char *url, const struct cw_form *form, char out[29]);
/* As the SDK checks: URL as is, with and without port, wss with and without trailing slash. Constant time comparison. */
bool cw_twilio_signature_ok(const char *token, const char *url, const struct cw_form *form, const char *signature);
