#include "testing.h"

#include "audio/emodel.h"

#include <math.h>

static void assert_near(double value, double want, double tolerance)
{
	if (!(fabs(value - want) <= tolerance))
		fail_msg("%g is not within %g of %g", value, tolerance, want);
}

/* G.107 section 7.7 and table 2: "R = 93.2" with all defaults. */
static void defaults_rate_as_the_recommendation_says(void **state)
{
	struct cw_emodel_rating r;

	(void)state;
	cw_emodel_rate(&cw_emodel_defaults, &r);
	assert_near(r.r, 93.2, 0.05);
	assert_near(r.mos, 4.41, 0.005);
	assert_near(r.r, r.ro - r.is - r.id - r.ie_eff, 1e-9);
}

/* G.107 annex B, table B.1: limits of R for categories of satisfaction, with GoB, PoW and MOS. */
static void opinions_follow_the_table_of_annex_b(void **state)
{
	static const struct {
		double r, gob, pow, mos;
	} table[] = {{90, 97, 0, 4.34}, {80, 89, 0, 4.03}, {70, 73, 6, 3.60}, {60, 50, 17, 3.10}, {50, 27, 38, 2.58}};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(table); i++) {
		struct cw_emodel m = cw_emodel_defaults;
		struct cw_emodel_rating r;

		cw_emodel_rate(&m, &r);
		m.advantage = table[i].r - r.r;
		cw_emodel_rate(&m, &r);
		assert_near(r.r, table[i].r, 1e-9);
		assert_near(r.mos, table[i].mos, 0.01);
		assert_near(r.good_or_better, table[i].gob, 0.6);
		assert_near(r.poor_or_worse, table[i].pow, 1.5); /* "about 0" at the top */
	}
	assert_near(cw_emodel_mos(-3), 1, 0);
	assert_near(cw_emodel_mos(0), 1, 0);
	assert_near(cw_emodel_mos(100), 4.5, 0);
	assert_near(cw_emodel_mos(120), 4.5, 0);
}

/* G.113 appendix I gives Ie and Bpl; Ie-eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl) by hand. */
static void loss_costs_what_the_codec_says(void **state)
{
	static const struct {
		const char *codec;
		double loss, burst_r, ie_eff;
	} cases[] = {
		{"g711", 0.01, 1, 95 * 1 / 5.3},
		{"g711-plc", 0.01, 1, 95 * 1 / 26.1},
		{"g711-plc", 0.05, 1, 95 * 5 / 30.1},
		{"g711-plc", 0.05, 2, 95 * 5 / 27.6},
		{"g729a", 0, 1, 11},
		{"g729a", 0.02, 1, 11 + 84 * 2 / 21.0},
		{"gsm-efr", 0.03, 0, 5 + 90 * 3 / 13.0},
		{"g723.1-6.3", 0.01, 1, 15 + 80 * 1 / 17.1},
		{NULL, 0.01, 0, 95 * 1 / 26.1},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_emodel_line line = {
			.loss = cases[i].loss, .burst_r = cases[i].burst_r, .codec = cases[i].codec};
		struct cw_emodel_rating r;

		assert_true(cw_emodel_of_line(&line, &r));
		assert_near(r.ie_eff, cases[i].ie_eff, 1e-9);
		assert_near(r.r, 93.2 - cases[i].ie_eff, 0.05);
	}
}

/* Delay alone (7-28): nothing up to 100 ms, 25 ((1 + X^6)^(1/6) - 3 (1 + (X/3)^6)^(1/6) + 2) beyond, X octaves above it. */
static void delay_costs_from_100_ms_on(void **state)
{
	struct cw_emodel m = cw_emodel_defaults;
	struct cw_emodel_rating r;
	double last = 100;

	(void)state;
	m.ta_ms = 100;
	cw_emodel_rate(&m, &r);
	assert_near(r.idd, 0, 1e-12);
	m.ta_ms = 200; /* X = 1 */
	cw_emodel_rate(&m, &r);
	assert_near(r.idd, 25 * (1.122462 - 3 * 1.000228 + 2), 1e-3);
	m.ta_ms = 400; /* X = 2 */
	cw_emodel_rate(&m, &r);
	assert_near(r.idd, 25 * (2.005177 - 3 * 1.014188 + 2), 1e-2);
	for (double ms = 0; ms <= 1000; ms += 25) {
		struct cw_emodel_line line = {.delay_ms = ms};

		assert_true(cw_emodel_of_line(&line, &r));
		assert_true(r.r < last);
		last = r.r;
	}
	/* G.114 and the examples of G.108: 150 ms and good echo control still satisfy most users, 400 ms does not */
	assert_true(cw_emodel_of_line(&(struct cw_emodel_line){.delay_ms = 150}, &r) && r.r > 80);
	assert_true(cw_emodel_of_line(&(struct cw_emodel_line){.delay_ms = 400}, &r) && r.r < 70);
}

static void talkers_hear_their_echo_after_a_delay(void **state)
{
	struct cw_emodel m = cw_emodel_defaults;
	struct cw_emodel_rating faint, loud;

	(void)state;
	m.t_ms = m.ta_ms = 100;
	m.tr_ms = 200;
	cw_emodel_rate(&m, &faint);
	m.telr_db = 35;
	cw_emodel_rate(&m, &loud);
	assert_true(loud.idte > faint.idte + 20);
	m.t_ms = 0.5;
	cw_emodel_rate(&m, &loud);
	assert_near(loud.idte, 0, 0);
}

static void nonsense_is_refused(void **state)
{
	struct cw_emodel_rating r = {.r = -1};
	static const struct cw_emodel_line lines[] = {{.delay_ms = -1}, {.loss = -0.1}, {.loss = 1.1}, {.burst_r = -1},
		{.delay_ms = NAN}, {.loss = NAN}, {.codec = "g7111"}, {.delay_ms = INFINITY}};
	double ie, bpl;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(lines); i++)
		assert_false(cw_emodel_of_line(&lines[i], &r));
	assert_near(r.r, -1, 0);
	for (const char *const *name = cw_emodel_codecs(); *name; name++)
		assert_true(cw_emodel_codec(*name, &ie, &bpl));
	assert_false(cw_emodel_codec("", &ie, &bpl));
	assert_true(cw_emodel_of_line(&(struct cw_emodel_line){.loss = 1}, &r) && r.mos <= 1.2);
}

CW_TEST_MAIN(CW_TEST(defaults_rate_as_the_recommendation_says), CW_TEST(opinions_follow_the_table_of_annex_b),
	CW_TEST(loss_costs_what_the_codec_says), CW_TEST(delay_costs_from_100_ms_on),
	CW_TEST(talkers_hear_their_echo_after_a_delay), CW_TEST(nonsense_is_refused))
