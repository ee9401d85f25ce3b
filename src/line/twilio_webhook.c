#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "line/twilio_call.h"

#define URL_MAX       8192u
#define BODY_MAX      (256u * 1024)
#define FIELDS_MAX    96u
#define REDIRECTS_MAX 10u
#define DOCUMENTS_MAX 500u /* a call which goes in circles ends here */
#define US_PER_S      1000000

/* ---- parameters ---- */

struct cw_form *cw_params_new(void *parent)
{
	struct cw_form *f = talloc_zero(parent, struct cw_form);

	if (f)
		f->fields = talloc_array(f, struct cw_form_field, FIELDS_MAX);
	return f;
}

void cw_params_add(struct cw_form *f, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (!f || !f->fields)
		return;
	va_start(ap, fmt);

	char *value = talloc_vasprintf(f, fmt, ap), *copy = talloc_strdup(f, name);

	va_end(ap);
	if (!value || !copy || f->n == FIELDS_MAX) {
		TALLOC_FREE(f->fields);
		f->n = 0;
		return;
	}
	f->fields[f->n++] = (struct cw_form_field){copy, value};
}

static void add_place(struct cw_form *f, const char *who, const char *number)
{
	static const char *const parts[] = {"City", "State", "Zip"};
	char name[32];

	for (size_t i = 0; i < CW_COUNT(parts); i++) {
		snprintf(name, sizeof(name), "%s%s", who, parts[i]);
		cw_params_add(f, name, "%s", "");
	}
	snprintf(name, sizeof(name), "%sCountry", who);
	cw_params_add(f, name, "%s", cw_str_starts(cw_str(number), "+1") ? "US" : "");
}

void cw_call_params(const struct call *c, struct cw_form *f)
{
	bool outbound = strcmp(c->conf.direction, "inbound") != 0;
	const char *status = cw_call_status(c);

	cw_params_add(f, "AccountSid", "%s", c->conf.account_sid);
	cw_params_add(f, "ApiVersion", "2010-04-01");
	cw_params_add(f, "CallSid", "%s", c->call_sid);
	cw_params_add(f, "CallStatus", "%s", status);
	cw_params_add(f, "Direction", "%s", c->conf.direction);
	cw_params_add(f, "From", "%s", c->conf.from);
	cw_params_add(f, "To", "%s", c->conf.to);
	cw_params_add(f, "Caller", "%s", c->conf.from);
	cw_params_add(f, "Called", "%s", c->conf.to);
	add_place(f, "From", c->conf.from);
	add_place(f, "To", c->conf.to);
	add_place(f, "Caller", c->conf.from);
	add_place(f, "Called", c->conf.to);
	if (!outbound && cw_str_starts(cw_str(c->conf.from), "+1"))
		cw_params_add(f, "StirVerstat", "TN-Validation-Passed-A");
}

void cw_rfc2822(int64_t wall_us, char out[40])
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (!strftime(out, 40, "%a, %d %b %Y %H:%M:%S +0000", &tm))
		out[0] = '\0';
}

/* ---- one request ---- */

struct fetch {
	struct cw_world *world;
	const char *token, *ca_file;
	char *method, *url;
	struct cw_form *params; /* copied */
	struct cw_http *http;
	struct cw_buf body;
	int status;
	char *type, *location;
	unsigned redirects;
	size_t max_body;
	fetch_fn *fn;
	void *arg;
};

static int send_request(struct fetch *f);

static int fetch_destroy(struct fetch *f)
{
	cw_buf_clear(&f->body);
	return 0;
}

static const char *find_header(const struct cw_header *headers, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (cw_str_eq_fold(cw_str(headers[i].name), name))
			return headers[i].value;
	return NULL;
}

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct fetch *f = arg;
	const char *type = find_header(headers, n, "Content-Type"), *location = find_header(headers, n, "Location");

	f->status = status;
	talloc_free(f->type);
	talloc_free(f->location);
	f->type = type ? talloc_strdup(f, type) : NULL;
	f->location = location && status >= 300 && status < 400 ? talloc_strdup(f, location) : NULL;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct fetch *f = arg;

	cw_buf_put(&f->body, bytes, n);
}

static void finish(struct fetch *f, int err)
{
	const struct fetched got = {
		.err = err ? err : cw_buf_err(&f->body),
		.status = f->status,
		.type = f->type ? f->type : "",
		.body = cw_buf_str(&f->body),
		.url = f->url,
	};

	f->fn(&got, f->arg);
}

static void on_closed(int err, void *arg)
{
	struct fetch *f = arg;

	f->http = NULL; /* it is over, and frees itself or falls with the fetch */
	if (err || !f->location) {
		finish(f, err);
		return;
	}
	char *url = f->redirects++ < REDIRECTS_MAX ? cw_url_resolve(f, f->url, f->location) : NULL;

	if (!url) {
		finish(f, ELOOP);
		return;
	}
	talloc_free(f->url);
	f->url = url;
	f->method = talloc_strdup(f, "GET");
	TALLOC_FREE(f->params);
	cw_buf_reset(&f->body);
	TALLOC_FREE(f->location);
	err = f->method ? send_request(f) : ENOMEM;
	if (err)
		finish(f, err);
}

static int send_request(struct fetch *f)
{
	static const struct cw_http_events events = {on_headers, on_data, on_closed};
	CW_BUF_SCOPED struct cw_buf form = CW_BUF(BODY_MAX), url = CW_BUF(URL_MAX);
	char to_sign[URL_MAX], signature[29];
	bool post = !strcmp(f->method, "POST");

	for (size_t i = 0; f->params && i < f->params->n; i++)
		cw_form_put(&form, f->params->fields[i].name, f->params->fields[i].value);
	cw_buf_puts(&url, f->url);
	if (!post && form.len)
		cw_buf_fmt(&url, "%c%s", strchr(f->url, '?') ? '&' : '?', form.p);
	if (cw_buf_err(&form) || cw_buf_err(&url))
		return cw_buf_err(&form) ? cw_buf_err(&form) : cw_buf_err(&url);
	if (!cw_twilio_url_to_sign(url.p, to_sign, sizeof(to_sign)))
		return EINVAL;
	cw_twilio_sign(f->token, to_sign, post ? f->params : NULL, signature);

	const struct cw_header headers[] = {
		{"X-Twilio-Signature", signature},
		{"User-Agent", "TwilioProxy/1.1"},
		{"Accept", "*/*"},
		{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"},
	};
	const struct cw_http_req req = {
		.method = f->method,
		.url = url.p,
		.headers = headers,
		.n_headers = post ? 4 : 3,
		.body = post ? form.p : NULL,
		.body_len = post ? form.len : 0,
		.deadlines = {.connect_us = 10 * US_PER_S,
			.first_byte_us = 15 * US_PER_S,
			.idle_us = 15 * US_PER_S,
			.total_us = 15 * US_PER_S},
		.max_body = f->max_body,
		.ca_file = f->ca_file,
	};

	return cw_http_request(f, f->world, &req, &events, f, &f->http);
}

static bool copy_params(struct fetch *f, const struct cw_form *params)
{
	if (!params)
		return true;
	if (!params->fields)
		return false;
	f->params = cw_params_new(f);
	for (size_t i = 0; i < params->n; i++)
		cw_params_add(f->params, params->fields[i].name, "%s", params->fields[i].value);
	return f->params && f->params->fields;
}

int cw_call_fetch(void *parent, const struct call *c, const char *method, const char *url, const struct cw_form *params,
	size_t max_body, fetch_fn *fn, void *arg, struct fetch **ret)
{
	CW_SCOPED struct fetch *f = talloc_zero(NULL, struct fetch);
	if (!f)
		return ENOMEM;

	f->world = c->world;
	f->token = talloc_strdup(f, c->conf.auth_token);
	f->ca_file = talloc_strdup(f, c->conf.ca_file);
	f->method = talloc_strdup(f, !strcasecmp(method, "GET") ? "GET" : "POST");
	f->url = talloc_strdup(f, url);
	f->max_body = max_body;
	f->body = CW_BUF(max_body);
	f->fn = fn;
	f->arg = arg;
	talloc_set_destructor(f, fetch_destroy);
	if (!f->token || !f->method || !f->url || (c->conf.ca_file && !f->ca_file) || !copy_params(f, params))
		return ENOMEM;

	int err = send_request(f);

	if (err)
		return err;
	*ret = f;
	talloc_steal(parent, f);
	f = NULL;
	return 0;
}

/* ---- callbacks ---- */

static void callback_done(const struct fetched *got, void *arg)
{
	struct fetch **slot = arg;

	(void)got; /* Twilio's answer to a failing status callback is silence, too */
	talloc_free(slot);
}

void cw_call_callback(struct call *c, const char *method, const char *url, const struct cw_form *params)
{
	CW_SCOPED struct fetch **slot = talloc_zero(NULL, struct fetch *);
	int err = slot ? cw_call_fetch(slot, c, method, url, params, BODY_MAX, callback_done, slot, slot) : ENOMEM;

	if (err) {
		cw_call_warn(c, 11200, "callback to %s: %s", url, strerrordesc_np(err));
		return;
	}
	talloc_steal(c->parent, slot);
	slot = NULL;
}

void cw_call_status_callback(struct call *c, const char *event)
{
	CW_SCOPED struct cw_form *f = NULL;
	char stamp[40];

	if (!c->conf.status_callback || !strstr(c->conf.status_events, event))
		return;
	f = cw_params_new(NULL);
	cw_rfc2822(cw_wall(c->world), stamp);
	cw_call_params(c, f);
	cw_params_add(f, "Timestamp", "%s", stamp);
	cw_params_add(f, "CallbackSource", "call-progress-events");
	cw_params_add(f, "SequenceNumber", "%u", c->status_sequence++);
	if (!strcmp(event, "completed")) {
		int64_t us = c->answered_wall_us ? c->ended_wall_us - c->answered_wall_us : 0;
		long long seconds = (us + US_PER_S / 2) / US_PER_S;

		cw_params_add(f, "CallDuration", "%lld", seconds);
		cw_params_add(f, "Duration", "%lld", (seconds + 59) / 60);
		cw_params_add(f, "SipResponseCode", "%d",
			!strcmp(c->final_status, "completed") ? 200
			: !strcmp(c->final_status, "busy")    ? 486
							      : 487);
	}
	if (f)
		cw_call_callback(c, "POST", c->conf.status_callback, f);
}

/* ---- documents ---- */

char *cw_call_resolve(struct call *c, void *parent, const char *ref)
{
	char *url = *c->url              ? cw_url_resolve(parent, c->url, ref)
		    : strstr(ref, "://") ? talloc_strdup(parent, ref)
					 : NULL;

	if (!url)
		cw_call_warn(c, 11100, "URL '%s' cannot be resolved%s", ref,
			*c->url ? "" : ": the document was given as text, so it must be absolute");
	return url;
}

static void ask_fallback(struct call *c, unsigned code, const char *url)
{
	struct cw_form *extra = cw_params_new(c);

	c->tried_fallback = true;
	cw_params_add(extra, "ErrorCode", "%u", code);
	cw_params_add(extra, "ErrorUrl", "%s", url);
	cw_call_goto(c, "POST", c->conf.fallback_url, extra);
	talloc_free(extra);
}

/* No document to run: Twilio would say that an application error occurred, and hang up. */
static void document_failed(struct call *c, unsigned code, enum cw_end_reason reason, const char *url, const char *fmt,
	...) CW_PRINTF(5, 6);
static void document_failed(
	struct call *c, unsigned code, enum cw_end_reason reason, const char *url, const char *fmt, ...)
{
	bool answered = c->state == CALL_IN_PROGRESS;
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cw_call_note(c, "twilio.error", "{s:i, s:s, s:s}", "code", (int)code, "text", text, "url", url);
	if (c->conf.fallback_url && !c->tried_fallback) {
		ask_fallback(c, code, url);
		return;
	}
	if (answered && reason == CW_END_REFUSED)
		reason = CW_END_PROTOCOL;
	cw_call_end(c, reason, answered ? "completed" : "failed", "%u: %s%s%s", code, text, *url ? " at " : "", url);
}

int cw_call_run(struct call *c, const char *text, size_t len, const char *url)
{
	CW_BUF_SCOPED struct cw_buf verbs = CW_BUF(4096);
	struct cw_why why = {0};
	unsigned code = 12100;
	char *from = talloc_strdup(c, url), where[400];
	int err;

	TALLOC_FREE(c->doc);
	c->want_verb = false;
	err = from ? cw_twiml_parse(c, text, len, &c->doc, &code, &why) : ENOMEM;

	c->next = NULL;
	if (err) {
		talloc_free(from);
		document_failed(
			c, code ? code : 12400, CW_END_REFUSED, url, "%s", cw_why_str(&why, where, sizeof(where)));
		return err;
	}
	talloc_free(c->url);
	c->url = from;
	c->next = c->doc->first;
	cw_twiml_dump(&verbs, c->doc);
	cw_call_note(c, "twilio.twiml", "{s:s}", "verbs", verbs.p ? verbs.p : "");
	for (unsigned i = 0; i < c->doc->n_warnings; i++)
		cw_call_warn(
			c, c->doc->warnings[i].code, "line %u: %s", c->doc->warnings[i].line, c->doc->warnings[i].text);
	c->want_verb = true;
	cw_call_pump(c);
	return 0;
}

static bool is_xml(const char *type)
{
	return cw_str_starts(cw_str(type), "text/xml") || cw_str_starts(cw_str(type), "application/xml") ||
	       cw_str_starts(cw_str(type), "text/html");
}

static void on_document(const struct fetched *got, void *arg)
{
	struct call *c = arg;
	struct fetch *f = c->fetch;

	c->fetch = NULL;
	cw_call_note(
		c, "twilio.request", "{s:s, s:s, s:i}", "method", f->method, "url", got->url, "status", got->status);
	if (got->err == ECONNREFUSED || got->err == EHOSTUNREACH || (got->err == ETIMEDOUT && !got->status))
		document_failed(
			c, 11205, CW_END_UNREACHABLE, got->url, "nobody answers: %s", strerrordesc_np(got->err));
	else if (got->err)
		document_failed(
			c, 11200, CW_END_UNREACHABLE, got->url, "the request failed: %s", strerrordesc_np(got->err));
	else if (got->status < 200 || got->status >= 300)
		document_failed(
			c, 11200, CW_END_REFUSED, got->url, "expected HTTP status 200 with TwiML, got %d", got->status);
	else if (!is_xml(got->type))
		document_failed(
			c, 12300, CW_END_REFUSED, got->url, "expected Content-Type text/xml, got '%s'", got->type);
	else
		(void)cw_call_run(c, got->body.p, got->body.len, got->url); /* a bad document ends the call by itself */
	talloc_free(f);
}

void cw_call_goto(struct call *c, const char *method, const char *ref, struct cw_form *extra)
{
	CW_SCOPED struct cw_form *params = cw_params_new(NULL);
	CW_SCOPED char *url = c->url && *c->url ? cw_url_resolve(NULL, c->url, ref) : talloc_strdup(NULL, ref);
	int err;

	CW_ASSERT(!c->verb);
	method = strcasecmp(method, "GET") ? "POST" : "GET";
	if (++c->documents > DOCUMENTS_MAX) {
		cw_call_end(c, CW_END_PROTOCOL, "completed", "more than %u documents in one call: it goes in circles",
			DOCUMENTS_MAX);
		return;
	}
	if (!url) {
		document_failed(c, 11100, CW_END_REFUSED, ref, "not a URL");
		return;
	}
	TALLOC_FREE(c->fetch);
	TALLOC_FREE(c->doc); /* @ref may have been part of it */
	c->next = NULL;
	c->want_verb = false;
	cw_call_params(c, params);
	for (size_t i = 0; extra && extra->fields && i < extra->n; i++)
		cw_params_add(params, extra->fields[i].name, "%s", extra->fields[i].value);
	err = cw_call_fetch(c, c, method, url, params, BODY_MAX, on_document, c, &c->fetch);
	if (err)
		document_failed(c, 11100, CW_END_REFUSED, url, "%s", strerrordesc_np(err));
}
