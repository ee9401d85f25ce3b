#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "world/addr.h"
#include "world/os_int.h"

#define BATCH 64 /* datagrams served before others have their turn */

struct os_udp {
	struct cw_udp base;
	int fd;
	struct cw_poll *poll;
	unsigned port;
	cw_udp_fn *fn;
	void *arg;
};

static int udp_gone(struct os_udp *u)
{
	cw_poll_close(u->poll);
	if (u->fd >= 0)
		close(u->fd);
	cw_watch_freed(cw_os_of(u->base.world), u);
	return 0;
}

/* Errors of earlier sends (an ICMP "port unreachable") come out of recvfrom() and are no business of the receiver. */
static void datagrams_came(int events, int err, void *arg)
{
	struct os_udp *u = arg;
	struct cw_os *os = cw_os_of(u->base.world);
	struct cw_watch watch;

	(void)events;
	cw_watch_begin(os, &watch, u);
	for (unsigned i = 0; i < BATCH && watch.object; i++) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(
			u->fd, os->scratch, sizeof(os->scratch), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n >= 0)
			u->fn(os->scratch, (size_t)n, (struct sockaddr *)&from, u->arg);
	}
	if (cw_watch_end(os, &watch) && err)
		(void)cw_poll_want(u->poll, UV_READABLE); /* libuv stopped it; fails only on a closed handle */
}

int cw_os_udp_open(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret)
{
	CW_SCOPED struct os_udp *u = talloc_zero(NULL, struct os_udp);
	struct cw_addr a;
	int err = cw_addr_parse(address, &a);

	if (!u)
		return ENOMEM;
	if (err)
		return err;
	u->base.world = w;
	u->fn = fn;
	u->arg = arg;
	u->fd = socket(a.sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0)
		return errno;
	talloc_set_destructor(u, udp_gone);
	if (bind(u->fd, (struct sockaddr *)&a.sa, a.len))
		return errno;
	u->port = cw_addr_bound_port(u->fd);
	err = cw_poll_open(cw_os_of(w), u->fd, datagrams_came, u, &u->poll);
	if (!err)
		err = cw_poll_want(u->poll, UV_READABLE);
	if (err)
		return err;
	*ret = &u->base;
	(void)talloc_move(parent, &u);
	return 0;
}

int cw_os_udp_send(struct cw_udp *base, const void *bytes, size_t n, const struct sockaddr *to)
{
	struct os_udp *u = (struct os_udp *)base;
	socklen_t len = to->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	for (;;) {
		if (sendto(u->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL, to, len) >= 0)
			return 0;
		if (errno != EINTR && errno != ECONNREFUSED) /* the latter belongs to an earlier datagram */
			return errno;
	}
}

unsigned cw_os_udp_port(const struct cw_udp *u)
{
	return ((const struct os_udp *)u)->port;
}
