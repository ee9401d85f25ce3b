/* Personal data in foreign text: findings stand in order inside the text, and masking keeps everything else. */
#include <stdint.h>

#include "base/mem.h"
#include "language/pii.h"

struct seen {
	struct cw_str text;
	const char *end; /* of the finding before */
	size_t bytes, labels;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool look(const struct cw_pii *p, void *arg)
{
	struct seen *s = arg;

	CW_ASSERT(p->at.len && p->at.p >= s->end && p->at.p + p->at.len <= s->text.p + s->text.len);
	s->end = p->at.p + p->at.len;
	s->bytes += p->at.len;
	s->labels += strlen(cw_pii_kind_name(p->kind)) + 2;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_str text = {(const char *)data, size};
	struct seen s = {.text = text, .end = text.p};
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(1 << 24);
	size_t n = cw_pii_find(text, CW_PII_ALL, look, &s);

	CW_ASSERT(cw_pii_mask(text, CW_PII_ALL, &out) == n);
	CW_ASSERT(!cw_buf_err(&out) && out.len == size - s.bytes + s.labels);
	return 0;
}
