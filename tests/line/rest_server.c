/*
 * rest_server: Twilio's call API as a stand-in on a free port of loopback; prints {"port": N} and serves until its standard
 * input ends (so that it never outlives the test which started it)
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "line/twilio_rest.h"
#include "world/net.h"
#include "world/os.h"

static void on_request(struct cw_exchange *x, void *arg)
{
	if (!cw_twilio_rest_request(arg, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static void stop(void *arg)
{
	cw_os_stop(arg);
}

static void *watch_input(void *arg)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	(void)cw_post(arg, stop, arg);
	return NULL;
}

int main(void)
{
	static const struct cw_routes routes = {.request = on_request};
	const struct cw_twilio_rest_conf conf = {.echo = true, .voice = "modem", .gather_engine = "modem"};
	struct cw_twilio_rest *rest;
	struct cw_server *listener;
	struct cw_world *w;
	pthread_t watcher;

	if (cw_os_new(NULL, &(struct cw_os_conf){.workers = 1}, &w))
		return 3;
	if (cw_twilio_rest_new(w, w, &conf, &rest, NULL) ||
		cw_listen(w, w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, rest, &listener, NULL))
		return 3;
	printf("{\"port\": %u}\n", cw_server_port(listener));
	fflush(stdout);
	if (pthread_create(&watcher, NULL, watch_input, w))
		return 3;
	cw_os_run(w);
	pthread_join(watcher, NULL);
	talloc_free(w);
	return 0;
}
