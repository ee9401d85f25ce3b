/* Any samples into the receiver of tones, in pieces of any size: it must not write outside of itself nor give too long words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "speech/modem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_word(struct cw_str word, bool continues, void *arg)
{
	(void)continues;
	(void)arg;
	if (!word.len || word.len > CW_MODEM_WORD_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_modem_rx rx;
	int16_t pcm[256];
	size_t step = size ? 1 + data[0] % 255 : 1;

	cw_modem_rx_init(&rx, on_word, NULL);
	for (size_t at = 1; at + 1 < size; at += 2 * step) {
		size_t n = (size - at) / 2 < step ? (size - at) / 2 : step;

		memcpy(pcm, data + at, n * 2);
		cw_modem_rx_feed(&rx, pcm, n);
	}
	return 0;
}
