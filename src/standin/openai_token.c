#include "standin/openai_int.h"

#include <ctype.h>

#define TOKEN_MAX      6 /* letters of one token */
#define MESSAGE_TOKENS 3 /* framing of a message */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

size_t cw_openai_token(struct cw_str text)
{
	size_t n = text.len && text.p[0] == ' ' ? 1 : 0, start = n;

	while (n < text.len && is_word(text.p[n]) && n - start < TOKEN_MAX)
		n++;
	while (n < text.len && ((unsigned char)text.p[n] & 0xC0) == 0x80) /* never between the bytes of a character */
		n++;
	if (n == start && n < text.len)
		n++;
	return n;
}

size_t cw_openai_tokens(struct cw_str text)
{
	size_t count = 0, n;

	while ((n = cw_openai_token(text)) > 0) {
		text.p += n;
		text.len -= n;
		count++;
	}
	return count;
}

static size_t tokens_of(const json_t *value)
{
	size_t count = 0, i;
	json_t *part;

	if (json_is_string(value))
		return cw_openai_tokens((struct cw_str){json_string_value(value), json_string_length(value)});
	json_array_foreach (value, i, part)
		count += tokens_of(json_object_get(part, "text"));
	return count;
}

size_t cw_openai_prompt_tokens(const json_t *body)
{
	size_t count = MESSAGE_TOKENS, i;
	json_t *m, *call;
	size_t k;

	json_array_foreach (json_object_get(body, "messages"), i, m) {
		count += MESSAGE_TOKENS + tokens_of(json_object_get(m, "content"));
		json_array_foreach (json_object_get(m, "tool_calls"), k, call)
			count += tokens_of(json_object_get(json_object_get(call, "function"), "arguments")) +
				 MESSAGE_TOKENS;
	}
	return count;
}
