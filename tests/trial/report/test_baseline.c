/* This run against an earlier one, and tests against themselves. */
#include "testing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "results_made.h"
#include "trial/report/baseline.h"
#include "trial/report/flaky.h"

static struct cw_tally *tally(void *parent, json_t *list)
{
	struct cw_results *r = NULL;
	struct cw_tally *t = NULL;

	assert_int_equal(cw_results_of(parent, list, &r), 0);
	assert_int_equal(cw_tally_new(parent, r, NULL, NULL, &t), 0);
	return t;
}

static json_t *run_json(const char *hash)
{
	return json_pack("{s:s, s:s, s:{s:s}, s:[{s:s, s:s}]}", "id", "r1", "created", "2026-03-02T09:00:00Z",
		"configuration", "target", "agent:x", "files", "path", "f.yaml", "hash", hash);
}

static const char *save(void *parent, json_t *before, const json_t *run)
{
	char *path = talloc_asprintf(parent, "%s/base.json", cw_test_tmp());

	assert_int_equal(cw_baseline_save(path, run, tally(parent, before), 1000000, NULL), 0);
	return path;
}

static const struct cw_diff *compare(void *parent, json_t *before, json_t *now, int64_t wall_us)
{
	CW_JSON_SCOPED json_t *old_run = run_json("1"), *run = run_json(wall_us ? "2" : "1");
	struct cw_baseline *b = NULL;
	struct cw_diff *d = NULL;

	assert_int_equal(cw_baseline_open(parent, save(parent, before, old_run), &b, NULL), 0);
	assert_int_equal(cw_diff_new(parent, b, run, tally(parent, now), wall_us, &d), 0);
	return d;
}

/* R: fisher.test(matrix(c(1,4,5,0),2), alternative="less")$p.value and kin. */
static void fisher_is_exact(void **state)
{
	(void)state;
	assert_true(fabs(cw_fisher_less(0, 3, 3, 3) - 0.05) < 1e-12);
	assert_true(fabs(cw_fisher_less(1, 5, 5, 5) - (5.0 * 1 + 0) / 210 * 1) < 1e-9);
	assert_true(fabs(cw_fisher_less(0, 1, 1, 1) - 0.5) < 1e-12);
	assert_true(fabs(cw_fisher_less(5, 5, 5, 5) - 1) < 1e-12);
	assert_true(fabs(cw_fisher_less(0, 0, 5, 5) - 1) < 1e-12);
}

static const struct cw_diff_row *row_of(const struct cw_diff *d, const char *test)
{
	for (size_t i = 0; i < d->n_rows; i++)
		if (!strcmp(d->rows[i].test, test))
			return &d->rows[i];
	return NULL;
}

static void only_what_is_beyond_chance_has_regressed(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_JSON_SCOPED json_t *before = json_array(), *now = json_array();

	(void)state;
	cw_made_cell(before, "broke", "PPPPP", 100);
	cw_made_cell(now, "broke", "FFFFP", 100);
	cw_made_cell(before, "wobbles", "PPPPP", 100);
	cw_made_cell(now, "wobbles", "PPPPF", 100);
	cw_made_cell(before, "single", "P", 100);
	cw_made_cell(now, "single", "F", 100);
	cw_made_cell(before, "mended", "FF", 100);
	cw_made_cell(now, "mended", "PP", 100);
	cw_made_cell(before, "gone", "P", 100);
	cw_made_cell(now, "new", "P", 100);
	cw_made_cell(before, "lost", "P", 100);
	cw_made_cell(now, "lost", "E", 100); /* no verdict: nothing to compare */

	const struct cw_diff *d = compare(parent, before, now, 0);

	assert_int_equal(row_of(d, "broke")->kind, CW_DIFF_REGRESSED);
	assert_false(row_of(d, "broke")->few);
	assert_int_equal(row_of(d, "wobbles")->kind, CW_DIFF_WORSE);
	assert_int_equal(row_of(d, "single")->kind, CW_DIFF_REGRESSED);
	assert_true(row_of(d, "single")->few);
	assert_int_equal(row_of(d, "mended")->kind, CW_DIFF_FIXED);
	assert_int_equal(row_of(d, "gone")->kind, CW_DIFF_GONE);
	assert_int_equal(row_of(d, "new")->kind, CW_DIFF_NEW);
	assert_null(row_of(d, "lost"));
	assert_int_equal(d->pairs_worse, 6);
	assert_int_equal(d->pairs_better, 2);
	assert_true(cw_diff_is_regression(d));
	assert_int_equal(d->n_warnings, 0);
}

static void the_same_is_no_regression(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_JSON_SCOPED json_t *before = json_array();

	(void)state;
	cw_made_cell(before, "a", "PPF", 100);

	const struct cw_diff *d = compare(parent, before, before, 0);

	assert_int_equal(d->n_rows, 0);
	assert_false(cw_diff_is_regression(d));
}

static void a_slow_erosion_shows_in_the_pairs(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_JSON_SCOPED json_t *before = json_array(), *now = json_array();
	char name[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		cw_made_cell(before, name, "PP", 100);
		cw_made_cell(now, name, i < 7 ? "PF" : "PP", 100);
	}

	const struct cw_diff *d = compare(parent, before, now, 0);

	assert_int_equal(d->regressed, 0);
	assert_true(d->pairs_regressed); /* 7 to 0: p = 2 / 2^7 */
	assert_true(fabs(d->pairs_p - 2.0 / 128) < 1e-12);
}

static void slower_answers_need_more_than_chance_and_tolerance(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_JSON_SCOPED json_t *before = json_array(), *slow = json_array(), *hardly = json_array();
	char name[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		cw_made_cell(before, name, "PPPP", 500 + i);
		cw_made_cell(slow, name, "PPPP", 900 + i);
		cw_made_cell(hardly, name, "PPPP", 530 + i);
	}

	const struct cw_diff *d = compare(parent, before, slow, 0), *e = compare(parent, before, hardly, 0);

	assert_true(d->slower && cw_diff_is_regression(d));
	assert_true(d->delta_lo <= d->delta && d->delta <= d->delta_hi && fabs(d->delta - 400) < 5);
	assert_false(e->slower); /* 30 ms are within 10 % or 50 ms */
}

static void a_stale_baseline_is_told(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_JSON_SCOPED json_t *before = json_array();

	(void)state;
	cw_made_cell(before, "a", "P", 100);

	const struct cw_diff *d = compare(parent, before, before, (int64_t)90 * 86400 * 1000000);

	assert_int_equal(d->n_warnings, 2);
	assert_non_null(strstr(d->warnings[0], "f.yaml"));
	assert_non_null(strstr(d->warnings[1], "90 days") ? d->warnings[1] : strstr(d->warnings[1], "89 days"));
}

static void what_is_no_baseline_is_refused(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_baseline *b = NULL;
	struct cw_why why = {0};
	const char *path = talloc_asprintf(parent, "%s/other.json", cw_test_tmp());

	(void)state;
	assert_int_equal(cw_file_replace(path, cw_str("{\"a\": 1}"), NULL), 0);
	assert_int_equal(cw_baseline_open(parent, path, &b, &why), EBADMSG);
	assert_non_null(strstr(why.text, "report baseline"));
	assert_int_equal(cw_baseline_open(parent, "/nowhere.json", &b, NULL), ENOENT);
	assert_null(b);
}

static void flaky_tests_are_ranked(void **state)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_JSON_SCOPED json_t *one = json_array(), *two = json_array();
	struct cw_flaky *f = NULL;
	size_t n, stable;

	(void)state;
	cw_made_cell(one, "steady", "PPP", 1);
	cw_made_cell(two, "steady", "PPP", 1);
	cw_made_cell(one, "coin", "PFP", 1);
	cw_made_cell(two, "coin", "FPF", 1);
	cw_made_cell(one, "turned", "PPP", 1);
	cw_made_cell(two, "turned", "FFF", 1);
	cw_made_cell(one, "rare", "PPP", 1);
	cw_made_cell(two, "rare", "PPF", 1);
	assert_int_equal(cw_flaky_new(parent, &f), 0);
	assert_int_equal(cw_flaky_add(f, tally(parent, one)), 0);
	assert_int_equal(cw_flaky_add(f, tally(parent, two)), 0);

	const struct cw_flaky_row *r = cw_flaky_rank(f, &n, &stable);

	assert_int_equal(n, 3);
	assert_int_equal(stable, 1);
	assert_string_equal(r[0].test, "coin");
	assert_int_equal(r[0].flips, 5);
	assert_true(r[0].score == 1 && r[0].within);
	assert_string_equal(r[1].test, "turned");
	assert_true(r[1].between && !r[1].within);
	assert_string_equal(r[2].letters, "PPPPPF");
}

CW_TEST_MAIN(CW_TEST(fisher_is_exact), CW_TEST(only_what_is_beyond_chance_has_regressed),
	CW_TEST(the_same_is_no_regression), CW_TEST(a_slow_erosion_shows_in_the_pairs),
	CW_TEST(slower_answers_need_more_than_chance_and_tolerance), CW_TEST(a_stale_baseline_is_told),
	CW_TEST(what_is_no_baseline_is_refused), CW_TEST(flaky_tests_are_ranked))
