#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "line/chat.h"

#define PATH_DEPTH 16

/* The value at "items.0.name", or NULL. */
static const json_t *at_path(const json_t *j, const char *path)
{
	struct cw_str rest = cw_str(path), part;

	for (int depth = 0; j && depth < PATH_DEPTH && cw_str_split(&rest, '.', &part); depth++) {
		char key[128];
		uint32_t index;

		if (json_is_array(j)) {
			j = cw_str_u32(part, 100000, &index) ? NULL : json_array_get(j, index);
			continue;
		}
		if (part.len >= sizeof(key))
			return NULL;
		memcpy(key, part.p, part.len);
		key[part.len] = 0;
		j = json_object_get(j, key);
	}
	return j;
}

/* A text, or an object or list of parts which hold one ("content" in OpenAI's messages may be any of these). */
static const char *text_of(const json_t *j)
{
	if (json_is_object(j)) {
		const json_t *content = json_object_get(j, "content");

		return text_of(content ? content : json_object_get(j, "text"));
	}
	if (json_is_array(j))
		return json_array_size(j) == 1 ? text_of(json_array_get(j, 0)) : NULL;
	return json_string_value(j);
}

static int read_completion(const json_t *doc, struct cw_chat_reply *r, struct cw_why *why)
{
	const json_t *choice = json_array_get(json_object_get(doc, "choices"), 0);
	const json_t *message = json_object_get(choice, "message"), *usage = json_object_get(doc, "usage");
	const char *text = text_of(json_object_get(message, "content"));

	if (!json_is_object(message))
		return cw_why_set(why, EPROTO, "the answer has no choices[0].message: is it a chat completion?");
	if (!text)
		text = json_string_value(json_object_get(message, "refusal"));
	r->text = text ? text : "";
	r->finish_reason = json_string_value(json_object_get(choice, "finish_reason"));
	if (json_array_size(json_object_get(message, "tool_calls")))
		r->tool_calls = json_object_get(message, "tool_calls");
	r->prompt_tokens = cw_json_int(usage, "prompt_tokens", -1);
	r->completion_tokens = cw_json_int(usage, "completion_tokens", -1);
	return 0;
}

static int read_webhook(const json_t *doc, const char *path, struct cw_chat_reply *r, struct cw_why *why)
{
	static const char *const names[] = {"reply", "response", "answer", "output", "text", "content", "message"};

	if (path[0]) {
		r->text = text_of(at_path(doc, path));
		return r->text ? 0 : cw_why_set(why, EPROTO, "the answer has no text at '%s'", path);
	}
	if (json_is_string(doc)) {
		r->text = json_string_value(doc);
		return 0;
	}
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		r->text = text_of(json_object_get(doc, names[i]));
		if (r->text)
			return 0;
	}
	if (json_object_get(doc, "choices"))
		return read_completion(doc, r, why);
	return cw_why_set(why, EPROTO,
		"the answer's JSON has no text under reply, response, answer, output, text, content or message: name its place with #reply=PATH");
}

static bool is_json(const char *content_type)
{
	return content_type && strcasestr(content_type, "json");
}

int cw_chat_parse(void *parent, enum cw_chat_style style, const char *path, const char *content_type, const char *body,
	size_t len, json_t **ret, struct cw_chat_reply *r, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *doc = NULL;
	struct cw_why bad = {0};

	*ret = NULL;
	*r = (struct cw_chat_reply){.text = "", .prompt_tokens = -1, .completion_tokens = -1};
	if (style == CW_CHAT_WEBHOOK && !path[0] && !is_json(content_type)) {
		r->text = cw_str_dup(parent, cw_str_trim((struct cw_str){body, len}));
		return r->text ? 0 : ENOMEM;
	}

	int err = cw_json_parse(body, len, &doc, &bad);

	if (err)
		return cw_why_set(why, EPROTO, "the answer is no JSON: %s", bad.text);
	err = style == CW_CHAT_OPENAI ? read_completion(doc, r, why) : read_webhook(doc, path, r, why);
	if (err)
		return err;
	*ret = json_incref(doc);
	return 0;
}
