#include "world/server_int.h"

#include <errno.h>
#include <unistd.h>
#include <utlist.h>

#include "base/mem.h"
#include "world/http1.h"
#include "world/tls.h"

#define MAX_BODY_DEFAULT  (1u << 20)
#define MAX_SEATS_DEFAULT 20000
#define BACKLOG           1024
#define ACCEPT_BATCH      64
#define REST_US           100000
#define SHAKE_US          10000000

/* ---- seats ---- */

void cw_seat_take(struct cw_seat *s, struct cw_os_listener *l)
{
	s->listener = l;
	if (!l)
		return;
	l->n_seats++;
	DL_APPEND(l->seats, s);
}

void cw_seat_leave(struct cw_seat *s)
{
	struct cw_os_listener *l = s->listener;

	if (!l)
		return;
	s->listener = NULL;
	l->n_seats--;
	DL_DELETE(l->seats, s);
}

/* ---- exchanges ---- */

static int exchange_gone(struct cw_os_exchange *x)
{
	if (x->link)
		*x->link = NULL;
	cw_buf_clear(&x->body);
	return 0;
}

struct cw_os_exchange *cw_exchange_new(struct cw_peer *p, struct cw_os_exchange **link)
{
	struct cw_os_exchange *x = talloc_zero(p->listener, struct cw_os_exchange);

	if (!x)
		return NULL;
	x->x.world = &p->listener->os->base;
	x->x.tls = cw_conn_is_tls(p->conn);
	x->x.query = "";
	x->listener = p->listener;
	x->peer = p;
	x->link = link;
	x->body = CW_BUF(p->listener->routes.max_body);
	*link = x;
	talloc_set_destructor(x, exchange_gone);
	x->x.peer = talloc_strdup(x, p->address);
	if (x->x.peer)
		return x;
	talloc_free(x);
	return NULL;
}

int cw_exchange_add_header(struct cw_os_exchange *x, struct cw_str name, struct cw_str value)
{
	size_t n = x->x.n_headers;
	struct cw_header *grown = x->x.headers;

	x->fields_len += name.len + value.len;
	if (x->fields_len > CW_SERVER_FIELDS_MAX || n == CW_HTTP1_HEADERS_MAX)
		return E2BIG;
	if (n % 16 == 0)
		grown = talloc_realloc(x, x->x.headers, struct cw_header, n + 16);
	if (!grown)
		return ENOMEM;
	x->x.headers = grown;
	grown[n] = (struct cw_header){cw_str_dup(x, name), cw_str_dup(x, value)};
	if (!grown[n].name || !grown[n].value)
		return ENOMEM;
	x->x.n_headers++;
	return 0;
}

int cw_exchange_add_body(struct cw_os_exchange *x, const void *bytes, size_t n)
{
	cw_buf_put(&x->body, bytes, n);
	return cw_buf_err(&x->body);
}

void cw_exchange_dispatch(struct cw_os_exchange *x)
{
	const struct cw_routes *routes = &x->listener->routes;

	x->x.body = cw_buf_str(&x->body);
	if (!x->upgrade)
		routes->request(&x->x, x->listener->arg);
	else if (routes->upgrade)
		routes->upgrade(&x->x, x->listener->arg);
	else
		(void)cw_os_reply(&x->x, 404, NULL, 0, NULL, 0); /* it is there: it asks right now */
}

void cw_exchange_lost(struct cw_os_exchange *x)
{
	if (x->link)
		*x->link = NULL;
	x->link = NULL;
	x->peer = NULL;
	if (!x->x.gone)
		return; /* it waits for the answer which will free it */

	/* the handler may free the listener, and the exchange with it: `still` is NULL then */
	struct cw_os_exchange *still = x;

	x->link = &still;
	x->x.gone(x->x.gone_arg);
	talloc_free(still);
}

int cw_os_reply(struct cw_exchange *base, int status, const struct cw_header *headers, size_t n_headers,
	const void *body, size_t len)
{
	struct cw_os_exchange *x = (struct cw_os_exchange *)base;
	int err = ECONNRESET;

	if (x->peer)
		err = x->peer->proto->reply(x->peer, x, status, headers, n_headers, body, len);
	else
		talloc_free(x);
	return err;
}

int cw_os_reply_begin(struct cw_exchange *base, int status, const struct cw_header *headers, size_t n_headers)
{
	struct cw_os_exchange *x = (struct cw_os_exchange *)base;

	return x->peer ? x->peer->proto->begin(x->peer, x, status, headers, n_headers) : ECONNRESET;
}

int cw_os_reply_more(struct cw_exchange *base, const void *bytes, size_t n)
{
	struct cw_os_exchange *x = (struct cw_os_exchange *)base;

	return x->peer ? x->peer->proto->more(x->peer, x, bytes, n) : ECONNRESET;
}

int cw_os_reply_end(struct cw_exchange *base)
{
	struct cw_os_exchange *x = (struct cw_os_exchange *)base;

	if (x->peer)
		return x->peer->proto->end(x->peer, x);
	talloc_free(x);
	return ECONNRESET;
}

void cw_os_reply_break(struct cw_exchange *base)
{
	struct cw_os_exchange *x = (struct cw_os_exchange *)base;

	if (x->peer)
		x->peer->proto->cut(x->peer, x);
	else
		talloc_free(x);
}

const char *cw_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {
		{101, "Switching Protocols"},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{422, "Unprocessable Content"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < CW_COUNT(known); i++)
		if (known[i].status == status)
			return known[i].text;
	return "Status";
}

/* ---- peers ---- */

static int peer_gone(struct cw_peer *p)
{
	cw_timer_stop(&p->timer);
	cw_seat_leave(&p->seat);
	cw_watch_freed(p->listener->os, p);
	return 0;
}

void cw_peer_finish(struct cw_peer *p)
{
	if (p->conn)
		cw_conn_linger(p->conn);
	p->conn = NULL;
	p->proto->lost(p);
}

void cw_peer_lose(struct cw_peer *p)
{
	talloc_free(p->conn);
	p->conn = NULL;
	if (p->proto)
		p->proto->lost(p);
	else
		talloc_free(p);
}

static void peer_input(void *arg)
{
	struct cw_peer *p = arg;

	p->proto->input(p);
}

static void peer_drained(void *arg)
{
	struct cw_peer *p = arg;

	p->proto->drained(p);
}

static void peer_failed(int err, void *arg)
{
	(void)err;
	cw_peer_lose(arg);
}

static void peer_timeout(void *arg)
{
	struct cw_peer *p = arg;

	if (p->proto)
		p->proto->timeout(p);
	else
		talloc_free(p); /* the TLS handshake takes too long */
}

void cw_peer_wait(struct cw_peer *p, uint64_t limit_us)
{
	cw_timer_start(&p->timer, limit_us, peer_timeout, p);
}

/* TLS stands: ALPN said which HTTP it is. */
static void peer_ready(void *arg)
{
	struct cw_peer *p = arg;

	if (cw_conn_speaks_h2(p->conn) ? cw_h2_start(p) : cw_h1_start(p))
		talloc_free(p);
}

static const struct cw_conn_events peer_events = {
	.ready = peer_ready,
	.input = peer_input,
	.drained = peer_drained,
	.failed = peer_failed,
};

static void welcome(struct cw_os_listener *l, int fd, const struct sockaddr *from)
{
	struct cw_peer *p = l->n_seats < l->max_seats ? talloc_zero(l, struct cw_peer) : NULL;
	int err;

	if (!p) {
		close(fd);
		return;
	}
	p->listener = l;
	cw_timer_init(&p->timer, &l->os->base);
	cw_seat_take(&p->seat, l);
	talloc_set_destructor(p, peer_gone);
	cw_addr_host(from, p->address);
	err = cw_conn_accept(p, l->os, fd, l->tls, &peer_events, p, &p->conn);
	if (!err && !l->tls)
		err = cw_h1_start(p);
	if (err)
		talloc_free(p);
	else if (l->tls)
		cw_peer_wait(p, SHAKE_US);
}

/* ---- listeners ---- */

static void accept_again(void *arg)
{
	struct cw_os_listener *l = arg;

	(void)cw_poll_want(l->poll, UV_READABLE); /* fails only on a closed handle */
}

static void callers_came(int events, int poll_err, void *arg)
{
	struct cw_os_listener *l = arg;

	(void)events;
	for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			welcome(l, fd, (struct sockaddr *)&from);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			(void)cw_poll_want(l->poll, 0); /* as above */
			cw_timer_start(&l->rest, REST_US, accept_again, l);
			return;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		}
	}
	if (poll_err)
		accept_again(l);
}

static int listener_gone(struct cw_os_listener *l)
{
	struct cw_seat *s, *next;

	DL_FOREACH_SAFE (l->seats, s, next)
		cw_seat_leave(s);
	cw_timer_stop(&l->rest);
	cw_poll_close(l->poll);
	if (l->fd >= 0)
		close(l->fd);
	SSL_CTX_free(l->tls);
	return 0;
}

static int bind_socket(struct cw_os_listener *l, const struct cw_listen_conf *conf, struct cw_why *why)
{
	static const int one = 1;
	struct cw_addr a;
	int err = cw_addr_parse(conf->address, &a);

	if (err)
		return cw_why_set(why, err,
			"listen address '%s': expected HOST:PORT in figures, such as 127.0.0.1:8080 or [::1]:0",
			conf->address);
	l->fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return cw_why_set(why, errno, "no socket to listen on %s: %s", conf->address, strerror(errno));
	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		(conf->reuse_port && setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one))))
		return cw_why_set(why, errno, "listening on %s: %s", conf->address, strerror(errno));
	if (bind(l->fd, (struct sockaddr *)&a.sa, a.len) || listen(l->fd, BACKLOG)) {
		err = errno;
		if (err == EADDRINUSE)
			return cw_why_set(why, err,
				"%s is in use by another program: stop it or choose another port (port 0 takes any free one)",
				conf->address);
		return cw_why_set(why, err == EADDRNOTAVAIL ? EINVAL : err, "cannot listen on %s: %s", conf->address,
			strerror(err));
	}
	l->port = cw_addr_bound_port(l->fd);
	return 0;
}

int cw_os_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes,
	void *arg, struct cw_server **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_os_listener *l = talloc_zero(NULL, struct cw_os_listener);
	int err = 0;

	if (!l)
		return ENOMEM;
	l->base.world = w;
	l->os = cw_os_of(w);
	l->routes = *routes;
	l->arg = arg;
	l->fd = -1;
	l->max_seats = conf->max_connections ? conf->max_connections : MAX_SEATS_DEFAULT;
	if (!l->routes.max_body)
		l->routes.max_body = MAX_BODY_DEFAULT;
	cw_timer_init(&l->rest, w);
	talloc_set_destructor(l, listener_gone);
	if (conf->cert_file && conf->key_file)
		err = cw_tls_server(conf->cert_file, conf->key_file, true, &l->tls, why);
	if (!err)
		err = bind_socket(l, conf, why);
	if (!err)
		err = cw_poll_open(l->os, l->fd, callers_came, l, &l->poll);
	if (!err)
		err = cw_poll_want(l->poll, UV_READABLE);
	if (err)
		return err;
	*ret = &l->base;
	(void)talloc_move(parent, &l);
	return 0;
}

unsigned cw_os_server_port(const struct cw_server *l)
{
	return ((const struct cw_os_listener *)l)->port;
}
