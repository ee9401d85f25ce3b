#include <errno.h>

#include "base/mem.h"
#include "world/os_int.h"

#define QUEUE_DEFAULT 4096
#define WORKERS_MAX   64

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_ENDED };

/*
 * One job. The lane makes and frees it; a worker reads `conf`, and moves it between the lists under the lock. When the handle
 * is freed the job stays until its `run` cannot run any more.
 */
struct job {
	struct cw_job conf;
	struct cw_work *handle; /* NULL once cancelled; lane only */
	enum job_state state;   /* under the lock */
	uint64_t seq;           /* order of submission over both queues */
	struct job *prev, *next;
};

struct job_list {
	struct job *first, *last;
};

struct cw_work {
	struct cw_pool *pool;
	struct job *job;
};

struct cw_pool {
	struct cw_os *os;
	void *jobs; /* talloc parent of all jobs; lane only */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct job_list waiting, waiting_blocking, ended;
	unsigned n_waiting, queue_max;
	unsigned blocking_now, blocking_max;
	uint64_t seq;
	bool ending;
	unsigned n_workers, n_started;
	pthread_t workers[WORKERS_MAX];
};

static void append(struct job_list *l, struct job *j)
{
	j->prev = l->last;
	j->next = NULL;
	if (l->last)
		l->last->next = j;
	else
		l->first = j;
	l->last = j;
}

static void unlink_job(struct job_list *l, struct job *j)
{
	if (j->prev)
		j->prev->next = j->next;
	else
		l->first = j->next;
	if (j->next)
		j->next->prev = j->prev;
	else
		l->last = j->prev;
}

static struct job_list *queue_of(struct cw_pool *p, const struct job *j)
{
	return j->conf.blocking ? &p->waiting_blocking : &p->waiting;
}

/* ---- workers ---- */

/* The oldest job that may run now, or NULL. Under the lock. */
static struct job *take_job(struct cw_pool *p)
{
	struct job *j = p->waiting.first;
	struct job *b = p->blocking_now < p->blocking_max ? p->waiting_blocking.first : NULL;

	if (b && (!j || b->seq < j->seq))
		j = b;
	if (!j)
		return NULL;
	unlink_job(queue_of(p, j), j);
	p->n_waiting--;
	p->blocking_now += j->conf.blocking;
	j->state = JOB_RUNNING;
	return j;
}

static void end_job(struct cw_pool *p, struct job *j)
{
	j->state = JOB_ENDED;
	append(&p->ended, j);
	(void)uv_async_send(&p->os->async); /* the async is closed after the workers were joined */
}

static void *worker(void *arg)
{
	struct cw_pool *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		struct job *j = take_job(p);

		if (!j) {
			pthread_cond_wait(&p->more, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		j->conf.run(j->conf.arg);
		pthread_mutex_lock(&p->lock);
		if (j->conf.blocking && p->blocking_now-- == p->blocking_max && p->waiting_blocking.first)
			pthread_cond_signal(&p->more);
		end_job(p, j);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Workers start with the first job. A pool with some of its threads is a pool; with none it is an error. */
static int start_workers(struct cw_pool *p)
{
	if (p->n_started)
		return 0;
	while (p->n_started < p->n_workers) {
		int err = pthread_create(&p->workers[p->n_started], NULL, worker, p);

		if (err)
			return p->n_started ? 0 : err;
		pthread_setname_np(p->workers[p->n_started++], "cw-work");
	}
	return 0;
}

/* ---- lane side ---- */

/* A job still waiting is taken out at once; its `dispose` comes with the next collection, never inside talloc_free(). */
static int cancel(struct cw_work *handle)
{
	struct cw_pool *p = handle->pool;
	struct job *j = handle->job;

	if (!j)
		return 0;
	j->handle = NULL;
	pthread_mutex_lock(&p->lock);
	if (j->state == JOB_WAITING) {
		unlink_job(queue_of(p, j), j);
		p->n_waiting--;
		end_job(p, j);
	}
	pthread_mutex_unlock(&p->lock);
	return 0;
}

int cw_pool_work(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret)
{
	struct cw_pool *p = cw_os_of(w)->pool;
	CW_SCOPED struct cw_work *handle = talloc_zero(NULL, struct cw_work);
	CW_SCOPED struct job *j = talloc_zero(p->jobs, struct job);
	int err = 0;

	if (!handle || !j)
		return ENOMEM;
	err = cw_os_of(w)->ending ? ECANCELED : start_workers(p);
	if (err)
		return err;
	*j = (struct job){.conf = *job, .handle = handle, .seq = p->seq++};

	pthread_mutex_lock(&p->lock);
	if (p->n_waiting >= p->queue_max) {
		err = EAGAIN;
	} else {
		append(queue_of(p, j), j);
		p->n_waiting++;
		pthread_cond_signal(&p->more);
	}
	pthread_mutex_unlock(&p->lock);
	if (err)
		return err;

	handle->pool = p;
	handle->job = j;
	j = NULL;
	talloc_set_destructor(handle, cancel);
	if (ret)
		*ret = handle;
	(void)talloc_move(parent, &handle);
	return 0;
}

static struct job *take_ended(struct cw_pool *p)
{
	struct job *first;

	pthread_mutex_lock(&p->lock);
	first = p->ended.first;
	p->ended = (struct job_list){0};
	pthread_mutex_unlock(&p->lock);
	return first;
}

/* Free the handle after `done`, unless `done` freed it: job->handle is NULL then. */
static void deliver(struct job *j)
{
	if (j->handle && j->conf.done)
		j->conf.done(j->conf.arg);
	if (j->handle) {
		j->handle->job = NULL;
		talloc_free(j->handle);
	}
	if (j->conf.dispose)
		j->conf.dispose(j->conf.arg);
	talloc_free(j);
}

void cw_pool_collect(struct cw_pool *p)
{
	for (struct job *next, *j = take_ended(p); j; j = next) {
		next = j->next;
		cw_os_enter(p->os);
		deliver(j);
		cw_os_leave(p->os);
	}
}

int cw_pool_new(struct cw_os *os, unsigned workers, unsigned queue, struct cw_pool **ret)
{
	struct cw_pool *p = talloc_zero(os->husks, struct cw_pool);

	if (!p)
		return ENOMEM;
	p->os = os;
	p->jobs = talloc_new(p);
	if (!p->jobs) {
		talloc_free(p);
		return ENOMEM;
	}
	p->n_workers = workers ? workers : uv_available_parallelism();
	if (p->n_workers > WORKERS_MAX)
		p->n_workers = WORKERS_MAX;
	p->blocking_max = p->n_workers > 1 ? p->n_workers / 2 : 1;
	p->queue_max = queue ? queue : QUEUE_DEFAULT;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	*ret = p;
	return 0;
}

void cw_pool_end(struct cw_pool *p)
{
	struct job *j;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_started; i++)
		pthread_join(p->workers[i], NULL);

	/* what waits has lost its handle, or will never run: only dispose is due */
	while ((j = p->waiting.first ? p->waiting.first : p->waiting_blocking.first)) {
		unlink_job(queue_of(p, j), j);
		append(&p->ended, j);
	}
	for (struct job *next, *e = take_ended(p); e; e = next) {
		next = e->next;
		if (e->handle)
			e->handle->job = NULL;
		e->handle = NULL;
		deliver(e);
	}
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
}
