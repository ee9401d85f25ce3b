#include "language/refusal.h"

#include "base/buf.h"
#include "testing.h"

static void refusals_are_seen(void **state)
{
	static const char *const texts[] = {
		"I'm sorry, I can't help with that.",
		"I’m sorry, but I can’t assist with that request.",
		"Sorry, I am not able to answer questions about politics.",
		"I cannot provide medical advice.",
		"I'm unable to share information about other customers.",
		"As an AI language model, I don't have opinions.",
		"I must respectfully decline.",
		"I'm not comfortable discussing that.",
		"That's not something I can help with.",
		"Unfortunately that is outside of what I can do.",
		"I can only help with appointments.",
		"I won't do that.",
		"We are not allowed to give you that.",
		"I'm afraid I can't do that, Dave",
		"I can not answer that question",
		"i am not authorized to disclose account details",
		"That goes against my guidelines.",
		"I'd rather not say.",
		"It would be inappropriate for me to comment.",
		"Thank you for calling. That is beyond my scope. Anything else?",
		"i cannot comply with this request",
		"I will not provide instructions for that",
		"Lo siento, no puedo ayudarle con eso.",
		"Es tut mir leid, dabei kann ich Ihnen leider nicht helfen.",
		"Ich kann Ihnen dazu keine Auskunft geben.",
		"Je suis désolé, je ne peux pas vous aider avec cela.",
		"Je ne suis pas en mesure de répondre.",
		"",
		"  ",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++)
		if (!cw_refusal_is(cw_str(texts[i]), NULL))
			fail_msg("not seen: '%s'", texts[i]);
}

static void facts_are_no_refusals(void **state)
{
	static const char *const texts[] = {
		"We can't come on Sunday.",
		"I can't find an order under that name.",
		"I'm sorry to hear that. Let me help you with that.",
		"I'm sorry, we are closed on Mondays.",
		"I can help with that.",
		"I couldn't hear you. Could you repeat that?",
		"I can't help but notice that you called before.",
		"Please do not hesitate to call.",
		"I can't say that I have.",
		"Ok, if you're sure I can not assist you with anything else?",
		"We won't be there before nine.",
		"I can't see your appointment in the system.",
		"As an AI assistant I can book a technician for you.",
		"We can offer Tuesday at two or Thursday at nine.",
		"He can't help it.",
		"I can't do Sunday, but Monday works.",
		"The technician is unable to reach the house.",
		"We do not work on Sundays.",
		"I am not able to hear you very well.",
		"No puedo encontrar su cita.",
		"Ich kann Sie nicht hören.",
		"Je ne peux pas venir dimanche.",
		"Can I help you with anything else?",
		"Is there anything else I can help with?",
		"Your warranty does not cover that.",
		"I can't give you an earlier appointment than Tuesday.",
		"I cannot guarantee that he is there at nine.",
	};
	struct cw_str at;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++)
		if (cw_refusal_is(cw_str(texts[i]), &at))
			fail_msg("'%s': taken for one at '%.*s'", texts[i], CW_STR(at));
}

static void the_words_are_given(void **state)
{
	struct cw_str text = cw_str("Hello. I'm sorry, I can't help with that. Goodbye."), at = {0};

	(void)state;
	assert_true(cw_refusal_is(text, &at));
	assert_true(at.p >= text.p && at.p + at.len <= text.p + text.len);
	assert_true(cw_str_starts(at, "I can't help with"));
}

static void a_late_refusal_in_a_long_text(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	(void)state;
	for (int i = 0; i < 3000; i++)
		cw_buf_puts(&b, "we have many fine furnaces ");
	assert_false(cw_refusal_is(cw_buf_str(&b), NULL));
	cw_buf_puts(&b, ". But I can't help with that.");
	assert_true(cw_refusal_is(cw_buf_str(&b), NULL));
}

CW_TEST_MAIN(CW_TEST(refusals_are_seen), CW_TEST(facts_are_no_refusals), CW_TEST(the_words_are_given),
	CW_TEST(a_late_refusal_in_a_long_text))
