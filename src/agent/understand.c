#include "agent/dialogue_int.h"
#include "agent/intents.h"
#include "base/mem.h"
#include "base/words.h"
#include "language/backchannel.h"
#include "language/correction.h"
#include "language/intent.h"
#include "language/yesno.h"

#define SURE 0.7 /* an intent of any state must be this sure: a pattern, not a loose word */
#define HITS 6

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static bool here_yesno(const struct cw_dialogue *d)
{
	return cw_agent_links_find(&cw_dialogue_here(d)->on, "yes") != CW_AGENT_NOWHERE;
}

/* A question about what is known already, or "what should I change?": naming a slot there means to change it. */
static bool in_review(const struct cw_dialogue *d)
{
	const struct cw_agent_state *s = cw_dialogue_here(d);

	return here_yesno(d) || (s->n_collect == 0 && s->next != CW_AGENT_NOWHERE);
}

static void understood(struct cw_dialogue *d, const char *intent, double score)
{
	d->intent = intent;
	d->score = score;
}

/* ---- what may be said in any state ---- */

static void repeat(struct cw_dialogue *d)
{
	if (d->last_said)
		cw_dialogue_sayf(d, "%s", d->last_said);
	else
		cw_dialogue_ask(d, 0);
}

static void answer_question(struct cw_dialogue *d, const char *name)
{
	uint32_t index = 0;

	CW_ASSERT(cw_str_u32(cw_str(name + 4), CW_AGENT_MAX_LIST, &index) == 0 && index < d->f->n_faq);
	cw_dialogue_say(d, d->f->faq[index].answer);
	if (d->running == CW_TOOL_NONE)
		cw_dialogue_ask(d, 1);
}

/* Whoever cut our question short has not heard it. */
static void give_time(struct cw_dialogue *d)
{
	cw_dialogue_sayf(d, "Sure, take your time.");
	if (d->cut_short && d->running == CW_TOOL_NONE)
		cw_dialogue_ask(d, 0);
}

static bool act_on(struct cw_dialogue *d, const struct cw_intent_hit *hit)
{
	if (is(hit->name, CW_INTENT_REPEAT)) {
		repeat(d);
	} else if (is(hit->name, CW_INTENT_START_OVER)) {
		cw_dialogue_reset(d);
		cw_dialogue_sayf(d, "Okay, let us start over.");
		cw_dialogue_go(d, d->f->start, "start over");
	} else if (is(hit->name, CW_INTENT_WAIT)) {
		give_time(d);
	} else if (strncmp(hit->name, "faq.", 4) == 0) {
		answer_question(d, hit->name);
	} else {
		return false;
	}
	understood(d, hit->name, hit->score);
	return true;
}

static bool own_way(const struct cw_dialogue *d, const char *event)
{
	return cw_agent_links_find(&cw_dialogue_here(d)->on, event) != CW_AGENT_NOWHERE;
}

/* The order of `always` is the order of importance: an emergency before a question. What the state itself leads elsewhere waits
 * until its slots were looked for. A running tool is left for these ways only; its answer then counts for nothing. */
static bool anywhere(struct cw_dialogue *d, const struct cw_intent_hit *hits, size_t n)
{
	for (size_t i = 0; i < d->f->always.n; i++) {
		const struct cw_agent_link *link = &d->f->always.v[i];

		for (size_t k = 0; k < n; k++) {
			if (!is(hits[k].name, link->event) || link->state == d->state || own_way(d, link->event))
				continue;
			understood(d, link->event, hits[k].score);
			d->running = CW_TOOL_NONE;
			cw_dialogue_go(d, link->state, link->event);
			return true;
		}
	}
	return n > 0 && d->running == CW_TOOL_NONE && !own_way(d, hits[0].name) && act_on(d, &hits[0]);
}

static bool here(struct cw_dialogue *d, const struct cw_intent_hit *hits, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t target = cw_agent_links_find(&cw_dialogue_here(d)->on, hits[k].name);

		if (target == CW_AGENT_NOWHERE)
			continue;
		understood(d, hits[k].name, hits[k].score);
		cw_dialogue_go(d, target, hits[k].name);
		return true;
	}
	return false;
}

/* ---- corrections ---- */

struct objection {
	bool denies;        /* "no", "that's wrong", "change …" */
	bool bare;          /* a "no" and nothing else */
	bool only_named;    /* "the phone number" and nothing else */
	size_t named;       /* slot that is named, or CW_AGENT_NOWHERE */
	struct cw_str rest; /* what follows the slot's name */
};

static bool asks_for_change(const struct cw_words *ws)
{
	for (size_t i = 0; i < ws->n; i++)
		if (cw_words_in(ws, i, "change wrong incorrect different fix update") ||
			cw_words_match(ws, i, "not right") || cw_words_match(ws, i, "not correct") ||
			cw_words_match(ws, i, "mistake in"))
			return true;
	return false;
}

/* Words behind the first mention of @def, without "is", "to", "should be"; true when it is mentioned. */
static bool mentioned(
	const struct cw_agent_slot *def, const struct cw_words *ws, struct cw_str text, struct cw_str *rest)
{
	for (size_t i = 0; i < ws->n; i++) {
		size_t n = cw_words_match(ws, i, def->label);

		for (size_t k = 0; !n && k < def->n_called; k++)
			n = cw_words_match(ws, i, def->called[k]);
		if (!n)
			continue;
		for (n += i; cw_words_in(ws, n, "is to as should be was it's its wrong incorrect please"); n++)
			;
		*rest = n < ws->n ? (struct cw_str){text.p + ws->at[n].from, text.len - ws->at[n].from}
				  : (struct cw_str){0};
		return true;
	}
	return false;
}

static void find_objection(const struct cw_dialogue *d, struct cw_str text, struct objection *o)
{
	struct cw_correction c = {0};
	struct cw_str rest = {0};
	struct cw_words ws;
	bool found = cw_correction_parse(text, &c);
	enum cw_yesno yesno = cw_yesno_parse(text, &rest);

	cw_words_init(&ws, text);
	*o = (struct objection){.named = CW_AGENT_NOWHERE};
	o->denies = yesno == CW_YESNO_NO || yesno == CW_YESNO_CORRECTION ||
		    (yesno != CW_YESNO_YES && asks_for_change(&ws)) || found;
	o->bare = yesno == CW_YESNO_NO && rest.len == 0 && !found;
	for (size_t i = 0; i < d->f->n_slots && o->named == CW_AGENT_NOWHERE; i++)
		if (d->values[i].filled && mentioned(&d->f->slots[i], &ws, text, &o->rest))
			o->named = i;
	o->only_named = o->named != CW_AGENT_NOWHERE && o->rest.len == 0 && ws.n <= 3;
}

/* The caller is answered about slot @slot; go on with what was under way. */
static void resume(struct cw_dialogue *d, size_t slot)
{
	if (cw_dialogue_home(d, slot) == d->state)
		cw_dialogue_proceed(d);
	else if (here_yesno(d))
		cw_dialogue_ask(d, 1);
	else if (in_review(d))
		cw_dialogue_go(d, cw_dialogue_here(d)->next, "correction");
	else
		cw_dialogue_ask(d, 0);
}

static void changed(struct cw_dialogue *d, size_t slot)
{
	d->touched[slot] = true;
	d->recent = slot;
	understood(d, "correct", 1.0);
	if (!d->values[slot].filled) { /* a part was taken back: the rest is asked for */
		cw_dialogue_reopen(d, slot, "correction");
		return;
	}
	cw_dialogue_sayf(d, "Okay, the %s is %s.", d->f->slots[slot].label, d->values[slot].spoken);
	resume(d, slot);
}

/* Another time for an appointment already chosen. */
static void change_time(struct cw_dialogue *d, size_t slot, struct cw_str text)
{
	(void)cw_date_read((struct cw_str){d->values[slot].value, 10}, &d->offers.near); /* our own calendar's form */
	cw_slot_clear(&d->values[slot]);
	d->offers.n_shown = 0;
	if (!d->offers.known || !cw_dialogue_choose(d, slot, text, -1))
		cw_dialogue_reopen(d, slot, "correction");
	d->offers.near.year = 0;
	understood(d, "correct", 1.0);
}

static bool correct_slot(struct cw_dialogue *d, size_t slot, struct cw_str text)
{
	const struct cw_agent_slot *def = &d->f->slots[slot];
	struct cw_datetime when;

	if (def->type == CW_SLOT_APPOINTMENT) {
		if (!cw_datetime_parse(text, &d->today, &when))
			return false;
		change_time(d, slot, text);
		return true;
	}
	if (!cw_slot_correct(def, &d->values[slot], text, &d->today))
		return false;
	changed(d, slot);
	return true;
}

static bool correct_named(struct cw_dialogue *d, const struct objection *o, struct cw_str text)
{
	enum cw_slot_type type = d->f->slots[o->named].type;

	if (o->rest.len && correct_slot(d, o->named, o->rest))
		return true;
	if ((type == CW_SLOT_PHONE || type == CW_SLOT_ADDRESS || type == CW_SLOT_APPOINTMENT) &&
		correct_slot(d, o->named, text))
		return true;
	understood(d, "correct", 1.0);
	cw_dialogue_sayf(d, "Okay, let us change the %s.", d->f->slots[o->named].label);
	cw_dialogue_reopen(d, o->named, "correction");
	return true;
}

/* Would these words alone fill the slot? */
static bool fills(const struct cw_dialogue *d, size_t slot, struct cw_str text)
{
	struct cw_slot_value probe = {0};

	return cw_slot_read(&d->f->slots[slot], &probe, text, &d->today) == CW_READ_FILLED;
}

/* Which of the known slots do these words fit? Names, which anything may look like, come last and only with @names. */
static bool correct_by_content(struct cw_dialogue *d, struct cw_str text, bool names)
{
	static const enum cw_slot_type order[] = {
		CW_SLOT_PHONE, CW_SLOT_ADDRESS, CW_SLOT_APPOINTMENT, CW_SLOT_DATE, CW_SLOT_ENUM, CW_SLOT_NAME};

	for (size_t k = 0; k < CW_COUNT(order) - !names; k++)
		for (size_t i = 0; i < d->f->n_slots; i++) {
			if (d->f->slots[i].type != order[k] || !d->values[i].filled)
				continue;
			if (order[k] != CW_SLOT_APPOINTMENT && !fills(d, i, text))
				continue;
			if (correct_slot(d, i, text))
				return true;
		}
	return false;
}

/* The words may just as well answer the question which is open. */
static bool may_answer(const struct cw_dialogue *d, size_t asked, struct cw_str text)
{
	struct cw_intent_hit hit;
	struct cw_datetime when;

	if (asked == CW_AGENT_NOWHERE)
		return false;
	if (d->f->slots[asked].type == CW_SLOT_APPOINTMENT)
		return cw_intents_best(d->f->offer_answers, text, &hit) || cw_datetime_parse(text, &d->today, &when);
	return fills(d, asked, text);
}

/* "eleven" may be a house number; "eleven in the morning" is a time, whatever was spoken of last. */
static bool correct_clear_time(struct cw_dialogue *d, struct cw_str text)
{
	struct cw_datetime when;

	if (!cw_datetime_parse(text, &d->today, &when))
		return false;
	if (!when.has_date && when.part == CW_DAYPART_NONE && (!when.has_time || when.hour_guessed))
		return false;
	for (size_t i = 0; i < d->f->n_slots; i++)
		if (d->f->slots[i].type == CW_SLOT_APPOINTMENT && d->values[i].filled)
			return correct_slot(d, i, text);
	return false;
}

static bool correction(struct cw_dialogue *d, struct cw_str text)
{
	size_t asked = cw_dialogue_asked(d);
	enum cw_yesno yesno = cw_yesno_parse(text, NULL);
	bool review = in_review(d);
	struct objection o;

	if (d->confirmation[0])
		return false; /* what is booked is not changed by the way */
	find_objection(d, text, &o);
	if (o.named != CW_AGENT_NOWHERE && (o.denies || o.only_named || (review && yesno != CW_YESNO_YES)))
		return correct_named(d, &o, text);
	if (!o.denies)
		return review && yesno == CW_YESNO_OTHER && correct_by_content(d, text, !here_yesno(d));
	if (o.bare)
		return false;
	if (asked != CW_AGENT_NOWHERE && d->f->slots[asked].type == CW_SLOT_APPOINTMENT &&
		correct_by_content(d, text, false))
		return true; /* "no, fourteen oak street" has a number that might be an hour */
	if (may_answer(d, asked, text))
		return false; /* corrected on the way */
	if (correct_clear_time(d, text))
		return true;
	if (d->recent != CW_AGENT_NOWHERE && d->values[d->recent].filled && correct_slot(d, d->recent, text))
		return true;
	return correct_by_content(d, text, review);
}

/* ---- answers ---- */

static void answer_pending(struct cw_dialogue *d, struct cw_str text, double confidence)
{
	size_t slot = d->pending;
	struct cw_slot_value *v = &d->values[slot];
	struct cw_str rest = {0};
	enum cw_yesno yesno = cw_yesno_parse(text, &rest);

	if (yesno == CW_YESNO_YES) {
		understood(d, "yes", 1.0);
		v->confirmed = true;
		d->pending = CW_AGENT_NOWHERE;
		cw_dialogue_proceed(d);
		return;
	}
	if (yesno != CW_YESNO_UNSURE && cw_slot_correct(&d->f->slots[slot], v, rest.len ? rest : text, &d->today)) {
		understood(d, "correct", 1.0);
		d->pending = CW_AGENT_NOWHERE;
		if (!v->filled)
			cw_dialogue_reopen(d, slot, "correction");
		else if (!cw_dialogue_filled(d, slot, confidence))
			cw_dialogue_proceed(d);
		return;
	}
	if (yesno == CW_YESNO_NO || yesno == CW_YESNO_CORRECTION) {
		understood(d, "no", 1.0);
		d->pending = CW_AGENT_NOWHERE;
		cw_dialogue_reopen(d, slot, "not confirmed");
		return;
	}
	cw_dialogue_miss(d);
}

static bool answer_yesno(struct cw_dialogue *d, struct cw_str text)
{
	enum cw_yesno yesno = cw_yesno_parse(text, NULL);
	const char *event = yesno == CW_YESNO_YES ? "yes" : "no";

	if (!here_yesno(d) || (yesno != CW_YESNO_YES && yesno != CW_YESNO_NO && yesno != CW_YESNO_CORRECTION))
		return false;
	understood(d, event, 1.0);
	cw_dialogue_go(d, cw_agent_links_find(&cw_dialogue_here(d)->on, event), event);
	return true;
}

bool cw_dialogue_choose(struct cw_dialogue *d, size_t slot, struct cw_str text, double confidence)
{
	struct cw_offers *o = &d->offers;
	struct cw_buf spoken = CW_BUF(200);
	size_t index = 0;
	enum cw_choice choice = cw_offers_choose(o, d->f->offer_answers, text, &d->today, &index);

	switch (choice) {
	case CW_CHOICE_NOTHING:
		return false;
	case CW_CHOICE_TIME:
		cw_offer_spoken(&spoken, o->free_[index], &d->today);
		cw_slot_put(&d->values[slot], o->free_[index], spoken.p ? spoken.p : "");
		cw_buf_clear(&spoken);
		understood(d, "choose", 1.0);
		if (!cw_dialogue_filled(d, slot, confidence))
			resume(d, slot);
		return true;
	case CW_CHOICE_WHICH:
		cw_dialogue_sayf(d, "Which one?");
		break;
	case CW_CHOICE_NOT_FREE:
		cw_dialogue_sayf(d, "I am sorry, that time is not free.");
		break;
	case CW_CHOICE_NO_MORE:
		cw_dialogue_sayf(d, "Those are all the times I have.");
		break;
	case CW_CHOICE_OFFER:
		cw_dialogue_sayf(d, "Let me see.");
		break;
	}
	understood(d, "other times", 1.0);
	if (cw_dialogue_home(d, slot) == d->state)
		cw_dialogue_ask(d, 0);
	else
		cw_dialogue_go(d, cw_dialogue_home(d, slot), "other times");
	return true;
}

static bool about_a_visit(struct cw_str text)
{
	struct cw_words ws;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++)
		if (cw_words_in(
			    &ws, i, "come appointment visit schedule book available technician somebody someone send"))
			return true;
	return false;
}

/* Slots the caller mentions beside the question, and a day for an appointment not chosen yet. */
static bool notice_others(struct cw_dialogue *d, struct cw_str text, size_t asked)
{
	bool any = false;

	for (size_t i = 0; i < d->f->n_slots; i++) {
		const struct cw_agent_slot *def = &d->f->slots[i];
		struct cw_slot_value v = {0};

		if (i == asked)
			continue;
		if (def->type == CW_SLOT_APPOINTMENT && !d->values[i].filled && about_a_visit(text))
			(void)cw_offers_wish(&d->offers, text, &d->today); /* without a day in it nothing changes */
		if (!cw_slot_notice(def, &v, text, &d->today) ||
			(d->values[i].filled && is(d->values[i].value, v.value)))
			continue;
		d->values[i] = v;
		d->touched[i] = true;
		d->recent = i;
		any = true;
	}
	return any;
}

/* Another part came, or the same one again: that is no progress and counts as a misunderstanding. */
static void say_partial(struct cw_dialogue *d, size_t slot, enum cw_slot_read how, bool progress)
{
	const struct cw_agent_slot *def = &d->f->slots[slot];
	bool invalid = how == CW_READ_INVALID;
	const char *prompt = invalid ? def->invalid : def->partial;

	understood(d, invalid ? "invalid" : "partial", 1.0);
	if (!progress && cw_dialogue_count_miss(d))
		return;
	if (def->type == CW_SLOT_PHONE && d->values[slot].part.phone.status == CW_PHONE_NO_AREA_CODE)
		cw_dialogue_sayf(d, "And what is the area code?");
	else if (prompt)
		cw_dialogue_say(d, prompt);
	else if (invalid)
		cw_dialogue_sayf(d, "I heard %s, and that does not look right.", d->values[slot].spoken);
	else
		cw_dialogue_sayf(d, "I have %s so far. Please go on.", d->values[slot].spoken);
	if (invalid || !progress)
		cw_dialogue_ask(d, d->misses);
}

static bool inform(struct cw_dialogue *d, struct cw_str text, double confidence)
{
	size_t asked = cw_dialogue_asked(d);
	bool time = asked != CW_AGENT_NOWHERE && d->f->slots[asked].type == CW_SLOT_APPOINTMENT;
	struct cw_slot_value before = {0};
	enum cw_slot_read how = CW_READ_NOTHING;

	if (time && cw_dialogue_choose(d, asked, text, confidence))
		return true;
	if (asked != CW_AGENT_NOWHERE && !time) {
		before = d->values[asked];
		how = cw_slot_read(&d->f->slots[asked], &d->values[asked], text, &d->today);
	}

	bool others = notice_others(d, text, asked);

	if (how == CW_READ_FILLED) {
		understood(d, "inform", 1.0);
		if (!cw_dialogue_filled(d, asked, confidence))
			cw_dialogue_proceed(d);
		return true;
	}
	if (others) { /* what looked like a part of the answer belonged to something else */
		if (asked != CW_AGENT_NOWHERE)
			d->values[asked] = before;
		understood(d, "inform", 1.0);
		cw_dialogue_sayf(d, "Okay.");
		cw_dialogue_proceed(d);
		return true;
	}
	if (how == CW_READ_NOTHING)
		return false;
	say_partial(d, asked, how, how == CW_READ_PARTIAL && strcmp(before.spoken, d->values[asked].spoken) != 0);
	return true;
}

/* After "are you still there?" a yes is only that. */
static bool only_presence(struct cw_dialogue *d, struct cw_str text)
{
	struct cw_str rest = {0};
	bool greets = cw_greeting_only(text);
	bool yes = cw_yesno_parse(text, &rest) == CW_YESNO_YES;

	if (!greets && !(d->idles > 0 && yes && (rest.len == 0 || cw_intent_matches("here", rest))))
		return false;
	understood(d, "present", 1.0);
	cw_dialogue_ask(d, 1);
	return true;
}

static bool free_text_asked(const struct cw_dialogue *d)
{
	size_t asked = cw_dialogue_asked(d);

	return asked != CW_AGENT_NOWHERE && d->f->slots[asked].type == CW_SLOT_TEXT;
}

/* "Wait, excuse me" over our words: no answer, hence none that was misunderstood. */
static bool interjection(struct cw_dialogue *d, struct cw_str text)
{
	struct cw_words ws;

	if (!d->cut_short)
		return false;
	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++)
		if (!cw_words_in(
			    &ws, i, "wait excuse me sorry hold hang on a one second sec moment minute please just hey"))
			return false;
	give_time(d);
	understood(d, CW_INTENT_WAIT, 1.0);
	return true;
}

/* Who thinks in mid-name is taken for done; what then comes over our words completes it. */
static bool rest_of_name(struct cw_dialogue *d, struct cw_str text, double confidence)
{
	size_t asked = cw_dialogue_asked(d), slot = d->recent;

	if (!d->cut_short || slot == CW_AGENT_NOWHERE || d->f->slots[slot].type != CW_SLOT_NAME)
		return false;
	if (d->pending != CW_AGENT_NOWHERE && d->pending != slot)
		return false;
	if (cw_yesno_parse(text, NULL) != CW_YESNO_OTHER)
		return false;
	if (asked != CW_AGENT_NOWHERE && d->f->slots[asked].type != CW_SLOT_TEXT && may_answer(d, asked, text))
		return false;
	if (!cw_slot_complete_name(&d->values[slot], text))
		return false;
	understood(d, "inform", 1.0);
	if (!cw_dialogue_filled(d, slot, confidence))
		cw_dialogue_ask(d, 0);
	return true;
}

void cw_dialogue_understand(struct cw_dialogue *d, struct cw_str text, double confidence)
{
	struct cw_intent_hit hits[HITS];
	size_t n = cw_intents_rank(d->f->intents, text, SURE, hits, HITS);

	if (anywhere(d, hits, n) || d->running != CW_TOOL_NONE)
		return;
	if (text.len == 0 || cw_filler_only(text)) {
		cw_dialogue_miss(d);
		return;
	}
	if (only_presence(d, text) || interjection(d, text) || (n == 0 && rest_of_name(d, text, confidence)))
		return;
	if (d->pending != CW_AGENT_NOWHERE) {
		answer_pending(d, text, confidence);
		return;
	}
	if (free_text_asked(d) && here(d, hits, n))
		return; /* anything at all would fill the slot */
	if (correction(d, text) || answer_yesno(d, text) || inform(d, text, confidence) || here(d, hits, n))
		return;
	cw_dialogue_miss(d);
}
