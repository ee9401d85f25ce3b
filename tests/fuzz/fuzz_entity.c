/* Entities of foreign text: in order, inside the text, each with a value; comparing a text with itself finds no error. */
#include <stdint.h>

#include "base/mem.h"
#include "language/entity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cw_date today = {2026, 3, 2};
	struct cw_str text = {(const char *)data, size};
	struct cw_entities *es = NULL;
	struct cw_entity_score score = {0};
	struct cw_entity_counts c;
	const char *end = text.p;

	if (size > 20000)
		return 0;
	CW_ASSERT(cw_entity_extract(NULL, text, size % 2 ? &today : NULL, &es) == 0);
	for (size_t i = 0; i < es->n; i++) {
		CW_ASSERT(es->e[i].value && es->e[i].at.len && es->e[i].at.p >= end);
		end = es->e[i].at.p + es->e[i].at.len;
		CW_ASSERT(end <= text.p + text.len);
	}
	CW_ASSERT(cw_entity_compare(NULL, es, es, &score, NULL) == 0);
	c = cw_entity_total(&score);
	CW_ASSERT(c.right == es->n && !c.wrong && !c.missing && !c.extra);
	(void)talloc_free(es);
	return 0;
}
