#include "standin/openai.h"

#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "standin/openai_int.h"

#define WINDOW_US        60000000u
#define REQUESTS_PER_MIN 1000000u

/* ---- faults by name ---- */

int cw_standin_fault_parse(const char *text, struct cw_standin_fault_conf *ret, struct cw_why *why)
{
	static const char *const names[CW_STANDIN_FAULTS] = {"none", NULL, "stall", "cut", "unfinished", "garbage",
		"empty", "error-event", "bad-arguments", "length", "silent"};
	struct cw_str rest = cw_str(text), first;
	uint32_t status, wait = 0;

	for (unsigned i = 0; i < CW_STANDIN_FAULTS; i++) {
		if (names[i] && !strcmp(names[i], text)) {
			*ret = (struct cw_standin_fault_conf){.kind = (enum cw_standin_fault)i};
			return 0;
		}
	}
	if (!cw_str_split(&rest, ':', &first) || cw_str_u32(first, 599, &status) || status < 400 ||
		(rest.p && cw_str_u32(rest, 86400, &wait)))
		return cw_why_set(why, EINVAL,
			"'%s' is no fault: one of stall, cut, unfinished, garbage, empty, error-event, bad-arguments, length, silent, a status like 503, or 429:7 with its Retry-After",
			text);
	*ret = (struct cw_standin_fault_conf){.kind = CW_STANDIN_STATUS, .status = (int)status, .retry_after_s = wait};
	return 0;
}

static void send_fault_status(struct cw_standin_openai *s, struct cw_exchange *x, const struct cw_standin_fault_conf *f)
{
	static const struct {
		int status;
		const char *type, *code, *message;
	} known[] = {
		{401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."},
		{403, "invalid_request_error", "unsupported_country_region_territory",
			"Country, region, or territory not supported."},
		{404, "invalid_request_error", "model_not_found",
			"The model does not exist or you do not have access to it."},
		{429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached for requests."},
		{500, "server_error", NULL, "The server had an error while processing your request."},
		{503, "service_unavailable_error", "server_is_overloaded",
			"The engine is currently overloaded, please try again later."},
	};
	struct cw_openai_refusal r = {
		.status = f->status, .type = f->status >= 500 ? "server_error" : "invalid_request_error"};

	(void)snprintf(r.message, sizeof(r.message), "The stand-in was told to answer %d.", f->status);
	for (size_t i = 0; i < CW_COUNT(known); i++) {
		if (known[i].status == f->status) {
			r.type = known[i].type;
			r.code = known[i].code;
			(void)snprintf(r.message, sizeof(r.message), "%s", known[i].message);
		}
	}
	cw_openai_send_error(s, x, &r, f->retry_after_s);
}

/* Is it this request's turn? */
static bool fault_due(const struct cw_standin_openai *s)
{
	return s->conf.fault.kind != CW_STANDIN_FINE &&
	       s->requests % (s->conf.fault_every ? s->conf.fault_every : 1) == 0;
}

/* ---- who may ask, and how often ---- */

static int check_key(const struct cw_standin_openai *s, const struct cw_exchange *x, struct cw_openai_refusal *r)
{
	const char *given = cw_exchange_header(x, "authorization");

	if (!s->conf.n_keys)
		return 0;
	if (!given || strncasecmp(given, "bearer ", 7) != 0)
		return cw_openai_refuse(r, 401, NULL, NULL,
			"You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.");
	for (size_t i = 0; i < s->conf.n_keys; i++)
		if (!strcmp(s->keys[i], given + 7))
			return 0;
	return cw_openai_refuse(r, 401, "invalid_api_key", NULL, "Incorrect API key provided.");
}

/* 0, or seconds to wait. */
static unsigned take_turn(struct cw_standin_openai *s)
{
	uint64_t now = cw_now(s->world);

	if (now - s->window_us >= WINDOW_US) {
		s->window_us = now;
		s->in_window = 0;
	}
	if (s->in_window++ < s->conf.requests_per_min)
		return 0;
	return (unsigned)((s->window_us + WINDOW_US - now) / 1000000) + 1;
}

/* ---- the endpoints ---- */

static void do_chat(struct cw_standin_openai *s, struct cw_exchange *x, const json_t *body)
{
	struct cw_openai_refusal r;
	struct cw_openai_reply *reply = NULL;
	bool due = fault_due(s);
	int err;

	if (cw_openai_check_chat(body, &r)) {
		cw_openai_send_error(s, x, &r, 0);
		return;
	}
	err = s->rules ? cw_openai_rules_answer(s->rules, s, cw_rng(s->world), body, &reply) : 0;
	if (!err && !reply)
		err = cw_openai_talk(s, cw_rng(s->world), body, &reply);
	if (err) {
		(void)cw_openai_refuse(&r, 500, NULL, NULL, "%s", strerror(err));
		cw_openai_send_error(s, x, &r, 0);
		return;
	}
	if (due && !reply->has_fault) {
		reply->fault = s->conf.fault;
		reply->has_fault = true;
	}
	if (reply->has_fault && reply->fault.kind == CW_STANDIN_STATUS) {
		send_fault_status(s, x, &reply->fault);
		talloc_free(reply);
		return;
	}
	cw_openai_send(s, x, body, reply);
}

static json_t *vector_json(const float *v, size_t n, bool base64)
{
	json_t *list;

	if (base64) {
		CW_SCOPED unsigned char *text = talloc_array(NULL, unsigned char, n * sizeof(float) * 4 / 3 + 8);
		int len = text ? EVP_EncodeBlock(text, (const unsigned char *)v, (int)(n * sizeof(float))) : 0;

		return text ? json_stringn((const char *)text, (size_t)len)
			    : NULL; /* little-endian machines only, as all of ours */
	}
	list = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
			list, json_real((double)v[i])); /* without memory the vector is short, and refused */
	return list;
}

/* The first @want dimensions (0: all), brought to length 1 again. */
static size_t shorten(float *v, size_t n, size_t want)
{
	double square = 0;

	if (!want || want >= n)
		return n;
	for (size_t i = 0; i < want; i++)
		square += (double)v[i] * (double)v[i];
	for (size_t i = 0; square > 0 && i < want; i++)
		v[i] = (float)(v[i] / sqrt(square));
	return want;
}

static json_t *embeddings_json(struct cw_standin_openai *s, const json_t *body)
{
	const json_t *input = json_object_get(body, "input");
	size_t n = json_is_array(input) ? json_array_size(input) : 1, tokens = 0;
	CW_SCOPED float *v = talloc_array(NULL, float, s->embed->dimension);
	json_t *data = json_array();

	for (size_t i = 0; v && i < n; i++) {
		const json_t *one = json_is_array(input) ? json_array_get(input, i) : input;
		const struct cw_str text = {json_string_value(one), json_string_length(one)};
		size_t used;

		if (cw_embed_now(s->embed, &text, 1, v))
			break;
		used = shorten(v, s->embed->dimension, (size_t)cw_json_int(body, "dimensions", 0));
		tokens += cw_openai_tokens(text);
		(void)json_array_append_new(data,
			json_pack("{s:s, s:I, s:o}", "object", "embedding", "index", (json_int_t)i, "embedding",
				vector_json(v, used, !strcmp(cw_json_str(body, "encoding_format", ""), "base64"))));
	}
	return json_pack("{s:s, s:o, s:s, s:{s:I, s:I}}", "object", "list", "data", data, "model",
		cw_json_str(body, "model", ""), "usage", "prompt_tokens", (json_int_t)tokens, "total_tokens",
		(json_int_t)tokens);
}

static void do_embeddings(struct cw_standin_openai *s, struct cw_exchange *x, const json_t *body)
{
	struct cw_openai_refusal r;

	if (cw_openai_check_embeddings(body, &r)) {
		cw_openai_send_error(s, x, &r, 0);
		return;
	}
	if (fault_due(s) && s->conf.fault.kind == CW_STANDIN_STATUS) {
		send_fault_status(s, x, &s->conf.fault);
		return;
	}

	CW_JSON_SCOPED json_t *j = embeddings_json(s, body);

	cw_openai_send_json(s, x, 200, j);
}

static void do_models(struct cw_standin_openai *s, struct cw_exchange *x)
{
	CW_JSON_SCOPED json_t *j = json_pack("{s:s, s:[{s:s, s:s, s:i, s:s}, {s:s, s:s, s:i, s:s}]}", "object", "list",
		"data", "id", "standin-talk-1", "object", "model", "created", 1767225600, "owned_by", "callwright",
		"id", "standin-embed-1", "object", "model", "created", 1767225600, "owned_by", "callwright");

	cw_openai_send_json(s, x, 200, j);
}

/* ---- requests ---- */

static const struct endpoint {
	const char *path, *method;
	void (*serve)(struct cw_standin_openai *s, struct cw_exchange *x, const json_t *body);
} endpoints[] = {
	{"/v1/chat/completions", "POST", do_chat},
	{"/v1/embeddings", "POST", do_embeddings},
	{"/v1/models", "GET", NULL},
};

static const struct endpoint *find_endpoint(const char *path)
{
	for (size_t i = 0; i < CW_COUNT(endpoints); i++)
		if (!strcmp(endpoints[i].path, path))
			return &endpoints[i];
	return NULL;
}

static int admit(struct cw_standin_openai *s, struct cw_exchange *x, const struct endpoint *e,
	struct cw_openai_refusal *r, unsigned *wait_s)
{
	int err;

	if (!e)
		return cw_openai_refuse(r, 404, "unknown_url", NULL,
			"Unknown request URL: %s %s. Please check the URL for typos.", cw_exchange_method(x),
			cw_exchange_path(x));
	if (strcmp(cw_exchange_method(x), e->method) != 0)
		return cw_openai_refuse(r, 405, "method_not_supported", NULL, "Not allowed to %s on %s.",
			cw_exchange_method(x), e->path);
	err = check_key(s, x, r);
	if (err || !e->serve)
		return err;
	*wait_s = take_turn(s);
	if (!*wait_s)
		return 0;
	err = cw_openai_refuse(r, 429, "rate_limit_exceeded", NULL,
		"Rate limit reached: %u requests per minute. Please try again in %us.", s->conf.requests_per_min,
		*wait_s);
	r->type = "rate_limit_error";
	return err;
}

void cw_standin_openai_request(struct cw_exchange *x, void *arg)
{
	struct cw_standin_openai *s = arg;
	const struct endpoint *e = find_endpoint(cw_exchange_path(x));
	CW_JSON_SCOPED json_t *body = NULL;
	struct cw_openai_refusal r;
	struct cw_str bytes = cw_exchange_body(x);
	unsigned wait_s = 0;

	s->requests++;
	if (admit(s, x, e, &r, &wait_s)) {
		cw_openai_send_error(s, x, &r, wait_s);
		return;
	}
	if (!e->serve) {
		do_models(s, x);
		return;
	}
	if (cw_json_parse(bytes.p, bytes.len, &body, NULL)) {
		(void)cw_openai_refuse(&r, 400, NULL, NULL,
			"We could not parse the JSON body of your request. (The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)");
		cw_openai_send_error(s, x, &r, 0);
		return;
	}
	e->serve(s, x, body);
}

/* ---- life ---- */

static int copy_keys(struct cw_standin_openai *s, const struct cw_standin_openai_conf *conf)
{
	s->keys = talloc_zero_array(s, char *, conf->n_keys + 1);
	for (size_t i = 0; s->keys && i < conf->n_keys; i++) {
		s->keys[i] = talloc_strdup(s->keys, conf->keys[i]);
		if (!s->keys[i])
			return ENOMEM;
	}
	return s->keys ? 0 : ENOMEM;
}

int cw_standin_openai_new(void *parent, struct cw_world *w, const struct cw_standin_openai_conf *conf,
	struct cw_standin_openai **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_standin_openai *s = talloc_zero(NULL, struct cw_standin_openai);
	int err;

	if (!s)
		return ENOMEM;
	s->world = w;
	s->conf = *conf;
	if (!s->conf.requests_per_min)
		s->conf.requests_per_min = REQUESTS_PER_MIN;
	s->window_us = cw_now(w);
	err = copy_keys(s, conf);
	if (!err && conf->answers)
		err = cw_openai_rules_load(s, conf->answers, &s->rules, why);
	if (!err)
		err = cw_embed_open(s, w, &(struct cw_embed_conf){.driver = "lexical"}, &s->embed, why);
	if (!err)
		*ret = talloc_move(parent, &s);
	return err;
}

unsigned long cw_standin_openai_requests(const struct cw_standin_openai *s)
{
	return s->requests;
}
