#include "language/entity.h"

#include <errno.h>
#include <math.h>

#include "testing.h"

static const struct cw_date today = {2026, 3, 2}; /* a Monday */

/* "kind:value, kind:value" in the order of the text */
static void found(const char *text, const char *want)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(8192);
	struct cw_entities *es = NULL;

	assert_int_equal(cw_entity_extract(NULL, cw_str(text), &today, &es), 0);
	cw_buf_put(&b, "", 0);
	for (size_t i = 0; i < es->n; i++) {
		assert_true(es->e[i].at.p >= text && es->e[i].at.p + es->e[i].at.len <= text + strlen(text));
		cw_buf_fmt(&b, "%s%s:%s", i ? ", " : "", cw_entity_kind_name(es->e[i].kind), es->e[i].value);
	}
	(void)talloc_free(es);
	if (strcmp(b.p ? b.p : "", want) != 0)
		fail_msg("'%s': '%s', not '%s'", text, b.p, want);
}

static void entities_of_speech_and_text(void **state)
{
	static const char *const cases[][2] = {
		{"my number is four one five five five five oh one three four", "phone:+14155550134"},
		{"Call 415-555-0134.", "phone:+14155550134"},
		{"it's five five five oh one three four", "phone:5550134"},
		{"next tuesday at two thirty", "date:2026-03-10, time:14:30"},
		{"on December 3rd at 9 am", "date:2026-12-03, time:09:00"},
		{"the third of december", "date:2026-12-03"},
		{"tomorrow morning", "date:2026-03-03, time:morning"},
		{"2026-12-03", "date:2026-12-03"},
		{"good morning how are you", ""},
		{"it costs $25.50", "money:25.50 usd"},
		{"that is twenty five dollars and fifty cents", "money:25.50 usd"},
		{"five dollars and cents", "money:5.00 usd"},
		{"that's 1,250 euros", "money:1250.00 eur"},
		{"we have twenty five technicians", "number:25"},
		{"four united states dollars and sixty nine cents", "money:4.69 usd"},
		{"$2.5 billion or one fifty five dollars", "money:2500000000.00 usd, money:155.00 usd"},
		{"built in nineteen seventeen", "number:1917"},
		{"minus sixty or -60", "number:-60, number:-60"},
		{"it went up three point five percent", "number:3.5%"},
		{"50% of them", "number:50%"},
		{"the code is 8 8 3 9", "number:8839"},
		{"no one was there, not this one", ""},
		{"my name is maria lopez and i have no heat", "name:maria lopez"},
		{"Hi, this is John Smith.", "name:john smith"},
		{"I spoke to Maria Lopez yesterday", "name:maria lopez"},
		{"ask for Mr. Lopez", "name:lopez"},
		{"i live at twelve oak street apartment four b", "address:12 oak street, apt 4b"},
		{"it's maria at example dot com", "email:maria@example.com"},
		{"Joe@Example.com or 415 555 0134", "email:joe@example.com, phone:+14155550134"},
		{"I may come, march on", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		found(cases[i][0], cases[i][1]);
}

static void score_of(const char *ref, const char *hyp, struct cw_entity_score *s)
{
	assert_int_equal(cw_entity_score_add(s, cw_str(ref), cw_str(hyp), &today), 0);
}

static void spoken_and_written_are_the_same(void **state)
{
	struct cw_entity_score s = {0};
	struct cw_entity_counts c;

	(void)state;
	score_of("My number is 415-555-0134 and I need you on December 3rd at 2:30 pm at 12 Oak Street for $25.50",
		"my number is four one five five five five oh one three four and i need you on december third at two thirty p m at twelve oak "
		"street for twenty five dollars and fifty cents",
		&s);
	c = cw_entity_total(&s);
	assert_int_equal(c.right, 5);
	assert_int_equal(c.wrong + c.missing + c.extra, 0);
	assert_true(fabs(cw_entity_error_rate(&c)) < 1e-12);
}

static void errors_are_counted_by_kind(void **state)
{
	struct cw_entity_score s = {0};
	struct cw_entity_counts c;

	(void)state;
	score_of("call 415-555-0134 on tuesday at two pm", "call 415-555-0135 on tuesday", &s);
	assert_int_equal(s.kind[CW_ENTITY_PHONE].wrong, 1);
	assert_int_equal(s.kind[CW_ENTITY_DATE].right, 1);
	assert_int_equal(s.kind[CW_ENTITY_TIME].missing, 1);
	score_of("hello there", "hello there that is 5 dollars", &s);
	assert_int_equal(s.kind[CW_ENTITY_MONEY].extra, 1);
	c = cw_entity_total(&s);
	assert_true(fabs(cw_entity_error_rate(&c) - 1) < 1e-12); /* 3 errors, 3 entities */
	c = (struct cw_entity_counts){.extra = 2};
	assert_true(fabs(cw_entity_error_rate(&c) - 1) < 1e-12);
	c = (struct cw_entity_counts){0};
	assert_true(fabs(cw_entity_error_rate(&c)) < 1e-12);
}

static void pairs_name_both_sides(void **state)
{
	struct cw_entities *ref = NULL, *hyp = NULL;
	struct cw_entity_score s = {0};
	struct cw_entity_pairs *p = NULL;

	(void)state;
	assert_int_equal(cw_entity_extract(NULL, cw_str("25 or 30 dollars, 40 people"), &today, &ref), 0);
	assert_int_equal(
		cw_entity_extract(NULL, cw_str("40 people, 25 or 13 dollars, call 415 555 0134"), &today, &hyp), 0);
	assert_int_equal(cw_entity_compare(NULL, ref, hyp, &s, &p), 0);
	assert_int_equal(p->n, 4);
	assert_string_equal(p->p[0].ref->value, "25");
	assert_string_equal(p->p[0].hyp->value, "25");
	assert_string_equal(p->p[1].ref->value, "30.00 usd");
	assert_string_equal(p->p[1].hyp->value, "13.00 usd");
	assert_string_equal(p->p[2].hyp->value, "40");
	assert_null(p->p[3].ref);
	assert_int_equal(p->p[3].hyp->kind, CW_ENTITY_PHONE);
	(void)talloc_free(p);
	(void)talloc_free(ref);
	(void)talloc_free(hyp);
}

static void expected_values_are_read_alone(void **state)
{
	static const struct {
		enum cw_entity_kind kind;
		const char *text, *want;
	} cases[] = {
		{CW_ENTITY_PHONE, "415 555 0134", "+14155550134"},
		{CW_ENTITY_PHONE, "+14155550134", "+14155550134"},
		{CW_ENTITY_TIME, "2:30 pm", "14:30"},
		{CW_ENTITY_TIME, "two", "14:00"},
		{CW_ENTITY_DATE, "2026-12-03", "2026-12-03"},
		{CW_ENTITY_DATE, "tuesday", "2026-03-03"},
		{CW_ENTITY_MONEY, "$25", "25.00 usd"},
		{CW_ENTITY_NUMBER, "twenty five", "25"},
		{CW_ENTITY_NAME, "Maria Lopez", "maria lopez"},
		{CW_ENTITY_ADDRESS, "12 Oak St", "12 oak street"},
		{CW_ENTITY_EMAIL, "Joe@Example.com", "joe@example.com"},
		{CW_ENTITY_EMAIL, "nonsense!", "nonsense"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		CW_SCOPED char *v = cw_entity_normal(NULL, cases[i].kind, cw_str(cases[i].text), &today);

		assert_string_equal(v, cases[i].want);
	}
}

static void kinds_have_names(void **state)
{
	enum cw_entity_kind k;
	struct cw_entities *es = NULL;

	(void)state;
	for (unsigned i = 0; i < CW_ENTITY_KINDS; i++) {
		assert_true(cw_entity_kind_parse(cw_str(cw_entity_kind_name((enum cw_entity_kind)i)), &k));
		assert_int_equal(k, i);
	}
	assert_true(cw_entity_kind_parse(cw_str("E-Mail"), &k));
	assert_false(cw_entity_kind_parse(cw_str("colour"), &k));
	assert_int_equal(cw_entity_extract(NULL, cw_str("25 and 415 555 0134"), NULL, &es), 0);
	assert_true(cw_entity_has(es, CW_ENTITY_NUMBER, "25"));
	assert_true(cw_entity_has(es, CW_ENTITY_PHONE, NULL));
	assert_false(cw_entity_has(es, CW_ENTITY_NUMBER, "26"));
	assert_false(cw_entity_has(es, CW_ENTITY_DATE, NULL));
	(void)talloc_free(es);
}

static void days_without_today_keep_their_words(void **state)
{
	struct cw_entities *es = NULL;

	(void)state;
	assert_int_equal(cw_entity_extract(NULL, cw_str("come on December third or tuesday"), NULL, &es), 0);
	assert_true(cw_entity_has(es, CW_ENTITY_DATE, "december 3"));
	assert_true(cw_entity_has(es, CW_ENTITY_DATE, "tuesday"));
	(void)talloc_free(es);
}

static void extraction_without_memory(void **state)
{
	struct cw_entity_score s = {0};
	int err = cw_entity_score_add(&s, cw_str("call 415 555 0134 on tuesday"), cw_str("call 5 people"), &today);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(extraction_without_memory)

CW_TEST_MAIN(CW_TEST(entities_of_speech_and_text), CW_TEST(spoken_and_written_are_the_same),
	CW_TEST(errors_are_counted_by_kind), CW_TEST(pairs_name_both_sides), CW_TEST(expected_values_are_read_alone),
	CW_TEST(kinds_have_names), CW_TEST(days_without_today_keep_their_words), CW_TEST_OOM(extraction_without_memory))
