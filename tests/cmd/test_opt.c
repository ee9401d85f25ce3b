#include "testing.h"

#include <string.h>

#include "cmd/cmd.h"

static bool flag;
static const char *text;
static struct cw_opt_list list;
static uint32_t number;
static double real;
static uint64_t duration;

static const struct cw_opt opts[] = {
	{CW_OPT_FLAG, 'f', "flag", NULL, "a flag", &flag},
	{CW_OPT_STRING, 't', "text", "TEXT", "a text", &text},
	{CW_OPT_LIST, 'o', "output", "FILE", "repeatable", &list},
	{CW_OPT_U32, 'n', "number", "N", "a number", &number},
	{CW_OPT_DOUBLE, 0, "real", "X", "a real", &real},
	{CW_OPT_DURATION, 0, "wait", "TIME", "a duration", &duration},
	{0},
};
static const struct cw_command cmd = {.name = "probe", .summary = "Probe", .usage = "callwright probe"};

#define PARSE(...) parse((char *[]){(char[]){"probe"}, __VA_ARGS__, NULL})

static const char *args[16];
static size_t n_args;
static int exit_code;

static bool parse(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	flag = false;
	text = NULL;
	list.n = 0;
	number = 0;
	real = 0;
	duration = 0;
	exit_code = -1;
	return cw_opt_parse(&cmd, opts, argc, argv, args, &n_args, &exit_code);
}

#define A(s) ((char[]){s})

static void every_kind_and_spelling(void **state)
{
	(void)state;
	assert_true(PARSE(A("one"), A("-f"), A("--text=x y"), A("-oa"), A("-o"), A("b"), A("--number"), A("7"),
		A("--real=0.5"), A("--wait"), A("250ms"), A("--"), A("--two")));
	assert_true(flag);
	assert_string_equal(text, "x y");
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[1], "b");
	assert_int_equal(number, 7);
	assert_true(real == 0.5);
	assert_int_equal(duration, 250000);
	assert_int_equal(n_args, 2);
	assert_string_equal(args[0], "one");
	assert_string_equal(args[1], "--two");
}

static void durations_have_units(void **state)
{
	(void)state;
	assert_true(PARSE(A("--wait=3")));
	assert_int_equal(duration, 3000000);
	assert_true(PARSE(A("--wait=1.5s")));
	assert_int_equal(duration, 1500000);
	assert_true(PARSE(A("--wait=2m")));
	assert_int_equal(duration, 120000000);
	assert_false(PARSE(A("--wait=3 parsecs")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
}

static void mistakes_are_usage_errors(void **state)
{
	(void)state;
	assert_false(PARSE(A("--flg")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
	assert_false(PARSE(A("--flag=1")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
	assert_false(PARSE(A("--number"), A("seven")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
	assert_false(PARSE(A("--number=4294967296")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
	assert_false(PARSE(A("--text")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
	assert_false(PARSE(A("-x")));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
}

static void help_is_no_mistake(void **state)
{
	(void)state;
	fflush(stdout);
	assert_false(PARSE(A("--help")));
	assert_int_equal(exit_code, CW_EXIT_OK);
}

static void a_list_has_an_end(void **state)
{
	char *argv[2 * CW_OPT_LIST_MAX + 4];
	char name[] = "probe", option[] = "-oX";
	int argc = 0;

	(void)state;
	argv[argc++] = name;
	for (int i = 0; i <= CW_OPT_LIST_MAX; i++)
		argv[argc++] = option;
	list.n = 0;
	assert_false(cw_opt_parse(&cmd, opts, argc, argv, args, &n_args, &exit_code));
	assert_int_equal(exit_code, CW_EXIT_USAGE);
}

CW_TEST_MAIN(CW_TEST(every_kind_and_spelling), CW_TEST(durations_have_units), CW_TEST(mistakes_are_usage_errors),
	CW_TEST(help_is_no_mistake), CW_TEST(a_list_has_an_end))
