#include "trial/perf/keys.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "world/world.h"

#define POLL_MS 200

struct cw_keys {
	struct cw_world *world;
	cw_key_fn *fn;
	void *arg;
	struct termios before;
	struct cw_work *job;
};

struct reading {
	struct cw_keys *keys;
	char key;
	bool got;
};

static void wait_for_key(void *arg)
{
	struct reading *r = arg;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	r->got = poll(&fd, 1, POLL_MS) > 0 && read(STDIN_FILENO, &r->key, 1) == 1;
}

static int listen_again(struct cw_keys *k);

static void on_key(void *arg)
{
	struct reading *r = arg;
	struct cw_keys *k = r->keys;
	bool got = r->got;
	char key = r->key;

	k->job = NULL;
	(void)listen_again(k); /* without memory: no more keys */
	if (got)
		k->fn(key, k->arg);
}

static void dispose(void *arg)
{
	(void)talloc_free(arg);
}

static int listen_again(struct cw_keys *k)
{
	struct reading *r = talloc_zero(NULL, struct reading);
	const struct cw_job job = {
		.run = wait_for_key, .done = on_key, .dispose = dispose, .arg = r, .blocking = true, .label = "keys"};
	int err;

	if (!r)
		return ENOMEM;
	r->keys = k;
	err = cw_work(k, k->world, &job, &k->job);
	if (err)
		(void)talloc_free(r);
	return err;
}

static int keys_end(struct cw_keys *k)
{
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &k->before); /* the terminal may be gone */
	return 0;
}

int cw_keys_open(void *parent, struct cw_world *w, cw_key_fn *fn, void *arg, struct cw_keys **ret)
{
	CW_SCOPED struct cw_keys *k = talloc_zero(NULL, struct cw_keys);
	struct termios raw;

	if (!k)
		return ENOMEM;
	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &k->before))
		return ENOTTY;
	k->world = w;
	k->fn = fn;
	k->arg = arg;
	raw = k->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return ENOTTY;
	talloc_set_destructor(k, keys_end);

	int err = listen_again(k);

	if (!err)
		*ret = talloc_move(parent, &k);
	return err;
}
