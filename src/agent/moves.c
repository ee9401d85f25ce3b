#include "agent/dialogue.h"

#include <errno.h>

#include "agent/dialogue_int.h"
#include "agent/template.h"
#include "base/mem.h"
#include "base/number.h"

#define STEPS_MAX (CW_MOVES_MAX / 2) /* states entered by one event */

/* ---- the event's frame ---- */

static struct cw_move *add(struct cw_dialogue *d, enum cw_move_kind kind)
{
	CW_ASSERT(d->moves.n < CW_MOVES_MAX); /* cw_dialogue_go() bounds the states entered by one event */

	struct cw_move *m = &d->moves.v[d->moves.n++];

	*m = (struct cw_move){.kind = kind};
	return m;
}

void cw_dialogue_begin(struct cw_dialogue *d, bool turn)
{
	for (size_t i = 0; i < d->moves.n; i++)
		json_decref(d->moves.v[i].data);
	d->moves.n = 0;
	d->moves.waits = false;
	d->moves.hints = NULL;
	talloc_free_children(d->scratch);
	cw_buf_reset(&d->say);
	memset(d->touched, 0, d->f->n_slots * sizeof(*d->touched));
	d->steps = 0;
	d->err = 0;
	d->intent = NULL;
	d->score = 0;
	if (turn)
		(void)add(d, CW_MOVE_UNDERSTOOD); /* filled in at the end */
}

static void flush(struct cw_dialogue *d)
{
	if (d->say.len == 0)
		return;

	char *text = talloc_strdup(d->scratch, d->say.p);

	if (!text || cw_buf_err(&d->say)) {
		d->err = text ? cw_buf_err(&d->say) : ENOMEM;
		return;
	}
	add(d, CW_MOVE_SAY)->text = text;
	cw_buf_reset(&d->say);
}

static void note_understood(struct cw_dialogue *d)
{
	struct cw_move *m = &d->moves.v[0];

	if (d->moves.n == 0 || m->kind != CW_MOVE_UNDERSTOOD)
		return;

	json_t *slots = json_object();

	for (size_t i = 0; slots && i < d->f->n_slots; i++)
		if (d->touched[i] &&
			json_object_set_new(slots, d->f->slots[i].name, json_string(d->values[i].value)) != 0)
			d->err = ENOMEM;
	m->data = json_pack(
		"{s:s, s:o, s:f}", "intent", d->intent ? d->intent : "none", "slots", slots, "score", d->score);
	if (!m->data)
		d->err = ENOMEM;
}

static enum cw_awaiting awaiting_of(enum cw_slot_type type)
{
	switch (type) {
	case CW_SLOT_NAME:
		return CW_AWAIT_NAME;
	case CW_SLOT_PHONE:
	case CW_SLOT_NUMBER:
		return CW_AWAIT_DIGITS;
	case CW_SLOT_ADDRESS:
		return CW_AWAIT_ADDRESS;
	case CW_SLOT_DATE:
	case CW_SLOT_APPOINTMENT:
		return CW_AWAIT_DATETIME;
	case CW_SLOT_TEXT:
		return CW_AWAIT_FREE_TEXT;
	default:
		return CW_AWAIT_ANYTHING;
	}
}

/* The state's hints and how the times on offer are called. */
static const struct cw_hints *offer_hints(struct cw_dialogue *d)
{
	const struct cw_hints *base = cw_dialogue_here(d)->hints;
	size_t max = base->n_phrases + CW_OFFERS_SHOWN * 16, n = base->n_phrases;
	const char **phrases = talloc_array(d->scratch, const char *, max);

	if (!phrases)
		return base; /* worse hearing is better than none */
	memcpy(phrases, base->phrases, n * sizeof(*phrases));
	for (size_t i = 0; i < d->offers.n_shown; i++)
		n += cw_offer_phrases(d->scratch, d->offers.free_[d->offers.shown[i]], &d->today, phrases + n, max - n);

	struct cw_hints hints = {
		.phrases = phrases, .n_phrases = n, .classes = base->classes, .n_classes = base->n_classes};
	const struct cw_hints *made = cw_hints_new(d->scratch, &hints);

	return made ? made : base;
}

static void say_what_is_awaited(struct cw_dialogue *d)
{
	const struct cw_agent_state *s = cw_dialogue_here(d);
	size_t asked = cw_dialogue_asked(d);

	d->moves.waits = !d->ended && d->running == CW_TOOL_NONE;
	if (!d->moves.waits)
		return;
	if (d->pending != CW_AGENT_NOWHERE) {
		d->moves.awaiting = CW_AWAIT_YESNO;
		d->moves.hints = d->f->yesno_hints;
		return;
	}
	d->moves.hints = s->hints;
	if (asked != CW_AGENT_NOWHERE) {
		d->moves.awaiting = awaiting_of(d->f->slots[asked].type);
		if (d->f->slots[asked].type == CW_SLOT_APPOINTMENT)
			d->moves.hints = offer_hints(d);
	} else {
		bool yesno = cw_agent_links_find(&s->on, "yes") != CW_AGENT_NOWHERE;

		d->moves.awaiting = yesno ? CW_AWAIT_YESNO : CW_AWAIT_ANYTHING;
	}
}

int cw_dialogue_end(struct cw_dialogue *d)
{
	note_understood(d);
	if (d->say.len && !d->ended) {
		char *said = talloc_strdup(d, d->say.p);

		if (said) {
			talloc_free(d->last_said);
			d->last_said = said;
		}
	}
	flush(d);
	say_what_is_awaited(d);
	return d->err;
}

/* ---- words ---- */

static void placeholder(struct cw_buf *b, struct cw_str name, void *arg)
{
	struct cw_dialogue *d = arg;
	bool first = name.len > 6 && memcmp(name.p + name.len - 6, ".first", 6) == 0;
	struct cw_str slot = {name.p, first ? name.len - 6 : name.len};
	size_t asked = d->pending != CW_AGENT_NOWHERE ? d->pending : cw_dialogue_asked(d);
	char digits[200];

	if (cw_str_eq(name, "offers")) {
		cw_offers_spoken(b, &d->offers, &d->today);
	} else if (cw_str_eq(name, "agent")) {
		cw_buf_puts(b, d->f->name);
	} else if (cw_str_eq(name, "confirmation")) {
		const char *number = strpbrk(d->confirmation, "0123456789");

		cw_number_say_digits(cw_str(number), false, digits, sizeof(digits));
		cw_buf_puts(b, digits);
	} else if (cw_str_eq(name, "heard")) {
		cw_buf_puts(b, asked != CW_AGENT_NOWHERE ? d->values[asked].spoken : "");
	}
	for (size_t i = 0; i < d->f->n_slots; i++)
		if (cw_str_eq(slot, d->f->slots[i].name))
			cw_buf_puts(
				b, first && d->values[i].filled ? d->values[i].part.name.first : d->values[i].spoken);
}

void cw_dialogue_say(struct cw_dialogue *d, const char *text)
{
	if (d->say.len)
		cw_buf_putc(&d->say, ' ');
	cw_template_render(&d->say, text, placeholder, d);
}

void cw_dialogue_sayf(struct cw_dialogue *d, const char *fmt, ...)
{
	va_list ap;

	if (d->say.len)
		cw_buf_putc(&d->say, ' ');
	va_start(ap, fmt);
	cw_buf_vfmt(&d->say, fmt, ap);
	va_end(ap);
}

/* ---- ends ---- */

void cw_dialogue_hang_up(struct cw_dialogue *d, const char *why)
{
	flush(d);
	add(d, CW_MOVE_HANG_UP)->why = why;
	d->ended = true;
}

void cw_dialogue_escalate(struct cw_dialogue *d, const char *why)
{
	cw_dialogue_go(d, d->f->policies.escalate, why);
}

/* ---- tools ---- */

/* call | tool | normalised slots: equal for equal bookings of a call, whatever way led to them. */
static const char *booking_key(struct cw_dialogue *d, const struct cw_agent_tool *t)
{
	struct cw_buf b = CW_BUF(2000);

	cw_buf_fmt(&b, "%s|%s", d->call_id, cw_tool_names[CW_TOOL_CREATE_BOOKING]);
	for (size_t i = 0; i < CW_ARG_N; i++) {
		cw_buf_putc(&b, '|');
		for (const char *p = t->args[i] == CW_AGENT_NOWHERE ? "" : d->values[t->args[i]].value; *p; p++)
			cw_buf_putc(&b, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
	}
	return cw_buf_take(&b, d->scratch);
}

static json_t *booking_args(const struct cw_dialogue *d, const struct cw_agent_tool *t)
{
	json_t *args = json_object();

	for (size_t i = 0; args && i < CW_ARG_N; i++)
		if (t->args[i] != CW_AGENT_NOWHERE)
			(void)json_object_set_new(args, cw_tool_arg_names[i], json_string(d->values[t->args[i]].value));
	return args;
}

static void start_tool(struct cw_dialogue *d, enum cw_tool tool)
{
	if (++d->tool_calls > CW_DIALOGUE_TOOL_CALLS) {
		cw_dialogue_escalate(d, "too many tool calls");
		return;
	}
	flush(d);

	struct cw_move *m = add(d, CW_MOVE_TOOL);

	m->tool = tool;
	if (tool == CW_TOOL_CREATE_BOOKING) {
		m->key = booking_key(d, &d->f->tools[tool]);
		m->data = booking_args(d, &d->f->tools[tool]);
	} else {
		m->key = talloc_asprintf(d->scratch, "%s|%s|%u", d->call_id, cw_tool_names[tool], d->tool_calls);
		m->data = json_pack("{s:i}", "max", CW_OFFERS_FREE);
	}
	if (!m->key || !m->data)
		d->err = ENOMEM;
	d->running = tool;
}

/* ---- going ---- */

size_t cw_dialogue_asked(const struct cw_dialogue *d)
{
	const struct cw_agent_state *s = cw_dialogue_here(d);

	for (size_t i = 0; i < s->n_collect; i++)
		if (!d->values[s->collect[i]].filled)
			return s->collect[i];
	return CW_AGENT_NOWHERE;
}

/* Times must be known and shown before they are asked for; false: the calendar is being asked. */
static bool offers_ready(struct cw_dialogue *d, size_t asked)
{
	bool met = true;

	if (asked == CW_AGENT_NOWHERE || d->f->slots[asked].type != CW_SLOT_APPOINTMENT)
		return true;
	if (!d->offers.known) {
		start_tool(d, CW_TOOL_FIND_SLOTS);
		return false;
	}
	if (d->offers.n_shown == 0 || d->offers.wished) {
		cw_offers_show(&d->offers, &met);
		if (!met)
			cw_dialogue_sayf(d, "I am sorry, nothing is free then.");
	}
	return true;
}

void cw_dialogue_ask(struct cw_dialogue *d, unsigned wording)
{
	const struct cw_agent_state *s = cw_dialogue_here(d);

	if (d->pending != CW_AGENT_NOWHERE) {
		cw_dialogue_sayf(d, "I have %s. Is that right?", d->values[d->pending].spoken);
		return;
	}
	if (!offers_ready(d, cw_dialogue_asked(d)))
		return;
	cw_dialogue_say(d, s->ask[wording < s->n_ask ? wording : s->n_ask - 1]);
}

static void note_state(struct cw_dialogue *d, size_t to, const char *why)
{
	struct cw_move *m = add(d, CW_MOVE_STATE);

	m->from = d->started ? cw_dialogue_here(d)->name : "";
	d->started = true;
	m->to = d->f->states[to].name;
	m->why = why;
	d->state = to;
	d->misses = 0;
	d->pending = CW_AGENT_NOWHERE;
	d->digits[0] = '\0';
}

void cw_dialogue_arrive_silently(struct cw_dialogue *d, size_t state, const char *why)
{
	note_state(d, state, why);
}

static bool all_collected(const struct cw_dialogue *d, const struct cw_agent_state *s)
{
	for (size_t i = 0; i < s->n_collect; i++)
		if (!d->values[s->collect[i]].filled)
			return false;
	return s->n_collect > 0;
}

static void forget(struct cw_dialogue *d, const struct cw_agent_state *s)
{
	for (size_t i = 0; i < s->n_forget; i++)
		cw_slot_clear(&d->values[s->forget[i]]);
}

static void arrive(struct cw_dialogue *d)
{
	const struct cw_agent_state *s = cw_dialogue_here(d);

	if (s->say)
		cw_dialogue_say(d, s->say);
	forget(d, s);
	if (s->transfer) {
		flush(d);
		add(d, CW_MOVE_TRANSFER)->to = s->transfer;
		d->ended = true;
	} else if (s->hang_up) {
		cw_dialogue_hang_up(d, s->name);
	} else if (s->tool != CW_TOOL_NONE) {
		start_tool(d, s->tool);
	} else {
		cw_dialogue_ask(d, 0);
	}
}

/* Enter @state, pass through those that only speak or have nothing left to ask, and stop where somebody is waited for. */
void cw_dialogue_go(struct cw_dialogue *d, size_t state, const char *why)
{
	for (size_t passed = 0; !d->ended; passed++, state = cw_dialogue_here(d)->next, why = "next") {
		const struct cw_agent_state *s = &d->f->states[state];

		if (d->steps >= STEPS_MAX ||
			passed > d->f->n_states) { /* a circle of states whose slots are all filled */
			state = d->f->policies.escalate;
			s = &d->f->states[state];
			why = "circle";
		}
		if (s->n_collect && all_collected(d, s)) {
			d->state = state;
			continue;
		}
		d->steps++;
		note_state(d, state, why);
		if (cw_agent_state_asks(s) || s->transfer || s->hang_up || s->tool != CW_TOOL_NONE) {
			arrive(d);
			return;
		}
		if (s->say)
			cw_dialogue_say(d, s->say);
		forget(d, s);
	}
}

void cw_dialogue_proceed(struct cw_dialogue *d)
{
	const struct cw_agent_state *s = cw_dialogue_here(d);

	if (all_collected(d, s))
		cw_dialogue_go(d, s->next, "filled");
	else
		cw_dialogue_ask(d, 0);
}

size_t cw_dialogue_home(const struct cw_dialogue *d, size_t slot)
{
	for (size_t i = 0; i < d->f->n_states; i++)
		for (size_t k = 0; k < d->f->states[i].n_collect; k++)
			if (d->f->states[i].collect[k] == slot)
				return i;
	return CW_AGENT_NOWHERE;
}

void cw_dialogue_reopen(struct cw_dialogue *d, size_t slot, const char *why)
{
	size_t home = cw_dialogue_home(d, slot);
	struct cw_slot_value *v = &d->values[slot];

	v->confirmed = false;
	if (v->filled)
		cw_slot_clear(v); /* a value partly taken back stays, to be completed */
	if (d->f->slots[slot].type == CW_SLOT_APPOINTMENT)
		d->offers.n_shown = 0;
	if (home == CW_AGENT_NOWHERE)
		cw_dialogue_ask(d, 0); /* a slot that is only ever noticed */
	else
		cw_dialogue_go(d, home, why);
}

void cw_dialogue_reset(struct cw_dialogue *d)
{
	for (size_t i = 0; i < d->f->n_slots; i++)
		cw_slot_clear(&d->values[i]);
	cw_offers_clear(&d->offers);
	d->recent = CW_AGENT_NOWHERE;
	d->pending = CW_AGENT_NOWHERE;
	d->misses = 0;
	d->confirmation[0] = '\0';
}

/* ---- repair and acknowledgement ---- */

bool cw_dialogue_count_miss(struct cw_dialogue *d)
{
	d->misses++;
	d->total_misses++;
	if (d->misses < cw_dialogue_here(d)->retries && d->total_misses < d->f->policies.total_retries)
		return false;
	cw_dialogue_escalate(d, "not understood");
	return true;
}

void cw_dialogue_miss(struct cw_dialogue *d)
{
	const struct cw_agent_policies *p = &d->f->policies;
	size_t asked = cw_dialogue_asked(d);

	if (asked != CW_AGENT_NOWHERE && d->f->slots[asked].otherwise && d->misses >= 1) {
		d->total_misses++;
		cw_slot_put(&d->values[asked], d->f->slots[asked].otherwise, d->f->slots[asked].otherwise);
		if (!cw_dialogue_filled(d, asked, -1))
			cw_dialogue_proceed(d);
		return;
	}
	if (cw_dialogue_count_miss(d))
		return;
	cw_dialogue_sayf(d, "%s", p->not_understood[(d->misses - 1) % p->n_not_understood]);
	cw_dialogue_ask(d, d->misses);
}

bool cw_dialogue_filled(struct cw_dialogue *d, size_t slot, double confidence)
{
	const struct cw_agent_slot *def = &d->f->slots[slot];
	bool unsure = confidence >= 0 && confidence < 0.5;

	d->touched[slot] = true;
	d->recent = slot;
	d->misses = 0;
	if (def->confirm == CW_CONFIRM_ALWAYS || (def->confirm == CW_CONFIRM_UNSURE && unsure)) {
		d->pending = slot;
		cw_dialogue_ask(d, 0);
		return true;
	}
	if (def->ack)
		cw_dialogue_say(d, def->ack);
	else if (def->confirm != CW_CONFIRM_NEVER)
		cw_dialogue_sayf(d, "Okay, %s.", d->values[slot].spoken);
	return false;
}
