/*
 * llm.h: language models as drivers: a conversation in, text and tool calls out, piece by piece
 *
 * A driver is a const table, one per file; llm.c holds the table of all. Everything is asynchronous on a world, so that it works in
 * simulation too. A driver asks once: retries, breakers and caches are wrappers with the same table; what they need to decide (kind of
 * error, status, Retry-After) is reported.
 *
 * Thread: an object belongs to one world. Owner: the parent given to cw_llm_open() and cw_llm_ask(); freeing cancels silently.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/why.h"

#define CW_LLM_CALLS_MAX     64            /* tool calls in one answer */
#define CW_LLM_TEXT_MAX      (1024 * 1024) /* bytes of text in one answer */
#define CW_LLM_ARGUMENTS_MAX (256 * 1024)  /* bytes of one call's arguments */

struct cw_world;
struct cw_llm;
struct cw_llm_ask; /* one request under way */

struct cw_llm_conf {
	const char *spec; /* "openai:gpt-4o-mini": driver and model */
	const char *url;  /* base, as "http://127.0.0.1:8000/v1"; NULL = the driver's own */
	const char *key;  /* secret, never printed; NULL where none is wanted */
	const char *ca_file;
};

struct cw_llm_call { /* one tool call */
	const char *id, *name;
	const char *arguments; /* as the model wrote them */
	bool valid;            /* they are a JSON object */
};

enum cw_llm_role { CW_LLM_SYSTEM, CW_LLM_USER, CW_LLM_ASSISTANT, CW_LLM_TOOL };

struct cw_llm_message {
	enum cw_llm_role role;
	struct cw_str text;
	const struct cw_llm_call *calls; /* of an assistant */
	size_t n_calls;
	const char *call_id; /* of a tool: which call this answers */
};

struct cw_llm_tool {
	const char *name, *description;
	const json_t *parameters; /* JSON Schema */
};

/* Read only while cw_llm_ask() runs. Zeros are defaults, but for temperature: set it, or -1 for the provider's own. */
struct cw_llm_req {
	const struct cw_llm_message *messages;
	size_t n_messages;
	const struct cw_llm_tool *tools;
	size_t n_tools;
	const char *tool_choice; /* "auto", "none", "required" or the name of a tool; NULL = auto */
	const char *schema_name; /* with a schema: its name */
	const json_t *schema;    /* the text must be JSON of this schema */
	bool json;               /* the text must be a JSON object */
	double temperature;      /* below 0: not sent */
	double top_p;            /* 0: not sent */
	uint32_t max_tokens;     /* 0: not sent */
	int64_t seed;            /* 0: not sent */
	const char *const *stop; /* NULL-terminated, at most 4 */
	bool whole;              /* do not stream: everything comes with `done` */
	uint64_t connect_us;     /* [5 s] */
	uint64_t first_token_us; /* [30 s] from asking to the first text or tool call */
	uint64_t gap_us;         /* [30 s] between two pieces */
	uint64_t total_us;       /* [120 s] */
};

enum cw_llm_finish { CW_LLM_STOP, CW_LLM_LENGTH, CW_LLM_TOOLS, CW_LLM_FILTERED, CW_LLM_OTHER };
const char *cw_llm_finish_name(enum cw_llm_finish f); /* "stop" */

struct cw_llm_answer { /* lives during the handler */
	struct cw_str text;
	bool refused; /* the text is the model's refusal */
	const struct cw_llm_call *calls;
	size_t n_calls;
	enum cw_llm_finish finish;
	bool usage_known; /* else the counts are 0 */
	uint64_t prompt_tokens, cached_tokens, completion_tokens;
	const char *model;                 /* as the server calls it */
	const char *request_id;            /* or "" */
	uint64_t first_token_us, total_us; /* since asking */
};

enum cw_llm_error_kind {
	CW_LLM_CONNECT,     /* nobody there, or no TLS */
	CW_LLM_TIMEOUT,     /* one of the limits passed */
	CW_LLM_AUTH,        /* 401, 403 */
	CW_LLM_RATE_LIMIT,  /* 429 */
	CW_LLM_BAD_REQUEST, /* 400, 404, 422 … */
	CW_LLM_SERVER,      /* 5xx, 408, 409, or an error event within a stream */
	CW_LLM_PROTOCOL,    /* the answer is none */
	CW_LLM_CUT,         /* the answer broke off */
	CW_LLM_ERRORS
};
const char *cw_llm_error_name(enum cw_llm_error_kind k); /* "rate_limit" */

struct cw_llm_error { /* lives during the handler */
	enum cw_llm_error_kind kind;
	int status;              /* of HTTP, 0 = none came */
	bool retry;              /* may succeed when asked again */
	bool spoken;             /* pieces were handed out already: asking again would say them twice */
	uint64_t retry_after_us; /* what the server asked for, 0 = nothing */
	const char *code;        /* the provider's, or "" */
	const char *text;        /* for a person */
	const char *request_id;  /* or "" */
};

struct cw_llm_events {                                           /* of one request */
	void (*first)(void *arg);                                /* first text or tool call began; may be NULL */
	void (*text)(struct cw_str piece, void *arg);            /* may be NULL */
	void (*call)(const struct cw_llm_call *call, void *arg); /* a whole one; may be NULL */
	/* Exactly one of these comes, once and last. */
	void (*done)(const struct cw_llm_answer *a, void *arg);
	void (*failed)(const struct cw_llm_error *e, void *arg);
};

struct cw_llm_ops {
	const char *name;
	/* EINVAL (configuration, @why says what), ENOMEM. */
	int (*open)(void *parent, struct cw_world *w, const struct cw_llm_conf *conf, const char *model,
		struct cw_llm **ret, struct cw_why *why);
	int (*ask)(struct cw_llm *l, void *parent, const struct cw_llm_req *req, const struct cw_llm_events *ev,
		void *arg, struct cw_llm_ask **ret);
};

struct cw_llm { /* first member of each driver's own struct; filled by its open */
	const struct cw_llm_ops *ops;
	struct cw_world *world;
	const char *model;
};

/* ENOENT (no such driver: @why names those there are), EINVAL (no model, bad URL), ENOMEM. */
int cw_llm_open(
	void *parent, struct cw_world *w, const struct cw_llm_conf *conf, struct cw_llm **ret, struct cw_why *why);
/* Ask. The handle frees itself when done() or failed() returned: forget it there. EINVAL (no messages), ENOMEM. */
int cw_llm_ask(struct cw_llm *l, void *parent, const struct cw_llm_req *req, const struct cw_llm_events *ev, void *arg,
	struct cw_llm_ask **ret);
/* Names of all drivers, NULL-terminated. */
const char *const *cw_llm_names(void);

/* Drivers; each in its own file. */
extern const struct cw_llm_ops cw_llm_openai;
