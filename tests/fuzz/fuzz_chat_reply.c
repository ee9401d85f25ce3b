#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "line/chat.h"

/* The first byte chooses style, content type and whether a path is given; the rest is the body of an answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	CW_JSON_SCOPED json_t *doc = NULL;
	struct cw_chat_reply r;
	struct cw_why why = {0};

	if (!size || !scope)
		return 0;
	if (!cw_chat_parse(scope, data[0] & 1 ? CW_CHAT_OPENAI : CW_CHAT_WEBHOOK, data[0] & 2 ? "data.0.text" : "",
		    data[0] & 4 ? "text/plain" : "application/json", (const char *)data + 1, size - 1, &doc, &r, &why))
		CW_ASSERT(r.text);
	return 0;
}
