/*
 * standin.h: stand-ins of providers for `callwright standin`: a row each, and what they share
 */
#pragma once
#include "cmd/cmd.h"
#include "world/net.h"

struct cw_standin_kind {
	const char *name;
	const char *about; /* one line */
	/* As cw_command.run, with the kind's own options. */
	int (*run)(const struct cw_command *cmd, int argc, char **argv);
};

/* Listen at @address and serve @routes until a signal; @ready is printed behind the address. @open makes the stand-in in the new world,
 * hanging from @owner, and gives the routes' argument. Returns the exit code. */
struct cw_standin_serve {
	const char *address, *ready;
	const struct cw_routes *routes;
	int (*open)(void *owner, struct cw_world *w, void *conf, void **arg, struct cw_why *why);
	void *conf;
};
int cw_standin_serve(const char *name, const struct cw_standin_serve *s);

extern const struct cw_standin_kind cw_standin_twilio_kind, cw_standin_openai_kind, cw_standin_deepgram_kind;
