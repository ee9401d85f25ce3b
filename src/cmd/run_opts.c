#include "cmd/run_opts.h"

#include <stdio.h>
#include <string.h>

static int rate(const char *command, const char *option, double given, double *ret)
{
	*ret = given;
	if (given == -1 || (given >= 0 && given <= 1))
		return 0;
	fprintf(stderr, "callwright %s: option '--%s' is a share: from 0 to 1\n", command, option);
	return CW_EXIT_USAGE;
}

int cw_run_opts_read(
	const char *command, const struct cw_run_opts *o, struct cw_limits *limits, enum cw_fail_on *fail_on)
{
	static const char *const names[] = {"", "any", "threshold", "regression"};
	int code = rate(command, "min-pass-rate", o->min_pass_rate, &limits->min_pass_rate);
	size_t i = 0;

	if (!code)
		code = rate(command, "max-invalid-rate", o->max_invalid_rate, &limits->max_invalid_rate);
	while (o->fail_on && i < CW_COUNT(names) && strcmp(names[i], o->fail_on))
		i++;
	if (!code && (i == CW_COUNT(names) || (o->fail_on && !i))) {
		fprintf(stderr, "callwright %s: option '--fail-on': '%s' is not regression, any or threshold\n",
			command, o->fail_on);
		return CW_EXIT_USAGE;
	}
	*fail_on = (enum cw_fail_on)i;
	if (!code && *fail_on == CW_FAIL_ON_REGRESSION && !o->baseline) {
		fprintf(stderr, "callwright %s: --fail-on regression needs --baseline FILE to compare with\n", command);
		return CW_EXIT_USAGE;
	}
	return code;
}

int cw_run_exit_code(enum cw_run_end end)
{
	static const int codes[] = {
		[CW_RUN_PASSED] = CW_EXIT_OK,
		[CW_RUN_FAILED] = CW_EXIT_FAILED,
		[CW_RUN_UNREACHABLE] = CW_EXIT_UNREACHABLE,
		[CW_RUN_UNTRUSTED] = CW_EXIT_UNTRUSTED,
		[CW_RUN_NOTHING] = CW_EXIT_NOTHING,
		[CW_RUN_REGRESSED] = CW_EXIT_REGRESSION,
		[CW_RUN_CAPPED] = CW_EXIT_BUDGET,
		[CW_RUN_INTERRUPTED] = CW_EXIT_INTERRUPTED,
	};

	return codes[end];
}
