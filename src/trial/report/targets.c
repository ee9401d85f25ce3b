#include "trial/report/targets.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"
#include "base/stat_boot.h"
#include "trial/report/tally.h"

#define TARGETS_MAX 16
#define NAME_MAX_   64

struct answer { /* of one turn of one call */
	uint64_t turn;
	double ms;
};

struct made {                /* one call */
	uint64_t same, text; /* hashes of what makes two calls the same; `text`: but for voice and channel */
	size_t from, n;      /* its answers */
	bool is_text;
};

struct way {
	char name[NAME_MAX_];
	const char *target;
	size_t n, count[CW_VERDICT_N];
	struct cw_values response, first;
	double errors, words, cost;
	struct answer *answers;
	size_t n_answers;
	struct made *made;
	size_t n_made;
};

struct cw_targets {
	struct way ways[TARGETS_MAX];
	size_t n;
};

int cw_targets_new(void *parent, struct cw_targets **ret)
{
	struct cw_targets *t = talloc_zero(parent, struct cw_targets);

	if (!t)
		return ENOMEM;
	*ret = t;
	return 0;
}

/* ---- adding ---- */

static struct way *way_of(struct cw_targets *t, const json_t *result, const char *name)
{
	struct way *w;

	for (size_t i = 0; i < t->n; i++)
		if (!strncmp(t->ways[i].name, name, NAME_MAX_ - 1))
			return &t->ways[i];
	if (t->n == TARGETS_MAX)
		return NULL;
	w = &t->ways[t->n];
	*w = (struct way){.cost = NAN, .target = talloc_strdup(t, cw_json_str(result, "target", ""))};
	if (!w->target)
		return NULL;
	(void)snprintf(w->name, sizeof(w->name), "%s", name); /* may be cut */
	t->n++;
	return w;
}

static uint64_t mix_text(uint64_t h, const char *text)
{
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t mix_number(uint64_t h, uint64_t n)
{
	return (h ^ n) * 0x100000001b3u;
}

static struct made made_of(const struct way *w, const json_t *r)
{
	const json_t *s = json_object_get(r, "slice");
	const char *voice = cw_json_str(s, "voice", "");
	uint64_t h = mix_text(0xcbf29ce484222325u, cw_json_str(r, "file", ""));

	h = mix_text(h, cw_json_str(r, "test", ""));
	h = mix_text(h, cw_json_str(s, "language", ""));
	h = mix_number(h, (uint64_t)cw_json_int(r, "repeat", 1));
	return (struct made){.text = h,
		.same = mix_text(mix_text(h, voice), cw_json_str(s, "channel", "")),
		.from = w->n_answers,
		.is_text = !strcmp(voice, "text")};
}

/* Room for one more in an array that holds @n: doubled at each power of two. */
static int room(void *parent, void **array, size_t n, size_t size)
{
	void *grown;

	if (n & (n - 1))
		return 0;
	grown = talloc_realloc_size(parent, *array, size * (n ? 2 * n : 1));
	if (!grown)
		return ENOMEM;
	*array = grown;
	return 0;
}

static int add_answers(struct cw_targets *t, struct way *w, const json_t *result, struct made *m)
{
	json_t *turn;
	size_t i;

	json_array_foreach (json_object_get(result, "turns"), i, turn) {
		const json_t *x = json_object_get(turn, "response_ms");
		uint64_t h = mix_text(0, cw_json_str(turn, "of", ""));

		if (!json_is_number(x))
			continue;
		if (room(t, (void **)&w->answers, w->n_answers, sizeof(*w->answers)) ||
			cw_values_add(t, &w->response, json_number_value(x)))
			return ENOMEM;
		w->answers[w->n_answers++] =
			(struct answer){mix_number(h, (uint64_t)cw_json_int(turn, "n", 0)), json_number_value(x)};
		m->n++;
	}
	return 0;
}

static int add_measures(struct cw_targets *t, struct way *w, const json_t *result)
{
	const json_t *word = json_object_get(json_object_get(result, "measures"), "first_word_ms");
	const json_t *wer = json_object_get(json_object_get(result, "wer"), "agent_ear");
	const json_t *cost = json_object_get(result, "cost_usd");

	w->errors += cw_json_num(wer, "errors", 0);
	w->words += cw_json_num(wer, "words", 0);
	if (json_is_number(cost))
		w->cost = (isnan(w->cost) ? 0 : w->cost) + json_number_value(cost);
	return json_is_number(word) ? cw_values_add(t, &w->first, json_number_value(word)) : 0;
}

int cw_targets_add(struct cw_targets *t, const json_t *result)
{
	const char *name = cw_json_str(result, "target_name", "");
	enum cw_verdict v = CW_VERDICT_ERROR;
	struct way *w = name[0] ? way_of(t, result, name) : NULL;
	int err;

	if (!w)
		return name[0] && t->n < TARGETS_MAX ? ENOMEM : 0;
	(void)cw_verdict_of(cw_json_str(result, "verdict", ""), &v); /* an unknown one counts as ERROR */
	w->n++;
	w->count[v]++;
	if (v != CW_VERDICT_PASS && v != CW_VERDICT_FAIL)
		return 0; /* measures nothing */

	struct made m = made_of(w, result);

	err = add_answers(t, w, result, &m);
	if (!err)
		err = room(t, (void **)&w->made, w->n_made, sizeof(*w->made));
	if (err)
		return err;
	w->made[w->n_made++] = m;
	return add_measures(t, w, result);
}

/* ---- pairs ---- */

static const struct made *partner(const struct way *first, const struct made *m, size_t hint)
{
	for (size_t k = 0; k < first->n_made; k++) {
		const struct made *x = &first->made[(hint + k) % first->n_made];

		if (x->same == m->same || ((x->is_text || m->is_text) && x->text == m->text))
			return x;
	}
	return NULL;
}

/* Mean of what @b took longer than @a over the turns answered in both; NAN: none. */
static double longer(const struct way *wa, const struct made *a, const struct way *wb, const struct made *b)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		for (size_t k = 0; k < b->n; k++) {
			const struct answer *x = &wa->answers[a->from + i], *y = &wb->answers[b->from + k];

			if (x->turn != y->turn)
				continue;
			sum += y->ms - x->ms;
			n++;
			break;
		}
	}
	return n ? sum / (double)n : NAN;
}

static int compare(struct cw_targets *t, const struct way *w, size_t *pairs, struct cw_interval *ret)
{
	const struct way *first = &t->ways[0];
	struct cw_values d = {0};
	CW_SCOPED void *scratch = talloc_new(NULL);
	int err = scratch ? 0 : ENOMEM;

	*ret = (struct cw_interval){0};
	for (size_t i = 0; !err && i < w->n_made; i++) {
		const struct made *a = partner(first, &w->made[i], i);
		double x = a ? longer(first, a, w, &w->made[i]) : NAN;

		if (!isnan(x))
			err = cw_values_add(scratch, &d, x);
	}
	*pairs = d.n;
	return err ? err : cw_stat_boot_quantile(d.v, d.n, 0.5, &(struct cw_boot_conf){.seed = 1}, ret);
}

/* ---- telling ---- */

static json_t *wer_json(const struct way *w)
{
	if (!(w->words > 0))
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "errors", w->errors, "words", w->words, "rate", w->errors / w->words);
}

static int add_difference(struct cw_targets *t, const struct way *w, json_t *o)
{
	struct cw_interval d;
	size_t pairs;
	int err = compare(t, w, &pairs, &d);

	if (err)
		return err;
	return json_object_set_new(o, "against", json_string(t->ways[0].name)) ||
			       json_object_set_new(o, "pairs", json_integer((json_int_t)pairs)) ||
			       json_object_set_new(o, "difference_ms",
				       d.known ? json_pack("{s:f, s:f, s:f}", "value", d.value, "lo", d.lo, "hi", d.hi)
					       : json_null())
		       ? ENOMEM
		       : 0;
}

static json_t *way_json(struct cw_targets *t, struct way *w)
{
	size_t k = w->count[CW_VERDICT_PASS], decided = k + w->count[CW_VERDICT_FAIL];
	struct cw_quantiles response = cw_quantiles_of(&w->response), first = cw_quantiles_of(&w->first);
	double lo, hi;
	json_t *o;

	cw_stat_wilson(k, decided, 1.96, &lo, &hi);
	o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:[f, f], s:o, s:o, s:o, s:o}", "name", w->name,
		"target", w->target, "n", (json_int_t)w->n, "pass", (json_int_t)k, "fail",
		(json_int_t)w->count[CW_VERDICT_FAIL], "invalid", (json_int_t)w->count[CW_VERDICT_INVALID], "error",
		(json_int_t)w->count[CW_VERDICT_ERROR], "pass_rate",
		cw_number_json(decided ? (double)k / (double)decided : NAN), "pass_rate_95", lo, hi, "response_ms",
		cw_quantiles_json(&response), "first_word_ms", cw_quantiles_json(&first), "wer", wer_json(w),
		"cost_usd", cw_number_json(w->cost));
	if (o && w != t->ways && add_difference(t, w, o)) {
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *cw_targets_json(struct cw_targets *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && t->n > 1 && i < t->n; i++) {
		if (json_array_append_new(list, way_json(t, &t->ways[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- tables ---- */

static void put_number(
	struct cw_buf *b, const json_t *o, const char *key, double times, int decimals, const char *after)
{
	const json_t *v = json_object_get(o, key);
	char text[40];

	(void)snprintf(text, sizeof(text), "%.*f%s", decimals, times * json_number_value(v), after); /* fits */
	cw_buf_puts(b, json_is_number(v) ? text : "–");
}

static void put_fields(struct cw_buf *b, const json_t *w, const char *sep)
{
	const json_t *range = json_object_get(w, "pass_rate_95"), *d = json_object_get(w, "difference_ms");

	cw_buf_fmt(b, "%lld%s", (long long)cw_json_int(w, "n", 0), sep);
	put_number(b, w, "pass_rate", 100, 0, " %");
	if (json_is_number(json_object_get(w, "pass_rate")))
		cw_buf_fmt(b, " (%.0f–%.0f)", 100 * json_number_value(json_array_get(range, 0)),
			100 * json_number_value(json_array_get(range, 1)));
	cw_buf_puts(b, sep);
	put_number(b, json_object_get(w, "response_ms"), "p50", 1, 0, "");
	cw_buf_puts(b, sep);
	put_number(b, json_object_get(w, "response_ms"), "p95", 1, 0, "");
	cw_buf_puts(b, sep);
	put_number(b, json_object_get(w, "first_word_ms"), "p50", 1, 0, "");
	cw_buf_puts(b, sep);
	put_number(b, json_object_get(w, "wer"), "rate", 100, 1, " %");
	cw_buf_puts(b, sep);
	if (!json_object_get(w, "against"))
		cw_buf_puts(b, "the first");
	else if (json_is_object(d))
		cw_buf_fmt(b, "%+.0f (%+.0f … %+.0f), %lld pairs", cw_json_num(d, "value", 0), cw_json_num(d, "lo", 0),
			cw_json_num(d, "hi", 0), (long long)cw_json_int(w, "pairs", 0));
	else
		cw_buf_fmt(b, "not estimable from %lld pairs", (long long)cw_json_int(w, "pairs", 0));
}

void cw_targets_markdown(const json_t *targets, struct cw_buf *out)
{
	json_t *w;
	size_t i;

	json_array_foreach (targets, i, w) {
		if (!i)
			cw_buf_puts(out,
				"| target | calls | passed (95 %) | response p50, ms | p95 | first word p50 | word errors of the agent's ear | against the first, ms (95 %) |\n"
				"|---|---:|---:|---:|---:|---:|---:|---|\n");
		cw_buf_fmt(out, "| %s | ", cw_json_str(w, "name", ""));
		put_fields(out, w, " | ");
		cw_buf_puts(out, " |\n");
	}
}

/* Characters, not bytes. */
static size_t width_of(struct cw_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

void cw_targets_text(const json_t *targets, struct cw_buf *out)
{
	static const char *const heads[] = {
		"calls", "passed, 95 %", "p50 ms", "p95 ms", "1st word", "word errors", "against the first, ms"};
	static const size_t widths[] = {6, 18, 8, 8, 9, 12, 0};
	json_t *w;
	size_t i;

	json_array_foreach (targets, i, w) {
		CW_BUF_SCOPED struct cw_buf line = CW_BUF(2000);
		struct cw_str rest, field;

		if (!i) {
			cw_buf_fmt(out, "%-12s", "target");
			for (size_t k = 0; k < CW_COUNT(heads); k++)
				cw_buf_fmt(out, "%*s%s", (int)widths[k], heads[k], widths[k] ? " " : "\n");
		}
		put_fields(&line, w, "\t");
		rest = cw_buf_str(&line);
		cw_buf_fmt(out, "%-12s", cw_json_str(w, "name", ""));
		for (size_t k = 0; k < CW_COUNT(widths) && cw_str_split(&rest, '\t', &field); k++) {
			for (size_t pad = width_of(field); pad < widths[k]; pad++)
				cw_buf_putc(out, ' ');
			cw_buf_fmt(out, "%.*s%s", CW_STR(field), widths[k] ? " " : "\n");
		}
	}
}
