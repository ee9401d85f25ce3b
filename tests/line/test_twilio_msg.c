#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "line/twilio_msg.h"

#define SID "MZ00000000000000000000000000000001"

static int scan(const char *text, struct cw_twilio_media *m)
{
	return cw_twilio_media_scan(text, strlen(text), m);
}

static void reads_the_documented_message(void **state)
{
	struct cw_twilio_media m;
	uint8_t ulaw[16];
	size_t n;

	(void)state;
	assert_int_equal(scan("{\"event\":\"media\",\"sequenceNumber\":\"2\",\"streamSid\":\"" SID
			      "\",\"media\":{\"track\":\"inbound\","
			      "\"chunk\":\"1\",\"timestamp\":\"20\",\"payload\":\"////\"}}",
				 &m),
		0);
	assert_true(cw_str_eq(m.stream_sid, SID));
	assert_true(cw_str_eq(m.track, "inbound"));
	assert_int_equal(m.sequence, 2);
	assert_int_equal(m.chunk, 1);
	assert_int_equal(m.timestamp_ms, 20);
	assert_int_equal(m.members, 63);
	assert_int_equal(cw_base64_decode(m.payload, ulaw, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(ulaw[2], 0xFF);
}

static void takes_members_in_any_order_and_numbers_as_numbers(void **state)
{
	struct cw_twilio_media m;

	(void)state;
	assert_int_equal(
		scan(" { \"media\" : { \"payload\":\"AAAA\" , \"timestamp\":40, \"new\":[1,{\"a\":[true,null,-1.5e3,\"x\\\"}\"]}] },\n"
		     "\"extra\": {\"b\":{}}, \"streamSid\":\"x\", \"event\" :\"media\"}\n",
			&m),
		0);
	assert_int_equal(m.timestamp_ms, 40);
	assert_int_equal(m.members, CW_MEDIA_PAYLOAD | CW_MEDIA_TIMESTAMP | CW_MEDIA_STREAM_SID | CW_MEDIA_UNKNOWN);
}

static void leaves_other_events_to_the_parser(void **state)
{
	static const char *const others[] = {
		"{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}",
		"{\"event\":\"stop\",\"sequenceNumber\":\"99\",\"streamSid\":\"x\",\"stop\":{}}",
		"{\"sequenceNumber\":\"9\",\"mark\":{\"name\":\"a\"},\"event\":\"mark\"}",
		"{\"x\":1}",
		"{}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"\\/\\/\\/\\/\"}}",
		"{\"event\":\"medi\\u0061\",\"media\":{\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",\"media\":[]}",
	};
	struct cw_twilio_media m;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(others); i++)
		if (scan(others[i], &m) != ENOMSG)
			fail_msg("%s", others[i]);
}

static void rejects_what_is_broken(void **state)
{
	static const char *const broken[] = {
		"",
		"{",
		"}",
		"[]",
		"null",
		"\"media\"",
		"{\"event\"}",
		"{\"event\":}",
		"{\"event\":\"media\"",
		"{\"event\":\"media\"}",
		"{\"event\":\"media\",}",
		"{\"event\":\"media\",\"media\":{}}",
		"{\"event\":\"media\",\"media\":{\"payload\":1}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}} x",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"},\"media\":{\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"timestamp\":\"-1\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"timestamp\":\"99999999999999999999999\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"timestamp\":1.5}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"timestamp\":\"\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"x\":01}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"x\":tru}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"x\":\"\n\"}}",
		"{\"event\":\"media\" \"media\":{\"payload\":\"AAAA\"}}",
		"{event:\"media\",\"media\":{\"payload\":\"AAAA\"}}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"x\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}",
	};
	struct cw_twilio_media m = {.members = 77};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(broken); i++)
		if (scan(broken[i], &m) != EBADMSG)
			fail_msg("taken: %s", broken[i]);
	assert_int_equal(m.members, 77); /* untouched on failure */
}

static void never_reads_past_the_end(void **state)
{
	static const char whole[] = "{\"event\":\"media\",\"streamSid\":\"" SID
				    "\",\"media\":{\"payload\":\"AAAA\",\"timestamp\":20,\"x\":[true,1e5]}}";
	struct cw_twilio_media m;

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char *cut = talloc_memdup(
			NULL, whole, n); /* exact size, so that the address sanitizer sees a byte too far */

		assert_int_equal(cw_twilio_media_scan(cut, n, &m), EBADMSG);
		talloc_free(cut);
	}
}

static void base64_round_trips_and_is_strict(void **state)
{
	static const char *const bad[] = {"A", "AA", "AAA", "AAAAA", "A===", "====", "AA=A", "A=AA", "AAA*", "AA A",
		"AAA\x80", "=AAA", "AA==AAAA", "-_-_"};
	uint8_t in[300], out[300];
	char text[404];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7 + i / 64);
	for (size_t n = 0; n <= sizeof(in); n++) {
		size_t len = cw_base64_encode(in, n, text), got = 999;

		assert_int_equal(len, (n + 2) / 3 * 4);
		assert_int_equal(cw_base64_decode((struct cw_str){text, len}, out, &got), 0);
		assert_int_equal(got, n);
		assert_memory_equal(in, out, n);
	}
	for (size_t i = 0; i < CW_COUNT(bad); i++) {
		size_t n = 999;

		if (cw_base64_decode(cw_str(bad[i]), out, &n) != EBADMSG)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(n, 999);
	}
}

static void writes_what_it_reads_without_allocating(void **state)
{
	uint8_t ulaw[160], back[164];
	char text[CW_TWILIO_TEXT_MAX];
	struct cw_twilio_media m;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(ulaw); i++)
		ulaw[i] = (uint8_t)i;
	(void)cw_test_allocations();
	for (unsigned i = 1; i <= 1000; i++) {
		size_t len = cw_twilio_media_encode_carrier(text, SID, "inbound", i + 1, i, i * 20, ulaw, sizeof(ulaw));

		assert_int_equal(cw_twilio_media_scan(text, len, &m), 0);
		assert_int_equal(m.sequence, i + 1);
		assert_int_equal(m.timestamp_ms, i * 20);
		assert_int_equal(cw_base64_decode(m.payload, back, &n), 0);
		assert_int_equal(n, 160);
		assert_memory_equal(back, ulaw, 160);
		len = cw_twilio_media_encode(text, SID, ulaw, sizeof(ulaw));
		assert_int_equal(cw_twilio_media_scan(text, len, &m), 0);
		assert_int_equal(m.members, CW_MEDIA_STREAM_SID | CW_MEDIA_PAYLOAD);
	}
	assert_int_equal(cw_test_allocations(), 0);
}

static void the_writers_give_the_documented_text(void **state)
{
	static const uint8_t three[] = {0xFF, 0xFF, 0xFF};
	char text[512];
	size_t n = cw_twilio_media_encode(text, SID, three, 3);

	(void)state;
	text[n] = '\0';
	assert_string_equal(text, "{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"////\"}}");
	n = cw_twilio_media_encode_carrier(text, SID, "inbound", 2, 1, 20, three, 3);
	text[n] = '\0';
	assert_string_equal(text,
		"{\"event\":\"media\",\"sequenceNumber\":\"2\",\"streamSid\":\"" SID
		"\",\"media\":{\"track\":\"inbound\",\"chunk\":\"1\",\"timestamp\":\"20\",\"payload\":\"////\"}}");
}

static unsigned judge(const char *text, enum cw_twilio_order *order)
{
	CW_JSON_SCOPED json_t *msg = NULL;
	struct cw_why why = {0};
	unsigned code;

	assert_int_equal(cw_json_parse(text, strlen(text), &msg, NULL), 0);
	code = cw_twilio_order_check(msg, SID, order, &why);
	assert_int_equal(code != 0, why.text[0] != '\0');
	return code;
}

static void orders_are_judged_as_strictly_as_twilio_does(void **state)
{
	static const char *const bad[] = {
		"[]",
		"1",
		"{}",
		"{\"event\":1}",
		"{\"event\":\"play\",\"streamSid\":\"" SID "\"}",
		"{\"event\":\"clear\"}",
		"{\"event\":\"clear\",\"streamSid\":\"MZx\"}",
		"{\"event\":\"clear\",\"streamSid\":\"" SID "\",\"clear\":{}}",
		"{\"event\":\"clear\",\"streamSid\":\"" SID "\",\"x\":1}",
		"{\"event\":\"mark\",\"streamSid\":\"" SID "\"}",
		"{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":1}}",
		"{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":\"a\",\"x\":1}}",
		"{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":\"a\"},\"sequenceNumber\":\"1\"}",
		"{\"event\":\"media\",\"streamSid\":\"" SID
		"\",\"media\":{\"payload\":\"AAAA\",\"track\":\"outbound\"}}",
		"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"payload\":\"AAAA\"}",
	};
	enum cw_twilio_order order = CW_ORDER_CLEAR;

	(void)state;
	assert_int_equal(
		judge("{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"AAAA\"}}", &order), 0);
	assert_int_equal(order, CW_ORDER_MEDIA);
	assert_int_equal(
		judge("{\"mark\":{\"name\":\"utt-3\"},\"event\":\"mark\",\"streamSid\":\"" SID "\"}", &order), 0);
	assert_int_equal(order, CW_ORDER_MARK);
	assert_int_equal(judge("{\"event\":\"clear\",\"streamSid\":\"" SID "\"}", &order), 0);
	assert_int_equal(order, CW_ORDER_CLEAR);
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		if (judge(bad[i], &order) != 31951)
			fail_msg("taken: %s", bad[i]);
}

CW_TEST_MAIN(CW_TEST(reads_the_documented_message), CW_TEST(takes_members_in_any_order_and_numbers_as_numbers),
	CW_TEST(leaves_other_events_to_the_parser), CW_TEST(rejects_what_is_broken), CW_TEST(never_reads_past_the_end),
	CW_TEST(base64_round_trips_and_is_strict), CW_TEST(writes_what_it_reads_without_allocating),
	CW_TEST(the_writers_give_the_documented_text), CW_TEST(orders_are_judged_as_strictly_as_twilio_does))
