#include "trial/perf/pairs.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/stat_test.h"
#include "testing.h"

static void near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want))))
		fail_msg("%.12g is not %.12g", got, want);
}

/* Ten tests twice: B passes six more and loses none, and is 100 ms slower but for two. */
static int two_versions(struct cw_pair_set **ret)
{
	struct cw_pair_metric *pass, *ms;
	int err = cw_pair_set_new(NULL, 20, ret);

	if (err)
		return err;
	pass = cw_pair_set_metric(*ret, "pass", "rate", true, true);
	ms = cw_pair_set_metric(*ret, "response", "ms", false, false);
	if (!pass || !ms) {
		TALLOC_FREE(*ret);
		return ENOMEM;
	}
	(*ret)->n_clusters = 10;
	for (size_t i = 0; i < 20; i++) {
		(*ret)->cluster[i] = i / 2;
		pass->a[i] = i >= 6;
		pass->b[i] = 1;
		ms->a[i] = 500 + (double)i;
		ms->b[i] = ms->a[i] + (i < 2 ? -10 : 100);
	}
	ms->b[19] = NAN; /* was not measured: this pair is left out of this metric */
	return 0;
}

static void differences_are_found_and_corrected(void **state)
{
	struct cw_pair_report r;
	struct cw_pair_set *s = NULL;

	if (cw_test_oom(two_versions(&s)))
		return;

	int err = cw_pairs_compare(s, &r);

	if (cw_test_oom(err)) {
		talloc_free(s);
		return;
	}
	assert_int_equal(r.n, 2);
	near(r.results[0].p, 0.03125); /* 6 to 0: 2 / 2^6 */
	assert_int_equal(r.results[0].only_b, 6);
	assert_int_equal(r.results[0].only_a, 0);
	near(r.results[0].diff.value, 0.3);
	assert_int_equal(r.results[0].finding, CW_PAIR_BETTER);
	assert_int_equal(r.results[1].n, 19);
	near(r.results[1].mean_b - r.results[1].mean_a, (17 * 100 - 2 * 10) / 19.0);
	assert_int_equal(r.results[1].finding, CW_PAIR_WORSE);
	assert_true(r.results[1].diff.lo > 0);
	/* Holm: the smaller p times two, the larger as it is */
	near(r.results[1].p_holm, 2 * r.results[1].p);
	near(r.results[0].p_holm, 0.03125);
	assert_non_null(strstr(r.verdict, "better in some things and worse in others"));
	assert_non_null(strstr(r.verdict, "Worse: response"));
	talloc_free(s);
}
CW_OOM_BODY(differences_are_found_and_corrected)

/* Four pairs can never reach 5 %: 2 / 2^4 = 0.125. */
static void too_few_pairs_are_said_to_be(void **state)
{
	struct cw_pair_set *s;
	struct cw_pair_metric *m;
	struct cw_pair_report r;

	assert_int_equal(cw_pair_set_new(NULL, 4, &s), 0);
	m = cw_pair_set_metric(s, "response", "ms", false, false);
	assert_non_null(m);
	s->n_clusters = 1;
	for (size_t i = 0; i < 4; i++) {
		m->a[i] = 1000;
		m->b[i] = 10;
	}
	assert_int_equal(cw_pairs_compare(s, &r), 0);
	near(r.results[0].p, 0.125);
	assert_int_equal(r.results[0].finding, CW_PAIR_CANNOT);
	assert_non_null(strstr(r.verdict, "Cannot reach significance with this n"));
	assert_false(r.results[0].diff.known); /* one test: no interval by tests */
	talloc_free(s);
}

static void nothing_measured_is_nothing_said(void **state)
{
	struct cw_pair_set *s;
	struct cw_pair_report r;
	CW_JSON_SCOPED json_t *j = NULL;

	assert_int_equal(cw_pair_set_new(NULL, 3, &s), 0);
	assert_non_null(cw_pair_set_metric(s, "pass", "rate", true, true));
	assert_int_equal(cw_pairs_compare(s, &r), 0);
	assert_int_equal(r.results[0].finding, CW_PAIR_EMPTY);
	assert_non_null(strstr(r.verdict, "Nothing can be said"));
	j = cw_pairs_json(&r);
	assert_non_null(j);
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(j, "metrics"), 0), "p")));
	talloc_free(s);
}

/* A against A: no more than 5 % of such comparisons may find something. */
static void equals_are_rarely_called_different(void **state)
{
	unsigned found = 0;
	uint64_t lcg = 9;

	for (int run = 0; run < 120; run++) {
		struct cw_pair_set *s;
		struct cw_pair_metric *m;
		struct cw_pair_report r;

		assert_int_equal(cw_pair_set_new(NULL, 12, &s), 0);
		m = cw_pair_set_metric(s, "response", "ms", false, false);
		assert_non_null(m);
		s->n_clusters = 12;
		for (size_t i = 0; i < 12; i++) {
			s->cluster[i] = i;
			lcg = lcg * UINT64_C(6364136223846793005) + 1442695040888963407;
			m->a[i] = (double)(lcg >> 40);
			lcg = lcg * UINT64_C(6364136223846793005) + 1442695040888963407;
			m->b[i] = (double)(lcg >> 40);
		}
		assert_int_equal(cw_pairs_compare(s, &r), 0);
		found += r.results[0].finding != CW_PAIR_NONE;
		talloc_free(s);
	}
	assert_true(found <= 13); /* 6 expected; more than 13 has a chance below 0.5 % */
}

CW_TEST_MAIN(CW_TEST(differences_are_found_and_corrected), CW_TEST_OOM(differences_are_found_and_corrected),
	CW_TEST(too_few_pairs_are_said_to_be), CW_TEST(nothing_measured_is_nothing_said),
	CW_TEST(equals_are_rarely_called_different))
