#include "call/turn.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "language/backchannel.h"

#define TEXT_MAX       512 /* of folded words looked at: the end for turns, the beginning for barge-in */
#define MIN_SILENCE_US 500000u
#define MAX_SILENCE_US 1600000u
#define DIGITS_GAP_US  1100000u
#define GROUPS_GAP_US  2000000u
#define LONG_SPEECH_US 1200000u /* this much sound over ours is an interruption, whatever the words */
#define LONG_MURMUR_US 2000000u /* … unless all of it so far is "yeah, mm-hmm" */
#define PHONE_DIGITS   10       /* with or without a leading 1 */
#define GROUP_DIGITS   3        /* the least that is read in one breath */

static const char *const awaiting_names[] = {[CW_AWAIT_ANYTHING] = "anything",
	[CW_AWAIT_YESNO] = "yesno",
	[CW_AWAIT_DIGITS] = "digits",
	[CW_AWAIT_NAME] = "name",
	[CW_AWAIT_ADDRESS] = "address",
	[CW_AWAIT_DATETIME] = "datetime",
	[CW_AWAIT_FREE_TEXT] = "free_text"};

/* Nobody stops after one of these unless interrupted. */
static const char *const open_words[] = {"a", "about", "also", "an", "and", "are", "as", "at", "because", "but", "by",
	"er", "for", "from", "her", "his", "i'm", "if", "in", "is", "it's", "its", "my", "of", "on", "or", "our", "so",
	"than", "that's", "the", "their", "to", "uh", "um", "was", "were", "when", "which", "with", "your"};

/* Folded phrases said to show that one listens. */
static const char *const backchannels[] = {"ah", "aha", "all right", "alright", "correct", "er", "go on", "gotcha",
	"got it", "hm", "hmm", "huh", "i see", "mhm", "mm", "mm hm", "mm hmm", "mmhm", "mmhmm", "mmm", "oh", "ok",
	"okay", "really", "right", "sure", "uh", "uh huh", "uhhuh", "um", "yeah", "yep", "yes", "yup"};

static const char *const answers[] = {
	"all right", "alright", "correct", "ok", "okay", "right", "sure", "yeah", "yep", "yes", "yup"};

static const char *const plain_answers[] = {"yes", "no", "yeah", "yep", "nope", "no thanks", "yes please", "correct",
	"okay", "sure", "that's right", "that's correct"};

static const char *const digit_words[] = {
	"zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

const char *cw_awaiting_name(enum cw_awaiting a)
{
	return (size_t)a < CW_COUNT(awaiting_names) ? awaiting_names[a] : "unknown";
}

int cw_awaiting_of(const char *name, enum cw_awaiting *ret)
{
	for (size_t i = 0; i < CW_COUNT(awaiting_names); i++) {
		if (strcmp(awaiting_names[i], name) == 0) {
			*ret = (enum cw_awaiting)i;
			return 0;
		}
	}
	return EINVAL;
}

/* Lower case, single blanks, apostrophes kept, all else a blank. Of a longer text the words that fit into @size - 1 bytes. */
static size_t fold(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;
		bool word = isalnum(c) || c == '\'' || c >= 0x80;

		if (word)
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	if (*text)
		while (n && out[n - 1] != ' ')
			n--;
	if (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n;
}

static const char *tail(const char *text)
{
	size_t len = strlen(text);

	return len >= TEXT_MAX ? text + len - (TEXT_MAX - 1) : text;
}

static bool among(struct cw_str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cw_str_eq(word, list[i]))
			return true;
	return false;
}

/* How many digits @word stands for when it is nothing but digits, spoken or written; 0 otherwise. */
static unsigned digits_of(struct cw_str word)
{
	if (among(word, digit_words, CW_COUNT(digit_words)))
		return 1;
	for (size_t i = 0; i < word.len; i++)
		if (!isdigit((unsigned char)word.p[i]))
			return 0;
	return (unsigned)word.len;
}

/* Cut the last word off the folded text. */
static bool last_word(struct cw_str *text, struct cw_str *word)
{
	size_t from = text->len;

	if (!text->len)
		return false;
	while (from && text->p[from - 1] != ' ')
		from--;
	*word = (struct cw_str){text->p + from, text->len - from};
	text->len = from ? from - 1 : 0;
	return true;
}

static unsigned trailing_digits(struct cw_str folded)
{
	struct cw_str word;
	unsigned n = 0;

	for (unsigned d; last_word(&folded, &word) && (d = digits_of(word)) > 0;)
		n += d;
	return n;
}

static unsigned all_digits(struct cw_str folded)
{
	struct cw_str word;
	unsigned n = 0;

	while (last_word(&folded, &word))
		n += digits_of(word);
	return n;
}

/* Phone numbers are said in groups: 3, 3 and 4. Codes (4, 5 digits) and local numbers (7) are whole. */
static bool broken_number(unsigned digits)
{
	return digits == 3 || digits == 6 || digits == 8 || digits == 9;
}

static bool unfinished(struct cw_str folded)
{
	struct cw_str rest = folded, word;

	if (!last_word(&rest, &word))
		return false;
	return among(word, open_words, CW_COUNT(open_words)) || broken_number(trailing_digits(folded));
}

bool cw_turn_unfinished(const char *partial)
{
	char folded[TEXT_MAX];
	size_t n = fold(tail(partial), folded, sizeof(folded));

	return unfinished((struct cw_str){folded, n});
}

/* Who reads a number and stopped inside it will go on; a digit or two in other words ("I don't have one") need not be the beginning of one. */
static uint64_t digits_silence(const struct cw_turn_conf *conf, struct cw_str folded)
{
	uint64_t gap = conf->digits_gap_us ? conf->digits_gap_us : DIGITS_GAP_US;
	uint64_t groups = conf->groups_gap_us ? conf->groups_gap_us : GROUPS_GAP_US;
	unsigned n = all_digits(folded);

	return n < PHONE_DIGITS && trailing_digits(folded) >= GROUP_DIGITS ? groups : gap;
}

uint64_t cw_turn_silence_us(const struct cw_turn_conf *conf, enum cw_awaiting awaiting, const char *partial)
{
	uint64_t least = conf->min_silence_us ? conf->min_silence_us : MIN_SILENCE_US;
	uint64_t most = conf->max_silence_us ? conf->max_silence_us : MAX_SILENCE_US;
	char folded[TEXT_MAX];
	struct cw_str text = {folded, fold(tail(partial), folded, sizeof(folded))};

	if (awaiting == CW_AWAIT_DIGITS) {
		unsigned n = all_digits(text);

		if (n == PHONE_DIGITS || n == PHONE_DIGITS + 1)
			return least;
		if (n || !text.len) {
			uint64_t gap = digits_silence(conf, text);

			return gap > least ? gap : least;
		}
	}
	if (unfinished(text))
		return most > least ? most : least;
	switch (awaiting) {
	case CW_AWAIT_YESNO:
		return among(text, plain_answers, CW_COUNT(plain_answers)) ? least * 7 / 10 : least;
	case CW_AWAIT_ADDRESS:
		return least * 7 / 5;
	case CW_AWAIT_FREE_TEXT:
		return least * 8 / 5;
	default:
		return text.len ? least
				: least * 8 / 5; /* an engine without partials: rather later than in mid-sentence */
	}
}

/* The length of the longest backchannel which @text begins with, on a word border; the rest of the text may also be the
 * beginning of one when @open. */
static size_t backchannel_at(const char *text, size_t len, bool open)
{
	size_t best = 0;

	for (size_t i = 0; i < CW_COUNT(backchannels); i++) {
		const char *phrase = backchannels[i];
		size_t n = strlen(phrase);

		if (n <= len && strncmp(text, phrase, n) == 0 && (text[n] == ' ' || text[n] == '\0') && n > best)
			best = n;
		else if (open && len < n && strncmp(text, phrase, len) == 0)
			best = len;
	}
	return best;
}

static bool all_backchannel(const char *folded, size_t len, bool open)
{
	for (size_t at = 0; at < len;) {
		size_t n = backchannel_at(folded + at, len - at, open);

		if (!n)
			return false;
		at += n + (folded[at + n] == ' ');
	}
	return len > 0;
}

static bool has_answer(const char *folded, size_t len)
{
	for (size_t i = 0; i < CW_COUNT(answers); i++) {
		const char *at = strstr(folded, answers[i]);
		size_t n = strlen(answers[i]);

		if (at && (at == folded || at[-1] == ' ') && ((size_t)(at - folded) + n == len || at[n] == ' '))
			return true;
	}
	return false;
}

enum cw_barge cw_turn_barge(const char *text, bool ended, uint64_t speech_us, enum cw_awaiting awaiting)
{
	char folded[TEXT_MAX];
	size_t len = fold(text, folded, sizeof(folded));

	if (!len && ended)
		return CW_BARGE_NOISE;
	if (!len)
		return speech_us > LONG_SPEECH_US ? CW_BARGE_INTERRUPT : CW_BARGE_WAIT;
	if (!all_backchannel(folded, len, !ended) && !(ended && cw_backchannel(cw_str(text))))
		return CW_BARGE_INTERRUPT;
	if (awaiting == CW_AWAIT_YESNO && has_answer(folded, len))
		return CW_BARGE_INTERRUPT;
	if (ended)
		return CW_BARGE_BACKCHANNEL;
	return speech_us > LONG_MURMUR_US ? CW_BARGE_INTERRUPT : CW_BARGE_WAIT;
}
