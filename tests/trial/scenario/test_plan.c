#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trial/scenario/plan.h"

static const char two[] =
	"matrix: {voice: [modem, \"flite:slt\"], channel: [clean, pstn_g711]}\ntarget: agent:a.yaml\n"
	"tests:\n"
	"  - {id: one, tags: [smoke], repeat: 2, turns: [{say: Hi}], assert: [{type: contains, value: x}]}\n"
	"  - {id: two, turns: [{say: Hi}], assert: [{type: contains, value: x}]}\n";

/* A scenario file in the test's folder; the path lives until the next call. */
static const char *file(const char *name, const char *text)
{
	static char path[4][300];
	static unsigned next;
	char *p = path[next++ % 4];
	FILE *f;

	snprintf(p, sizeof(path[0]), "%s/%s", cw_test_tmp(), name);
	f = fopen(p, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return p;
}

static struct cw_plan *plan(const struct cw_trial_conf *conf)
{
	struct cw_plan *p = NULL;
	struct cw_why why = {0};

	if (cw_plan_new(NULL, conf, &p, &why))
		fail_msg("%s", why.text);
	return p;
}

static void everything_is_multiplied_in_a_fixed_order(void **state)
{
	const char *files[] = {file("two.yaml", two)};
	const struct cw_trial_conf conf = {.files = files, .n_files = 1, .seed = 7};
	CW_SCOPED struct cw_plan *p = plan(&conf);

	(void)state;
	assert_int_equal(p->n, 2 * 2 * 2 + 2 * 2);
	assert_string_equal(p->items[0].key, "one.en-US.modem.clean.1");
	assert_string_equal(p->items[1].key, "one.en-US.modem.clean.2");
	assert_string_equal(p->items[2].key, "one.en-US.modem.pstn_g711.1");
	assert_string_equal(p->items[4].key, "one.en-US.flite_slt.clean.1");
	assert_string_equal(p->items[11].key, "two.en-US.flite_slt.pstn_g711.1");
	assert_string_equal(p->items[0].ear, "modem");
	assert_string_equal(p->items[4].ear, "pocketsphinx");
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(p->items[i].seed != p->items[k].seed);
}

static void simulation_speaks_modem_on_both_ends(void **state)
{
	const char *files[] = {file("two.yaml", two)};
	const struct cw_trial_conf conf = {.files = files, .n_files = 1, .seed = 7, .sim = true, .repeat = 1};
	CW_SCOPED struct cw_plan *p = plan(&conf);

	(void)state;
	assert_int_equal(p->n, 2 * 2);
	assert_string_equal(p->items[0].voice, "modem");
	assert_string_equal(p->items[0].agent_stt, "modem");
	assert_string_equal(p->items[0].agent_voice, "modem");
}

static void repeat_n_is_the_first_of_a_later_seed(void **state)
{
	const char *files[] = {file("two.yaml", two)};
	struct cw_trial_conf conf = {
		.files = files, .n_files = 1, .seed = 7, .sim = true, .repeat = 17, .filter = "^one$"};
	CW_SCOPED struct cw_plan *p = plan(&conf);

	(void)state;
	conf.seed = 23;
	conf.repeat = 1;

	CW_SCOPED struct cw_plan *later = plan(&conf);

	assert_int_equal(p->items[16].repeat, 17);
	assert_true(p->items[16].seed == later->items[0].seed);
}

static void rerun_is_a_command_for_this_call_alone(void **state)
{
	const char *files[] = {file("two.yaml", two)};
	const struct cw_opt_pair vars[] = {{"who", "O'Neil"}};
	const struct cw_trial_conf conf = {.files = files,
		.n_files = 1,
		.seed = 7,
		.sim = true,
		.repeat = 3,
		.target = "agent:x y.yaml",
		.faults = 0.02,
		.vars = vars,
		.n_vars = 1,
		.filter = "one"};
	CW_SCOPED struct cw_plan *p = plan(&conf);
	CW_SCOPED char *line = cw_plan_rerun(NULL, &p->items[5], &conf);
	char want[600];

	(void)state;
	snprintf(want, sizeof(want),
		"callwright test %s -k '^one$' --sim --target 'agent:x y.yaml' --seed 9 -n 1 --profile pstn_g711 --faults 0.02 --var 'who=O'\\''Neil'",
		files[0]);
	assert_string_equal(line, want);
}

static void filters_tags_and_first_choose(void **state)
{
	const char *files[] = {file("two.yaml", two)}, *smoke = "smoke", *none = "none";
	struct cw_trial_conf conf = {.files = files, .n_files = 1, .sim = true, .repeat = 1, .tags = {&smoke, 1}};
	struct cw_plan *p = plan(&conf);
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(p->n, 2);
	talloc_free(p);
	conf.tags.items = &none;
	p = plan(&conf);
	assert_int_equal(p->n, 0);
	talloc_free(p);
	conf.tags.n = 0;
	conf.first = 3;
	p = plan(&conf);
	assert_int_equal(p->n, 3);
	talloc_free(p);
	p = NULL;
	conf.filter = "(";
	assert_int_equal(cw_plan_new(NULL, &conf, &p, &why), EINVAL);
	assert_null(p);
}

static void folders_are_read_in_order_and_same_ids_kept_apart(void **state)
{
	static const char text[] = "tests: [{id: x, turns: [{say: Hi}], assert: [{type: contains, value: x}]}]\n";
	char dir[300];
	const char *files[] = {dir};
	const struct cw_trial_conf conf = {.files = files, .n_files = 1, .sim = true, .target = "agent:a.yaml"};

	(void)state;
	snprintf(dir, sizeof(dir), "%s/folder", cw_test_tmp());
	assert_int_equal(mkdir(dir, 0777), 0);
	file("folder/b.yaml", text);
	file("folder/a.yaml", text);
	file("folder/notes.txt", "nothing");

	CW_SCOPED struct cw_plan *p = plan(&conf);

	assert_int_equal(p->n, 2);
	assert_string_equal(p->items[0].key, "a.x.en-US.modem.clean.1");
	assert_string_equal(p->items[1].key, "b.x.en-US.modem.clean.1");
}

static void mistakes_are_told(void **state)
{
	static const char text[] = "tests: [{id: x, turns: [{say: Hi}], assert: [{type: contains, value: x}]}]\n";
	const char *files[] = {file("untargeted.yaml", text)}, *missing[] = {"/nowhere.yaml"};
	struct cw_trial_conf conf = {.files = files, .n_files = 1};
	struct cw_plan *p = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_plan_new(NULL, &conf, &p, &why), EINVAL);
	assert_non_null(strstr(why.text, "--target"));
	why = (struct cw_why){0};
	conf.files = missing;
	assert_int_equal(cw_plan_new(NULL, &conf, &p, &why), ENOENT);
	assert_string_equal(why.file, "/nowhere.yaml");
	assert_null(p);
}

static void planning_survives_failing_memory(void **state)
{
	const char *files[] = {file(
		"untargeted.yaml", "tests: [{id: x, turns: [{say: Hi}], assert: [{type: contains, value: x}]}]\n")};
	const struct cw_trial_conf conf = {.files = files, .n_files = 1, .sim = true, .target = "agent:a.yaml"};
	CW_SCOPED struct cw_plan *p = NULL;
	int err = cw_plan_new(NULL, &conf, &p, NULL);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(planning_survives_failing_memory)

CW_TEST_MAIN(CW_TEST(everything_is_multiplied_in_a_fixed_order), CW_TEST(simulation_speaks_modem_on_both_ends),
	CW_TEST(repeat_n_is_the_first_of_a_later_seed), CW_TEST(rerun_is_a_command_for_this_call_alone),
	CW_TEST(filters_tags_and_first_choose), CW_TEST(folders_are_read_in_order_and_same_ids_kept_apart),
	CW_TEST(mistakes_are_told), CW_TEST_OOM(planning_survives_failing_memory))
