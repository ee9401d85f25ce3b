/* Language and sentiment of foreign text: shares add up, one answer, nothing read beyond the end. */
#include <stdint.h>

#include "base/mem.h"
#include "language/langid.h"
#include "language/refusal.h"
#include "language/sentiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_str text = {(const char *)data, size}, at = {0};
	struct cw_langid l[20];
	struct cw_sentiment s;
	size_t n = cw_langid_rank(text, l, CW_COUNT(l));
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += l[i].confidence;
	CW_ASSERT(n == 0 || (sum > 0.999 && sum < 1.001));
	CW_ASSERT(cw_sentiment_read(text, NULL, &s) == 0);
	CW_ASSERT(s.score >= -1 && s.score <= 1);
	if (cw_refusal_is(text, &at))
		CW_ASSERT(at.p >= text.p && at.p + at.len <= text.p + text.len);
	return 0;
}
