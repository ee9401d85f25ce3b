#include "language/intent.h"

#include <errno.h>

#include "base/mem.h"
#include "language/intent_int.h"

#define NEGATION_REACH 3
#define PATTERN_SCORE  0.7
#define SWALLOWED_COST 0.1

struct keyword {
	const char *phrase;
	double weight;
};

struct intent {
	const char *name;
	struct intent_program *patterns;
	size_t n_patterns;
	struct keyword *keywords;
	size_t n_keywords;
};

struct cw_intents {
	struct intent *list;
	size_t n;
};

static int copy_keywords(struct cw_intents *in, const struct cw_intent_def *def, struct intent *to, struct cw_why *why)
{
	to->keywords = talloc_zero_array(in, struct keyword, def->n_keywords);
	if (!to->keywords)
		return ENOMEM;
	for (size_t i = 0; i < def->n_keywords; i++) {
		CW_SCOPED struct cw_words *ws = talloc(NULL, struct cw_words);
		char folded[256];

		if (!ws)
			return ENOMEM;
		if (!(def->keywords[i].weight >= 0 && def->keywords[i].weight <= 1))
			return cw_why_set(why, EINVAL, "intent '%s': the weight of '%s' must lie in 0 … 1", def->name,
				def->keywords[i].phrase);
		cw_words_init(ws, cw_str(def->keywords[i].phrase));
		if (!cw_words_join(ws, 0, ws->n, folded, sizeof(folded)))
			return cw_why_set(why, EINVAL, "intent '%s': a keyword is empty", def->name);
		to->keywords[i].phrase = talloc_strdup(to->keywords, folded);
		to->keywords[i].weight = def->keywords[i].weight;
		if (!to->keywords[i].phrase)
			return ENOMEM;
	}
	to->n_keywords = def->n_keywords;
	return 0;
}

static int copy_intent(struct cw_intents *in, const struct cw_intent_def *def, struct intent *to, struct cw_why *why)
{
	struct cw_why inner = {0};

	to->name = talloc_strdup(in, def->name);
	to->patterns = talloc_zero_array(in, struct intent_program, def->n_patterns);
	if (!to->name || !to->patterns)
		return ENOMEM;
	for (size_t i = 0; i < def->n_patterns; i++) {
		int err = intent_compile(to->patterns, def->patterns[i], &to->patterns[i], &inner);

		if (err == EINVAL)
			return cw_why_set(why, err, "intent '%s': %s", def->name, inner.text);
		if (err)
			return err;
	}
	to->n_patterns = def->n_patterns;
	return copy_keywords(in, def, to, why);
}

int cw_intents_new(
	void *parent, const struct cw_intent_def *defs, size_t n, struct cw_intents **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_intents *in = talloc_zero(NULL, struct cw_intents);

	if (!in)
		return cw_why_set(why, ENOMEM, "out of memory");
	in->list = talloc_zero_array(in, struct intent, n);
	if (!in->list)
		return cw_why_set(why, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		int err = copy_intent(in, &defs[i], &in->list[i], why);

		if (err)
			return cw_why_set(why, err, "out of memory");
	}
	in->n = n;
	*ret = talloc_move(parent, &in);
	return 0;
}

/* Is the word at @at under a "don't" shortly before it ("but" ends its reach)? */
static bool negated(const struct cw_words *ws, size_t at)
{
	for (size_t i = at; i-- > 0 && at - i <= NEGATION_REACH;) {
		if (cw_words_in(ws, i, "but and so"))
			return false;
		if (cw_words_in(ws, i, "don't dont not never didn't won't doesn't cannot without"))
			return i == 0 || !cw_words_is(ws, i - 1, "why");
	}
	return false;
}

static size_t keyword_at(const struct cw_words *ws, size_t i, const char *phrase)
{
	struct cw_str rest = cw_str(phrase), word;
	size_t n = 0;

	while (cw_str_split(&rest, ' ', &word)) {
		char text[64];

		if (i + n >= ws->n || word.len >= sizeof(text))
			return 0;
		(void)snprintf(text, sizeof(text), "%.*s", CW_STR(word));
		if (intent_same_word(ws->w[i + n], text) <= 0)
			return 0;
		n++;
	}
	return n;
}

static double keyword_score(const struct intent *in, const struct cw_words *ws)
{
	double miss = 1;

	for (size_t k = 0; k < in->n_keywords; k++)
		for (size_t i = 0; i < ws->n; i++)
			if (keyword_at(ws, i, in->keywords[k].phrase) && !negated(ws, i)) {
				miss *= 1 - in->keywords[k].weight;
				break;
			}
	return 1 - miss;
}

/* Content words which a star or a gap let pass between the pattern's own. */
static double swallowed(const struct cw_words *ws, const struct intent_match *m)
{
	double n = -m->explained;

	for (size_t i = m->from; i < m->to; i++)
		n += !intent_is_filler(ws, i);
	return n > 0 ? n : 0;
}

static double pattern_score(
	const struct intent *in, const struct cw_words *ws, size_t content, struct intent_match *best)
{
	double score = 0;

	for (size_t k = 0; k < in->n_patterns; k++) {
		struct intent_match m;

		if (!intent_run(&in->patterns[k], ws, &m) || negated(ws, m.from))
			continue;

		double share = content ? m.explained / (double)content : 1;
		double s = PATTERN_SCORE + (1 - PATTERN_SCORE) * (share > 1 ? 1 : share) -
			   swallowed(ws, &m) * SWALLOWED_COST;

		if (s > score) {
			score = s;
			*best = m;
		}
	}
	return score;
}

static void fill_captures(
	struct cw_intent_hit *hit, const struct intent_match *m, const struct cw_words *ws, struct cw_str text)
{
	hit->n_captures = m->n_captures;
	for (size_t i = 0; i < m->n_captures; i++) {
		hit->captures[i].name = m->captures[i].name;
		hit->captures[i].text = cw_words_slice(ws, text, m->captures[i].from, m->captures[i].to);
	}
}

size_t cw_intents_rank(
	const struct cw_intents *in, struct cw_str text, double threshold, struct cw_intent_hit *hits, size_t max)
{
	struct cw_words ws;
	size_t n = 0, content = 0;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++)
		content += !intent_is_filler(&ws, i);
	for (size_t k = 0; k < in->n; k++) {
		struct intent_match m = {.n_captures = 0};
		struct cw_intent_hit hit = {.name = in->list[k].name};
		double p = pattern_score(&in->list[k], &ws, content, &m);
		size_t at;

		hit.score = 1 - (1 - p) * (1 - keyword_score(&in->list[k], &ws));
		if (hit.score < threshold || hit.score <= 0)
			continue;
		fill_captures(&hit, &m, &ws, text);
		for (at = n; at > 0 && hits[at - 1].score < hit.score; at--)
			if (at < max)
				hits[at] = hits[at - 1];
		if (at < max)
			hits[at] = hit;
		if (n < max)
			n++;
	}
	return n;
}

bool cw_intents_best(const struct cw_intents *in, struct cw_str text, struct cw_intent_hit *hit)
{
	*hit = (struct cw_intent_hit){.name = NULL};
	return cw_intents_rank(in, text, CW_INTENT_THRESHOLD, hit, 1) > 0;
}

bool cw_intent_matches(const char *pattern, struct cw_str text)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct intent_program p;
	struct intent_match m;
	struct cw_words ws;

	if (!scope || intent_compile(scope, pattern, &p, NULL))
		return false;
	cw_words_init(&ws, text);
	return intent_run(&p, &ws, &m);
}
