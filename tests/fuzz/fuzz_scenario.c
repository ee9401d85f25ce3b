/* Scenario files: whatever the bytes, a scenario or an error with a reason, never a crash or a leak. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "trial/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cw_opt_pair vars[] = {{"name", "Maria"}};
	static const struct cw_scenario_conf conf = {.vars = vars, .n_vars = 1};
	CW_SCOPED struct cw_scenario *s = NULL;
	struct cw_why why = {0};
	int err = cw_scenario_parse(NULL, "fuzz.yaml", (const char *)data, size, &conf, &s, &why);

	if (err ? s != NULL || !why.text[0] : s == NULL || !s->n_tests)
		abort();
	for (size_t i = 0; s && i < s->n_tests; i++)
		for (size_t k = 0; k < s->tests[i]->script.n_answers; k++)
			(void)cw_pattern_fits(s->tests[i]->script.answers[k].match, CW_STR_LIT("What is your name?"));
	return 0;
}
