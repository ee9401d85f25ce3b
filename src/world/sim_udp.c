#include "world/sim_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <utlist.h>

#include "base/mem.h"

struct sim_udp {
	struct cw_udp base;
	struct sim *sim;
	cw_udp_fn *fn;
	void *arg;
	struct sockaddr_in addr;
	struct sim_udp *prev, *next;
};

struct datagram {
	struct sim *sim;
	struct sockaddr_in from, to;
	size_t n;
	char bytes[];
};

static int udp_destroy(struct sim_udp *u)
{
	DL_DELETE(u->sim->sockets, u);
	return 0;
}

static struct sim_udp *find_socket(struct sim *s, in_port_t port)
{
	struct sim_udp *u;

	DL_FOREACH (s->sockets, u)
		if (u->addr.sin_port == port)
			return u;
	return NULL;
}

int sim_udp_open(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret)
{
	struct sim *s = sim_of(w);
	const char *colon = strrchr(address, ':');
	uint32_t port;

	if (!colon || cw_str_u32(cw_str(colon + 1), 65535, &port))
		return EINVAL;
	if (port && find_socket(s, htons((uint16_t)port)))
		return EADDRINUSE;

	CW_SCOPED struct sim_udp *u = talloc_zero(NULL, struct sim_udp);

	if (!u)
		return ENOMEM;
	u->base.world = w;
	u->sim = s;
	u->fn = fn;
	u->arg = arg;
	u->addr.sin_family = AF_INET;
	u->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	u->addr.sin_port = htons((uint16_t)(port ? port : sim_free_port(s)));
	DL_APPEND(s->sockets, u);
	talloc_set_destructor(u, udp_destroy);
	*ret = (struct cw_udp *)talloc_move(parent, &u);
	return 0;
}

static void drop(void *arg)
{
	talloc_free(arg);
}

static void arrive(void *arg)
{
	struct datagram *d = arg;
	struct sim_udp *u = find_socket(d->sim, d->to.sin_port);

	if (u)
		u->fn(d->bytes, d->n, (const struct sockaddr *)&d->from, u->arg);
	talloc_free(d);
}

int sim_udp_send(struct cw_udp *udp, const void *bytes, size_t n, const struct sockaddr *to)
{
	struct sim_udp *u = (struct sim_udp *)udp;
	struct sim *s = u->sim;

	if (to->sa_family != AF_INET)
		return EAFNOSUPPORT;
	if (n > 65507)
		return EMSGSIZE;
	if ((s->conf.udp_loss > 0 && cw_rng_chance(&s->net_rng, s->conf.udp_loss)) ||
		sim_fault(s, CW_FAULT_LOSS, "udp"))
		return 0;

	struct datagram *d = talloc_size(s, sizeof(*d) + n);

	if (!d)
		return ENOMEM;
	d->sim = s;
	d->from = u->addr;
	d->to = *(const struct sockaddr_in *)(const void *)to;
	d->n = n;
	memcpy(d->bytes, bytes, n);
	if (sim_fault(s, CW_FAULT_GARBAGE, "udp"))
		sim_garble(s, d->bytes, n);

	uint64_t delay = sim_delay(s, &s->conf.net);

	if (sim_fault(s, CW_FAULT_LATE, "udp"))
		delay += sim_late(s);
	if (sim_at(s, delay, arrive, drop, d))
		return 0;
	talloc_free(d);
	return ENOMEM;
}

unsigned sim_udp_port(const struct cw_udp *u)
{
	return ntohs(((const struct sim_udp *)u)->addr.sin_port);
}
