#include "agent/slots.h"

#include "base/mem.h"
#include "base/number.h"
#include "base/words.h"
#include "language/intent.h"

void cw_slot_clear(struct cw_slot_value *v)
{
	*v = (struct cw_slot_value){0};
}

void cw_slot_put(struct cw_slot_value *v, const char *value, const char *spoken)
{
	v->filled = true;
	v->confirmed = false;
	v->misses = 0;
	snprintf(v->value, sizeof(v->value), "%s", value);
	snprintf(v->spoken, sizeof(v->spoken), "%s", spoken);
}

/* ---- settling: from what is known to a value ---- */

static enum cw_slot_read settle_phone(struct cw_slot_value *v)
{
	char spoken[CW_SLOT_VALUE_SIZE];
	const struct cw_phone *p = &v->part.phone;

	if (p->status == CW_PHONE_OK) {
		cw_phone_spoken(p->e164, spoken, sizeof(spoken));
		cw_slot_put(v, p->e164, spoken);
		return CW_READ_FILLED;
	}
	cw_phone_spoken(p->digits, v->spoken, sizeof(v->spoken)); /* for "I have {heard} so far" */
	return p->status == CW_PHONE_INCOMPLETE || p->status == CW_PHONE_NO_AREA_CODE ? CW_READ_PARTIAL
										      : CW_READ_INVALID;
}

static enum cw_slot_read settle_address(struct cw_slot_value *v)
{
	char spoken[CW_SLOT_VALUE_SIZE];
	const struct cw_address *a = &v->part.address;

	cw_address_spoken(a, spoken, sizeof(spoken));
	if (a->status == CW_ADDRESS_OK) {
		cw_slot_put(v, a->text, spoken);
		return CW_READ_FILLED;
	}
	snprintf(v->spoken, sizeof(v->spoken), "%s", spoken);
	return CW_READ_PARTIAL;
}

static enum cw_slot_read settle_name(struct cw_slot_value *v)
{
	cw_slot_put(v, v->part.name.full, v->part.name.full);
	return CW_READ_FILLED;
}

/* ---- reading, by type ---- */

/* A number already begun goes on; one that could not be, or is complete, is begun anew. */
static enum cw_slot_read read_phone(struct cw_slot_value *v, struct cw_str text)
{
	struct cw_phone *p = &v->part.phone;
	bool begun = !v->filled && (p->status == CW_PHONE_INCOMPLETE || p->status == CW_PHONE_NO_AREA_CODE);
	struct cw_phone fresh = {0};

	if (begun && cw_phone_update(p, text))
		return settle_phone(v);
	if (!cw_phone_parse(text, &fresh))
		return CW_READ_NOTHING;
	*p = fresh;
	v->filled = false;
	return settle_phone(v);
}

static enum cw_slot_read read_address(const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text)
{
	struct cw_address *a = &v->part.address;
	bool begun = !v->filled && a->status != CW_ADDRESS_NONE;
	struct cw_address fresh = {0};

	if (cw_address_parse(text, def->towns, &fresh) && fresh.status == CW_ADDRESS_OK) {
		*a = fresh;
		return settle_address(v);
	}
	if (begun && cw_address_update(a, text, def->towns))
		return settle_address(v);
	if (fresh.status == CW_ADDRESS_NONE)
		return CW_READ_NOTHING;
	*a = fresh;
	v->filled = false;
	return settle_address(v);
}

/* A name must not have the words that sentences are made of ("this is about my heater"). */
static bool name_like(const struct cw_name *name)
{
	static const char *const common =
		"i you we they it that this there these those is are was am be do does did don't can could would not no yes all any "
		"none some one thanks thank have has had me my mine your what why when where who how the a an to for of at on in and or "
		"but need want like know think please time times day today tomorrow number phone address name anything nothing something "
		"right wrong okay ok sure sorry again just said say mean change works work working else other later";
	struct cw_words ws;

	if (name->how == CW_NAME_SPELLED)
		return true;
	cw_words_init(&ws, cw_str(name->full));
	for (size_t i = 0; i < ws.n; i++)
		if (cw_words_in(&ws, i, common))
			return false;
	return true;
}

static enum cw_slot_read read_name(struct cw_slot_value *v, struct cw_str text)
{
	struct cw_name name;

	if (!cw_name_parse(text, &name) || !name_like(&name))
		return CW_READ_NOTHING;
	v->part.name = name;
	return settle_name(v);
}

static enum cw_slot_read read_enum(const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text)
{
	struct cw_intent_hit hit;

	if (!cw_intents_best(def->match, text, &hit))
		return CW_READ_NOTHING;
	cw_slot_put(v, hit.name, hit.name);
	return CW_READ_FILLED;
}

static enum cw_slot_read read_number(const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text)
{
	char value[32], spoken[CW_SLOT_VALUE_SIZE];
	uint64_t number = 0;

	if (!cw_number_find(text, &number))
		return CW_READ_NOTHING;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
	cw_number_say(number, spoken, sizeof(spoken));
	if (number < def->min || number > def->max) {
		snprintf(v->spoken, sizeof(v->spoken), "%s", spoken);
		return CW_READ_INVALID;
	}
	cw_slot_put(v, value, spoken);
	return CW_READ_FILLED;
}

static enum cw_slot_read read_date(struct cw_slot_value *v, struct cw_str text, const struct cw_date *today)
{
	char value[11], spoken[64];
	struct cw_datetime when;

	if (!cw_datetime_parse(text, today, &when))
		return CW_READ_NOTHING;
	if (!when.has_date)
		return when.invalid_date ? CW_READ_INVALID : CW_READ_NOTHING;
	cw_date_write(&when.date, value);
	cw_date_spoken(&when.date, today, spoken, sizeof(spoken));
	cw_slot_put(v, value, spoken);
	return CW_READ_FILLED;
}

static enum cw_slot_read read_text(struct cw_slot_value *v, struct cw_str text)
{
	char value[CW_SLOT_VALUE_SIZE];

	text = cw_str_trim(text);
	if (text.len == 0)
		return CW_READ_NOTHING;
	snprintf(value, sizeof(value), "%.*s", CW_STR(text));
	cw_slot_put(v, value, value);
	return CW_READ_FILLED;
}

enum cw_slot_read cw_slot_read(
	const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text, const struct cw_date *today)
{
	switch (def->type) {
	case CW_SLOT_NAME:
		return read_name(v, text);
	case CW_SLOT_PHONE:
		return read_phone(v, text);
	case CW_SLOT_ADDRESS:
		return read_address(def, v, text);
	case CW_SLOT_ENUM:
		return read_enum(def, v, text);
	case CW_SLOT_NUMBER:
		return read_number(def, v, text);
	case CW_SLOT_DATE:
		return read_date(v, text, today);
	case CW_SLOT_TEXT:
		return read_text(v, text);
	case CW_SLOT_APPOINTMENT: /* offers.h */
	case CW_SLOT_TYPE_N:
		break;
	}
	return CW_READ_NOTHING;
}

/* ---- beside the question ---- */

bool cw_slot_named(const struct cw_agent_slot *def, struct cw_str text)
{
	struct cw_words ws;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++) {
		if (cw_words_match(&ws, i, def->label))
			return true;
		for (size_t k = 0; k < def->n_called; k++)
			if (cw_words_match(&ws, i, def->called[k]))
				return true;
	}
	return false;
}

static bool says(struct cw_str text, const char *const *cues, size_t n)
{
	struct cw_words ws;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++)
		for (size_t k = 0; k < n; k++)
			if (cw_words_match(&ws, i, cues[k]))
				return true;
	return false;
}

static bool notice_name(struct cw_slot_value *v, struct cw_str text)
{
	static const char *const cues[] = {"my name is", "my name's", "the name is", "name is", "this is"};

	return says(text, cues, CW_COUNT(cues)) && read_name(v, text) == CW_READ_FILLED;
}

static bool notice_phone(struct cw_slot_value *v, struct cw_str text)
{
	struct cw_phone phone;

	if (!cw_phone_parse(text, &phone) || phone.status != CW_PHONE_OK)
		return false;
	v->part.phone = phone;
	return settle_phone(v) == CW_READ_FILLED;
}

static bool notice_address(const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text)
{
	static const char *const cues[] = {
		"address", "i live", "we live", "live at", "live on", "located", "i'm at", "i am at", "come to"};
	struct cw_address address;

	if (!says(text, cues, CW_COUNT(cues)) || !cw_address_parse(text, def->towns, &address) ||
		address.status != CW_ADDRESS_OK)
		return false;
	v->part.address = address;
	return settle_address(v) == CW_READ_FILLED;
}

bool cw_slot_notice(
	const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text, const struct cw_date *today)
{
	struct cw_intent_hit hit;
	struct cw_slot_value fresh = {0};
	bool found = false;

	switch (def->type) {
	case CW_SLOT_NAME:
		found = notice_name(&fresh, text);
		break;
	case CW_SLOT_PHONE:
		found = notice_phone(&fresh, text);
		break;
	case CW_SLOT_ADDRESS:
		found = notice_address(def, &fresh, text);
		break;
	case CW_SLOT_ENUM:
		found = cw_intents_best(def->match, text, &hit) && hit.score >= 0.7;
		if (found)
			cw_slot_put(&fresh, hit.name, hit.name);
		break;
	case CW_SLOT_NUMBER:
	case CW_SLOT_DATE:
		found = cw_slot_named(def, text) && cw_slot_read(def, &fresh, text, today) == CW_READ_FILLED;
		break;
	case CW_SLOT_TEXT: /* anything could be meant */
	case CW_SLOT_APPOINTMENT:
	case CW_SLOT_TYPE_N:
		break;
	}
	if (found)
		*v = fresh;
	return found;
}

/* ---- corrections ---- */

static bool correct_name(struct cw_slot_value *v, struct cw_str text)
{
	struct cw_name name = v->part.name;

	if (!cw_name_correct(&name, text) || !name_like(&name))
		return false;
	v->part.name = name;
	return settle_name(v) == CW_READ_FILLED;
}

static bool correct_phone(struct cw_slot_value *v, struct cw_str text)
{
	struct cw_phone phone = v->part.phone;

	if (!cw_phone_update(&phone, text))
		return false;
	v->part.phone = phone;
	v->filled = false;
	(void)settle_phone(v); /* may now be incomplete: it is asked for again */
	return true;
}

static bool correct_address(const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text)
{
	struct cw_address address = v->part.address;

	if (!cw_address_update(&address, text, def->towns))
		return false;
	v->part.address = address;
	v->filled = false;
	(void)settle_address(v); /* as above */
	return true;
}

bool cw_slot_complete_name(struct cw_slot_value *v, struct cw_str text)
{
	struct cw_name *name = &v->part.name;
	struct cw_name more;
	struct cw_words ws;

	cw_words_init(&ws, text);
	if (!v->filled || name->last[0] || ws.n == 0 || ws.n > 2)
		return false;
	for (size_t i = 0; i < ws.n; i++)
		if (cw_words_in(
			    &ws, i, "sorry please hold wait what pardon thanks thank and so well actually one just"))
			return false;
	if (!cw_name_parse(text, &more) || more.how != CW_NAME_BARE)
		return false;

	size_t n = strlen(name->first);

	if (n + strlen(more.full) + 2 > sizeof(name->full) || strlen(more.full) >= sizeof(name->last))
		return false;
	snprintf(name->last, sizeof(name->last), "%s", more.full);
	snprintf(name->full, sizeof(name->full), "%s %s", name->first, more.full);
	return settle_name(v) == CW_READ_FILLED;
}

bool cw_slot_correct(
	const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text, const struct cw_date *today)
{
	struct cw_slot_value fresh = {0};

	switch (def->type) {
	case CW_SLOT_NAME:
		return correct_name(v, text);
	case CW_SLOT_PHONE:
		return correct_phone(v, text);
	case CW_SLOT_ADDRESS:
		return correct_address(def, v, text);
	case CW_SLOT_ENUM:
	case CW_SLOT_NUMBER:
	case CW_SLOT_DATE:
		if (cw_slot_read(def, &fresh, text, today) != CW_READ_FILLED)
			return false;
		*v = fresh;
		return true;
	case CW_SLOT_TEXT:
	case CW_SLOT_APPOINTMENT:
	case CW_SLOT_TYPE_N:
		break;
	}
	return false;
}
