#include <stddef.h>
#include <stdint.h>

#include "line/twiml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned visit(const struct cw_twiml_node *n, unsigned depth)
{
	unsigned count = 0;

	CW_ASSERT(depth < CW_TWIML_DEPTH_MAX);
	for (; n; n = n->next) {
		CW_ASSERT(n->name && n->text);
		for (unsigned i = 0; i < n->n_attrs; i++)
			CW_ASSERT(n->attrs[i].name && n->attrs[i].value);
		count += 1 + visit(n->first, depth + 1);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_twiml *doc = NULL;
	struct cw_why why = {0};
	unsigned code = 0;
	int err = cw_twiml_parse(NULL, (const char *)data, size, &doc, &code, &why);

	CW_ASSERT((err == 0) == (doc != NULL));
	if (err) {
		CW_ASSERT(code && why.text[0]);
		return 0;
	}
	CW_ASSERT(visit(doc->first, 0) <= CW_TWIML_NODES_MAX);
	talloc_free(doc);
	return 0;
}
