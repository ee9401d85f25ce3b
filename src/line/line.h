/*
 * line.h: one end of an audio connection
 *
 * A line has an agent side and a carrier side. Both carry frames of 20 ms, mu-law, 8 kHz (160 bytes).
 *   The agent side receives a frame every 20 ms and may send ahead: the far end buffers and plays at real pace; marks
 *   come back when played; clear empties the far buffer.
 *   The carrier side is the telephone: `frame` comes exactly every 20 ms (silence when nothing is to be heard) and one frame is
 *   sent per `frame`; what is sent is heard at once, so mark() answers at once and clear() does nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_line;

enum cw_line_side { CW_LINE_AGENT, CW_LINE_CARRIER };

enum cw_end_reason {
	CW_END_NONE,
	CW_END_LOCAL,       /* we hung up */
	CW_END_REMOTE,      /* the other side hung up */
	CW_END_LOST,        /* connection broke without goodbye */
	CW_END_REFUSED,     /* never came up: webhook or upgrade refused, wrong answer */
	CW_END_UNREACHABLE, /* never came up: nobody there */
	CW_END_PROTOCOL,    /* peer broke the protocol */
	CW_END_TIMEOUT,
};
const char *cw_end_reason_name(enum cw_end_reason r);

struct cw_line_info {
	const char *call_id; /* ours or the carrier's (CallSid) */
	const char *stream_id;
	const char *from, *to; /* E.164 where known, else "" */
	const char *(*param)(
		const struct cw_line *l, const char *name); /* custom parameters; NULL where the line has none */
};

struct cw_line_events {
	void (*answered)(const struct cw_line_info *info, void *arg); /* audio flows from now on */
	/* A frame came: 160 mu-law bytes. @position is its place in samples since the start of the stream (gaps are losses). */
	void (*frame)(const uint8_t *ulaw, uint64_t position, void *arg);
	void (*dtmf)(char digit, void *arg);                /* out of band; in-band tones are the listener's */
	void (*mark)(uint32_t id, bool cleared, void *arg); /* @cleared: came back because of clear(), not played */
	/* The carrier told something of note ("twiml.say", "status.completed"): for the timeline only; may be NULL. @json is an object's text. */
	void (*note)(const char *what, const char *json, void *arg);
	void (*closed)(enum cw_end_reason reason, const char *detail, void *arg);
};

struct cw_line_driver {
	const char *name; /* "loop", "twilio" */
	int (*send)(
		struct cw_line *l, const uint8_t *ulaw, size_t n); /* whole frames; agent side: any number of them */
	int (*mark)(struct cw_line *l, uint32_t id);               /* report when all sent before was played */
	int (*clear)(struct cw_line *l);                           /* drop what was not played yet */
	int (*dtmf)(struct cw_line *l, const char *digits);        /* out of band; NULL: send tones in the audio */
	void (*hang_up)(struct cw_line *l, const char *why);       /* politely; `closed` follows */
};

/* Every driver's struct begins with this. */
struct cw_line {
	const struct cw_line_driver *driver;
	enum cw_line_side side;
	const struct cw_line_events *ev; /* set by cw_line_attach() */
	void *arg;
};

/* Say who listens: at once after the line was made, before it comes up. */
void cw_line_attach(struct cw_line *l, const struct cw_line_events *ev, void *arg);
/* ENOTCONN before `answered` or after `closed`; ENOBUFS when the far end does not take what we send. */
int cw_line_send(struct cw_line *l, const uint8_t *ulaw, size_t n);
int cw_line_mark(struct cw_line *l, uint32_t id);
int cw_line_clear(struct cw_line *l);
int cw_line_dtmf(struct cw_line *l, const char *digits); /* ENOTSUP: send tones */
void cw_line_hang_up(struct cw_line *l, const char *why);
