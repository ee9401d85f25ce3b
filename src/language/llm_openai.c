#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "language/llm_gather.h"
#include "language/openai_int.h"
#include "language/sse.h"
#include "world/world.h"

#define BODY_MAX  (4u << 20)
#define EVENT_MAX (2u << 20)

struct llm {
	struct cw_llm llm; /* first */
	struct cw_openai server;
};

struct cw_llm_ask {
	struct llm *llm;
	struct cw_llm_events ev;
	void *arg;
	struct cw_http *http;
	struct cw_openai_head head;
	struct cw_llm_gather *gather;
	struct cw_sse sse;
	struct cw_buf body; /* of an answer that is not a stream */
	struct cw_timer timer;
	uint64_t asked_us, first_us, limit_first_us, limit_gap_us;
	bool first, over, *gone; /* @gone: set by the destructor while handlers run */
};

/* ---- the request ---- */

static json_t *call_json(const struct cw_llm_call *c)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", c->id, "type", "function", "function", "name", c->name,
		"arguments", c->arguments);
}

static json_t *message_json(const struct cw_llm_message *m)
{
	static const char *const roles[] = {"system", "user", "assistant", "tool"};
	json_t *o = json_pack("{s:s}", "role", roles[m->role]), *calls;
	int err = o ? 0 : -1;

	if (!err && m->role == CW_LLM_ASSISTANT && !m->text.len && m->n_calls)
		err = json_object_set_new(o, "content", json_null());
	else if (!err)
		err = json_object_set_new(o, "content", json_stringn_nocheck(m->text.p ? m->text.p : "", m->text.len));
	if (!err && m->role == CW_LLM_TOOL)
		err = json_object_set_new(o, "tool_call_id", json_string(m->call_id ? m->call_id : ""));
	if (!err && m->n_calls) {
		calls = json_array();
		for (size_t i = 0; !err && i < m->n_calls; i++)
			err = json_array_append_new(calls, call_json(&m->calls[i]));
		err = json_object_set_new(o, "tool_calls", calls) || err;
	}
	if (!err)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *messages_json(const struct cw_llm_req *req)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < req->n_messages; i++) {
		if (json_array_append_new(list, message_json(&req->messages[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *tools_json(const struct cw_llm_req *req)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < req->n_tools; i++) {
		const struct cw_llm_tool *t = &req->tools[i];
		json_t *copy = t->parameters ? json_deep_copy(t->parameters)
					     : json_pack("{s:s, s:{}}", "type", "object", "properties");
		json_t *o = json_pack("{s:s, s:{s:s, s:s, s:o}}", "type", "function", "function", "name", t->name,
			"description", t->description ? t->description : "", "parameters", copy);

		if (json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *choice_json(const char *choice)
{
	if (!strcmp(choice, "auto") || !strcmp(choice, "none") || !strcmp(choice, "required"))
		return json_string(choice);
	return json_pack("{s:s, s:{s:s}}", "type", "function", "function", "name", choice);
}

static json_t *format_json(const struct cw_llm_req *req)
{
	if (!req->schema)
		return json_pack("{s:s}", "type", "json_object");
	return json_pack("{s:s, s:{s:s, s:b, s:o}}", "type", "json_schema", "json_schema", "name",
		req->schema_name ? req->schema_name : "answer", "strict", 1, "schema", json_deep_copy(req->schema));
}

static json_t *stops_json(const char *const *stop)
{
	json_t *list = json_array();

	for (size_t i = 0; list && stop[i]; i++)
		(void)json_array_append_new(list, json_string(stop[i])); /* bad UTF-8 is left out */
	return list;
}

/* Optional members; what is missing for want of memory makes the whole request fail. */
static int add_options(json_t *o, const struct llm *l, const struct cw_llm_req *req)
{
	int bad = 0;

	if (!req->whole)
		bad |= json_object_set_new(o, "stream", json_true()) |
		       json_object_set_new(o, "stream_options", json_pack("{s:b}", "include_usage", 1));
	if (req->n_tools)
		bad |= json_object_set_new(o, "tools", tools_json(req));
	if (req->n_tools && req->tool_choice)
		bad |= json_object_set_new(o, "tool_choice", choice_json(req->tool_choice));
	if (req->schema || req->json)
		bad |= json_object_set_new(o, "response_format", format_json(req));
	if (req->temperature >= 0)
		bad |= json_object_set_new(o, "temperature", json_real(req->temperature));
	if (req->top_p > 0)
		bad |= json_object_set_new(o, "top_p", json_real(req->top_p));
	if (req->max_tokens)
		bad |= json_object_set_new(
			o, l->server.official ? "max_completion_tokens" : "max_tokens", json_integer(req->max_tokens));
	if (req->seed)
		bad |= json_object_set_new(o, "seed", json_integer(req->seed));
	if (req->stop)
		bad |= json_object_set_new(o, "stop", stops_json(req->stop));
	return bad ? ENOMEM : 0;
}

/* ---- the end of a request ---- */

/* Last thing done with @a: it is freed unless a handler did that. */
static void tell_failure(struct cw_llm_ask *a, struct cw_llm_error *e)
{
	bool gone = false;

	a->over = true;
	cw_timer_stop(&a->timer);
	TALLOC_FREE(a->http);
	e->spoken = a->first;
	/* cppcheck-suppress autoVariables */
	a->gone = &gone;
	a->ev.failed(e, a->arg);
	if (gone)
		return;
	a->gone = NULL;
	talloc_free(a);
}

static void fail(struct cw_llm_ask *a, enum cw_llm_error_kind kind, bool retry, const char *code, const char *text)
{
	struct cw_llm_error e = {.kind = kind,
		.status = a->head.status,
		.retry = retry,
		.retry_after_us = a->head.retry_after_us,
		.code = code,
		.text = text,
		.request_id = a->head.request_id};

	tell_failure(a, &e);
}

static void fail_by_server(struct cw_llm_ask *a, int err)
{
	struct cw_llm_error e;

	cw_openai_error(a, &a->llm->server, &a->head, err, cw_buf_str(&a->body), &e);
	tell_failure(a, &e);
}

/* An error object where an answer was expected. */
static void fail_by_event(struct cw_llm_ask *a)
{
	const char *code, *text = cw_llm_gather_error(a->gather, &code);

	fail(a, CW_LLM_SERVER, true, code, *text ? text : "the server broke off with an error that has no message");
}

static void succeed(struct cw_llm_ask *a)
{
	struct cw_llm_answer answer;
	bool gone = false;

	a->over = true;
	cw_timer_stop(&a->timer);
	if (cw_llm_gather_end(a->gather, &answer)) {
		fail(a, CW_LLM_PROTOCOL, true, "", "out of memory");
		return;
	}
	TALLOC_FREE(a->http);
	answer.request_id = a->head.request_id;
	answer.total_us = cw_now(a->llm->llm.world) - a->asked_us;
	answer.first_token_us = a->first ? a->first_us : answer.total_us;
	/* cppcheck-suppress autoVariables */
	a->gone = &gone;
	for (size_t i = 0; a->ev.call && i < answer.n_calls; i++) {
		a->ev.call(&answer.calls[i], a->arg);
		if (gone)
			return;
	}
	a->ev.done(&answer, a->arg);
	if (gone)
		return;
	a->gone = NULL;
	talloc_free(a);
}

/* The bytes are over: was it an answer? */
static void conclude(struct cw_llm_ask *a, bool said_done, int err)
{
	if (err && (!cw_llm_gather_begun(a->gather) || (err == ETIMEDOUT && !cw_llm_gather_finished(a->gather))))
		fail_by_server(a, err);
	else if (!cw_llm_gather_begun(a->gather))
		fail(a, CW_LLM_PROTOCOL, true, "", "the server answered 200 without any choice in it");
	else if (!said_done && !cw_llm_gather_finished(a->gather))
		fail(a, CW_LLM_CUT, true, "", "the answer broke off before its end");
	else
		succeed(a);
}

/* ---- pieces ---- */

static void on_silence(void *arg)
{
	struct cw_llm_ask *a = arg;

	fail(a, CW_LLM_TIMEOUT, true, "",
		a->first ? "the answer stopped in its middle" : "no first word within its limit");
}

/* Tell of a chunk. False: the request is over or gone. */
static bool hand_out(struct cw_llm_ask *a, const struct cw_llm_chunk *c)
{
	bool gone = false;

	if (!c->text.len && !c->call)
		return true;
	cw_timer_start(&a->timer, a->limit_gap_us, on_silence, a);
	/* cppcheck-suppress autoVariables */
	a->gone = &gone;
	if (!a->first) {
		a->first = true;
		a->first_us = cw_now(a->llm->llm.world) - a->asked_us;
		if (a->ev.first)
			a->ev.first(a->arg);
	}
	if (!gone && c->text.len && a->ev.text)
		a->ev.text(c->text, a->arg);
	if (!gone)
		a->gone = NULL;
	return !gone;
}

/* One chunk or whole answer. False: the request is over or gone. */
static bool take(struct cw_llm_ask *a, struct cw_str json, bool whole)
{
	struct cw_why why = {0};
	struct cw_llm_chunk c;
	int err = cw_llm_gather_add(a->gather, json, whole, &c, &why);

	if (err) {
		fail(a, CW_LLM_PROTOCOL, err != EMSGSIZE, "", why.text[0] ? why.text : strerror(err));
		return false;
	}
	if (c.error) {
		fail_by_event(a);
		return false;
	}
	return hand_out(a, &c);
}

static bool is_done(struct cw_str data)
{
	return cw_str_eq(cw_str_trim(data), "[DONE]");
}

/* False: the request is over or gone. */
static bool take_event(struct cw_llm_ask *a, const struct cw_sse_event *e)
{
	if (!is_done(e->data))
		return !e->data.len || take(a, e->data, false);
	conclude(a, true, 0);
	return false;
}

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct cw_llm_ask *a = arg;

	cw_openai_head_read(&a->head, a->llm->llm.world, status, headers, n);
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct cw_llm_ask *a = arg;
	struct cw_sse_event e;

	if (a->head.status != 200 || !a->head.events) {
		cw_buf_put(&a->body, bytes, n);
		return;
	}
	if (cw_sse_feed(&a->sse, bytes, n)) {
		fail(a, CW_LLM_PROTOCOL, false, "", "an event of the stream is longer than 2 MiB");
		return;
	}
	while (cw_sse_next(&a->sse, &e))
		if (!take_event(a, &e))
			return;
}

static void on_closed(int err, void *arg)
{
	struct cw_llm_ask *a = arg;
	struct cw_sse_event e;

	a->http = NULL;
	if (a->over)
		return;
	if (!err)
		err = cw_buf_err(&a->body);
	if (a->head.status != 200) {
		fail_by_server(a, err);
		return;
	}
	if (a->head.events) {
		if (!err && cw_sse_last(&a->sse, &e) && !take_event(a, &e))
			return;
		conclude(a, false, err);
		return;
	}
	if (err)
		fail_by_server(a, err);
	else if (take(a, cw_buf_str(&a->body), true))
		conclude(a, true, 0);
}

static const struct cw_http_events http_events = {.headers = on_headers, .data = on_data, .closed = on_closed};

/* ---- life ---- */

static int ask_gone(struct cw_llm_ask *a)
{
	if (a->gone)
		*a->gone = true;
	cw_timer_stop(&a->timer);
	cw_sse_clear(&a->sse);
	cw_buf_clear(&a->body);
	return 0;
}

static uint64_t or_default(uint64_t us, uint64_t dflt)
{
	return us ? us : dflt;
}

static int send_request(struct cw_llm_ask *a, const struct cw_llm_req *req)
{
	CW_JSON_SCOPED json_t *o = json_pack("{s:s, s:o}", "model", a->llm->llm.model, "messages", messages_json(req));
	const struct cw_deadlines deadlines = {.connect_us = or_default(req->connect_us, 5000000),
		.first_byte_us = req->whole ? or_default(req->total_us, 120000000) : a->limit_first_us,
		.idle_us = req->whole ? or_default(req->total_us, 120000000) : a->limit_gap_us,
		.total_us = or_default(req->total_us, 120000000)};

	if (!o || add_options(o, a->llm, req))
		return ENOMEM;
	return cw_openai_post(
		&a->llm->server, a, "/chat/completions", o, !req->whole, &deadlines, &http_events, a, &a->http);
}

static int openai_ask(struct cw_llm *base, void *parent, const struct cw_llm_req *req, const struct cw_llm_events *ev,
	void *arg, struct cw_llm_ask **ret)
{
	CW_SCOPED struct cw_llm_ask *a = talloc_zero(NULL, struct cw_llm_ask);
	int err;

	if (!a)
		return ENOMEM;
	a->llm = (struct llm *)base;
	a->ev = *ev;
	a->arg = arg;
	a->asked_us = cw_now(base->world);
	a->limit_first_us = or_default(req->first_token_us, 30000000);
	a->limit_gap_us = or_default(req->gap_us, 30000000);
	a->body = CW_BUF(BODY_MAX);
	cw_sse_init(&a->sse, EVENT_MAX);
	cw_timer_init(&a->timer, base->world);
	talloc_set_destructor(a, ask_gone);
	err = cw_llm_gather_new(a, &a->gather);
	if (!err)
		err = send_request(a, req);
	if (err)
		return err;
	if (!req->whole)
		cw_timer_start(&a->timer, a->limit_first_us, on_silence, a);
	*ret = talloc_move(parent, &a);
	return 0;
}

static int openai_open(void *parent, struct cw_world *w, const struct cw_llm_conf *conf, const char *model,
	struct cw_llm **ret, struct cw_why *why)
{
	CW_SCOPED struct llm *l = talloc_zero(NULL, struct llm);
	int err;

	if (!l)
		return ENOMEM;
	err = cw_openai_init(&l->server, l, w, conf->url, conf->key, conf->ca_file, why);
	if (err)
		return err;
	l->llm = (struct cw_llm){.ops = &cw_llm_openai, .world = w, .model = talloc_strdup(l, model)};
	if (!l->llm.model)
		return ENOMEM;
	*ret = &l->llm;
	(void)talloc_move(parent, &l);
	return 0;
}

const struct cw_llm_ops cw_llm_openai = {.name = "openai", .open = openai_open, .ask = openai_ask};
