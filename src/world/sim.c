#include "world/sim.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "base/str.h"
#include "world/sim_int.h"

#define WALL_START_US 1772442000000000 /* 2026-03-02T09:00:00Z */
#define TIMERS_FIRST  64               /* room made at birth, where being out of memory can still be told */
#define DEFAULT_NET           \
	(struct cw_sim_delay) \
	{                     \
		5000, 2000    \
	}
#define DEFAULT_WORK          \
	(struct cw_sim_delay) \
	{                     \
		1000, 0       \
	}

/* ---- the queue: a binary heap by (time, sequence number) ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->seq < b->seq;
}

static void push(struct sim *s, struct sim_event *e)
{
	size_t slot = ++s->heap_n;

	for (; slot > 1 && before(e, s->heap[slot / 2]); slot /= 2)
		s->heap[slot] = s->heap[slot / 2];
	s->heap[slot] = e;
}

static struct sim_event *pop(struct sim *s)
{
	struct sim_event *top = s->heap[1];
	struct sim_event *last = s->heap[s->heap_n--];
	size_t slot = 1;

	for (size_t child; (child = 2 * slot) <= s->heap_n; slot = child) {
		if (child < s->heap_n && before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s->heap[child], last))
			break;
		s->heap[slot] = s->heap[child];
	}
	if (s->heap_n)
		s->heap[slot] = last;
	return top;
}

static void recycle(struct sim *s, struct sim_event *e)
{
	e->next_free = s->free_events;
	s->free_events = e;
}

struct sim_event *sim_at(struct sim *s, uint64_t delay_us, sim_fn *fn, sim_fn *drop, void *arg)
{
	struct sim_event *e = s->free_events;

	if (s->heap_n + 1 >= s->heap_cap) {
		size_t cap = s->heap_cap ? 2 * s->heap_cap : 64;
		struct sim_event **heap = talloc_realloc(s, s->heap, struct sim_event *, cap);

		if (!heap)
			return NULL;
		s->heap = heap;
		s->heap_cap = cap;
	}
	if (e) {
		s->free_events = e->next_free;
	} else {
		e = talloc(s, struct sim_event);
		if (!e)
			return NULL;
	}
	*e = (struct sim_event){
		.at_us = s->now_us + delay_us, .seq = s->world.timer_seq++, .fn = fn, .drop = drop, .arg = arg};
	push(s, e);
	return e;
}

void sim_event_cancel(struct sim_event *e)
{
	e->cancelled = true;
	e->drop = NULL;
}

/* ---- chance ---- */

uint64_t sim_delay(struct sim *s, const struct cw_sim_delay *d)
{
	if (!d->tail_mean_us)
		return d->base_us;
	return d->base_us + (uint64_t)(-log1p(-cw_rng_unit(&s->net_rng)) * (double)d->tail_mean_us);
}

bool sim_fault(struct sim *s, enum cw_sim_fault kind, const char *label)
{
	if (s->conf.fault[kind] <= 0)
		return false;
	if (s->conf.fault_only && !cw_str_starts(cw_str(label), s->conf.fault_only))
		return false;
	if (!cw_rng_chance(&s->fault_rng, s->conf.fault[kind]))
		return false;
	s->faults[kind]++;
	return true;
}

uint64_t sim_late(struct sim *s)
{
	return 500000 + cw_rng_below(&s->fault_rng, 7500000);
}

void sim_garble(struct sim *s, char *bytes, size_t n)
{
	size_t hits = 1 + n / 16;

	for (size_t i = 0; n && i < hits; i++)
		bytes[cw_rng_below(&s->fault_rng, (uint32_t)n)] = (char)cw_rng_below(&s->fault_rng, 256);
}

/* ---- work: runs inline, its completion is an event ---- */

struct sim_work {
	struct sim *sim;
	struct cw_job job;
	struct sim_event *event; /* NULL: stalled, or already delivered */
	bool skip_run;
};

static void dispose_later(void *arg)
{
	struct cw_job *job = arg;

	job->dispose(job->arg);
	talloc_free(job);
}

/* Cancelled: what the job was lent is released from the queue, as the real world does, not from inside a destructor. */
static int work_destroy(struct sim_work *work)
{
	struct sim *s = work->sim;

	if (s->serving == work)
		s->serving = NULL;
	if (work->event)
		sim_event_cancel(work->event);
	if (!work->job.dispose)
		return 0;

	struct cw_job *job = s->ending ? NULL : talloc_memdup(s, &work->job, sizeof(work->job));

	if (!job || !sim_at(s, 0, dispose_later, dispose_later, job)) {
		talloc_free(job);
		work->job.dispose(work->job.arg);
	}
	return 0;
}

static void work_done(void *arg)
{
	struct sim_work *work = arg;
	struct sim *s = work->sim;
	struct cw_job job = work->job;

	work->event = NULL;
	work->job.dispose = NULL; /* ours to call, whether the handler frees the handle or not */
	s->serving = work;
	job.done(job.arg);
	if (s->serving == work)
		talloc_free(work);
	if (job.dispose)
		job.dispose(job.arg);
}

static int sim_work(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret)
{
	struct sim *s = sim_of(w);
	const char *label = job->label ? job->label : "work";
	CW_SCOPED struct sim_work *work = talloc_zero(NULL, struct sim_work);

	if (!work)
		return ENOMEM;
	work->sim = s;
	work->job = *job;

	uint64_t delay = job->sim_cost_us ? job->sim_cost_us : sim_delay(s, &s->conf.work);
	bool stall = sim_fault(s, CW_FAULT_STALL, label);

	if (sim_fault(s, CW_FAULT_LATE, label))
		delay += sim_late(s);
	if (!stall) {
		work->event = sim_at(s, delay, work_done, NULL, work);
		if (!work->event)
			return ENOMEM;
	}
	/* a stalled job may have had its effect or not: whoever asks again must cope with both */
	if (!stall || cw_rng_chance(&s->fault_rng, 0.5))
		job->run(job->arg);
	talloc_set_destructor(work, work_destroy);
	if (ret)
		*ret = (struct cw_work *)talloc_move(parent, &work);
	else
		(void)talloc_move(parent, &work);
	return 0;
}

/* ---- the world's table ---- */

static uint64_t sim_now(struct cw_world *w)
{
	return sim_of(w)->now_us;
}

static int64_t sim_wall(struct cw_world *w)
{
	struct sim *s = sim_of(w);

	return s->conf.wall_us + (int64_t)s->now_us;
}

static void sim_arm(struct cw_world *w, uint64_t at_us)
{
	(void)w;
	(void)at_us; /* cw_sim_step() looks at the timers itself */
}

static int sim_post(struct cw_world *w, cw_fn *fn, void *arg)
{
	struct sim *s = sim_of(w);

	if (s->ending)
		return ECANCELED;
	return sim_at(s, 0, fn, NULL, arg) ? 0 : ENOMEM;
}

static const struct cw_world_ops sim_ops = {
	.now = sim_now,
	.wall = sim_wall,
	.arm = sim_arm,
	.post = sim_post,
	.work = sim_work,
	.proc_open = sim_proc_open,
	.http_request = sim_http_request,
	.ws_connect = sim_ws_connect,
	.ws_send = sim_ws_send,
	.ws_close = sim_ws_close,
	.ws_queued = sim_ws_queued,
	.listen = sim_listen,
	.server_port = sim_server_port,
	.reply = sim_reply,
	.reply_begin = sim_reply_begin,
	.reply_more = sim_reply_more,
	.reply_end = sim_reply_end,
	.reply_break = sim_reply_break,
	.ws_accept = sim_ws_accept,
	.udp_open = sim_udp_open,
	.udp_send = sim_udp_send,
	.udp_port = sim_udp_port,
};

static int sim_destroy(struct sim *s)
{
	s->ending = true;
	while (s->heap_n) {
		struct sim_event *e = pop(s);

		if (e->drop && !e->cancelled)
			e->drop(e->arg);
	}
	return 0;
}

int cw_sim_new(void *parent, const struct cw_sim_conf *conf, struct cw_world **ret)
{
	CW_SCOPED struct sim *s = talloc_zero(NULL, struct sim);

	if (!s)
		return ENOMEM;
	talloc_set_name_const(s, "struct cw_world (sim)");
	s->conf = *conf;
	if (!s->conf.wall_us)
		s->conf.wall_us = WALL_START_US;
	if (!s->conf.net.base_us && !s->conf.net.tail_mean_us)
		s->conf.net = DEFAULT_NET;
	if (!s->conf.work.base_us && !s->conf.work.tail_mean_us)
		s->conf.work = DEFAULT_WORK;
	if (conf->fault_only) {
		s->conf.fault_only = talloc_strdup(s, conf->fault_only);
		if (!s->conf.fault_only)
			return ENOMEM;
	}
	s->next_port = 40000;
	cw_world_init(&s->world, &sim_ops, true, conf->seed);
	s->world.heap = talloc_array(s, struct cw_timer *, TIMERS_FIRST);
	if (!s->world.heap)
		return ENOMEM;
	s->world.heap_cap = TIMERS_FIRST;
	cw_rng_fork(&s->world.rng, "sim.net", &s->net_rng);
	cw_rng_fork(&s->world.rng, "sim.fault", &s->fault_rng);
	talloc_set_destructor(s, sim_destroy);
	*ret = (struct cw_world *)talloc_move(parent, &s);
	return 0;
}

/* ---- running ---- */

/* When the next thing happens, UINT64_MAX when nothing will; *@is_timer tells from which queue. */
static uint64_t next_at(struct sim *s, bool *is_timer)
{
	uint64_t seq = UINT64_MAX;
	uint64_t timer_at = cw_world_next_timer(&s->world, &seq);

	while (s->heap_n && s->heap[1]->cancelled)
		recycle(s, pop(s));
	*is_timer = true;
	if (!s->heap_n)
		return timer_at;

	const struct sim_event *e = s->heap[1];

	*is_timer = timer_at < e->at_us || (timer_at == e->at_us && seq < e->seq);
	return *is_timer ? timer_at : e->at_us;
}

static void note(struct sim *s, uint64_t what)
{
	s->digest = (s->digest ^ (s->now_us * 2 + what)) * 0x9E3779B97F4A7C15u;
	s->digest ^= s->digest >> 29;
}

static void handle(struct sim *s, uint64_t at_us, bool is_timer)
{
	s->now_us = at_us;
	note(s, is_timer);
	if (is_timer) {
		cw_world_fire_one(&s->world);
		return;
	}

	struct sim_event *e = pop(s);
	sim_fn *fn = e->fn;
	void *arg = e->arg;

	recycle(s, e);
	fn(arg);
}

bool cw_sim_step(struct cw_world *w)
{
	struct sim *s = sim_of(w);
	bool is_timer;
	uint64_t at = next_at(s, &is_timer);

	if (at == UINT64_MAX)
		return false;
	handle(s, at, is_timer);
	return true;
}

uint64_t cw_sim_run(struct cw_world *w, uint64_t until_us)
{
	struct sim *s = sim_of(w);
	uint64_t handled = 0;
	bool is_timer;

	for (;;) {
		uint64_t at = next_at(s, &is_timer);

		if (at == UINT64_MAX)
			break;
		if (at > until_us) {
			s->now_us = until_us > s->now_us ? until_us : s->now_us;
			break;
		}
		handle(s, at, is_timer);
		handled++;
	}
	return handled;
}

unsigned cw_sim_faults(const struct cw_world *w, enum cw_sim_fault kind)
{
	return ((const struct sim *)w)->faults[kind];
}

uint64_t cw_sim_digest(const struct cw_world *w)
{
	return ((const struct sim *)w)->digest;
}
