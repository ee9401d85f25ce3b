/*
 * agents.h: the server under load: one or several agents of `callwright serve` on one lane, in a process of its own
 *
 * What serves is cmd/service.h as shipped: listener, Twilio server, agent, database, timelines and recordings. Several agents have a
 * database (a calendar) each. Questions of server.h are answered on the lane.
 */
#pragma once
#include <stdbool.h>

struct agents_conf {
	const char *agent;       /* agent file */
	const char *dir;         /* folders 0, 1, … are made below it */
	unsigned n;              /* agents */
	const char *stt, *voice; /* over the agent file's choice, or "" */
	bool record,
		watch; /* keep recordings; measure how late pacing slots are served (costs 1000 wake-ups a second) */
};

/* Command line which makes this program such a server, under @parent, NULL-terminated; NULL: no memory. */
const char **agents_argv(void *parent, const struct agents_conf *conf);
/* main() of such a process: serves until its control socket is closed. */
int agents_main(int argc, char **argv);
