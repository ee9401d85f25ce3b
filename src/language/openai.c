#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json.h"
#include "language/llm_gather.h"
#include "language/openai_int.h"
#include "world/url.h"
#include "world/world.h"

#define REQUEST_MAX (16u << 20)
#define WAIT_MAX_US 3600000000u
#define SHOWN_MAX   300 /* bytes of an answer shown in a message */

static int wipe(char *secret)
{
	explicit_bzero(secret, talloc_get_size(secret));
	return 0;
}

int cw_openai_init(struct cw_openai *o, void *parent, struct cw_world *w, const char *url, const char *key,
	const char *ca_file, struct cw_why *why)
{
	const char *given = url && *url ? url : CW_OPENAI_URL;
	CW_SCOPED struct cw_url *parsed = NULL;
	size_t len = strlen(given);
	char *secret = NULL;
	int err = cw_url_parse(NULL, given, &parsed, NULL);

	if (err == ENOMEM)
		return err;
	if (err || (strcmp(parsed->scheme, "http") != 0 && strcmp(parsed->scheme, "https") != 0))
		return cw_why_set(
			why, EINVAL, "'%s' is not the base URL of a server, like http://127.0.0.1:8000/v1", given);
	while (len && given[len - 1] == '/')
		len--;
	if (key && *key) {
		secret = talloc_asprintf(parent, "Bearer %s", key);
		if (!secret)
			return ENOMEM;
		talloc_set_destructor(secret, wipe);
	}
	*o = (struct cw_openai){.world = w,
		.base = talloc_strndup(parent, given, len),
		.authorization = secret,
		.ca_file = ca_file ? talloc_strdup(parent, ca_file) : NULL,
		.official = cw_str_eq(cw_str(parsed->host), "api.openai.com")};
	return o->base && (o->ca_file || !ca_file) ? 0 : ENOMEM;
}

int cw_openai_post(const struct cw_openai *o, void *parent, const char *path, const json_t *json, bool stream,
	const struct cw_deadlines *deadlines, const struct cw_http_events *ev, void *arg, struct cw_http **ret)
{
	CW_BUF_SCOPED struct cw_buf body = CW_BUF(REQUEST_MAX);
	CW_SCOPED char *url = talloc_asprintf(NULL, "%s%s", o->base, path);
	const struct cw_header headers[] = {{"Content-Type", "application/json"},
		{"Accept", stream ? "text/event-stream" : "application/json"}, {"Authorization", o->authorization}};

	cw_json_dump(&body, json);
	if (cw_buf_err(&body))
		return cw_buf_err(&body);
	if (!url)
		return ENOMEM;

	const struct cw_http_req req = {.method = "POST",
		.url = url,
		.headers = headers,
		.n_headers = o->authorization ? 3 : 2,
		.body = body.p,
		.body_len = body.len,
		.deadlines = *deadlines,
		.ca_file = o->ca_file};

	return cw_http_request(parent, o->world, &req, ev, arg, ret);
}

/* ---- the head of an answer ---- */

uint64_t cw_openai_retry_after_us(const char *value, bool milliseconds, int64_t wall_us)
{
	struct cw_str text = cw_str_trim(cw_str(value));
	struct tm tm = {0};
	double amount;

	if (!cw_str_double(text, &amount)) {
		double us = amount * (milliseconds ? 1e3 : 1e6);

		return us <= 0 ? 0 : us > WAIT_MAX_US ? WAIT_MAX_US : (uint64_t)us;
	}

	const char *end = milliseconds ? NULL : strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	int64_t until_us = end && !*end ? (int64_t)timegm(&tm) * 1000000 - wall_us : 0;

	return until_us <= 0 ? 0 : until_us > (int64_t)WAIT_MAX_US ? WAIT_MAX_US : (uint64_t)until_us;
}

void cw_openai_head_read(
	struct cw_openai_head *h, struct cw_world *w, int status, const struct cw_header *headers, size_t n)
{
	bool exact = false;

	*h = (struct cw_openai_head){.status = status};
	for (size_t i = 0; i < n; i++) {
		const char *name = headers[i].name, *value = headers[i].value;

		if (!strcasecmp(name, "content-type")) {
			h->events = !strncasecmp(value, "text/event-stream", 17);
		} else if (!strcasecmp(name, "x-request-id")) {
			(void)snprintf(h->request_id, sizeof(h->request_id), "%s", value); /* cut: only for people */
		} else if (!strcasecmp(name, "retry-after-ms")) {
			exact = true;
			h->retry_after_us = cw_openai_retry_after_us(value, true, 0);
		} else if (!strcasecmp(name, "retry-after") && !exact) {
			h->retry_after_us = cw_openai_retry_after_us(value, false, cw_wall(w));
		}
	}
}

/* ---- errors ---- */

static enum cw_llm_error_kind kind_of_status(int status, bool *retry)
{
	*retry = status == 408 || status == 409 || status == 429 || status >= 500;
	if (status == 401 || status == 403)
		return CW_LLM_AUTH;
	if (status == 429)
		return CW_LLM_RATE_LIMIT;
	if (*retry)
		return CW_LLM_SERVER;
	return status >= 400 ? CW_LLM_BAD_REQUEST : CW_LLM_PROTOCOL;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void error_of_transport(
	void *parent, const struct cw_openai *o, const struct cw_openai_head *h, int err, struct cw_llm_error *e)
{
	static const char hint[] = "check CW_OPENAI_BASE_URL";

	e->retry = true;
	if (err == ETIMEDOUT) {
		e->kind = CW_LLM_TIMEOUT;
		e->text = or_empty(talloc_asprintf(parent, "%s did not answer in time", o->base));
	} else if (h->status) {
		e->kind = err == EMSGSIZE ? CW_LLM_PROTOCOL : CW_LLM_CUT;
		e->retry = err != EMSGSIZE;
		e->text = or_empty(talloc_asprintf(parent, "the answer of %s broke off: %s", o->base, strerror(err)));
	} else {
		e->kind = CW_LLM_CONNECT;
		e->text = or_empty(talloc_asprintf(parent, "%s cannot be reached: %s; %s", o->base,
			err == EPROTO ? "it speaks no HTTP, or its certificate is not trusted" : strerror(err), hint));
	}
}

void cw_openai_error(void *parent, const struct cw_openai *o, const struct cw_openai_head *h, int err,
	struct cw_str body, struct cw_llm_error *ret)
{
	const char *message = "", *code = "", *hint = "";

	*ret = (struct cw_llm_error){
		.status = h->status, .retry_after_us = h->retry_after_us, .code = "", .request_id = h->request_id};
	if (err) {
		error_of_transport(parent, o, h, err, ret);
		return;
	}
	ret->kind = kind_of_status(h->status, &ret->retry);
	if (!cw_llm_error_body(parent, body, &message, &code) || !*message)
		message = talloc_asprintf(parent, "%.*s", (int)(body.len < SHOWN_MAX ? body.len : SHOWN_MAX), body.p);
	ret->code = code;
	if (!strcmp(code, "insufficient_quota"))
		ret->retry = false;
	if (ret->kind == CW_LLM_AUTH)
		hint = o->authorization ? "; check CW_OPENAI_API_KEY" : "; set CW_OPENAI_API_KEY";
	ret->text = or_empty(talloc_asprintf(parent, "%s answered %d%s%s%s", o->base, h->status,
		message && *message ? ": " : "", or_empty(message), hint));
}
