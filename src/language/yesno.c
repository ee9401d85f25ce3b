#include "language/yesno.h"

#include "base/mem.h"
#include "base/number.h"

struct phrase {
	const char *words;
	enum cw_yesno value;
};

/* How an answer begins; the longest match counts. */
static const struct phrase openings[] = {
	{"yes", CW_YESNO_YES},
	{"yeah", CW_YESNO_YES},
	{"yea", CW_YESNO_YES},
	{"yah", CW_YESNO_YES},
	{"ya", CW_YESNO_YES},
	{"yep", CW_YESNO_YES},
	{"yup", CW_YESNO_YES},
	{"yessir", CW_YESNO_YES},
	{"yes sir", CW_YESNO_YES},
	{"yes ma'am", CW_YESNO_YES},
	{"yes please", CW_YESNO_YES},
	{"sure", CW_YESNO_YES},
	{"sure thing", CW_YESNO_YES},
	{"of course", CW_YESNO_YES},
	{"correct", CW_YESNO_YES},
	{"that's correct", CW_YESNO_YES},
	{"that is correct", CW_YESNO_YES},
	{"thats correct", CW_YESNO_YES},
	{"that's right", CW_YESNO_YES},
	{"that is right", CW_YESNO_YES},
	{"thats right", CW_YESNO_YES},
	{"that's wright", CW_YESNO_YES},
	{"you're right", CW_YESNO_YES},
	{"that's it", CW_YESNO_YES},
	{"that's me", CW_YESNO_YES},
	{"exactly", CW_YESNO_YES},
	{"absolutely", CW_YESNO_YES},
	{"definitely", CW_YESNO_YES},
	{"certainly", CW_YESNO_YES},
	{"affirmative", CW_YESNO_YES},
	{"indeed", CW_YESNO_YES},
	{"true", CW_YESNO_YES},
	{"for sure", CW_YESNO_YES},
	{"why not", CW_YESNO_YES},
	{"by all means", CW_YESNO_YES},
	{"you bet", CW_YESNO_YES},
	{"you got it", CW_YESNO_YES},
	{"go ahead", CW_YESNO_YES},
	{"go for it", CW_YESNO_YES},
	{"please do", CW_YESNO_YES},
	{"do it", CW_YESNO_YES},
	{"let's do it", CW_YESNO_YES},
	{"let's do that", CW_YESNO_YES},
	{"book it", CW_YESNO_YES},
	{"sounds good", CW_YESNO_YES},
	{"sounds great", CW_YESNO_YES},
	{"sounds right", CW_YESNO_YES},
	{"that sounds good", CW_YESNO_YES},
	{"that sounds right", CW_YESNO_YES},
	{"that sounds great", CW_YESNO_YES},
	{"that works", CW_YESNO_YES},
	{"works for me", CW_YESNO_YES},
	{"that'll work", CW_YESNO_YES},
	{"that will work", CW_YESNO_YES},
	{"that'd be great", CW_YESNO_YES},
	{"that would be great", CW_YESNO_YES},
	{"that'd work", CW_YESNO_YES},
	{"that's fine", CW_YESNO_YES},
	{"that is fine", CW_YESNO_YES},
	{"that's good", CW_YESNO_YES},
	{"that's great", CW_YESNO_YES},
	{"that's perfect", CW_YESNO_YES},
	{"that's okay", CW_YESNO_YES},
	{"that's ok", CW_YESNO_YES},
	{"it is", CW_YESNO_YES},
	{"it does", CW_YESNO_YES},
	{"i do", CW_YESNO_YES},
	{"i am", CW_YESNO_YES},
	{"i would", CW_YESNO_YES},
	{"i'd love to", CW_YESNO_YES},
	{"i'd like that", CW_YESNO_YES},
	{"i guess so", CW_YESNO_YES},
	{"i think so", CW_YESNO_YES},
	{"i believe so", CW_YESNO_YES},
	{"i suppose so", CW_YESNO_YES},
	{"uh huh", CW_YESNO_YES},
	{"mm hmm", CW_YESNO_YES},
	{"mm hm", CW_YESNO_YES},
	{"mhm", CW_YESNO_YES},
	{"mmhmm", CW_YESNO_YES},
	{"m hm", CW_YESNO_YES},
	{"no problem", CW_YESNO_YES},
	{"no worries", CW_YESNO_YES},
	{"not a problem", CW_YESNO_YES},
	{"no that's right", CW_YESNO_YES},
	{"no that is right", CW_YESNO_YES},
	{"no that's fine", CW_YESNO_YES},
	{"no that is fine", CW_YESNO_YES},
	{"no that's correct", CW_YESNO_YES},
	{"no that's good", CW_YESNO_YES},
	{"no that's okay", CW_YESNO_YES},
	{"no that works", CW_YESNO_YES},
	{"no you're right", CW_YESNO_YES},
	{"no it's right", CW_YESNO_YES},
	{"no it's correct", CW_YESNO_YES},
	{"no it's fine", CW_YESNO_YES},
	{"i don't see why not", CW_YESNO_YES},
	{"i have no objection", CW_YESNO_YES},
	{"it's correct", CW_YESNO_YES},
	{"it's right", CW_YESNO_YES},
	{"it's fine", CW_YESNO_YES},
	{"everything is correct", CW_YESNO_YES},
	{"all correct", CW_YESNO_YES},
	{"all good", CW_YESNO_YES},
	{"i'm sure", CW_YESNO_YES},

	{"no", CW_YESNO_NO},
	{"nope", CW_YESNO_NO},
	{"nah", CW_YESNO_NO},
	{"naw", CW_YESNO_NO},
	{"negative", CW_YESNO_NO},
	{"never", CW_YESNO_NO},
	{"no way", CW_YESNO_NO},
	{"no thanks", CW_YESNO_NO},
	{"no thank you", CW_YESNO_NO},
	{"no sir", CW_YESNO_NO},
	{"no ma'am", CW_YESNO_NO},
	{"not really", CW_YESNO_NO},
	{"not yet", CW_YESNO_NO},
	{"not at all", CW_YESNO_NO},
	{"not today", CW_YESNO_NO},
	{"not now", CW_YESNO_NO},
	{"not right now", CW_YESNO_NO},
	{"not necessary", CW_YESNO_NO},
	{"absolutely not", CW_YESNO_NO},
	{"definitely not", CW_YESNO_NO},
	{"certainly not", CW_YESNO_NO},
	{"of course not", CW_YESNO_NO},
	{"i don't think so", CW_YESNO_NO},
	{"i do not think so", CW_YESNO_NO},
	{"i don't believe so", CW_YESNO_NO},
	{"i think not", CW_YESNO_NO},
	{"i'm afraid not", CW_YESNO_NO},
	{"i'd rather not", CW_YESNO_NO},
	{"i would rather not", CW_YESNO_NO},
	{"please don't", CW_YESNO_NO},
	{"don't", CW_YESNO_NO},
	{"it isn't", CW_YESNO_NO},
	{"it is not", CW_YESNO_NO},
	{"it's not", CW_YESNO_NO},
	{"it doesn't", CW_YESNO_NO},
	{"i don't", CW_YESNO_NO},
	{"i do not", CW_YESNO_NO},
	{"i am not", CW_YESNO_NO},
	{"i'm not", CW_YESNO_NO},
	{"i wouldn't", CW_YESNO_NO},
	{"we don't", CW_YESNO_NO},
	{"uh uh", CW_YESNO_NO},
	{"nuh uh", CW_YESNO_NO},
	{"that won't work", CW_YESNO_NO},
	{"that doesn't work", CW_YESNO_NO},
	{"that does not work", CW_YESNO_NO},
	{"i can't", CW_YESNO_NO},
	{"i don't want", CW_YESNO_NO},
	{"i do not want", CW_YESNO_NO},
	{"that's not good", CW_YESNO_NO},
	{"neither", CW_YESNO_NO},
	{"none of them", CW_YESNO_NO},
	{"none of those", CW_YESNO_NO},

	{"wrong", CW_YESNO_CORRECTION},
	{"incorrect", CW_YESNO_CORRECTION},
	{"that's wrong", CW_YESNO_CORRECTION},
	{"thats wrong", CW_YESNO_CORRECTION},
	{"that is wrong", CW_YESNO_CORRECTION},
	{"that's not right", CW_YESNO_CORRECTION},
	{"that is not right", CW_YESNO_CORRECTION},
	{"that's not correct", CW_YESNO_CORRECTION},
	{"that is not correct", CW_YESNO_CORRECTION},
	{"that's incorrect", CW_YESNO_CORRECTION},
	{"that isn't right", CW_YESNO_CORRECTION},
	{"that isn't correct", CW_YESNO_CORRECTION},
	{"that's not it", CW_YESNO_CORRECTION},
	{"not quite", CW_YESNO_CORRECTION},
	{"almost", CW_YESNO_CORRECTION},
	{"nearly", CW_YESNO_CORRECTION},
	{"close", CW_YESNO_CORRECTION},
	{"you got it wrong", CW_YESNO_CORRECTION},
	{"you got that wrong", CW_YESNO_CORRECTION},
	{"it's wrong", CW_YESNO_CORRECTION},
	{"i said", CW_YESNO_CORRECTION},
	{"i meant", CW_YESNO_CORRECTION},
	{"scratch that", CW_YESNO_CORRECTION},

	{"i don't know", CW_YESNO_UNSURE},
	{"i do not know", CW_YESNO_UNSURE},
	{"don't know", CW_YESNO_UNSURE},
	{"dunno", CW_YESNO_UNSURE},
	{"i dunno", CW_YESNO_UNSURE},
	{"i'm not sure", CW_YESNO_UNSURE},
	{"i am not sure", CW_YESNO_UNSURE},
	{"not sure", CW_YESNO_UNSURE},
	{"i'm not certain", CW_YESNO_UNSURE},
	{"not certain", CW_YESNO_UNSURE},
	{"no idea", CW_YESNO_UNSURE},
	{"i have no idea", CW_YESNO_UNSURE},
	{"no clue", CW_YESNO_UNSURE},
	{"maybe", CW_YESNO_UNSURE},
	{"perhaps", CW_YESNO_UNSURE},
	{"possibly", CW_YESNO_UNSURE},
	{"could be", CW_YESNO_UNSURE},
	{"it depends", CW_YESNO_UNSURE},
	{"that depends", CW_YESNO_UNSURE},
	{"depends", CW_YESNO_UNSURE},
	{"let me think", CW_YESNO_UNSURE},
	{"let me check", CW_YESNO_UNSURE},
	{"hard to say", CW_YESNO_UNSURE},
	{"i can't remember", CW_YESNO_UNSURE},
	{"i don't remember", CW_YESNO_UNSURE},
	{"i'm unsure", CW_YESNO_UNSURE},
	{"who knows", CW_YESNO_UNSURE},
};

/* Openings which are an answer only when nothing follows: "i do" but not "i do have a question". */
static const char *const alone[] = {"i do", "i am", "i would", "it is", "it does", "i don't", "i do not", "i am not",
	"i'm not", "i wouldn't", "we don't", "it isn't", "it is not", "it's not", "it doesn't", "i can't", "don't",
	"never", "close", "nearly", "true", "neither", "that's it", "that's me", NULL};

/* Yes only when little else is said: they also open new requests. */
static const char *const weak_yes[] = {"okay", "ok", "okey", "alright", "all right", "right", "wright", "good", "great",
	"perfect", "fine", "please", "excellent", "wonderful", "cool", NULL};
static const char *const after_weak_yes[] = {"thanks", "thank", "that", "that's", "sounds", "let's", "go", "do",
	"please", "i'll", "we'll", "it", "it's", "book", "then", "fine", "good", "great", "perfect", "sure", "yes",
	"yeah", NULL};
static const char *const fillers[] = {"um", "umm", "uh", "er", "erm", "ah", "oh", "hmm", "hm", "mm", "well", "so",
	"and", "but", "like", "i mean", "you know", NULL};
/* What may follow "no" without changing it. */
static const char *const after_no[] = {"i don't", "i do not", "i'm not", "i am not", "it isn't", "it is not",
	"it's not", "it doesn't", "we don't", "thanks", "thank you", "sir", "ma'am", "not really", "not at all",
	"not yet", "not today", "not now", "that's all", "that's it", "that's everything", "that is all", "i'm good",
	"i'm fine", "i'm okay", "nothing", "nothing else", "that won't work", "that doesn't work", "i can't",
	"please don't", "never", NULL};
static const char *const correction_leads[] = {"i said", "i mean", "i meant", "it's", "its", "it is", "it should be",
	"should be", "make it", "make that", "actually", "sorry", "wait", "that's wrong", "that is wrong",
	"that's not right", "that's not correct", "that's incorrect", "it's actually", "that should be", "but", "the",
	NULL};

const char *cw_yesno_name(enum cw_yesno y)
{
	static const char *const names[] = {"other", "yes", "no", "correction", "unsure"};

	return names[y];
}

static size_t skip(const struct cw_words *ws, size_t i, const char *const *list)
{
	size_t n;

	while ((n = cw_words_match_any(ws, i, list)))
		i += n;
	return i;
}

static size_t opening(const struct cw_words *ws, size_t i, enum cw_yesno *value)
{
	size_t best = 0;

	for (size_t k = 0; k < CW_COUNT(openings); k++) {
		size_t n = cw_words_match(ws, i, openings[k].words);

		if (n > best && (i + n == ws->n || cw_words_match_any(ws, i, alone) != n ||
					cw_words_in(ws, i + n, "but thanks thank please yes no sir ma'am"))) {
			best = n;
			*value = openings[k].value;
		}
	}
	/* "know" is how recognisers write a lone "no" */
	if (!best && cw_words_is(ws, i, "know") && ws->n == i + 1) {
		*value = CW_YESNO_NO;
		best = 1;
	}
	return best;
}

/* A figure, a weekday or a "not …" within the next few words: what it should be. */
static bool names_a_value(const struct cw_words *ws, size_t i)
{
	uint64_t v;

	for (size_t k = i; k < ws->n && k < i + 6; k++)
		if (cw_number_cardinal(ws, k, &v) || cw_number_digit(ws->w[k]) >= 0 || cw_number_ordinal(ws, k, &v) ||
			cw_words_in(ws, k,
				"monday tuesday wednesday thursday friday saturday sunday today tomorrow noon morning afternoon evening"))
			return true;
	return false;
}

static enum cw_yesno after_a_no(const struct cw_words *ws, size_t *i)
{
	size_t n = cw_words_match_any(ws, *i, after_no);

	if (*i >= ws->n)
		return CW_YESNO_NO;
	if (n) {
		*i = skip(ws, *i, after_no);
		return CW_YESNO_NO;
	}
	if (cw_words_match_any(ws, *i, correction_leads)) {
		*i = skip(ws, *i, correction_leads);
		return CW_YESNO_CORRECTION;
	}
	if (cw_words_is(ws, *i, "not") || (ws->n - *i <= 6 && names_a_value(ws, *i)))
		return CW_YESNO_CORRECTION;
	if (cw_words_is(ws, *i, "my") && names_a_value(ws, *i))
		return CW_YESNO_CORRECTION;
	return CW_YESNO_NO;
}

static enum cw_yesno after_a_yes(const struct cw_words *ws, size_t *i)
{
	if (!cw_words_is(ws, *i, "but"))
		return CW_YESNO_YES;
	for (size_t k = *i; k < ws->n; k++)
		if (cw_words_in(ws, k, "wrong not it's should incorrect isn't") ||
			cw_words_match(ws, k, "is actually")) {
			++*i;
			return CW_YESNO_CORRECTION;
		}
	return CW_YESNO_YES;
}

/* Nothing at the front: an answer at the end ("i would say yes"), or a phrase anywhere. */
static enum cw_yesno elsewhere(const struct cw_words *ws, size_t from)
{
	enum cw_yesno v = CW_YESNO_OTHER;

	for (size_t i = from + 1; i < ws->n; i++) {
		size_t n = opening(ws, i, &v);

		if (n && (v == CW_YESNO_UNSURE || v == CW_YESNO_CORRECTION) && n > 1)
			return v;
		if (n > 1 && (i + n == ws->n))
			return v;
		if (n == 1 && i + 1 == ws->n && cw_words_in(ws, i, "yes yeah yep no nope"))
			return v;
	}
	return CW_YESNO_OTHER;
}

static enum cw_yesno weak(const struct cw_words *ws, size_t *i)
{
	size_t at = skip(ws, *i, weak_yes);

	if (at == ws->n || cw_words_match_any(ws, at, after_weak_yes)) {
		*i = at;
		return CW_YESNO_YES;
	}
	return CW_YESNO_OTHER;
}

enum cw_yesno cw_yesno_parse(struct cw_str text, struct cw_str *rest)
{
	struct cw_words ws;
	enum cw_yesno value = CW_YESNO_OTHER, next;
	size_t n, m;

	cw_words_init(&ws, text);

	size_t i = 0;

	while (!(n = opening(&ws, i, &value)) && (m = cw_words_match_any(&ws, i, fillers))) /* "uh huh" is no filler */
		i += m;
	if (!n && cw_words_match_any(&ws, i, weak_yes)) {
		size_t at = skip(&ws, i, weak_yes);

		m = opening(&ws, at, &next);
		if (m) { /* "okay no", "right yes" */
			i = at;
			n = m;
			value = next;
		}
	}
	if (!n) {
		bool is_weak = cw_words_match_any(&ws, i, weak_yes) > 0;

		value = is_weak ? weak(&ws, &i) : elsewhere(&ws, i);
		if (rest)
			*rest = is_weak && value == CW_YESNO_YES ? cw_words_slice(&ws, text, i, ws.n)
								 : (struct cw_str){"", 0};
		if (rest && value == CW_YESNO_OTHER)
			*rest = text;
		return value;
	}
	i += n;
	/* "yeah no", "no yeah", "no no no", "yes that's right": the last of a run of answers counts, unsure stays */
	while ((m = opening(&ws, i, &next)) && value != CW_YESNO_CORRECTION &&
		(next == CW_YESNO_YES || next == CW_YESNO_NO || next == CW_YESNO_CORRECTION)) {
		if (next != value && value == CW_YESNO_NO && cw_words_match_any(&ws, i, after_no))
			break;
		value = next;
		i += m;
	}
	if (!cw_words_is(&ws, i, "but"))
		i = skip(&ws, i, fillers);
	if (value == CW_YESNO_NO)
		value = after_a_no(&ws, &i);
	else if (value == CW_YESNO_YES)
		value = after_a_yes(&ws, &i);
	else if (value == CW_YESNO_CORRECTION)
		i = skip(&ws, i, correction_leads);
	if (rest)
		*rest = cw_words_slice(&ws, text, i, ws.n);
	return value;
}
