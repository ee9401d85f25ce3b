/*
 * text.h: prompts asked of a chat target, and how long the answers took
 *
 * An OpenAI-style server is asked through language/llm.h (streamed, so that the first token is seen), a webhook through line/chat.h. A talk is a
 * conversation: its prompts follow one another, remembering so many exchanges; talks run side by side.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

struct cw_world;
struct cw_override;

#define CW_TEXT_PROMPTS_MAX 1000

struct cw_text_answer {
	bool ok;
	const char *error; /* of a failed one; hangs from the talks' owner */
	double ttfb_s, total_s;
	double tokens_per_s; /* NAN: the server did not count tokens, or the answer came in one piece */
	double tokens;       /* NAN: not told */
	bool tool_call;      /* the answer was a call of a tool */
	uint64_t started_us, ended_us;
};

struct cw_text_talk {
	const char *target;             /* "chat:URL#OPTIONS" */
	const struct cw_override *over; /* or NULL */
	const char *const *prompts;
	size_t n;
	struct cw_text_answer *answers; /* n of them */
	bool done;
};

struct cw_text_conf {
	struct cw_world *world;                   /* real; its loop runs meanwhile */
	const char *api_key;                      /* or NULL */
	unsigned jobs;                            /* talks at once */
	uint64_t timeout_us;                      /* of one answer, 0 = 120 s */
	void (*done)(size_t finished, void *arg); /* after each talk; may be NULL */
	void *arg;
};

/* Hold all talks. Failed answers are results, not errors. EINVAL (a target), ENOMEM with @why. */
int cw_text_run(void *parent, const struct cw_text_conf *conf, struct cw_text_talk *talks, size_t n, bool *interrupted,
	struct cw_why *why);

/* Prompts of a file: a line each; empty ones and those that begin with # are left out. EINVAL when there are none. */
int cw_text_prompts_load(void *parent, const char *path, const char *const **ret, size_t *n, struct cw_why *why);
/* Those that are asked when none are given. */
extern const char *const cw_text_prompts_usual[];
extern const size_t cw_text_n_prompts_usual;
