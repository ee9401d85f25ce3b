/* Any bytes as a list of recordings, and as a file of sentences: either ends in a list whose items have text, or in a reason. */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "trial/perf/voice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_str bytes = {(const char *)data, size};
	struct cw_voice_source *sources;
	struct cw_voice_item *items;
	struct cw_why why = {0};
	size_t n = 0;

	if (cw_voice_index_parse(scope, bytes, "dir", 100, &sources, &n, &why) == 0) {
		CW_ASSERT(n > 0);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < sources[i].n_items; k++)
				CW_ASSERT(sources[i].items[k].path && sources[i].items[k].text);
	} else {
		CW_ASSERT(why.text[0]);
	}
	if (cw_voice_texts_parse(scope, bytes, &items, &n, NULL) == 0)
		CW_ASSERT(n > 0 && items[n - 1].text);
	return 0;
}
