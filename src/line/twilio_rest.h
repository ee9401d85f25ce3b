/*
 * twilio_rest.h: the part of Twilio's REST API which places calls, as a stand-in (/2010-04-01/Accounts/{AC}/Calls…)
 *
 * An agent's own program asks it for a call, as it would ask Twilio; the call is then run by the emulator (twilio.h) with a test
 * callee on the far end: one who echoes, or says a sentence, or plays a file.
 * Embedded in a listener like cw_twilio_server: offer it every request. Thread: its lane. Calls hang from it.
 */
#pragma once
#include <stdbool.h>

#include "base/why.h"
#include "world/net.h"

struct cw_world;
struct cw_twilio_rest;

struct cw_twilio_rest_conf {
	const char *account_sid;   /* NULL = AC + 32 digits, the emulator's default */
	const char *auth_token;    /* password of Basic authentication, and the key of signatures; NULL = 32 zeros */
	const char *say;           /* what the callee says when it picks up, NULL = nothing */
	const char *wav;           /* what it plays instead, NULL = nothing */
	bool echo;                 /* it sends back what it hears (after @say or @wav) */
	const char *voice;         /* of the callee and of <Say>; NULL = "flite:kal" */
	const char *gather_engine; /* NULL = "pocketsphinx" */
	const char *record_dir;
	unsigned max_calls; /* at a time, more get error 10004; 0 = 100 */
	const char *ca_file;
};

/* ENOENT, EBADMSG (the file), ENOMEM. */
int cw_twilio_rest_new(void *parent, struct cw_world *w, const struct cw_twilio_rest_conf *conf,
	struct cw_twilio_rest **ret, struct cw_why *why);
/* false: not one of its paths, the caller answers it. */
bool cw_twilio_rest_request(struct cw_twilio_rest *r, struct cw_exchange *x);
unsigned cw_twilio_rest_calls(const struct cw_twilio_rest *r); /* in progress */
