#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509.h>
#include <utlist.h>

#include "base/mem.h"
#include "world/http1.h"
#include "world/os_int.h"
#include "world/url.h"

#define MAX_BODY_DEFAULT (8u << 20)
#define ANSWER_FIELDS    200
#define POOLED           64 /* idle connections kept */

/*
 * The world's libcurl multi handle. libcurl must not be entered from its own callbacks, where our handlers run: requests made
 * there wait in `to_add`, cancelled ones (owner is NULL) for the sweep after it.
 */
struct cw_curl {
	struct cw_os *os;
	CURLM *multi;
	struct cw_timer timer;
	bool inside;
	struct transfer *transfers;
};

/* What libcurl works on; it lives until it was taken out of the multi handle. */
struct transfer {
	struct cw_curl *curl;
	struct cw_http *owner; /* NULL: cancelled */
	CURL *easy;
	struct curl_slist *fields;
	char *body;
	bool added;
	struct transfer *prev, *next;
};

enum http_stage { HTTP_CONNECT, HTTP_WAIT, HTTP_BODY };

struct cw_http {
	struct cw_os *os;
	struct transfer *transfer;
	struct cw_http_events ev;
	void *arg;
	enum http_stage stage;
	struct cw_deadlines limits;
	uint64_t begun_us, byte_us;
	struct cw_timer timer;
	size_t received, max_body;
	int err; /* why we made libcurl give up */
	int status;
	struct cw_header *fields;
	size_t n_fields;
};

/* ---- errors ---- */

static int connect_errno(CURL *easy)
{
	long os_errno = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
	if (os_errno == ENETUNREACH)
		return EHOSTUNREACH;
	return os_errno ? (int)os_errno : ECONNREFUSED;
}

static int curl_errno(CURL *easy, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		return connect_errno(easy);
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_OUT_OF_MEMORY:
		return ENOMEM;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2_STREAM:
		return ECONNRESET;
	default:
		return EPROTO;
	}
}

/* ---- transfers ---- */

static void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->fields);
	talloc_free(t);
}

static void transfer_end(struct transfer *t)
{
	if (t->owner)
		t->owner->transfer = NULL;
	if (t->added)
		curl_multi_remove_handle(t->curl->multi, t->easy);
	DL_DELETE(t->curl->transfers, t);
	transfer_free(t);
}

static int http_gone(struct cw_http *h)
{
	struct transfer *t = h->transfer;

	cw_timer_stop(&h->timer);
	if (t) {
		t->owner = NULL;
		if (!t->curl->inside)
			transfer_end(t);
	}
	cw_watch_freed(h->os, h);
	return 0;
}

/* The last word; the handle ends with it. */
static void http_close(struct cw_http *h, int err)
{
	struct cw_os *os = h->os;
	struct cw_watch watch;

	cw_timer_stop(&h->timer);
	if (h->transfer)
		transfer_end(h->transfer);
	cw_watch_begin(os, &watch, h);
	h->ev.closed(err, h->arg);
	if (cw_watch_end(os, &watch))
		talloc_free(h);
}

/* ---- deadlines ---- */

static uint64_t after(uint64_t at_us, uint64_t delay_us)
{
	return delay_us > UINT64_MAX - at_us ? UINT64_MAX : at_us + delay_us;
}

static uint64_t deadline(const struct cw_http *h)
{
	uint64_t total = after(h->begun_us, h->limits.total_us);
	uint64_t stage = h->stage == HTTP_CONNECT ? after(h->begun_us, h->limits.connect_us)
			 : h->stage == HTTP_WAIT  ? after(h->begun_us, h->limits.first_byte_us)
						  : after(h->byte_us, h->limits.idle_us);

	return total < stage ? total : stage;
}

static void check_deadline(void *arg)
{
	struct cw_http *h = arg;
	uint64_t now = cw_os_clock(), at = deadline(h);

	if (now >= at)
		http_close(h, ETIMEDOUT);
	else
		cw_timer_start(&h->timer, at - now, check_deadline, h);
}

static void enter_stage(struct cw_http *h, enum http_stage stage)
{
	uint64_t now = cw_os_clock(), at;

	h->stage = stage;
	h->byte_us = now;
	at = deadline(h);
	cw_timer_start(&h->timer, at > now ? at - now : 0, check_deadline, h);
}

/* ---- what libcurl tells ---- */

static int connection_stands(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct transfer *t = arg;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	if (!t->owner)
		return CURL_PREREQFUNC_ABORT;
	enter_stage(t->owner, HTTP_WAIT);
	return CURL_PREREQFUNC_OK;
}

static int status_line(struct cw_http *h, struct cw_str line)
{
	struct cw_str version, status;
	uint32_t number;

	if (!cw_str_split(&line, ' ', &version) || !cw_str_split(&line, ' ', &status) ||
		cw_str_u32(status, 999, &number))
		return EPROTO;
	h->status = (int)number;
	h->n_fields = 0;
	TALLOC_FREE(h->fields);
	h->fields = talloc_array(h, struct cw_header, ANSWER_FIELDS);
	return h->fields ? 0 : ENOMEM;
}

static int field_line(struct cw_http *h, struct cw_str line)
{
	struct cw_header *f = &h->fields[h->n_fields];
	struct cw_str name;

	if (h->n_fields == ANSWER_FIELDS)
		return EMSGSIZE;
	(void)cw_str_split(&line, ':', &name); /* without a colon it is a name with an empty value */
	f->name = cw_str_dup(h->fields, cw_str_trim(name));
	f->value = cw_str_dup(h->fields, cw_str_trim(line));
	if (!f->name || !f->value)
		return ENOMEM;
	h->n_fields++;
	return 0;
}

/* True when libcurl may go on: nobody cancelled in the handler. */
static bool tell_headers(struct cw_http *h)
{
	struct cw_os *os = h->os;
	struct cw_watch watch;

	enter_stage(h, HTTP_BODY);
	if (!h->ev.headers)
		return true;
	cw_watch_begin(os, &watch, h);
	h->ev.headers(h->status, h->fields, h->n_fields, h->arg);
	return cw_watch_end(os, &watch);
}

/* libcurl gives the head line by line, also those of interim answers (1xx) before and of trailers behind the real one. */
static size_t head_line(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct cw_http *h = t->owner;
	struct cw_str line = cw_str_trim((struct cw_str){bytes, n});
	int err = 0;

	(void)one;
	if (!h)
		return 0;
	if (h->stage == HTTP_BODY)
		return n;
	if (cw_str_starts(line, "HTTP/"))
		err = status_line(h, line);
	else if (line.len && h->fields)
		err = field_line(h, line);
	else if (!line.len && h->status >= 200 && !tell_headers(h))
		return 0;
	if (err)
		h->err = err;
	return err ? 0 : n;
}

static size_t body_came(char *bytes, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct cw_http *h = t->owner;
	struct cw_watch watch;

	(void)one;
	if (!h)
		return 0;
	h->byte_us = cw_os_clock();
	h->received += n;
	if (h->received > h->max_body) {
		h->err = EMSGSIZE;
		return 0;
	}
	if (!h->ev.data)
		return n;
	cw_watch_begin(t->curl->os, &watch, h);
	h->ev.data(bytes, n, h->arg);
	return cw_watch_end(t->curl->os, &watch) ? n : 0;
}

/* ---- driving libcurl ---- */

static void add_transfers(struct cw_curl *c)
{
	for (struct transfer *next, *t = c->transfers; t; t = next) {
		next = t->next;
		if (!t->owner) {
			transfer_end(t);
		} else if (!t->added) {
			t->added = true;
			curl_multi_add_handle(
				c->multi, t->easy); /* without memory it never starts: the deadline ends it */
		}
	}
}

static void close_finished(struct cw_curl *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		struct transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);

		struct cw_http *h = t->owner;
		int err = curl_errno(t->easy, m->data.result);

		if (h)
			http_close(h, err && h->err ? h->err : err);
		else
			transfer_end(t);
	}
}

static void drive(struct cw_curl *c, curl_socket_t fd, int what)
{
	int running;

	c->inside = true;
	curl_multi_socket_action(c->multi, fd, what, &running);
	c->inside = false;
	close_finished(c);
	add_transfers(c);
}

static void curl_timeout(void *arg)
{
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_wanted(CURLM *multi, long ms, void *arg)
{
	struct cw_curl *c = arg;

	(void)multi;
	if (ms < 0)
		cw_timer_stop(&c->timer);
	else
		cw_timer_start(&c->timer, (uint64_t)ms * 1000, curl_timeout, c);
	return 0;
}

struct curl_poll {
	struct cw_curl *curl;
	struct cw_poll *poll;
	curl_socket_t fd;
};

static void socket_ready(int events, int err, void *arg)
{
	struct curl_poll *p = arg;
	int what = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);

	drive(p->curl, p->fd, err ? CURL_CSELECT_IN | CURL_CSELECT_OUT | CURL_CSELECT_ERR : what);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct cw_curl *c = arg;
	struct curl_poll *p = socket_arg;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (p)
			cw_poll_close(p->poll);
		talloc_free(p);
		curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (!p) {
		p = talloc_zero(c, struct curl_poll);
		if (!p)
			return -1;
		p->curl = c;
		p->fd = fd;
		if (cw_poll_open(c->os, fd, socket_ready, p, &p->poll)) {
			talloc_free(p);
			return -1;
		}
		curl_multi_assign(c->multi, fd, p);
	}
	return cw_poll_want(p->poll, events) ? -1 : 0;
}

static int curl_new(struct cw_os *os)
{
	struct cw_curl *c = talloc_zero(os->husks, struct cw_curl);

	if (!c)
		return ENOMEM;
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		talloc_free(c);
		return ENOMEM;
	}
	c->os = os;
	c->multi = curl_multi_init();
	if (!c->multi) {
		curl_global_cleanup();
		talloc_free(c);
		return ENOMEM;
	}
	cw_timer_init(&c->timer, &os->base);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)POOLED);
	os->curl = c;
	return 0;
}

void cw_curl_end(struct cw_curl *c)
{
	if (!c)
		return;
	while (c->transfers)
		transfer_end(c->transfers);
	curl_multi_cleanup(c->multi);
	cw_timer_stop(&c->timer);
	curl_global_cleanup();
	talloc_free(c);
}

/* ---- requests ---- */

static bool add_line(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->fields, line);

	if (longer)
		t->fields = longer;
	return longer != NULL;
}

static int add_fields(struct transfer *t, const struct cw_http_req *req)
{
	bool has_type = false, ok = add_line(t, "Expect:");

	for (size_t i = 0; ok && i < req->n_headers; i++) {
		const struct cw_header *f = &req->headers[i];
		char *line;

		if (!cw_http1_name_ok(cw_str(f->name)) || !cw_http1_value_ok(cw_str(f->value)))
			return EINVAL;
		has_type |= cw_str_eq_fold(cw_str(f->name), "content-type");
		/* libcurl drops "Name:" and takes "Name;" for an empty value */
		line = talloc_asprintf(t, f->value[0] ? "%s: %s" : "%s;", f->name, f->value);
		ok = line && add_line(t, line);
		talloc_free(line);
	}
	if (ok && !has_type)
		ok = add_line(t, "Content-Type:");
	return ok ? 0 : ENOMEM;
}

static void set_body(struct transfer *t, const struct cw_http_req *req)
{
	bool get = !strcmp(req->method, "GET"), head = !strcmp(req->method, "HEAD");

	if (head) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (req->body_len || !strcmp(req->method, "POST") || !strcmp(req->method, "PUT") ||
		!strcmp(req->method, "PATCH")) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body);
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, req->method);
	} else if (!get) {
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, req->method);
	}
}

static bool is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "::1");
}

static void set_options(struct transfer *t, const struct cw_http_req *req, const char *host)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_URL, req->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* cancelling must not wait for the resolver's thread */
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, 0x7FFFFFFFL); /* ours counts */
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->fields);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "callwright");
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, connection_stands);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, head_line);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_came);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* not the system's bundle: reading it takes tens of milliseconds; its folder is looked into by hash */
	curl_easy_setopt(e, CURLOPT_CAINFO, req->ca_file);
	curl_easy_setopt(e, CURLOPT_CAPATH, X509_get_default_cert_dir());
	if (is_loopback(host))
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	set_body(t, req);
}

static int transfer_new(struct cw_curl *c, const struct cw_http_req *req, const char *host, struct transfer **ret)
{
	struct transfer *t = talloc_zero(c, struct transfer);
	int err = 0;

	if (!t)
		return ENOMEM;
	t->curl = c;
	t->easy = curl_easy_init();
	t->body = talloc_memdup(t, req->body_len ? req->body : "", req->body_len ? req->body_len : 1);
	err = t->easy && t->body ? add_fields(t, req) : ENOMEM;
	if (err) {
		transfer_free(t);
		return err;
	}
	set_options(t, req, host);
	DL_APPEND(c->transfers, t);
	*ret = t;
	return 0;
}

static uint64_t or_default(uint64_t us, uint64_t dflt_us)
{
	return us ? us : dflt_us;
}

static struct cw_http *http_new(
	struct cw_os *os, const struct cw_http_req *req, const struct cw_http_events *ev, void *arg)
{
	struct cw_http *h = talloc_zero(NULL, struct cw_http);

	if (!h)
		return NULL;
	h->os = os;
	h->ev = *ev;
	h->arg = arg;
	h->max_body = req->max_body ? req->max_body : MAX_BODY_DEFAULT;
	h->limits.connect_us = or_default(req->deadlines.connect_us, 5000000);
	h->limits.first_byte_us = or_default(req->deadlines.first_byte_us, 15000000);
	h->limits.idle_us = or_default(req->deadlines.idle_us, 30000000);
	h->limits.total_us = or_default(req->deadlines.total_us, 60000000);
	h->begun_us = cw_os_clock();
	cw_timer_init(&h->timer, &os->base);
	talloc_set_destructor(h, http_gone);
	return h;
}

static int check_request(const struct cw_http_req *req, struct cw_url **url)
{
	int err = cw_url_parse(NULL, req->url, url, NULL);

	if (err)
		return err;
	if (strcmp((*url)->scheme, "http") != 0 && strcmp((*url)->scheme, "https") != 0)
		return EINVAL;
	return req->method && cw_http1_name_ok(cw_str(req->method)) ? 0 : EINVAL;
}

int cw_os_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret)
{
	struct cw_os *os = cw_os_of(w);
	CW_SCOPED struct cw_http *h = NULL;
	CW_SCOPED struct cw_url *url = NULL;
	int err = check_request(req, &url);

	if (!err && !os->curl)
		err = curl_new(os);
	if (!err && !(h = http_new(os, req, ev, arg)))
		err = ENOMEM;
	if (!err)
		err = transfer_new(os->curl, req, url->host, &h->transfer);
	if (err)
		return err;
	h->transfer->owner = h;
	enter_stage(h, HTTP_CONNECT);
	if (!os->curl->inside)
		add_transfers(os->curl);
	*ret = talloc_move(parent, &h);
	return 0;
}
