/*
 * wsload: media-like WebSocket load on echo servers, and what it costs them
 *
 *     wsload [-c CONNECTIONS] [-s SECONDS] [-r ROUNDS] REFERENCE [SERVER…]
 *
 * Starts each server (a program which prints "listening PORT") on processor 0, itself on processor 1, opens the connections, sends
 * each a Twilio media message every 20 ms and takes the echoes. Prints one table: processor time of the server per message (both
 * ways), how many calls a core would carry, the round trip, and the ratio to the reference, the first server. Rounds alternate
 * between the servers; the cheapest round of each counts, as whatever else the machine does only adds to it.
 */
#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "load.h"
#include "server.h"

#define SERVERS_MAX 8
#define WARM_UP_US  500000

struct conf {
	unsigned connections, seconds, rounds;
	const char *servers[SERVERS_MAX];
	unsigned n_servers;
};

struct result {
	double us_per_message, calls_per_core;
	uint64_t p50_us, p99_us, max_us, late_p99_us, missing, wrong;
};

struct times {
	const struct server *server;
	uint64_t begun_ns, ended_ns;
};

static void begun(void *arg)
{
	struct times *t = arg;

	t->begun_ns = server_processor_ns(t->server);
}

static void ended(void *arg)
{
	struct times *t = arg;

	t->ended_ns = server_processor_ns(t->server);
}

static int measure(const struct conf *conf, const char *program, struct result *r, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	const char *const argv[] = {program, NULL};
	struct server *s;
	struct load *l;
	const unsigned *port;
	int err = server_start(scope, argv, 0, &s, why);

	if (err)
		return err;
	(void)server_ports(s, &port); /* one at least */
	err = load_open(scope, *port, conf->connections, &l, why);
	if (!err)
		err = load_run(l, WARM_UP_US, why);
	if (err)
		return err;

	struct times t = {.server = s};

	err = load_measure(l, conf->seconds * 1000000ull, begun, ended, &t, why);

	const struct load_figures *f = load_figures(l);

	if (err || !f->echoes)
		return cw_why_set(why, err ? err : EPROTO, "%s echoes nothing", program);
	*r = (struct result){
		.us_per_message = (double)(t.ended_ns - t.begun_ns) / 1000 / (double)f->frames,
		.p50_us = cw_hist_quantile(f->round_trip, 0.5),
		.p99_us = cw_hist_quantile(f->round_trip, 0.99),
		.max_us = cw_hist_max(f->round_trip),
		.late_p99_us = cw_hist_quantile(f->late, 0.99),
		.missing = f->frames - f->echoes,
		.wrong = f->wrong,
	};
	r->calls_per_core = 1e6 / 50 / r->us_per_message;
	return 0;
}

/* ---- the table ---- */

static const char *short_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_table(const struct conf *conf, const struct result *best)
{
	printf("%u connections, media messages each 20 ms both ways, %u s, best of %u\n\n", conf->connections,
		conf->seconds, conf->rounds);
	printf("%-14s %12s %12s %10s %10s %10s %10s %8s %8s %8s\n", "server", "us/message", "calls/core", "rtt p50",
		"rtt p99", "rtt max", "late p99", "missing", "wrong", "ratio");
	for (unsigned i = 0; i < conf->n_servers; i++) {
		const struct result *r = &best[i];

		printf("%-14s %12.2f %12.0f %7llu us %7llu us %7llu us %7llu us %8llu %8llu %8.3f\n",
			short_name(conf->servers[i]), r->us_per_message, r->calls_per_core,
			(unsigned long long)r->p50_us, (unsigned long long)r->p99_us, (unsigned long long)r->max_us,
			(unsigned long long)r->late_p99_us, (unsigned long long)r->missing,
			(unsigned long long)r->wrong, best[0].us_per_message / r->us_per_message);
	}
}

static unsigned number(const char *text, unsigned max)
{
	uint32_t v;

	if (cw_str_u32(cw_str(text), max, &v) || !v) {
		fprintf(stderr, "wsload: '%s': expected a number from 1 to %u\n", text, max);
		exit(2);
	}
	return v;
}

static void parse_options(int argc, char **argv, struct conf *conf)
{
	int option;

	while ((option = getopt(argc, argv, "c:s:r:")) != -1) {
		if (option == 'c')
			conf->connections = number(optarg, 15000);
		else if (option == 's')
			conf->seconds = number(optarg, 3600);
		else if (option == 'r')
			conf->rounds = number(optarg, 100);
		else
			exit(2);
	}
	while (optind < argc && conf->n_servers < SERVERS_MAX)
		conf->servers[conf->n_servers++] = argv[optind++];
	if (!conf->n_servers) {
		fprintf(stderr, "usage: wsload [-c CONNECTIONS] [-s SECONDS] [-r ROUNDS] REFERENCE [SERVER…]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct conf conf = {.connections = 1000, .seconds = 4, .rounds = 3};
	struct result best[SERVERS_MAX] = {0};
	struct cw_why why = {0};

	parse_options(argc, argv, &conf);
	load_raise_limits();
	(void)server_go_ahead(1);
	for (unsigned round = 0; round < conf.rounds; round++) {
		for (unsigned i = 0; i < conf.n_servers; i++) {
			struct result r;

			if (measure(&conf, conf.servers[i], &r, &why)) {
				fprintf(stderr, "wsload: %s\n", why.text);
				return 3;
			}
			if (!round || r.us_per_message < best[i].us_per_message)
				best[i] = r;
		}
	}
	print_table(&conf, best);
	return 0;
}
