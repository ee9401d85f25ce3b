/*
 * latency.h: calls to the reference agent (answerer.h), and what the product measures in their recordings
 *
 * A caller as `callwright test` makes it plays the clip, once per answer wanted; both sides are recorded; response_ms is read from the view of
 * that recording. Thread: the world's.  Owner: the parent given to latency_call_new(); freeing it drops the call.
 */
#pragma once
#include "answerer.h"
#include "audio/effect.h"
#include "base/why.h"
#include "trial/view/measure.h"

struct cw_world;
struct latency_call;

struct latency_conf {
	const struct answer *answers; /* the agent's, in order; outlive the call */
	size_t n;
	const struct cw_effect_conf *channel; /* on the caller's voice, or NULL */
	const char *wav;                      /* recorded here */
	void (*done)(void *arg);              /* the call is over and its recording complete */
	void *arg;
};

struct latency_sample {
	enum answer_kind kind;
	double want_ms; /* what the agent did */
	struct cw_value got;
};

struct latency_stat { /* of measured minus true, in ms, over samples with a value */
	size_t n, nulls;
	double bias, sd, p95_abs, max_abs;
};

/* Make the script and begin to record. ENOMEM, ENOENT … with @why. */
int latency_call_new(void *parent, struct cw_world *w, const struct latency_conf *conf, struct latency_call **ret,
	struct cw_why *why);
/* The caller takes @carrier, a line of the same world. */
int latency_call_dial(struct latency_call *c, struct cw_line *carrier, struct cw_why *why);
/* After `done`: @out has conf.n elements. EBADMSG: the caller did not play all its clips; ENOMEM … */
int latency_call_read(const struct latency_call *c, struct latency_sample *out);

/* Of the samples of @kind, or of all (ANSWER_KINDS). ENOMEM. */
int latency_stat_of(const struct latency_sample *s, size_t n, enum answer_kind kind, struct latency_stat *ret);
