#include "cmd/cmd.h"

#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define KNOWN_MAX 64

/* ---- values ---- */

static int parse_duration(const char *text, uint64_t *ret_us)
{
	static const struct {
		const char *unit;
		double us;
	} units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"", 1e6}};
	size_t digits = strspn(text, "0123456789.");
	double number;

	if (cw_str_double((struct cw_str){text, digits}, &number))
		return EINVAL;
	for (size_t i = 0; i < CW_COUNT(units); i++) {
		if (strcmp(text + digits, units[i].unit) != 0)
			continue;
		if (number * units[i].us > 1e15)
			return ERANGE;
		*ret_us = (uint64_t)(number * units[i].us + 0.5);
		return 0;
	}
	return EINVAL;
}

static const char *expected(enum cw_opt_kind kind)
{
	switch (kind) {
	case CW_OPT_U32:
	case CW_OPT_U64:
		return "a whole number";
	case CW_OPT_DOUBLE:
		return "a number";
	case CW_OPT_DURATION:
		return "a duration like 200ms, 3s or 2m";
	default:
		return "a text";
	}
}

static int store(const struct cw_opt *o, const char *text)
{
	struct cw_str s = cw_str(text);

	switch (o->kind) {
	case CW_OPT_FLAG:
		*(bool *)o->value = true;
		return 0;
	case CW_OPT_STRING:
		*(const char **)o->value = text;
		return 0;
	case CW_OPT_LIST: {
		struct cw_opt_list *list = o->value;

		if (list->n == CW_OPT_LIST_MAX)
			return E2BIG;
		list->items[list->n++] = text;
		return 0;
	}
	case CW_OPT_U32:
		return cw_str_u32(s, UINT32_MAX, o->value);
	case CW_OPT_U64:
		return cw_str_u64(s, UINT64_MAX, o->value);
	case CW_OPT_DOUBLE:
		return cw_str_double(s, o->value);
	case CW_OPT_DURATION:
		return parse_duration(text, o->value);
	}
	return EINVAL;
}

/* ---- help ---- */

static void print_option(FILE *out, const struct cw_opt *o)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%c%s --%s%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ',
		o->letter ? "," : " ", o->name, o->value_name ? " " : "", o->value_name ? o->value_name : "");
	if (strlen(left) > 30)
		fprintf(out, "  %s\n  %-31s %s\n", left, "", o->help);
	else
		fprintf(out, "  %-31s %s\n", left, o->help);
}

static void print_help(const struct cw_command *cmd, const struct cw_opt *opts)
{
	printf("%s\n\nUsage: %s\n", cmd->summary, cmd->usage);
	if (opts->name)
		printf("\nOptions:\n");
	for (const struct cw_opt *o = opts; o->name; o++)
		print_option(stdout, o);
	if (cmd->details)
		printf("\n%s", cmd->details);
}

/* ---- parsing ---- */

static int complain(const struct cw_command *cmd, const char *fmt, ...) CW_PRINTF(2, 3);

static int complain(const struct cw_command *cmd, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "callwright %s: ", cmd->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nSee 'callwright %s --help'.\n", cmd->name);
	return CW_EXIT_USAGE;
}

static int unknown_option(const struct cw_command *cmd, const struct cw_opt *opts, const char *arg)
{
	const char *names[KNOWN_MAX];
	size_t n = 0;
	struct cw_str name = {arg + 2, strcspn(arg + 2, "=")};

	if (arg[1] != '-')
		return complain(cmd, "unknown option '%s'", arg);
	for (const struct cw_opt *o = opts; o->name && n < KNOWN_MAX; o++)
		names[n++] = o->name;

	const char *near = cw_str_nearest(name, names, n);

	if (near)
		return complain(cmd, "unknown option '--%.*s': did you mean --%s?", CW_STR(name), near);
	return complain(cmd, "unknown option '--%.*s'", CW_STR(name));
}

/* The option @arg names, and where its value begins in it (NULL: in the next argument). */
static const struct cw_opt *find_option(const struct cw_opt *opts, const char *arg, const char **value)
{
	bool is_long = arg[1] == '-';
	struct cw_str name = {arg + 2, strcspn(arg + 2, "=")};

	*value = NULL;
	for (const struct cw_opt *o = opts; o->name; o++) {
		if (is_long && cw_str_eq(name, o->name)) {
			if (name.p[name.len] == '=')
				*value = name.p + name.len + 1;
			return o;
		}
		if (!is_long && o->letter == arg[1]) {
			if (arg[2])
				*value = arg + 2;
			return o;
		}
	}
	return NULL;
}

/* One option at argv[*i]: 0 or the exit code. */
static int take_option(const struct cw_command *cmd, const struct cw_opt *opts, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *value;
	const struct cw_opt *o = find_option(opts, arg, &value);

	if (!o)
		return unknown_option(cmd, opts, arg);
	if (o->kind == CW_OPT_FLAG && value)
		return complain(cmd, "option '--%s' takes no value", o->name);
	if (o->kind != CW_OPT_FLAG && !value) {
		if (*i + 1 >= argc)
			return complain(cmd, "option '--%s' needs %s", o->name, expected(o->kind));
		value = argv[++*i];
	}

	int err = store(o, value ? value : "");

	if (err == E2BIG)
		return complain(cmd, "option '--%s' is given too often: at most %d times", o->name, CW_OPT_LIST_MAX);
	if (err)
		return complain(cmd, "option '--%s': '%s' is not %s", o->name, value, expected(o->kind));
	return 0;
}

bool cw_opt_parse(const struct cw_command *cmd, const struct cw_opt *opts, int argc, char **argv, const char **args,
	size_t *n_args, int *exit_code)
{
	bool options = true;

	*n_args = 0;
	for (int i = 1; i < argc; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
		} else if (options && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
			print_help(cmd, opts);
			*exit_code = CW_EXIT_OK;
			return false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			*exit_code = take_option(cmd, opts, argc, argv, &i);
			if (*exit_code)
				return false;
		} else {
			args[(*n_args)++] = argv[i];
		}
	}
	return true;
}

int cw_cmd_fail(const struct cw_why *why)
{
	char text[1200];

	fprintf(stderr, "callwright: %s\n", why->text[0] ? cw_why_str(why, text, sizeof(text)) : strerror(why->err));
	switch (why->err) {
	case ECONNREFUSED:
	case ECONNRESET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT:
	case ENOTCONN:
	case EPROTO:
		return CW_EXIT_UNREACHABLE;
	default:
		return CW_EXIT_USAGE;
	}
}
