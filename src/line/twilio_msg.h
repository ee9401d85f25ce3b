/*
 * twilio_msg.h: Media Streams messages, to and from bytes
 *
 * `media` messages come and go 50 times a second: they are scanned and written by hand, in place, without allocation. All
 * others are rare and go through jansson. A scanner failure means "not a plain media message": the caller then parses it as JSON.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"

#define CW_TWILIO_SID_LEN   34
#define CW_TWILIO_MEDIA_MAX 4000 /* mu-law bytes in one message that we write: 25 frames */
#define CW_TWILIO_TEXT_MAX  (CW_TWILIO_MEDIA_MAX / 3 * 4 + 4 + 256)

/* Members seen, as bits. */
enum {
	CW_MEDIA_STREAM_SID = 1,
	CW_MEDIA_SEQUENCE = 2,
	CW_MEDIA_TRACK = 4,
	CW_MEDIA_CHUNK = 8,
	CW_MEDIA_TIMESTAMP = 16,
	CW_MEDIA_PAYLOAD = 32,
	CW_MEDIA_UNKNOWN = 64, /* and others, which were skipped */
};

struct cw_twilio_media {
	struct cw_str stream_sid, track, payload; /* slices of the message */
	uint64_t sequence, chunk, timestamp_ms;   /* given as JSON string or number */
	unsigned members;
};

/* Scan a message. 0: a media message with a payload. ENOMSG: JSON so far, but not (plainly) a media message: an event of another
 * name, or escapes inside the strings we need. EBADMSG: not JSON, a member twice, or a media message without payload. */
int cw_twilio_media_scan(const char *text, size_t len, struct cw_twilio_media *ret);

/* Decode strict base64 (RFC 4648, padded) into @out, which holds len / 4 * 3 bytes. EBADMSG. */
int cw_base64_decode(struct cw_str text, uint8_t *out, size_t *n);
/* Encode @n bytes; @out holds 4 * ceil(n / 3) characters, no NUL. Returns how many. */
size_t cw_base64_encode(const uint8_t *in, size_t n, char *out);

/* Write a media message as the agent sends it (@n up to CW_TWILIO_MEDIA_MAX); @out holds CW_TWILIO_TEXT_MAX. Returns its length. */
size_t cw_twilio_media_encode(char *out, const char *stream_sid, const uint8_t *ulaw, size_t n);
/* The same as Twilio sends it. */
size_t cw_twilio_media_encode_carrier(char *out, const char *stream_sid, const char *track, uint64_t sequence,
	uint64_t chunk, uint64_t timestamp_ms, const uint8_t *ulaw, size_t n);

/* What an agent may send. */
enum cw_twilio_order { CW_ORDER_MEDIA, CW_ORDER_MARK, CW_ORDER_CLEAR };
/* Judge a message of an agent as Twilio does: exactly the documented members, the right stream. 0, or the number of Twilio's
 * warning (31950 payload cannot be decoded, 31951 invalid message) with @why. A mark's name is a slice of @msg. */
unsigned cw_twilio_order_check(
	const json_t *msg, const char *stream_sid, enum cw_twilio_order *ret, struct cw_why *why);
