#include "language/pii.h"

#include "testing.h"

static void masked(const char *text, const char *want)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	(void)cw_pii_mask(cw_str(text), CW_PII_ALL, &b);
	cw_buf_put(&b, "", 0);
	if (strcmp(b.p ? b.p : "", want) != 0)
		fail_msg("'%s': '%s', not '%s'", text, b.p, want);
}

static void findings_are_masked(void **state)
{
	static const char *const cases[][2] = {
		{"Call 415-555-0134 please.", "Call [phone] please."},
		{"call +1 (415) 555-0134, thanks", "call [phone], thanks"},
		{"my number is four one five five five five oh one three four thanks", "my number is [phone] thanks"},
		{"four one five dash five five five dash oh one three four", "[phone]"},
		{"come at nine, 415 555 0134", "come at nine, [phone]"},
		{"+44 20 7946 0958", "[phone]"},
		{"plus four four two oh seven nine four six oh nine five eight okay", "[phone] okay"},
		{"ring 555-0134 now", "ring [phone] now"},
		{"my card is 4111 1111 1111 1111.", "my card is [card]."},
		{"4111111111111111", "[card]"},
		{"it's four one one one one one one one one one one one one one one one", "it's [card]"},
		{"amex 3782 822463 10005 code 1234", "amex [card] code 1234"},
		{"my social security number is 123-45-6789", "my social security number is [ssn]"},
		{"social security one two three four five six seven eight nine", "social security [ssn]"},
		{"write to Maria.Lopez@example.co.uk.", "write to [email]."},
		{"it's maria at example dot com thanks", "it's [email] thanks"},
		{"m a r i a underscore nine at g mail dot com", "[email]"},
		{"I live at 12 Oak Street, Springfield", "I live at [address], Springfield"},
		{"twelve oak street apartment four b", "[address]"},
		{"1428 Elm St and 415-555-0134, joe@x.org", "[address] and [phone], [email]"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		masked(cases[i][0], cases[i][1]);
}

static void innocent_texts_stay(void **state)
{
	static const char *const texts[] = {
		"",
		"at two thirty on the third of december 2026",
		"order number 123456789",
		"4111 1111 1111 1112 is no card",
		"that costs $1,250.00",
		"the code is 8839 2214",
		"meet me at example, dot your i's",
		"look at the house on the street",
		"I have two cats and a dog",
		"room 12 is on floor 3",
		"000-12-3456",
		"call nine one one",
		"@ home. a@b",
		"one two three four five",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++)
		masked(texts[i], texts[i]);
}

static void kinds_can_be_chosen(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1000);
	struct cw_str text = cw_str("415-555-0134 joe@example.com");
	struct cw_pii p;
	enum cw_pii_kind k;

	(void)state;
	assert_int_equal(cw_pii_mask(text, CW_PII_BIT(CW_PII_EMAIL), &b), 1);
	assert_string_equal(b.p, "415-555-0134 [email]");
	assert_true(cw_pii_first(text, CW_PII_ALL, &p));
	assert_int_equal(p.kind, CW_PII_PHONE);
	assert_int_equal(p.at.len, 12);
	assert_ptr_equal(p.at.p, text.p);
	assert_false(cw_pii_first(text, CW_PII_BIT(CW_PII_CARD), &p));
	assert_true(cw_pii_kind_parse(cw_str("SSN"), &k));
	assert_int_equal(k, CW_PII_SSN);
	assert_false(cw_pii_kind_parse(cw_str("iban"), &k));
	assert_string_equal(cw_pii_kind_name(CW_PII_ADDRESS), "address");
}

static void long_texts_are_read_to_the_end(void **state)
{
	(void)state;
	for (int shift = 0; shift < 60; shift++) {
		CW_BUF_SCOPED struct cw_buf in = CW_BUF(1 << 20);
		CW_BUF_SCOPED struct cw_buf out = CW_BUF(1 << 20);

		for (int i = 0; i < 900 + shift; i++)
			cw_buf_puts(&in, i % 250 == 245 ? "four one five five five five oh one three four " : "word ");
		assert_int_equal(cw_pii_mask(cw_buf_str(&in), CW_PII_ALL, &out), 3);
		assert_null(strstr(out.p, "five"));
	}
}

CW_TEST_MAIN(CW_TEST(findings_are_masked), CW_TEST(innocent_texts_stay), CW_TEST(kinds_can_be_chosen),
	CW_TEST(long_texts_are_read_to_the_end))
