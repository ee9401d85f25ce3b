#include "trial/perf/batch.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "world/os.h"
#include "world/world.h"

struct batch {
	const struct cw_batch_conf *conf;
	struct cw_batch_entry *entries;
	size_t n, next, finished;
	unsigned running;
	bool interrupted, loop;
	int err;
	void *owner; /* of results */
	void *live;
};

struct one { /* under way */
	struct batch *batch;
	struct cw_batch_entry *entry;
	struct cw_trial_conf *trial; /* watched by the entry's tap; a judge may still look at it when this is gone */
	struct cw_exec_conf conf;
	struct cw_execution *execution;
	struct cw_work *job;
	struct cw_exec_result *result;
	int err;
};

static void start_more(struct batch *b);

static void finished(struct batch *b, struct cw_batch_entry *e, struct cw_exec_result *result, int err)
{
	e->result = result;
	e->ended_us = cw_now(b->conf->world);
	b->running--;
	b->finished++;
	if (!result)
		b->err = err ? err : ENOMEM;
	else if (b->conf->done)
		b->conf->done(e, b->finished, b->conf->arg);
	start_more(b);
}

static void real_done(struct cw_execution *x, struct cw_exec_result *result, void *arg)
{
	struct one *o = arg;
	struct batch *b = o->batch;
	struct cw_batch_entry *e = o->entry;
	int err = cw_execution_error(x);

	if (result)
		(void)talloc_steal(b->owner, result);
	(void)talloc_free(o);
	finished(b, e, result, err);
}

static void sim_run(void *arg)
{
	struct one *o = arg;

	o->err = cw_execution_simulate(o, &o->conf, &o->result);
}

static void sim_done(void *arg)
{
	struct one *o = arg;

	finished(o->batch, o->entry, o->err ? NULL : talloc_move(o->batch->owner, &o->result), o->err);
}

static void sim_dispose(void *arg)
{
	(void)talloc_free(arg);
}

static int start_one(struct batch *b, struct cw_batch_entry *e)
{
	bool sim = b->conf->trial->sim;
	struct one *o = talloc_zero(sim ? NULL : b->live, struct one);
	const struct cw_job job = {
		.run = sim_run, .done = sim_done, .dispose = sim_dispose, .arg = o, .label = "perf.simulate"};
	int err;

	if (!o)
		return ENOMEM;
	o->batch = b;
	o->entry = e;
	o->trial = talloc_memdup(b->owner, b->conf->trial, sizeof(*o->trial));
	if (!o->trial) {
		(void)talloc_free(o);
		return ENOMEM;
	}
	o->trial->watch = cw_tap_event;
	o->trial->watch_arg = &e->tap;
	o->conf = (struct cw_exec_conf){.item = &e->item,
		.trial = o->trial,
		.run_dir = b->conf->setup->run_dir,
		.db_template = b->conf->setup->db_template,
		.babble = b->conf->setup->babble,
		.n_babble = b->conf->setup->n_babble};
	e->started_us = cw_now(b->conf->world);
	if (sim)
		err = cw_work(b->live, b->conf->world, &job, &o->job);
	else
		err = cw_execution_start(o, b->conf->world, &o->conf, real_done, o, &o->execution);
	if (err)
		(void)talloc_free(o);
	else
		b->running++;
	return err;
}

static void start_more(struct batch *b)
{
	while (!b->err && !b->interrupted && b->running < b->conf->jobs && b->next < b->n)
		b->err = start_one(b, &b->entries[b->next++]);
	if (!b->running && b->loop)
		cw_os_stop(b->conf->world);
}

static void on_signal(int signum, void *arg)
{
	struct batch *b = arg;

	(void)signum;
	if (b->interrupted) /* once more: do not wait */
		cw_os_stop(b->conf->world);
	b->interrupted = true;
}

int cw_batch_run(void *parent, const struct cw_batch_conf *conf, struct cw_batch_entry *entries, size_t n,
	bool *interrupted, struct cw_why *why)
{
	struct batch b = {.conf = conf, .entries = entries, .n = n, .owner = parent};
	int err;

	b.live = talloc_new(NULL);
	if (!b.live)
		return ENOMEM;
	err = cw_os_on_signals(conf->world, on_signal, &b);
	if (!err) {
		start_more(&b);
		b.loop = true;
		if (b.running)
			cw_os_run(conf->world);
	}
	(void)talloc_free(b.live);
	*interrupted = b.interrupted;
	err = err ? err : b.err;
	return err ? cw_why_set(why, err, "the calls cannot go on: %s", strerror(err)) : 0;
}
