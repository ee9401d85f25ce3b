#include "world/ws_frame.h"

#include <string.h>

#define FIN       0x80
#define RESERVED  0x70
#define OPCODE    0x0F
#define MASKED    0x80
#define LEN_16    126
#define LEN_64    127
#define HIGH_BITS 0x8080808080808080ull
#define NO_ROOM   SIZE_MAX

struct frame {
	bool fin;
	unsigned opcode;
	bool masked;
	uint64_t len;
	size_t head_len;
	uint8_t mask[4];
};

/* ---- text ---- */

/* Length of the character at @p, 0 when it is none. @n >= 1. */
static size_t character(const uint8_t *p, size_t n)
{
	uint8_t lowest = 0x80, highest = 0xBF;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (p[0] == 0xE0)
		lowest = 0xA0;
	else if (p[0] == 0xED)
		highest = 0x9F;
	else if (p[0] == 0xF0)
		lowest = 0x90;
	else if (p[0] == 0xF4)
		highest = 0x8F;
	if (len > n || p[1] < lowest || p[1] > highest)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

bool cw_ws_text_ok(const uint8_t *p, size_t n)
{
	while (n) {
		uint64_t eight;
		size_t len;

		if (n >= sizeof(eight)) {
			memcpy(&eight, p, sizeof(eight));
			if (!(eight & HIGH_BITS)) {
				p += sizeof(eight);
				n -= sizeof(eight);
				continue;
			}
		}
		len = character(p, n);
		if (!len)
			return false;
		p += len;
		n -= len;
	}
	return true;
}

/* ---- writing ---- */

void cw_ws_mask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[4])
{
	uint64_t wide, key;
	size_t i = 0;

	memcpy(&key, mask, 4);
	memcpy((uint8_t *)&key + 4, mask, 4);
	for (; i + sizeof(wide) <= n; i += sizeof(wide)) {
		memcpy(&wide, from + i, sizeof(wide));
		wide ^= key;
		memcpy(to + i, &wide, sizeof(wide));
	}
	for (; i < n; i++)
		to[i] = from[i] ^ mask[i & 3];
}

size_t cw_ws_encode_head(uint8_t head[CW_WS_HEAD_MAX], enum cw_ws_opcode opcode, size_t n, const uint8_t mask[4])
{
	uint8_t masked = mask ? MASKED : 0;
	size_t len_bytes = n < LEN_16 ? 0 : n <= UINT16_MAX ? 2 : 8;
	size_t at = 2;

	head[0] = (uint8_t)(FIN | opcode);
	head[1] = masked | (uint8_t)(len_bytes == 0 ? n : len_bytes == 2 ? LEN_16 : LEN_64);
	while (len_bytes--)
		head[at++] = (uint8_t)((uint64_t)n >> (8 * len_bytes));
	if (mask) {
		memcpy(head + at, mask, 4);
		at += 4;
	}
	return at;
}

size_t cw_ws_encode_close(uint8_t payload[CW_WS_CONTROL_MAX], unsigned code, const char *reason)
{
	size_t n = reason ? strnlen(reason, CW_WS_CONTROL_MAX - 2) : 0;

	if (!code || code == CW_WS_NO_CODE)
		return 0;
	while (n && !cw_ws_text_ok((const uint8_t *)reason, n))
		n--;
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	if (n)
		memcpy(payload + 2, reason, n);
	return n + 2;
}

/* ---- reading ---- */

void cw_ws_reader_init(struct cw_ws_reader *r, bool expect_mask, size_t max_message)
{
	*r = (struct cw_ws_reader){
		.expect_mask = expect_mask, .max_message = max_message, .parts = CW_BUF(max_message)};
}

void cw_ws_reader_clear(struct cw_ws_reader *r)
{
	cw_buf_clear(&r->parts);
	r->fragmented = 0;
	r->parts_delivered = false;
}

/* Length field of 2 or 8 bytes; lengths that would have fitted into a shorter one are refused (section 5.2). */
static bool long_length(struct frame *f, const uint8_t *p, size_t len_bytes)
{
	f->len = 0;
	for (size_t i = 0; i < len_bytes; i++)
		f->len = f->len << 8 | p[i];
	return len_bytes == 2 ? f->len >= LEN_16 : f->len > UINT16_MAX && f->len <= INT64_MAX;
}

/* Head of the frame at @p: 0 = more bytes needed, CW_WS_PROTOCOL_ERROR, or 1 = there it is. */
static unsigned parse_head(const struct cw_ws_reader *r, const uint8_t *p, size_t n, struct frame *f)
{
	size_t len_bytes;

	if (n < 2)
		return 0;
	f->fin = p[0] & FIN;
	f->opcode = p[0] & OPCODE;
	f->masked = p[1] & MASKED;
	f->len = p[1] & ~MASKED;
	if ((p[0] & RESERVED) || f->masked != r->expect_mask)
		return CW_WS_PROTOCOL_ERROR;
	if (f->opcode > CW_WS_OP_PONG || (f->opcode > CW_WS_OP_BINARY && f->opcode < CW_WS_OP_CLOSE))
		return CW_WS_PROTOCOL_ERROR;
	if (f->opcode >= CW_WS_OP_CLOSE && (!f->fin || f->len > CW_WS_CONTROL_MAX))
		return CW_WS_PROTOCOL_ERROR;
	len_bytes = f->len < LEN_16 ? 0 : f->len == LEN_16 ? 2 : 8;
	f->head_len = 2 + len_bytes + (f->masked ? 4 : 0);
	if (n < f->head_len)
		return 0;
	if (len_bytes && !long_length(f, p + 2, len_bytes))
		return CW_WS_PROTOCOL_ERROR;
	if (f->masked)
		memcpy(f->mask, p + 2 + len_bytes, 4);
	return 1;
}

/* Is this frame allowed here? 0 or a close code. */
static unsigned check_frame(const struct cw_ws_reader *r, const struct frame *f)
{
	if (f->opcode >= CW_WS_OP_CLOSE)
		return 0;
	if ((f->opcode == CW_WS_OP_CONTINUATION) != (r->fragmented != 0))
		return CW_WS_PROTOCOL_ERROR;
	if (f->len > r->max_message || r->parts.len > r->max_message - f->len)
		return CW_WS_TOO_BIG;
	return 0;
}

static bool code_ok(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static enum cw_ws_got fault(struct cw_ws_item *item, unsigned code)
{
	item->code = code;
	return CW_WS_GOT_FAULT;
}

static enum cw_ws_got control(struct cw_ws_item *item)
{
	if (item->opcode == CW_WS_OP_PING)
		return CW_WS_GOT_PING;
	if (item->opcode == CW_WS_OP_PONG)
		return CW_WS_GOT_PONG;
	item->code = CW_WS_NO_CODE;
	if (item->n == 0)
		return CW_WS_GOT_CLOSE;
	if (item->n == 1)
		return fault(item, CW_WS_PROTOCOL_ERROR);
	item->code = (unsigned)item->bytes[0] << 8 | item->bytes[1];
	if (!code_ok(item->code))
		return fault(item, CW_WS_PROTOCOL_ERROR);
	if (!cw_ws_text_ok(item->bytes + 2, item->n - 2))
		return fault(item, CW_WS_BAD_TEXT);
	return CW_WS_GOT_CLOSE;
}

static enum cw_ws_got whole_message(struct cw_ws_item *item)
{
	if (item->opcode == CW_WS_OP_TEXT && !cw_ws_text_ok(item->bytes, item->n))
		return fault(item, CW_WS_BAD_TEXT);
	return CW_WS_GOT_MESSAGE;
}

/* A piece of a fragmented message. GOT_NOTHING with item->n = NO_ROOM says: read on. */
static enum cw_ws_got piece(struct cw_ws_reader *r, const struct frame *f, struct cw_ws_item *item)
{
	if (!r->fragmented)
		r->fragmented = f->opcode;
	cw_buf_put(&r->parts, item->bytes, item->n);
	if (cw_buf_err(&r->parts))
		return fault(item, CW_WS_INTERNAL);
	item->n = NO_ROOM;
	if (!f->fin)
		return CW_WS_GOT_NOTHING;
	item->opcode = r->fragmented;
	item->bytes = (uint8_t *)r->parts.p;
	item->n = r->parts.len;
	r->fragmented = 0;
	r->parts_delivered = true;
	return whole_message(item);
}

static enum cw_ws_got read_frame(struct cw_ws_reader *r, uint8_t **p, size_t *n, struct cw_ws_item *item)
{
	struct frame f;
	unsigned code = parse_head(r, *p, *n, &f);

	item->n = 0;
	if (code == 0)
		return CW_WS_GOT_NOTHING;
	if (code == 1)
		code = check_frame(r, &f);
	if (code)
		return fault(item, code);
	if (*n - f.head_len < f.len) {
		item->n = f.head_len + (size_t)f.len;
		return CW_WS_GOT_NOTHING;
	}
	item->opcode = f.opcode;
	item->bytes = *p + f.head_len;
	item->n = (size_t)f.len;
	*p += f.head_len + item->n;
	*n -= f.head_len + item->n;
	if (f.masked)
		cw_ws_mask(item->bytes, item->bytes, item->n, f.mask);
	if (f.opcode >= CW_WS_OP_CLOSE)
		return control(item);
	if (f.fin && !r->fragmented)
		return whole_message(item);
	return piece(r, &f, item);
}

enum cw_ws_got cw_ws_read(struct cw_ws_reader *r, uint8_t **p, size_t *n, struct cw_ws_item *item)
{
	enum cw_ws_got got;

	if (r->parts_delivered)
		cw_ws_reader_clear(r);
	do {
		got = read_frame(r, p, n, item);
	} while (got == CW_WS_GOT_NOTHING && item->n == NO_ROOM);
	return got;
}
