/*
 * loop.h: two line ends joined in one world, with the behaviour of a telephone leg
 */
#pragma once
#include "line/line.h"

struct cw_world;

struct cw_loop_conf {
	const char *call_id;
	const char *from, *to;
	uint64_t delay_us;  /* one way, each direction; 0 = none */
	uint64_t answer_us; /* ring time before `answered` comes on both ends */
};

/* Make both ends under @parent; either hangs up, both hear `closed`. Attach listeners to both before returning to the loop. */
int cw_loop_new(void *parent, struct cw_world *w, const struct cw_loop_conf *conf, struct cw_line **agent,
	struct cw_line **carrier);
