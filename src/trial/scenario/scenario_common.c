/* What tests have in common: dimensions, hints, target, limits. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/file.h"
#include "audio/effect.h"
#include "base/file.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "trial/scenario/scenario_int.h"

#define HINTS_MAX (64 * 1024)

/* ---- names of engines, channels, languages ---- */

static size_t voice_engines(const char **names, size_t max)
{
	size_t n = 0;

	for (const struct cw_tts_driver *const *d = cw_tts_drivers(); *d && n < max; d++)
		names[n++] = (*d)->name;
	return n;
}

static size_t ear_engines(const char **names, size_t max)
{
	size_t n = 0;

	for (const struct cw_stt_driver *const *d = cw_stt_drivers(); *d && n < max; d++)
		names[n++] = (*d)->name;
	return n;
}

static int check_engine(
	const struct cw_scn *r, json_t *at, const char *what, const char *text, const char *const *names, size_t n)
{
	struct cw_str rest = cw_str(text), engine;

	(void)cw_str_split(&rest, ':', &engine); /* without a colon the whole text is the engine */
	for (size_t i = 0; i < n; i++)
		if (cw_str_eq(engine, names[i]))
			return 0;

	CW_BUF_SCOPED struct cw_buf known = CW_BUF(512);
	const char *near = cw_str_nearest(engine, names, n);

	for (size_t i = 0; i < n; i++)
		cw_buf_fmt(&known, "%s%s", i ? ", " : "", names[i]);
	return COMPLAIN(r, at, "unknown %s '%s'%s%s%s: known are %s", what, text, near ? "; did you mean '" : "",
		near ? near : "", near ? "'" : "", cw_buf_err(&known) ? "?" : cw_buf_str(&known).p);
}

static int check_voice(const struct cw_scn *r, json_t *at, const char *text)
{
	const char *names[16];

	return check_engine(r, at, "voice", text, names, voice_engines(names, CW_COUNT(names)));
}

static int check_ear(const struct cw_scn *r, json_t *at, const char *text)
{
	const char *names[16];

	return check_engine(r, at, "recogniser", text, names, ear_engines(names, CW_COUNT(names)));
}

static int check_channel(const struct cw_scn *r, json_t *at, const char *text)
{
	struct cw_effect_conf unused;
	struct cw_why inner = {0};
	int err = cw_profile_find(text, &unused, &inner);

	return err ? COMPLAIN(r, at, "channel: %s", inner.text) : 0;
}

static int check_language(const struct cw_scn *r, json_t *at, const char *text)
{
	size_t first = strcspn(text, "-");

	if (first < 2 || first > 3 || strlen(text) > 35 ||
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(text))
		return COMPLAIN(r, at, "'%s' is no language tag: write it as en-US or es-ES (BCP 47)", text);
	return 0;
}

/* ---- dimensions ---- */

typedef int check_fn(const struct cw_scn *r, json_t *at, const char *text);

struct places { /* that may say something about a dimension, the nearest first */
	json_t *o[6];
};

static int read_dimension(const struct cw_scn *r, struct cw_test *t, const struct places *p, const char *key,
	const char *dflt, check_fn *check, struct cw_list *ret)
{
	json_t *from = NULL;

	for (size_t i = 0; i < CW_COUNT(p->o) && !from; i++) {
		if (json_object_get(p->o[i], key))
			from = p->o[i];
		else if (!strcmp(key, "voice") && json_object_get(p->o[i], "accent")) {
			from = p->o[i];
			key = "accent";
		}
	}

	json_t *v = json_object_get(from, key);
	int err = cw_scn_list(t, from, key, ret);

	if (err)
		return err;
	if (v && (!ret->n || ret->n > CW_SLICE_MAX))
		return COMPLAIN(r, v, "'%s' needs 1 to %d values", key, CW_SLICE_MAX);
	for (size_t i = 0; i < ret->n; i++) {
		err = check(r, json_is_array(v) ? json_array_get(v, i) : v, ret->items[i]);
		if (err)
			return err;
	}
	if (ret->n || !dflt)
		return 0;
	ret->items = talloc_zero_array(t, const char *, 1);
	if (!ret->items)
		return ENOMEM;
	ret->items[0] = dflt;
	ret->n = 1;
	return 0;
}

static int read_dimensions(const struct cw_scn *r, struct cw_test *t, json_t *test, json_t *caller, json_t *persona)
{
	const struct places p = {{test, caller, persona, json_object_get(test, "matrix"), r->matrix, r->defaults}};
	int err = read_dimension(r, t, &p, "language", "en-US", check_language, &t->matrix.languages);

	if (!err)
		err = read_dimension(r, t, &p, "voice", NULL, check_voice, &t->matrix.voices);
	return err ? err : read_dimension(r, t, &p, "channel", "clean", check_channel, &t->matrix.channels);
}

/* ---- hints: a list, a file with one phrase a line, or all that an agent file can say ---- */

static int add_hint(struct cw_test *t, const char *text)
{
	const char **items = talloc_realloc(t, t->hints.items, const char *, t->hints.n + 1);

	if (!items)
		return ENOMEM;
	t->hints.items = items;
	items[t->hints.n] = talloc_strdup(items, text);
	return items[t->hints.n++] ? 0 : ENOMEM;
}

static int hints_from_file(const struct cw_scn *r, struct cw_test *t, json_t *at, const char *path)
{
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(HINTS_MAX);
	struct cw_str rest, line;
	int err = cw_file_read(path, HINTS_MAX, &text, NULL);

	if (err)
		return COMPLAIN(r, at, "cannot read the hints in %s: %s", path, strerror(err));
	rest = cw_buf_str(&text);
	while (!err && cw_str_split(&rest, '\n', &line)) {
		line = cw_str_trim(line);
		if (!line.len || line.p[0] == '#')
			continue;
		if (t->hints.n == CW_SCENARIO_LIST_MAX)
			return COMPLAIN(r, at, "%s has more than %d phrases", path, CW_SCENARIO_LIST_MAX);

		CW_SCOPED char *phrase = cw_str_dup(NULL, line);

		err = phrase ? add_hint(t, phrase) : ENOMEM;
	}
	return err;
}

static bool is_agent_file(const char *path)
{
	size_t n = strlen(path);

	return (n > 5 && !strcmp(path + n - 5, ".yaml")) || (n > 4 && !strcmp(path + n - 4, ".yml"));
}

static int hints_from_agent(struct cw_test *t, const char *path, struct cw_why *why)
{
	CW_SCOPED struct cw_agent_file *f = NULL;
	int err = cw_agent_file_load(NULL, path, &f, why);

	for (const char *const *phrase = err ? NULL : f->phrases; !err && phrase && *phrase; phrase++)
		err = add_hint(t, *phrase);
	return err;
}

static int read_hints(const struct cw_scn *r, struct cw_test *t, json_t *test, const char *key)
{
	json_t *from = json_object_get(test, key) ? test : r->defaults;
	json_t *v = json_object_get(from, key);
	struct cw_list list;
	int err = 0;

	if (!v)
		return 0;
	if (json_is_string(v) && is_agent_file(json_string_value(v)))
		return hints_from_agent(t, json_string_value(v), r->why);
	if (json_is_string(v))
		return hints_from_file(r, t, v, json_string_value(v));
	err = cw_scn_list(t, from, key, &list);
	for (size_t i = 0; !err && i < list.n; i++)
		err = add_hint(t, list.items[i]);
	return err;
}

/* ---- one test ---- */

static bool known_kind(const char *target)
{
	struct cw_str rest = cw_str(target), kind;

	for (const char *const *k = cw_target_kinds(); *k; k++) {
		rest = cw_str(target);
		if (strchr(target, ':') && cw_str_split(&rest, ':', &kind) && cw_str_eq(kind, *k))
			return true;
	}
	return false;
}

/* "agent:FILE" as it is; {line: agent, file: FILE} and {line: KIND, url: URL} in that form. */
int cw_scn_target(const struct cw_scn *r, void *parent, json_t *o, const char **ret)
{
	json_t *v = json_object_get(o, "target");
	const char *line = cw_json_str(v, "line", NULL), *file = cw_json_str(v, "file", NULL);
	const char *url = cw_json_str(v, "url", NULL);

	*ret = NULL;
	if (!v)
		return 0;
	if (json_is_string(v) && !known_kind(json_string_value(v))) {
		CW_BUF_SCOPED struct cw_buf known = CW_BUF(300);

		for (const char *const *k = cw_target_kinds(); *k; k++)
			cw_buf_fmt(&known, "%s%s:%s", k == cw_target_kinds() ? "" : ", ", *k,
				strcmp(*k, "agent") ? "URL" : "FILE");
		return COMPLAIN(r, v, "'%s' is no target: %s", json_string_value(v), cw_buf_str(&known).p);
	}
	if (json_is_string(v))
		return cw_scn_text(parent, o, "target", NULL, ret);
	if (!strcmp(line, "agent") ? !file || url : !url || file)
		return COMPLAIN(r, v, "'target' must be {line: agent, file: FILE} or {line: %s, url: URL}",
			strcmp(line, "agent") ? line : "twilio");
	*ret = talloc_asprintf(parent, "%s:%s", line, file ? file : url);
	return *ret ? 0 : ENOMEM;
}

/* @key of the test, else of the file's defaults. */
static json_t *nearest(const struct cw_scn *r, json_t *test, const char *key)
{
	return json_object_get(test, key) ? test : r->defaults;
}

static double speed_of(const struct cw_scn *r, json_t *caller, json_t *persona)
{
	return cw_json_num(caller, "speed", cw_json_num(persona, "speed", cw_json_num(r->defaults, "speed", 1.0)));
}

int cw_scn_common(const struct cw_scn *r, struct cw_test *t, json_t *o, json_t *caller, json_t *persona)
{
	json_t *ear_from = json_object_get(caller, "ear") ? caller : nearest(r, o, "ear");
	int err = read_dimensions(r, t, o, caller, persona);

	t->speed = speed_of(r, caller, persona);
	t->repeat = cw_scn_u32(nearest(r, o, "repeat"), "repeat", 1);
	t->timeout_us = cw_scn_us(nearest(r, o, "timeout_s"), "timeout_s", 1e6, 180000000);
	t->threshold = cw_json_num(o, "threshold", NAN);
	if (!err)
		err = cw_scn_text(t, ear_from, "ear", NULL, &t->ear);
	if (!err && t->ear)
		err = check_ear(r, json_object_get(ear_from, "ear"), t->ear);
	if (!err)
		err = cw_scn_target(r, t, o, &t->target);
	if (!err && !t->target && r->target) {
		t->target = talloc_strdup(t, r->target);
		err = t->target ? 0 : ENOMEM;
	}
	if (!err)
		err = read_hints(r, t, o, "hints");
	return err ? err : read_hints(r, t, o, "agent_phrases");
}
