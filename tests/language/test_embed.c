#include "language/embed.h"

#include <errno.h>
#include <math.h>

#include "testing.h"
#include "world/sim.h"
#include "world/world.h"

static double similarity(const struct cw_embed *e, const char *a, const char *b)
{
	double v = -2;

	assert_int_equal(cw_embed_similarity(e, cw_str(a), cw_str(b), &v), 0);
	return v;
}

static struct cw_embed *lexical(void *parent)
{
	struct cw_embed *e = NULL;

	assert_int_equal(cw_embed_open(parent, NULL, NULL, &e, NULL), 0);
	assert_string_equal(e->ops->name, "lexical");
	assert_string_equal(e->model, "lexical-1");
	return e;
}

static void near_texts_score_above_far_ones(void **state)
{
	static const struct {
		const char *a, *near, *far;
	} cases[] = {
		{"My furnace stopped working", "the furnace has stopped working", "I want to cancel my appointment"},
		{"Your appointment is on Tuesday at two", "You are booked for an appointment on Tuesday at two o'clock",
			"Can I have your telephone number?"},
		{"Ich möchte einen Termin vereinbaren", "ich will gern Termine vereinbaren", "Das Wetter ist schön"},
		{"Quiero cancelar mi cita", "quisiera cancelar la cita", "El perro corre en el campo"},
		{"予約をキャンセルしたい", "予約をキャンセルしてください", "今日は天気がいい"},
		{"Хочу записаться на вторник", "я хотел бы записаться на вторник", "собака бежит по полю"},
	};
	struct cw_embed *e = lexical(NULL);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		double near = similarity(e, cases[i].a, cases[i].near), far = similarity(e, cases[i].a, cases[i].far);

		if (near < 0.55 || far > 0.4 || near < far + 0.3)
			fail_msg("'%s': %.3f for what is like it, %.3f for what is not", cases[i].a, near, far);
	}
	(void)talloc_free(e);
}

static void scores_are_a_cosine(void **state)
{
	struct cw_embed *e = lexical(NULL);
	const struct cw_str texts[] = {CW_STR_LIT("Hello there, how can I help?"), CW_STR_LIT("")};
	CW_SCOPED float *v = talloc_array(NULL, float, 2 * e->dimension);
	double length = 0;

	(void)state;
	assert_true(fabs(similarity(e, "Book a table!", "book  A table") - 1) < 1e-6);
	assert_true(fabs(similarity(e, "a b c", "d e f") - similarity(e, "d e f", "a b c")) < 1e-12);
	assert_true(fabs(similarity(e, "", "!?") - 1) < 1e-12);
	assert_true(fabs(similarity(e, "", "word")) < 1e-12);
	assert_int_equal(cw_embed_now(e, texts, 2, v), 0);
	for (size_t i = 0; i < e->dimension; i++) {
		length += (double)v[i] * (double)v[i];
		assert_true(fabsf(v[e->dimension + i]) < 1e-12f);
	}
	assert_true(fabs(length - 1) < 1e-5);
	(void)talloc_free(e);
}

static void strange_texts_are_taken(void **state)
{
	struct cw_embed *e = lexical(NULL);
	CW_SCOPED char *big = talloc_size(NULL, 300001);

	(void)state;
	memset(big, 'x', 300000);
	big[300000] = 0;
	assert_true(similarity(e, big, "x") < 0.9);
	for (size_t i = 7; i < 300000; i += 8)
		big[i] = ' ';
	assert_true(similarity(e, big, big) > 0.99);
	assert_true(similarity(e, "\xff\xfe\x80", "a") < 0.1);
	(void)talloc_free(e);
}

static void unknown_drivers_are_named(void **state)
{
	struct cw_embed *e = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_embed_open(NULL, NULL, &(struct cw_embed_conf){.driver = "minilm"}, &e, &why), ENOENT);
	assert_non_null(strstr(why.text, "minilm"));
	assert_non_null(strstr(why.text, "lexical"));
	why = (struct cw_why){0};
	assert_int_equal(cw_embed_open(NULL, NULL, &(struct cw_embed_conf){.model = "big"}, &e, &why), EINVAL);
	assert_non_null(strstr(why.text, "lexical-1"));
	assert_null(e);
	assert_string_equal(cw_embed_names()[0], "lexical");
}

struct answers {
	size_t n;
	size_t vectors;
	double cosine;
	struct cw_embed_req *to_free;
};

static void on_vectors(int err, const struct cw_embed_result *r, const struct cw_why *why, void *arg)
{
	struct answers *a = arg;

	(void)why;
	assert_int_equal(err, 0);
	a->n++;
	a->vectors = r->n;
	a->cosine = cw_embed_cosine(r->vectors, r->vectors + r->dimension, r->dimension);
	if (a->to_free)
		(void)talloc_free(a->to_free);
}

static void answers_come_after_the_call(void **state)
{
	const struct cw_str texts[] = {CW_STR_LIT("open the door"), CW_STR_LIT("open the doors")};
	struct cw_world *w = NULL;
	struct cw_embed *e = NULL;
	struct cw_embed_req *r = NULL;
	struct answers a = {0};

	(void)state;
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &w), 0);
	assert_int_equal(cw_embed_open(w, w, NULL, &e, NULL), 0);
	assert_int_equal(cw_embed_texts(e, w, texts, 0, on_vectors, &a, &r), EINVAL);
	assert_int_equal(cw_embed_texts(e, w, texts, 2, on_vectors, &a, &r), 0);
	assert_int_equal(a.n, 0);
	while (cw_sim_step(w))
		;
	assert_int_equal(a.n, 1);
	assert_int_equal(a.vectors, 2);
	assert_true(a.cosine > 0.7);

	assert_int_equal(cw_embed_texts(e, w, texts, 2, on_vectors, &a, &r), 0);
	(void)talloc_free(r); /* cancelled: no answer */
	while (cw_sim_step(w))
		;
	assert_int_equal(a.n, 1);

	assert_int_equal(cw_embed_texts(e, w, texts, 2, on_vectors, &a, &r), 0);
	a.to_free = r; /* freed in its own handler */
	while (cw_sim_step(w))
		;
	assert_int_equal(a.n, 2);
	(void)talloc_free(w);
}

static void a_driver_without_world_cannot_wait(void **state)
{
	struct cw_embed *e = lexical(NULL);
	struct cw_embed_req *r = NULL;
	struct answers a = {0};

	(void)state;
	assert_int_equal(cw_embed_texts(e, NULL, &CW_STR_LIT("a"), 1, on_vectors, &a, &r), EINVAL);
	(void)talloc_free(e);
}

static void similarity_without_memory(void **state)
{
	struct cw_embed *e = NULL;
	double v;
	int err = cw_embed_open(NULL, NULL, NULL, &e, NULL);

	(void)state;
	if (cw_test_oom(err))
		return;
	err = cw_embed_similarity(e, cw_str("one text"), cw_str("another text"), &v);
	(void)talloc_free(e);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(similarity_without_memory)

CW_TEST_MAIN(CW_TEST(near_texts_score_above_far_ones), CW_TEST(scores_are_a_cosine), CW_TEST(strange_texts_are_taken),
	CW_TEST(unknown_drivers_are_named), CW_TEST(answers_come_after_the_call),
	CW_TEST(a_driver_without_world_cannot_wait), CW_TEST_OOM(similarity_without_memory))
