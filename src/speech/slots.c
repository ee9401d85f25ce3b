#include "speech/slots.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char *const digits[] = {
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"};
static const char *const teens[] = {
	"ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
static const char *const tens[] = {"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
static const char *const ordinals[] = {"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
	"ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
	"eighteenth", "nineteenth", "twentieth", "twenty first", "twenty second", "twenty third", "twenty fourth",
	"twenty fifth", "twenty sixth", "twenty seventh", "twenty eighth", "twenty ninth", "thirtieth", "thirty first"};
static const char *const months[] = {"january", "february", "march", "april", "may", "june", "july", "august",
	"september", "october", "november", "december"};
static const char *const weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
static const char *const near_days[] = {"today", "tomorrow", "tomorrow morning", "tomorrow afternoon",
	"the day after tomorrow", "this afternoon", "next week"};
static const char *const minutes[] = {"fifteen", "thirty", "forty five", "ten", "twenty", "forty", "fifty", "oh five"};
static const char *const halves[] = {"a m", "p m", "in the morning", "in the afternoon", "in the evening"};
static const char *const answers[] = {"yes", "yeah", "yep", "yes please", "yes that's right", "that's right",
	"that is correct", "that's correct", "yes that is correct", "correct", "right", "sure", "okay", "no", "nope",
	"no thanks", "no thank you", "no that's wrong", "that's wrong", "not really"};

#define PICK(rng, list) (list)[cw_rng_below(rng, CW_COUNT(list))]

/* Append formatted words; what does not fit is left out. */
CW_PRINTF(2, 3)
static void put(char *out, const char *fmt, ...)
{
	size_t at = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out + at, CW_SLOT_WORDS - at, fmt, ap);
	va_end(ap);
}

static void a_digit(struct cw_rng *rng, char *out)
{
	out[0] = 0;
	put(out, "%s", PICK(rng, digits));
}

static void some_digits(struct cw_rng *rng, char *out)
{
	static const unsigned usual[] = {10, 10, 10, 10, 7, 4, 5, 3};
	unsigned n = cw_rng_chance(rng, 0.3) ? 1 + cw_rng_below(rng, 16) : PICK(rng, usual);

	out[0] = 0;
	for (unsigned i = 0; i < n; i++) {
		bool twice = i + 1 < n && cw_rng_chance(rng, 0.03);

		put(out, "%s%s%s", i ? " " : "", twice ? "double " : "", PICK(rng, digits));
		i += twice;
	}
}

static void below_hundred(struct cw_rng *rng, char *out)
{
	unsigned v = cw_rng_below(rng, 99) + 1;

	if (v < 10)
		put(out, "%s", digits[v]);
	else if (v < 20)
		put(out, "%s", teens[v - 10]);
	else
		put(out, "%s%s%s", tens[v / 10 - 2], v % 10 ? " " : "", v % 10 ? digits[v % 10] : "");
}

static void a_number(struct cw_rng *rng, char *out)
{
	unsigned kind = cw_rng_below(rng, 6);

	out[0] = 0;
	if (kind == 0)
		put(out, "%s hundred%s", digits[1 + cw_rng_below(rng, 9)], cw_rng_chance(rng, 0.5) ? " " : "");
	else if (kind == 1)
		put(out, "%s thousand ", digits[1 + cw_rng_below(rng, 9)]);
	else if (kind == 2) { /* house numbers: twelve thirty four */
		below_hundred(rng, out);
		put(out, " ");
	}
	size_t len = strlen(out);

	if (kind > 0 || (len && out[len - 1] == ' '))
		below_hundred(rng, out);
}

static void a_date(struct cw_rng *rng, char *out)
{
	unsigned kind = cw_rng_below(rng, 10);

	out[0] = 0;
	if (kind < 3)
		put(out, "%s", PICK(rng, weekdays));
	else if (kind < 5)
		put(out, "%s %s", PICK(rng, months), PICK(rng, ordinals));
	else if (kind < 6)
		put(out, "%s %s %s", PICK(rng, weekdays), PICK(rng, months), PICK(rng, ordinals));
	else if (kind < 7)
		put(out, "%s the %s", PICK(rng, weekdays), PICK(rng, ordinals));
	else if (kind < 8)
		put(out, "%s", PICK(rng, near_days));
	else if (kind < 9)
		put(out, "%s %s", cw_rng_chance(rng, 0.5) ? "next" : "this", PICK(rng, weekdays));
	else
		put(out, "the %s%s%s", PICK(rng, ordinals), cw_rng_chance(rng, 0.4) ? " of " : "", "");
	size_t len = strlen(out);

	if (len && out[len - 1] == ' ')
		put(out, "%s", PICK(rng, months));
}

static void an_hour(struct cw_rng *rng, char *out)
{
	unsigned hour = 1 + cw_rng_below(rng, 12);

	put(out, "%s", hour < 10 ? digits[hour] : teens[hour - 10]);
}

static void a_time(struct cw_rng *rng, char *out)
{
	unsigned kind = cw_rng_below(rng, 12);

	out[0] = 0;
	if (kind == 0) {
		put(out, "%s", cw_rng_chance(rng, 0.7) ? "noon" : "midnight");
		return;
	}
	if (kind == 1)
		put(out, "%s ", cw_rng_chance(rng, 0.5) ? "half past" : "quarter past");
	if (kind == 2)
		put(out, "quarter to ");
	an_hour(rng, out);
	if (kind == 3 || kind == 4)
		put(out, " o'clock");
	if (kind > 6)
		put(out, " %s", cw_rng_chance(rng, 0.5) ? "thirty" : PICK(rng, minutes));
	if (kind > 2 && cw_rng_chance(rng, 0.5))
		put(out, " %s", cw_rng_chance(rng, 0.7) ? halves[cw_rng_below(rng, 2)] : PICK(rng, halves));
}

static void an_answer(struct cw_rng *rng, char *out)
{
	out[0] = 0;
	put(out, "%s", PICK(rng, answers));
}

static const struct cw_slot slots[] = {
	{"digit", 33, a_digit},
	{"digits", 240, some_digits},
	{"number", 240, a_number},
	{"date", 240, a_date},
	{"time", 240, a_time},
	{"yesno", 60, an_answer},
};

const struct cw_slot *cw_slot_find(struct cw_str name)
{
	for (size_t i = 0; i < CW_COUNT(slots); i++)
		if (cw_str_eq(name, slots[i].name))
			return &slots[i];
	return NULL;
}

const char cw_slot_rules[] =
	"<digit> = zero | oh | one | two | three | four | five | six | seven | eight | nine;\n"
	"<digits> = ([double] <digit>)+;\n"
	"<unit> = one | two | three | four | five | six | seven | eight | nine;\n"
	"<teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen;\n"
	"<ten> = twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety;\n"
	"<small> = <unit> | <teen> | <ten> [<unit>];\n"
	"<number> = zero | <small> [<small>] | <small> hundred [<small>] | <small> thousand [<small>];\n"
	"<ordinal> = first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth | eleventh | twelfth\n"
	"\t| thirteenth | fourteenth | fifteenth | sixteenth | seventeenth | eighteenth | nineteenth | twentieth | thirtieth\n"
	"\t| twenty (first | second | third | fourth | fifth | sixth | seventh | eighth | ninth) | thirty first;\n"
	"<month> = january | february | march | april | may | june | july | august | september | october | november | december;\n"
	"<weekday> = monday | tuesday | wednesday | thursday | friday | saturday | sunday;\n"
	"<date> = [next | this] <weekday> [[the] <ordinal>] | [<weekday>] <month> <ordinal> | the <ordinal> [of <month>]\n"
	"\t| [the day after] tomorrow [morning | afternoon] | today | this afternoon | next week;\n"
	"<hour> = one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve;\n"
	"<minute> = oh <unit> | <teen> | <ten> [<unit>];\n"
	"<time> = <hour> [o'clock | <minute>] [a m | p m | in the (morning | afternoon | evening)] | noon | midnight\n"
	"\t| (half | quarter) past <hour> | quarter to <hour>;\n"
	"<yesno> = yes [please] | yeah | yep | [yes] (that's | that is) (right | correct) | correct | right | sure | okay | no | nope\n"
	"\t| no (thanks | thank you) | [no] that's wrong | not really;\n";
