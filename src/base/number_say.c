#include "base/mem.h"
#include "base/number.h"

static const char *const small_names[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
	"nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
	"nineteen"};
static const char *const tens_names[] = {
	"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
static const struct {
	uint64_t value;
	const char *name;
} scales[] = {{UINT64_C(1000000000000000000), "quintillion"}, {UINT64_C(1000000000000000), "quadrillion"},
	{UINT64_C(1000000000000), "trillion"}, {1000000000, "billion"}, {1000000, "million"}, {1000, "thousand"}};

static void word(char *out, size_t size, const char *w)
{
	size_t len = strlen(out);

	if (len + 1 < size)
		(void)snprintf(out + len, size - len, "%s%s", len ? " " : "", w);
}

static void say_below_thousand(unsigned v, char *out, size_t size)
{
	if (v >= 100) {
		word(out, size, small_names[v / 100]);
		word(out, size, "hundred");
		v %= 100;
		if (!v)
			return;
	}
	if (v >= 20) {
		word(out, size, tens_names[v / 10]);
		v %= 10;
		if (!v)
			return;
	}
	word(out, size, small_names[v]);
}

void cw_number_say(uint64_t v, char *out, size_t size)
{
	if (!size)
		return;
	out[0] = 0;
	for (size_t i = 0; i < CW_COUNT(scales); i++) {
		if (v < scales[i].value)
			continue;
		say_below_thousand((unsigned)(v / scales[i].value), out, size);
		word(out, size, scales[i].name);
		v %= scales[i].value;
		if (!v)
			return;
	}
	say_below_thousand((unsigned)v, out, size);
}

void cw_number_say_ordinal(uint64_t v, char *out, size_t size)
{
	static const char *const odd[][2] = {{"one", "first"}, {"two", "second"}, {"three", "third"}, {"five", "fifth"},
		{"eight", "eighth"}, {"nine", "ninth"}, {"twelve", "twelfth"}};

	cw_number_say(v, out, size);
	if (!size)
		return;

	char *last = strrchr(out, ' ');
	size_t len = strlen(out);

	last = last ? last + 1 : out;
	for (size_t i = 0; i < CW_COUNT(odd); i++) {
		if (strcmp(last, odd[i][0]) == 0) {
			(void)snprintf(last, size - (size_t)(last - out), "%s", odd[i][1]);
			return;
		}
	}
	if (len && out[len - 1] == 'y')
		(void)snprintf(out + len - 1, size - len + 1, "ieth");
	else
		(void)snprintf(out + len, size - len, "th");
}

void cw_number_say_digits(struct cw_str digits, bool oh, char *out, size_t size)
{
	if (!size)
		return;
	out[0] = 0;
	for (size_t i = 0; i < digits.len; i++)
		if (digits.p[i] >= '0' && digits.p[i] <= '9')
			word(out, size, oh && digits.p[i] == '0' ? "oh" : small_names[digits.p[i] - '0']);
}

void cw_number_say_year(unsigned year, char *out, size_t size)
{
	unsigned high = year / 100, low = year % 100;

	if (!size)
		return;
	if (year < 1000 || year > 9999 || (year % 1000) < 10) {
		cw_number_say(year, out, size);
		return;
	}
	out[0] = 0;
	say_below_thousand(high, out, size);
	if (!low) {
		word(out, size, "hundred");
		return;
	}
	if (low < 10)
		word(out, size, "oh");
	say_below_thousand(low, out, size);
}
