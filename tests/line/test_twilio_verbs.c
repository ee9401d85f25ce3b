#include "caller.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audio/g711.h"
#include "audio/tone.h"
#include "audio/wav.h"
#include "world/sim.h"

/*
 *   person ("caller") <-line-> emulator --requests--> web: a table of TwiML documents
 */

struct scene {
	struct cw_world *w;
	void *owner;
	struct web web;
	struct person caller;
};

static const char *const callees[] = {"+12025550111", NULL};

static void open_scene(struct scene *s, const struct page *pages, size_t n)
{
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 7}, &s->w), 0);
	s->owner = talloc_new(NULL);
	web_open(&s->web, s->w, s->owner, pages, n);
	person_init(&s->caller, s->w, s->owner);
}

static void dial_conf(struct scene *s, struct cw_twilio_carrier_conf conf)
{
	struct cw_line *line = NULL;
	char url[100], status[100];

	snprintf(url, sizeof(url), "%s/voice", s->web.base);
	snprintf(status, sizeof(status), "%s/status", s->web.base);
	if (!conf.twiml)
		conf.url = url;
	conf.status_callback = status;
	conf.say_voice = "modem";
	conf.gather_engine = "modem";
	conf.dial_numbers = callees;
	conf.dial_say = "This is the other party.";
	assert_int_equal(cw_twilio_dial(s->owner, s->w, &conf, &line, NULL), 0);
	person_attach(&s->caller, line);
}

static void dial(struct scene *s)
{
	dial_conf(s, (struct cw_twilio_carrier_conf){.record_dir = cw_test_tmp()});
}

static void close_scene(struct scene *s)
{
	if (s->web.n_forged)
		fail_msg("forged requests:\n%s", s->web.asked.p);
	talloc_free(s->owner);
	person_clear(&s->caller);
	web_clear(&s->web);
	talloc_free(s->w);
}

static void assert_asked(struct scene *s, const char *path, const char *field)
{
	if (!web_asked(&s->web, path, field))
		fail_msg("no request to %s with %s; notes:\n%s", path, field ? field : "(any)",
			s->caller.notes.p ? s->caller.notes.p : "");
}

static void assert_closed(struct scene *s, enum cw_end_reason reason, const char *detail)
{
	if (s->caller.closed != 1 || s->caller.reason != reason || !strstr(s->caller.detail, detail))
		fail_msg("closed %u %s '%s'\n%s", s->caller.closed, cw_end_reason_name(s->caller.reason),
			s->caller.detail, s->caller.notes.p ? s->caller.notes.p : "");
}

#define SCENE(s, ...)                                     \
	static const struct page pages[] = {__VA_ARGS__}; \
	struct scene s;                                   \
	(void)state;                                      \
	open_scene(&s, pages, CW_COUNT(pages))

static void say_is_heard_and_the_end_hangs_up(void **state)
{
	SCENE(s, {"/voice",
			 "<Response><Say>Hello there.</Say><Pause length=\"2\"/><Say loop=\"2\">Bye.</Say></Response>",
			 NULL, 0, NULL});
	dial(&s);
	run_for(s.w, 60 * S);
	assert_true(s.caller.answered);
	assert_closed(&s, CW_END_REMOTE, "end of TwiML");
	assert_in_range(s.caller.voice_frames, 60, 1000);
	assert_true(s.caller.closed_us - s.caller.answered_us > 3 * S);
	assert_true(person_noted(&s.caller, "twilio.say {\"text\":\"Hello there.\"}"));
	assert_true(person_noted(&s.caller, "twilio.pause {\"seconds\":2}"));
	close_scene(&s);
}

static void every_webhook_carries_the_documented_parameters(void **state)
{
	static const char *const fields[] = {"AccountSid=AC00000000000000000000000000000001", "ApiVersion=2010-04-01",
		"CallStatus=ringing", "Direction=inbound", "From=%2B12025550100", "To=%2B12025550199",
		"Caller=%2B12025550100", "FromCountry=US", "ToCity=", "StirVerstat=TN-Validation-Passed-A"};
	SCENE(s, {"/voice", "<Response><Pause/><Say>Hi</Say></Response>", NULL, 0, NULL},
		{"/status", "", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 30 * S);
	for (size_t i = 0; i < CW_COUNT(fields); i++)
		assert_asked(&s, "/voice", fields[i]);
	assert_asked(&s, "/status", "CallStatus=initiated");
	assert_asked(&s, "/status", "CallStatus=ringing");
	assert_asked(&s, "/status", "CallStatus=in-progress");
	assert_asked(&s, "/status", "CallStatus=completed");
	assert_asked(&s, "/status", "CallbackSource=call-progress-events");
	assert_asked(&s, "/status", "SequenceNumber=3");
	assert_asked(&s, "/status", "SipResponseCode=200");
	assert_true(s.caller.answered_us > 1 * S); /* Pause as the first verb delays the answer */
	close_scene(&s);
}

static void keys_are_gathered(void **state)
{
	SCENE(s,
		{"/voice",
			"<Response><Gather numDigits=\"4\" action=\"/digits\"><Say>Please enter your long and winding account code now.</Say></Gather></Response>",
			NULL, 0, NULL},
		{"/digits", "<Response><Hangup/></Response>", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 1 * S);
	assert_int_equal(cw_line_dtmf(s.caller.line, "12"), 0);
	run_for(s.w, 100 * MS);
	uint64_t heard = s.caller.last_voice_us;

	run_for(s.w, 1 * S);
	assert_int_equal(s.caller.last_voice_us, heard); /* a key stopped the prompt */
	assert_int_equal(cw_line_dtmf(s.caller.line, "34"), 0);
	run_for(s.w, 1 * S);
	assert_asked(&s, "/digits", "Digits=1234");
	assert_closed(&s, CW_END_REMOTE, "<Hangup>");
	close_scene(&s);
}

static void finish_key_and_timeouts(void **state)
{
	SCENE(s,
		{"/voice",
			"<Response><Gather timeout=\"3\"/><Gather action=\"/digits\" timeout=\"2\"/><Say>never</Say></Response>",
			NULL, 0, NULL},
		{"/digits", "<Response><Gather action=\"/more\" finishOnKey=\"*\" timeout=\"2\"/></Response>", NULL, 0,
			NULL},
		{"/more", "<Response><Gather action=\"/none\" timeout=\"1\" actionOnEmptyResult=\"true\"/></Response>",
			NULL, 0, NULL},
		{"/none", "<Response/>", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 3500 * MS); /* the first passed without a key */
	assert_int_equal(cw_line_dtmf(s.caller.line, "5#"), 0);
	run_for(s.w, 500 * MS);
	assert_asked(&s, "/digits", "Digits=5");
	assert_int_equal(cw_line_dtmf(s.caller.line, "7#"), 0);
	run_for(s.w, 3 * S); /* no finish key there: the timeout after the last key */
	assert_asked(&s, "/more", "Digits=7%23");
	run_for(s.w, 2 * S);
	assert_asked(&s, "/none", "Digits=");
	assert_closed(&s, CW_END_REMOTE, "end of TwiML");
	assert_false(person_noted(&s.caller, "never"));
	close_scene(&s);
}

static void tones_in_the_voice_are_keys_too(void **state)
{
	int16_t *pcm;
	size_t n;

	SCENE(s, {"/voice", "<Response><Gather numDigits=\"3\" action=\"/digits\"/></Response>", NULL, 0, NULL},
		{"/digits", "<Response/>", NULL, 0, NULL});
	dial(&s);
	run_for(s.w, 500 * MS);
	assert_int_equal(cw_dtmf_render(s.owner, "159", 100, 100, &pcm, &n), 0);
	s.caller.speech = talloc_array(NULL, uint8_t, n);
	cw_ulaw_encode(pcm, s.caller.speech, n);
	s.caller.speech_n = n;
	run_for(s.w, 3 * S);
	assert_asked(&s, "/digits", "Digits=159");
	close_scene(&s);
}

static void speech_is_gathered(void **state)
{
	SCENE(s,
		{"/voice",
			"<Response><Gather input=\"speech\" action=\"/said\" speechTimeout=\"1\" partialResultCallback=\"/partial\" hints=\"furnace, heater\">"
			"<Say>What can I do for you?</Say></Gather><Say>Nothing heard.</Say></Response>",
			NULL, 0, NULL},
		{"/said", "<Response><Say>Thank you.</Say></Response>", NULL, 0, NULL},
		{"/partial", "", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 5 * S);
	person_speak(&s.caller, "my furnace is broken");
	run_for(s.w, 15 * S);
	assert_asked(&s, "/said", "SpeechResult=my%20furnace%20is%20broken");
	assert_asked(&s, "/partial", NULL);
	assert_closed(&s, CW_END_REMOTE, "end of TwiML");
	assert_false(person_noted(&s.caller, "Nothing heard"));
	close_scene(&s);
}

static void silence_falls_through_a_speech_gather(void **state)
{
	SCENE(s,
		{"/voice",
			"<Response><Gather input=\"dtmf speech\" timeout=\"2\" action=\"/said\"/><Say>Nothing heard.</Say></Response>",
			NULL, 0, NULL},
		{"/said", "<Response/>", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 20 * S);
	assert_true(person_noted(&s.caller, "Nothing heard"));
	assert_false(web_asked(&s.web, "/said", NULL));
	close_scene(&s);
}

/* A second of tone as a WAV file in memory. */
static const char *wav_second(void)
{
	static char path[200];
	struct cw_wav_writer *w;
	int16_t pcm[1600];

	snprintf(path, sizeof(path), "%s/second.wav", cw_test_tmp());
	assert_int_equal(cw_wav_create(NULL, path, &(struct cw_wav_format){CW_WAV_PCM16, 16000, 1}, &w, NULL), 0);
	for (unsigned i = 0; i < 1600; i++)
		pcm[i] = (int16_t)(i % 32 < 16 ? 6000 : -6000);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(cw_wav_write(w, pcm, 1600), 0);
	assert_int_equal(cw_wav_finish(w), 0);
	talloc_free(w);
	return path;
}

static void on_wav(struct cw_exchange *x, void *arg)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	FILE *f = fopen(arg, "rb");
	char block[4096];

	for (size_t n; (n = fread(block, 1, sizeof(block), f));)
		cw_buf_put(&b, block, n);
	fclose(f);
	(void)cw_reply(x, 200, &(struct cw_header){"Content-Type", "audio/wav"}, 1, b.p, b.len);
}

static void files_and_tones_are_played(void **state)
{
	static char twiml[300], path[200];
	static const struct cw_routes routes = {on_wav, NULL, 0};
	struct page page = {"/voice", twiml, NULL, 0, NULL};
	struct cw_server *files;
	struct scene s;

	(void)state;
	snprintf(path, sizeof(path), "%s", wav_second());
	open_scene(&s, &page, 1);
	assert_int_equal(cw_listen(s.owner, s.w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, path,
				 &files, NULL),
		0);
	snprintf(twiml, sizeof(twiml),
		"<Response><Play loop=\"2\">http://127.0.0.1:%u/a.wav</Play><Play digits=\"w12\"/><Play>/missing.wav</Play></Response>",
		cw_server_port(files));
	dial(&s);
	run_for(s.w, 30 * S);
	assert_closed(&s, CW_END_REMOTE, "end of TwiML");
	assert_in_range(s.caller.voice_frames, 100, 125);
	assert_true(person_noted(&s.caller, "\"code\":11200"));
	close_scene(&s);
}

static unsigned count_wavs(uint64_t *samples)
{
	DIR *d = opendir(cw_test_tmp());
	unsigned n = 0;

	for (struct dirent *e; (e = readdir(d));) {
		struct cw_wav_reader *r;
		char path[600];

		if (strncmp(e->d_name, "RE", 2) != 0)
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), e->d_name);
		assert_int_equal(cw_wav_open(NULL, path, &r, NULL), 0);
		*samples = cw_wav_frames(r);
		talloc_free(r);
		assert_int_equal(unlink(path), 0);
	}
	closedir(d);
	return n;
}

static void a_message_is_recorded(void **state)
{
	uint64_t samples = 0;

	SCENE(s,
		{"/voice",
			"<Response><Record action=\"/done\" timeout=\"2\" maxLength=\"60\" recordingStatusCallback=\"/recorded\"/></Response>",
			NULL, 0, NULL},
		{"/done", "<Response><Hangup/></Response>", NULL, 0, NULL}, {"/recorded", "", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 2 * S);
	person_speak(&s.caller, "please call me back about the furnace");
	run_for(s.w, 15 * S);
	assert_asked(&s, "/done", NULL);
	assert_non_null(strstr(s.web.asked.p,
		"&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2FAC00000000000000000000000000000001%2FRecordings%2FRE"));
	assert_asked(&s, "/recorded", "RecordingStatus=completed");
	assert_asked(&s, "/recorded", "RecordingSource=RecordVerb");
	assert_int_equal(count_wavs(&samples), 1);
	assert_in_range(samples, s.caller.speech_n - 6000, s.caller.speech_n + 2000); /* silence was trimmed */
	close_scene(&s);
}

static void a_hang_up_keeps_the_recording(void **state)
{
	uint64_t samples = 0;

	SCENE(s,
		{"/voice", "<Response><Record action=\"/done\" playBeep=\"false\" trim=\"do-not-trim\"/></Response>",
			NULL, 0, NULL},
		{"/done", "<Response/>", NULL, 0, NULL});

	dial(&s);
	s.caller.say = 0x30;
	run_for(s.w, 3 * S);
	cw_line_hang_up(s.caller.line, "bye");
	run_for(s.w, 1 * S);
	assert_asked(&s, "/done", "Digits=hangup");
	assert_asked(&s, "/done", "RecordingDuration=3");
	assert_asked(&s, "/done", "CallStatus=completed");
	assert_closed(&s, CW_END_LOCAL, "bye");
	assert_int_equal(count_wavs(&samples), 1);
	assert_in_range(samples, 23000, 24000);
	close_scene(&s);
}

static void a_key_ends_the_recording(void **state)
{
	SCENE(s,
		{"/voice", "<Response><Record action=\"/done\" playBeep=\"false\" finishOnKey=\"#\"/></Response>", NULL,
			0, NULL},
		{"/done", "<Response/>", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 500 * MS);
	assert_int_equal(cw_line_dtmf(s.caller.line, "1"), 0);
	run_for(s.w, 500 * MS);
	assert_false(web_asked(&s.web, "/done", NULL));
	assert_int_equal(cw_line_dtmf(s.caller.line, "#"), 0);
	run_for(s.w, 500 * MS);
	assert_asked(&s, "/done", "Digits=%23");
	close_scene(&s);
}

static void a_dialled_party_answers(void **state)
{
	SCENE(s,
		{"/voice",
			"<Response><Dial action=\"/dialled\"><Number statusCallback=\"/leg\" statusCallbackEvent=\"initiated ringing answered completed\">"
			"+12025550111</Number></Dial><Say>unreachable</Say></Response>",
			NULL, 0, NULL},
		{"/dialled", "<Response><Say>Welcome back.</Say></Response>", NULL, 0, NULL},
		{"/leg", "", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 40 * S);
	assert_asked(&s, "/dialled", "DialCallStatus=completed");
	assert_asked(&s, "/dialled", "DialBridged=true");
	assert_asked(&s, "/leg", "CallStatus=in-progress");
	assert_asked(&s, "/leg", "Direction=outbound-dial");
	assert_true(person_noted(&s.caller, "Welcome back"));
	assert_false(person_noted(&s.caller, "unreachable"));
	close_scene(&s);
}

static void a_dialled_party_does_not_answer(void **state)
{
	SCENE(s, {"/voice", "<Response><Dial timeout=\"5\">+12025550112</Dial><Say>Nobody home.</Say></Response>", NULL,
			 0, NULL});

	dial(&s);
	run_for(s.w, 4 * S);
	assert_true(s.caller.voice_frames > 90); /* ringback is heard */
	run_for(s.w, 20 * S);
	assert_true(person_noted(&s.caller, "\"status\":\"no-answer\""));
	assert_true(person_noted(&s.caller, "Nobody home"));
	close_scene(&s);
}

static void the_caller_may_leave_at_any_verb(void **state)
{
	static const char *const verbs[] = {
		"<Say>One two three four five six seven eight nine ten eleven twelve.</Say>", "<Pause length=\"60\"/>",
		"<Gather input=\"dtmf speech\" timeout=\"60\"/>", "<Record/>", "<Dial>+12025550111</Dial>",
		"<Dial timeout=\"60\">+12025550112</Dial>", "<Play digits=\"WWWW\"/>"};
	static char twiml[200];
	struct page pages[] = {{"/voice", twiml, NULL, 0, NULL}};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(verbs); i++)
		for (unsigned at = 0; at < 4; at++) {
			struct scene s;
			uint64_t samples;

			snprintf(twiml, sizeof(twiml), "<Response><Say>x</Say>%s</Response>", verbs[i]);
			open_scene(&s, pages, 1);
			dial(&s);
			run_for(s.w, at * 900 * MS + 100 * MS);
			if (at == 3)
				talloc_free(s.caller.line);
			else
				cw_line_hang_up(s.caller.line, "bye");
			run_for(s.w, 10 * S);
			if (s.caller.closed != (at != 3))
				fail_msg("%s, %u: closed %u '%s'", verbs[i], at, s.caller.closed, s.caller.detail);
			(void)count_wavs(&samples);
			close_scene(&s);
		}
}

static void a_document_given_as_text_needs_absolute_urls(void **state)
{
	SCENE(s, {"/status", "", NULL, 0, NULL});

	dial_conf(&s,
		(struct cw_twilio_carrier_conf){
			.twiml =
				"<Response><Gather timeout=\"1\" action=\"/x\" actionOnEmptyResult=\"true\"/><Say>on</Say></Response>",
			.direction = "outbound-api"});
	run_for(s.w, 20 * S);
	assert_true(person_noted(&s.caller, "must be absolute"));
	assert_true(person_noted(&s.caller, "twilio.say"));
	assert_asked(&s, "/status", "Direction=outbound-api");
	close_scene(&s);
}

static void get_webhooks_carry_their_parameters_in_the_query(void **state)
{
	SCENE(s, {"/voice", "<Response><Redirect method=\"GET\">/next?z=1</Redirect></Response>", NULL, 0, NULL},
		{"/next", "<Response><Say>Done.</Say></Response>", "application/xml; charset=utf-8", 0, NULL});

	dial_conf(&s, (struct cw_twilio_carrier_conf){.method = "GET"});
	run_for(s.w, 20 * S);
	assert_asked(&s, "/voice", "CallStatus=ringing");
	assert_asked(&s, "/next", "z=1");
	assert_asked(&s, "/next", "From=%2B12025550100");
	assert_true(strstr(s.web.asked.p, "GET /next?z=1&AccountSid=") != NULL);
	close_scene(&s);
}

static void a_fallback_is_asked_once(void **state)
{
	char fallback[100];

	SCENE(s, {"/voice", "oops", NULL, 500, NULL},
		{"/fallback", "<Response><Say>Sorry.</Say></Response>", NULL, 0, NULL});
	snprintf(fallback, sizeof(fallback), "%s/fallback", s.web.base);
	dial_conf(&s, (struct cw_twilio_carrier_conf){.fallback_url = fallback});
	run_for(s.w, 20 * S);
	assert_asked(&s, "/fallback", "ErrorCode=11200");
	assert_true(person_noted(&s.caller, "Sorry"));
	close_scene(&s);
}

static void what_is_not_emulated_is_said(void **state)
{
	SCENE(s, {"/voice", "<Response><Enqueue>q</Enqueue><say>x</say><Say>Done.</Say></Response>", NULL, 0, NULL});

	dial(&s);
	run_for(s.w, 20 * S);
	assert_true(person_noted(&s.caller, "twilio.unsupported {\"verb\":\"Enqueue\",\"line\":1}"));
	assert_true(person_noted(&s.caller, "\"code\":12200"));
	assert_true(person_noted(&s.caller, "Done."));
	close_scene(&s);
}

static void a_long_call_is_cut(void **state)
{
	SCENE(s, {"/voice", "<Response><Say>x</Say><Pause length=\"100\"/></Response>", NULL, 0, NULL});

	dial_conf(&s, (struct cw_twilio_carrier_conf){.time_limit_us = 5 * S});
	run_for(s.w, 20 * S);
	assert_closed(&s, CW_END_TIMEOUT, "limit");
	close_scene(&s);
}

static void a_call_is_redirected_from_outside(void **state)
{
	SCENE(s, {"/voice", "<Response><Say>x</Say><Pause length=\"100\"/></Response>", NULL, 0, NULL},
		{"/other", "<Response><Say>Elsewhere.</Say></Response>", NULL, 0, NULL});
	char url[100];

	dial(&s);
	run_for(s.w, 5 * S);
	snprintf(url, sizeof(url), "%s/other", s.web.base);
	assert_int_equal(cw_twilio_call_redirect(s.caller.line, "POST", url, NULL), 0);
	run_for(s.w, 10 * S);
	assert_true(person_noted(&s.caller, "Elsewhere"));
	assert_closed(&s, CW_END_REMOTE, "end of TwiML");
	close_scene(&s);
}

CW_TEST_MAIN(CW_TEST(say_is_heard_and_the_end_hangs_up), CW_TEST(every_webhook_carries_the_documented_parameters),
	CW_TEST(keys_are_gathered), CW_TEST(finish_key_and_timeouts), CW_TEST(tones_in_the_voice_are_keys_too),
	CW_TEST(speech_is_gathered), CW_TEST(silence_falls_through_a_speech_gather),
	CW_TEST(files_and_tones_are_played), CW_TEST(a_message_is_recorded), CW_TEST(a_hang_up_keeps_the_recording),
	CW_TEST(a_key_ends_the_recording), CW_TEST(a_dialled_party_answers), CW_TEST(a_dialled_party_does_not_answer),
	CW_TEST(the_caller_may_leave_at_any_verb), CW_TEST(a_document_given_as_text_needs_absolute_urls),
	CW_TEST(get_webhooks_carry_their_parameters_in_the_query), CW_TEST(a_fallback_is_asked_once),
	CW_TEST(what_is_not_emulated_is_said), CW_TEST(a_long_call_is_cut), CW_TEST(a_call_is_redirected_from_outside))
