#include "language/backchannel.h"

#include "base/words.h"

#define BACKCHANNEL_MAX_WORDS 4

static const char *const backchannels[] = {"mm hmm", "mm hm", "m hm", "m hmm", "mm", "mmm", "mhm", "mmhm", "mmhmm",
	"mm mm", "hm", "hmm", "hmm mm", "um hum", "um hmm", "mhmm", "uh huh", "uhhuh", "uh hu", "uh hum", "ah huh",
	"a huh", "huh", "aha", "ah ha", "a ha", "ah", "oh", "ok", "okay", "okey", "k", "kay", "o k", "right", "wright",
	"rite", "write", "alright", "all right", "all wright", "yeah", "yea", "yah", "ya", "yep", "yup", "yes", "sure",
	"i see", "got it", "gotcha", "got you", "cool", "great", "fine", "good", "nice", "exactly", "true", "wow",
	"of course", "makes sense", "go on", "go ahead", "sounds good", "i understand", "understood", "absolutely",
	"really", NULL};
static const char *const fillers[] = {"um", "umm", "uhm", "uh", "uhh", "er", "err", "erm", "ah", "eh", "hm", "hmm",
	"mm", "mmm", "well", "so", "like", "and", "let me see", "let's see", "lets see", "let me think", "you know",
	"i mean", "just a second", "just a moment", "one second", "one moment", "hold on", NULL};
static const char *const greetings[] = {"hello", "hi", "hey", "hallo", "helo", "hello there", "hi there", "hey there",
	"good morning", "good afternoon", "good evening", "good day", "howdy", "greetings", "how are you",
	"how are you doing", "how's it going", NULL};

static bool only(struct cw_str text, const char *const *phrases, size_t max_words)
{
	struct cw_words ws;
	size_t i = 0;

	cw_words_init(&ws, text);
	if (!ws.n || ws.n > max_words)
		return false;
	while (i < ws.n) {
		size_t n = cw_words_match_any(&ws, i, phrases);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

bool cw_backchannel(struct cw_str text)
{
	return only(text, backchannels, BACKCHANNEL_MAX_WORDS);
}

bool cw_filler_only(struct cw_str text)
{
	return only(text, fillers, CW_WORDS_MAX);
}

bool cw_greeting_only(struct cw_str text)
{
	return only(text, greetings, 8);
}
