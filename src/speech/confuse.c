#include "speech/confuse.h"

#include <string.h>

#include "base/mem.h"

/* Words of one line are mistaken for their neighbours. */
static const char *const groups[][4] = {
	{"five", "nine", "fine"},
	{"four", "for", "or"},
	{"two", "to", "too"},
	{"eight", "ate", "a"},
	{"one", "won", "on"},
	{"six", "sick", "fix"},
	{"seven", "eleven", "several"},
	{"oh", "zero", "o"},
	{"three", "free", "tree"},
	{"ten", "then", "tan"},
	{"thirteen", "thirty"},
	{"fourteen", "forty"},
	{"fifteen", "fifty"},
	{"sixteen", "sixty"},
	{"seventeen", "seventy"},
	{"eighteen", "eighty"},
	{"nineteen", "ninety"},
	{"first", "fist", "thirst"},
	{"monday", "sunday"},
	{"tuesday", "thursday"},
	{"wednesday", "when's day"},
	{"friday", "fry day"},
	{"june", "july"},
	{"march", "much"},
	{"may", "maybe"},
	{"am", "pm"},
	{"yes", "yeah", "yet"},
	{"no", "know", "now"},
	{"right", "write", "light"},
	{"not", "now", "lot"},
	{"can", "can't"},
	{"is", "it's"},
	{"the", "a"},
	{"and", "in", "an"},
	{"my", "by", "mine"},
	{"name", "game", "main"},
	{"street", "straight"},
	{"house", "how's"},
	{"heat", "heap", "eat"},
	{"heater", "eater", "meter"},
	{"furnace", "furnish", "fairness"},
	{"air", "hair", "here"},
	{"cold", "called", "gold"},
	{"gas", "guess", "guest"},
	{"smell", "small", "spell"},
	{"leak", "week", "lake"},
	{"noon", "new", "soon"},
	{"morning", "warning"},
	{"person", "parson", "first one"},
	{"today", "to day"},
	{"tomorrow", "to borrow"},
};
static const char *const from_nowhere[] = {"uh", "the", "a", "um", "and", "it"};

/* The word without its punctuation: what stands before *@end of the letters is kept as it is. */
static size_t letters_end(struct cw_str word)
{
	size_t n = word.len;

	while (n && strchr(".,;:?!\"')", word.p[n - 1]))
		n--;
	return n;
}

static const char *confusable(struct cw_rng *rng, struct cw_str word)
{
	for (size_t g = 0; g < CW_COUNT(groups); g++) {
		unsigned n = 0;
		int found = -1;

		for (; n < 4 && groups[g][n]; n++)
			if (cw_str_eq_fold(word, groups[g][n]))
				found = (int)n;
		if (found >= 0)
			return groups[g][((unsigned)found + 1 + cw_rng_below(rng, n - 1)) % n];
	}
	return NULL;
}

static struct cw_str swap_byte(struct cw_rng *rng, struct cw_str word, char *out)
{
	static const char vowels[] = "aeiou";
	size_t at = cw_rng_below(rng, (uint32_t)word.len);

	memcpy(out, word.p, word.len);
	for (size_t i = 0; i < word.len; i++) {
		char *c = &out[(at + i) % word.len];

		if (*c >= '0' && *c <= '9') {
			*c = *c == '5'   ? '9'
			     : *c == '9' ? '5'
					 : (char)('0' + (*c - '0' + 1 + (int)cw_rng_below(rng, 8)) % 10);
			return (struct cw_str){out, word.len};
		}
		const char *v = strchr(vowels, *c | 32);

		if (*c > 0 && v && *v) {
			*c = vowels[((unsigned)(v - vowels) + 1 + cw_rng_below(rng, 4)) % 5];
			return (struct cw_str){out, word.len};
		}
	}
	return (struct cw_str){out, word.len - (word.len > 1)}; /* no figure, no vowel: the last letter is lost */
}

static struct cw_str substitute(struct cw_rng *rng, struct cw_str word, char *out, size_t size)
{
	size_t n = letters_end(word);
	const char *other = confusable(rng, (struct cw_str){word.p, n});

	if (!other)
		return n ? swap_byte(rng, word, out) : word;
	int len = snprintf(out, size, "%s%.*s", other, (int)(word.len - n), word.p + n);

	return (struct cw_str){out, (size_t)len < size ? (size_t)len : size - 1};
}

struct cw_str cw_confuse(struct cw_rng *rng, double p, struct cw_str word, char *out, size_t size)
{
	if (!word.len || !cw_rng_chance(rng, p))
		return word;
	double kind = cw_rng_unit(rng);

	if (kind < 0.65)
		return substitute(rng, word, out, size);
	if (kind < 0.85)
		return (struct cw_str){"", 0};
	int len = snprintf(out, size, "%s %.*s", from_nowhere[cw_rng_below(rng, CW_COUNT(from_nowhere))], CW_STR(word));

	return (struct cw_str){out, (size_t)len < size ? (size_t)len : size - 1};
}
