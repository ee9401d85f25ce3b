/*
 * openai_int.h: the parts of the OpenAI stand-in, for openai*.c only
 *
 * request ─ openai.c (path, key, limits, faults) ─ openai_check.c (is it well formed?) ─ openai_rules.c / openai_talk.c (what to say)
 *         ─ openai_send.c (how it goes out: whole, or as events at their pace)
 */
#pragma once
#include "base/json.h"
#include "language/embed.h"
#include "standin/openai.h"
#include "world/net.h"
#include "world/world.h"

#define CW_OPENAI_BODY_MAX (8u << 20)

struct cw_openai_rules;

struct cw_standin_openai {
	struct cw_world *world;
	struct cw_standin_openai_conf conf;
	struct cw_openai_rules *rules; /* NULL: none */
	struct cw_embed *embed;        /* lexical */
	char **keys;
	unsigned long requests;
	uint64_t window_us; /* when the running minute began */
	unsigned in_window;
};

struct cw_openai_refusal { /* an error object */
	int status;
	const char *type, *code, *param; /* code and param may be NULL */
	char message[400];
};

/* Fill @r and return EINVAL. */
int cw_openai_refuse(struct cw_openai_refusal *r, int status, const char *code, const char *param, const char *fmt, ...)
	CW_PRINTF(5, 6);

/* openai_check.c: EINVAL with @r. */
int cw_openai_check_chat(const json_t *body, struct cw_openai_refusal *r);
int cw_openai_check_embeddings(const json_t *body, struct cw_openai_refusal *r);
/* openai_check_message.c: the messages of a conversation, in order. */
int cw_openai_check_messages(const json_t *messages, struct cw_openai_refusal *r);
bool cw_openai_is_tool_name(const char *name);

/* What is to be said; strings and JSON hang from the object. */
struct cw_openai_reply {
	char *text;    /* NULL: none (tool calls only) */
	json_t *calls; /* array of {id, type, function{name, arguments}}, or NULL */
	uint64_t delay_us;
	double tokens_per_s; /* negative: the server's own */
	struct cw_standin_fault_conf fault;
	bool has_fault;
};
int cw_openai_reply_new(void *parent, struct cw_openai_reply **ret);
/* A call of tool @name with @arguments (a new reference) is added. ENOMEM. */
int cw_openai_reply_call(struct cw_openai_reply *r, struct cw_rng *rng, const char *name, json_t *arguments);

/* openai_rules.c: answers from a file. */
int cw_openai_rules_load(void *parent, const char *path, struct cw_openai_rules **ret, struct cw_why *why);
/* The first rule that fits; *@ret NULL when none does. @fallback (its text) "": the built-in talker shall speak. ENOMEM. */
int cw_openai_rules_answer(struct cw_openai_rules *rules, void *parent, struct cw_rng *rng, const json_t *body,
	struct cw_openai_reply **ret);

/* openai_talk.c: the built-in talker. ENOMEM. */
int cw_openai_talk(void *parent, struct cw_rng *rng, const json_t *body, struct cw_openai_reply **ret);
/* Text of message @m ("" when it has none), parts joined. New string. */
char *cw_openai_text_of(void *parent, const json_t *m);
/* A value that fits the schema, texts being @text. New reference or NULL. */
json_t *cw_openai_example(const json_t *schema, const char *text, unsigned depth);

/* openai_token.c: the stated rule for counting: a blank with the up to six letters or figures behind it, or any other character. */
size_t cw_openai_token(struct cw_str text); /* bytes of the first token, 0 at the end */
size_t cw_openai_tokens(struct cw_str text);
size_t cw_openai_prompt_tokens(const json_t *body);

/* openai_send.c: takes @x and @reply (moved). */
void cw_openai_send(
	struct cw_standin_openai *s, struct cw_exchange *x, const json_t *body, struct cw_openai_reply *reply);
void cw_openai_send_error(
	struct cw_standin_openai *s, struct cw_exchange *x, const struct cw_openai_refusal *r, unsigned retry_after_s);
void cw_openai_send_json(struct cw_standin_openai *s, struct cw_exchange *x, int status, const json_t *j);
