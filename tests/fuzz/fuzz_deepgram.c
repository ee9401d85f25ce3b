/* A message of Deepgram; the same bytes as the body of an error. */
#include <stdint.h>
#include <string.h>

#include "speech/deepgram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_str bytes = {(const char *)data, size};
	char text[CW_DEEPGRAM_TEXT_MAX];
	struct cw_deepgram_msg m;

	if (!size)
		return 0;
	cw_deepgram_error_text(bytes, text);
	CW_ASSERT(memchr(text, 0, sizeof(text)));
	if (cw_deepgram_parse(bytes, &m))
		return 0;
	CW_ASSERT(m.kind <= CW_DEEPGRAM_OTHER && m.json && m.start >= 0 && m.duration >= 0 && m.confidence <= 1);
	CW_ASSERT(!m.text.len || m.text.p);
	cw_deepgram_msg_clear(&m);
	return 0;
}
