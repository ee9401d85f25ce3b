#include "language/langid_int.h"

const char *const cw_langid_latin[CW_LANGID_LATIN] = {"en", "es", "de", "fr", "pt", "it", "nl", "sv", "pl", "tr"};

static bool is_letter(uint32_t c)
{
	return cw_char_is_word(c) && !(c >= '0' && c <= '9');
}

static void give(const uint32_t last[3], void (*each)(const char *gram, void *arg), void *arg)
{
	char gram[13];
	size_t len = 0;

	for (int i = 0; i < 3; i++)
		len += cw_char_put(last[i], gram + len);
	gram[len] = 0;
	each(gram, arg);
}

void cw_langid_each_gram(struct cw_str text, void (*each)(const char *gram, void *arg), void *arg)
{
	uint32_t last[3] = {0, 0, ' '};
	size_t n;

	for (size_t i = 0; i <= text.len; i += n) {
		uint32_t c = ' ';

		n = 1;
		if (i < text.len)
			c = cw_char_next((struct cw_str){text.p + i, text.len - i}, &n);
		c = is_letter(c) ? cw_char_lower(c) : ' ';
		if (c == ' ' && last[2] == ' ')
			continue;
		last[0] = last[1];
		last[1] = last[2];
		last[2] = c;
		if (last[0] && last[1] != ' ') /* a blank only at the ends: " a " counts, too */
			give(last, each, arg);
		if (c == ' ')
			last[0] = last[1] = 0;
	}
}
