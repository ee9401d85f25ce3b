/*
 * modem.h: text as tones inside ordinary telephone audio, word by word, at speaking pace
 *
 * Bell 202 tones (mark 1200 Hz = 1, space 2200 Hz = 0), 1200 bit/s, continuous phase, 8 kHz. A word sounds like this:
 *
 *   |<------------- speaking time of the word, by its length ------------->|<-- gap, pause -->|
 *   | idle: 1 0 1 0 1 0 …  | AA 2D D4 | head | bytes … | CRC-16 | 3 idle bits |   digital silence  |
 *
 * The packet stands at the end, so that a word cut off anywhere is not heard at all: what the receiver got is what the
 * speaker's ledger counts as heard. Idle repeats every 80 samples, which a voice detector takes for a voice of 100 Hz.
 * head = continues << 6 | number of bytes (1 … 63), bit 7 makes the number of ones even; CRC-16/CCITT over head and bytes.
 * A word longer than 63 bytes travels in several packets, all but the last marked `continues`.
 *
 * Both ends are embedded by value, do no I/O and never allocate. Thread: one at a time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CW_MODEM_WORD_BYTES    63
#define CW_MODEM_PIECE_SAMPLES 22000 /* longest word with the pause behind it */
#define CW_MODEM_WPM           170
#define CW_MODEM_LEVEL         8000 /* peak of the tones */

struct cw_modem_tx {
	struct cw_str text;
	size_t at;        /* bytes of the text already rendered */
	uint64_t samples; /* rendered so far */
	unsigned wpm;
	uint32_t phase;
	bool split; /* the next piece goes on with a word begun before */
};

struct cw_modem_piece {
	size_t n;            /* samples of the piece, gap and pause included */
	size_t word_samples; /* of them until the word has been heard */
	size_t text_end;     /* bytes of the text spoken at that moment */
	bool last;
};

/* @text must outlive the transmitter. @wpm: words per minute, 60 … 600 (clamped). */
void cw_modem_tx_init(struct cw_modem_tx *tx, struct cw_str text, unsigned wpm);
/* Render the next word into @out, which holds CW_MODEM_PIECE_SAMPLES; false when the text is at its end. */
bool cw_modem_tx_next(struct cw_modem_tx *tx, int16_t *out, struct cw_modem_piece *piece);

/* A packet arrived whole: @word is valid during the call. @continues: the next packet belongs to the same word. */
typedef void cw_modem_word_fn(struct cw_str word, bool continues, void *arg);

#define CW_MODEM_BLOCK  40 /* samples */
#define CW_MODEM_WINDOW 8  /* samples the receiver looks at: 1.2 bits */
typedef float cw_modem_lanes __attribute__((vector_size(16), aligned(4)));

struct cw_modem_rx {
	cw_modem_word_fn *fn;
	void *arg;
	cw_modem_lanes product[CW_MODEM_WINDOW]; /* signal times both tones, oldest first */
	uint8_t turn;                            /* phase of the tones */
	uint8_t n_held;
	int16_t held[CW_MODEM_BLOCK]; /* less than a block, fed last */
	uint32_t clock;               /* bit phase, 2^32 = one bit */
	uint32_t shift;               /* last 32 bits */
	uint32_t level;               /* slow peak of a block's mean amplitude, Q4 */
	bool carrier;
	bool bit; /* last sign of the discriminator */
	bool in_packet;
	uint8_t bits;      /* of the byte being received */
	uint8_t got, want; /* bytes of the packet */
	uint8_t packet[CW_MODEM_WORD_BYTES + 3];
	uint32_t words_ok, words_bad;
};

void cw_modem_rx_init(struct cw_modem_rx *rx, cw_modem_word_fn *fn, void *arg);
/* Forget what was half received; the counters stay. */
void cw_modem_rx_reset(struct cw_modem_rx *rx);
/* Any number of samples. Silence costs next to nothing. */
void cw_modem_rx_feed(struct cw_modem_rx *rx, const int16_t *pcm, size_t n);
