#include "world/loopback.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/stat.h"
#include "world/net.h"
#include "world/world.h"

#define MESSAGE_BYTES 300 /* a Twilio media message */
#define MESSAGES_MAX  1000
#define PATIENCE_US   2000000

struct cw_loopback_probe {
	struct cw_world *world;
	struct cw_server *listener;
	struct cw_ws *server, *client;
	struct cw_timer timer;
	cw_loopback_fn *done;
	void *arg;
	unsigned wanted, n;
	uint64_t sent_us;
	double round_trip_us[MESSAGES_MAX];
};

static int probe_destroy(struct cw_loopback_probe *p)
{
	cw_timer_stop(&p->timer);
	return 0;
}

static void report(struct cw_loopback_probe *p, int err)
{
	struct cw_loopback result = {.n = p->n};
	double jitter = 0, median = 0, p99 = 0;

	cw_timer_stop(&p->timer);
	for (unsigned i = 1; i < p->n; i++) {
		double d = p->round_trip_us[i] - p->round_trip_us[i - 1];

		jitter += d < 0 ? -d : d;
	}
	if (p->n > 1)
		result.jitter_us = (uint64_t)(jitter / (2 * (p->n - 1)));
	if (p->n && cw_stat_quantile(p->round_trip_us, p->n, 0.5, &median))
		result.floor_us = (uint64_t)(median / 2);
	if (p->n && cw_stat_quantile(p->round_trip_us, p->n, 0.99, &p99))
		result.p99_us = (uint64_t)(p99 / 2);
	p->done(err, &result, p->arg);
}

static void gave_up(void *arg)
{
	report(arg, ETIMEDOUT);
}

static void send_next(void *arg)
{
	static const char message[MESSAGE_BYTES];
	struct cw_loopback_probe *p = arg;

	p->sent_us = cw_now(p->world);

	int err = cw_ws_send(p->client, CW_WS_BINARY, message, sizeof(message));

	if (err)
		report(p, err);
	else
		cw_timer_start(&p->timer, PATIENCE_US, gave_up, p);
}

static void echo(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct cw_loopback_probe *p = arg;

	(void)cw_ws_send(p->server, kind, bytes, n); /* a failure shows as silence, which has its timer */
}

static void echoed(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct cw_loopback_probe *p = arg;

	(void)kind;
	(void)bytes;
	(void)n;
	p->round_trip_us[p->n++] = (double)(cw_now(p->world) - p->sent_us);
	if (p->n == p->wanted)
		report(p, 0);
	else
		cw_timer_start(&p->timer, CW_TICK_US, send_next, p);
}

static void client_open(void *arg)
{
	send_next(arg);
}

static void client_closed(int err, unsigned code, void *arg)
{
	(void)code;
	report(arg, err ? err : ECONNRESET);
}

static void server_closed(int err, unsigned code, void *arg)
{
	(void)err;
	(void)code;
	(void)arg; /* the client tells */
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	static const struct cw_ws_events events = {.message = echo, .closed = server_closed};
	struct cw_loopback_probe *p = arg;

	(void)cw_ws_accept(p, x, NULL, &events, p, &p->server); /* a failure shows at the client */
}

static void on_request(struct cw_exchange *x, void *arg)
{
	(void)arg;
	(void)cw_reply(x, 404, NULL, 0, NULL, 0); /* nobody is meant to ask here */
}

int cw_loopback_measure(
	void *parent, struct cw_world *w, unsigned n, cw_loopback_fn *done, void *arg, struct cw_loopback_probe **ret)
{
	static const struct cw_routes routes = {.request = on_request, .upgrade = on_upgrade};
	static const struct cw_ws_events events = {.open = client_open, .message = echoed, .closed = client_closed};
	char url[64];

	if (!n || n > MESSAGES_MAX)
		return EINVAL;

	CW_SCOPED struct cw_loopback_probe *p = talloc_zero(NULL, struct cw_loopback_probe);

	if (!p)
		return ENOMEM;
	p->world = w;
	p->wanted = n;
	p->done = done;
	p->arg = arg;
	cw_timer_init(&p->timer, w);

	int err = cw_listen(p, w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, p, &p->listener, NULL);

	if (err)
		return err;
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/", cw_server_port(p->listener));
	err = cw_ws_connect(p, w, &(struct cw_ws_req){.url = url}, &events, p, &p->client);
	if (err)
		return err;
	talloc_set_destructor(p, probe_destroy);
	*ret = talloc_move(parent, &p);
	return 0;
}
