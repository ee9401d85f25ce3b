#include "store/db_int.h"

#include <errno.h>

#include "base/mem.h"
#include "world/world.h"

/* The submitter's end: gone when its parent is freed. */
struct ticket {
	struct cw_db_task *task;
};

/* Tells a waiting task that its world ends. */
struct anchor {
	struct cw_db_task *task;
};

struct cw_db_task {
	struct cw_db_core *core;
	struct cw_world *world;
	struct cw_db_job job;
	struct ticket *ticket;
	struct anchor *anchor;
	struct cw_db_task *next;
	int err;
	bool ran;     /* guarded by core->busy */
	bool started; /* handed to the work pool; its lane's business only */
};

static int transact(sqlite3 *sql, const struct cw_db_job *job)
{
	int err = cw_db_errno(sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL));

	if (err)
		return err;
	err = job->run(sql, job->arg);
	if (!err)
		err = cw_db_errno(sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL));
	if (err)
		(void)sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL); /* the first error is the one to tell */
	return err;
}

static void task_run(void *arg)
{
	struct cw_db_task *t = arg;

	pthread_mutex_lock(&t->core->busy);
	if (!t->ran) {
		t->err = t->core->sql ? transact(t->core->sql, &t->job) : ECANCELED;
		t->ran = true;
	}
	pthread_mutex_unlock(&t->core->busy);
}

static bool core_closed(struct cw_db_core *c)
{
	pthread_mutex_lock(&c->lock);
	bool closed = !c->sql;
	pthread_mutex_unlock(&c->lock);
	return closed;
}

static void task_done(void *arg)
{
	struct cw_db_task *t = arg;

	if (t->ticket && !core_closed(t->core))
		t->job.done(t->err, t->job.arg);
}

/* On the lane: nobody else knows the task any more. */
static void task_free(struct cw_db_task *t)
{
	if (t->ticket) {
		t->ticket->task = NULL;
		talloc_free(t->ticket);
	}
	if (t->anchor) {
		t->anchor->task = NULL;
		talloc_free(t->anchor);
	}
	if (t->job.dispose)
		t->job.dispose(t->job.arg);
	cw_db_core_release(t->core);
	talloc_free(t);
}

static void start_next(struct cw_db_core *c, struct cw_world *here);

static void task_dispose(void *arg)
{
	struct cw_db_task *t = arg;
	struct cw_db_core *core = t->core;
	struct cw_world *world = t->world;

	task_run(t); /* cancelled before a worker took it: the transaction completes all the same */
	cw_db_core_hold(core);
	task_free(t);
	if (!cw_world_is_sim(world))
		start_next(core, world);
	cw_db_core_release(core);
}

static int start(struct cw_db_task *t)
{
	struct cw_job job = {
		.run = task_run,
		.done = task_done,
		.dispose = task_dispose,
		.arg = t,
		.blocking = true,
		.sim_cost_us = CW_DB_SIM_COST_US,
		.label = t->job.label,
	};
	struct cw_work *work = NULL;

	t->started = true;
	/* Under the world, not under the submitter: its end must not cancel the transaction. */
	return cw_work(t->world, t->world, &job, &work);
}

/* A task which waited cannot be refused any more: without a worker its transaction runs here. */
static bool start_waiting(struct cw_db_task *t)
{
	if (start(t) == 0)
		return true;
	task_run(t);
	task_done(t);
	task_free(t);
	return false;
}

static void start_posted(void *arg)
{
	struct cw_db_task *t = arg;
	struct cw_db_core *core = t->core;
	struct cw_world *here = t->world;

	cw_db_core_hold(core);
	if (!start_waiting(t))
		start_next(core, here);
	cw_db_core_release(core);
}

/* Give the turn to the oldest waiting task: it is returned when it belongs to @here, else its lane is told. The lock is
 * held while telling, so that its anchor cannot free it meanwhile. */
static struct cw_db_task *next_here(struct cw_db_core *c, struct cw_world *here)
{
	pthread_mutex_lock(&c->lock);
	struct cw_db_task *t = c->first;

	c->active = t;
	if (t)
		c->first = t->next;
	if (!c->first)
		c->last = NULL;
	if (t && t->world != here) {
		(void)cw_post(
			t->world, start_posted, t); /* ECANCELED: that lane ends, and the anchor passes the turn on */
		t = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return t;
}

static void start_next(struct cw_db_core *c, struct cw_world *here)
{
	struct cw_db_task *t;

	while ((t = next_here(c, here)) && !start_waiting(t))
		;
}

/* Take a waiting task out of the queue; true when it was its turn instead. */
static bool unqueue(struct cw_db_task *t)
{
	struct cw_db_core *c = t->core;
	struct cw_db_task *before = NULL;

	pthread_mutex_lock(&c->lock);
	bool turn = c->active == t;

	for (struct cw_db_task *i = c->first; i; before = i, i = i->next) {
		if (i != t)
			continue;
		*(before ? &before->next : &c->first) = t->next;
		if (c->last == t)
			c->last = before;
		break;
	}
	pthread_mutex_unlock(&c->lock);
	return turn;
}

static int anchor_free(struct anchor *a)
{
	struct cw_db_task *t = a->task;

	if (!t)
		return 0;
	t->anchor = NULL;
	if (t->started)
		return 0; /* the world disposes of its work */

	struct cw_db_core *core = t->core;
	bool turn = unqueue(t);

	cw_db_core_hold(core);
	task_run(t);
	task_free(t);
	if (turn)
		start_next(core, NULL);
	cw_db_core_release(core);
	return 0;
}

static int ticket_free(struct ticket *k)
{
	if (k->task)
		k->task->ticket = NULL;
	return 0;
}

static int enqueue(struct cw_db_task *t)
{
	struct cw_db_core *c = t->core;
	bool wait;

	if (cw_world_is_sim(t->world))
		return start(t); /* it runs inline: the order is that of submission */

	pthread_mutex_lock(&c->lock);
	wait = c->active != NULL;
	if (!wait) {
		c->active = t;
	} else {
		if (c->last)
			c->last->next = t;
		else
			c->first = t;
		c->last = t;
	}
	pthread_mutex_unlock(&c->lock);
	if (wait)
		return 0;

	int err = start(t);

	if (err)
		start_next(c, t->world);
	return err;
}

int cw_db_submit(void *parent, struct cw_db *db, struct cw_world *w, const struct cw_db_job *job)
{
	struct cw_db_task *t = talloc_zero(NULL, struct cw_db_task);
	struct ticket *ticket = talloc_zero(parent, struct ticket);
	struct anchor *anchor = talloc_zero(w, struct anchor);

	if (!t || !ticket || !anchor) {
		talloc_free(t);
		talloc_free(ticket);
		talloc_free(anchor);
		return ENOMEM;
	}
	*t = (struct cw_db_task){.core = db->core, .world = w, .job = *job, .ticket = ticket, .anchor = anchor};
	ticket->task = t;
	anchor->task = t;
	talloc_set_destructor(ticket, ticket_free);
	talloc_set_destructor(anchor, anchor_free);
	cw_db_core_hold(t->core);

	int err = enqueue(t);

	if (err) {
		t->job.dispose = NULL; /* the submitter keeps its argument */
		task_free(t);
	}
	return err;
}

struct cw_db_core *cw_db_core_new(sqlite3 *sql)
{
	struct cw_db_core *c = talloc_zero(NULL, struct cw_db_core);

	if (!c) {
		(void)sqlite3_close_v2(sql);
		return NULL;
	}
	pthread_mutex_init(&c->busy, NULL);
	pthread_mutex_init(&c->lock, NULL);
	c->sql = sql;
	c->holds = 1;
	return c;
}

void cw_db_core_hold(struct cw_db_core *c)
{
	pthread_mutex_lock(&c->lock);
	c->holds++;
	pthread_mutex_unlock(&c->lock);
}

void cw_db_core_release(struct cw_db_core *c)
{
	pthread_mutex_lock(&c->lock);
	bool last = --c->holds == 0;
	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	CW_ASSERT(!c->sql);
	pthread_mutex_destroy(&c->busy);
	pthread_mutex_destroy(&c->lock);
	talloc_free(c);
}

static void run_before_close(struct cw_db_core *c, struct cw_db_task *t)
{
	if (t->ran)
		return;
	t->err = transact(c->sql, &t->job);
	t->ran = true;
}

/* Tasks stay for their lanes to free; their transactions are done now, while there is a connection. */
void cw_db_core_close(struct cw_db_core *c)
{
	pthread_mutex_lock(&c->busy);
	pthread_mutex_lock(&c->lock);
	if (c->active)
		run_before_close(c, c->active);
	for (struct cw_db_task *t = c->first; t; t = t->next)
		run_before_close(c, t);
	sqlite3 *sql = c->sql;

	c->sql = NULL;
	pthread_mutex_unlock(&c->lock);
	pthread_mutex_unlock(&c->busy);
	(void)sqlite3_close_v2(sql); /* nothing can be done about a failing close; committed data is in the log */
	cw_db_core_release(c);
}
