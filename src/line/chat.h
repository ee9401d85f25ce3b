/*
 * chat.h: a conversation in text with somebody's agent over HTTP: one request for each thing the caller says
 *
 * Two styles. `openai`: POST …/chat/completions with the whole conversation (OpenAI API reference, "Create chat completion"; vLLM,
 * llama.cpp, Ollama and many others take the same). `webhook`: POST of
 *     {"message": TEXT, "conversation_id": ID, "messages": [{"role", "content"} …]}
 * to the URL itself; the answer is plain text, or JSON whose text is found under a given path or under one of `reply`, `response`, `answer`,
 * `output`, `text`, `content`, `message` (a text, or an object with `content`), or as a chat completion.
 * A target is written chat:URL#OPTIONS with options joined by "&": style, model, system, temperature, max_tokens, reply (path of the
 * answer's text, "data.0.text"); percent-encoded. Without `style` a path ending in /v1 or /chat/completions means openai.
 * Thread: a lane.  Owner: the parent given to cw_chat_open(); freeing it cancels what is under way.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/why.h"

struct cw_world;
struct cw_chat;

enum cw_chat_style { CW_CHAT_OPENAI, CW_CHAT_WEBHOOK };

struct cw_chat_conf {
	const char *target;          /* what follows "chat:": URL#OPTIONS */
	const char *conversation_id; /* copied */
	const char *api_key;         /* sent as bearer token; NULL: none */
	uint64_t timeout_us;         /* of one answer, 0 = 60 s */
};

struct cw_chat_reply {              /* lives during the handler */
	const char *text;           /* "" when it said nothing */
	const char *finish_reason;  /* NULL: not told */
	const json_t *tool_calls;   /* array as in OpenAI's API, or NULL */
	int64_t prompt_tokens;      /* -1: not told */
	int64_t completion_tokens;  /* -1: not told */
	uint64_t first_us, last_us; /* cw_now() of the answer's first and last byte */
};

struct cw_chat_events {
	void (*reply)(const struct cw_chat_reply *r, void *arg);
	/* @why->err: ECONNREFUSED, ETIMEDOUT …; EPROTO: an answer that is no answer (status, JSON, no text), said in the text. */
	void (*failed)(const struct cw_why *why, void *arg);
};

/* Is @target well-formed? EINVAL says what is not. */
int cw_chat_check(const char *target, struct cw_why *why);
/* EINVAL as above, ENOMEM. Nothing is sent yet. */
int cw_chat_open(void *parent, struct cw_world *w, const struct cw_chat_conf *conf, const struct cw_chat_events *ev,
	void *arg, struct cw_chat **ret, struct cw_why *why);
/* Say something: reply() or failed() follows. EBUSY while an answer is outstanding, ENOMEM. */
int cw_chat_say(struct cw_chat *c, const char *text);

enum cw_chat_style cw_chat_style(const struct cw_chat *c);
const char *cw_chat_model(const struct cw_chat *c); /* as asked for, "" when the server decides */

/* The text of an answer's body: pure, for bytes from anywhere. *@ret owns a JSON document which @reply points into (NULL for plain
 * text: then text hangs from @parent). EPROTO with @why. */
int cw_chat_parse(void *parent, enum cw_chat_style style, const char *path, const char *content_type, const char *body,
	size_t len, json_t **ret, struct cw_chat_reply *reply, struct cw_why *why);
