#include "world/lane.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "base/mem.h"

struct cw_lane {
	struct cw_lane_conf conf;
	char name[16];
	pthread_t thread;
	bool joined;
	bool asked_to_end; /* lane thread only */

	/* written by the lane before `ready` is posted, read by the starter after it */
	pthread_mutex_t lock;
	pthread_cond_t ready;
	bool is_ready;
	int err;
	struct cw_world *world;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu % CPU_SETSIZE, &set);
	(void)pthread_setaffinity_np(
		pthread_self(), sizeof(set), &set); /* a processor that is not there: run anywhere */
}

static void tell_starter(struct cw_lane *l, int err, struct cw_world *w)
{
	pthread_mutex_lock(&l->lock);
	l->err = err;
	l->world = w;
	l->is_ready = true;
	pthread_cond_signal(&l->ready);
	pthread_mutex_unlock(&l->lock);
}

/* The world hangs from nothing: its tree belongs to this thread alone. */
static void *live(void *arg)
{
	struct cw_lane *l = arg;
	struct cw_world *w = NULL;
	int err;

	if (l->name[0])
		pthread_setname_np(pthread_self(), l->name);
	if (l->conf.cpu >= 0)
		pin(l->conf.cpu);
	err = cw_os_new(NULL, &l->conf.os, &w);
	if (!err)
		err = l->conf.begin(w, l->conf.arg);
	tell_starter(l, err, w);
	if (!err) {
		while (!l->asked_to_end)
			cw_os_run(w);
		if (l->conf.end)
			l->conf.end(w, l->conf.arg);
	}
	talloc_free(w);
	return NULL;
}

static void end_it(void *arg)
{
	struct cw_lane *l = arg;

	l->asked_to_end = true;
	cw_os_stop(l->world);
}

static int end_lane(struct cw_lane *l)
{
	cw_lane_stop(l);
	pthread_cond_destroy(&l->ready);
	pthread_mutex_destroy(&l->lock);
	return 0;
}

int cw_lane_start(void *parent, const struct cw_lane_conf *conf, struct cw_lane **ret)
{
	CW_SCOPED struct cw_lane *l = talloc_zero(NULL, struct cw_lane);
	int err;

	if (!l)
		return ENOMEM;
	l->conf = *conf;
	if (conf->name)
		snprintf(l->name, sizeof(l->name), "%s", conf->name);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->ready, NULL);
	l->joined = true;
	talloc_set_destructor(l, end_lane);

	err = pthread_create(&l->thread, NULL, live, l);
	if (err)
		return err;
	l->joined = false;
	pthread_mutex_lock(&l->lock);
	while (!l->is_ready)
		pthread_cond_wait(&l->ready, &l->lock);
	err = l->err;
	pthread_mutex_unlock(&l->lock);
	if (err) {
		pthread_join(l->thread, NULL);
		l->joined = true;
		return err;
	}
	*ret = talloc_move(parent, &l);
	return 0;
}

struct cw_world *cw_lane_world(struct cw_lane *l)
{
	return l->world;
}

void cw_lane_stop(struct cw_lane *l)
{
	if (l->joined)
		return;
	/* no memory for a post is only short of memory for now; without the stop the join would last for ever */
	while (cw_post(l->world, end_it, l) == ENOMEM)
		sched_yield();
	pthread_join(l->thread, NULL);
	l->joined = true;
}
