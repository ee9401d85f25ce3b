/* The part of run.json that decides what is done: to JSON and back. */
#include <errno.h>
#include <string.h>

#include "trial/run/rundir.h"

static json_t *list_json(const char *const *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++)
		if (json_array_append_new(list, json_string(items[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *vars_json(const struct cw_trial_conf *c)
{
	json_t *o = json_object();

	for (size_t i = 0; o && i < c->n_vars; i++)
		if (json_object_set_new(o, c->vars[i].name, json_string(c->vars[i].value))) {
			json_decref(o);
			return NULL;
		}
	return o;
}

json_t *cw_trial_conf_json(const struct cw_trial_conf *c)
{
	char seed[24];

	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)c->seed); /* fits; JSON numbers end at 63 bits */
	return json_pack(
		"{s:o, s:s*, s:o, s:b, s:s, s:I, s:I, s:s*, s:o, s:I, s:o, s:o, s:o, s:s*, s:s*, s:s*, s:I, s:b, s:s, s:f, s:o, s:s*, s:b, s:b}",
		"files", list_json(c->files, c->n_files), "target", c->target, "targets",
		list_json(c->targets.items, c->targets.n), "sim", c->sim, "seed", seed, "repeat", (json_int_t)c->repeat,
		"jobs", (json_int_t)c->jobs, "filter", c->filter, "tags", list_json(c->tags.items, c->tags.n), "first",
		(json_int_t)c->first, "voices", list_json(c->voices.items, c->voices.n), "languages",
		list_json(c->languages.items, c->languages.n), "channels", list_json(c->channels.items, c->channels.n),
		"ear", c->ear, "agent_stt", c->agent_stt, "agent_voice", c->agent_voice, "timeout_ms",
		(json_int_t)(c->timeout_us / 1000), "fail_fast", c->fail_fast, "record", cw_record_name(c->record),
		"faults", c->faults, "vars", vars_json(c), "judge", c->judge, "no_cache", c->no_cache, "journal",
		c->journal);
}

static int parse_list(void *parent, const json_t *j, const char *key, struct cw_list *ret)
{
	const json_t *list = json_object_get(j, key);
	size_t n = json_array_size(list);

	*ret = (struct cw_list){.items = talloc_zero_array(parent, const char *, n + 1), .n = n};
	if (!ret->items)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text)
			return EBADMSG;
		ret->items[i] = talloc_strdup(ret->items, text);
		if (!ret->items[i])
			return ENOMEM;
	}
	return 0;
}

static int parse_text(void *parent, const json_t *j, const char *key, const char **ret)
{
	const char *text = cw_json_str(j, key, NULL);

	*ret = text ? talloc_strdup(parent, text) : NULL;
	return text && !*ret ? ENOMEM : 0;
}

static int parse_vars(void *parent, const json_t *j, struct cw_trial_conf *c)
{
	json_t *o = json_object_get(j, "vars"), *value;
	struct cw_opt_pair *pairs = talloc_zero_array(parent, struct cw_opt_pair, json_object_size(o) + 1);
	const char *key;

	if (!pairs)
		return ENOMEM;
	json_object_foreach (o, key, value) {
		struct cw_opt_pair *p = &pairs[c->n_vars];

		if (!json_is_string(value))
			return EBADMSG;
		p->name = talloc_strdup(pairs, key);
		p->value = talloc_strdup(pairs, json_string_value(value));
		if (!p->name || !p->value)
			return ENOMEM;
		c->n_vars++;
	}
	c->vars = pairs;
	return 0;
}

static int parse_lists(void *parent, const json_t *j, struct cw_trial_conf *c)
{
	struct cw_list files;
	int err = parse_list(parent, j, "files", &files);

	c->files = (const char *const *)files.items;
	c->n_files = files.n;
	if (!err)
		err = parse_list(parent, j, "targets", &c->targets);
	if (!err)
		err = parse_list(parent, j, "tags", &c->tags);
	if (!err)
		err = parse_list(parent, j, "voices", &c->voices);
	if (!err)
		err = parse_list(parent, j, "languages", &c->languages);
	return err ? err : parse_list(parent, j, "channels", &c->channels);
}

int cw_trial_conf_parse(void *parent, const json_t *j, struct cw_trial_conf *ret, struct cw_why *why)
{
	struct cw_trial_conf c = {
		.sim = cw_json_bool(j, "sim", false),
		.repeat = (unsigned)cw_json_int(j, "repeat", 0),
		.jobs = (unsigned)cw_json_int(j, "jobs", 0),
		.first = (unsigned)cw_json_int(j, "first", 0),
		.timeout_us = (uint64_t)cw_json_int(j, "timeout_ms", 0) * 1000,
		.fail_fast = cw_json_bool(j, "fail_fast", false),
		.faults = cw_json_num(j, "faults", 0),
		.no_cache = cw_json_bool(j, "no_cache", false),
		.journal = cw_json_bool(j, "journal", false),
	};
	const struct {
		const char *key;
		const char **to;
	} texts[] = {{"target", &c.target}, {"filter", &c.filter}, {"ear", &c.ear}, {"agent_stt", &c.agent_stt},
		{"agent_voice", &c.agent_voice}, {"judge", &c.judge}};
	int err = parse_lists(parent, j, &c);

	for (size_t i = 0; !err && i < CW_COUNT(texts); i++)
		err = parse_text(parent, j, texts[i].key, texts[i].to);
	if (!err)
		err = parse_vars(parent, j, &c);
	if (!err && (cw_str_u64(cw_str(cw_json_str(j, "seed", "")), UINT64_MAX, &c.seed) ||
			    cw_record_of(cw_json_str(j, "record", ""), &c.record)))
		err = EBADMSG;
	if (err)
		return err == ENOMEM ? err : cw_why_set(why, EBADMSG, "run.json is damaged: this run cannot go on");
	*ret = c;
	return 0;
}
