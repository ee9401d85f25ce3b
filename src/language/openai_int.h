/*
 * openai_int.h: what the drivers for OpenAI-style servers share: address, headers, what an answer's head says, errors;
 * llm_openai.c, embed_openai.c and openai.c only
 */
#pragma once
#include "base/buf.h"
#include "language/llm.h"
#include "world/net.h"

#define CW_OPENAI_URL "https://api.openai.com/v1"

struct cw_openai { /* embedded by value; strings hang from the driver's object */
	struct cw_world *world;
	const char *base;          /* without a closing slash */
	const char *authorization; /* "Bearer …" or NULL; wiped when freed */
	const char *ca_file;
	bool official; /* OpenAI's own server: knows the newer names of parameters */
};

/* EINVAL: @url is none; ENOMEM. */
int cw_openai_init(struct cw_openai *o, void *parent, struct cw_world *w, const char *url, const char *key,
	const char *ca_file, struct cw_why *why);

/* POST @json to base + @path. Errors as of cw_http_request(). */
int cw_openai_post(const struct cw_openai *o, void *parent, const char *path, const json_t *json, bool stream,
	const struct cw_deadlines *deadlines, const struct cw_http_events *ev, void *arg, struct cw_http **ret);

struct cw_openai_head { /* embedded by value */
	int status;
	bool events; /* a stream of server-sent events follows */
	uint64_t retry_after_us;
	char request_id[80];
};
void cw_openai_head_read(
	struct cw_openai_head *h, struct cw_world *w, int status, const struct cw_header *headers, size_t n);

/* Classify: @err of the transport (0: an answer with h->status came, its body in @body). Strings of *@ret hang from @parent. */
void cw_openai_error(void *parent, const struct cw_openai *o, const struct cw_openai_head *h, int err,
	struct cw_str body, struct cw_llm_error *ret);

/* What `Retry-After: 7` or a date, and `retry-after-ms: 250`, ask for; at most an hour. 0: not understood. */
uint64_t cw_openai_retry_after_us(const char *value, bool milliseconds, int64_t wall_us);
