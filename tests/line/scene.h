/*
 * scene.h: our server and our emulator in one world, with somebody at either end
 *
 *   person            our emulator                                our server              person
 *   "caller" <-line-> carrier  --webhook--> /voice --TwiML-->     server <-line per call-> "agent"
 *                              ==WebSocket=> /media ==========>
 */
#pragma once
#include "caller.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

#define AGENTS_MAX 4

struct scene {
	struct cw_world *w;
	void *owner;
	struct cw_server *listener;
	struct cw_twilio_server *server;
	struct person caller;
	struct person agents[AGENTS_MAX];
	unsigned n_agents;
	int refuse; /* what the callee answers the server */
	char url[80];
};

extern struct cw_world *world; /* of the test which runs */
int sim_setup(void **state);
int os_setup(void **state);
int world_teardown(void **state);

extern const struct cw_twilio_server_conf signed_conf;
void scene_open(struct scene *s, struct cw_world *w, const struct cw_twilio_server_conf *conf);
void scene_close(struct scene *s);
void dial(struct scene *s, struct person *who, const char *token);
void assert_ended(struct person *p, enum cw_end_reason reason, const char *detail);

#define SIM(f) cmocka_unit_test_setup_teardown(f, sim_setup, world_teardown)
#define OS(f)                                                \
	{                                                    \
		"os: " #f, f, os_setup, world_teardown, NULL \
	}
