#include "language/states.h"

#include "base/mem.h"

static const struct {
	const char *code, *name;
} states[] = {{"AL", "Alabama"}, {"AK", "Alaska"}, {"AZ", "Arizona"}, {"AR", "Arkansas"}, {"CA", "California"},
	{"CO", "Colorado"}, {"CT", "Connecticut"}, {"DE", "Delaware"}, {"DC", "District of Columbia"},
	{"FL", "Florida"}, {"GA", "Georgia"}, {"HI", "Hawaii"}, {"ID", "Idaho"}, {"IL", "Illinois"}, {"IN", "Indiana"},
	{"IA", "Iowa"}, {"KS", "Kansas"}, {"KY", "Kentucky"}, {"LA", "Louisiana"}, {"ME", "Maine"}, {"MD", "Maryland"},
	{"MA", "Massachusetts"}, {"MI", "Michigan"}, {"MN", "Minnesota"}, {"MS", "Mississippi"}, {"MO", "Missouri"},
	{"MT", "Montana"}, {"NE", "Nebraska"}, {"NV", "Nevada"}, {"NH", "New Hampshire"}, {"NJ", "New Jersey"},
	{"NM", "New Mexico"}, {"NY", "New York"}, {"NC", "North Carolina"}, {"ND", "North Dakota"}, {"OH", "Ohio"},
	{"OK", "Oklahoma"}, {"OR", "Oregon"}, {"PA", "Pennsylvania"}, {"RI", "Rhode Island"}, {"SC", "South Carolina"},
	{"SD", "South Dakota"}, {"TN", "Tennessee"}, {"TX", "Texas"}, {"UT", "Utah"}, {"VT", "Vermont"},
	{"VA", "Virginia"}, {"WA", "Washington"}, {"WV", "West Virginia"}, {"WI", "Wisconsin"}, {"WY", "Wyoming"}};

static void lower(const char *text, char *out, size_t size)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		out[i] = (char)cw_char_lower((unsigned char)text[i]);
	out[i] = 0;
}

size_t cw_state_at(const struct cw_words *ws, size_t i, char code[4])
{
	for (size_t k = 0; k < CW_COUNT(states); k++) {
		char name[32] = "", low[4] = "", apart[4];
		size_t n;

		lower(states[k].name, name, sizeof(name));
		lower(states[k].code, low, sizeof(low));
		(void)snprintf(apart, sizeof(apart), "%c %c", low[0], low[1]);
		n = cw_words_match(ws, i, name);
		if (!n)
			n = cw_words_match(ws, i, apart);
		if (!n && cw_words_is(ws, i, low) &&
			(!cw_words_in(ws, i, "in or me hi ok oh la de id ma pa al") || (i && i + 1 == ws->n) ||
				(i + 1 < ws->n && ws->w[i + 1].p[0] <= '9')))
			n = 1;
		if (n) {
			memcpy(code, states[k].code, 3);
			return n;
		}
	}
	return 0;
}

const char *cw_state_name(const char *code)
{
	for (size_t k = 0; k < CW_COUNT(states); k++)
		if (strcmp(code, states[k].code) == 0)
			return states[k].name;
	return code;
}
