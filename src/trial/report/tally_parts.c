/* Answers by turn, and recognition by voice. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat_boot.h"
#include "trial/report/tally_int.h"

#define TURNS_MAX 2000 /* different turns told apart; those of larger suites are only in the sums */
#define EARS_MAX  500
#define TESTS_MIN 10 /* fewer tests cannot stand for others: calls are drawn */

int cw_tally_add_turn(struct cw_tally *t, const char *test, const json_t *turn, double response_ms)
{
	struct cw_turn_times *x = NULL;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s %lld", cw_json_str(turn, "of", "turn"),
		(long long)cw_json_int(turn, "n", 0)); /* fits */
	for (size_t i = t->n_turns; i-- > 0 && !x;)
		if (!strcmp(t->turns[i].test, test) && !strcmp(t->turns[i].turn, name))
			x = &t->turns[i];
	if (!x && t->n_turns == TURNS_MAX)
		return 0;
	if (!x) {
		if (!t->turns)
			t->turns = talloc_zero_array(t, struct cw_turn_times, TURNS_MAX);
		if (!t->turns)
			return ENOMEM;
		x = &t->turns[t->n_turns];
		x->test = talloc_strdup(t, test);
		x->turn = talloc_strdup(t, name);
		if (!x->test || !x->turn)
			return ENOMEM;
		t->n_turns++;
	}
	return cw_values_add(t, &x->v, response_ms);
}

struct cw_ear_call { /* one call, or all calls of a test */
	uint32_t cell;
	double errors, words;
};

static struct cw_recognition *ear_of(struct cw_tally *t, const struct cw_cell *c)
{
	for (size_t i = t->n_ears; i-- > 0;) {
		struct cw_recognition *x = &t->ears[i];

		if (!strcmp(x->voice, c->voice) && !strcmp(x->language, c->language) &&
			!strcmp(x->channel, c->channel) && !strcmp(x->target, c->target))
			return x;
	}
	return NULL;
}

int cw_tally_add_ear(struct cw_tally *t, uint32_t cell, const json_t *result)
{
	const json_t *wer = json_object_get(json_object_get(result, "wer"), "agent_ear");
	const struct cw_cell *c = &t->cells[cell];
	struct cw_recognition *x = wer ? ear_of(t, c) : NULL;

	if (!wer || (!x && t->n_ears == EARS_MAX))
		return 0;
	if (!t->ears)
		t->ears = talloc_zero_array(t, struct cw_recognition, EARS_MAX);
	if (!t->ears)
		return ENOMEM;
	if (!x) {
		x = &t->ears[t->n_ears++];
		x->voice = c->voice; /* of a cell, which lives as long */
		x->language = c->language;
		x->channel = c->channel;
		x->target = c->target;
	}
	if (!(x->n & (x->n - 1))) {
		struct cw_ear_call *grown = talloc_realloc(t, x->calls, struct cw_ear_call, x->n ? 2 * x->n : 1);

		if (!grown)
			return ENOMEM;
		x->calls = grown;
	}
	x->calls[x->n++] = (struct cw_ear_call){cell, cw_json_num(wer, "errors", 0), cw_json_num(wer, "words", 0)};
	return 0;
}

/* ---- pooling ---- */

static int by_cell(const void *a, const void *b)
{
	uint32_t x = ((const struct cw_ear_call *)a)->cell, y = ((const struct cw_ear_call *)b)->cell;

	return (x > y) - (x < y);
}

/* Inside an ear a cell is a test. Returns how many units stand in @errors and @words. */
static size_t units(struct cw_recognition *x, bool by_test, double *errors, double *words)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		bool same = by_test && i && x->calls[i].cell == x->calls[i - 1].cell;

		n += !same;
		errors[n - 1] = x->calls[i].errors + (same ? errors[n - 1] : 0);
		words[n - 1] = x->calls[i].words + (same ? words[n - 1] : 0);
	}
	return n;
}

static int pool(struct cw_recognition *x)
{
	const struct cw_boot_conf conf = {.kind = CW_BOOT_PERCENTILE, .seed = 1};
	CW_SCOPED double *errors = talloc_array(NULL, double, 2 * x->n);
	double *words = errors ? errors + x->n : NULL;
	size_t n;
	int err;

	if (!errors)
		return ENOMEM;
	qsort(x->calls, x->n, sizeof(*x->calls), by_cell);
	n = units(x, true, errors, words);
	x->by_test = n >= TESTS_MIN;
	if (!x->by_test)
		n = units(x, false, errors, words);
	for (size_t i = 0; i < n; i++) {
		x->errors += errors[i];
		x->words += words[i];
	}
	err = cw_stat_boot_ratio(errors, words, n, &conf, &x->wer);
	x->wer.value = x->words > 0 ? x->errors / x->words : 0;
	return err;
}

int cw_tally_pool_ears(struct cw_tally *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < t->n_ears; i++)
		err = pool(&t->ears[i]);
	return err;
}
