#include "language/phrase.h"

#define SENTENCE_MAX 1500 /* bytes: what struct cw_words surely holds */

static bool either(struct cw_str word, struct cw_str alternatives)
{
	struct cw_str one;

	while (cw_str_split(&alternatives, '|', &one))
		if (one.len == word.len && memcmp(one.p, word.p, one.len) == 0)
			return true;
	return false;
}

/* Index behind the match, or SIZE_MAX. Patterns are our own and short: the recursion is as deep as they are long. */
static size_t match(const struct cw_words *ws, size_t i, struct cw_str pattern)
{
	struct cw_str token;

	if (!cw_str_split(&pattern, ' ', &token))
		return i;
	if (token.p[0] == '*') {
		size_t most = (size_t)(token.p[1] - '0');

		for (size_t skip = 0; skip <= most && i + skip <= ws->n; skip++) {
			size_t end = match(ws, i + skip, pattern);

			if (end != SIZE_MAX)
				return end;
		}
		return SIZE_MAX;
	}
	if (token.p[0] == '?') {
		struct cw_str words = {token.p + 1, token.len - 1};

		if (i < ws->n && either(ws->w[i], words)) {
			size_t end = match(ws, i + 1, pattern);

			if (end != SIZE_MAX)
				return end;
		}
		return match(ws, i, pattern);
	}
	if (i == ws->n)
		return either(CW_STR_LIT("$"), token) ? match(ws, i, pattern) : SIZE_MAX;
	return either(ws->w[i], token) ? match(ws, i + 1, pattern) : SIZE_MAX;
}

size_t cw_phrase_match(const struct cw_words *ws, size_t i, const char *pattern)
{
	size_t end = match(ws, i, cw_str(pattern));

	return end == SIZE_MAX ? 0 : end - i;
}

static bool is_end(struct cw_str s, size_t i)
{
	if (s.p[i] == '\n')
		return true;
	return strchr(".!?;", s.p[i]) && s.p[i] && (i + 1 == s.len || s.p[i + 1] == ' ' || s.p[i + 1] == '\n');
}

bool cw_phrase_sentence(struct cw_str *rest, struct cw_str *sentence)
{
	size_t n = 0;

	if (!rest->len)
		return false;
	while (n < rest->len && n < SENTENCE_MAX && !is_end(*rest, n))
		n++;
	if (n < rest->len && n < SENTENCE_MAX)
		n++; /* with its mark */
	else if (n < rest->len)
		while (n > SENTENCE_MAX / 2 && rest->p[n - 1] != ' ') /* not through a word */
			n--;
	*sentence = (struct cw_str){rest->p, n};
	rest->p += n;
	rest->len -= n;
	return true;
}
