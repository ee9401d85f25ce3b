/* JSON from outside: whatever is read is written and read again as the same value. */
#include "base/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_JSON_SCOPED json_t *j = NULL;
	CW_JSON_SCOPED json_t *back = NULL;
	CW_BUF_SCOPED struct cw_buf once = CW_BUF(1 << 24);
	CW_BUF_SCOPED struct cw_buf twice = CW_BUF(1 << 24);
	struct cw_why why = {0};
	char text[1200];
	int err = cw_json_parse((const char *)data, size, &j, &why);

	if (err) {
		CW_ASSERT(!j && why.err == err && why.text[0]);
		(void)cw_why_str(&why, text, sizeof(text));
		return 0;
	}
	cw_json_dump(&once, j);
	CW_ASSERT(!cw_buf_err(&once));
	CW_ASSERT(!cw_json_parse(once.p, once.len, &back, &why));
	cw_json_dump(&twice, back);
	CW_ASSERT(once.len == twice.len && memcmp(once.p, twice.p, once.len) == 0);
	return 0;
}
