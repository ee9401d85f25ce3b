/*
 * llm_gather.h: an answer put together from what an OpenAI-style server sends: chunks of a stream, or all at once
 *
 * Takes what such servers are known to send: absent ids, whole tool calls in one chunk, calls without an index, `usage` anywhere or
 * nowhere, errors as an object or a string and in mid-stream, unknown reasons for finishing, reasoning that is never spoken.
 * Pure: no I/O. Thread: one at a time.  Owner: the parent given to cw_llm_gather_new().
 */
#pragma once
#include "base/buf.h"
#include "language/llm.h"

struct cw_llm_gather;

/* What one chunk brought; slices live until the next chunk. */
struct cw_llm_chunk {
	struct cw_str text;
	bool call;  /* a piece of a tool call */
	bool error; /* an error object: see cw_llm_gather_error() */
};

/* ENOMEM. */
int cw_llm_gather_new(void *parent, struct cw_llm_gather **ret);
/* One chunk, or with @whole a complete answer. EBADMSG (not JSON, or not of the expected shape), EMSGSIZE (a limit), ENOMEM; all with @why. */
int cw_llm_gather_add(
	struct cw_llm_gather *g, struct cw_str json, bool whole, struct cw_llm_chunk *ret, struct cw_why *why);
/* A choice was seen; the model said why it ended; an error object came. */
bool cw_llm_gather_begun(const struct cw_llm_gather *g);
bool cw_llm_gather_finished(const struct cw_llm_gather *g);
/* The message and code of an error object ("" when there was none). */
const char *cw_llm_gather_error(const struct cw_llm_gather *g, const char **code);
/* What was gathered; strings hang from @g. Arguments are checked here. ENOMEM. */
int cw_llm_gather_end(struct cw_llm_gather *g, struct cw_llm_answer *ret);

/* "error" of a body: {"error":{"message","type","code"}}, {"error":"text"}, {"message":…}, vLLM's and llama.cpp's numbers as code. New strings
 * under @parent; false: there is none. */
bool cw_llm_error_body(void *parent, struct cw_str body, const char **message, const char **code);
