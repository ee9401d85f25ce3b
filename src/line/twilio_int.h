/*
 * twilio_int.h: the agent side between its two files: twilio_server.c (webhook, admission) and twilio_stream.c (the line)
 *
 * Owners: the server owns what it was asked and did not yet become a call (tickets, streams before `start`); from `start` on
 * a stream hangs from the server's parent and belongs to whoever attached to its line.
 */
#pragma once
#include "base/log.h"
#include "line/twilio.h"
#include "world/world.h"

#define CW_TWILIO_TOKEN_LEN 32

struct stream;

/* A webhook was answered with TwiML; the stream it points to is awaited. */
struct ticket {
	struct ticket *next;
	struct cw_twilio_server *server;
	struct cw_timer timer;
	const char *call_sid, *from, *to;
	char token[CW_TWILIO_TOKEN_LEN + 1];
};

struct cw_twilio_server {
	struct cw_world *world;
	void *parent;
	struct cw_twilio_server_conf conf;
	cw_twilio_call_fn *fn;
	void *arg;
	struct cw_log log;
	struct ticket *tickets;
	struct stream *streams; /* all of them, started or not */
	unsigned n_tickets, n_streams, n_started;
};

/* Accept the upgrade; the stream hangs from the server until `start`. */
int cw_twilio_stream_open(struct cw_twilio_server *s, struct cw_exchange *x);
/* The server goes away: forget it. */
void cw_twilio_stream_orphan(struct stream *st);
struct stream **cw_twilio_stream_next(struct stream *st);

/* Take the ticket with this token off the server (it is the caller's now, under @parent); NULL: none such. */
struct ticket *cw_twilio_ticket_claim(struct cw_twilio_server *s, void *parent, const char *token);
