#include "trial/perf/override.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "world/url.h"

#define SETTINGS_MAX 16
#define TURNS_MAX    1000
#define TOKENS_MAX   1000000

static const char *const keys[] = {"name", "target", "model", "system", "temperature", "top_p", "max_tokens",
	"streaming", "voice", "voice_settings", "stt", "tools", "memory", NULL};

struct reader {
	struct cw_override *o;
	const struct cw_yaml *y;
	json_t *root;
	struct cw_why *why;
};

static int text_of(struct reader *r, const char *key, const char **ret)
{
	const json_t *v = json_object_get(r->root, key);

	if (!v)
		return 0;
	if (!json_is_string(v) || !json_string_length(v))
		return cw_yaml_why_member(r->y, r->root, key, r->why, EINVAL, "'%s' must be a text", key);
	*ret = json_string_value(v);
	return 0;
}

static int number_of(struct reader *r, const char *key, double lo, double hi, double *ret)
{
	const json_t *v = json_object_get(r->root, key);

	if (!v)
		return 0;
	if (!json_is_number(v) || json_number_value(v) < lo || json_number_value(v) > hi)
		return cw_yaml_why_member(
			r->y, r->root, key, r->why, EINVAL, "'%s' must be a number from %g to %g", key, lo, hi);
	*ret = json_number_value(v);
	return 0;
}

static int whole_of(struct reader *r, const char *key, int64_t lo, int64_t hi, int64_t *ret)
{
	const json_t *v = json_object_get(r->root, key);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < lo || json_integer_value(v) > hi)
		return cw_yaml_why_member(r->y, r->root, key, r->why, EINVAL,
			"'%s' must be a whole number from %lld to %lld", key, (long long)lo, (long long)hi);
	*ret = json_integer_value(v);
	return 0;
}

/* memory: false | true | number of exchanges | {turns: N} */
static int read_memory(struct reader *r)
{
	static const char *const known[] = {"turns", NULL};
	const json_t *v = json_object_get(r->root, "memory");
	struct reader inner = *r;

	if (!v)
		return 0;
	if (json_is_boolean(v)) {
		r->o->memory_turns = json_is_true(v) ? TURNS_MAX : 0;
		return 0;
	}
	if (!json_is_object(v))
		return whole_of(r, "memory", 0, TURNS_MAX, &r->o->memory_turns);
	inner.root = json_object_get(r->root, "memory");
	int err = cw_yaml_known_keys(r->y, inner.root, known, r->why);

	if (!err && !json_object_get(inner.root, "turns"))
		err = cw_yaml_why_member(r->y, r->root, "memory", r->why, EINVAL, "'memory' needs 'turns'");
	return err ? err : whole_of(&inner, "turns", 0, TURNS_MAX, &r->o->memory_turns);
}

/* "flite:slt" with {wpm: 180} is "flite:slt,wpm=180"; "modem" with it "modem:wpm=180". The engine checks names and ranges. */
static int read_voice(struct reader *r)
{
	json_t *settings = json_object_get(r->root, "voice_settings"), *v;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1000);
	const char *key;
	int err = text_of(r, "voice", &r->o->voice);

	if (err || !settings) {
		r->o->voice_spec = r->o->voice;
		return err;
	}
	if (!json_is_object(settings) || json_object_size(settings) > SETTINGS_MAX)
		return cw_yaml_why_member(r->y, r->root, "voice_settings", r->why, EINVAL,
			"'voice_settings' must be a mapping of at most %d settings", SETTINGS_MAX);
	if (!r->o->voice)
		return cw_yaml_why_member(
			r->y, r->root, "voice_settings", r->why, EINVAL, "'voice_settings' needs 'voice'");
	cw_buf_puts(&b, r->o->voice);
	json_object_foreach (settings, key, v) {
		cw_buf_putc(&b, memchr(b.p, ':', b.len) ? ',' : ':');
		if (json_is_string(v))
			cw_buf_fmt(&b, "%s=%s", key, json_string_value(v));
		else if (json_is_integer(v))
			cw_buf_fmt(&b, "%s=%lld", key, (long long)json_integer_value(v));
		else if (json_is_real(v))
			cw_buf_fmt(&b, "%s=%g", key, json_real_value(v));
		else
			return cw_yaml_why_member(
				r->y, settings, key, r->why, EINVAL, "'%s' must be a text or a number", key);
	}
	r->o->voice_spec = cw_buf_take(&b, r->o);
	return r->o->voice_spec ? 0 : ENOMEM;
}

static int read_tools(struct reader *r)
{
	static const char *const known[] = {"name", "description", "parameters", NULL};
	json_t *list = json_object_get(r->root, "tools"), *tool;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return cw_yaml_why_member(r->y, r->root, "tools", r->why, EINVAL, "'tools' must be a list");
	json_array_foreach (list, i, tool) {
		int err = json_is_object(tool) ? cw_yaml_known_keys(r->y, tool, known, r->why) : EINVAL;

		if (err)
			return cw_yaml_why(r->y, tool, r->why, err, "a tool has name, description and parameters");
		if (!cw_json_str(tool, "name", NULL))
			return cw_yaml_why(r->y, tool, r->why, EINVAL, "a tool needs a 'name'");
		if (json_object_get(tool, "parameters") && !json_is_object(json_object_get(tool, "parameters")))
			return cw_yaml_why_member(r->y, tool, "parameters", r->why, EINVAL,
				"'parameters' must be a JSON Schema (a mapping)");
	}
	r->o->tools = list;
	return 0;
}

static int read_streaming(struct reader *r)
{
	const json_t *v = json_object_get(r->root, "streaming");

	if (!v)
		return 0;
	if (!json_is_boolean(v))
		return cw_yaml_why_member(r->y, r->root, "streaming", r->why, EINVAL, "'streaming' is true or false");
	r->o->streaming = json_is_true(v);
	return 0;
}

static int read_all(struct reader *r)
{
	int64_t tokens = 0;
	int err = cw_yaml_known_keys(r->y, r->root, keys, r->why);

	if (!err)
		err = text_of(r, "name", &r->o->name);
	if (!err)
		err = text_of(r, "target", &r->o->target);
	if (!err)
		err = text_of(r, "model", &r->o->model);
	if (!err)
		err = text_of(r, "system", &r->o->system);
	if (!err)
		err = number_of(r, "temperature", 0, 2, &r->o->temperature);
	if (!err)
		err = number_of(r, "top_p", 0, 1, &r->o->top_p);
	if (!err)
		err = whole_of(r, "max_tokens", 1, TOKENS_MAX, &tokens);
	if (!err)
		err = read_streaming(r);
	if (!err)
		err = text_of(r, "stt", &r->o->stt);
	if (!err)
		err = read_voice(r);
	if (!err)
		err = read_tools(r);
	if (!err)
		err = read_memory(r);
	r->o->max_tokens = (uint32_t)tokens;
	return err;
}

static int read_yaml(void *parent, struct cw_override **mine, struct cw_override **ret, struct cw_why *why)
{
	struct cw_override *o = *mine;
	struct reader r = {.o = o, .y = o->yaml, .root = cw_yaml_root(o->yaml), .why = why};
	int err;

	o->file = cw_yaml_file(o->yaml);
	o->name = o->file;
	o->temperature = o->top_p = -1;
	o->streaming = -1;
	o->memory_turns = -1;
	if (!json_is_object(r.root))
		return cw_why_set(why, EINVAL, "%s: a configuration is a mapping of keys", o->file);
	o->json = r.root;
	err = read_all(&r);
	if (!err)
		*ret = talloc_move(parent, mine);
	return err;
}

int cw_override_load(void *parent, const char *path, struct cw_override **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_override *o = talloc_zero(NULL, struct cw_override);
	int err = o ? cw_yaml_load(o, path, &o->yaml, why) : ENOMEM;

	return err ? err : read_yaml(parent, &o, ret, why);
}

int cw_override_parse(
	void *parent, const char *name, const char *text, size_t len, struct cw_override **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_override *o = talloc_zero(NULL, struct cw_override);
	int err = o ? cw_yaml_parse(o, name, text, len, &o->yaml, why) : ENOMEM;

	return err ? err : read_yaml(parent, &o, ret, why);
}

/* ---- what it does for a target ---- */

static void option(struct cw_buf *b, bool *any, const char *name, const char *value)
{
	cw_buf_fmt(b, "%c%s=", *any ? '&' : '#', name);
	cw_url_encode(b, cw_str(value));
	*any = true;
}

char *cw_override_target(void *parent, const struct cw_override *o, const char *target)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);
	bool any = strchr(target, '#') != NULL;
	char text[32];

	cw_buf_puts(&b, target);
	if (!strncmp(target, "chat:", 5)) {
		if (o->model)
			option(&b, &any, "model", o->model);
		if (o->system)
			option(&b, &any, "system", o->system);
		if (o->temperature >= 0) {
			(void)snprintf(text, sizeof(text), "%g", o->temperature); /* fits */
			option(&b, &any, "temperature", text);
		}
		if (o->max_tokens) {
			(void)snprintf(text, sizeof(text), "%u", o->max_tokens); /* fits */
			option(&b, &any, "max_tokens", text);
		}
	}
	return cw_buf_take(&b, parent);
}

static void idle(struct cw_buf *b, const struct cw_override *o, const char *key, bool used)
{
	if (!used && json_object_get(o->json, key))
		cw_buf_fmt(b, "%s%s", b->len ? ", " : "", key);
}

void cw_override_idle(const struct cw_override *o, const char *target, bool text, struct cw_buf *b)
{
	bool chat = !strncmp(target, "chat:", 5), agent = !strncmp(target, "agent:", 6);
	static const char *const chat_keys[] = {"model", "system", "temperature", "max_tokens"};
	static const char *const text_keys[] = {"top_p", "streaming", "tools", "memory"};
	static const char *const agent_keys[] = {"voice", "voice_settings", "stt"};

	for (size_t i = 0; i < CW_COUNT(chat_keys); i++)
		idle(b, o, chat_keys[i], chat);
	for (size_t i = 0; i < CW_COUNT(text_keys); i++)
		idle(b, o, text_keys[i], chat && text);
	for (size_t i = 0; i < CW_COUNT(agent_keys); i++)
		idle(b, o, agent_keys[i], agent);
}
