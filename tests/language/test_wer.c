#include "language/wer.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "testing.h"

#define PAIRS 700

static const struct cw_wer_conf raw = {.form = CW_WER_RAW};
static const struct cw_wer_conf raw_sclite = {.costs = CW_WER_SCLITE, .form = CW_WER_RAW};

static void near(double got, double want)
{
	if (got < want - 1e-9 || got > want + 1e-9)
		fail_msg("%.12f, not %.12f", got, want);
}

/* Figures of jiwer's own test suite (tests/test_measures.py) and README. */
static void rates_equal_jiwers(void **state)
{
	static const struct {
		const char *ref, *hyp;
		double wer, mer, wil;
	} cases[] = {
		{"X", "X", 0, 0, 0},
		{"X", "X X Y Y", 3, 0.75, 0.75},
		{"X Y Z", "X Z", 1.0 / 3, 1.0 / 3, 1.0 / 3},
		{"X", "Y", 1, 1, 1},
		{"X", "Y Z", 2, 1, 1},
		{"X", "", 1, 1, 1},
		{"X Y Z", "X", 2.0 / 3, 2.0 / 3, 2.0 / 3},
		{"hello world", "hello duck", 0.5, 0.5, 0.75},
		{"i can spell", "i cannot pass", 2.0 / 3, 2.0 / 3, 8.0 / 9},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_wer_counts c = {0};

		assert_int_equal(cw_wer_add(&c, cw_str(cases[i].ref), cw_str(cases[i].hyp), &raw), 0);
		near(cw_wer_rate(&c), cases[i].wer);
		near(cw_wer_mer(&c), cases[i].mer);
		near(cw_wer_wil(&c), cases[i].wil);
	}
}

/* Which of two equally short paths is taken decides hits, and with them MER. */
static void ties_are_broken_as_rapidfuzz_does(void **state)
{
	static const char *const want[] = {"del", "hit", "sub", "hit", "hit", "ins"};
	struct cw_wer *w = NULL;
	const struct cw_wer_conf chars = {.tokens = CW_WER_CHARS, .form = CW_WER_RAW};

	(void)state;
	/* the example in the documentation of rapidfuzz.distance.Levenshtein.editops */
	assert_int_equal(cw_wer_align(NULL, cw_str("qabxcd"), cw_str("abycdf"), &chars, &w), 0);
	assert_int_equal(w->n_steps, 7);
	assert_string_equal(cw_wer_op_name(w->steps[0].op), want[0]);
	assert_int_equal(w->steps[3].op, CW_WER_SUB);
	assert_int_equal(w->steps[3].ref, 3);
	assert_int_equal(w->steps[3].hyp, 2);
	assert_string_equal(cw_wer_op_name(w->steps[6].op), want[5]);
	assert_int_equal(w->steps[6].ref, 6);
	assert_int_equal(w->steps[6].hyp, 5);
	(void)talloc_free(w);

	/* "a b" against "b c": two substitutions, or a deletion, a hit and an insertion; nothing fell on the way, so the former */
	struct cw_wer_counts c = {0};

	assert_int_equal(cw_wer_add(&c, cw_str("a b"), cw_str("b c"), &raw), 0);
	assert_int_equal(c.sub, 2);
	near(cw_wer_mer(&c), 1);
}

static void sums_are_pooled(void **state)
{
	struct cw_wer_counts c = {0};

	(void)state;
	assert_int_equal(cw_wer_add(&c, cw_str("hello world"), cw_str("hello duck"), &raw), 0);
	assert_int_equal(cw_wer_add(&c, cw_str("i like monthy python"), cw_str("i like python"), &raw), 0);
	near(cw_wer_rate(&c), 1.0 / 3); /* README of jiwer: two errors in six words, not the mean of the two rates */
	assert_int_equal(c.ref, 6);
	assert_int_equal(c.del, 1);
	assert_int_equal(c.sub, 1);
	assert_int_equal(cw_wer_add(&c, cw_str(""), cw_str(""), &raw), 0);
	assert_int_equal(c.ref, 6);
}

static void empty_sides_have_a_rate(void **state)
{
	struct cw_wer_counts none = {0}, extra = {0};

	(void)state;
	near(cw_wer_rate(&none), 0);
	near(cw_wer_mer(&none), 0);
	near(cw_wer_wil(&none), 0);
	assert_int_equal(cw_wer_add(&extra, cw_str(" "), cw_str("a b"), &raw), 0);
	near(cw_wer_rate(&extra), 1);
	near(cw_wer_mer(&extra), 1);
	near(cw_wer_wil(&extra), 1);
	assert_int_equal(extra.ins, 2);
}

static void forms_decide_what_is_equal(void **state)
{
	struct cw_wer_counts match = {0}, fold = {0}, as_is = {0};
	struct cw_str ref = cw_str("At 2:30 PM, please!"), hyp = cw_str("at two thirty p m please");

	(void)state;
	assert_int_equal(cw_wer_add(&match, ref, hyp, NULL), 0);
	assert_int_equal(cw_wer_errors(&match), 0);
	assert_int_equal(
		cw_wer_add(&fold, ref, cw_str("at 2 30 pm please"), &(struct cw_wer_conf){.form = CW_WER_FOLD}), 0);
	assert_int_equal(cw_wer_errors(&fold), 0);
	assert_int_equal(cw_wer_add(&as_is, cw_str("Please!"), cw_str("please"), &raw), 0);
	assert_int_equal(as_is.sub, 1);
}

static void characters_are_utf8(void **state)
{
	const struct cw_wer_conf chars = {.tokens = CW_WER_CHARS, .form = CW_WER_RAW};
	struct cw_wer_counts c = {0};

	(void)state;
	assert_int_equal(cw_wer_add(&c, cw_str("señor 日本"), cw_str("senor 日木"), &chars), 0);
	assert_int_equal(c.ref, 8);
	assert_int_equal(c.sub, 2);
	near(cw_wer_rate(&c), 0.25);
}

static void print_is_like_sclites(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	struct cw_wer *w = NULL;

	(void)state;
	assert_int_equal(cw_wer_align(NULL, cw_str("book a table for four"), cw_str("book a cable for the four"),
				 &raw_sclite, &w),
		0);
	cw_wer_print(w, 0, &b);
	assert_string_equal(b.p, "REF:  book a TABLE for *** four \n"
				 "HYP:  book a CABLE for THE four \n"
				 "Eval:        S         I        \n");
	cw_buf_reset(&b);
	cw_wer_print(w, 20, &b);
	assert_string_equal(b.p, "REF:  book a TABLE \n"
				 "HYP:  book a CABLE \n"
				 "Eval:        S     \n"
				 "\n"
				 "REF:  for *** four \n"
				 "HYP:  for THE four \n"
				 "Eval:     I        \n");
	(void)talloc_free(w);
	cw_buf_reset(&b);
	assert_int_equal(cw_wer_align(NULL, cw_str("größe é"), cw_str("größer x é"), &raw_sclite, &w), 0);
	cw_wer_print(w, 0, &b);
	assert_string_equal(b.p, "REF:  ****** GRÖßE é \n"
				 "HYP:  GRÖßER X     é \n"
				 "Eval: I      S       \n");
	(void)talloc_free(w);
}

/* ---- random pairs, against a plain matrix and against sclite ---- */

struct pair {
	char ref[600], hyp[600];
	bool ascii;
};

static const char *const vocabulary[] = {"a", "b", "the", "the", "at", "two", "too", "table", "cable", "o'clock", "x1",
	"señor", "straße", "日本", "éa", "привет", "naïve"};

static void add_word(char *out, size_t size, const char *word)
{
	size_t len = strlen(out);

	(void)snprintf(out + len, size - len, "%s%s", len ? " " : "", word);
}

/* A reference of 0 … 20 words, and half of the time a damaged copy, else something else. */
static void make_pair(struct cw_rng *rng, struct pair *p)
{
	uint32_t words = cw_rng_chance(rng, 0.6) ? 11 : CW_COUNT(vocabulary);
	uint32_t n = cw_rng_chance(rng, 0.05) ? 0 : cw_rng_below(rng, 21);
	bool damaged = cw_rng_chance(rng, 0.6);

	*p = (struct pair){.ascii = words == 11};
	for (uint32_t i = 0; i < n; i++) {
		const char *word = vocabulary[cw_rng_below(rng, words)];

		add_word(p->ref, sizeof(p->ref), word);
		if (!damaged || cw_rng_chance(rng, 0.15))
			word = vocabulary[cw_rng_below(rng, words)];
		if (!cw_rng_chance(rng, 0.15))
			add_word(p->hyp, sizeof(p->hyp), word);
		if (cw_rng_chance(rng, 0.15))
			add_word(p->hyp, sizeof(p->hyp), vocabulary[cw_rng_below(rng, words)]);
	}
	if (cw_rng_chance(rng, 0.05))
		p->hyp[0] = 0;
}

static size_t split(char *text, char *words[64])
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	return n;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* The least cost by the textbook matrix. */
static unsigned brute(const struct pair *p, unsigned gap, unsigned sub)
{
	static unsigned d[64][64];
	struct pair copy = *p;
	char *r[64], *h[64];
	size_t n = split(copy.ref, r), m = split(copy.hyp, h);

	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++)
			d[i][j] = i == 0   ? (unsigned)j * gap
				  : j == 0 ? (unsigned)i * gap
					   : least(d[i - 1][j] + gap, d[i][j - 1] + gap,
						     d[i - 1][j - 1] + (strcmp(r[i - 1], h[j - 1]) ? sub : 0));
	return d[n][m];
}

/* The steps must lead from the beginning to the end of both sides and say the truth about each pair of words. */
static void check_steps(const struct cw_wer *w)
{
	size_t i = 0, j = 0;

	for (size_t k = 0; k < w->n_steps; k++) {
		const struct cw_wer_step *s = &w->steps[k];

		assert_int_equal(s->ref, i);
		assert_int_equal(s->hyp, j);
		if (s->op == CW_WER_HIT || s->op == CW_WER_SUB) {
			bool same = w->ref[i].len == w->hyp[j].len && !memcmp(w->ref[i].p, w->hyp[j].p, w->ref[i].len);

			assert_int_equal(same, s->op == CW_WER_HIT);
		}
		i += s->op != CW_WER_INS;
		j += s->op != CW_WER_DEL;
	}
	assert_int_equal(i, w->n_ref);
	assert_int_equal(j, w->n_hyp);
}

static void check_pair(const struct pair *p, const struct cw_wer_conf *conf, struct cw_wer_counts *ret)
{
	struct cw_wer_counts c = {0};
	struct cw_wer *w = NULL;

	assert_int_equal(cw_wer_align(NULL, cw_str(p->ref), cw_str(p->hyp), conf, &w), 0);
	assert_int_equal(cw_wer_add(&c, cw_str(p->ref), cw_str(p->hyp), conf), 0);
	check_steps(w);
	assert_memory_equal(&c, &w->counts, sizeof(c)); /* two ways of counting */
	assert_int_equal(c.ref, c.hit + c.sub + c.del);
	assert_int_equal(c.hyp, c.hit + c.sub + c.ins);
	(void)talloc_free(w);
	*ret = c;
}

static void random_pairs_cost_the_least(void **state)
{
	struct cw_rng rng;

	(void)state;
	cw_rng_init(&rng, 77);
	for (size_t i = 0; i < 2000; i++) {
		struct cw_wer_counts unit, weighted;
		struct pair p;

		make_pair(&rng, &p);
		check_pair(&p, &raw, &unit);
		check_pair(&p, &raw_sclite, &weighted);
		assert_int_equal(cw_wer_errors(&unit), brute(&p, 1, 1));
		assert_int_equal(3 * (weighted.del + weighted.ins) + 4 * weighted.sub, brute(&p, 3, 4));
		assert_true(cw_wer_errors(&unit) <= cw_wer_errors(&weighted));
	}
}

static void write_trn(const char *path, const struct pair *pairs, bool ref)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	for (size_t i = 0; i < PAIRS; i++)
		cw_buf_fmt(&b, "%s (s-%04zu)\n", ref ? pairs[i].ref : pairs[i].hyp, i);
	assert_int_equal(cw_file_replace(path, cw_buf_str(&b), NULL), 0);
}

/* Compare one "id:/Scores:/REF:/HYP:/Eval:" block of sclite's with ours. */
static void compare_block(const char *block, const struct pair *pairs, bool *seen)
{
	unsigned id = PAIRS, hit = 0, sub = 0, del = 0, ins = 0;
	const char *scores = strstr(block, "Scores:"), *lines = strstr(block, "REF:");
	CW_BUF_SCOPED struct cw_buf ours = CW_BUF(1 << 16);
	struct cw_wer *w = NULL;

	if (sscanf(block, "id: (s-%u)", &id) != 1 || id >= PAIRS || !scores ||
		sscanf(scores, "Scores: (#C #S #D #I) %u %u %u %u", &hit, &sub, &del, &ins) != 4)
		fail_msg("sclite wrote: %.200s", block);
	seen[id] = true;
	assert_int_equal(cw_wer_align(NULL, cw_str(pairs[id].ref), cw_str(pairs[id].hyp), &raw_sclite, &w), 0);
	if (w->counts.hit != hit || w->counts.sub != sub || w->counts.del != del || w->counts.ins != ins)
		fail_msg("'%s' / '%s': sclite %u %u %u %u, we %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
			pairs[id].ref, pairs[id].hyp, hit, sub, del, ins, w->counts.hit, w->counts.sub, w->counts.del,
			w->counts.ins);
	cw_wer_print(w, 0, &ours);
	/* sclite counts bytes where we count characters */
	if (pairs[id].ascii && w->n_steps && (!lines || strncmp(lines, ours.p, ours.len) != 0))
		fail_msg("sclite:\n%.600s\nwe:\n%s", lines ? lines : "", ours.p);
	(void)talloc_free(w);
}

static size_t compare_output(FILE *f, const struct pair *pairs, bool *seen)
{
	CW_BUF_SCOPED struct cw_buf block = CW_BUF(1 << 16);
	char line[4096];
	size_t n = 0;

	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "id: ", 4) == 0) {
			cw_buf_reset(&block);
			n++;
		}
		if (n)
			cw_buf_puts(&block, line);
		/* a pair without words has no lines */
		if (strncmp(line, "Eval:", 5) == 0 || strstr(line, ") 0 0 0 0"))
			compare_block(block.p, pairs, seen);
	}
	return n;
}

static void totals_and_alignments_equal_sclites(void **state)
{
	CW_SCOPED struct pair *pairs = talloc_array(NULL, struct pair, PAIRS);
	char dir[400], ref[440], hyp[440], command[1200];
	bool seen[PAIRS] = {false};
	struct cw_rng rng;

	(void)state;
	if (system("command -v sctk >/dev/null 2>&1") != 0) {
		print_message("# skipped: sctk is not installed (apt-get install sctk)\n");
		skip();
	}
	cw_rng_init(&rng, 2026);
	for (size_t i = 0; i < PAIRS; i++)
		make_pair(&rng, &pairs[i]);
	(void)snprintf(dir, sizeof(dir), "%s", cw_test_tmp());
	(void)snprintf(ref, sizeof(ref), "%s/ref.trn", dir);
	(void)snprintf(hyp, sizeof(hyp), "%s/hyp.trn", dir);
	write_trn(ref, pairs, true);
	write_trn(hyp, pairs, false);
	(void)snprintf(command, sizeof(command), "sctk sclite -r %s trn -h %s trn -i spu_id -e utf-8 -o pralign stdout",
		ref, hyp);

	FILE *f = popen(command, "r");

	assert_non_null(f);
	assert_int_equal(compare_output(f, pairs, seen), PAIRS);
	assert_int_equal(pclose(f), 0);
	for (size_t i = 0; i < PAIRS; i++)
		assert_true(seen[i]);
}

/* ---- length ---- */

static char *long_text(void *parent, size_t bytes, unsigned every, struct cw_rng *rng)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	struct cw_rng noise;

	cw_rng_init(&noise, every);
	while (b.len < bytes) {
		uint32_t word = cw_rng_below(rng, 3000);

		if (every && cw_rng_below(&noise, every) == 0)
			word = 9999;
		cw_buf_fmt(&b, "w%u ", word);
	}
	return cw_buf_take(&b, parent);
}

static void long_texts_take_little_memory(void **state)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	const struct cw_wer_conf chars = {.tokens = CW_WER_CHARS, .form = CW_WER_RAW};
	struct cw_rng a, b, other;
	struct cw_wer *w = NULL;
	struct cw_wer_counts c = {0};

	(void)state;
	cw_rng_init(&a, 1);
	cw_rng_init(&b, 1);
	cw_rng_init(&other, 2);

	struct cw_str ref = cw_str(long_text(scratch, 65536, 0, &a));
	struct cw_str hyp = cw_str(long_text(scratch, 65536, 60, &b));
	struct cw_str alien = cw_str(long_text(scratch, 9000, 0, &other));

	assert_int_equal(cw_wer_align(scratch, ref, hyp, &raw, &w), 0);
	check_steps(w);
	assert_true(w->counts.sub > w->n_ref / 90 && w->counts.sub < w->n_ref / 40);
	(void)talloc_free(w);
	ref.len = hyp.len = 20000;
	assert_int_equal(cw_wer_align(scratch, ref, hyp, &chars, &w), 0);
	check_steps(w);
	assert_true(w->counts.ref > 19000);
	(void)talloc_free(w);
	assert_int_equal(cw_wer_align(scratch, cw_str("w1 w2"), alien, &raw_sclite, &w), 0);
	check_steps(w);
	(void)talloc_free(w);
	ref.len = 9000; /* nothing in common: the band grows to all */
	assert_int_equal(cw_wer_add(&c, ref, alien, &raw_sclite), 0);
	assert_true(cw_wer_errors(&c) > c.ref * 9 / 10);
}

static void too_long_is_refused(void **state)
{
	CW_SCOPED char *text = talloc_zero_size(NULL, 2 * CW_WER_MAX_TOKENS + 8);
	struct cw_wer *w = NULL;
	struct cw_wer_counts c = {0};

	(void)state;
	for (size_t i = 0; i < CW_WER_MAX_TOKENS + 1; i++)
		memcpy(text + 2 * i, "a ", 2);
	assert_int_equal(cw_wer_align(NULL, cw_str("a"), cw_str(text), &raw, &w), EMSGSIZE);
	assert_null(w);
	assert_int_equal(cw_wer_add(&c, cw_str(text), cw_str("a"), &raw), EMSGSIZE);
	assert_int_equal(c.ref, 0);
}

static void align_without_memory(void **state)
{
	struct cw_wer *w = NULL;
	struct cw_wer_counts c = {0};
	int err = cw_wer_add(&c, cw_str("book a table"), cw_str("book the cable please"), NULL);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(cw_wer_errors(&c), 3);
	err = cw_wer_align(NULL, cw_str("book a table"), cw_str("book the cable please"), NULL, &w);
	if (cw_test_oom(err))
		return;
	assert_int_equal(w->counts.ins, 1);
	(void)talloc_free(w);
}
CW_OOM_BODY(align_without_memory)

CW_TEST_MAIN(CW_TEST(rates_equal_jiwers), CW_TEST(ties_are_broken_as_rapidfuzz_does), CW_TEST(sums_are_pooled),
	CW_TEST(empty_sides_have_a_rate), CW_TEST(forms_decide_what_is_equal), CW_TEST(characters_are_utf8),
	CW_TEST(print_is_like_sclites), CW_TEST(random_pairs_cost_the_least),
	CW_TEST(totals_and_alignments_equal_sclites), CW_TEST(long_texts_take_little_memory),
	CW_TEST(too_long_is_refused), CW_TEST_OOM(align_without_memory))
