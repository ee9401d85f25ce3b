#include "line/chat.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "world/net.h"
#include "world/url.h"
#include "world/world.h"

#define BODY_MAX   (4u << 20)
#define TIMEOUT_US 60000000u
#define SHOWN      160 /* bytes of a wrong answer that are shown */

struct target {
	enum cw_chat_style style;
	char *url;
	const char *model, *system, *path; /* "" = none */
	double temperature;                /* negative: not sent */
	uint32_t max_tokens;               /* 0: not sent */
};

struct cw_chat {
	struct cw_world *world;
	struct target target;
	char *id, *authorization;
	uint64_t timeout_us;
	const struct cw_chat_events *ev;
	void *arg;
	json_t *messages; /* said so far */
	struct cw_http *http;
	int status;
	char content_type[64];
	uint64_t first_us;
	struct cw_buf body;
};

/* ---- the target's text ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !strcmp(s + n - k, end);
}

static int set_option(struct target *t, const struct cw_form_field *f, bool *styled, struct cw_why *why)
{
	static const char *const names[] = {"style", "model", "system", "temperature", "max_tokens", "reply"};

	if (!strcmp(f->name, "style") && (!strcmp(f->value, "openai") || !strcmp(f->value, "webhook"))) {
		t->style = f->value[0] == 'o' ? CW_CHAT_OPENAI : CW_CHAT_WEBHOOK;
		*styled = true;
	} else if (!strcmp(f->name, "style")) {
		return cw_why_set(why, EINVAL, "style '%s': use openai or webhook", f->value);
	} else if (!strcmp(f->name, "model")) {
		t->model = f->value;
	} else if (!strcmp(f->name, "system")) {
		t->system = f->value;
	} else if (!strcmp(f->name, "reply")) {
		t->path = f->value;
	} else if (!strcmp(f->name, "temperature")) {
		if (cw_str_double(cw_str(f->value), &t->temperature) || t->temperature < 0 || t->temperature > 2)
			return cw_why_set(why, EINVAL, "temperature '%s': use a number from 0 to 2", f->value);
	} else if (!strcmp(f->name, "max_tokens")) {
		if (cw_str_u32(cw_str(f->value), 1000000, &t->max_tokens) || !t->max_tokens)
			return cw_why_set(why, EINVAL, "max_tokens '%s': use a whole number from 1", f->value);
	} else {
		const char *near = cw_str_nearest(cw_str(f->name), names, CW_COUNT(names));

		return cw_why_set(why, EINVAL,
			"unknown option '%s' behind '#'%s%s%s: use style, model, system, temperature, max_tokens, reply",
			f->name, near ? "; did you mean '" : "", near ? near : "", near ? "'" : "");
	}
	return 0;
}

static int set_options(void *parent, struct target *t, const char *options, bool *styled, struct cw_why *why)
{
	struct cw_form *form;
	int err = cw_form_parse(parent, cw_str(options), &form);

	if (err == ENOMEM)
		return err;
	if (err)
		return cw_why_set(
			why, EINVAL, "the options behind '#' are not NAME=VALUE joined by '&', percent-encoded");
	for (size_t i = 0; !err && i < form->n; i++)
		err = set_option(t, &form->fields[i], styled, why);
	return err;
}

/* Strings of @t hang from @parent. */
static int read_target(void *parent, const char *text, struct target *t, struct cw_why *why)
{
	struct cw_url *u;
	const char *options = strchr(text, '#');
	char *url = options ? talloc_strndup(parent, text, (size_t)(options - text)) : talloc_strdup(parent, text);
	bool styled = false;

	*t = (struct target){.model = "", .system = "", .path = "", .temperature = -1};
	if (!url)
		return ENOMEM;

	int err = cw_url_parse(parent, url, &u, why);

	if (err)
		return err;
	if (strcmp(u->scheme, "http") && strcmp(u->scheme, "https"))
		return cw_why_set(why, EINVAL, "'%s' does not begin with http:// or https://", url);
	err = options ? set_options(parent, t, options + 1, &styled, why) : 0;
	if (err)
		return err;
	if (!styled)
		t->style = ends_with(u->path, "/v1") || ends_with(u->path, "/v1/") ||
					   ends_with(u->path, "/chat/completions")
				   ? CW_CHAT_OPENAI
				   : CW_CHAT_WEBHOOK;
	if (t->style == CW_CHAT_OPENAI && !ends_with(u->path, "/chat/completions"))
		url = talloc_asprintf(parent, "%s%schat/completions", url, ends_with(url, "/") ? "" : "/");
	t->url = url;
	return url ? 0 : ENOMEM;
}

int cw_chat_check(const char *target, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct target t;
	struct cw_why inner = {0};

	if (!scope)
		return ENOMEM;

	int err = read_target(scope, target, &t, &inner);

	return err ? cw_why_set(why, err, "target chat:%s: %s", target, inner.text) : 0;
}

/* ---- a request ---- */

static int remember(struct cw_chat *c, const char *role, const char *text, const json_t *tool_calls)
{
	json_t *m = json_pack("{s:s, s:s%}", "role", role, "content", text, strlen(text));

	if (m && tool_calls && json_object_set(m, "tool_calls", (json_t *)(uintptr_t)tool_calls)) {
		json_decref(m);
		return ENOMEM;
	}
	if (json_array_append_new(c->messages, m))
		return ENOMEM;
	/* The protocol wants an answer to each call before the conversation goes on: nobody here carries tools out. */
	for (size_t i = 0; i < json_array_size(tool_calls); i++) {
		const char *id = cw_json_str(json_array_get(tool_calls, i), "id", "");

		if (json_array_append_new(c->messages,
			    json_pack("{s:s, s:s, s:s}", "role", "tool", "tool_call_id", id, "content", "{}")))
			return ENOMEM;
	}
	return 0;
}

static json_t *body_of(const struct cw_chat *c, const char *text)
{
	const struct target *t = &c->target;
	json_t *body = json_object();
	bool bad = !body;

	if (t->style == CW_CHAT_WEBHOOK) {
		bad = bad || json_object_set_new(body, "message", json_string(text)) ||
		      json_object_set_new(body, "conversation_id", json_string(c->id));
	} else {
		bad = bad || json_object_set_new(body, "model", json_string(t->model[0] ? t->model : "default"));
		if (t->temperature >= 0)
			bad = bad || json_object_set_new(body, "temperature", json_real(t->temperature));
		if (t->max_tokens)
			bad = bad || json_object_set_new(body, "max_tokens", json_integer(t->max_tokens));
	}
	bad = bad || json_object_set(body, "messages", c->messages);
	if (bad) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static void failed(struct cw_chat *c, int err, const char *text)
{
	struct cw_why why = {0};

	(void)cw_why_set(&why, err, "%s", text);
	c->ev->failed(&why, c->arg);
}

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct cw_chat *c = arg;

	c->status = status;
	c->first_us = cw_now(c->world);
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(headers[i].name, "content-type"))
			(void)snprintf(c->content_type, sizeof(c->content_type), "%s",
				headers[i].value); /* cut: the type comes first */
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct cw_chat *c = arg;

	cw_buf_put(&c->body, bytes, n);
}

static int accept_reply(struct cw_chat *c, void *scratch, json_t **doc, struct cw_chat_reply *r, struct cw_why *why)
{
	struct cw_why inner = {0};
	int err;

	if (c->status < 200 || c->status > 299)
		return cw_why_set(
			why, EPROTO, "it answered HTTP %d: %.*s", c->status, SHOWN, c->body.p ? c->body.p : "");
	err = cw_chat_parse(scratch, c->target.style, c->target.path, c->content_type, c->body.p ? c->body.p : "",
		c->body.len, doc, r, &inner);
	if (err == EPROTO)
		return cw_why_set(why, EPROTO, "%s (it sent: %.*s)", inner.text, SHOWN, c->body.p ? c->body.p : "");
	r->first_us = c->first_us;
	r->last_us = cw_now(c->world);
	return err ? err : remember(c, "assistant", r->text, r->tool_calls);
}

static void on_closed(int err, void *arg)
{
	struct cw_chat *c = arg;
	CW_SCOPED void *scratch = talloc_new(NULL);
	CW_JSON_SCOPED json_t *doc = NULL;
	struct cw_chat_reply r;
	struct cw_why why = {0};

	c->http = NULL;
	if (err || cw_buf_err(&c->body) || !scratch) {
		failed(c, err ? err : ENOMEM, err ? strerror(err) : "no memory");
		return;
	}
	err = accept_reply(c, scratch, &doc, &r, &why);
	if (err)
		failed(c, err, why.text[0] ? why.text : strerror(err));
	else
		c->ev->reply(&r, c->arg);
}

static int send_body(struct cw_chat *c, const json_t *body)
{
	static const struct cw_http_events events = {.headers = on_headers, .data = on_data, .closed = on_closed};
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(BODY_MAX);
	struct cw_header headers[3] = {
		{"Content-Type", "application/json"}, {"Accept", "application/json, text/plain"}};

	cw_json_dump(&b, body);
	if (cw_buf_err(&b))
		return cw_buf_err(&b);
	if (c->authorization)
		headers[2] = (struct cw_header){"Authorization", c->authorization};

	const struct cw_http_req req = {.method = "POST",
		.url = c->target.url,
		.headers = headers,
		.n_headers = c->authorization ? 3 : 2,
		.body = b.p,
		.body_len = b.len,
		.deadlines = {.first_byte_us = c->timeout_us, .total_us = c->timeout_us},
		.max_body = BODY_MAX};

	return cw_http_request(c, c->world, &req, &events, c, &c->http);
}

int cw_chat_say(struct cw_chat *c, const char *text)
{
	if (c->http)
		return EBUSY;
	cw_buf_reset(&c->body);
	c->status = 0;
	c->content_type[0] = 0;

	int err = remember(c, "user", text, NULL);
	CW_JSON_SCOPED json_t *body = err ? NULL : body_of(c, text);

	if (!err)
		err = body ? send_body(c, body) : ENOMEM;
	return err;
}

/* ---- life ---- */

static int chat_end(struct cw_chat *c)
{
	json_decref(c->messages);
	cw_buf_clear(&c->body);
	return 0;
}

int cw_chat_open(void *parent, struct cw_world *w, const struct cw_chat_conf *conf, const struct cw_chat_events *ev,
	void *arg, struct cw_chat **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_chat *c = talloc_zero(NULL, struct cw_chat);

	if (!c)
		return ENOMEM;
	c->world = w;
	c->ev = ev;
	c->arg = arg;
	c->timeout_us = conf->timeout_us ? conf->timeout_us : TIMEOUT_US;
	c->body = CW_BUF(BODY_MAX);
	talloc_set_destructor(c, chat_end);
	c->messages = json_array();
	c->id = talloc_strdup(c, conf->conversation_id);
	if (conf->api_key && conf->api_key[0])
		c->authorization = talloc_asprintf(c, "Bearer %s", conf->api_key);
	if (!c->messages || !c->id || (conf->api_key && conf->api_key[0] && !c->authorization))
		return ENOMEM;

	int err = read_target(c, conf->target, &c->target, why);

	if (!err && c->target.system[0])
		err = remember(c, "system", c->target.system, NULL);
	if (!err)
		*ret = talloc_move(parent, &c);
	return err;
}

enum cw_chat_style cw_chat_style(const struct cw_chat *c)
{
	return c->target.style;
}

const char *cw_chat_model(const struct cw_chat *c)
{
	return c->target.model;
}
