/* Configuration files of perf and compare, and what is made of them for a target; the same bytes as stages of a load. */
#include <stdint.h>

#include "base/mem.h"
#include "trial/perf/arrivals.h"
#include "trial/perf/override.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED struct cw_override *o = NULL;
	CW_SCOPED char *text = talloc_strndup(NULL, (const char *)data, size);
	CW_SCOPED struct cw_stage *stages = NULL;
	CW_BUF_SCOPED struct cw_buf idle = CW_BUF(4096);
	struct cw_why why = {0};
	size_t n = 0;

	if (!cw_override_parse(NULL, "fuzz.yaml", (const char *)data, size, &o, &why)) {
		(void)cw_override_target(o, o, "chat:http://h/v1");
		cw_override_idle(o, "agent:a.yaml", false, &idle);
	}
	if (text && !cw_stages_parse(NULL, text, &stages, &n, &why))
		CW_ASSERT(n > 0 && n <= CW_STAGES_MAX && stages[0].duration_us > 0);
	return 0;
}
