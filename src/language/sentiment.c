#include "language/sentiment.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "language/phrase.h"
#include "language/sentiment_int.h"

#define REACH      3    /* a negator or intensifier acts on so many words behind it */
#define TURN       -0.7 /* "not good" is less bad than "bad" */
#define STRONGER   1.4
#define WEAKER     0.6
#define BEFORE_BUT 0.5
#define AFTER_BUT  1.3
#define EXCLAIM    0.3 /* each of at most three marks adds so much */
#define HALF       4.0 /* a sum of this gives a score of 0.5 */

struct tally {
	double sum;
	unsigned hits;
};

static bool listed(const char *list, struct cw_str word)
{
	char key[64];

	if (!word.len || word.len > sizeof(key) - 3)
		return false;
	key[0] = ' ';
	memcpy(key + 1, word.p, word.len);
	key[word.len + 1] = ' ';
	key[word.len + 2] = 0;
	return strstr(list, key) != NULL;
}

static int weight_in(const struct cw_sentiment_lexicon *l, struct cw_str word)
{
	for (const struct cw_sentiment_group *g = l->groups; g->words; g++)
		if (listed(g->words, word))
			return g->weight;
	return 0;
}

/* The word, or what is left of it without one of the endings. */
static int weight_of(const struct cw_sentiment_lexicon *l, struct cw_str word)
{
	struct cw_str endings = cw_str_trim(cw_str(l->endings)), ending;
	int weight = weight_in(l, word);

	while (!weight && cw_str_split(&endings, ' ', &ending)) {
		struct cw_str stem = {word.p, word.len - ending.len};

		if (word.len >= ending.len + 3 && memcmp(word.p + stem.len, ending.p, ending.len) == 0)
			weight = weight_in(l, stem);
	}
	return weight;
}

static size_t phrase_at(const struct cw_sentiment_lexicon *l, const struct cw_words *ws, size_t i, int *weight)
{
	for (const struct cw_sentiment_phrase *p = l->phrases; p->pattern; p++) {
		size_t n = cw_phrase_match(ws, i, p->pattern);

		if (n) {
			*weight = p->weight;
			return n;
		}
	}
	return 0;
}

/* What the words in front make of a weight. */
static double coloured(const struct cw_sentiment_lexicon *l, const struct cw_words *ws, size_t i, double weight)
{
	bool turned = false;

	for (size_t back = 1; back <= REACH && back <= i; back++) {
		struct cw_str word = ws->w[i - back];

		if (listed(l->but, word))
			break;
		if (listed(l->negators, word) && !turned) {
			weight *= TURN;
			turned = true;
		} else if (back <= 2 && listed(l->stronger, word)) {
			weight *= STRONGER;
		} else if (back <= 2 && listed(l->weaker, word)) {
			weight *= WEAKER;
		}
		if (ws->at[i - back + 1].pause && !turned)
			break;
	}
	return weight;
}

static void read_sentence(const struct cw_sentiment_lexicon *l, const struct cw_words *ws, struct tally *t)
{
	double sum = 0;
	bool after_but = false;

	for (size_t i = 0; i < ws->n;) {
		int weight = 0;
		size_t n = phrase_at(l, ws, i, &weight);

		if (!n && listed(l->but, ws->w[i]) && i) {
			sum *= BEFORE_BUT;
			after_but = true;
		} else if (!n) {
			weight = weight_of(l, ws->w[i]);
		}
		if (weight) {
			double w = weight / 10.0;

			t->hits++;
			sum += (n ? w : coloured(l, ws, i, w)) * (after_but ? AFTER_BUT : 1);
		}
		i += n ? n : 1;
	}
	t->sum += sum;
}

static struct tally read_text(const struct cw_sentiment_lexicon *l, struct cw_str text)
{
	struct tally t = {0};
	struct cw_str rest = text, sentence;
	unsigned marks = 0;

	while (cw_phrase_sentence(&rest, &sentence)) {
		struct cw_words ws;

		cw_words_init(&ws, sentence);
		read_sentence(l, &ws, &t);
	}
	for (size_t i = 0; i < text.len && marks < 3; i++)
		marks += text.p[i] == '!';
	if (t.sum > 0)
		t.sum += EXCLAIM * marks;
	else if (t.sum < 0)
		t.sum -= EXCLAIM * marks;
	return t;
}

static void conclude(struct tally t, struct cw_sentiment *ret)
{
	ret->score = t.sum / (fabs(t.sum) + HALF);
	ret->hits = t.hits;
	ret->class = ret->score > CW_SENTIMENT_EDGE    ? CW_SENTIMENT_POSITIVE
		     : ret->score < -CW_SENTIMENT_EDGE ? CW_SENTIMENT_NEGATIVE
						       : CW_SENTIMENT_NEUTRAL;
}

static bool is_language(const char *tag, const char *code)
{
	size_t n = strlen(code);

	return strncmp(tag, code, n) == 0 && (tag[n] == 0 || tag[n] == '-' || tag[n] == '_');
}

int cw_sentiment_read(struct cw_str text, const char *language, struct cw_sentiment *ret)
{
	struct tally best = {0};
	bool any = false;

	for (const struct cw_sentiment_lexicon *l = cw_sentiment_lexicons; l->language; l++) {
		if (language && !is_language(language, l->language))
			continue;

		struct tally t = read_text(l, text);

		if (!any || t.hits > best.hits)
			best = t;
		any = true;
	}
	if (!any)
		return EINVAL;
	conclude(best, ret);
	return 0;
}

const char *cw_sentiment_name(enum cw_sentiment_class c)
{
	return c == CW_SENTIMENT_POSITIVE ? "positive" : c == CW_SENTIMENT_NEGATIVE ? "negative" : "neutral";
}

bool cw_sentiment_parse(struct cw_str name, enum cw_sentiment_class *ret)
{
	for (int c = CW_SENTIMENT_NEGATIVE; c <= CW_SENTIMENT_POSITIVE; c++) {
		if (cw_str_eq_fold(name, cw_sentiment_name(c))) {
			*ret = c;
			return true;
		}
	}
	return false;
}
