/*
 * openai.h: an OpenAI-style server on this machine: chat completions (streamed or not), embeddings, models
 *
 * Answers come from rules in a file or from a small built-in talker; nothing is a language model. Requests are checked as strictly as
 * OpenAI checks them, with its error object; faults happen on demand. Mounts on any world's cw_listen(), so that it works in virtual
 * time too. README.md describes the answers file and the faults.
 *
 * Thread: the world's.  Owner: the parent given to cw_standin_openai_new(); free it before its listener.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

struct cw_world;
struct cw_exchange;
struct cw_standin_openai;

enum cw_standin_fault {
	CW_STANDIN_FINE,
	CW_STANDIN_STATUS,        /* an error instead of an answer */
	CW_STANDIN_STALL,         /* nothing more comes, from the middle of the answer on */
	CW_STANDIN_CUT,           /* the connection breaks in the middle of the answer */
	CW_STANDIN_UNFINISHED,    /* a stream ends without [DONE] and reason */
	CW_STANDIN_GARBAGE,       /* bytes that are no JSON */
	CW_STANDIN_EMPTY,         /* 200 with nothing in it */
	CW_STANDIN_ERROR_EVENT,   /* an error object in the middle of a stream */
	CW_STANDIN_BAD_ARGUMENTS, /* tool arguments that are no JSON */
	CW_STANDIN_LENGTH,        /* the answer ends early, finish_reason "length" */
	CW_STANDIN_SILENT,        /* not even a head of an answer */
	CW_STANDIN_FAULTS
};

struct cw_standin_fault_conf {
	enum cw_standin_fault kind;
	int status;             /* of CW_STANDIN_STATUS */
	unsigned retry_after_s; /* with 429 and 503; 0 = not sent */
};

struct cw_standin_openai_conf {
	const char *answers;     /* YAML or JSON file, NULL: the built-in talker */
	const char *const *keys; /* accepted bearer tokens; none: any, and none at all */
	size_t n_keys;
	uint64_t latency_us;       /* before the answer, or before the first piece of a stream */
	double tokens_per_s;       /* of streams (and of whole answers, which wait for all of them); 0: at once */
	unsigned requests_per_min; /* 0: 1,000,000 */
	struct cw_standin_fault_conf fault;
	unsigned fault_every; /* every n-th request; 0 = each */
};

/* ENOENT, EINVAL (answers file, with place), ENOMEM. */
int cw_standin_openai_new(void *parent, struct cw_world *w, const struct cw_standin_openai_conf *conf,
	struct cw_standin_openai **ret, struct cw_why *why);
/* For cw_routes: answers every request, unknown paths with 404. @arg is the stand-in. */
void cw_standin_openai_request(struct cw_exchange *x, void *arg);
/* Requests taken so far. */
unsigned long cw_standin_openai_requests(const struct cw_standin_openai *s);

/* "stall", "cut", "unfinished", "garbage", "empty", "error-event", "bad-arguments", "length", "silent", "503", "429:7" (Retry-After). EINVAL. */
int cw_standin_fault_parse(const char *text, struct cw_standin_fault_conf *ret, struct cw_why *why);
