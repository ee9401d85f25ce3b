#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "line/twilio_int.h"
#include "world/url.h"

#define CALLS_DEFAULT    10000u
#define START_DEFAULT_US 10000000u
#define TICKET_LIFE_US   60000000u /* Twilio opens the stream within seconds; a call which never does is forgotten */
#define UPGRADES_SPARE   32u       /* sockets which did not say `start` yet, beyond the calls */
#define TWIML_MAX        8192u
#define URL_MAX          8192u
#define PARAMETER_MAX    400u /* Twilio takes 500 characters of name and value */

static const struct cw_header xml_type = {"Content-Type", "text/xml; charset=utf-8"};
static const struct cw_header text_type = {"Content-Type", "text/plain; charset=utf-8"};

static void refuse(struct cw_exchange *x, int status, const char *text)
{
	(void)cw_reply(x, status, &text_type, 1, text, strlen(text)); /* the client is gone: nothing to tell it */
}

/* ---- tickets ---- */

static int ticket_destroy(struct ticket *t)
{
	cw_timer_stop(&t->timer);
	if (!t->server)
		return 0;
	for (struct ticket **p = &t->server->tickets; *p; p = &(*p)->next)
		if (*p == t) {
			*p = t->next;
			t->server->n_tickets--;
			break;
		}
	return 0;
}

static void ticket_expired(void *arg)
{
	struct ticket *t = arg;

	cw_log_warn(
		&t->server->log, "stream_never_came", "call_sid=%s after_s=%u", t->call_sid, TICKET_LIFE_US / 1000000);
	talloc_free(t);
}

static int ticket_new(struct cw_twilio_server *s, const struct cw_form *form, struct ticket **ret)
{
	const char *sid = cw_form_get(form, "CallSid"), *from = cw_form_get(form, "From"),
		   *to = cw_form_get(form, "To");

	CW_SCOPED struct ticket *t = talloc_zero(NULL, struct ticket);
	if (!t)
		return ENOMEM;

	t->call_sid = talloc_strndup(t, sid ? sid : "", PARAMETER_MAX);
	t->from = talloc_strndup(t, from ? from : "", PARAMETER_MAX);
	t->to = talloc_strndup(t, to ? to : "", PARAMETER_MAX);
	if (!t->call_sid || !t->from || !t->to)
		return ENOMEM;
	cw_id_hex(cw_rng(s->world), t->token, CW_TWILIO_TOKEN_LEN);
	cw_timer_init(&t->timer, s->world);
	cw_timer_start(&t->timer, TICKET_LIFE_US, ticket_expired, t);
	t->server = s;
	t->next = s->tickets;
	s->tickets = t;
	s->n_tickets++;
	talloc_set_destructor(t, ticket_destroy);
	*ret = talloc_steal(s, t);
	t = NULL;
	return 0;
}

struct ticket *cw_twilio_ticket_claim(struct cw_twilio_server *s, void *parent, const char *token)
{
	for (struct ticket *t = s->tickets; t; t = t->next) {
		if (strcmp(t->token, token) != 0)
			continue;
		(void)ticket_destroy(t);
		t->server = NULL;
		return talloc_steal(parent, t);
	}
	return NULL;
}

/* ---- URLs as Twilio saw them ---- */

static bool is_loopback(const char *host)
{
	return !strncmp(host, "127.", 4) || !strncmp(host, "localhost", 9) || !strncmp(host, "[::1]", 5);
}

/* "https://host" of this request, as the one who asked wrote it. */
static void base_url(const struct cw_twilio_server *s, const struct cw_exchange *x, struct cw_buf *b)
{
	const char *host = cw_exchange_header(x, "Host"), *proto = cw_exchange_header(x, "X-Forwarded-Proto");

	if (s->conf.public_url) {
		cw_buf_puts(b, s->conf.public_url);
		return;
	}
	bool tls = cw_exchange_is_tls(x) || (proto && cw_str_starts(cw_str(proto), "https"));

	cw_buf_fmt(b, "%s://%s", tls ? "https" : "http", host ? host : "localhost");
}

static void request_url(const struct cw_twilio_server *s, const struct cw_exchange *x, bool websocket, struct cw_buf *b)
{
	base_url(s, x, b);
	if (websocket && b->p && !strncmp(b->p, "http", 4)) {
		CW_BUF_SCOPED struct cw_buf ws = CW_BUF(URL_MAX);

		cw_buf_fmt(&ws, "ws%s", b->p + 4);
		cw_buf_reset(b);
		cw_buf_put(b, ws.p, ws.len);
	}
	cw_buf_puts(b, cw_exchange_path(x));
	if (*cw_exchange_query(x))
		cw_buf_fmt(b, "?%s", cw_exchange_query(x));
}

/* Where the stream shall go: ws where the webhook itself came in the clear over loopback or the configured URL says http. */
static void stream_url(const struct cw_twilio_server *s, const struct cw_exchange *x, struct cw_buf *b)
{
	CW_BUF_SCOPED struct cw_buf base = CW_BUF(URL_MAX);

	base_url(s, x, &base);

	const char *host = base.p ? strstr(base.p, "://") : NULL;
	bool clear = base.p && !strncmp(base.p, "http://", 7) && host && (s->conf.public_url || is_loopback(host + 3));

	cw_buf_fmt(b, "%s%s%s", clear ? "ws" : "wss", host ? host : "://localhost", s->conf.stream_path);
}

/* ---- the webhook ---- */

static bool signature_ok(struct cw_twilio_server *s, struct cw_exchange *x, const struct cw_form *form, bool websocket)
{
	CW_BUF_SCOPED struct cw_buf url = CW_BUF(URL_MAX);
	const char *signature = cw_exchange_header(x, "X-Twilio-Signature");

	if (!s->conf.auth_token)
		return true;
	request_url(s, x, websocket, &url);
	if (cw_buf_err(&url))
		return false;
	if (cw_twilio_signature_ok(s->conf.auth_token, url.p, form, signature))
		return true;
	cw_log_warn(&s->log, signature ? "signature_mismatch" : "signature_missing",
		"url=%s peer=%s hint=\"compare auth_token and public_url with what Twilio's console shows for this number\"",
		url.p, cw_exchange_peer(x));
	return false;
}

static void put_escaped(struct cw_buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			cw_buf_puts(b, "&amp;");
		else if (*s == '<')
			cw_buf_puts(b, "&lt;");
		else if (*s == '>')
			cw_buf_puts(b, "&gt;");
		else if (*s == '"')
			cw_buf_puts(b, "&quot;");
		else if ((unsigned char)*s >= 0x20)
			cw_buf_putc(b, *s);
	}
}

static void put_parameter(struct cw_buf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	cw_buf_fmt(b, "<Parameter name=\"%s\" value=\"", name);
	put_escaped(b, value);
	cw_buf_puts(b, "\"/>");
}

static void answer(struct cw_twilio_server *s, struct cw_exchange *x, const struct cw_form *form)
{
	static const char busy[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Reject reason=\"busy\"/></Response>";
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TWIML_MAX), url = CW_BUF(URL_MAX);
	struct ticket *t;

	if (s->n_tickets + s->n_started >= s->conf.max_calls) {
		cw_log_warn(&s->log, "busy", "calls=%u limit=%u", s->n_tickets + s->n_started, s->conf.max_calls);
		(void)cw_reply(x, 200, &xml_type, 1, busy, sizeof(busy) - 1);
		return;
	}
	if (ticket_new(s, form, &t)) {
		refuse(x, 503, "out of memory\n");
		return;
	}
	stream_url(s, x, &url);
	cw_buf_puts(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Connect><Stream url=\"");
	put_escaped(&b, url.p ? url.p : "");
	cw_buf_puts(&b, "\">");
	put_parameter(&b, "token", t->token);
	put_parameter(&b, "CallSid", t->call_sid);
	put_parameter(&b, "From", t->from);
	put_parameter(&b, "To", t->to);
	cw_buf_puts(&b, "</Stream></Connect></Response>");
	if (cw_buf_err(&b) || cw_buf_err(&url)) {
		talloc_free(t);
		refuse(x, 500, "the answer does not fit\n");
		return;
	}
	cw_log_debug(&s->log, "answering", "call_sid=%s from=%s to=%s", t->call_sid, t->from, t->to);
	if (cw_reply(x, 200, &xml_type, 1, b.p, b.len))
		talloc_free(t);
}

static bool path_is(const struct cw_exchange *x, const char *path)
{
	const char *asked = cw_exchange_path(x);
	size_t n = strlen(path);

	return !strncmp(asked, path, n) && (!asked[n] || !strcmp(asked + n, "/"));
}

bool cw_twilio_server_request(struct cw_twilio_server *s, struct cw_exchange *x)
{
	if (!path_is(x, s->conf.voice_path))
		return false;

	bool post = !strcmp(cw_exchange_method(x), "POST"), get = !strcmp(cw_exchange_method(x), "GET");

	if (!post && !get) {
		static const struct cw_header allow[] = {
			{"Content-Type", "text/plain; charset=utf-8"}, {"Allow", "GET, POST"}};

		(void)cw_reply(x, 405, allow, 2, "GET or POST\n", 12);
		return true;
	}

	struct cw_form *form = NULL;
	struct cw_str fields = post ? cw_exchange_body(x) : cw_str(cw_exchange_query(x));
	int err = cw_form_parse(NULL, fields, &form);

	if (err)
		refuse(x, err == ENOMEM ? 503 : 400,
			"the parameters cannot be read: expected application/x-www-form-urlencoded\n");
	else if (!signature_ok(s, x, post ? form : NULL, false))
		refuse(x, 403, "X-Twilio-Signature does not match this request\n");
	else
		answer(s, x, form);
	talloc_free(form);
	return true;
}

bool cw_twilio_server_upgrade(struct cw_twilio_server *s, struct cw_exchange *x)
{
	if (!path_is(x, s->conf.stream_path))
		return false;
	if (!signature_ok(s, x, NULL, true))
		refuse(x, 403, "X-Twilio-Signature does not match this request\n");
	else if (s->n_streams >= s->conf.max_calls + UPGRADES_SPARE)
		refuse(x, 503, "all lines are busy\n");
	else if (cw_twilio_stream_open(s, x))
		cw_log_warn(&s->log, "upgrade_failed", "peer_lost_or_out_of_memory=true");
	return true;
}

unsigned cw_twilio_server_calls(const struct cw_twilio_server *s)
{
	return s->n_started;
}

/* ---- life ---- */

static int server_destroy(struct cw_twilio_server *s)
{
	for (struct ticket *t = s->tickets; t; t = t->next)
		t->server = NULL;
	while (s->streams) {
		struct stream *st = s->streams;

		s->streams = *cw_twilio_stream_next(st);
		cw_twilio_stream_orphan(st);
	}
	return 0;
}

static int check_conf(const struct cw_twilio_server_conf *conf, struct cw_why *why)
{
	if (conf->public_url && strncmp(conf->public_url, "https://", 8) != 0 &&
		strncmp(conf->public_url, "http://", 7) != 0)
		return cw_why_set(why, EINVAL,
			"public_url '%s': expected http://host or https://host, as Twilio was told", conf->public_url);
	if (conf->auth_token && !*conf->auth_token)
		return cw_why_set(why, EINVAL, "auth_token is empty: leave it out to take unsigned calls");
	if ((conf->voice_path && conf->voice_path[0] != '/') || (conf->stream_path && conf->stream_path[0] != '/'))
		return cw_why_set(why, EINVAL, "voice_path and stream_path must begin with '/'");
	return 0;
}

static bool copy_conf(struct cw_twilio_server *s, const struct cw_twilio_server_conf *conf)
{
	struct cw_twilio_server_conf *c = &s->conf;

	c->auth_token = talloc_strdup(s, conf->auth_token);
	c->public_url = talloc_strdup(s, conf->public_url);
	c->voice_path = talloc_strdup(s, conf->voice_path ? conf->voice_path : "/voice");
	c->stream_path = talloc_strdup(s, conf->stream_path ? conf->stream_path : "/media");
	c->max_calls = conf->max_calls ? conf->max_calls : CALLS_DEFAULT;
	c->start_timeout_us = conf->start_timeout_us ? conf->start_timeout_us : START_DEFAULT_US;
	if (!c->voice_path || !c->stream_path || (conf->auth_token && !c->auth_token) ||
		(conf->public_url && !c->public_url))
		return false;
	if (c->public_url) {
		char *tail = strchr(c->public_url, '\0');

		if (tail[-1] == '/') /* paths bring their own slash */
			tail[-1] = '\0';
	}
	return true;
}

int cw_twilio_server_new(void *parent, struct cw_world *w, const struct cw_twilio_server_conf *conf,
	cw_twilio_call_fn *fn, void *arg, struct cw_twilio_server **ret, struct cw_why *why)
{
	char warm_up[29]; /* the first signature of a process loads the library's tables: not while a call waits */
	int err = check_conf(conf, why);

	if (err)
		return err;

	CW_SCOPED struct cw_twilio_server *s = talloc_zero(NULL, struct cw_twilio_server);
	if (!s || !copy_conf(s, conf))
		return cw_why_set(why, ENOMEM, "out of memory");

	s->world = w;
	s->parent = parent;
	s->fn = fn;
	s->arg = arg;
	s->log = (struct cw_log){.name = "twilio"};
	cw_twilio_sign("", "", NULL, warm_up);
	if (!s->conf.auth_token)
		cw_log_warn(&s->log, "unsigned", "hint=\"no auth_token: anybody who finds %s may call\"",
			s->conf.voice_path);
	talloc_set_destructor(s, server_destroy);
	*ret = talloc_steal(parent, s);
	s = NULL;
	return 0;
}
