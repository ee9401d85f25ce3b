/* Answers from a file: the first rule whose patterns fit the conversation. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "base/yaml.h"
#include "standin/openai_int.h"

#define RULES_MAX   1000
#define MATCH_LIMIT 200000
#define TEXT_MAX    (256 * 1024)
#define CAPTURES    10

struct rule {
	pcre2_code *match, *system; /* or NULL */
	const char *role;           /* of the message looked at; NULL: the last one */
	const char *reply;          /* or NULL */
	const json_t *json;         /* or NULL */
	const json_t *tools;        /* array of {name, arguments}, or NULL */
	uint64_t delay_us;
	double tokens_per_s;
	struct cw_standin_fault_conf fault;
	bool has_fault;
	unsigned times, used; /* 0: always */
};

struct cw_openai_rules {
	struct cw_yaml *yaml; /* owns the JSON */
	struct rule rules[RULES_MAX];
	size_t n;
};

static int rules_gone(struct cw_openai_rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		pcre2_code_free(r->rules[i].match);
		pcre2_code_free(r->rules[i].system);
	}
	return 0;
}

/* ---- reading ---- */

static int read_pattern(const struct cw_yaml *y, const json_t *o, const char *key, pcre2_code **ret, struct cw_why *why)
{
	const json_t *value = json_object_get(o, key);
	PCRE2_UCHAR text[160] = "";
	PCRE2_SIZE at = 0;
	int code = 0;

	if (!value)
		return 0;
	if (!json_is_string(value))
		return cw_yaml_why_member(y, o, key, why, EINVAL, "'%s' must be a regular expression", key);
	*ret = pcre2_compile((PCRE2_SPTR)json_string_value(value), json_string_length(value),
		PCRE2_CASELESS | PCRE2_UTF, &code, &at, NULL);
	if (*ret)
		return 0;
	(void)pcre2_get_error_message(code, text, sizeof(text)); /* then without the reason */
	return cw_yaml_why_member(y, o, key, why, EINVAL, "the regular expression fails at character %zu: %s",
		(size_t)at + 1, (const char *)text);
}

static int read_number(
	const struct cw_yaml *y, const json_t *o, const char *key, double dflt, double *ret, struct cw_why *why)
{
	const json_t *value = json_object_get(o, key);

	*ret = value ? json_number_value(value) : dflt;
	if (value && (!json_is_number(value) || *ret < 0 || *ret > 1e9))
		return cw_yaml_why_member(y, o, key, why, EINVAL, "'%s' must be a number from 0 on", key);
	return 0;
}

static int read_tools(const struct cw_yaml *y, const json_t *o, const char *key, struct rule *r, struct cw_why *why)
{
	json_t *one;
	size_t i;

	r->tools = json_object_get(o, key);
	if (r->tools && !json_is_array(r->tools))
		return cw_yaml_why_member(y, o, key, why, EINVAL, "'%s' must be a list of {name, arguments}", key);
	json_array_foreach (r->tools, i, one)
		if (!cw_openai_is_tool_name(cw_json_str(one, "name", "")))
			return cw_yaml_why(y, one, why, EINVAL, "expected {name: find_order, arguments: {…}}");
	return 0;
}

static int read_fault(const struct cw_yaml *y, const json_t *o, struct rule *r, struct cw_why *why)
{
	struct cw_why inner = {0};
	const json_t *value = json_object_get(o, "fault");

	if (!value)
		return 0;
	r->has_fault = true;

	CW_SCOPED char *text = json_is_string(value)
				       ? talloc_strdup(NULL, json_string_value(value))
				       : talloc_asprintf(NULL, "%lld", (long long)json_integer_value(value));

	if (!text)
		return ENOMEM;
	return cw_standin_fault_parse(text, &r->fault, &inner)
		       ? cw_yaml_why_member(y, o, "fault", why, EINVAL, "%s", inner.text)
		       : 0;
}

static int check_says(const struct cw_yaml *y, const json_t *o, const struct rule *r, struct cw_why *why)
{
	if (!r->reply && !r->json && !r->tools && !r->has_fault)
		return cw_yaml_why(y, o, why, EINVAL, "a rule needs one of 'reply', 'json', 'tools' and 'fault'");
	if (r->reply && r->json)
		return cw_yaml_why(y, o, why, EINVAL, "'reply' and 'json' exclude each other");
	return 0;
}

static int read_rule(const struct cw_yaml *y, const json_t *o, struct rule *r, struct cw_why *why)
{
	static const char *const keys[] = {"match", "system", "role", "reply", "json", "tools", "delay_ms",
		"tokens_per_s", "fault", "times", NULL};
	double delay = 0, times = 0;
	int err = json_is_object(o)
			  ? cw_yaml_known_keys(y, o, keys, why)
			  : cw_yaml_why(y, o, why, EINVAL, "expected a mapping, like {match: hello, reply: Hi.}");

	if (!err)
		err = read_pattern(y, o, "match", &r->match, why);
	if (!err)
		err = read_pattern(y, o, "system", &r->system, why);
	if (!err)
		err = read_number(y, o, "delay_ms", 0, &delay, why);
	if (!err)
		err = read_number(y, o, "tokens_per_s", -1, &r->tokens_per_s, why);
	if (!err)
		err = read_number(y, o, "times", 0, &times, why);
	if (!err)
		err = read_tools(y, o, "tools", r, why);
	if (!err)
		err = read_fault(y, o, r, why);
	r->delay_us = (uint64_t)(delay * 1000);
	r->times = (unsigned)times;
	r->role = cw_json_str(o, "role", NULL);
	r->reply = cw_json_str(o, "reply", NULL);
	r->json = json_object_get(o, "json");
	return err ? err : check_says(y, o, r, why);
}

static int read_rules(struct cw_openai_rules *r, struct cw_why *why)
{
	static const char *const keys[] = {"version", "answers", NULL};
	const json_t *root = cw_yaml_root(r->yaml), *list = json_object_get(root, "answers");
	int err = json_is_object(root) ? cw_yaml_known_keys(r->yaml, root, keys, why) : EINVAL;
	json_t *one;
	size_t i;

	if (err || !json_is_array(list) || json_array_size(list) > RULES_MAX)
		return err && why->err ? err
				       : cw_yaml_why(r->yaml, root, why, EINVAL,
						 "expected 'answers:' with a list of at most %d rules", RULES_MAX);
	json_array_foreach (list, i, one) {
		err = read_rule(r->yaml, one, &r->rules[r->n++], why);
		if (err)
			return err;
	}
	return 0;
}

int cw_openai_rules_load(void *parent, const char *path, struct cw_openai_rules **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_openai_rules *r = talloc_zero(NULL, struct cw_openai_rules);
	struct cw_why own = {0};
	int err;

	if (!r)
		return ENOMEM;
	talloc_set_destructor(r, rules_gone);
	err = cw_yaml_load(r, path, &r->yaml, &own);
	if (!err)
		err = read_rules(r, &own);
	if (err) {
		if (why && !why->err)
			*why = own;
		return err;
	}
	*ret = talloc_move(parent, &r);
	return 0;
}

/* ---- answering ---- */

struct captures {
	const char *subject;
	PCRE2_SIZE at[2 * CAPTURES];
	int n;
};

static bool fits(const pcre2_code *code, const char *text, struct captures *ret)
{
	pcre2_match_data *data = pcre2_match_data_create(CAPTURES, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int rc = -1;

	if (data && limits) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		rc = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, limits);
	}
	if (rc >= 0) {
		ret->subject = text;
		ret->n = rc ? rc : CAPTURES;
		memcpy(ret->at, pcre2_get_ovector_pointer(data), sizeof(PCRE2_SIZE) * 2 * (size_t)ret->n);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	return rc >= 0;
}

/* "$1" becomes what the pattern caught, "$$" a dollar. */
static char *fill(void *parent, const char *text, const struct captures *c)
{
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(TEXT_MAX);

	cw_buf_put(&out, "", 0);
	for (const char *p = text; *p; p++) {
		int k = p[0] == '$' && p[1] >= '0' && p[1] <= '9' ? p[1] - '0' : -1;

		if (p[0] == '$' && p[1] == '$')
			p++;
		if (k < 0) {
			cw_buf_putc(&out, *p);
			continue;
		}
		p++;
		if (k < c->n && c->at[2 * k] != PCRE2_UNSET)
			cw_buf_put(&out, c->subject + c->at[2 * k], c->at[2 * k + 1] - c->at[2 * k]);
	}
	return out.p ? cw_buf_take(&out, parent) : talloc_strdup(parent, "");
}

/* A deep copy with every string filled in. */
static json_t *fill_json(const json_t *j, const struct captures *c)
{
	json_t *copy, *value;
	const char *key;
	size_t i;

	if (json_is_string(j)) {
		CW_SCOPED char *text = fill(NULL, json_string_value(j), c);

		return text ? json_string(text) : NULL;
	}
	if (json_is_object(j)) {
		copy = json_object();
		json_object_foreach ((json_t *)(uintptr_t)j, key, value)
			(void)json_object_set_new(
				copy, key, fill_json(value, c)); /* without memory the member is missing */
		return copy;
	}
	if (json_is_array(j)) {
		copy = json_array();
		json_array_foreach (j, i, value)
			(void)json_array_append_new(copy, fill_json(value, c)); /* as above */
		return copy;
	}
	return json_deep_copy(j);
}

/* Text of the last message of @role (NULL: of any); NULL: there is none, or no memory. */
static char *last_text(void *parent, const json_t *messages, const char *role)
{
	for (size_t i = json_array_size(messages); i-- > 0;) {
		const json_t *m = json_array_get(messages, i);

		if (!role || !strcmp(cw_json_str(m, "role", ""), role))
			return cw_openai_text_of(parent, m);
	}
	return NULL;
}

static char *system_text(void *parent, const json_t *messages)
{
	char *text = last_text(parent, messages, "system");

	return text ? text : last_text(parent, messages, "developer");
}

static int make_reply(
	const struct rule *r, void *parent, struct cw_rng *rng, const struct captures *c, struct cw_openai_reply **ret)
{
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(TEXT_MAX);
	struct cw_openai_reply *reply;
	int err = cw_openai_reply_new(parent, &reply);
	json_t *tool;
	size_t i;

	if (err)
		return err;
	reply->delay_us = r->delay_us;
	reply->tokens_per_s = r->tokens_per_s;
	reply->fault = r->fault;
	reply->has_fault = r->has_fault;
	if (r->json) {
		CW_JSON_SCOPED json_t *filled = fill_json(r->json, c);

		cw_json_dump(&out, filled);
		reply->text = cw_buf_take(&out, reply);
	} else if (r->reply || !r->tools) {
		reply->text = fill(reply, r->reply ? r->reply : "An answer that does not arrive as it should.", c);
	}
	if (!reply->text && !r->tools)
		return ENOMEM;
	json_array_foreach (r->tools, i, tool) {
		json_t *arguments = json_object_get(tool, "arguments");

		err = cw_openai_reply_call(
			reply, rng, cw_json_str(tool, "name", ""), arguments ? fill_json(arguments, c) : json_object());
		if (err)
			return err;
	}
	*ret = reply;
	return 0;
}

int cw_openai_rules_answer(struct cw_openai_rules *rules, void *parent, struct cw_rng *rng, const json_t *body,
	struct cw_openai_reply **ret)
{
	const json_t *messages = json_object_get(body, "messages");
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct captures c = {.subject = ""};
	char *system = system_text(scratch, messages);

	*ret = NULL;
	for (size_t i = 0; scratch && i < rules->n; i++) {
		struct rule *r = &rules->rules[i];
		char *text = last_text(scratch, messages, r->role);

		if (!text || (r->times && r->used >= r->times))
			continue;
		if (r->system && !fits(r->system, system ? system : "", &c))
			continue;
		c = (struct captures){.subject = ""};
		if (r->match && !fits(r->match, text, &c))
			continue;
		r->used++;
		return make_reply(r, parent, rng, &c, ret);
	}
	return scratch ? 0 : ENOMEM;
}
