/*
 * ws_frame.h: WebSocket frames: bytes to messages and back (RFC 6455 section 5)
 *
 * The reader works in place on the bytes a socket read brought: a message in one whole frame, the usual case, is unmasked where
 * it lies and neither copied nor allocated. Only fragmented messages are assembled. No I/O, no clock.
 * Thread: one at a time.  Owner: embedded by value; cw_ws_reader_clear() gives the memory back.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CW_WS_HEAD_MAX    14
#define CW_WS_CONTROL_MAX 125

enum cw_ws_opcode {
	CW_WS_OP_CONTINUATION = 0,
	CW_WS_OP_TEXT = 1,
	CW_WS_OP_BINARY = 2,
	CW_WS_OP_CLOSE = 8,
	CW_WS_OP_PING = 9,
	CW_WS_OP_PONG = 10,
};

enum cw_ws_code {
	CW_WS_NORMAL = 1000,
	CW_WS_GOING_AWAY = 1001,
	CW_WS_PROTOCOL_ERROR = 1002,
	CW_WS_NO_CODE = 1005,  /* never on the wire: a close frame without a code */
	CW_WS_ABNORMAL = 1006, /* never on the wire: no close frame at all */
	CW_WS_BAD_TEXT = 1007,
	CW_WS_TOO_BIG = 1009,
	CW_WS_INTERNAL = 1011,
};

enum cw_ws_got {
	CW_WS_GOT_NOTHING, /* the bytes end inside a frame; item.n says how many are needed from *p on, 0 = unknown yet */
	CW_WS_GOT_MESSAGE, /* item.opcode is text or binary */
	CW_WS_GOT_PING,
	CW_WS_GOT_PONG,
	CW_WS_GOT_CLOSE, /* item.code is the peer's or 1005 */
	CW_WS_GOT_FAULT, /* item.code says how to close; nothing more may be read */
};

struct cw_ws_item {
	enum cw_ws_opcode opcode;
	uint8_t *bytes; /* within the bytes read, or assembled; until the next call */
	size_t n;
	unsigned code;
};

struct cw_ws_reader {
	bool expect_mask; /* a server's reader: frames must be masked; a client's: must not be */
	size_t max_message;
	enum cw_ws_opcode fragmented; /* kind of the message being assembled, 0 = none */
	struct cw_buf parts;
	bool parts_delivered; /* the assembled message was handed out: forget it with the next call */
};

void cw_ws_reader_init(struct cw_ws_reader *r, bool expect_mask, size_t max_message);
void cw_ws_reader_clear(struct cw_ws_reader *r);

/* Take the next message or control frame off the front of the *@n bytes at *@p, which move on past it. */
enum cw_ws_got cw_ws_read(struct cw_ws_reader *r, uint8_t **p, size_t *n, struct cw_ws_item *item);

/* Write the head of an unfragmented frame with @n bytes of payload; @mask is NULL on a server. Returns its length. */
size_t cw_ws_encode_head(uint8_t head[CW_WS_HEAD_MAX], enum cw_ws_opcode opcode, size_t n, const uint8_t mask[4]);
/* Payload of a close frame: code (none when 1005 or 0) and a reason, cut at a character boundary. Returns its length. */
size_t cw_ws_encode_close(uint8_t payload[CW_WS_CONTROL_MAX], unsigned code, const char *reason);
/* @to may be @from. */
void cw_ws_mask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[4]);
/* UTF-8 without surrogates, overlong forms and code points above U+10FFFF. */
bool cw_ws_text_ok(const uint8_t *p, size_t n);
