/* Lines of chats and of cases: whatever the bytes, cases or an error with a line, never a crash or a leak; what was taken is canonical. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trial/dataset/take.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cw_take_conf conf = {0};
	CW_JSON_SCOPED json_t *meta = json_pack("{s:s, s:s}", "name", "x", "licence", "MIT");
	CW_SCOPED struct cw_dataset *d = NULL;
	struct cw_taken t = {0};
	struct cw_why why = {0};
	int err;

	if (!meta || cw_dataset_empty(NULL, "nowhere", meta, &d))
		abort();
	err = cw_take_text(d, "fuzz.jsonl", (struct cw_str){(const char *)data, size}, &conf, &t, &why);
	if (err && (!why.line || !why.text[0]))
		abort();
	for (size_t i = 0; i < cw_dataset_count(d); i++) {
		CW_JSON_SCOPED json_t *c = NULL;
		CW_BUF_SCOPED struct cw_buf line = CW_BUF(CW_CASE_LINE_MAX + 200),
					    again = CW_BUF(CW_CASE_LINE_MAX + 200);
		char sha[CW_DIGEST_HEX + 1];

		if (cw_dataset_line(d, i, &line) || cw_json_parse(line.p, line.len, &c, NULL) ||
			cw_case_check(c, NULL) || cw_case_line(c, &again, sha) || strcmp(line.p, again.p) != 0 ||
			strcmp(sha, cw_dataset_sha(d, i)) != 0)
			abort();
	}
	return 0;
}
