#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trial/scenario/list.h"

static const char text[] =
	"matrix: {channel: [clean, cafe]}\ntarget: agent:a.yaml\n"
	"tests:\n"
	"  - {id: one, description: First., tags: [smoke], repeat: 3, matrix: {plan: [a, b]}, turns: [{say: \"{{plan}}\"}],\n"
	"     assert: [{type: contains, value: x}, {type: assert-set, assert: [{type: regex, value: a}, {type: regex, value: b}]}]}\n"
	"  - {id: two, turns: [{say: Hi, expect: [{type: contains, value: x}]}]}\n";

static struct cw_plan *plan(void)
{
	static char path[300];
	const char *files[] = {path};
	const struct cw_trial_conf conf = {.files = files, .n_files = 1, .seed = 7, .sim = true};
	struct cw_plan *p = NULL;
	struct cw_why why = {0};
	FILE *f;

	snprintf(path, sizeof(path), "%s/list.yaml", cw_test_tmp());
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	if (cw_plan_new(NULL, &conf, &p, &why))
		fail_msg("%s", why.text);
	return p;
}

static void tests_are_listed_once_with_their_sums(void **state)
{
	CW_SCOPED struct cw_plan *p = plan();
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);

	(void)state;
	assert_int_equal(cw_plan_list(&b, p, false), 0);
	assert_non_null(strstr(b.p, "one [plan_a]\n    First.\n"));
	assert_non_null(
		strstr(b.p, "1 turn · 3 assertions · smoke\n    2 slices × 3 repeats = 6 calls to agent:a.yaml\n"));
	assert_non_null(strstr(b.p, "one [plan_b]\n"));
	assert_non_null(strstr(b.p, "1 turn · 1 assertion\n    2 slices × 1 repeat = 2 calls to"));
	assert_non_null(strstr(b.p, "3 tests, 14 calls\n"));
}

static void lists_are_json_too(void **state)
{
	CW_SCOPED struct cw_plan *p = plan();
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);
	json_t *j = NULL;

	(void)state;
	assert_int_equal(cw_plan_list(&b, p, true), 0);
	assert_int_equal(cw_json_parse(b.p, b.len, &j, NULL), 0);

	CW_JSON_SCOPED json_t *o = j;
	json_t *one = json_array_get(json_object_get(o, "tests"), 1);

	assert_int_equal(cw_json_int(o, "executions", 0), 14);
	assert_string_equal(cw_json_str(one, "id", ""), "one");
	assert_string_equal(cw_json_str(json_object_get(one, "variables"), "plan", ""), "b");
	assert_int_equal(cw_json_int(one, "calls", 0), 6);
	assert_int_equal(cw_json_int(one, "assertions", 0), 3);
}

static void every_call_has_its_seed_and_key(void **state)
{
	CW_SCOPED struct cw_plan *p = plan();
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536), js = CW_BUF(65536);
	const struct cw_trial_conf conf = {.seed = 7, .sim = true};
	char want[200];
	json_t *j = NULL;

	(void)state;
	assert_int_equal(cw_plan_dry_run(&b, p, &conf, false), 0);
	snprintf(want, sizeof(want), "one.en-US.modem.clean.plan_a.1  agent:a.yaml  seed %016llx  3 assertions\n",
		(unsigned long long)p->items[0].seed);
	assert_memory_equal(b.p, want, strlen(want));
	assert_non_null(strstr(b.p, "14 calls, simulated: nothing was dialled\n"));
	assert_int_equal(cw_plan_dry_run(&js, p, &conf, true), 0);
	assert_int_equal(cw_json_parse(js.p, js.len, &j, NULL), 0);

	CW_JSON_SCOPED json_t *o = j;
	json_t *call = json_array_get(json_object_get(o, "calls"), 13);

	assert_int_equal(json_array_size(json_object_get(o, "calls")), 14);
	assert_string_equal(cw_json_str(call, "slice", ""), "en-US.modem.cafe");
	assert_int_equal(strlen(cw_json_str(call, "seed", "")), 16);
}

static void reruns_pick_the_variant(void **state)
{
	CW_SCOPED struct cw_plan *p = plan();
	const struct cw_trial_conf conf = {.seed = 7, .sim = true};
	CW_SCOPED char *line = cw_plan_rerun(NULL, &p->items[6], &conf);

	(void)state;
	assert_string_equal(p->items[6].slice, "en-US.modem.clean.plan_b");
	assert_non_null(strstr(line, " --var plan=b"));
}

CW_TEST_MAIN(CW_TEST(tests_are_listed_once_with_their_sums), CW_TEST(lists_are_json_too),
	CW_TEST(every_call_has_its_seed_and_key), CW_TEST(reruns_pick_the_variant))
