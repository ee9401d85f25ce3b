#include "testing.h"

#include <string.h>

#include "line/twilio.h"
#include "world/url.h"

/* The vectors A to G of the protocol sheet; they were made with the official SDK. */

#define TOKEN "0123456789abcdef0123456789abcdef"
#define FORM(...)                                                           \
	(&(struct cw_form){.fields = (struct cw_form_field[]){__VA_ARGS__}, \
		.n = sizeof((struct cw_form_field[]){__VA_ARGS__}) / sizeof(struct cw_form_field)})
#define EMPTY_FORM (&(struct cw_form){.fields = NULL, .n = 0})

static char sid_ac[] = "AC00000000000000000000000000000001", sid_ca[] = "CA00000000000000000000000000000001";

static const struct cw_form *form_b(char *digits)
{
	static struct cw_form_field fields[] = {
		{"To", "+12025550199"},
		{"callerName", "lower"},
		{"AccountSid", sid_ac},
		{"ApiVersion", "2010-04-01"},
		{"CallSid", sid_ca},
		{"CallStatus", "ringing"},
		{"SpeechResult", "yes, caf\xC3\xA9 & more"},
		{"Confidence", "0.93"},
		{"Digits", NULL},
		{"Direction", "inbound"},
		{"From", "+12025550123"},
	};
	static const struct cw_form form = {fields, CW_COUNT(fields)};

	fields[8].value = digits;
	return &form;
}

#define URL_B "https://voice.example.test/twiml/answer?tenant=7&x=a%20b"
#define SIG_B "s1m31MnFZkxQyL8MeqFS0LRnqEg="

static void assert_sign(const char *token, const char *url, const struct cw_form *form, const char *want)
{
	char got[29];

	cw_twilio_sign(token, url, form, got);
	assert_string_equal(got, want);
	assert_true(cw_twilio_signature_ok(token, url, form, want));
}

static void signs_as_the_sdk_does(void **state)
{
	(void)state;
	assert_sign("12345", "https://example.com/myapp.php?foo=1&bar=2",
		FORM({"CallSid", "CA1234567890ABCDE"}, {"Caller", "+14158675310"}, {"Digits", "1234"},
			{"From", "+14158675310"}, {"To", "+18005551212"}),
		"L/OH5YylLD5NRKLltdqwSvS0BnU=");
	assert_sign(TOKEN, URL_B, form_b(""), SIG_B);
	assert_sign(TOKEN, "https://voice.example.test/twiml/answer?CallSid=CA1&From=%2B12025550123", NULL,
		"8a/bReaEpARIqRb1Br3wcc/3Fnc=");
	assert_sign(TOKEN, "https://voice.example.test/status", FORM({"CallSid", "CA1"}, {"CallStatus", "completed"}),
		"DDlFsLOnY/r2+WEcF842uE9hEqg=");
	assert_sign(TOKEN, "https://voice.example.test:8443/status",
		FORM({"CallSid", "CA1"}, {"CallStatus", "completed"}), "NeCgkvF3ivotc4OAMs1C4fKxux8=");
	assert_sign(TOKEN, "https://voice.example.test:443/status",
		FORM({"CallSid", "CA1"}, {"CallStatus", "completed"}), "0ham4e04DTqQy0+PKlK/CBouLkk=");
	assert_sign(TOKEN, "wss://voice.example.test/media", NULL, "Q+82Zh+6h3XUYGulJvqj0Cl5hC4=");
	assert_sign(TOKEN, "wss://voice.example.test/media/", NULL, "WXl7GbRi5OguIbldyOSd0r7cDkE=");
	assert_sign(TOKEN, "https://voice.example.test/a", FORM({"M", "b"}, {"M", "a"}, {"A", "1"}, {"M", "b"}),
		"FThMNVipoLxxyuV9Dm6xfLjK2iw=");
}

static void a_json_body_is_signed_by_its_hash(void **state)
{
	static const char url[] =
		"https://voice.example.test/json?bodySHA256=9ee1082de94493be50df6d15a437056daf8acf98cc42721f52fb7b500873444d";
	static const char signature[] = "yopN/Hg7DSV/bgnbR2ICzAvQYpY=";

	(void)state;
	assert_true(cw_twilio_body_signature_ok(
		TOKEN, url, cw_str("{\"CallSid\":\"CA1\",\"event\":\"x\",\"n\":1}"), signature));
	assert_false(cw_twilio_body_signature_ok(
		TOKEN, url, cw_str("{\"CallSid\":\"CA1\",\"event\":\"x\",\"n\":1} "), signature));
	assert_false(cw_twilio_body_signature_ok(TOKEN, "https://voice.example.test/json", cw_str("{}"), signature));
	assert_false(cw_twilio_body_signature_ok(
		TOKEN, url, cw_str("{\"CallSid\":\"CA1\",\"event\":\"x\",\"n\":1}"), "yopN/Hg7DSV/bgnbR2ICzAvQYpZ="));
}

static void ports_are_tried_as_the_sdk_tries_them(void **state)
{
	const struct cw_form *d = FORM({"CallSid", "CA1"}, {"CallStatus", "completed"});

	(void)state;
	assert_true(cw_twilio_signature_ok(
		TOKEN, "https://voice.example.test:8443/status", d, "DDlFsLOnY/r2+WEcF842uE9hEqg="));
	assert_true(cw_twilio_signature_ok(
		TOKEN, "https://voice.example.test:8443/status", d, "NeCgkvF3ivotc4OAMs1C4fKxux8="));
	assert_true(
		cw_twilio_signature_ok(TOKEN, "https://voice.example.test/status", d, "0ham4e04DTqQy0+PKlK/CBouLkk="));
	assert_false(
		cw_twilio_signature_ok(TOKEN, "https://voice.example.test/status", d, "NeCgkvF3ivotc4OAMs1C4fKxux8="));
	assert_true(cw_twilio_signature_ok(
		TOKEN, "https://user:pass@voice.example.test/status", d, "DDlFsLOnY/r2+WEcF842uE9hEqg="));
}

static void sockets_are_tried_with_and_without_a_slash(void **state)
{
	(void)state;
	assert_true(
		cw_twilio_signature_ok(TOKEN, "wss://voice.example.test/media", NULL, "WXl7GbRi5OguIbldyOSd0r7cDkE="));
	assert_true(
		cw_twilio_signature_ok(TOKEN, "wss://voice.example.test/media/", NULL, "Q+82Zh+6h3XUYGulJvqj0Cl5hC4="));
	assert_true(cw_twilio_signature_ok(
		TOKEN, "wss://voice.example.test:443/media", NULL, "Q+82Zh+6h3XUYGulJvqj0Cl5hC4="));
	assert_false(
		cw_twilio_signature_ok(TOKEN, "wss://voice.example.test/other", NULL, "Q+82Zh+6h3XUYGulJvqj0Cl5hC4="));
	assert_false(cw_twilio_signature_ok(
		TOKEN, "https://voice.example.test/media", NULL, "WXl7GbRi5OguIbldyOSd0r7cDkE="));
}

static void nothing_forged_is_taken(void **state)
{
	static const char *const bad[] = {
		"", "x", (SIG_B "="), "s1m31MnFZkxQyL8MeqFS0LRnqEg", "S1m31MnFZkxQyL8MeqFS0LRnqEg=", (" " SIG_B)};

	(void)state;
	assert_true(cw_twilio_signature_ok(TOKEN, URL_B, form_b(""), SIG_B));
	assert_false(cw_twilio_signature_ok(TOKEN, URL_B, form_b("1"), SIG_B));
	assert_false(cw_twilio_signature_ok("1123456789abcdef0123456789abcdef", URL_B, form_b(""), SIG_B));
	assert_false(cw_twilio_signature_ok(TOKEN, URL_B "&y=1", form_b(""), SIG_B));
	assert_false(cw_twilio_signature_ok(TOKEN, URL_B, EMPTY_FORM, SIG_B));
	assert_false(cw_twilio_signature_ok(TOKEN, URL_B, form_b(""), NULL));
	assert_false(cw_twilio_signature_ok(TOKEN, "not a url", form_b(""), SIG_B));
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_false(cw_twilio_signature_ok(TOKEN, URL_B, form_b(""), bad[i]));
}

static void the_port_is_signed_only_in_the_clear(void **state)
{
	static const struct {
		const char *url, *signed_url;
	} cases[] = {
		{"https://h.test:8443/a?b=1", "https://h.test/a?b=1"},
		{"https://u:p@h.test/a", "https://h.test/a"},
		{"http://127.0.0.1:3000/voice", "http://127.0.0.1:3000/voice"},
		{"ws://127.0.0.1:3000/media", "ws://127.0.0.1:3000/media"},
		{"wss://h.test:9443/media", "wss://h.test/media"},
		{"https://[::1]:8443/", "https://[::1]/"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		assert_true(cw_twilio_url_to_sign(cases[i].url, out, sizeof(out)));
		assert_string_equal(out, cases[i].signed_url);
	}
	assert_false(cw_twilio_url_to_sign("voice", out, sizeof(out)));
	assert_false(cw_twilio_url_to_sign("https://h.test/a", out, 8));
}

CW_TEST_MAIN(CW_TEST(signs_as_the_sdk_does), CW_TEST(a_json_body_is_signed_by_its_hash),
	CW_TEST(ports_are_tried_as_the_sdk_tries_them), CW_TEST(sockets_are_tried_with_and_without_a_slash),
	CW_TEST(nothing_forged_is_taken), CW_TEST(the_port_is_signed_only_in_the_clear))
