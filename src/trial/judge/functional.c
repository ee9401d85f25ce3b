#include "trial/judge/functional.h"

#include <errno.h>
#include <string.h>

#include "trial/judge/functional_int.h"

#define STYLE 3 /* its place among the parts */

enum ability {
	REASONING,
	FACTUAL,
	MATH,
	CONTEXT_RETENTION,
	MEMORY_RECALL,
	COHERENCE,
	TONE_CONSISTENCY,
	CREATIVITY,
	EMPATHY,
	TOOL_SELECTION,
	TOOL_EFFICIENCY,
	ABILITIES
};

static const char *const names[] = {"reasoning", "factual", "math", "context_retention", "memory_recall", "coherence",
	"tone_consistency", "creativity", "empathy", "tool_selection", "tool_efficiency", NULL};

/* Types of checks that measure an ability without being told so by `metric`. */
static const struct {
	enum ability ability;
	const char *type;
} types[] = {
	{FACTUAL, "factuality"},
	{FACTUAL, "model-graded-closedqa"},
	{CONTEXT_RETENTION, "requires_context"},
	{COHERENCE, "answer-relevance"},
	{TONE_CONSISTENCY, "sentiment"},
	{TOOL_SELECTION, "tool_called"},
	{TOOL_SELECTION, "tool-call-f1"},
	{TOOL_SELECTION, "trajectory:tool-used"},
	{TOOL_SELECTION, "is-valid-openai-tools-call"},
	{TOOL_EFFICIENCY, "tool_order"},
	{TOOL_EFFICIENCY, "tool_args"},
	{TOOL_EFFICIENCY, "trajectory:step-count"},
	{TOOL_EFFICIENCY, "trajectory:tool-args-match"},
};

static const struct part { /* of the overall score: the mean of its abilities that were measured */
	double weight;
	enum ability of[3];
	size_t n;
} parts[] = {
	{.20, {REASONING, MATH}, 2},
	{.15, {FACTUAL}, 1},
	{.20, {CONTEXT_RETENTION, MEMORY_RECALL}, 2},
	{.15, {TONE_CONSISTENCY, EMPATHY, CREATIVITY}, 3},
	{.15, {TOOL_SELECTION, TOOL_EFFICIENCY}, 2},
	{.15, {COHERENCE}, 1},
};

_Static_assert(ABILITIES == CW_ABILITIES, "a tally for each ability");

const char *const *cw_functional_names(void)
{
	return names;
}

static bool counts(const json_t *result)
{
	const char *verdict = cw_json_str(result, "verdict", "");

	return !strcmp(verdict, "PASS") || !strcmp(verdict, "FAIL") || !strcmp(verdict, "FLAKY");
}

static bool decided(const json_t *check)
{
	const char *status = cw_json_str(check, "status", "");

	return !strcmp(status, "pass") || !strcmp(status, "fail");
}

static double score_of(const json_t *check)
{
	return cw_json_num(check, "score", !strcmp(cw_json_str(check, "status", ""), "pass"));
}

static void add(struct cw_ability_tally *t, const json_t *check)
{
	double weight = cw_json_num(check, "weight", 1);

	if (weight <= 0)
		weight = 1; /* informative checks measure as well */
	t->sum += weight * score_of(check);
	t->weight += weight;
	t->n++;
}

static json_t *mean_json(const struct cw_ability_tally *t)
{
	return t->n ? json_real(t->sum / t->weight) : json_null();
}

/* ---- abilities ---- */

static int ability_by_metric(const char *metric)
{
	for (int i = 0; i < ABILITIES; i++)
		if (!strcmp(names[i], metric))
			return i;
	return -1;
}

static int ability_by_type(const json_t *check)
{
	const char *type = cw_json_str(check, "type", "");

	if (!strncmp(type, "not-", 4))
		type += 4;
	for (size_t i = 0; i < CW_COUNT(types); i++)
		if (!strcmp(types[i].type, type))
			return (int)types[i].ability;
	/* an entry of the short form that needs what was said before: saying it again is memory */
	return cw_json_bool(check, "context", false) ? MEMORY_RECALL : -1;
}

static void tally_checks(const json_t *checks, struct cw_ability_tally tallies[ABILITIES])
{
	json_t *check;
	size_t i;

	json_array_foreach (checks, i, check) {
		const char *metric = cw_json_str(check, "metric", NULL);
		int ability = metric ? ability_by_metric(metric) : ability_by_type(check);

		tally_checks(json_object_get(check, "members"), tallies);
		if (ability >= 0 && decided(check))
			add(&tallies[ability], check);
	}
}

static bool part_score(const struct part *p, const struct cw_ability_tally *tallies, double *ret)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct cw_ability_tally *t = &tallies[p->of[i]];

		if (t->n) {
			sum += t->sum / t->weight;
			n++;
		}
	}
	*ret = n ? sum / (double)n : 0;
	return n > 0;
}

/* The measured parts share the whole weight in proportion; overall_of says how much of it was measured. */
static int add_overall(json_t *o, const struct cw_ability_tally *tallies)
{
	double sum = 0, weight = 0, score;

	for (size_t i = 0; i < CW_COUNT(parts); i++) {
		if (part_score(&parts[i], tallies, &score)) {
			sum += parts[i].weight * score;
			weight += parts[i].weight;
		}
	}
	return json_object_set_new(o, "overall_score", weight > 0 ? json_real(sum / weight) : json_null()) |
	       json_object_set_new(o, "overall_of", json_real(weight));
}

void cw_abilities_add(struct cw_ability_tally *tallies, const json_t *result)
{
	if (counts(result))
		tally_checks(json_object_get(result, "checks"), tallies);
}

json_t *cw_abilities_json(const struct cw_ability_tally *tallies)
{
	json_t *o = json_object(), *counted = json_object();
	double style;
	int bad = !o || !counted || add_overall(o, tallies);

	for (int a = 0; !bad && a < ABILITIES; a++)
		bad = json_object_set_new(o, names[a], mean_json(&tallies[a])) |
		      json_object_set_new(counted, names[a], json_integer((json_int_t)tallies[a].n));
	bad = bad || json_object_set_new(o, "style_consistency",
			     part_score(&parts[STYLE], tallies, &style) ? json_real(style) : json_null());
	bad = bad || json_object_set(o, "n", counted);
	json_decref(counted);
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

json_t *cw_functional_scores(const json_t *results)
{
	struct cw_ability_tally tallies[ABILITIES] = {{0}};
	json_t *result;
	size_t i;

	json_array_foreach (results, i, result)
		cw_abilities_add(tallies, result);
	return cw_abilities_json(tallies);
}

/* ---- the card ---- */

int cw_card_new(void *parent, struct cw_card **ret)
{
	struct cw_card *c = talloc_zero(parent, struct cw_card);

	if (!c)
		return ENOMEM;
	*ret = c;
	return 0;
}

void cw_card_add(struct cw_card *c, const json_t *result)
{
	cw_abilities_add(c->abilities, result);
	cw_card_quality_add(&c->quality, result);
	cw_card_fit_add(&c->fit, result);
}

json_t *cw_card_json(const struct cw_card *c)
{
	return json_pack("{s:o, s:o, s:o}", "functional", cw_abilities_json(c->abilities), "response_quality",
		cw_card_quality_json(&c->quality), "product_fit", cw_card_fit_json(&c->fit));
}
