/*
 * message: what one Media Streams message costs, in and out, beside the same work done through jansson
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audio/g711.h"
#include "line/twilio_msg.h"

#define ROUNDS 200000u
#define SID    "MZ00000000000000000000000000000001"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t sink; /* keeps the compiler from leaving the work out */

static double scan_by_hand(const char *text, size_t len)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];
	struct cw_twilio_media m;
	uint64_t start = now_ns();

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t n = 0;

		CW_ASSERT(!cw_twilio_media_scan(text, len, &m) && !cw_base64_decode(m.payload, ulaw, &n));
		sink += ulaw[i % n] + m.timestamp_ms;
	}
	return (double)(now_ns() - start) / ROUNDS;
}

static double scan_by_jansson(const char *text, size_t len)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];
	uint64_t start = now_ns();

	for (unsigned i = 0; i < ROUNDS; i++) {
		CW_JSON_SCOPED json_t *msg = json_loadb(text, len, 0, NULL);
		const json_t *media = json_object_get(msg, "media");
		size_t n = 0;

		CW_ASSERT(!cw_base64_decode(cw_str(cw_json_str(media, "payload", "?")), ulaw, &n));
		sink += ulaw[i % n] + (uint64_t)strlen(cw_json_str(media, "timestamp", ""));
	}
	return (double)(now_ns() - start) / ROUNDS;
}

static double write_by_hand(const uint8_t *ulaw)
{
	char text[CW_TWILIO_TEXT_MAX];
	uint64_t start = now_ns();

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t n = cw_twilio_media_encode_carrier(
			text, SID, "inbound", i + 1, i, i * UINT64_C(20), ulaw, CW_FRAME_SAMPLES);

		sink += (unsigned char)text[n - 5];
	}
	return (double)(now_ns() - start) / ROUNDS;
}

static double write_by_jansson(const uint8_t *ulaw)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < ROUNDS; i++) {
		char payload[CW_FRAME_SAMPLES * 2], text[CW_TWILIO_TEXT_MAX];
		size_t len = cw_base64_encode(ulaw, CW_FRAME_SAMPLES, payload);
		CW_JSON_SCOPED json_t *msg = json_pack("{s:s, s:o, s:s, s:{s:s, s:o, s:o, s:s%}}", "event", "media",
			"sequenceNumber", json_sprintf("%u", i + 1), "streamSid", SID, "media", "track", "inbound",
			"chunk", json_sprintf("%u", i), "timestamp", json_sprintf("%u", i * 20), "payload", payload,
			len);

		sink += json_dumpb(msg, text, sizeof(text), JSON_COMPACT);
	}
	return (double)(now_ns() - start) / ROUNDS;
}

static void row(const char *what, double ours, double reference)
{
	printf("%-28s %8.0f ns %12.0f ns %8.1f x\n", what, ours, reference, reference / ours);
}

int main(void)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];
	char text[CW_TWILIO_TEXT_MAX];

	for (unsigned i = 0; i < sizeof(ulaw); i++)
		ulaw[i] = (uint8_t)(i * 37);

	size_t len = cw_twilio_media_encode_carrier(text, SID, "inbound", 1234, 1233, 24660, ulaw, sizeof(ulaw));

	printf("%-28s %11s %15s %10s\n", "one message of 20 ms", "by hand", "jansson", "ratio");
	row("in: scan, check, decode", scan_by_hand(text, len), scan_by_jansson(text, len));
	row("out: encode, write", write_by_hand(ulaw), write_by_jansson(ulaw));
	return sink == 0;
}
