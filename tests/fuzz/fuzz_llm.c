/* Chunks of an answer, a line each; the first byte says whether they are whole answers. */
#include <stdint.h>

#include "language/llm_gather.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED struct cw_llm_gather *g = NULL;
	const char *message, *code;
	struct cw_llm_answer a;
	struct cw_llm_chunk c;
	struct cw_str rest, line;

	if (size < 2 || size > 65536 || cw_llm_gather_new(NULL, &g))
		return 0;
	rest = (struct cw_str){(const char *)data + 1, size - 1};
	if (cw_llm_error_body(g, rest, &message, &code))
		CW_ASSERT(message && code);
	while (cw_str_split(&rest, '\n', &line))
		if (cw_llm_gather_add(g, line, data[0] & 1, &c, NULL))
			break;
	if (!cw_llm_gather_end(g, &a))
		for (size_t i = 0; i < a.n_calls; i++)
			CW_ASSERT(a.calls[i].id && a.calls[i].name && a.calls[i].arguments);
	return 0;
}
