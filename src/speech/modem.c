#include "speech/modem.h"

#include <stdlib.h>
#include <string.h>

#define RATE_HZ       8000u
#define STEP_MARK     644245094u  /* 1200 Hz: 2^32 * 1200 / 8000; the bit clock's step as well */
#define STEP_SPACE    1181116006u /* 2200 Hz */
#define STEP_CLOCK    STEP_MARK
#define SYNC          0xAA2DD4u
#define SYNC_BITS     24
#define TAIL_BITS     3     /* carries the last bit of the CRC through the receiver's filter */
#define IDLE_BITS_MIN 24    /* for the receiver's bit clock */
#define GAP_SAMPLES   120   /* 15 ms */
#define COMMA_SAMPLES 880   /* 110 ms more */
#define STOP_SAMPLES  1440  /* 180 ms more */
#define WORD_MAX      19200 /* 2.4 s */

#define WINDOW     CW_MODEM_WINDOW
#define READ_AT    0x70000000u    /* bit phase: 7/16, measured best with noise and companding */
#define TURN       40             /* samples after which both tones are back at their first phase */
#define BLOCK      CW_MODEM_BLOCK /* carrier detection; a gap holds at least two whole ones */
#define QUIET_MEAN 12             /* mean amplitude below which a block is silence (about -68 dBov) */
#define MIN_PACKET 4              /* head, a byte, CRC */

/* First quarter of a sine, 65 points, amplitude 16384; the rest by symmetry. */
static const int16_t quarter[65] = {
	0,
	402,
	804,
	1205,
	1606,
	2006,
	2404,
	2801,
	3196,
	3590,
	3981,
	4370,
	4756,
	5139,
	5520,
	5897,
	6270,
	6639,
	7005,
	7366,
	7723,
	8076,
	8423,
	8765,
	9102,
	9434,
	9760,
	10080,
	10394,
	10702,
	11003,
	11297,
	11585,
	11866,
	12140,
	12406,
	12665,
	12916,
	13160,
	13395,
	13623,
	13842,
	14053,
	14256,
	14449,
	14635,
	14811,
	14978,
	15137,
	15286,
	15426,
	15557,
	15679,
	15791,
	15893,
	15986,
	16069,
	16143,
	16207,
	16261,
	16305,
	16340,
	16364,
	16379,
	16384,
};

/* Cosine and sine of mark, cosine and sine of space, at 8 kHz. */
static const cw_modem_lanes tones[TURN] = {
	{1.0000f, 0.0000f, 1.0000f, 0.0000f},
	{0.5878f, 0.8090f, -0.1564f, 0.9877f},
	{-0.3090f, 0.9511f, -0.9511f, -0.3090f},
	{-0.9511f, 0.3090f, 0.4540f, -0.8910f},
	{-0.8090f, -0.5878f, 0.8090f, 0.5878f},
	{0.0000f, -1.0000f, -0.7071f, 0.7071f},
	{0.8090f, -0.5878f, -0.5878f, -0.8090f},
	{0.9511f, 0.3090f, 0.8910f, -0.4540f},
	{0.3090f, 0.9511f, 0.3090f, 0.9511f},
	{-0.5878f, 0.8090f, -0.9877f, 0.1564f},
	{-1.0000f, 0.0000f, 0.0000f, -1.0000f},
	{-0.5878f, -0.8090f, 0.9877f, 0.1564f},
	{0.3090f, -0.9511f, -0.3090f, 0.9511f},
	{0.9511f, -0.3090f, -0.8910f, -0.4540f},
	{0.8090f, 0.5878f, 0.5878f, -0.8090f},
	{0.0000f, 1.0000f, 0.7071f, 0.7071f},
	{-0.8090f, 0.5878f, -0.8090f, 0.5878f},
	{-0.9511f, -0.3090f, -0.4540f, -0.8910f},
	{-0.3090f, -0.9511f, 0.9511f, -0.3090f},
	{0.5878f, -0.8090f, 0.1564f, 0.9877f},
	{1.0000f, 0.0000f, -1.0000f, 0.0000f},
	{0.5878f, 0.8090f, 0.1564f, -0.9877f},
	{-0.3090f, 0.9511f, 0.9511f, 0.3090f},
	{-0.9511f, 0.3090f, -0.4540f, 0.8910f},
	{-0.8090f, -0.5878f, -0.8090f, -0.5878f},
	{0.0000f, -1.0000f, 0.7071f, -0.7071f},
	{0.8090f, -0.5878f, 0.5878f, 0.8090f},
	{0.9511f, 0.3090f, -0.8910f, 0.4540f},
	{0.3090f, 0.9511f, -0.3090f, -0.9511f},
	{-0.5878f, 0.8090f, 0.9877f, -0.1564f},
	{-1.0000f, 0.0000f, 0.0000f, 1.0000f},
	{-0.5878f, -0.8090f, -0.9877f, -0.1564f},
	{0.3090f, -0.9511f, 0.3090f, -0.9511f},
	{0.9511f, -0.3090f, 0.8910f, 0.4540f},
	{0.8090f, 0.5878f, -0.5878f, 0.8090f},
	{0.0000f, 1.0000f, -0.7071f, -0.7071f},
	{-0.8090f, 0.5878f, 0.8090f, -0.5878f},
	{-0.9511f, -0.3090f, 0.4540f, 0.8910f},
	{-0.3090f, -0.9511f, -0.9511f, 0.3090f},
	{0.5878f, -0.8090f, -0.1564f, -0.9877f},
};

static int16_t sine(uint32_t phase)
{
	unsigned i = (phase + (1u << 23)) >> 24; /* nearest of 256 steps; 256 wraps to 0 */
	unsigned in_quarter = i & 63;
	int v = i & 64 ? quarter[64 - in_quarter] : quarter[in_quarter];

	if (i & 128)
		v = -v;
	return (int16_t)(v * (CW_MODEM_LEVEL / 16) / (16384 / 16));
}

static uint16_t crc16(const uint8_t *p, size_t n)
{
	unsigned crc = 0xFFFF;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned)p[i] << 8;
		for (int k = 0; k < 8; k++)
			crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1;
	}
	return (uint16_t)crc;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- transmitter ---- */

void cw_modem_tx_init(struct cw_modem_tx *tx, struct cw_str text, unsigned wpm)
{
	*tx = (struct cw_modem_tx){.text = text, .wpm = wpm < 60 ? 60 : wpm > 600 ? 600 : wpm};
}

/* A figure is a spoken word, a letter a quarter of one; punctuation takes no time of its own. */
static size_t speaking_samples(const struct cw_modem_tx *tx, struct cw_str word)
{
	size_t weight = 0;

	for (size_t i = 0; i < word.len; i++) {
		unsigned char c = (unsigned char)word.p[i];

		if (c >= '0' && c <= '9')
			weight += 35;
		else if ((c | 32) >= 'a' && (c | 32) <= 'z')
			weight += 13;
		else if (c >= 0xC0)
			weight += 13;
	}
	size_t samples = (size_t)RATE_HZ * 60 / tx->wpm * (40 + weight) / 100;

	return samples > WORD_MAX ? WORD_MAX : samples;
}

static size_t pause_samples(struct cw_str word)
{
	while (word.len && strchr("\"')]", word.p[word.len - 1]))
		word.len--;
	char last = word.len ? word.p[word.len - 1] : 0;

	if (last == '.' || last == '?' || last == '!')
		return STOP_SAMPLES;
	return last == ',' || last == ';' || last == ':' ? COMMA_SAMPLES : 0;
}

static size_t pack(struct cw_str word, bool continues, uint8_t *out)
{
	size_t n = 0;

	out[n++] = SYNC >> 16 & 0xFF;
	out[n++] = SYNC >> 8 & 0xFF;
	out[n++] = SYNC & 0xFF;
	unsigned head = (unsigned)word.len | (continues ? 0x40u : 0);

	out[n++] = (uint8_t)(head | (__builtin_parity(head) ? 0x80u : 0));
	memcpy(out + n, word.p, word.len);
	n += word.len;
	uint16_t crc = crc16(out + 3, word.len + 1);

	out[n++] = (uint8_t)(crc >> 8);
	out[n++] = (uint8_t)crc;
	return n;
}

static void modulate(struct cw_modem_tx *tx, const uint8_t *packet, size_t packet_bits, int16_t *out, size_t n)
{
	size_t bits = n * 3 / 20;
	size_t idle = bits - packet_bits - TAIL_BITS;

	for (size_t i = 0; i < n; i++) {
		size_t at = i * 3 / 20;
		bool one;

		if (at < idle)
			one = (idle - at) % 2 == 0; /* ends in 0, so that the sync's first bit goes on alternating */
		else if (at - idle < packet_bits)
			one = packet[(at - idle) / 8] >> (7 - (at - idle) % 8) & 1;
		else
			one = (at - idle - packet_bits) % 2 == 0;
		tx->phase += one ? STEP_MARK : STEP_SPACE;
		out[i] = sine(tx->phase);
	}
}

static struct cw_str next_word(struct cw_modem_tx *tx, bool *continues)
{
	const char *p = tx->text.p;
	size_t at = tx->at, end;

	while (at < tx->text.len && blank(p[at]))
		at++;
	for (end = at; end < tx->text.len && !blank(p[end]);)
		end++;
	*continues = end - at > CW_MODEM_WORD_BYTES;
	if (*continues)
		end = at + CW_MODEM_WORD_BYTES;
	tx->at = end;
	return (struct cw_str){p + at, end - at};
}

static bool only_blanks_left(const struct cw_modem_tx *tx)
{
	for (size_t i = tx->at; i < tx->text.len; i++)
		if (!blank(tx->text.p[i]))
			return false;
	return true;
}

bool cw_modem_tx_next(struct cw_modem_tx *tx, int16_t *out, struct cw_modem_piece *piece)
{
	uint8_t packet[CW_MODEM_WORD_BYTES + 6];
	bool continues;
	struct cw_str word = next_word(tx, &continues);

	if (!word.len)
		return false;

	size_t packet_bits = pack(word, continues, packet) * 8;
	size_t least = ((packet_bits + IDLE_BITS_MIN + TAIL_BITS) * 20 + 2) / 3 + 1;
	size_t n = speaking_samples(tx, word);

	if (n < least + GAP_SAMPLES)
		n = least + GAP_SAMPLES;
	n -= GAP_SAMPLES;
	modulate(tx, packet, packet_bits, out, n);

	size_t silence = GAP_SAMPLES + (continues ? 0 : pause_samples(word));

	memset(out + n, 0, silence * sizeof(*out));
	tx->samples += n + silence;
	*piece = (struct cw_modem_piece){
		.n = n + silence, .word_samples = n, .text_end = tx->at, .last = only_blanks_left(tx)};
	return true;
}

/* ---- receiver ---- */

void cw_modem_rx_init(struct cw_modem_rx *rx, cw_modem_word_fn *fn, void *arg)
{
	memset(rx, 0, sizeof(*rx));
	rx->fn = fn;
	rx->arg = arg;
}

void cw_modem_rx_reset(struct cw_modem_rx *rx)
{
	uint32_t ok = rx->words_ok, bad = rx->words_bad;

	cw_modem_rx_init(rx, rx->fn, rx->arg);
	rx->words_ok = ok;
	rx->words_bad = bad;
}

static void packet_done(struct cw_modem_rx *rx)
{
	size_t len = rx->packet[0] & 63;
	uint16_t crc = (uint16_t)(rx->packet[len + 1] << 8 | rx->packet[len + 2]);

	rx->in_packet = false;
	if (crc != crc16(rx->packet, len + 1)) {
		rx->words_bad++;
		return;
	}
	rx->words_ok++;
	rx->fn((struct cw_str){(const char *)rx->packet + 1, len}, rx->packet[0] & 0x40, rx->arg);
}

static void take_byte(struct cw_modem_rx *rx)
{
	uint8_t byte = (uint8_t)rx->shift;

	rx->packet[rx->got++] = byte;
	if (rx->got == 1) {
		rx->want = (uint8_t)((byte & 63) + 3);
		if (__builtin_parity(byte) || rx->want < MIN_PACKET) {
			rx->in_packet = false;
			rx->words_bad++;
		}
		return;
	}
	if (rx->got == rx->want)
		packet_done(rx);
}

static void take_bit(struct cw_modem_rx *rx, bool one)
{
	rx->shift = rx->shift << 1 | one;
	if (!rx->in_packet) {
		if ((rx->shift & ((1u << SYNC_BITS) - 1)) != SYNC)
			return;
		rx->in_packet = true;
		rx->bits = rx->got = 0;
		return;
	}
	if (++rx->bits == 8) {
		rx->bits = 0;
		take_byte(rx);
	}
}

static void carrier_lost(struct cw_modem_rx *rx)
{
	if (rx->in_packet)
		rx->words_bad++;
	rx->in_packet = rx->carrier = false;
	rx->shift = 0;
	memset(rx->product, 0, sizeof(rx->product));
}

/* Is there a signal in the block? The level falls to half in about 0.2 s, far longer than the gap between words. */
static bool block_carrier(struct cw_modem_rx *rx, const int16_t *x)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint32_t)abs(x[i]);
	uint32_t mean = sum * 16 / BLOCK;

	rx->level -= rx->level >> 6;
	if (mean > rx->level)
		rx->level = mean;
	return mean >= QUIET_MEAN * 16 && mean * 4 >= rx->level;
}

/*
 * A change of sign belongs to phase 0. Far from it the clock runs after it quickly, near it slowly, because single changes are
 * seen up to a fifth of a bit early or late. Changes to mark and to space err to opposite sides: far from lock both together
 * could hold the clock between two bits, so there only one kind counts.
 */
static uint32_t steer(uint32_t clock, bool to_mark)
{
	int32_t off = (int32_t)clock;

	if (off < INT32_MAX / 3 && off > -(INT32_MAX / 3))
		return clock - (uint32_t)(off / 16);
	return to_mark ? clock - (uint32_t)(off / 3) : clock;
}

/*
 * Both tones are correlated with the signal over the last bit: the stronger one is the bit. The result is the same for any
 * gain and phase. Its changes steer the bit clock; bits are read
 * about the middle between them. Over 8 samples the tones are orthogonal, which is worth more than a window of one bit.
 */
static void demodulate(struct cw_modem_rx *rx, const int16_t *x)
{
	cw_modem_lanes product[WINDOW + BLOCK];
	cw_modem_lanes sum = {0};
	uint32_t clock = rx->clock;
	bool bit = rx->bit;

	memcpy(product, rx->product, sizeof(rx->product));
	for (size_t i = 0; i < WINDOW; i++)
		sum += product[i];
	for (size_t i = 0; i < BLOCK; i++) {
		product[WINDOW + i] = tones[rx->turn] * (float)x[i];
		rx->turn = rx->turn + 1 == TURN ? 0 : (uint8_t)(rx->turn + 1);
	}
	for (size_t i = 0; i < BLOCK; i++) {
		sum += product[WINDOW + i] - product[i];
		cw_modem_lanes power = sum * sum;
		bool mark = power[0] + power[1] > power[2] + power[3];
		uint32_t before = clock;

		clock += STEP_CLOCK;
		if (before < READ_AT && clock >= READ_AT)
			take_bit(rx, mark);
		if (mark != bit) {
			bit = mark;
			clock = steer(clock, mark);
		}
	}
	memcpy(rx->product, product + BLOCK, sizeof(rx->product));
	rx->clock = clock;
	rx->bit = bit;
}

static void take_block(struct cw_modem_rx *rx, const int16_t *x)
{
	if (block_carrier(rx, x)) {
		rx->carrier = true;
		demodulate(rx, x);
	} else if (rx->carrier) {
		carrier_lost(rx);
	}
}

/* Blocks are whole, whatever the sizes fed; frames of 160 samples need no copy. */
void cw_modem_rx_feed(struct cw_modem_rx *rx, const int16_t *pcm, size_t n)
{
	if (rx->n_held) {
		size_t take = n < (size_t)(BLOCK - rx->n_held) ? n : (size_t)(BLOCK - rx->n_held);

		memcpy(rx->held + rx->n_held, pcm, take * sizeof(*pcm));
		rx->n_held = (uint8_t)(rx->n_held + take);
		pcm += take;
		n -= take;
		if (rx->n_held < BLOCK)
			return;
		rx->n_held = 0;
		take_block(rx, rx->held);
	}
	for (; n >= BLOCK; pcm += BLOCK, n -= BLOCK)
		take_block(rx, pcm);
	memcpy(rx->held, pcm, n * sizeof(*pcm));
	rx->n_held = (uint8_t)n;
}
