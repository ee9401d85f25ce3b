#include "agent/file.h"

#include <errno.h>

#include "agent/file_int.h"
#include "agent/intents.h"
#include "base/mem.h"
#include "base/str.h"
#include "speech/stt.h"
#include "speech/tts.h"

const char *const cw_tool_names[CW_TOOL_N + 1] = {"none", "find_slots", "create_booking", NULL};
const char *const cw_tool_arg_names[CW_ARG_N + 1] = {"name", "phone", "address", "issue", "slot", NULL};

static const char *const mode_names[] = {"dialogue", "echo", NULL};

/* ---- looking up ---- */

size_t cw_agent_file_slot(const struct cw_agent_file *f, const char *name)
{
	for (size_t i = 0; i < f->n_slots; i++)
		if (strcmp(f->slots[i].name, name) == 0)
			return i;
	return CW_AGENT_NOWHERE;
}

size_t cw_agent_file_state(const struct cw_agent_file *f, const char *name)
{
	for (size_t i = 0; i < f->n_states; i++)
		if (strcmp(f->states[i].name, name) == 0)
			return i;
	return CW_AGENT_NOWHERE;
}

size_t cw_agent_links_find(const struct cw_agent_links *links, const char *event)
{
	for (size_t i = 0; i < links->n; i++)
		if (strcmp(links->v[i].event, event) == 0)
			return links->v[i].state;
	return CW_AGENT_NOWHERE;
}

size_t cw_agent_state_collects(const struct cw_agent_file *f, const struct cw_agent_state *s, enum cw_slot_type type)
{
	for (size_t i = 0; i < s->n_collect; i++)
		if (f->slots[s->collect[i]].type == type)
			return s->collect[i];
	return CW_AGENT_NOWHERE;
}

/* ---- providers ---- */

static bool is_engine(const char *spec, const char *name)
{
	size_t n = strlen(name);

	return strncmp(spec, name, n) == 0 && (spec[n] == ':' || spec[n] == '\0');
}

static bool stt_known(const char *spec)
{
	for (const struct cw_stt_driver *const *d = cw_stt_drivers(); *d; d++)
		if (is_engine(spec, (*d)->name))
			return true;
	return false;
}

static bool tts_known(const char *spec)
{
	for (const struct cw_tts_driver *const *d = cw_tts_drivers(); *d; d++)
		if (is_engine(spec, (*d)->name))
			return true;
	return false;
}

static int read_chain(
	const struct cw_reader *r, const json_t *obj, const char *key, bool (*known)(const char *), const char **first)
{
	const json_t *value = json_object_get(obj, key);
	const char *const *specs = NULL;
	size_t n = 0;
	int err = cw_read_texts(r, obj, key, &specs, &n);

	for (size_t i = 0; !err && i < n; i++)
		if (!known(specs[i]))
			return cw_yaml_why(r->y, json_is_array(value) ? json_array_get(value, i) : value, r->why,
				EINVAL, "unknown %s engine '%s': `callwright doctor` lists the known ones", key,
				specs[i]);
	if (!err && n)
		*first = specs[0];
	return err;
}

static int read_providers(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	static const char *const keys[] = {"stt", "tts", NULL};
	const json_t *obj = json_object_get(root, "providers");
	const char *tts = "flite";
	int err = cw_read_object(r, obj, "providers");

	f->stt = "pocketsphinx";
	f->speed = 1.0;
	if (!err && obj)
		err = cw_yaml_known_keys(r->y, obj, keys, r->why);
	if (!err && obj)
		err = read_chain(r, obj, "stt", stt_known, &f->stt);
	if (!err && obj)
		err = read_chain(r, obj, "tts", tts_known, &tts);
	f->voice = tts;
	if (!err)
		err = cw_read_text(r, root, "voice", &f->voice);
	if (!err && !tts_known(f->voice))
		err = cw_yaml_why(r->y, json_object_get(root, "voice"), r->why, EINVAL,
			"unknown voice '%s': write engine:voice, as \"flite:slt\"", f->voice);
	return err ? err : cw_read_num(r, root, "speed", 0.5, 2.0, &f->speed);
}

/* ---- tools ---- */

static int read_args(
	const struct cw_reader *r, const json_t *obj, const struct cw_agent_file *f, struct cw_agent_tool *t)
{
	const json_t *args = json_object_get(obj, "args");
	int err = json_is_object(args) ? cw_yaml_known_keys(r->y, args, cw_tool_arg_names, r->why) : 0;

	if (err)
		return err;
	for (size_t i = 0; i < CW_ARG_N; i++) {
		const json_t *value = json_object_get(args, cw_tool_arg_names[i]);
		const char *slot = json_string_value(value);

		if (!value)
			continue;
		t->args[i] = slot ? cw_agent_file_slot(f, slot) : CW_AGENT_NOWHERE;
		if (t->args[i] == CW_AGENT_NOWHERE)
			return cw_yaml_why(r->y, value, r->why, EINVAL, "argument '%s' must name a slot of this file",
				cw_tool_arg_names[i]);
	}
	if (t->args[CW_ARG_SLOT] == CW_AGENT_NOWHERE || f->slots[t->args[CW_ARG_SLOT]].type != CW_SLOT_APPOINTMENT)
		return cw_yaml_why(r->y, args ? args : obj, r->why, EINVAL,
			"create_booking needs 'args' with 'slot': the slot of type appointment to book");
	return 0;
}

static int read_tool(const struct cw_reader *r, const json_t *obj, enum cw_tool which, const struct cw_agent_file *f,
	struct cw_agent_tool *t)
{
	static const char *const plain_keys[] = {"deadline_ms", "retries", NULL};
	static const char *const booking_keys[] = {"deadline_ms", "retries", "args", NULL};
	bool booking = which == CW_TOOL_CREATE_BOOKING;
	int err = cw_read_object(r, obj, cw_tool_names[which]);

	t->given = true;
	t->deadline_us = 3000000;
	t->retries = 2;
	for (size_t i = 0; i < CW_ARG_N; i++)
		t->args[i] = CW_AGENT_NOWHERE;
	if (!err)
		err = cw_yaml_known_keys(r->y, obj, booking ? booking_keys : plain_keys, r->why);
	if (!err)
		err = cw_read_ms(r, obj, "deadline_ms", 100, 30000, &t->deadline_us);
	if (!err)
		err = cw_read_uint(r, obj, "retries", 0, 5, &t->retries);
	return err || !booking ? err : read_args(r, obj, f, t);
}

int cw_agent_read_tools(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	const json_t *map = json_object_get(root, "tools");
	int err = cw_read_object(r, map, "tools");

	if (!err && map)
		err = cw_yaml_known_keys(r->y, map, cw_tool_names + 1, r->why);
	for (size_t i = 1; !err && i < CW_TOOL_N; i++) {
		const json_t *obj = json_object_get(map, cw_tool_names[i]);

		if (obj)
			err = read_tool(r, obj, (enum cw_tool)i, f, &f->tools[i]);
	}
	for (size_t i = 0; !err && i < f->n_slots; i++)
		if (f->slots[i].type == CW_SLOT_APPOINTMENT && !f->tools[CW_TOOL_FIND_SLOTS].given)
			err = cw_yaml_why(r->y, json_object_get(json_object_get(root, "slots"), f->slots[i].name),
				r->why, EINVAL,
				"slot '%s' of type appointment needs the tool find_slots: add it under 'tools'",
				f->slots[i].name);
	return err;
}

/* ---- policies ---- */

static int read_silence(const struct cw_reader *r, const json_t *obj, struct cw_agent_policies *p)
{
	static const char *const keys[] = {
		"filler_ms", "fallback_ms", "idle_ms", "filler", "fallback", "apology", "prompts", "goodbye", NULL};
	int err = cw_read_object(r, obj, "silence");

	if (err || !obj)
		return err;
	err = cw_yaml_known_keys(r->y, obj, keys, r->why);
	if (!err)
		err = cw_read_ms(r, obj, "filler_ms", 500, 10000, &p->filler_us);
	if (!err)
		err = cw_read_ms(r, obj, "fallback_ms", 1000, 30000, &p->fallback_us);
	if (!err)
		err = cw_read_ms(r, obj, "idle_ms", 2000, 60000, &p->idle_us);
	if (!err && p->fallback_us <= p->filler_us)
		err = cw_yaml_why(r->y, obj, r->why, EINVAL, "fallback_ms must be longer than filler_ms");
	if (!err)
		err = cw_read_text(r, obj, "filler", &p->filler);
	if (!err)
		err = cw_read_text(r, obj, "fallback", &p->fallback);
	if (!err)
		err = cw_read_text(r, obj, "apology", &p->apology);
	if (!err)
		err = cw_read_texts(r, obj, "prompts", &p->idle_prompts, &p->n_idle_prompts);
	return err ? err : cw_read_text(r, obj, "goodbye", &p->idle_goodbye);
}

static int read_escalation(
	const struct cw_reader *r, const json_t *obj, const struct cw_agent_file *f, struct cw_agent_policies *p)
{
	static const char *const keys[] = {"to", "after", NULL};
	int err;

	if (!json_object_get(obj, "to"))
		return cw_yaml_why(r->y, obj, r->why, EINVAL,
			"'policies' needs 'escalation: {to: STATE}': where a call goes that we cannot help");
	err = cw_yaml_known_keys(r->y, obj, keys, r->why);
	if (!err)
		err = cw_agent_read_state_ref(r, obj, "to", f, &p->escalate);
	return err ? err : cw_read_uint(r, obj, "after", 1, 50, &p->total_retries);
}

static struct cw_agent_policies default_policies(void)
{
	static const char *const not_understood[] = {
		"Sorry, I did not catch that.", "I am sorry, I still did not get that.", NULL};
	static const char *const idle_prompts[] = {
		"Are you still there?", "Hello? I am still here if you need me.", NULL};

	return (struct cw_agent_policies){
		.barge_in = true,
		.filler_us = 2500000,
		.fallback_us = 6000000,
		.idle_us = 8000000,
		.filler = "One moment, please.",
		.fallback = "I am sorry, this takes longer than usual. Please stay on the line.",
		.apology = "I am sorry, we have a technical problem. Please call again later. Goodbye.",
		.idle_prompts = idle_prompts,
		.n_idle_prompts = CW_COUNT(idle_prompts) - 1,
		.idle_goodbye = "I cannot hear you, so I will hang up now. Please call again. Goodbye.",
		.not_understood = not_understood,
		.n_not_understood = CW_COUNT(not_understood) - 1,
		.retries = 3,
		.total_retries = 8,
		.max_turns = 80,
		.escalate = CW_AGENT_NOWHERE,
	};
}

int cw_agent_read_policies(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	static const char *const keys[] = {"barge_in", "silence", "not_understood", "retries", "escalation",
		"max_turns", "recording_consent", NULL};
	const json_t *obj = json_object_get(root, "policies");
	struct cw_agent_policies *p = &f->policies;
	int err = 0;

	*p = default_policies();
	if (!json_is_object(obj))
		return cw_yaml_why(r->y, obj ? obj : root, r->why, EINVAL,
			"an agent needs 'policies' with at least 'escalation: {to: STATE}'");
	err = cw_yaml_known_keys(r->y, obj, keys, r->why);
	if (!err)
		err = cw_read_bool(r, obj, "barge_in", &p->barge_in);
	if (!err)
		err = read_silence(r, json_object_get(obj, "silence"), p);
	if (!err)
		err = cw_read_texts(r, obj, "not_understood", &p->not_understood, &p->n_not_understood);
	if (!err)
		err = cw_read_uint(r, obj, "retries", 1, 10, &p->retries);
	if (!err)
		err = read_escalation(
			r, json_object_get(obj, "escalation") ? json_object_get(obj, "escalation") : obj, f, p);
	if (!err)
		err = cw_read_uint(r, obj, "max_turns", 5, 500, &p->max_turns);
	return err ? err : cw_read_text(r, obj, "recording_consent", &p->consent);
}

/* ---- the whole file ---- */

static int read_head(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	static const char *const echo_keys[] = {"version", "name", "mode", NULL};
	static const char *const keys[] = {"version", "name", "mode", "language", "utc_offset_min", "providers",
		"voice", "speed", "greeting", "start", "slots", "states", "always", "dtmf", "intents", "tools", "faq",
		"policies", NULL};
	int64_t version = 0;
	size_t mode = CW_AGENT_DIALOGUE;
	int err;

	if (!json_is_object(root))
		return cw_yaml_why(r->y, root, r->why, EINVAL, "an agent file is a map: version, name, states …");
	if (!json_object_get(root, "version"))
		return cw_yaml_why(r->y, root, r->why, EINVAL, "'version: %d' is missing", CW_AGENT_VERSION);
	err = cw_read_int(r, root, "version", CW_AGENT_VERSION, CW_AGENT_VERSION, &version);
	if (!err && json_object_get(root, "mode"))
		err = cw_read_one_of(r, json_object_get(root, "mode"), "mode", mode_names, &mode);
	f->mode = (enum cw_agent_mode)mode;
	if (!err)
		err = cw_yaml_known_keys(r->y, root, f->mode == CW_AGENT_ECHO ? echo_keys : keys, r->why);
	if (!err)
		err = cw_read_text(r, root, "name", &f->name);
	if (!err && !f->name)
		err = cw_yaml_why(r->y, root, r->why, EINVAL, "'name' is missing");
	return err;
}

static int read_language(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	int64_t offset = 0;
	int err = cw_read_text(r, root, "language", &f->language);

	if (!err)
		err = cw_read_int(r, root, "utc_offset_min", -720, 840, &offset);
	f->utc_offset_min = (int)offset;
	if (!err && (!f->language || strncmp(f->language, "en", 2) != 0))
		err = cw_yaml_why(r->y, f->language ? json_object_get(root, "language") : root, r->why, EINVAL,
			"'language' must be English ('en-US'): this version understands no other");
	return err;
}

static int read_dialogue(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	int (*const parts[])(const struct cw_reader *, const json_t *, struct cw_agent_file *) = {
		read_language,
		read_providers,
		cw_agent_read_slot_names,
		cw_agent_read_slots,
		cw_agent_read_intents,
		cw_agent_read_state_names,
		cw_agent_read_tools,
		cw_agent_read_policies,
		cw_agent_read_states,
	};
	int err = 0;

	for (size_t i = 0; !err && i < CW_COUNT(parts); i++)
		err = parts[i](r, root, f);
	if (!err)
		err = cw_agent_read_prompt(r, root, "greeting", f, &f->greeting);
	for (size_t i = 0; !err && i < f->n_faq; i++)
		err = cw_agent_read_prompt(
			r, json_array_get(json_object_get(root, "faq"), i), "answer", f, &f->faq[i].answer);
	if (!err)
		err = cw_agent_check_ways(r, root, f);
	if (!err)
		err = cw_agent_make_hints(f);
	return err ? err : cw_agent_make_phrases(f);
}

/* The YAML tree hangs from the file: its strings are the file's. */
static int read_file(struct cw_yaml *y, struct cw_agent_file *f, struct cw_why *why)
{
	static const char *const nothing[] = {NULL};
	struct cw_reader r = {.y = y, .mem = f, .why = why};
	const json_t *root = cw_yaml_root(y);
	int err = read_head(&r, root, f);

	f->path = cw_yaml_file(y);
	f->phrases = nothing;
	if (!err && f->mode == CW_AGENT_DIALOGUE)
		err = read_dialogue(&r, root, f);
	return err;
}

int cw_agent_file_load(void *parent, const char *path, struct cw_agent_file **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_agent_file *f = talloc_zero(NULL, struct cw_agent_file);
	struct cw_yaml *y = NULL;
	int err = f ? cw_yaml_load(f, path, &y, why) : ENOMEM;

	if (!err)
		err = read_file(y, f, why);
	if (!err)
		*ret = talloc_move(parent, &f);
	return err;
}

int cw_agent_file_parse(
	void *parent, const char *name, const char *text, size_t len, struct cw_agent_file **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_agent_file *f = talloc_zero(NULL, struct cw_agent_file);
	struct cw_yaml *y = NULL;
	int err = f ? cw_yaml_parse(f, name, text, len, &y, why) : ENOMEM;

	if (!err)
		err = read_file(y, f, why);
	if (!err)
		*ret = talloc_move(parent, &f);
	return err;
}

static json_t *names_of(const void *items, size_t n, size_t size)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) /* every such struct begins with its name */
		(void)json_array_append_new(list, json_string(*(const char *const *)((const char *)items + i * size)));
	return list;
}

json_t *cw_agent_file_summary(const struct cw_agent_file *f)
{
	json_t *tools = json_array();

	for (size_t i = 1; tools && i < CW_TOOL_N; i++)
		if (f->tools[i].given)
			(void)json_array_append_new(tools, json_string(cw_tool_names[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:i}", "name", f->name, "mode", mode_names[f->mode], "states",
		names_of(f->states, f->n_states, sizeof(*f->states)), "slots",
		names_of(f->slots, f->n_slots, sizeof(*f->slots)), "tools", tools, "faq", (int)f->n_faq);
}
