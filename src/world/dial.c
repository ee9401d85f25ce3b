#include "world/dial.h"

#include <errno.h>
#include <netdb.h>

#include "base/mem.h"
#include "world/os_int.h"

#define TRY_US 2500000 /* for one address while others are left */

struct lookup {
	uv_getaddrinfo_t uv;
	struct cw_os *os;
	struct cw_dial *owner; /* NULL once given up */
};

struct cw_dial {
	struct cw_os *os;
	char *host;
	char port[8];
	SSL_CTX *tls; /* a reference of its own, or NULL */
	cw_dial_fn *done;
	void *arg;
	struct lookup *lookup; /* while the name is being looked up */
	struct addrinfo *all, *next;
	struct cw_conn *conn; /* the try under way */
	struct cw_timer timer;
	int err; /* of the last try */
};

static int dial_gone(struct cw_dial *d)
{
	cw_timer_stop(&d->timer);
	if (d->lookup) {
		d->lookup->owner = NULL;
		(void)uv_cancel((uv_req_t *)&d->lookup->uv); /* EBUSY: it runs and will find no owner */
	}
	if (d->all)
		uv_freeaddrinfo(d->all);
	SSL_CTX_free(d->tls);
	return 0;
}

static void try_next(void *arg);

static void try_ready(void *arg)
{
	struct cw_dial *d = arg;

	cw_timer_stop(&d->timer);
	d->done(0, d->conn, d->arg);
}

static void try_failed(int err, void *arg)
{
	struct cw_dial *d = arg;

	d->err = err;
	if (err == EPROTO)
		d->next = NULL; /* somebody is there, but not whom we trust: other addresses will not do better */
	try_next(d);
}

static void no_input(void *arg)
{
	(void)arg; /* `ready` comes first and the owner takes over */
}

static const struct cw_conn_events try_events = {.ready = try_ready, .input = no_input, .failed = try_failed};

/* Start the next address; with none left report the last failure. */
static void try_next(void *arg)
{
	struct cw_dial *d = arg;

	talloc_free(d->conn);
	d->conn = NULL;
	while (d->next) {
		struct addrinfo *a = d->next;

		d->next = a->ai_next;
		d->err =
			cw_conn_connect(d, d->os, a->ai_addr, a->ai_addrlen, d->tls, d->host, &try_events, d, &d->conn);
		if (d->err)
			continue;
		d->err = ETIMEDOUT;
		if (d->next)
			cw_timer_start(&d->timer, TRY_US, try_next, d);
		else
			cw_timer_stop(&d->timer);
		return;
	}
	d->done(d->err == ENETUNREACH ? EHOSTUNREACH : d->err, NULL, d->arg);
}

static void looked_up(uv_getaddrinfo_t *uv, int status, struct addrinfo *found)
{
	struct lookup *l = uv->data;
	struct cw_os *os = l->os;
	struct cw_dial *d = l->owner;

	cw_husk_free(os, l);
	if (!d) {
		uv_freeaddrinfo(found);
		return;
	}
	d->lookup = NULL;
	d->all = d->next = found;
	d->err = status ? cw_os_errno(status) : EHOSTUNREACH;
	cw_os_enter(os);
	try_next(d);
	cw_os_leave(os);
}

static void start_lookup(void *arg)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct cw_dial *d = arg;
	struct lookup *l = cw_husk_new(d->os, sizeof(*l));

	d->err = ENOMEM;
	if (!l) {
		try_next(d);
		return;
	}
	l->os = d->os;
	l->owner = d;
	l->uv.data = l;

	int err = uv_getaddrinfo(&d->os->loop, &l->uv, looked_up, d->host, d->port, &hints);

	if (err) {
		d->err = cw_os_errno(err);
		cw_husk_free(d->os, l);
		try_next(d);
		return;
	}
	d->lookup = l;
}

/* An address written in figures needs no resolver. */
static bool parse_address(struct cw_dial *d)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};

	if (getaddrinfo(d->host, d->port, &hints, &d->all))
		return false;
	d->next = d->all;
	return true;
}

int cw_dial_new(void *parent, struct cw_os *os, const char *host, unsigned port, SSL_CTX *tls, cw_dial_fn *done,
	void *arg, struct cw_dial **ret)
{
	CW_SCOPED struct cw_dial *d = talloc_zero(NULL, struct cw_dial);

	if (!d)
		return ENOMEM;
	d->os = os;
	d->done = done;
	d->arg = arg;
	d->host = talloc_strdup(d, host);
	if (!d->host)
		return ENOMEM;
	snprintf(d->port, sizeof(d->port), "%u", port % 65536);
	cw_timer_init(&d->timer, &os->base);
	if (tls && SSL_CTX_up_ref(tls) == 1)
		d->tls = tls;
	talloc_set_destructor(d, dial_gone);
	cw_timer_start(&d->timer, 0, parse_address(d) ? try_next : start_lookup, d);
	*ret = talloc_move(parent, &d);
	return 0;
}
