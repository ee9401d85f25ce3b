#include "world/world_int.h"

#include "base/mem.h"

#define SLOT_US (CW_TICK_US / CW_TICK_SLOTS)

static bool before(const struct cw_timer *a, const struct cw_timer *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->seq < b->seq;
}

static void place(struct cw_world *w, struct cw_timer *t, size_t slot)
{
	w->heap[slot] = t;
	t->slot = slot;
}

static void sift_up(struct cw_world *w, struct cw_timer *t, size_t slot)
{
	while (slot > 1 && before(t, w->heap[slot / 2])) {
		place(w, w->heap[slot / 2], slot);
		slot /= 2;
	}
	place(w, t, slot);
}

static void sift_down(struct cw_world *w, struct cw_timer *t, size_t slot)
{
	for (size_t child; (child = 2 * slot) <= w->heap_n; slot = child) {
		if (child < w->heap_n && before(w->heap[child + 1], w->heap[child]))
			child++;
		if (!before(w->heap[child], t))
			break;
		place(w, w->heap[child], slot);
	}
	place(w, t, slot);
}

static void arm_earliest(struct cw_world *w)
{
	w->ops->arm(w, w->heap_n ? w->heap[1]->at_us : UINT64_MAX);
}

static void unlink_timer(struct cw_timer *t)
{
	struct cw_world *w = t->world;
	struct cw_timer *last = w->heap[w->heap_n--];
	size_t slot = t->slot;

	t->slot = 0;
	if (last == t)
		return;
	if (slot > 1 && before(last, w->heap[slot / 2]))
		sift_up(w, last, slot);
	else
		sift_down(w, last, slot);
}

void cw_timer_init(struct cw_timer *t, struct cw_world *w)
{
	*t = (struct cw_timer){.world = w};
}

void cw_timer_start(struct cw_timer *t, uint64_t delay_us, cw_timer_fn *fn, void *arg)
{
	struct cw_world *w = t->world;
	uint64_t now = w->ops->now(w);
	bool was_first = t->slot == 1;

	if (t->slot)
		unlink_timer(t);
	if (w->heap_n + 1 >= w->heap_cap) {
		size_t cap = w->heap_cap ? 2 * w->heap_cap : 64;

		w->heap = talloc_realloc(w, w->heap, struct cw_timer *, cap);
		CW_ASSERT(w->heap);
		w->heap_cap = cap;
	}
	t->fn = fn;
	t->arg = arg;
	t->at_us = delay_us > UINT64_MAX - now ? UINT64_MAX : now + delay_us;
	t->seq = w->timer_seq++;
	sift_up(w, t, ++w->heap_n);
	if (was_first || t->slot == 1)
		arm_earliest(w);
}

void cw_timer_stop(struct cw_timer *t)
{
	if (!t->slot)
		return;

	bool was_first = t->slot == 1;

	unlink_timer(t);
	if (was_first)
		arm_earliest(t->world);
}

uint64_t cw_world_next_timer(const struct cw_world *w, uint64_t *seq)
{
	if (!w->heap_n)
		return UINT64_MAX;
	*seq = w->heap[1]->seq;
	return w->heap[1]->at_us;
}

void cw_world_fire_one(struct cw_world *w)
{
	struct cw_timer *t = w->heap[1];

	unlink_timer(t);
	arm_earliest(w);
	t->fn(t->arg);
}

unsigned cw_world_fire(struct cw_world *w, uint64_t now_us)
{
	uint64_t seq_end = w->timer_seq;
	unsigned fired = 0;

	while (w->heap_n && w->heap[1]->at_us <= now_us && w->heap[1]->seq < seq_end) {
		struct cw_timer *t = w->heap[1];

		unlink_timer(t);
		t->fn(t->arg);
		fired++;
	}
	arm_earliest(w);
	return fired;
}

/* ---- the pacing wheel ---- */

static void wheel_turn(void *arg)
{
	struct cw_tick *first = arg;
	struct cw_world *w = first->world;
	unsigned slot = first->slot;
	uint64_t late = w->ops->now(w) - w->wheel[slot].timer.at_us;

	/* next due a whole period after the instant meant, not after the late one; a lane that slept longer skips turns */
	cw_timer_start(&w->wheel[slot].timer, CW_TICK_US - late % CW_TICK_US, wheel_turn, first);
	for (struct cw_tick *t = w->wheel[slot].first; t; t = w->wheel[slot].next) {
		w->wheel[slot].next = t->next;
		t->fn(t->arg);
	}
}

void cw_tick_init(struct cw_tick *t, struct cw_world *w)
{
	*t = (struct cw_tick){.world = w};
}

void cw_tick_start(struct cw_tick *t, cw_timer_fn *fn, void *arg)
{
	struct cw_world *w = t->world;
	uint64_t now = w->ops->now(w);

	cw_tick_stop(t);
	t->fn = fn;
	t->arg = arg;
	t->slot = (unsigned)(now / SLOT_US % CW_TICK_SLOTS);
	t->prev = NULL;
	t->next = w->wheel[t->slot].first;
	if (t->next)
		t->next->prev = t;
	else
		cw_timer_start(&w->wheel[t->slot].timer, CW_TICK_US - now % SLOT_US, wheel_turn, t);
	w->wheel[t->slot].first = t;
	w->wheel[t->slot].timer.arg = t;
}

void cw_tick_stop(struct cw_tick *t)
{
	if (!t->fn)
		return;

	struct cw_world *w = t->world;
	unsigned slot = t->slot;

	if (w->wheel[slot].next == t)
		w->wheel[slot].next = t->next;
	if (t->prev)
		t->prev->next = t->next;
	else
		w->wheel[slot].first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->fn = NULL;
	t->prev = t->next = NULL;
	if (w->wheel[slot].first)
		w->wheel[slot].timer.arg = w->wheel[slot].first;
	else
		cw_timer_stop(&w->wheel[slot].timer);
}
