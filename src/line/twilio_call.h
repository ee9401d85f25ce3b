/*
 * twilio_call.h: the carrier side between its files: one emulated call
 *
 *   twilio_carrier.c  the call: line, 20 ms ticks, answering, ending; the only place which calls the listener's handlers
 *   twilio_webhook.c  HTTP to the agent: parameters, signature, documents, status callbacks
 *   twilio_verbs.c    which verb runs, and the small ones;  twilio_prompt.c Say, Play, Pause
 *   twilio_gather.c, twilio_record.c, twilio_dial.c, twilio_media.c   one verb each
 *
 * Handlers of the line run from the tick (frames) and from the pump (everything else), never from inside a verb. A verb
 * says cw_call_verb_done() and is freed; the next one starts from the pump.
 */
#pragma once
#include "audio/g711.h"
#include "base/log.h"
#include "line/playout.h"
#include "line/twilio.h"
#include "line/twiml.h"
#include "world/url.h"
#include "world/world.h"

#define CW_TWILIO_SID_SIZE 35

struct call;
struct verb;
struct media;
struct cw_tts;
struct cw_dtmf_rx;

enum call_state {
	CALL_QUEUED,
	CALL_INITIATED,
	CALL_RINGING, /* webhook asked, or first verbs which do not answer */
	CALL_IN_PROGRESS,
	CALL_ENDING, /* streams say goodbye */
	CALL_CLOSED,
};

struct verb_ops {
	const char *name;
	/* Begin; the verb's struct was made by @size (it begins with struct verb). An errno ends the call. */
	int (*start)(struct verb *v);
	void (*frame)(
		struct verb *v, const uint8_t *ulaw, bool voice); /* what the caller says, every 20 ms; may be NULL */
	void (*digit)(struct verb *v, char digit);                /* may be NULL */
	size_t size;
	bool early;                      /* does not answer the call */
	void (*hung_up)(struct verb *v); /* the call ends while it runs; may be NULL */
};

struct verb {
	const struct verb_ops *ops;
	struct call *call;
	const struct cw_twiml_node *node;
};

/* What the listener has still to be told, in order. */
enum news_kind { NEWS_ANSWERED, NEWS_NOTE, NEWS_MARK };
struct news {
	struct news *next;
	enum news_kind kind;
	uint32_t mark;
	const char *what, *json;
};

struct call {
	struct cw_line line;
	void *parent;
	struct cw_world *world;
	struct cw_twilio_carrier_conf conf; /* copied; defaults filled in */
	struct cw_log log;
	enum call_state state;
	const char *final_status; /* "completed", "busy", "failed", "no-answer", "canceled" */
	enum cw_end_reason reason;
	char detail[256];
	char call_sid[CW_TWILIO_SID_SIZE];
	struct cw_line_info info;
	bool *gone;
	int64_t created_wall_us, answered_wall_us, ended_wall_us;
	unsigned status_sequence;

	struct cw_timer pump;
	struct news *news, **news_tail;
	unsigned n_news;
	bool want_verb; /* the pump shall start the next verb */

	/* the document being interpreted */
	char *url; /* where it came from; "" when it was given as text */
	struct cw_twiml *doc;
	const struct cw_twiml_node *next; /* the verb to run after the present one */
	struct verb *verb;
	struct fetch *fetch; /* the next document is being asked for */
	unsigned documents;
	bool first_verb; /* no verb ran yet: Pause and Reject are special */
	bool tried_fallback;
	unsigned fail_code; /* the latest stream error, should the call end by it */
	enum cw_end_reason fail_reason;

	/* audio */
	struct cw_playout *playout; /* towards the caller */
	struct cw_playout *mic;     /* from the caller, at its pace */
	struct cw_tick tick;
	struct cw_timer limit;
	uint64_t epoch_us, frames;
	struct cw_dtmf_rx *dtmf;
	struct cw_tts *voice;
	struct media *streams;
};

/* ---- twilio_carrier.c ---- */

/* A remark for the line's listener, @fmt as json_pack(). */
void cw_call_note(struct call *c, const char *what, const char *fmt, ...);
/* Twilio's debugger: a warning (the call goes on) with its number. */
void cw_call_warn(struct call *c, unsigned code, const char *fmt, ...) CW_PRINTF(3, 4);
void cw_call_answer(struct call *c);
void cw_call_end(struct call *c, enum cw_end_reason reason, const char *status, const char *fmt, ...) CW_PRINTF(4, 5);
void cw_call_stream_over(struct call *c); /* a stream was unlinked: an ending call may close */
void cw_call_digit(struct call *c, char digit);
const char *cw_call_status(const struct call *c);
void cw_call_sid(struct call *c, const char *prefix, char out[CW_TWILIO_SID_SIZE]);
void cw_call_pump(struct call *c); /* run the pump soon */

/* ---- twilio_webhook.c ---- */

/* Parameters of a request: talloc object which grows. An error sticks: fields is then NULL. */
struct cw_form *cw_params_new(void *parent);
void cw_params_add(struct cw_form *f, const char *name, const char *fmt, ...) CW_PRINTF(3, 4);
void cw_call_params(const struct call *c, struct cw_form *f); /* those of every voice webhook */

struct fetched {
	int err; /* 0, or why there is no answer */
	int status;
	const char *type; /* Content-Type, "" */
	struct cw_str body;
	const char *url; /* after redirections */
};
typedef void fetch_fn(const struct fetched *f, void *arg);
struct fetch;
/* Signed request; redirections are followed. @fn may free the fetch. @params may be NULL. EINVAL, ENOMEM. */
int cw_call_fetch(void *parent, const struct call *c, const char *method, const char *url, const struct cw_form *params,
	size_t max_body, fetch_fn *fn, void *arg, struct fetch **ret);
/* A request whose answer nobody waits for; it outlives the call. */
void cw_call_callback(struct call *c, const char *method, const char *url, const struct cw_form *params);
void cw_call_status_callback(struct call *c, const char *event);
/* Ask for the next document (standard parameters plus @extra, which may be NULL) and run it. @ref may be relative. */
void cw_call_goto(struct call *c, const char *method, const char *ref, struct cw_form *extra);
int cw_call_run(struct call *c, const char *text, size_t len, const char *url);
/* @ref against the present document; NULL with a warning noted when it cannot be. */
char *cw_call_resolve(struct call *c, void *parent, const char *ref);
void cw_rfc2822(int64_t wall_us, char out[40]);

/* ---- twilio_verbs.c ---- */

void cw_call_next_verb(struct call *c); /* from the pump */
void cw_call_verb_done(struct verb *v); /* frees @v */
void cw_call_verb_drop(struct call *c); /* stop the running verb, if any */

/* The verb is over and its action (or, without one and with @or_here, the present document) is asked with @extra; else the next
 * verb follows. */
void cw_call_verb_action(struct verb *v, struct cw_form *extra, bool or_here);

extern const struct verb_ops cw_gather_ops, cw_record_ops, cw_dial_ops, cw_connect_ops, cw_start_ops, cw_stop_ops;

/* ---- twilio_prompt.c: Say, Play and Pause, one after the other ---- */

struct prompt;
/* Play @first and, with @all, its siblings; @done is called from a tick or the pump when the last sample was heard. */
int cw_prompt_new(void *parent, struct call *c, const struct cw_twiml_node *first, bool all, void (*done)(void *arg),
	void *arg, struct prompt **ret);
void cw_prompt_tick(struct prompt *p);
/* @n samples at 8 kHz to the caller. */
void cw_call_play_pcm(struct call *c, const int16_t *pcm, size_t n);
int cw_call_open_voice(struct call *c); /* makes c->voice */

/* ---- twilio_media.c ---- */

void cw_media_frame(struct call *c, const uint8_t *heard, const uint8_t *said); /* every 20 ms */
void cw_media_marks(struct call *c);                                            /* give back those which were reached */
void cw_media_stop_all(struct call *c);
bool cw_media_any(const struct call *c);
