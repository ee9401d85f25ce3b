/*
 * deepgram.h: what the recogniser and the voice of Deepgram share: address and key, messages, kinds of errors
 *
 * CW_DEEPGRAM_API_KEY is the key, CW_DEEPGRAM_URL the address (https://api.deepgram.com; a stand-in's http://127.0.0.1:8083). A server of
 * one's own may need no key; Deepgram's own does.
 *
 * Errors as both drivers report them:
 *   EACCES     401, 403: the key is wrong or may not use the model     EDQUOT    402: no credit left
 *   EBUSY      429: too many connections; try later                    EINVAL    400, 404 …: the request is at fault
 *   EREMOTEIO  5xx, or an error message                                ETIMEDOUT nobody answered in time
 *   ECONNREFUSED, EHOSTUNREACH: nobody there                           ECONNRESET the link broke
 *   EPROTO     what came is not the protocol, or not the audio asked for   ENODATA  success without audio
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "base/str.h"
#include "base/why.h"

#define CW_DEEPGRAM_URL      "https://api.deepgram.com"
#define CW_DEEPGRAM_TEXT_MAX 512 /* bytes of a reason */

struct cw_deepgram {               /* embedded by value; strings hang from the parent of cw_deepgram_init() */
	const char *ws, *http;     /* "wss://api.deepgram.com", "https://api.deepgram.com" */
	const char *authorization; /* "Token …" or NULL; wiped when freed */
};

/* Read the environment. @who: "recogniser 'deepgram:nova-3'", for messages. EINVAL: no key for Deepgram's own server, bad address. */
int cw_deepgram_init(struct cw_deepgram *d, void *parent, const char *who, struct cw_why *why);

enum cw_deepgram_kind {
	CW_DEEPGRAM_RESULTS,
	CW_DEEPGRAM_SPEECH_STARTED,
	CW_DEEPGRAM_UTTERANCE_END,
	CW_DEEPGRAM_METADATA,
	CW_DEEPGRAM_FLUSHED,
	CW_DEEPGRAM_CLEARED,
	CW_DEEPGRAM_WARNING,
	CW_DEEPGRAM_ERROR,
	CW_DEEPGRAM_OTHER, /* a kind of message that we do not know: passed over */
};

struct cw_deepgram_msg {
	enum cw_deepgram_kind kind;
	json_t *json;           /* owns all texts */
	struct cw_str text;     /* transcript, or a description */
	double confidence;      /* 0 … 1, negative when unknown */
	double start, duration; /* seconds of audio, of results */
	bool is_final, speech_final, from_finalize;
};

/* EBADMSG: no JSON object with a type, or fields of the wrong kind. cw_deepgram_msg_clear() afterwards. */
int cw_deepgram_parse(struct cw_str bytes, struct cw_deepgram_msg *ret);
void cw_deepgram_msg_clear(struct cw_deepgram_msg *m);

/* What a person is told by the body of an error answer, in any of its three shapes; cut to fit. */
void cw_deepgram_error_text(struct cw_str body, char out[CW_DEEPGRAM_TEXT_MAX]);
/* errno of an HTTP status of 400 and more. */
int cw_deepgram_status(int status);
/* errno and reason of a WebSocket that ended, as its `closed` was told. */
int cw_deepgram_closed(int err, unsigned code, char out[CW_DEEPGRAM_TEXT_MAX]);
