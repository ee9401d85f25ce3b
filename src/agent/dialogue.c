#include "agent/dialogue.h"

#include <errno.h>

#include "agent/dialogue_int.h"
#include "agent/intents.h"
#include "base/mem.h"

static int dialogue_free(struct cw_dialogue *d)
{
	for (size_t i = 0; i < d->moves.n; i++)
		json_decref(d->moves.v[i].data);
	cw_buf_clear(&d->say);
	return 0;
}

int cw_dialogue_new(void *parent, const struct cw_dialogue_conf *conf, struct cw_dialogue **ret)
{
	CW_SCOPED struct cw_dialogue *d = talloc_zero(NULL, struct cw_dialogue);

	if (!d)
		return ENOMEM;
	d->f = conf->file;
	d->state = conf->file->start;
	d->say = CW_BUF(CW_DIALOGUE_SAY_MAX);
	d->today = cw_date_of_unix(conf->wall_us / 1000000 + (int64_t)conf->file->utc_offset_min * 60);
	d->call_id = talloc_strdup(d, conf->call_id);
	d->values = talloc_zero_array(d, struct cw_slot_value, conf->file->n_slots + 1);
	d->touched = talloc_zero_array(d, bool, conf->file->n_slots + 1);
	d->scratch = talloc_new(d);
	talloc_set_destructor(d, dialogue_free);
	if (!d->call_id || !d->values || !d->touched || !d->scratch)
		return ENOMEM;
	cw_dialogue_reset(d);
	*ret = talloc_move(parent, &d);
	return 0;
}

const struct cw_moves *cw_dialogue_moves(const struct cw_dialogue *d)
{
	return &d->moves;
}

bool cw_dialogue_ended(const struct cw_dialogue *d)
{
	return d->ended;
}

const char *cw_dialogue_state(const struct cw_dialogue *d)
{
	return cw_dialogue_here(d)->name;
}

const char *cw_dialogue_slot(const struct cw_dialogue *d, const char *name)
{
	size_t i = cw_agent_file_slot(d->f, name);

	return i != CW_AGENT_NOWHERE && d->values[i].filled ? d->values[i].value : NULL;
}

json_t *cw_dialogue_dump(const struct cw_dialogue *d)
{
	json_t *slots = json_object();

	for (size_t i = 0; slots && i < d->f->n_slots; i++)
		if (d->values[i].filled)
			(void)json_object_set_new(slots, d->f->slots[i].name, json_string(d->values[i].value));
	return json_pack("{s:s, s:o, s:b}", "state", cw_dialogue_state(d), "slots", slots, "ended", d->ended);
}

/* ---- events ---- */

int cw_dialogue_start(struct cw_dialogue *d)
{
	const struct cw_agent_file *f = d->f;

	cw_dialogue_begin(d, false);
	if (f->policies.consent)
		cw_dialogue_say(d, f->policies.consent);
	if (f->greeting) {
		cw_dialogue_say(d, f->greeting);
		cw_dialogue_arrive_silently(d, f->start, "answered");
	} else {
		cw_dialogue_go(d, f->start, "answered");
	}
	return cw_dialogue_end(d);
}

static int nothing(struct cw_dialogue *d)
{
	cw_dialogue_begin(d, false);
	return 0;
}

int cw_dialogue_turn(struct cw_dialogue *d, const char *text, double confidence)
{
	if (d->ended)
		return nothing(d);
	cw_dialogue_begin(d, true);
	d->digits[0] = '\0';
	if (++d->turns > d->f->policies.max_turns)
		cw_dialogue_escalate(d, "too many turns");
	else
		cw_dialogue_understand(d, cw_str_trim(cw_str(text)), confidence);
	d->idles = 0;
	d->cut_short = false;
	return cw_dialogue_end(d);
}

void cw_dialogue_cut_short(struct cw_dialogue *d)
{
	d->cut_short = true;
}

int cw_dialogue_idle(struct cw_dialogue *d)
{
	const struct cw_agent_policies *p = &d->f->policies;

	if (d->ended || d->running != CW_TOOL_NONE)
		return nothing(d);
	cw_dialogue_begin(d, false);
	if (d->idles >= p->n_idle_prompts) {
		cw_dialogue_say(d, p->idle_goodbye);
		cw_dialogue_hang_up(d, "caller silent");
	} else {
		cw_dialogue_sayf(d, "%s", p->idle_prompts[d->idles]);
		if (++d->idles > 1)
			cw_dialogue_ask(d, 1);
	}
	return cw_dialogue_end(d);
}

/* ---- keys ---- */

bool cw_dialogue_dtmf_open(const struct cw_dialogue *d)
{
	return d->digits[0] != '\0';
}

static int take_digits(struct cw_dialogue *d)
{
	char digits[sizeof(d->digits)];

	snprintf(digits, sizeof(digits), "%s", d->digits);
	return cw_dialogue_turn(d, digits, 1.0);
}

/* Digits wanted here: of a telephone number, or any number of them. 0: none. */
static size_t digits_wanted(const struct cw_dialogue *d)
{
	size_t asked = cw_dialogue_asked(d);

	if (asked == CW_AGENT_NOWHERE || d->pending != CW_AGENT_NOWHERE)
		return 0;
	if (d->f->slots[asked].type == CW_SLOT_PHONE)
		return 10;
	return d->f->slots[asked].type == CW_SLOT_NUMBER ? CW_DIALOGUE_DIGITS : 0;
}

static int collect_digit(struct cw_dialogue *d, char digit, size_t wanted)
{
	size_t n = strlen(d->digits);

	if (digit == '*') {
		d->digits[0] = '\0';
		return nothing(d);
	}
	if (digit == '#')
		return n ? take_digits(d) : nothing(d);
	if (n < CW_DIALOGUE_DIGITS) {
		d->digits[n] = digit;
		d->digits[++n] = '\0';
	}
	wanted += wanted == 10 && d->digits[0] == '1'; /* with the country code */
	return n >= wanted ? take_digits(d) : nothing(d);
}

static int choose_by_key(struct cw_dialogue *d, size_t index)
{
	char place[16];
	static const char *const names[CW_OFFERS_SHOWN] = {"first", "second", "third"};

	snprintf(place, sizeof(place), "the %s one", names[index]);
	return cw_dialogue_turn(d, place, 1.0);
}

int cw_dialogue_dtmf(struct cw_dialogue *d, char digit)
{
	const char key[2] = {digit, '\0'};
	size_t wanted = digits_wanted(d), asked = cw_dialogue_asked(d);
	size_t target = cw_agent_links_find(&cw_dialogue_here(d)->dtmf, key);

	if (d->ended || d->running != CW_TOOL_NONE)
		return nothing(d);
	d->idles = 0;
	if (wanted)
		return collect_digit(d, digit, wanted);
	if (target == CW_AGENT_NOWHERE && asked != CW_AGENT_NOWHERE && d->f->slots[asked].type == CW_SLOT_APPOINTMENT &&
		digit >= '1' && (size_t)(digit - '1') < d->offers.n_shown)
		return choose_by_key(d, (size_t)(digit - '1'));
	if (target == CW_AGENT_NOWHERE)
		target = cw_agent_links_find(&d->f->dtmf, key);
	if (target == CW_AGENT_NOWHERE)
		return nothing(d);
	cw_dialogue_begin(d, false);
	cw_dialogue_go(d, target, "key");
	return cw_dialogue_end(d);
}

int cw_dialogue_dtmf_pause(struct cw_dialogue *d)
{
	return d->ended || !cw_dialogue_dtmf_open(d) ? nothing(d) : take_digits(d);
}

/* ---- tools ---- */

static void follow(struct cw_dialogue *d, const char *outcome)
{
	size_t target = cw_agent_links_find(&cw_dialogue_here(d)->on, outcome);

	if (target != CW_AGENT_NOWHERE)
		cw_dialogue_go(d, target, outcome);
	else
		cw_dialogue_escalate(d, outcome);
}

static void booking_answered(struct cw_dialogue *d, const struct cw_tool_answer *a)
{
	size_t slot = d->f->tools[CW_TOOL_CREATE_BOOKING].args[CW_ARG_SLOT];

	if (strcmp(a->outcome, "done") == 0 && a->confirmation)
		snprintf(d->confirmation, sizeof(d->confirmation), "%s", a->confirmation);
	if (strcmp(a->outcome, "taken") == 0) {
		cw_slot_clear(&d->values[slot]);
		cw_offers_clear(&d->offers);
	}
	follow(d, a->outcome);
}

static void slots_answered(struct cw_dialogue *d, const struct cw_tool_answer *a)
{
	if (strcmp(a->outcome, "failed") == 0) {
		follow(d, "failed");
		return;
	}
	cw_offers_set(&d->offers, a->slots, a->n_slots);
	if (d->offers.n_free == 0) {
		d->offers.known = false;
		follow(d, "none");
		return;
	}
	cw_dialogue_proceed(d);
}

int cw_dialogue_tool(struct cw_dialogue *d, const struct cw_tool_answer *a)
{
	enum cw_tool tool = d->running;

	if (d->ended || tool == CW_TOOL_NONE)
		return nothing(d);
	cw_dialogue_begin(d, false);
	d->running = CW_TOOL_NONE;
	if (tool == CW_TOOL_CREATE_BOOKING)
		booking_answered(d, a);
	else
		slots_answered(d, a);
	return cw_dialogue_end(d);
}
