/* Any bytes as a WAV file: parsing and reading end, stay inside the bytes, and give no more samples than promised. */
#include <stddef.h>
#include <stdint.h>

#include "audio/wav.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_why why = {0};
	struct cw_wav_reader *r;
	int16_t pcm[64 * 32];
	uint64_t total = 0;
	size_t got;

	if (cw_wav_parse(scope, data, size, &r, &why) != 0) {
		CW_ASSERT(why.text[0]);
		return 0;
	}
	CW_ASSERT(cw_wav_format(r)->channels <= 32);
	CW_ASSERT(cw_wav_frames(r) <= size);
	do {
		CW_ASSERT(cw_wav_read(r, pcm, 64, &got) == 0);
		total += got;
	} while (got);
	CW_ASSERT(total == cw_wav_frames(r));
	return 0;
}
