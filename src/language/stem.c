#include "base/mem.h"
#include "language/textscore.h"

/*
 * M. F. Porter, An algorithm for suffix stripping, Program 14 (1980). A word is C?(VC)^m V?; m is its measure. Rules of a step are tried
 * longest suffix first; the first suffix that fits ends the step, whether or not its condition holds.
 */

struct rule {
	const char *suffix, *by;
};

static bool is_vowel(const char *w, size_t i)
{
	switch (w[i]) {
	case 'a':
	case 'e':
	case 'i':
	case 'o':
	case 'u':
		return true;
	case 'y':
		return i > 0 && !is_vowel(w, i - 1);
	default:
		return false;
	}
}

/* m of the first @len letters */
static unsigned measure(const char *w, size_t len)
{
	unsigned m = 0;

	for (size_t i = 1; i < len; i++)
		m += is_vowel(w, i - 1) && !is_vowel(w, i);
	return m;
}

static bool has_vowel(const char *w, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_vowel(w, i))
			return true;
	return false;
}

static bool ends(const char *w, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && memcmp(w + len - n, suffix, n) == 0;
}

static bool ends_double(const char *w, size_t len)
{
	return len >= 2 && w[len - 1] == w[len - 2] && !is_vowel(w, len - 1);
}

/* consonant, vowel, consonant, the last not w, x or y */
static bool ends_cvc(const char *w, size_t len)
{
	return len >= 3 && !is_vowel(w, len - 3) && is_vowel(w, len - 2) && !is_vowel(w, len - 1) &&
	       !strchr("wxy", w[len - 1]);
}

/* Never longer than what stood there, or one letter taken back by step 1b. */
static size_t replace(char *w, size_t stem, const char *by)
{
	while (*by)
		w[stem++] = *by++;
	return stem;
}

/* The first rule whose suffix fits, applied when the stem's measure exceeds @above. */
static size_t apply(char *w, size_t len, const struct rule *rules, size_t n, unsigned above)
{
	for (size_t i = 0; i < n; i++) {
		size_t stem = len - strlen(rules[i].suffix);

		if (ends(w, len, rules[i].suffix))
			return measure(w, stem) > above ? replace(w, stem, rules[i].by) : len;
	}
	return len;
}

static size_t plurals(char *w, size_t len)
{
	if (ends(w, len, "sses") || ends(w, len, "ies"))
		return len - 2;
	return ends(w, len, "s") && !ends(w, len, "ss") ? len - 1 : len;
}

/* -ed, -ing, and what is mended then */
static size_t participles(char *w, size_t len)
{
	if (ends(w, len, "eed"))
		return measure(w, len - 3) > 0 ? len - 1 : len;
	if (ends(w, len, "ed") && has_vowel(w, len - 2))
		len -= 2;
	else if (ends(w, len, "ing") && has_vowel(w, len - 3))
		len -= 3;
	else
		return len;
	if (ends(w, len, "at") || ends(w, len, "bl") || ends(w, len, "iz"))
		return replace(w, len, "e");
	if (ends_double(w, len) && !strchr("lsz", w[len - 1]))
		return len - 1;
	return measure(w, len) == 1 && ends_cvc(w, len) ? replace(w, len, "e") : len;
}

static size_t double_suffixes(char *w, size_t len)
{
	static const struct rule step2[] = {
		{"ational", "ate"},
		{"ization", "ize"},
		{"iveness", "ive"},
		{"fulness", "ful"},
		{"ousness", "ous"},
		{"tional", "tion"},
		{"biliti", "ble"},
		{"entli", "ent"},
		{"ousli", "ous"},
		{"ation", "ate"},
		{"alism", "al"},
		{"aliti", "al"},
		{"iviti", "ive"},
		{"enci", "ence"},
		{"anci", "ance"},
		{"izer", "ize"},
		{"abli", "able"},
		{"alli", "al"},
		{"ator", "ate"},
		{"eli", "e"},
	};
	static const struct rule step3[] = {
		{"icate", "ic"},
		{"ative", ""},
		{"alize", "al"},
		{"iciti", "ic"},
		{"ical", "ic"},
		{"ness", ""},
		{"ful", ""},
	};

	len = apply(w, len, step2, CW_COUNT(step2), 0);
	return apply(w, len, step3, CW_COUNT(step3), 0);
}

static size_t single_suffixes(char *w, size_t len)
{
	static const struct rule step4[] = {
		{"ement", ""},
		{"ance", ""},
		{"ence", ""},
		{"able", ""},
		{"ible", ""},
		{"ment", ""},
		{"ant", ""},
		{"ent", ""},
		{"ism", ""},
		{"ate", ""},
		{"iti", ""},
		{"ous", ""},
		{"ive", ""},
		{"ize", ""},
		{"al", ""},
		{"er", ""},
		{"ic", ""},
		{"ou", ""},
	};

	if (ends(w, len, "ion"))
		return measure(w, len - 3) > 1 && len > 3 && strchr("st", w[len - 4]) ? len - 3 : len;
	return apply(w, len, step4, CW_COUNT(step4), 1);
}

static size_t tidy(char *w, size_t len)
{
	if (ends(w, len, "e")) {
		unsigned m = measure(w, len - 1);

		if (m > 1 || (m == 1 && !ends_cvc(w, len - 1)))
			len--;
	}
	return measure(w, len) > 1 && ends_double(w, len) && w[len - 1] == 'l' ? len - 1 : len;
}

size_t cw_stem(char *word, size_t len)
{
	if (len < 3)
		return len;
	for (size_t i = 0; i < len; i++)
		if (word[i] < 'a' || word[i] > 'z')
			return len;
	len = plurals(word, len);
	len = participles(word, len);
	if (ends(word, len, "y") && has_vowel(word, len - 1))
		word[len - 1] = 'i';
	len = double_suffixes(word, len);
	len = single_suffixes(word, len);
	return tidy(word, len);
}
