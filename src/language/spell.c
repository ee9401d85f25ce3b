#include "language/spell.h"

#include "base/mem.h"

struct letter {
	const char *word;
	char letter;
};

/* Names of letters as recognisers write them; the words among them count only inside a run of true letters. */
static const struct letter names[] = {{"ay", 'a'}, {"bee", 'b'}, {"be", 'b'}, {"see", 'c'}, {"sea", 'c'}, {"cee", 'c'},
	{"dee", 'd'}, {"ee", 'e'}, {"eff", 'f'}, {"ef", 'f'}, {"gee", 'g'}, {"aitch", 'h'}, {"haitch", 'h'},
	{"eye", 'i'}, {"jay", 'j'}, {"kay", 'k'}, {"okay", 'k'}, {"el", 'l'}, {"ell", 'l'}, {"em", 'm'}, {"en", 'n'},
	{"oh", 'o'}, {"owe", 'o'}, {"pee", 'p'}, {"pea", 'p'}, {"queue", 'q'}, {"cue", 'q'}, {"are", 'r'}, {"ar", 'r'},
	{"ess", 's'}, {"es", 's'}, {"tee", 't'}, {"tea", 't'}, {"you", 'u'}, {"ewe", 'u'}, {"vee", 'v'}, {"ex", 'x'},
	{"why", 'y'}, {"zee", 'z'}, {"zed", 'z'}};
static const struct letter nato[] = {{"alpha", 'a'}, {"alfa", 'a'}, {"bravo", 'b'}, {"charlie", 'c'}, {"delta", 'd'},
	{"echo", 'e'}, {"foxtrot", 'f'}, {"golf", 'g'}, {"hotel", 'h'}, {"india", 'i'}, {"juliet", 'j'},
	{"juliett", 'j'}, {"kilo", 'k'}, {"lima", 'l'}, {"mike", 'm'}, {"november", 'n'}, {"oscar", 'o'}, {"papa", 'p'},
	{"quebec", 'q'}, {"romeo", 'r'}, {"sierra", 's'}, {"tango", 't'}, {"uniform", 'u'}, {"victor", 'v'},
	{"whiskey", 'w'}, {"whisky", 'w'}, {"xray", 'x'}, {"yankee", 'y'}, {"zulu", 'z'}};

static char find(const struct cw_words *ws, size_t i, const struct letter *list, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (cw_words_is(ws, i, list[k].word))
			return list[k].letter;
	return 0;
}

static char single(const struct cw_words *ws, size_t i)
{
	return i < ws->n && ws->w[i].len == 1 && ws->w[i].p[0] >= 'a' && ws->w[i].p[0] <= 'z' ? ws->w[i].p[0] : 0;
}

/* One letter at @i. *@sure: said as a letter, not by a word that may be something else. */
static size_t one_letter(const struct cw_words *ws, size_t i, char *letter, bool *sure)
{
	size_t n = cw_words_match(ws, i, "double you")                       ? 2
		   : cw_words_match(ws, i, "double u") && !single(ws, i + 2) ? 2
									     : 0;

	*sure = true;
	if (n) {
		*letter = 'w';
		return n;
	}
	*letter = single(ws, i);
	if (!*letter) {
		*sure = false;
		*letter = find(ws, i, names, CW_COUNT(names));
	}
	if (*letter) {
		/* "s as in sam", "m for mike", "n like nancy" */
		size_t as = cw_words_match(ws, i + 1, "as in") ? 2 : cw_words_in(ws, i + 1, "for like") ? 1 : 0;

		if (as && i + 1 + as < ws->n && ws->w[i + 1 + as].p[0] == *letter && ws->w[i + 1 + as].len > 1) {
			*sure = true;
			return 2 + as;
		}
		return 1;
	}
	*letter = find(ws, i, nato, CW_COUNT(nato));
	return *letter ? 1 : 0;
}

size_t cw_spell_letters(const struct cw_words *ws, size_t i, char *out, size_t size)
{
	size_t at = i, len = 0, sure_letters = 0, nato_letters = 0, letters = 0;

	while (at < ws->n) {
		unsigned times = 1;
		size_t n, lead = 0;
		char c = 0;
		bool sure = false;

		if (cw_words_in(ws, at, "hyphen dash apostrophe") && letters) {
			if (len + 1 < size)
				out[len++] = cw_words_is(ws, at, "apostrophe") ? '\'' : '-';
			at++;
			continue;
		}
		n = one_letter(ws, at, &c, &sure);
		if (!n && cw_words_in(ws, at, "double capital")) {
			times = cw_words_is(ws, at, "double") ? 2 : 1;
			lead = 1;
			n = one_letter(ws, at + 1, &c, &sure);
			sure = sure || n;
		}
		if (!n)
			break;
		nato_letters += find(ws, at + lead, nato, CW_COUNT(nato)) != 0;
		sure_letters += sure;
		letters += times;
		while (times-- && len + 1 < size)
			out[len++] = c;
		at += lead + n;
	}
	/* Words that happen to be letters ("you are") or names ("mike") need company. */
	if (letters < 2 || (sure_letters < 2 && nato_letters < 3) || (sure_letters + nato_letters) * 2 < letters)
		return 0;
	if (size)
		out[len] = 0;
	return at - i;
}
