#include "language/langid.h"

#include <math.h>

#include "base/buf.h"
#include "language/langid_int.h"
#include "testing.h"

static void sentences(void **state)
{
	static const char *const cases[][2] = {
		{"en", "I would like to book an appointment for Tuesday afternoon."},
		{"en", "hello how can i help you today"},
		{"es", "Quisiera reservar una mesa para dos personas mañana por la noche."},
		{"es", "mi calefacción no funciona"},
		{"de", "Ich möchte gern einen Termin für nächste Woche vereinbaren."},
		{"de", "meine heizung ist kaputt"},
		{"fr", "Bonjour, je voudrais prendre rendez-vous pour mardi après-midi."},
		{"fr", "mon chauffage ne marche plus"},
		{"pt", "Gostaria de marcar uma consulta para a próxima semana, por favor."},
		{"it", "Vorrei prenotare un tavolo per due persone domani sera."},
		{"nl", "Ik wil graag een afspraak maken voor volgende week."},
		{"sv", "Jag skulle vilja beställa tid hos tandläkaren på måndag."},
		{"pl", "Chciałbym umówić się na wizytę w przyszłym tygodniu."},
		{"tr", "Önümüzdeki hafta için bir randevu almak istiyorum."},
		{"ja", "来週の予約をお願いします"},
		{"zh", "我想预约下周的时间"},
		{"ko", "다음 주에 예약하고 싶습니다"},
		{"ru", "Я хотел бы записаться на следующую неделю."},
		{"ar", "أريد حجز موعد الأسبوع المقبل"},
		{"hi", "मैं अगले हफ्ते का समय लेना चाहता हूँ"},
		{"zh", "播放 Lee Aaron 的专辑"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_langid l = {0};

		if (!cw_langid_guess(cw_str(cases[i][1]), &l) || strcmp(l.code, cases[i][0]) != 0)
			fail_msg("'%s': %s (%.2f)", cases[i][1], l.code, l.confidence);
		if (l.confidence < 0.5)
			fail_msg("'%s': only %.2f sure", cases[i][1], l.confidence);
	}
}

static void shares_add_up(void **state)
{
	struct cw_langid l[32];
	size_t n = cw_langid_rank(cw_str("no, es la casa"), l, CW_COUNT(l));
	double sum = 0;

	(void)state;
	assert_int_equal(n, 16);
	for (size_t i = 0; i < n; i++) {
		sum += l[i].confidence;
		assert_true(i == 0 || l[i].confidence <= l[i - 1].confidence);
	}
	assert_true(fabs(sum - 1) < 1e-9);
	assert_int_equal(cw_langid_rank(cw_str("hello"), l, 3), 3);
	assert_int_equal(cw_langid_rank(cw_str("hello"), l, 0), 0);
	for (n = 0; cw_langid_codes()[n]; n++)
		;
	assert_int_equal(n, 16);
}

static void without_letters_there_is_no_language(void **state)
{
	struct cw_langid l = {.code = "??"};

	(void)state;
	assert_false(cw_langid_guess(cw_str(""), &l));
	assert_false(cw_langid_guess(cw_str("415 555-0134 !"), &l));
	assert_false(cw_langid_guess(cw_str("\xff\xfe"), &l));
	assert_string_equal(l.code, "??");
}

static void one_word_is_not_sure(void **state)
{
	struct cw_langid l;

	(void)state;
	assert_true(cw_langid_guess(cw_str("a"), &l));
	assert_true(l.confidence < 0.6);
}

static void tags(void **state)
{
	(void)state;
	assert_true(cw_langid_tag_is("en-US", "en"));
	assert_true(cw_langid_tag_is("EN", "en"));
	assert_true(cw_langid_tag_is("pt_BR", "pt"));
	assert_false(cw_langid_tag_is("eng", "en"));
	assert_false(cw_langid_tag_is("", "en"));
}

static void the_table_is_sorted(void **state)
{
	(void)state;
	assert_true(cw_langid_grams_n > 500);
	for (size_t i = 0; i < cw_langid_grams_n; i++) {
		assert_int_equal(strlen(cw_langid_grams[i].cost), CW_LANGID_LATIN);
		assert_true(i == 0 || strcmp(cw_langid_grams[i - 1].gram, cw_langid_grams[i].gram) < 0);
	}
}

/* Every second request of xSID validation, the half that is not in the table; bench_text prints it by language. */
static void requests_of_xsid(void **state)
{
	static const char *const codes[] = {"en", "de", "it", "nl", "tr", "ja", "zh"};
	size_t n = 0, right = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(codes); i++) {
		char name[64], line[2000];
		const char *path;
		FILE *f;
		size_t no = 0;

		(void)snprintf(name, sizeof(name), "intent_xsid/%s.valid.conll", codes[i]);
		path = cw_test_data(name);
		if (!path) {
			print_message("# skipped: no shared data (CW_DATA)\n");
			skip();
		}
		f = fopen(path, "r");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			struct cw_langid l = {0};

			if (strncmp(line, "# text = ", 9) != 0 || no++ % 2 == 0)
				continue;
			n++;
			right += cw_langid_guess(cw_str(line + 9), &l) && strcmp(l.code, codes[i]) == 0;
		}
		(void)fclose(f);
	}
	print_message("# %zu of %zu right\n", right, n);
	assert_true(n > 700);
	assert_true((double)right / (double)n > 0.93);
}

CW_TEST_MAIN(CW_TEST(sentences), CW_TEST(shares_add_up), CW_TEST(without_letters_there_is_no_language),
	CW_TEST(one_word_is_not_sure), CW_TEST(tags), CW_TEST(the_table_is_sorted), CW_TEST(requests_of_xsid))
