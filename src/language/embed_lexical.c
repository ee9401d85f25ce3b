#include <errno.h>
#include <math.h>

#include "base/words.h"
#include "language/embed.h"

/*
 * A sentence is the weighted bag of its words and of their character 3- and 4-grams ("<fur", "furn", …), hashed to places and signs of a
 * vector (feature hashing: Weinberger et al. 2009). Function words weigh little; a feature's sum is damped. The constants
 * are those that did best on the training part of STS-B (en, de, es, fr), and were not touched after looking at dev.
 */

#define DIMENSION    2048
#define WORD_MAX     48   /* letters of a word looked at; the rest only through the whole word */
#define WORDS_MAX    4096 /* of a text */
#define DAMPING      0.7f
#define GRAMS_WEIGHT 2.0f

struct feature {
	uint64_t hash;
	float weight;
};

struct features {
	struct feature *f;
	size_t n, room;
	bool full; /* out of memory */
};

/* Function words of the languages we hear most, by hand: those that may stand in any sentence, then those that nearly may. */
static const char lightest[] = " a an the of to in is are on and at it for be was by with as s "
			       "der die das ein eine einen einem einer und ist in im zu den dem des am auf von mit es "
			       "el la los las un una de del en y a es que se al lo por con "
			       "le les l d du des et à au aux est en dans sur une que qui "
			       "il lo gli i di e per su che da della del nel sta è "
			       "o os as um uma do da em no na e é está ao com para "
			       "het een van op te de dat die "
			       "w na z się do i o и в на с ";
static const char light[] =
	" this that these those there here his her its their my your our he she they we you i me him them us or but if so "
	"from has have had were been being will would can could do does did am into out up down over about than then "
	"which who what when where how while two one some any more very just also said "
	"sie er wir ihr ich du sich für an bei aus nach über vor als wie auch dass war wird werden sind hat haben zum zur wenn zwei "
	"su sus está están son fue ha han como más para o pero le les me mi tu te dos mientras este esta "
	"il elle ils nous vous je ce cette son sa ses leur se par pour avec ne pas plus sont a ont été ou mais deux fait "
	"si un una uno le con ha hanno sono era dal dei delle alla due come ma più suo sua "
	"são foi que se por dos das numa num ou mas seu sua dois duas mais como "
	"zijn er voor aan met bij uit of was wordt heeft hij zij ze ik je we naar om twee "
	"że to jest po za od dla не по что за из к от до ";

static bool listed(const char *list, size_t len, struct cw_str word)
{
	char key[WORD_MAX + 2];

	if (word.len > WORD_MAX)
		return false;
	key[0] = ' ';
	memcpy(key + 1, word.p, word.len);
	key[word.len + 1] = ' ';
	return memmem(list, len, key, word.len + 2) != NULL;
}

static float weight_of(struct cw_str word)
{
	if (listed(lightest, sizeof(lightest) - 1, word))
		return 0.25f;
	return listed(light, sizeof(light) - 1, word) ? 0.5f : 1.0f;
}

static uint64_t hash_of(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = 1469598103934665603u ^ seed; /* FNV-1a, then mixed as in splitmix64 */

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
	return h ^ (h >> 31);
}

static void add(struct features *fs, uint64_t hash, float weight)
{
	if (fs->n == fs->room) {
		size_t room = fs->room ? fs->room * 2 : 512;
		struct feature *more = talloc_realloc(NULL, fs->f, struct feature, room);

		if (!more) {
			fs->full = true;
			return;
		}
		fs->f = more;
		fs->room = room;
	}
	fs->f[fs->n++] = (struct feature){hash, weight};
}

/* The word, and its character n-grams with a mark at both ends, which share one weight. */
static void add_word(struct features *fs, const uint32_t *chars, size_t n, float weight)
{
	uint32_t marked[WORD_MAX + 2];
	size_t len = n < WORD_MAX ? n : WORD_MAX, count;

	add(fs, hash_of(chars, n * sizeof(*chars), 1), weight);
	marked[0] = '<';
	memcpy(marked + 1, chars, len * sizeof(*chars));
	marked[len + 1] = '>';
	len += 2;
	count = (len >= 3 ? len - 2 : 0) + (len >= 4 ? len - 3 : 0);
	for (size_t size = 3; size <= 4; size++)
		for (size_t i = 0; i + size <= len; i++)
			add(fs, hash_of(marked + i, size * sizeof(*marked), size),
				GRAMS_WEIGHT * weight / sqrtf((float)count));
}

/* Scripts without blanks: each character is a word, each two neighbours another. */
static bool stands_alone(uint32_t c)
{
	return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
	       c >= 0x20000;
}

struct reader {
	struct cw_str rest;
	uint32_t chars[256];
	char bytes[1024];
	size_t n, len;
	uint32_t before; /* the character alone in front, 0 = none */
};

static void end_word(struct features *fs, struct reader *r)
{
	if (r->n)
		add_word(fs, r->chars, r->n, weight_of((struct cw_str){r->bytes, r->len}));
	r->n = r->len = 0;
}

static void take_char(struct features *fs, struct reader *r, uint32_t c)
{
	bool alone = stands_alone(c);

	if (alone || !cw_char_is_word(c)) {
		end_word(fs, r);
		if (alone) {
			uint32_t two[] = {r->before, c};

			add(fs, hash_of(&c, sizeof(c), 1), 1);
			if (r->before)
				add(fs, hash_of(two, sizeof(two), 2), 1);
		}
		r->before = alone ? c : 0;
		return;
	}
	r->before = 0;
	if (r->n == CW_COUNT(r->chars))
		return;
	c = cw_char_lower(c);
	r->chars[r->n++] = c;
	r->len += cw_char_put(c, r->bytes + r->len);
}

static int read_features(struct features *fs, struct cw_str text)
{
	struct reader r = {.rest = text};

	while (r.rest.len && fs->n < (size_t)WORDS_MAX * 16 && !fs->full) {
		size_t n;
		uint32_t c = cw_char_next(r.rest, &n);

		/* "don't" and "l'eau" are two words each: the apostrophe is no letter */
		take_char(fs, &r, c);
		r.rest.p += n;
		r.rest.len -= n;
	}
	end_word(fs, &r);
	return fs->full ? ENOMEM : 0;
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = ((const struct feature *)a)->hash, y = ((const struct feature *)b)->hash;

	return x < y ? -1 : x > y;
}

/* Equal features are added up and damped; each goes to one place with one sign; the vector gets length 1. */
static void project(struct features *fs, float *out)
{
	double length = 0;

	for (size_t i = 0; i < DIMENSION; i++)
		out[i] = 0;
	if (fs->n)
		qsort(fs->f, fs->n, sizeof(*fs->f), by_hash);
	for (size_t i = 0; i < fs->n;) {
		uint64_t hash = fs->f[i].hash;
		float sum = 0;

		for (; i < fs->n && fs->f[i].hash == hash; i++)
			sum += fs->f[i].weight;
		sum = powf(sum, DAMPING);
		out[hash % DIMENSION] += hash >> 63 ? sum : -sum;
	}
	for (size_t i = 0; i < DIMENSION; i++)
		length += (double)out[i] * (double)out[i];
	for (size_t i = 0; length > 0 && i < DIMENSION; i++)
		out[i] = (float)((double)out[i] / sqrt(length));
}

static int lexical_now(const struct cw_embed *e, const struct cw_str *texts, size_t n, float *out)
{
	struct features fs = {0};
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		fs.n = 0;
		err = read_features(&fs, texts[i]);
		if (!err)
			project(&fs, out + i * e->dimension);
	}
	(void)talloc_free(fs.f); /* no destructor */
	return err;
}

static int lexical_open(
	void *parent, struct cw_world *w, const struct cw_embed_conf *conf, struct cw_embed **ret, struct cw_why *why)
{
	struct cw_embed *e;

	if (conf->model && strcmp(conf->model, "lexical-1") != 0)
		return cw_why_set(why, EINVAL, "the lexical driver has one model, lexical-1; not '%s'", conf->model);
	e = talloc(parent, struct cw_embed);
	if (!e)
		return ENOMEM;
	*e = (struct cw_embed){.ops = &cw_embed_lexical, .world = w, .model = "lexical-1", .dimension = DIMENSION};
	*ret = e;
	return 0;
}

const struct cw_embed_ops cw_embed_lexical = {.name = "lexical", .open = lexical_open, .now = lexical_now};
