/*
 * ws_echo: our WebSocket server as an echo server, for wsload
 *
 * The path of a media message through world/: libuv, reading, framing, UTF-8 check, handler, cw_ws_send(). Prints "listening PORT" and serves
 * until killed. With two arguments (certificate and key) it serves wss.
 */
#include "base/mem.h"
#include "world/net.h"
#include "world/os.h"

struct echo {
	struct cw_ws *ws;
};

static void message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct echo *e = arg;

	(void)cw_ws_send(e->ws, kind, bytes, n); /* a client who does not read loses its echo */
}

static void closed(int err, unsigned code, void *arg)
{
	(void)err;
	(void)code;
	talloc_free(arg);
}

static const struct cw_ws_events events = {.message = message, .closed = closed};

static void upgrade(struct cw_exchange *x, void *arg)
{
	struct echo *e = talloc_zero(arg, struct echo);

	if (!e || cw_ws_accept(e, x, NULL, &events, e, &e->ws))
		talloc_free(e);
}

static void request(struct cw_exchange *x, void *arg)
{
	(void)arg;
	(void)cw_reply(x, 404, NULL, 0, NULL, 0); /* nobody to tell when the client is gone */
}

int main(int argc, char **argv)
{
	static const struct cw_routes routes = {.request = request, .upgrade = upgrade};
	struct cw_listen_conf conf = {.address = "127.0.0.1:0"};
	struct cw_server *listener;
	struct cw_world *w;
	struct cw_why why = {0};

	if (argc == 3) {
		conf.cert_file = argv[1];
		conf.key_file = argv[2];
	}
	if (cw_os_new(NULL, &(struct cw_os_conf){0}, &w) || cw_listen(w, w, &conf, &routes, w, &listener, &why)) {
		fprintf(stderr, "ws_echo: %s\n", why.text);
		return 3;
	}
	printf("listening %u\n", cw_server_port(listener));
	fflush(stdout);
	cw_os_run(w);
	talloc_free(w);
	return 0;
}
