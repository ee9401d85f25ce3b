#include "testing.h"

#include "trial/perf/voice_int.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void the_ladder_is_read_between_its_rungs(void **state)
{
	static const double snr[] = {0, 5, 10, 20};

	(void)state;
	assert_float_equal(voice_crossing(snr, (const double[]){0.2, 0.8, 1, 1}, 4), 7.5, 1e-9);
	assert_float_equal(voice_crossing(snr, (const double[]){0.5, 0.6, 0.7, 0.9}, 4), 20, 1e-9);
	/* a dip counts, seen from the top */
	assert_float_equal(voice_crossing(snr, (const double[]){1, 0.8, 1, 1}, 4), 7.5, 1e-9);
	assert_true(isnan(voice_crossing(snr, (const double[]){0.9, 0.95, 1, 1}, 4)));
	assert_true(isnan(voice_crossing(snr, (const double[]){0.1, 0.2, 0.3, 0.4}, 4)));
	assert_true(isnan(voice_crossing(snr, (const double[]){0.95, 0.8, 0.7, 0.6}, 4)));
	assert_true(isnan(voice_crossing(snr, (const double[]){0.5}, 1)));
	assert_true(isnan(voice_crossing(snr, (const double[]){NAN, NAN, NAN, NAN}, 4)));
}

static void sentences_are_lines(void **state)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_voice_item *items = NULL;
	struct cw_why why = {0};
	size_t n = 0;
	int err;

	(void)state;
	err = scope ? cw_voice_texts_parse(scope, cw_str("# top\r\nOne two.\r\n \n\nThree."), &items, &n, &why)
		    : ENOMEM;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_int_equal(n, 2);
	assert_string_equal(items[0].text, "One two.");
	assert_string_equal(items[1].text, "Three.");
	assert_null(items[0].path);
}

static void recordings_are_grouped(void **state)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_voice_source *s = NULL;
	struct cw_why why = {0};
	size_t n = 0;
	int err;

	(void)state;
	err = scope ? cw_voice_index_parse(scope,
			      cw_str("file\tlang\ttext\na.wav\tde\tja\nb.wav\ten\tyes\nc.wav\tde\tnein\nd.wav\tde\tdoch\n"),
			      "x/fleurs", 2, &s, &n, &why)
		    : ENOMEM;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_int_equal(n, 2);
	assert_string_equal(s[0].name, "fleurs:de");
	assert_int_equal(s[0].n_items, 2);
	assert_string_equal(s[0].items[1].path, "x/fleurs/c.wav");
	assert_string_equal(s[0].items[1].text, "nein");
	assert_null(s[0].voice);
	assert_string_equal(s[1].name, "fleurs:en");
}

static void names_get_their_ending(void **state)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_voice_source *s;
	size_t n;

	(void)state;
	assert_int_equal(
		cw_voice_index_parse(scope, cw_str("name\ttext\nhello\tHello"), "prompts", 0, &s, &n, NULL), 0);
	assert_string_equal(s[0].name, "prompts");
	assert_string_equal(s[0].items[0].path, "prompts/hello.wav");
}

static void a_file_without_sentences_is_a_mistake(void **state)
{
	struct cw_voice_item *items = NULL;
	struct cw_why why = {0};
	size_t n = 0;

	(void)state;
	assert_int_equal(cw_voice_texts_parse(NULL, cw_str("# nothing\n"), &items, &n, &why), EBADMSG);
	assert_null(items);
}

static void mistakes_have_a_line(void **state)
{
	static const struct {
		const char *tsv;
		unsigned line;
	} cases[] = {{"", 1}, {"file\twords\na\tb\n", 1}, {"file\ttext\na.wav\n", 2},
		{"file\ttext\na.wav\tx\n\tx\n", 3}, {"file\ttext\n", 0}, {"file\ttext\na.wav\t \n", 2}};
	CW_SCOPED void *scope = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_voice_source *s = NULL;
		struct cw_why why = {0};
		size_t n = 0;

		assert_int_equal(cw_voice_index_parse(scope, cw_str(cases[i].tsv), "d", 0, &s, &n, &why), EBADMSG);
		assert_int_equal(why.line, cases[i].line);
		assert_string_equal(why.file, "index.tsv");
		assert_null(s);
	}
}

static void sounds_are_levelled_and_degraded_alike(void **state)
{
	enum { N = 16000 };
	static int16_t pcm[N];
	struct cw_voice_run r = {.noise_kind = "white"};
	const struct voice_condition control = {.snr_db = VOICE_NO_SNR}, noisy = {.channel = "clean", .snr_db = 10};
	struct voice_spoken s = {.pcm = pcm, .n = N};
	int16_t *out = NULL, *again = NULL;
	double power = 0;
	size_t n, m;

	(void)state;
	for (size_t i = 0; i < N; i++)
		pcm[i] = (int16_t)(200 * sin(2 * M_PI * 300 * (double)i / 8000));
	voice_level(pcm, N);
	for (size_t i = 0; i < N; i++)
		power += (double)pcm[i] * pcm[i] / N;
	assert_float_equal(20 * log10(sqrt(power) / 32768), -26, 0.1);
	assert_int_equal(voice_degrade(NULL, &r, &s, &control, 1, &out, &n), 0);
	assert_true(n % 160 == 0 && n >= N);
	talloc_free(out);
	assert_int_equal(voice_degrade(NULL, &r, &s, &noisy, 7, &out, &n), 0);
	assert_int_equal(voice_degrade(NULL, &r, &s, &noisy, 7, &again, &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(out, again, n * sizeof(*out));
	talloc_free(again);
	assert_int_equal(voice_degrade(NULL, &r, &s, &noisy, 8, &again, &m), 0);
	assert_memory_not_equal(out, again, n * sizeof(*out));
	talloc_free(again);
	talloc_free(out);
}

CW_OOM_BODY(sentences_are_lines)
CW_OOM_BODY(recordings_are_grouped)

CW_TEST_MAIN(CW_TEST(the_ladder_is_read_between_its_rungs), CW_TEST(sentences_are_lines),
	CW_TEST(recordings_are_grouped), CW_TEST(names_get_their_ending), CW_TEST(mistakes_have_a_line),
	CW_TEST(a_file_without_sentences_is_a_mistake), CW_TEST(sounds_are_levelled_and_degraded_alike),
	CW_TEST_OOM(sentences_are_lines), CW_TEST_OOM(recordings_are_grouped))
