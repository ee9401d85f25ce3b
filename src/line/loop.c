#include "line/loop.h"

#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "base/str.h"
#include "line/playout.h"
#include "world/world.h"

#define OPS_START      16u
#define OPS_MAX        32768u                  /* in flight each way: eleven minutes of frames */
#define PLAYOUT_MAX    (10u * 60 * CW_RATE_HZ) /* as a carrier buffers */
#define MIC_MAX_FRAMES 8u                      /* sent by the carrier side ahead of its pace */
#define CATCH_UP_MAX   25u                     /* frames made up after a late tick; beyond it time is skipped */

/* What travels towards one end. */
enum op_kind { OP_ANSWERED, OP_DATA, OP_MARK, OP_CLEAR, OP_DTMF, OP_MARK_BACK, OP_END };

struct op {
	uint64_t due_us;
	uint64_t position; /* OP_DATA to the agent */
	uint32_t value;    /* mark, digit, or reason */
	enum op_kind kind;
	bool cleared;
	uint8_t bytes[CW_FRAME_SAMPLES]; /* a frame, or the text of OP_END */
};

enum end_state { END_RINGING, END_UP, END_CLOSED };

struct end {
	struct cw_line line;
	struct cw_world *world;
	struct end *peer; /* NULL: was freed */
	enum end_state state;
	struct cw_line_info info;
	uint64_t delay_us;
	bool *gone; /* set by the destructor while a handler runs */

	struct op *ops; /* ring of what is on its way to this end */
	unsigned ops_cap, ops_first, ops_n;
	struct cw_timer timer;

	/* carrier end only */
	struct cw_playout *playout, *mic;
	struct cw_tick tick;
	uint64_t epoch_us, frames;
	bool ticking; /* inside its own tick, which flushes what it sent */
};

static int end_destroy(struct end *e);
static void deliver_due(void *arg);

static void arm(struct end *e)
{
	uint64_t now = cw_now(e->world);

	if (!e->ops_n) {
		cw_timer_stop(&e->timer);
		return;
	}

	uint64_t due = e->ops[e->ops_first].due_us;

	cw_timer_start(&e->timer, due > now ? due - now : 0, deliver_due, e);
}

static struct op *op_at(struct end *e, unsigned i)
{
	CW_ASSERT(e->ops_cap);
	return &e->ops[(e->ops_first + i) % e->ops_cap];
}

static int grow_ops(struct end *e)
{
	unsigned cap = 2 * e->ops_cap;

	if (cap > OPS_MAX)
		return ENOBUFS;

	struct op *ops = talloc_array(e, struct op, cap);

	if (!ops)
		return ENOMEM;
	for (unsigned i = 0; i < e->ops_n; i++)
		ops[i] = *op_at(e, i);
	talloc_free(e->ops);
	e->ops = ops;
	e->ops_cap = cap;
	e->ops_first = 0;
	return 0;
}

/* Put one more thing on the way to @e, behind all that is due no later; NULL when the way is full or nobody listens. */
static struct op *push(struct end *e, enum op_kind kind, uint64_t delay_us)
{
	uint64_t due = cw_now(e->world) + delay_us;
	unsigned i = e->ops_n;

	if ((e->state == END_CLOSED && kind != OP_END) || (e->ops_n == e->ops_cap && grow_ops(e)))
		return NULL;
	for (; i && op_at(e, i - 1)->due_us > due; i--)
		*op_at(e, i) = *op_at(e, i - 1);
	e->ops_n++;

	struct op *o = op_at(e, i);

	o->due_us = due;
	o->kind = kind;
	if (!i && !(e->peer && e->peer->ticking))
		arm(e);
	return o;
}

static void push_end(struct end *e, uint64_t delay_us, enum cw_end_reason reason, const char *why)
{
	struct op *o = push(e, OP_END, delay_us);

	if (!o) { /* the way is full: the goodbye takes the place of the last frame */
		o = op_at(e, e->ops_n - 1);
		o->kind = OP_END;
	}
	o->value = reason;
	snprintf((char *)o->bytes, sizeof(o->bytes), "%s", why ? why : "");
}

/* Marks which came free go back to the agent. */
static void report_marks(struct end *carrier)
{
	const char *name;
	bool cleared;

	while ((name = cw_playout_reached(carrier->playout, &cleared))) {
		uint32_t id = 0;
		struct op *o = carrier->peer ? push(carrier->peer, OP_MARK_BACK, carrier->delay_us) : NULL;

		if (!o)
			continue;
		CW_ASSERT(cw_str_u32(cw_str(name), UINT32_MAX, &id) == 0);
		o->value = id;
		o->cleared = cleared;
	}
}

static int play_mark(struct end *carrier, uint32_t id)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", id);

	int err = cw_playout_mark(carrier->playout, name);

	report_marks(carrier);
	return err;
}

static void end_closed(struct end *e, const struct op *o)
{
	char detail[CW_FRAME_SAMPLES];

	memcpy(detail, o->bytes, sizeof(detail));
	e->state = END_CLOSED;
	e->ops_n = 0;
	cw_timer_stop(&e->timer);
	cw_tick_stop(&e->tick);
	if (e->line.ev && e->line.ev->closed)
		e->line.ev->closed((enum cw_end_reason)o->value, detail, e->line.arg);
}

static void tick(void *arg);

static void end_answered(struct end *e)
{
	e->state = END_UP;
	if (e->playout) {
		e->epoch_us = cw_now(e->world);
		cw_tick_start(&e->tick, tick, e);
	}
	if (e->line.ev && e->line.ev->answered)
		e->line.ev->answered(&e->info, e->line.arg);
}

static void take(struct end *e, const struct op *o)
{
	const struct cw_line_events *ev = e->line.ev;

	switch (o->kind) {
	case OP_ANSWERED:
		end_answered(e);
		break;
	case OP_END:
		end_closed(e, o);
		break;
	case OP_DATA:
		if (e->playout)
			(void)cw_playout_put(e->playout, o->bytes, CW_FRAME_SAMPLES); /* full: counted there */
		else if (ev && ev->frame)
			ev->frame(o->bytes, o->position, e->line.arg);
		break;
	case OP_MARK:
		(void)play_mark(e, o->value); /* too many at once: it is lost, as on the wire */
		break;
	case OP_CLEAR:
		cw_playout_clear(e->playout);
		report_marks(e);
		break;
	case OP_DTMF:
		if (ev && ev->dtmf)
			ev->dtmf((char)o->value, e->line.arg);
		break;
	case OP_MARK_BACK:
		if (ev && ev->mark)
			ev->mark(o->value, o->cleared, e->line.arg);
		break;
	}
}

static void deliver_due(void *arg)
{
	struct end *e = arg;
	uint64_t now = cw_now(e->world);
	bool gone = false, *outer = e->gone;

	e->gone = &gone;
	while (e->ops_n && e->ops[e->ops_first].due_us <= now) {
		struct op o = e->ops[e->ops_first];

		e->ops_first = (e->ops_first + 1) % e->ops_cap;
		e->ops_n--;
		take(e, &o);
		if (gone) {
			if (outer)
				*outer = true;
			return;
		}
	}
	e->gone = outer;
	arm(e);
}

/* One 20 ms step of the telephone: hear a frame, then say one. @gone: freed by the one who heard it. */
static void step(struct end *e, const bool *gone)
{
	uint8_t frame[CW_FRAME_SAMPLES];
	uint64_t position = e->frames++ * CW_FRAME_SAMPLES;

	cw_playout_next(e->playout, frame);
	report_marks(e);
	if (e->line.ev && e->line.ev->frame)
		e->line.ev->frame(frame, position, e->line.arg);
	if (*gone || e->state != END_UP || !e->peer)
		return;
	cw_playout_next(e->mic, frame);

	struct op *o = push(e->peer, OP_DATA, e->delay_us);

	if (!o)
		return; /* the agent's lane is stuck for minutes: a gap in its positions tells */
	o->position = position;
	memcpy(o->bytes, frame, sizeof(frame));
}

static void tick(void *arg)
{
	struct end *e = arg;
	uint64_t due = (cw_now(e->world) - e->epoch_us + CW_TICK_US / 2) / CW_TICK_US;
	bool gone = false;

	if (due > e->frames + CATCH_UP_MAX)
		e->frames = due - 1;
	e->gone = &gone;
	e->ticking = true;
	while (!gone && e->state == END_UP && e->frames < due)
		step(e, &gone);
	if (gone)
		return;
	e->gone = NULL;
	e->ticking = false;
	if (e->peer && e->peer->ops_n)
		deliver_due(e->peer); /* last: its handlers may free both ends */
}

static int carrier_send(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	struct end *e = (struct end *)l;

	if (e->state != END_UP)
		return ENOTCONN;
	if (n % CW_FRAME_SAMPLES)
		return EINVAL;
	return cw_playout_put(e->mic, ulaw, n);
}

static int carrier_mark(struct cw_line *l, uint32_t id)
{
	struct end *e = (struct end *)l;

	if (e->state != END_UP)
		return ENOTCONN;

	struct op *o = push(e, OP_MARK_BACK, 0);

	if (!o)
		return ENOBUFS;
	o->value = id;
	o->cleared = false;
	return 0;
}

static int carrier_clear(struct cw_line *l)
{
	return ((struct end *)l)->state == END_UP ? 0 : ENOTCONN;
}

static int carrier_dtmf(struct cw_line *l, const char *digits)
{
	struct end *e = (struct end *)l;

	if (e->state != END_UP || !e->peer)
		return ENOTCONN;
	if (digits[strspn(digits, "0123456789*#ABCD")])
		return EINVAL;
	for (; *digits; digits++) {
		struct op *o = push(e->peer, OP_DTMF, e->delay_us);

		if (!o)
			return ENOBUFS;
		o->value = (uint32_t)*digits;
	}
	return 0;
}

static int agent_send(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	struct end *e = (struct end *)l, *to = e->peer;

	if (e->state != END_UP || !to)
		return ENOTCONN;
	if (n % CW_FRAME_SAMPLES)
		return EINVAL;
	if (!e->delay_us)
		return cw_playout_put(to->playout, ulaw, n);
	for (; n; n -= CW_FRAME_SAMPLES, ulaw += CW_FRAME_SAMPLES) {
		struct op *o = push(to, OP_DATA, e->delay_us);

		if (!o)
			return ENOBUFS;
		memcpy(o->bytes, ulaw, CW_FRAME_SAMPLES);
	}
	return 0;
}

static int agent_mark(struct cw_line *l, uint32_t id)
{
	struct end *e = (struct end *)l;

	if (e->state != END_UP || !e->peer)
		return ENOTCONN;
	if (!e->delay_us)
		return play_mark(e->peer, id);

	struct op *o = push(e->peer, OP_MARK, e->delay_us);

	if (!o)
		return ENOBUFS;
	o->value = id;
	return 0;
}

static int agent_clear(struct cw_line *l)
{
	struct end *e = (struct end *)l;

	if (e->state != END_UP || !e->peer)
		return ENOTCONN;
	if (!e->delay_us) {
		cw_playout_clear(e->peer->playout);
		report_marks(e->peer);
		return 0;
	}
	return push(e->peer, OP_CLEAR, e->delay_us) ? 0 : ENOBUFS;
}

static void hang_up(struct cw_line *l, const char *why)
{
	struct end *e = (struct end *)l;

	if (e->state == END_CLOSED)
		return;
	e->state = END_CLOSED;
	cw_tick_stop(&e->tick);
	e->ops_n = 0; /* nothing more is heard, only the end */
	push_end(e, 0, CW_END_LOCAL, why);
	arm(e);
	if (e->peer && e->peer->state != END_CLOSED)
		push_end(e->peer, e->delay_us, CW_END_REMOTE, why);
}

static const struct cw_line_driver agent_driver = {
	.name = "loop",
	.send = agent_send,
	.mark = agent_mark,
	.clear = agent_clear,
	.hang_up = hang_up,
};

static const struct cw_line_driver carrier_driver = {
	.name = "loop",
	.send = carrier_send,
	.mark = carrier_mark,
	.clear = carrier_clear,
	.dtmf = carrier_dtmf,
	.hang_up = hang_up,
};

static int end_destroy(struct end *e)
{
	cw_timer_stop(&e->timer);
	cw_tick_stop(&e->tick);
	if (e->gone)
		*e->gone = true;
	if (!e->peer)
		return 0;
	e->peer->peer = NULL;
	if (e->state != END_CLOSED && e->peer->state != END_CLOSED) {
		push_end(e->peer, e->delay_us, CW_END_LOST, "the other end of the loop is gone");
		arm(e->peer);
	}
	return 0;
}

static const char *no_param(const struct cw_line *l, const char *name)
{
	(void)l;
	(void)name;
	return NULL;
}

static int end_new(struct cw_world *w, const struct cw_loop_conf *conf, enum cw_line_side side, struct end **ret)
{
	CW_SCOPED struct end *e = talloc_zero(NULL, struct end);
	if (!e)
		return ENOMEM;

	e->line.driver = side == CW_LINE_AGENT ? &agent_driver : &carrier_driver;
	e->line.side = side;
	e->world = w;
	e->delay_us = conf->delay_us;
	e->ops_cap = OPS_START;
	e->ops = talloc_array(e, struct op, e->ops_cap);
	e->info.call_id = talloc_strdup(e, conf->call_id ? conf->call_id : "loop");
	e->info.stream_id = e->info.call_id;
	e->info.from = talloc_strdup(e, conf->from ? conf->from : "");
	e->info.to = talloc_strdup(e, conf->to ? conf->to : "");
	e->info.param = no_param;
	cw_timer_init(&e->timer, w);
	cw_tick_init(&e->tick, w);
	if (!e->ops || !e->info.call_id || !e->info.from || !e->info.to)
		return ENOMEM;
	if (side == CW_LINE_CARRIER && (cw_playout_new(e, PLAYOUT_MAX, &e->playout) ||
					       cw_playout_new(e, MIC_MAX_FRAMES * CW_FRAME_SAMPLES, &e->mic)))
		return ENOMEM;

	talloc_set_destructor(e, end_destroy);
	*ret = talloc_steal(NULL, e);
	e = NULL;
	return 0;
}

int cw_loop_new(void *parent, struct cw_world *w, const struct cw_loop_conf *conf, struct cw_line **agent,
	struct cw_line **carrier)
{
	CW_SCOPED struct end *a = NULL;
	CW_SCOPED struct end *c = NULL;
	int err = end_new(w, conf, CW_LINE_AGENT, &a);

	if (!err)
		err = end_new(w, conf, CW_LINE_CARRIER, &c);
	if (err)
		return err;

	(void)push(a, OP_ANSWERED, conf->answer_us); /* the ring is empty: cannot fail */
	(void)push(c, OP_ANSWERED, conf->answer_us);
	a->peer = c;
	c->peer = a;
	a = talloc_steal(parent, a);
	c = talloc_steal(parent, c);
	*agent = &a->line;
	*carrier = &c->line;
	a = c = NULL;
	return 0;
}
