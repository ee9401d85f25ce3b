#include "agent/file.h"

#include <errno.h>

#include "agent/file_int.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const yesno_events[] = {"yes", "no", NULL};
static const char *const slots_events[] = {"none", "failed", NULL};
static const char *const booking_events[] = {"done", "taken", "failed", NULL};
static const char *const keypad[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", NULL};

/* ---- references ---- */

static int state_of(const struct cw_reader *r, const json_t *value, const struct cw_agent_file *f, size_t *ret)
{
	CW_SCOPED const char **names = talloc_zero_array(NULL, const char *, f->n_states + 1);

	if (!names)
		return ENOMEM;
	for (size_t i = 0; i < f->n_states; i++)
		names[i] = f->states[i].name;
	return cw_read_one_of(r, value, "state", names, ret);
}

int cw_agent_read_state_ref(
	const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f, size_t *ret)
{
	const json_t *value = json_object_get(obj, key);

	return value ? state_of(r, value, f, ret) : 0;
}

/* A list of slots: a name or a list of names. */
static int read_slot_refs(const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f,
	size_t **ret, size_t *n)
{
	const json_t *value = json_object_get(obj, key);
	const char *const *texts = NULL;
	int err = cw_read_texts(r, obj, key, &texts, n);

	if (err || !value)
		return err;

	CW_SCOPED const char **names = talloc_zero_array(NULL, const char *, f->n_slots + 1);
	size_t *slots = talloc_zero_array(r->mem, size_t, *n + 1);

	if (!names || !slots)
		return ENOMEM;
	for (size_t i = 0; i < f->n_slots; i++)
		names[i] = f->slots[i].name;
	for (size_t i = 0; !err && i < *n; i++)
		err = cw_read_one_of(
			r, json_is_array(value) ? json_array_get(value, i) : value, "slot", names, &slots[i]);
	*ret = slots;
	return err;
}

/* Known events: @first (may be NULL) and @second, both NULL-terminated. */
static bool event_known(const char *event, const char *const *first, const char *const *second)
{
	for (; first && *first; first++)
		if (strcmp(*first, event) == 0)
			return true;
	for (; second && *second; second++)
		if (strcmp(*second, event) == 0)
			return true;
	return false;
}

static int unknown_event(const struct cw_reader *r, const json_t *map, const char *event, const char *const *first,
	const char *const *second)
{
	const char *names[CW_AGENT_MAX_LIST * 2 + 16];
	size_t n = 0;

	for (; first && *first && n < CW_COUNT(names); first++)
		names[n++] = *first;
	for (; second && *second && n < CW_COUNT(names); second++)
		names[n++] = *second;

	const char *near = cw_str_nearest(cw_str(event), names, n);

	return cw_read_why_key(r, map, event, EINVAL,
		near ? "unknown event '%s' here; did you mean '%s'?"
		     : "unknown event '%s' here: neither an intent nor an outcome",
		event, near);
}

static int read_links(const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f,
	const char *const *first, const char *const *second, struct cw_agent_links *links)
{
	const json_t *map = json_object_get(obj, key);
	const char *event;
	json_t *value;
	int err = cw_read_object(r, map, key);

	if (err || !map)
		return err;
	links->v = talloc_zero_array(r->mem, struct cw_agent_link, json_object_size(map) + 1);
	if (!links->v)
		return ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)map, event, value) {
		struct cw_agent_link *link = &links->v[links->n];

		if (!event_known(event, first, second))
			return unknown_event(r, map, event, first, second);
		err = state_of(r, value, f, &link->state);
		if (err)
			return err;
		link->event = event;
		links->n++;
	}
	return 0;
}

/* ---- one state ---- */

/* The outcomes a state's tool may have: of its own, or of the calendar when an appointment is collected. */
static const char *const *outcomes_of(const struct cw_agent_file *f, const struct cw_agent_state *s)
{
	if (s->tool == CW_TOOL_CREATE_BOOKING)
		return booking_events;
	if (s->tool == CW_TOOL_FIND_SLOTS || cw_agent_state_collects(f, s, CW_SLOT_APPOINTMENT) != CW_AGENT_NOWHERE)
		return slots_events;
	return yesno_events;
}

static int read_ends(const struct cw_reader *r, const json_t *obj, struct cw_agent_state *s)
{
	int err = cw_read_text(r, obj, "transfer", &s->transfer);

	for (const char *p = s->transfer; !err && p && *p; p++)
		if (!strchr("+0123456789", *p) || (*p == '+' && p != s->transfer))
			err = cw_yaml_why(r->y, json_object_get(obj, "transfer"), r->why, EINVAL,
				"'transfer' must be a telephone number like \"+15550100\"");
	return err ? err : cw_read_bool(r, obj, "hang_up", &s->hang_up);
}

static int read_tool_ref(
	const struct cw_reader *r, const json_t *obj, const struct cw_agent_file *f, struct cw_agent_state *s)
{
	const json_t *value = json_object_get(obj, "tool");
	size_t tool = 0;
	int err = value ? cw_read_one_of(r, value, "tool", cw_tool_names + 1, &tool) : 0;

	if (err || !value)
		return err;
	s->tool = (enum cw_tool)(tool + 1);
	if (s->tool == CW_TOOL_FIND_SLOTS)
		return cw_yaml_why(r->y, value, r->why, EINVAL,
			"find_slots needs no state of its own: it runs where a slot of type appointment is collected");
	if (!f->tools[s->tool].given)
		return cw_yaml_why(r->y, value, r->why, EINVAL, "tool '%s' is not configured: add it under 'tools'",
			cw_tool_names[s->tool]);
	return 0;
}

/* One way on, and only one kind of it. */
static int check_state(
	const struct cw_reader *r, const json_t *obj, const struct cw_agent_file *f, const struct cw_agent_state *s)
{
	bool asks = cw_agent_state_asks(s), ends = s->transfer || s->hang_up;

	if (asks + (s->tool != CW_TOOL_NONE) + ends > 1 || (s->transfer && s->hang_up))
		return cw_yaml_why(r->y, obj, r->why, EINVAL,
			"state '%s' must either ask, or run a tool, or end the call (transfer or hang_up), not two of these",
			s->name);
	if (ends && (s->next != CW_AGENT_NOWHERE || s->on.n))
		return cw_yaml_why(
			r->y, obj, r->why, EINVAL, "state '%s' ends the call: it cannot have 'next' or 'on'", s->name);
	if (ends && !s->say)
		return cw_yaml_why(
			r->y, obj, r->why, EINVAL, "state '%s' ends the call without a word: add 'say'", s->name);
	if (s->n_collect && s->next == CW_AGENT_NOWHERE)
		return cw_yaml_why(
			r->y, obj, r->why, EINVAL, "state '%s' collects slots: say in 'next' what follows", s->name);
	if (asks && !s->n_collect && s->next == CW_AGENT_NOWHERE && !s->on.n && !s->dtmf.n)
		return cw_yaml_why(r->y, obj, r->why, EINVAL,
			"state '%s' asks but no answer leads anywhere: add 'on' or 'collect'", s->name);
	if (!asks && !ends && s->tool == CW_TOOL_NONE && s->next == CW_AGENT_NOWHERE)
		return cw_yaml_why(r->y, obj, r->why, EINVAL,
			"state '%s' has no way out: add 'next', 'ask', 'tool', 'transfer' or 'hang_up'", s->name);
	if ((cw_agent_links_find(&s->on, "yes") != CW_AGENT_NOWHERE) !=
		(cw_agent_links_find(&s->on, "no") != CW_AGENT_NOWHERE))
		return cw_yaml_why(
			r->y, obj, r->why, EINVAL, "state '%s' has a way for one of yes and no only", s->name);
	if (s->tool == CW_TOOL_NONE)
		return 0;
	for (const char *const *event = outcomes_of(f, s); *event; event++)
		if (cw_agent_links_find(&s->on, *event) == CW_AGENT_NOWHERE)
			return cw_yaml_why(r->y, obj, r->why, EINVAL,
				"state '%s' runs %s but has no way for the outcome '%s'", s->name,
				cw_tool_names[s->tool], *event);
	return 0;
}

static int read_state(
	const struct cw_reader *r, const json_t *obj, const struct cw_agent_file *f, struct cw_agent_state *s)
{
	static const char *const keys[] = {"say", "ask", "collect", "forget", "on", "dtmf", "tool", "next", "transfer",
		"hang_up", "retries", NULL};
	int err = cw_yaml_known_keys(r->y, obj, keys, r->why);

	s->retries = f->policies.retries;
	if (!err)
		err = cw_agent_read_prompt(r, obj, "say", f, &s->say);
	if (!err)
		err = cw_agent_read_prompts(r, obj, "ask", f, &s->ask, &s->n_ask);
	if (!err)
		err = read_slot_refs(r, obj, "collect", f, &s->collect, &s->n_collect);
	if (!err && s->n_collect && !cw_agent_state_asks(s))
		err = cw_yaml_why(r->y, obj, r->why, EINVAL,
			"state '%s' collects slots but has no 'ask' to ask for them", s->name);
	if (!err)
		err = read_slot_refs(r, obj, "forget", f, &s->forget, &s->n_forget);
	if (!err)
		err = read_tool_ref(r, obj, f, s);
	if (!err)
		err = read_links(
			r, obj, "on", f, outcomes_of(f, s), cw_agent_state_asks(s) ? f->intent_names : NULL, &s->on);
	if (!err)
		err = read_links(r, obj, "dtmf", f, keypad, NULL, &s->dtmf);
	if (!err)
		err = cw_agent_read_state_ref(r, obj, "next", f, &s->next);
	if (!err)
		err = read_ends(r, obj, s);
	if (!err)
		err = cw_read_uint(r, obj, "retries", 1, 10, &s->retries);
	return err ? err : check_state(r, obj, f, s);
}

int cw_agent_read_state_names(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	const json_t *map = json_object_get(root, "states");
	const char *name;
	json_t *obj;

	if (!json_is_object(map) || json_object_size(map) == 0 || json_object_size(map) > CW_AGENT_MAX_STATES)
		return cw_yaml_why(r->y, map ? map : root, r->why, EINVAL,
			"an agent needs 'states': a map of 1 to %d states", CW_AGENT_MAX_STATES);
	f->states = talloc_zero_array(f, struct cw_agent_state, json_object_size(map));
	if (!f->states)
		return ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)map, name, obj) {
		struct cw_agent_state *s = &f->states[f->n_states];

		if (!json_is_object(obj))
			return cw_read_why_key(
				r, map, name, EINVAL, "state '%s' must be a map: 'ask', 'say', 'next' …", name);
		s->name = name;
		s->next = CW_AGENT_NOWHERE;
		(void)cw_yaml_where_key(r->y, map, name, &s->line, &s->column); /* 0 when unknown */
		f->n_states++;
	}
	return 0;
}

int cw_agent_read_states(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	const json_t *map = json_object_get(root, "states");
	int err = 0;

	for (size_t i = 0; !err && i < f->n_states; i++)
		err = read_state(r, json_object_get(map, f->states[i].name), f, &f->states[i]);
	if (!err)
		err = cw_agent_read_state_ref(r, root, "start", f, &f->start);
	if (!err)
		err = read_links(r, root, "always", f, f->intent_names, NULL, &f->always);
	if (!err)
		err = read_links(r, root, "dtmf", f, keypad, NULL, &f->dtmf);
	return err;
}
