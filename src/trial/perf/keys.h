/*
 * keys.h: single keys from the terminal while something runs, without Enter
 *
 * Freeing it gives the terminal back as it was. Thread: the world's lane.
 */
#pragma once

struct cw_world;
struct cw_keys;

typedef void cw_key_fn(char key, void *arg);
/* ENOTTY: standard input is no terminal, or not ours (in the background). ENOMEM. */
int cw_keys_open(void *parent, struct cw_world *w, cw_key_fn *fn, void *arg, struct cw_keys **ret);
