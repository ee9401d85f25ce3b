#include "agent/file.h"

#include <errno.h>

#include "agent/file_int.h"
#include "agent/intents.h"
#include "agent/template.h"
#include "base/mem.h"
#include "language/intent.h"

static const char *const type_names[CW_SLOT_TYPE_N + 1] = {
	"text", "name", "phone", "address", "enum", "number", "date", "appointment", NULL};
static const char *const confirm_names[CW_CONFIRM_N + 1] = {"never", "implicit", "unsure", "always", NULL};

/* What a prompt may name besides slots. */
static const char *const spoken_names[] = {"offers", "confirmation", "heard", "agent"};

const char *cw_slot_type_name(enum cw_slot_type t)
{
	return type_names[t];
}

/* ---- prompts ---- */

static bool placeholder_known(const struct cw_agent_file *f, struct cw_str name)
{
	struct cw_str slot = name;

	for (size_t i = 0; i < CW_COUNT(spoken_names); i++)
		if (cw_str_eq(name, spoken_names[i]))
			return true;

	bool first = name.len > 6 && memcmp(name.p + name.len - 6, ".first", 6) == 0;

	if (first)
		slot.len -= 6;
	for (size_t i = 0; i < f->n_slots; i++)
		if (cw_str_eq(slot, f->slots[i].name))
			return !first || f->slots[i].type == CW_SLOT_NAME;
	return false;
}

static int unknown_placeholder(
	const struct cw_reader *r, const json_t *value, const struct cw_agent_file *f, struct cw_str name)
{
	const char *names[CW_AGENT_MAX_SLOTS + CW_COUNT(spoken_names)];
	size_t n = 0;

	for (size_t i = 0; i < CW_COUNT(spoken_names); i++)
		names[n++] = spoken_names[i];
	for (size_t i = 0; i < f->n_slots; i++)
		names[n++] = f->slots[i].name;

	const char *near = cw_str_nearest(name, names, n);

	return cw_yaml_why(r->y, value, r->why, EINVAL,
		near ? "unknown slot {%.*s} in a prompt; did you mean {%s}?"
		     : "unknown slot {%.*s} in a prompt: declare it under 'slots'",
		CW_STR(name), near);
}

static int check_prompt(const struct cw_reader *r, const json_t *value, const struct cw_agent_file *f, const char *text)
{
	struct cw_str rest = cw_str(text), before, name;

	while (cw_template_next(&rest, &before, &name)) {
		if (memchr(before.p, '}', before.len))
			return cw_yaml_why(r->y, value, r->why, EINVAL, "'}' without '{' in a prompt");
		if (name.p && !placeholder_known(f, name))
			return unknown_placeholder(r, value, f, name);
	}
	if (name.p)
		return cw_yaml_why(r->y, value, r->why, EINVAL, "'{' without a name and '}' in a prompt");
	return 0;
}

int cw_agent_read_prompt(
	const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f, const char **ret)
{
	const char *text = NULL;
	int err = cw_read_text(r, obj, key, &text);

	if (!err && text)
		err = check_prompt(r, json_object_get(obj, key), f, text);
	if (!err && text)
		*ret = text;
	return err;
}

int cw_agent_read_prompts(const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f,
	const char *const **ret, size_t *n)
{
	const json_t *value = json_object_get(obj, key);
	int err = cw_read_texts(r, obj, key, ret, n);

	for (size_t i = 0; !err && value && i < *n; i++)
		err = check_prompt(r, json_is_array(value) ? json_array_get(value, i) : value, f, (*ret)[i]);
	return err;
}

/* ---- slots ---- */

static int read_values(const struct cw_reader *r, const json_t *map, struct cw_agent_slot *s)
{
	size_t n = json_object_size(map), i = 0;
	const char **names = talloc_zero_array(r->mem, const char *, n + 1);
	CW_SCOPED struct cw_intent_def *defs = talloc_zero_array(NULL, struct cw_intent_def, n + 1);
	const char *name;
	json_t *value;

	if (!names || !defs)
		return ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)map, name, value) {
		int err = cw_agent_read_patterns(r, map, name, &defs[i].patterns, &defs[i].n_patterns);

		(void)value;
		if (err)
			return err;
		defs[i].name = name;
		names[i++] = name;
		s->n_patterns += defs[i - 1].n_patterns;
	}
	s->patterns = talloc_zero_array(r->mem, const char *, s->n_patterns + 1);
	if (!s->patterns)
		return ENOMEM;
	for (size_t k = 0, at = 0; k < n; at += defs[k++].n_patterns)
		memcpy(s->patterns + at, defs[k].patterns, defs[k].n_patterns * sizeof(*s->patterns));
	s->values = names;
	s->n_values = n;
	return cw_intents_new(r->mem, defs, n, &s->match, r->why);
}

static int read_enum(const struct cw_reader *r, const json_t *obj, struct cw_agent_slot *s)
{
	const json_t *values = json_object_get(obj, "values");

	if (!json_is_object(values) || json_object_size(values) == 0 || json_object_size(values) > CW_AGENT_MAX_LIST)
		return cw_yaml_why(r->y, values ? values : obj, r->why, EINVAL,
			"slot '%s' of type enum needs 'values': a map of 1 to %d values with the words for each",
			s->name, CW_AGENT_MAX_LIST);

	int err = read_values(r, values, s);

	return err ? err : cw_read_text(r, obj, "otherwise", &s->otherwise);
}

static int read_number(const struct cw_reader *r, const json_t *obj, struct cw_agent_slot *s)
{
	int64_t min = 0, max = INT64_C(1000000000000);
	int err = cw_read_int(r, obj, "min", 0, max, &min);

	if (!err)
		err = cw_read_int(r, obj, "max", min, max, &max);
	s->min = (uint64_t)min;
	s->max = (uint64_t)max;
	return err;
}

/* Keys that only mean something for one type. */
static int check_keys(const struct cw_reader *r, const json_t *obj, const struct cw_agent_slot *s)
{
	static const struct {
		const char *key;
		enum cw_slot_type type;
	} special[] = {
		{"values", CW_SLOT_ENUM},
		{"otherwise", CW_SLOT_ENUM},
		{"min", CW_SLOT_NUMBER},
		{"max", CW_SLOT_NUMBER},
		{"towns", CW_SLOT_ADDRESS},
	};

	for (size_t i = 0; i < CW_COUNT(special); i++)
		if (json_object_get(obj, special[i].key) && s->type != special[i].type)
			return cw_read_why_key(r, obj, special[i].key, EINVAL,
				"'%s' is for slots of type %s, '%s' is of type %s", special[i].key,
				type_names[special[i].type], s->name, type_names[s->type]);
	return 0;
}

static int read_slot(
	const struct cw_reader *r, const json_t *obj, const struct cw_agent_file *f, struct cw_agent_slot *s)
{
	static const char *const keys[] = {"type", "confirm", "label", "called", "ack", "partial", "invalid", "values",
		"otherwise", "min", "max", "towns", "hints", NULL};
	size_t confirm = CW_CONFIRM_IMPLICIT;
	int err = cw_yaml_known_keys(r->y, obj, keys, r->why);

	if (!err)
		err = check_keys(r, obj, s);
	if (!err && json_object_get(obj, "confirm"))
		err = cw_read_one_of(r, json_object_get(obj, "confirm"), "confirm policy", confirm_names, &confirm);
	s->confirm = (enum cw_slot_confirm)confirm;
	if (!err)
		err = cw_read_text(r, obj, "label", &s->label);
	if (!err)
		err = cw_read_texts(r, obj, "called", &s->called, &s->n_called);
	if (!err)
		err = cw_agent_read_prompt(r, obj, "ack", f, &s->ack);
	if (!err)
		err = cw_agent_read_prompt(r, obj, "partial", f, &s->partial);
	if (!err)
		err = cw_agent_read_prompt(r, obj, "invalid", f, &s->invalid);
	if (!err)
		err = cw_read_texts(r, obj, "towns", &s->towns, NULL);
	if (!err)
		err = cw_agent_read_patterns(r, obj, "hints", &s->hints, &s->n_hints);
	if (!err && s->type == CW_SLOT_ENUM)
		err = read_enum(r, obj, s);
	if (!err && s->type == CW_SLOT_NUMBER)
		err = read_number(r, obj, s);
	return err;
}

static const char *label_of(void *parent, const char *name)
{
	char *label = talloc_strdup(parent, name);

	for (char *p = label; p && *p; p++)
		if (*p == '_')
			*p = ' ';
	return label;
}

int cw_agent_read_slot_names(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	const json_t *map = json_object_get(root, "slots");
	const char *name;
	json_t *obj;
	int err = cw_read_object(r, map, "slots");

	if (err || !map)
		return err;
	if (json_object_size(map) > CW_AGENT_MAX_SLOTS)
		return cw_yaml_why(r->y, map, r->why, EINVAL, "more than %d slots", CW_AGENT_MAX_SLOTS);
	f->slots = talloc_zero_array(f, struct cw_agent_slot, json_object_size(map) + 1);
	if (!f->slots)
		return ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)map, name, obj) {
		struct cw_agent_slot *s = &f->slots[f->n_slots];
		size_t type = 0;

		if (!json_is_object(obj) || !json_object_get(obj, "type"))
			return cw_yaml_why(r->y, obj, r->why, EINVAL, "slot '%s' needs a 'type'", name);
		for (size_t i = 0; i < CW_COUNT(spoken_names); i++)
			if (strcmp(name, spoken_names[i]) == 0)
				return cw_read_why_key(r, map, name, EINVAL,
					"'%s' has a meaning of its own in prompts: choose another name", name);
		err = cw_read_one_of(r, json_object_get(obj, "type"), "slot type", type_names, &type);
		if (err)
			return err;
		s->name = name;
		s->type = (enum cw_slot_type)type;
		s->label = label_of(r->mem, name);
		if (!s->label)
			return ENOMEM;
		f->n_slots++;
	}
	return 0;
}

int cw_agent_read_slots(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	const json_t *map = json_object_get(root, "slots");
	int err = 0;

	for (size_t i = 0; !err && i < f->n_slots; i++)
		err = read_slot(r, json_object_get(map, f->slots[i].name), f, &f->slots[i]);
	return err;
}
