/* Assertions on how near the words are to a reference, and on their number. */
#include <errno.h>
#include <string.h>

#include "base/norm.h"
#include "language/textscore.h"
#include "trial/check/check_int.h"

#define REFS_MAX 32

static const char *const edit_keys[] = {"value", "threshold", "by", "exact", NULL};
static const char *const score_keys[] = {"value", "threshold", "by", NULL};
static const char *const count_keys[] = {"value", "by", NULL};

static int too_long(void *parent, struct cw_check *c, int err)
{
	return err == ENOMEM ? err : cw_check_error(parent, c, "the words are too long to be scored (64 KB)");
}

static int run_levenshtein(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	double max = cw_json_num(a->conf, "threshold", 5);
	const char *value = cw_json_str(a->conf, "value", ""), *text = NULL;
	size_t edits = 0;
	int err = cw_check_say(parent, &c->expected, "at most %g edits from \"%s\"", max, value);

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	if (!cw_check_literal(v, a)) {
		text = cw_norm_match(parent, cw_str(text));
		value = cw_norm_match(parent, cw_str(value));
		if (!text || !value)
			return ENOMEM;
	}
	err = cw_levenshtein(cw_str(value), cw_str(text), &edits);
	if (err)
		return too_long(parent, c, err);
	c->status = (double)edits <= max ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL)
		c->reason = "too far from it";
	return cw_check_say(parent, &c->got, "%zu edits: \"%.200s\"", edits, text);
}

/* ---- scores ---- */

struct refs {
	struct cw_str r[REFS_MAX];
	size_t n;
};

static void read_refs(const json_t *value, struct refs *refs)
{
	refs->n = 0;
	if (json_is_string(value))
		refs->r[refs->n++] = cw_str(json_string_value(value));
	for (size_t i = 0; i < json_array_size(value) && refs->n < REFS_MAX; i++)
		refs->r[refs->n++] = cw_str(json_string_value(json_array_get(value, i)));
}

static int rouge(const struct refs *refs, struct cw_str text, double *ret)
{
	struct cw_prf best = {0};

	for (size_t i = 0; i < refs->n; i++) {
		struct cw_prf s;
		int err = cw_rouge_n(refs->r[i], text, 1, &s);

		if (err)
			return err;
		best = s.f1 > best.f1 ? s : best;
	}
	*ret = best.f1;
	return 0;
}

static int bleu(const struct refs *refs, struct cw_str text, double *ret)
{
	return cw_bleu(refs->r, refs->n, text, NULL, CW_BLEU_EPSILON, ret);
}

static int gleu(const struct refs *refs, struct cw_str text, double *ret)
{
	return cw_gleu(refs->r, refs->n, text, ret);
}

static int meteor(const struct refs *refs, struct cw_str text, double *ret)
{
	return cw_meteor(refs->r, refs->n, text, ret);
}

static const struct {
	const char *name, *shown;
	double threshold;
	int (*fn)(const struct refs *refs, struct cw_str text, double *ret);
} scores[] = {
	{"rouge-n", "ROUGE-1", 0.75, rouge},
	{"bleu", "BLEU", 0.5, bleu},
	{"gleu", "GLEU", 0.5, gleu},
	{"meteor", "METEOR", 0.5, meteor},
};

static int run_score(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *text = NULL;
	struct refs refs;
	double score = 0;
	size_t i = 0;
	int err = cw_check_one_text(parent, v, a, play, c, &text);

	while (strcmp(scores[i].name, a->kind->name))
		CW_ASSERT(++i < CW_COUNT(scores)); /* every name of the table is listed above */
	if (err || !text)
		return err;
	read_refs(json_object_get(a->conf, "value"), &refs);
	err = scores[i].fn(&refs, cw_str(text), &score);
	if (err)
		return too_long(parent, c, err);
	return cw_check_by_score(
		parent, c, scores[i].shown, score, cw_json_num(a->conf, "threshold", scores[i].threshold));
}

/* ---- number of words ---- */

static int run_count(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value");
	double exact = json_is_number(value) ? json_number_value(value) : -1;
	double min = exact >= 0 ? exact : cw_json_num(value, "min", 0);
	double max = exact >= 0 ? exact : cw_json_num(value, "max", 1e18);
	const char *text = NULL;
	int err = cw_check_show(parent, value, &c->expected);

	if (!err)
		err = cw_check_say(parent, &c->expected, "%s words", c->expected);
	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;

	double n = (double)cw_word_count(cw_str(text));

	c->status = n >= min && n <= max ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL)
		c->reason = n > max ? "too many" : "too few";
	return cw_check_say(parent, &c->got, "%g words", n);
}

/* ---- values in the file ---- */

static int validate_edit(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_text(conf, why);

	if (!err)
		err = cw_check_threshold(conf, 0, 65536, false, why);
	return err ? err : cw_check_valid_by(conf, why);
}

static int validate_score(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_list(conf, why);

	if (!err && json_array_size(json_object_get(conf, "value")) > REFS_MAX)
		return cw_why_set(why, EINVAL, "'value' may list at most %d references", REFS_MAX);
	if (!err && cw_json_num(conf, "threshold", 1) <= 0)
		return cw_why_set(why, EINVAL, "'threshold' must be above 0: else it could not fail");
	if (!err)
		err = cw_check_threshold(conf, 0, 1, false, why);
	return err ? err : cw_check_valid_by(conf, why);
}

static int validate_count(const json_t *conf, struct cw_why *why)
{
	const json_t *value = json_object_get(conf, "value");

	if (json_is_object(value)) {
		const char *key;
		json_t *x;

		json_object_foreach ((json_t *)(uintptr_t)value, key, x) {
			if (strcmp(key, "min") && strcmp(key, "max"))
				return cw_why_set(why, EINVAL, "'value' may have min and max, not '%s'", key);
		}
		return cw_check_needs_limits(value, why);
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return cw_why_set(why, EINVAL, "'value' must be a whole number or {min: …, max: …}");
	return cw_check_valid_by(conf, why);
}

const struct cw_check_kind cw_checks_score[] = {
	{"levenshtein", "at most `threshold` (5) edits of characters between the words and `value`", CW_CHECK_ANYWHERE,
		edit_keys, validate_edit, run_levenshtein, NULL, 0, NULL},
	{"rouge-n", "ROUGE-1 (F1) of the words against `value` reaches `threshold` (0.75)", CW_CHECK_ANYWHERE,
		score_keys, validate_score, run_score, NULL, 0, NULL},
	{"bleu", "BLEU-4 of the words against one or several `value` reaches `threshold` (0.5)", CW_CHECK_ANYWHERE,
		score_keys, validate_score, run_score, NULL, 0, NULL},
	{"gleu", "Google-BLEU reaches `threshold` (0.5)", CW_CHECK_ANYWHERE, score_keys, validate_score, run_score,
		NULL, 0, NULL},
	{"meteor", "METEOR (exact words and stems, no synonyms) reaches `threshold` (0.5)", CW_CHECK_ANYWHERE,
		score_keys, validate_score, run_score, NULL, 0, NULL},
	{"word-count", "the number of words is `value`, or within its {min, max}", CW_CHECK_ANYWHERE, count_keys,
		validate_count, run_count, NULL, 0, NULL},
	{0},
};
