/* Vectors from an OpenAI-style server. Numbers and base64 (little-endian float32) are taken, whichever it sends. */
#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/json.h"
#include "language/embed.h"
#include "language/openai_int.h"

#define MODEL_DEFAULT "text-embedding-3-small"
#define TEXTS_MAX     2048
#define DIMENSION_MAX 65536
#define BODY_MAX      (128u << 20)

struct embed {
	struct cw_embed embed; /* first */
	struct cw_openai server;
	uint64_t deadline_us;
};

struct cw_embed_req {
	struct embed *e;
	cw_embed_done_fn *done;
	void *arg;
	struct cw_http *http;
	struct cw_openai_head head;
	struct cw_buf body;
	size_t n;
	bool *gone; /* set by the destructor while done() runs */
};

/* ---- vectors ---- */

static int add_base64(struct cw_buf *out, const char *text)
{
	size_t len = strlen(text), padding = len && text[len - 1] == '=' ? 1 + (len > 1 && text[len - 2] == '=') : 0;
	CW_SCOPED unsigned char *bytes =
		len % 4 || len > 8 * DIMENSION_MAX ? NULL : talloc_array(NULL, unsigned char, len + 1);
	int n = bytes ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len) : -1;

	if (n < 0 || ((size_t)n - padding) % 4)
		return EPROTO;
	for (size_t i = 0; i + 4 <= (size_t)n - padding; i += 4) {
		uint32_t bits = (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16 |
				(uint32_t)bytes[i + 3] << 24;
		float f;

		memcpy(&f, &bits, sizeof(f));
		cw_buf_put(out, &f, sizeof(f));
	}
	return cw_buf_err(out);
}

static int add_numbers(struct cw_buf *out, const json_t *list)
{
	json_t *number;
	size_t i;

	json_array_foreach (list, i, number) {
		float f = (float)json_number_value(number);

		if (!json_is_number(number))
			return EPROTO;
		cw_buf_put(out, &f, sizeof(f));
	}
	return cw_buf_err(out);
}

/* To length 1; a vector of zeros stays. */
static int normalise(float *v, size_t n)
{
	double square = 0;

	for (size_t i = 0; i < n; i++)
		square += (double)v[i] * (double)v[i];
	if (!isfinite(square))
		return EPROTO;
	for (size_t i = 0; square > 0 && i < n; i++)
		v[i] = (float)(v[i] / sqrt(square));
	return 0;
}

/* Element @i of the answer by its index (by its place where there is none). */
static const json_t *element(const json_t *data, size_t i)
{
	const json_t *at;
	size_t k;

	json_array_foreach (data, k, at)
		if (cw_json_int(at, "index", (int64_t)k) == (int64_t)i)
			return at;
	return NULL;
}

static int read_vectors(const struct cw_embed_req *r, const json_t *root, struct cw_buf *out, size_t *dimension)
{
	const json_t *data = json_object_get(root, "data");

	for (size_t i = 0; i < r->n; i++) {
		const json_t *v = json_object_get(element(data, i), "embedding");
		size_t before = out->len;
		int err = json_is_string(v)  ? add_base64(out, json_string_value(v))
			  : json_is_array(v) ? add_numbers(out, v)
					     : EPROTO;
		size_t n = (out->len - before) / sizeof(float);

		if (err)
			return err;
		if (!n || n > DIMENSION_MAX || (i && n != *dimension))
			return EPROTO;
		*dimension = n;
		err = normalise((float *)(void *)(out->p + before), n);
		if (err)
			return err;
	}
	return 0;
}

/* ---- the end of a request ---- */

static int errno_of(const struct cw_llm_error *e, int err)
{
	if (err)
		return err;
	switch (e->kind) {
	case CW_LLM_AUTH:
		return EACCES;
	case CW_LLM_RATE_LIMIT:
		return EAGAIN;
	case CW_LLM_BAD_REQUEST:
		return EINVAL;
	default:
		return EPROTO;
	}
}

static void give_up(struct cw_embed_req *r, int err, const char *text)
{
	struct cw_why why = {0};

	(void)cw_why_set(&why, err, "%s", text);
	r->done(err, NULL, &why, r->arg);
}

/* Calls done() last: it may free everything. */
static void finish(struct cw_embed_req *r, const json_t *root)
{
	CW_BUF_SCOPED struct cw_buf vectors = CW_BUF(BODY_MAX);
	struct cw_embed_result result = {.n = r->n};
	int err = read_vectors(r, root, &vectors, &result.dimension);

	if (err) {
		give_up(r, err,
			err == ENOMEM ? "out of memory"
				      : "the server's embeddings are not one vector of one length for each text");
		return;
	}
	result.vectors = (const float *)(const void *)vectors.p;
	result.tokens = (uint64_t)cw_json_int(json_object_get(root, "usage"), "total_tokens", 0);
	r->e->embed.dimension = result.dimension;
	r->done(0, &result, NULL, r->arg);
}

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct cw_embed_req *r = arg;

	cw_openai_head_read(&r->head, r->e->embed.world, status, headers, n);
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct cw_embed_req *r = arg;

	cw_buf_put(&r->body, bytes, n);
}

static void on_closed(int err, void *arg)
{
	struct cw_embed_req *r = arg;
	CW_JSON_SCOPED json_t *root = NULL;
	struct cw_llm_error e;
	bool gone = false;

	r->http = NULL;
	r->gone = &gone;
	if (!err)
		err = cw_buf_err(&r->body);
	if (err || r->head.status != 200) {
		cw_openai_error(r, &r->e->server, &r->head, err, cw_buf_str(&r->body), &e);
		give_up(r, errno_of(&e, err), e.text);
	} else if (cw_json_parse(r->body.p ? r->body.p : "", r->body.len, &root, NULL)) {
		give_up(r, EPROTO, "the server's answer is not JSON");
	} else {
		finish(r, root);
	}
	if (gone)
		return;
	r->gone = NULL;
	talloc_free(r);
}

static const struct cw_http_events http_events = {.headers = on_headers, .data = on_data, .closed = on_closed};

/* ---- the driver ---- */

static int req_gone(struct cw_embed_req *r)
{
	if (r->gone)
		*r->gone = true;
	cw_buf_clear(&r->body);
	return 0;
}

static json_t *inputs_json(const struct cw_str *texts, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		/* servers refuse an empty text */
		json_t *text = texts[i].len ? json_stringn(texts[i].p, texts[i].len) : json_string(" ");

		if (json_array_append_new(list, text)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int openai_embed(struct cw_embed *base, void *parent, const struct cw_str *texts, size_t n,
	cw_embed_done_fn *done, void *arg, struct cw_embed_req **ret)
{
	struct embed *e = (struct embed *)base;
	const struct cw_deadlines deadlines = {
		.first_byte_us = e->deadline_us, .idle_us = e->deadline_us, .total_us = e->deadline_us};
	CW_SCOPED struct cw_embed_req *r = talloc_zero(NULL, struct cw_embed_req);
	CW_JSON_SCOPED json_t *o = NULL;
	int err;

	if (!n || n > TEXTS_MAX)
		return EINVAL;
	o = json_pack(
		"{s:s, s:s, s:o}", "model", base->model, "encoding_format", "float", "input", inputs_json(texts, n));
	if (!r || !o)
		return ENOMEM;
	r->e = e;
	r->done = done;
	r->arg = arg;
	r->n = n;
	r->body = CW_BUF(BODY_MAX);
	talloc_set_destructor(r, req_gone);
	err = cw_openai_post(&e->server, r, "/embeddings", o, false, &deadlines, &http_events, r, &r->http);
	if (!err)
		*ret = talloc_move(parent, &r);
	return err;
}

static int openai_open(
	void *parent, struct cw_world *w, const struct cw_embed_conf *conf, struct cw_embed **ret, struct cw_why *why)
{
	CW_SCOPED struct embed *e = talloc_zero(NULL, struct embed);
	int err;

	if (!e)
		return ENOMEM;
	if (!w)
		return cw_why_set(why, EINVAL, "embeddings of a server need a world to ask in");
	err = cw_openai_init(&e->server, e, w, conf->url, conf->key, conf->ca_file, why);
	if (err)
		return err;
	e->deadline_us = conf->deadline_us ? conf->deadline_us : 30000000;
	e->embed = (struct cw_embed){.ops = &cw_embed_openai,
		.world = w,
		.model = talloc_strdup(e, conf->model ? conf->model : MODEL_DEFAULT)};
	if (!e->embed.model)
		return ENOMEM;
	*ret = &e->embed;
	(void)talloc_move(parent, &e);
	return 0;
}

const struct cw_embed_ops cw_embed_openai = {.name = "openai", .open = openai_open, .embed = openai_embed};
