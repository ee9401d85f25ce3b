#include "trial/dataset/audit.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "language/embed.h"
#include "language/pii.h"
#include "trial/dataset/dataset_int.h"
#include "trial/dataset/version.h"

#define ALL_PAIRS_MAX 1000
#define NEAR          0.95
enum { BANDS = 8, ROWS = 4 };

struct digested {
	char content[CW_DIGEST_HEX + 1]; /* without its id */
	uint64_t key;                    /* the band that is sorted by */
	uint64_t bands[BANDS];
	const char *split; /* of cw_splits, "" */
	uint32_t index;
};

struct auditing {
	const struct cw_audit_conf *conf;
	struct cw_audit *found;
	struct cw_dataset *d;
	char *cases; /* path of cases.jsonl */
	struct digested *list;
	struct cw_embed *embed;
};

static void tell(struct auditing *a, const char *file, unsigned line, const char *fmt, ...) CW_PRINTF(4, 5);
static void tell(struct auditing *a, const char *file, unsigned line, const char *fmt, ...)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	va_list ap;

	va_start(ap, fmt);
	cw_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	a->found->problems++;
	a->conf->problem(
		&(struct cw_dataset_problem){file, line, b.p ? b.p : "is not as it should be", false}, a->conf->arg);
}

static void on_open(const struct cw_dataset_problem *p, void *arg)
{
	struct auditing *a = arg;

	a->found->problems++;
	a->found->opened++;
	a->found->edited += p->edited;
	a->conf->problem(p, a->conf->arg);
}

/* ---- personal data ---- */

static bool holds(struct cw_str s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.len; i++)
		if (!strncasecmp(s.p + i, word, n))
			return true;
	return false;
}

/* Numbers and addresses which are set aside for examples, and those that replay writes. */
static bool is_fictional(const struct cw_pii *p)
{
	char digits[24] = "";
	size_t n = 0;

	for (size_t i = 0; i < p->at.len && n < sizeof(digits) - 1; i++)
		if (isdigit((unsigned char)p->at.p[i]))
			digits[n++] = p->at.p[i];
	digits[n] = 0;
	switch (p->kind) {
	case CW_PII_PHONE:
		return n >= 7 && !strncmp(digits + n - 7, "55501", 5);
	case CW_PII_CARD:
		return !strcmp(digits, "4111111111111111");
	case CW_PII_SSN:
		return !strncmp(digits, "98765432", 8);
	default:
		return holds(p->at, "example");
	}
}

struct personal {
	unsigned kinds;
};

static bool on_personal(const struct cw_pii *p, void *arg)
{
	if (!is_fictional(p))
		((struct personal *)arg)->kinds |= CW_PII_BIT(p->kind);
	return true;
}

static void check_personal(struct auditing *a, size_t i, const json_t *c)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4 * CW_CASE_LINE_MAX);
	struct personal p = {0};

	cw_case_texts(c, &b);
	(void)cw_pii_find(cw_buf_str(&b), CW_PII_ALL, on_personal, &p); /* the kinds are what counts */
	for (int k = 0; k < CW_PII_KINDS; k++)
		if (p.kinds & CW_PII_BIT(k))
			tell(a, a->cases, (unsigned)i + 1,
				"case '%s' holds personal data (%s); --allow-personal when that is meant",
				cw_dataset_id(a->d, i), cw_pii_kind_name((enum cw_pii_kind)k));
}

/* ---- clips ---- */

static int check_clip(struct auditing *a, size_t i, const json_t *turn)
{
	const json_t *play = json_object_get(turn, "play");
	const char *file = cw_json_str(play, "file", "");
	CW_SCOPED char *path = cw_dataset_path(NULL, a->d, file);
	char hex[CW_DIGEST_HEX + 1];

	if (!path)
		return ENOMEM;
	if (!play)
		return 0;
	a->found->clips++;
	if (strlen(file) != 6 + CW_DIGEST_HEX + 4 || strncmp(file, "audio/", 6) != 0 ||
		strcmp(file + 6 + CW_DIGEST_HEX, ".wav") != 0)
		tell(a, a->cases, (unsigned)i + 1, "case '%s': a clip must be named audio/<sha256>.wav, not '%.80s'",
			cw_dataset_id(a->d, i), file);
	else if (cw_digest_file(path, hex))
		tell(a, path, 0, "is missing or cannot be read (case '%s')", cw_dataset_id(a->d, i));
	else if (strncmp(hex, file + 6, CW_DIGEST_HEX) != 0)
		tell(a, path, 0, "was changed: its SHA-256 is %.16s…", hex);
	return 0;
}

static int check_clips(struct auditing *a, size_t i, const json_t *c)
{
	static const char *const keys[] = {"input", "answers"};
	int err = 0;

	for (size_t k = 0; k < CW_COUNT(keys); k++) {
		const json_t *list = json_object_get(c, keys[k]);

		for (size_t n = 0; !err && n < json_array_size(list); n++)
			err = check_clip(a, i, json_array_get(list, n));
	}
	return err;
}

/* ---- duplicates ---- */

static uint64_t mix(uint64_t h)
{
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u; /* splitmix64's finaliser (Steele, Lea, Flood 2014) */
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
	return h ^ (h >> 31);
}

/* Minhashes (Broder 1997) of the words, put together by bands. */
static void put_bands(struct cw_str text, uint64_t bands[BANDS])
{
	uint64_t least[BANDS * ROWS];

	memset(least, 0xff, sizeof(least));
	for (size_t i = 0; i < text.len;) {
		uint64_t h = 14695981039346656037u;
		size_t from = i;

		for (; i < text.len && (isalnum((unsigned char)text.p[i]) || (unsigned char)text.p[i] >= 0x80); i++)
			h = (h ^ (uint64_t)tolower((unsigned char)text.p[i])) * 1099511628211u;
		if (i == from) {
			i++;
			continue;
		}
		for (size_t k = 0; k < BANDS * ROWS; k++) {
			uint64_t v = mix(h + k * 0x9e3779b97f4a7c15u);

			least[k] = v < least[k] ? v : least[k];
		}
	}
	for (size_t b = 0; b < BANDS; b++) {
		bands[b] = b;
		for (size_t r = 0; r < ROWS; r++)
			bands[b] = mix(bands[b] ^ least[b * ROWS + r]);
	}
}

static int digest_case(struct auditing *a, size_t i, json_t *c)
{
	CW_BUF_SCOPED struct cw_buf words = CW_BUF(CW_CASE_LINE_MAX);
	const char *split = cw_json_str(c, "split", "");
	struct digested *d = &a->list[i];

	*d = (struct digested){.split = "", .index = (uint32_t)i};
	for (size_t s = 0; cw_splits[s]; s++)
		if (!strcmp(cw_splits[s], split))
			d->split = cw_splits[s];
	cw_case_words(c, &words);
	put_bands(cw_buf_str(&words), d->bands);
	if (json_object_set_new(c, "id", json_string("x"))) /* the last thing that is done with it */
		return ENOMEM;
	return cw_case_content(c, d->content);
}

static void tell_pair(struct auditing *a, const struct digested *x, const struct digested *y, const char *how)
{
	bool leak = strcmp(x->split, y->split) != 0;

	tell(a, a->cases, y->index + 1, "case '%s' is %s as '%s' (line %u)%s%s%s%s", cw_dataset_id(a->d, y->index), how,
		cw_dataset_id(a->d, x->index), x->index + 1, leak ? ", which leaks from " : "", leak ? y->split : "",
		leak ? " to " : "", leak ? x->split : "");
}

static int compare_pair(struct auditing *a, const struct digested *x, const struct digested *y)
{
	CW_JSON_SCOPED json_t *first = NULL, *second = NULL;
	CW_BUF_SCOPED struct cw_buf p = CW_BUF(CW_CASE_LINE_MAX), q = CW_BUF(CW_CASE_LINE_MAX);
	double cosine = 0;
	int err;

	if (!strcmp(x->content, y->content)) {
		tell_pair(a, x, y, "the same");
		return 0;
	}
	err = cw_dataset_get(a->d, x->index, &first);
	if (!err)
		err = cw_dataset_get(a->d, y->index, &second);
	if (err)
		return err;
	cw_case_words(first, &p);
	cw_case_words(second, &q);
	if (p.len && q.len)
		err = cw_embed_similarity(a->embed, cw_buf_str(&p), cw_buf_str(&q), &cosine);
	if (!err && cosine > NEAR)
		tell_pair(a, x, y, "nearly the same");
	return err;
}

static int by_key(const void *p, const void *q)
{
	const struct digested *x = p, *y = q;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Neighbours that share a band and none before it; each with the first of its band. */
static int compare_bands(struct auditing *a, size_t n)
{
	int err = 0;

	for (unsigned band = 0; !err && band < BANDS; band++) {
		for (size_t i = 0; i < n; i++)
			a->list[i].key = a->list[i].bands[band];
		qsort(a->list, n, sizeof(a->list[0]), by_key);
		for (size_t i = 1, first = 0; !err && i < n; i++) {
			bool before = false;

			if (a->list[i].bands[band] != a->list[first].bands[band]) {
				first = i;
				continue;
			}
			for (unsigned k = 0; k < band; k++)
				before = before || a->list[i].bands[k] == a->list[first].bands[k];
			if (!before)
				err = compare_pair(a, &a->list[first], &a->list[i]);
		}
	}
	return err;
}

static int check_pairs(struct auditing *a, size_t n)
{
	int err = cw_embed_open(a->list, NULL, &(struct cw_embed_conf){0}, &a->embed, NULL);

	if (err)
		return err;
	if (n > ALL_PAIRS_MAX)
		return compare_bands(a, n);
	for (size_t i = 0; !err && i < n; i++)
		for (size_t k = 0; !err && k < i; k++)
			err = compare_pair(a, &a->list[k], &a->list[i]);
	return err;
}

/* ---- all of it ---- */

static int check_cases(struct auditing *a)
{
	size_t n = cw_dataset_count(a->d);
	int err = 0;

	a->list = talloc_array(a->d, struct digested, n + 1);
	if (!a->list)
		return ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		CW_JSON_SCOPED json_t *c = NULL;

		err = cw_dataset_get(a->d, i, &c);
		if (!err && !a->conf->allow_personal)
			check_personal(a, i, c);
		if (!err)
			err = check_clips(a, i, c);
		if (!err)
			err = digest_case(a, i, c);
	}
	if (!err && !a->conf->allow_duplicates)
		err = check_pairs(a, n);
	(void)talloc_free(a->list);
	return err;
}

static int check_versions(struct auditing *a)
{
	const char *dir = cw_dataset_dir(a->d);
	unsigned last = cw_version_last(dir);

	for (unsigned n = 1; n <= last; n++) {
		CW_SCOPED struct cw_dataset *v = NULL;
		struct cw_why why = {0};
		int err = cw_version_open(NULL, dir, n, &v, &why);

		if (err == ENOMEM)
			return err;
		if (err)
			tell(a, why.file[0] ? why.file : dir, why.line, "version %u: %s", n, why.text);
		a->found->versions++;
	}
	if (cw_json_int(cw_dataset_meta(a->d), "version", 0) != (int64_t)last)
		tell(a, dir, 0, "dataset.yaml says version %lld, versions/ holds 1 to %u",
			(long long)cw_json_int(cw_dataset_meta(a->d), "version", 0), last);
	return 0;
}

int cw_audit(void *parent, const char *dir, const struct cw_audit_conf *conf, struct cw_audit *found,
	struct cw_dataset **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_dataset *d = NULL;
	struct auditing a = {.conf = conf, .found = found};
	int err;

	*found = (struct cw_audit){0};
	err = cw_dataset_open(NULL, dir, on_open, &a, &d, why);
	if (err)
		return err;
	a.d = d;
	a.cases = cw_dataset_path(d, d, "cases.jsonl");
	found->cases = cw_dataset_count(d);
	err = a.cases ? check_cases(&a) : ENOMEM;
	if (!err)
		err = check_versions(&a);
	if (err)
		return cw_why_set(why, err, "%s: %s", dir, strerror(err));
	if (ret)
		*ret = talloc_move(parent, &d);
	return 0;
}
