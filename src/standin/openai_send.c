/* How answers go out: whole, or as events at their pace, or as the faults will have it. */
#include <errno.h>
#include <string.h>

#include "base/id.h"
#include "standin/openai_int.h"

#define OUT_MAX      (16u << 20)
#define WINDOW_US    60000000u
#define TOKENS_LIMIT 2000000u

/* One answer on its way. Freed when it is out, or when its client leaves. */
struct talk {
	struct cw_standin_openai *standin;
	struct cw_exchange *x;
	struct cw_openai_reply *reply;
	struct cw_standin_fault_conf fault;
	struct cw_timer timer;
	bool stream, usage, begun;
	unsigned n, choice; /* choices wanted, and the one being sent */
	char id[48];
	char *model;
	int64_t created;
	size_t prompt_tokens, at, end; /* bytes of the text sent, and where it shall end */
	size_t calls_sent;
	uint64_t piece_us;
	struct cw_buf out;
};

/* ---- heads ---- */

static const char *duration_text(uint64_t us, char out[32])
{
	if (us < 1000000)
		(void)snprintf(out, 32, "%ums", (unsigned)(us / 1000));
	else
		(void)snprintf(out, 32, "%us", (unsigned)(us / 1000000));
	return out;
}

struct head {
	struct cw_header fields[16];
	size_t n;
	char limit[16], left[16], reset[32], id[48], retry[16];
};

static void add(struct head *h, const char *name, const char *value)
{
	h->fields[h->n++] = (struct cw_header){name, value};
}

static void make_head(struct cw_standin_openai *s, const char *type, struct head *h)
{
	unsigned limit = s->conf.requests_per_min, left = limit > s->in_window ? limit - s->in_window : 0;

	h->n = 0;
	(void)snprintf(h->limit, sizeof(h->limit), "%u", limit);
	(void)snprintf(h->left, sizeof(h->left), "%u", left);
	(void)memcpy(h->id, "req_", 5);
	cw_id_hex(cw_rng(s->world), h->id + 4, 32);
	add(h, "Content-Type", type);
	add(h, "x-request-id", h->id);
	add(h, "openai-version", "2020-10-01");
	add(h, "openai-organization", "standin");
	add(h, "openai-processing-ms", "0");
	add(h, "x-ratelimit-limit-requests", h->limit);
	add(h, "x-ratelimit-remaining-requests", h->left);
	add(h, "x-ratelimit-reset-requests", duration_text(s->window_us + WINDOW_US - cw_now(s->world), h->reset));
	add(h, "x-ratelimit-limit-tokens", "2000000");
	add(h, "x-ratelimit-remaining-tokens", "2000000");
	add(h, "x-ratelimit-reset-tokens", "0ms");
}

void cw_openai_send_json(struct cw_standin_openai *s, struct cw_exchange *x, int status, const json_t *j)
{
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(OUT_MAX);
	struct head h;

	cw_json_dump(&out, j);
	make_head(s, "application/json", &h);
	(void)cw_reply(x, cw_buf_err(&out) ? 500 : status, h.fields, h.n, out.p ? out.p : "",
		out.len); /* a client that left needs none */
}

void cw_openai_send_error(
	struct cw_standin_openai *s, struct cw_exchange *x, const struct cw_openai_refusal *r, unsigned retry_after_s)
{
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(4096);
	CW_JSON_SCOPED json_t *j = json_pack("{s:{s:s, s:s, s:s?, s:s?}}", "error", "message", r->message, "type",
		r->type, "param", r->param, "code", r->code);
	struct head h;

	cw_json_dump(&out, j);
	make_head(s, "application/json", &h);
	(void)snprintf(h.retry, sizeof(h.retry), "%u", retry_after_s);
	if (retry_after_s)
		add(&h, "Retry-After", h.retry);
	(void)cw_reply(x, r->status, h.fields, h.n, out.p ? out.p : "", out.len); /* a client that left needs none */
}

/* ---- life of a talk ---- */

static int talk_gone(struct talk *t)
{
	cw_timer_stop(&t->timer);
	if (t->x)
		cw_exchange_on_gone(t->x, NULL, NULL);
	cw_buf_clear(&t->out);
	return 0;
}

static void client_left(void *arg)
{
	struct talk *t = arg;

	t->x = NULL;
	talloc_free(t);
}

static void break_off(struct talk *t)
{
	struct cw_exchange *x = t->x;

	t->x = NULL;
	talloc_free(t);
	cw_reply_break(x);
}

/* ---- a whole answer ---- */

static json_t *usage_json(const struct talk *t)
{
	size_t completion = t->reply->text ? cw_openai_tokens((struct cw_str){t->reply->text, t->end}) : 0, i;
	json_t *call;

	json_array_foreach (t->reply->calls, i, call)
		completion +=
			cw_openai_tokens(cw_str(cw_json_str(json_object_get(call, "function"), "arguments", ""))) + 3;
	completion *= t->n;
	return json_pack("{s:I, s:I, s:I, s:{s:i, s:i}, s:{s:i, s:i, s:i, s:i}}", "prompt_tokens",
		(json_int_t)t->prompt_tokens, "completion_tokens", (json_int_t)completion, "total_tokens",
		(json_int_t)t->prompt_tokens + (json_int_t)completion, "prompt_tokens_details", "cached_tokens", 0,
		"audio_tokens", 0, "completion_tokens_details", "reasoning_tokens", 0, "audio_tokens", 0,
		"accepted_prediction_tokens", 0, "rejected_prediction_tokens", 0);
}

static const char *finish_of(const struct talk *t)
{
	if (t->reply->text && t->end < strlen(t->reply->text))
		return "length";
	return t->reply->calls ? "tool_calls" : "stop";
}

static json_t *choice_json(const struct talk *t, unsigned index)
{
	json_t *message = json_pack("{s:s, s:o, s:n}", "role", "assistant", "content",
		t->reply->text ? json_stringn(t->reply->text, t->end) : json_null(), "refusal");

	if (t->reply->calls)
		(void)json_object_set(
			message, "tool_calls", t->reply->calls); /* without memory there is no message either */
	return json_pack("{s:i, s:o, s:n, s:s}", "index", (int)index, "message", message, "logprobs", "finish_reason",
		finish_of(t));
}

static json_t *whole_json(const struct talk *t)
{
	json_t *choices = json_array();

	for (unsigned i = 0; i < t->n; i++)
		(void)json_array_append_new(choices, choice_json(t, i)); /* fewer without memory */
	return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:s}", "id", t->id, "object", "chat.completion", "created",
		(json_int_t)t->created, "model", t->model, "choices", choices, "usage", usage_json(t), "service_tier",
		"default");
}

static void send_whole(struct talk *t)
{
	CW_JSON_SCOPED json_t *j = whole_json(t);
	struct cw_exchange *x = t->x;
	struct head h;

	cw_json_dump(&t->out, j);
	if (t->fault.kind == CW_STANDIN_GARBAGE)
		cw_buf_trim_front(&t->out, t->out.len / 2);
	if (t->fault.kind == CW_STANDIN_EMPTY)
		cw_buf_reset(&t->out);
	make_head(t->standin, "application/json", &h);
	if (t->fault.kind == CW_STANDIN_STALL || t->fault.kind == CW_STANDIN_CUT) {
		(void)cw_reply_begin(x, 200, h.fields, h.n);      /* what fails here fails on purpose */
		(void)cw_reply_more(x, t->out.p, t->out.len / 2); /* as above */
		if (t->fault.kind == CW_STANDIN_CUT)
			break_off(t);
		return;
	}
	cw_exchange_on_gone(x, NULL, NULL);
	t->x = NULL;
	(void)cw_reply(x, cw_buf_err(&t->out) ? 500 : 200, h.fields, h.n, t->out.p ? t->out.p : "",
		t->out.len); /* client left: nothing to do */
	talloc_free(t);
}

/* ---- a stream ---- */

static void put_event(struct talk *t, json_t *j)
{
	CW_JSON_SCOPED json_t *owned = j;

	cw_buf_puts(&t->out, "data: ");
	cw_json_dump(&t->out, owned);
	cw_buf_puts(&t->out, "\n\n");
}

static void put_chunk(struct talk *t, json_t *choices, json_t *usage)
{
	json_t *j = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "id", t->id, "object", "chat.completion.chunk",
		"created", (json_int_t)t->created, "model", t->model, "service_tier", "default", "choices", choices);

	if (t->usage)
		(void)json_object_set_new(
			j, "usage", usage ? usage : json_null()); /* without memory there is no chunk */
	put_event(t, j);
}

static void put_delta(struct talk *t, json_t *delta, const char *finish)
{
	put_chunk(t,
		json_pack("[{s:i, s:o, s:n, s:s?}]", "index", (int)t->choice, "delta", delta, "logprobs",
			"finish_reason", finish),
		NULL);
}

static void put_text(struct talk *t)
{
	const char *p = t->reply->text + t->at;
	size_t n = cw_openai_token((struct cw_str){p, t->end - t->at});

	t->at += n;
	put_delta(t, json_pack("{s:o}", "content", json_stringn(p, n)), NULL);
}

/* A tool call as OpenAI sends it: its head, then the arguments in pieces. */
static void put_call(struct talk *t, size_t i)
{
	const json_t *call = json_array_get(t->reply->calls, i), *f = json_object_get(call, "function");
	struct cw_str rest = cw_str(cw_json_str(f, "arguments", ""));

	put_delta(t,
		json_pack("{s:[{s:i, s:s, s:s, s:{s:s, s:s}}]}", "tool_calls", "index", (int)i, "id",
			cw_json_str(call, "id", ""), "type", "function", "function", "name", cw_json_str(f, "name", ""),
			"arguments", ""),
		NULL);
	for (size_t n; (n = cw_openai_token(rest)) > 0; rest.p += n, rest.len -= n)
		put_delta(t,
			json_pack("{s:[{s:i, s:{s:o}}]}", "tool_calls", "index", (int)i, "function", "arguments",
				json_stringn(rest.p, n)),
			NULL);
}

static void put_end(struct talk *t)
{
	put_delta(t, json_object(), finish_of(t));
	if (t->choice + 1 < t->n)
		return;
	if (t->usage)
		put_chunk(t, json_array(), usage_json(t));
	cw_buf_puts(&t->out, "data: [DONE]\n\n");
}

/* False: the client is gone. */
static bool flush_out(struct talk *t)
{
	int err = cw_buf_err(&t->out);

	if (!err && t->out.len)
		err = cw_reply_more(t->x, t->out.p, t->out.len);
	cw_buf_reset(&t->out);
	if (err)
		break_off(t);
	return !err;
}

/* In the middle of the text: does the fault strike now? True: the talk is over or frozen. */
static bool strike(struct talk *t)
{
	if (t->at * 2 < t->end || (t->at == 0 && t->end > 0))
		return false;
	switch (t->fault.kind) {
	case CW_STANDIN_STALL:
		(void)flush_out(t); /* then silence, until the client leaves */
		return true;
	case CW_STANDIN_CUT:
		if (flush_out(t))
			break_off(t);
		return true;
	case CW_STANDIN_GARBAGE:
		cw_buf_puts(&t->out, "data: {\"choices\":[{\"delta\":{\"content\":\n\n");
		t->fault.kind = CW_STANDIN_FINE;
		return false;
	case CW_STANDIN_ERROR_EVENT:
		put_event(t, json_pack("{s:{s:s, s:s, s:n, s:s}}", "error", "message",
				     "The server had an error while processing your request.", "type", "server_error",
				     "param", "code", "server_error"));
		t->fault.kind = CW_STANDIN_UNFINISHED;
		return false;
	default:
		return false;
	}
}

static void end_stream(struct talk *t)
{
	struct cw_exchange *x;

	if (!flush_out(t))
		return;
	x = t->x;
	cw_exchange_on_gone(x, NULL, NULL);
	t->x = NULL;
	talloc_free(t);
	(void)cw_reply_end(x); /* a client that left needs none */
}

/* Everything of the choice that follows the text. */
static void put_rest(struct talk *t)
{
	for (size_t i = 0; i < json_array_size(t->reply->calls); i++)
		put_call(t, i);
	if (t->fault.kind != CW_STANDIN_UNFINISHED)
		put_end(t);
}

static void next_piece(void *arg)
{
	struct talk *t = arg;

	for (;;) {
		if (strike(t))
			return;
		if (t->at < t->end) {
			put_text(t);
		} else {
			put_rest(t);
			if (++t->choice >= t->n || t->fault.kind == CW_STANDIN_UNFINISHED)
				break;
			t->at = 0;
			put_delta(t, json_pack("{s:s, s:s, s:n}", "role", "assistant", "content", "", "refusal"), NULL);
		}
		if (t->piece_us) {
			if (flush_out(t))
				cw_timer_start(&t->timer, t->piece_us, next_piece, t);
			return;
		}
	}
	end_stream(t);
}

static void begin_stream(struct talk *t)
{
	struct head h;

	make_head(t->standin, "text/event-stream; charset=utf-8", &h);
	add(&h, "Cache-Control", "no-cache");
	if (cw_reply_begin(t->x, 200, h.fields, h.n)) {
		break_off(t);
		return;
	}
	if (t->fault.kind == CW_STANDIN_EMPTY) {
		cw_buf_puts(&t->out, "data: [DONE]\n\n");
		end_stream(t);
		return;
	}
	put_delta(t,
		json_pack("{s:s, s:o, s:n}", "role", "assistant", "content",
			t->reply->text ? json_string("") : json_null(), "refusal"),
		NULL);
	next_piece(t);
}

/* ---- beginning ---- */

static void on_latency(void *arg)
{
	struct talk *t = arg;

	if (t->fault.kind == CW_STANDIN_SILENT)
		return; /* until the client leaves */
	if (t->stream)
		begin_stream(t);
	else
		send_whole(t);
}

/* Where the text ends: the limit of tokens, or the fault. */
static size_t text_end(const struct talk *t, const json_t *body)
{
	const char *text = t->reply->text ? t->reply->text : "";
	int64_t limit = cw_json_int(body, "max_completion_tokens", cw_json_int(body, "max_tokens", INT64_MAX));
	struct cw_str rest = cw_str(text);
	size_t n;

	if (t->fault.kind == CW_STANDIN_LENGTH)
		limit = (int64_t)(cw_openai_tokens(rest) / 2);
	for (int64_t i = 0; i < limit && (n = cw_openai_token(rest)) > 0; i++) {
		rest.p += n;
		rest.len -= n;
	}
	return (size_t)(rest.p - text);
}

static int spoil_arguments(struct cw_openai_reply *r)
{
	json_t *call;
	size_t i;

	json_array_foreach (r->calls, i, call)
		if (json_object_set_new(json_object_get(call, "function"), "arguments", json_string("{\"id\": ")))
			return ENOMEM;
	return 0;
}

static uint64_t delay_of(const struct talk *t)
{
	double per_s = t->reply->tokens_per_s >= 0 ? t->reply->tokens_per_s : t->standin->conf.tokens_per_s;
	uint64_t delay = t->reply->delay_us ? t->reply->delay_us : t->standin->conf.latency_us;

	if (per_s > 0 && !t->stream && t->reply->text)
		delay += (uint64_t)((double)cw_openai_tokens((struct cw_str){t->reply->text, t->end}) * 1e6 / per_s);
	return delay;
}

void cw_openai_send(
	struct cw_standin_openai *s, struct cw_exchange *x, const json_t *body, struct cw_openai_reply *reply)
{
	struct talk *t = talloc_zero(s, struct talk);
	double per_s = reply->tokens_per_s >= 0 ? reply->tokens_per_s : s->conf.tokens_per_s;

	if (!t) {
		talloc_free(reply);
		cw_reply_break(x);
		return;
	}
	t->standin = s;
	t->x = x;
	t->reply = talloc_steal(t, reply);
	t->fault = reply->has_fault ? reply->fault : (struct cw_standin_fault_conf){0};
	t->stream = cw_json_bool(body, "stream", false);
	t->usage = cw_json_bool(json_object_get(body, "stream_options"), "include_usage", false);
	t->n = (unsigned)cw_json_int(body, "n", 1);
	t->model = talloc_strdup(t, cw_json_str(body, "model", ""));
	t->created = cw_wall(s->world) / 1000000;
	t->prompt_tokens = cw_openai_prompt_tokens(body);
	t->end = text_end(t, body);
	t->piece_us = per_s > 0 ? (uint64_t)(1e6 / per_s) : 0;
	t->out = CW_BUF(OUT_MAX);
	(void)memcpy(t->id, "chatcmpl-", 10);
	cw_id_hex(cw_rng(s->world), t->id + 9, 29);
	cw_timer_init(&t->timer, s->world);
	talloc_set_destructor(t, talk_gone);
	cw_exchange_on_gone(x, client_left, t);
	if (!t->model || (t->fault.kind == CW_STANDIN_BAD_ARGUMENTS && spoil_arguments(reply))) {
		break_off(t);
		return;
	}

	uint64_t delay = delay_of(t);

	if (delay)
		cw_timer_start(&t->timer, delay, on_latency, t);
	else
		on_latency(t);
}
