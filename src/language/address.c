#include "language/address.h"

#include "base/mem.h"
#include "base/number.h"
#include "language/correction.h"
#include "language/name.h"
#include "language/states.h"

#define STREET_MAX_WORDS 4

struct kind {
	const char *words; /* as said or written */
	const char *name;  /* as we write it */
};

static const struct kind kinds[] = {{"street", "Street"}, {"st", "Street"}, {"avenue", "Avenue"}, {"ave", "Avenue"},
	{"av", "Avenue"}, {"road", "Road"}, {"rd", "Road"}, {"drive", "Drive"}, {"dr", "Drive"}, {"lane", "Lane"},
	{"ln", "Lane"}, {"court", "Court"}, {"ct", "Court"}, {"boulevard", "Boulevard"}, {"blvd", "Boulevard"},
	{"place", "Place"}, {"pl", "Place"}, {"way", "Way"}, {"terrace", "Terrace"}, {"circle", "Circle"},
	{"parkway", "Parkway"}, {"pkwy", "Parkway"}, {"highway", "Highway"}, {"hwy", "Highway"},
	{"expressway", "Expressway"}, {"trail", "Trail"}, {"square", "Square"}, {"plaza", "Plaza"}, {"alley", "Alley"},
	{"loop", "Loop"}, {"crossing", "Crossing"}, {"ridge", "Ridge"}, {"point", "Point"}, {"row", "Row"},
	{"walk", "Walk"}, {"rode", "Road"}};
static const struct kind units[] = {{"apartment", "Apt"}, {"apt", "Apt"}, {"unit", "Unit"}, {"suite", "Suite"},
	{"sweet", "Suite"}, {"ste", "Suite"}, {"room", "Room"}, {"floor", "Floor"}, {"apartment number", "Apt"},
	{"unit number", "Unit"}, {"building", "Building"}};
static const char directions[] = "north south east west northeast northwest southeast southwest";
/* No street is called so; they end or forbid one. */
static const char not_streets[] =
	"a an my i it it's is are was the at in on and or but not no yes please thanks thank you live lives living address number house that that's this i'm am we we're "
	"uh um er okay ok so well right correct wrong said meant apartment apt unit suite zip code city state near by for from to with of if can have has need want "
	"people person years year days hours minutes dollars times am pm o'clock because there here sorry wait actually hundred thousand";

static const struct kind *find_kind(const struct cw_words *ws, size_t i, const struct kind *list, size_t n)
{
	const struct kind *best = NULL;
	size_t most = 0;

	for (size_t k = 0; k < n; k++) {
		size_t m = cw_words_match(ws, i, list[k].words);

		if (m > most) {
			most = m;
			best = &list[k];
		}
	}
	return best;
}

static const struct kind *street_kind(const struct cw_words *ws, size_t i)
{
	return find_kind(ws, i, kinds, CW_COUNT(kinds));
}

static bool is_plain(const struct cw_words *ws, size_t i)
{
	struct cw_str w;

	if (i >= ws->n || cw_words_in(ws, i, not_streets))
		return false;
	w = ws->w[i];
	for (size_t k = 0; k < w.len; k++)
		if (w.p[k] >= '0' && w.p[k] <= '9')
			return false;
	return true;
}

static void append(char *out, size_t size, const char *sep, const char *text)
{
	size_t len = strlen(out);

	if (text[0] && len + 1 < size)
		(void)snprintf(out + len, size - len, "%s%s", len ? sep : "", text);
}

/* Name words of a street from @i up to @end into @out; false when a word there cannot be part of one. */
static bool street_words(const struct cw_words *ws, size_t i, size_t end, char *out, size_t size)
{
	uint64_t v;
	size_t names = 0;

	out[0] = 0;
	while (i < end) {
		char word[48];
		struct cw_words head = *ws;

		head.n = end;

		size_t n = cw_number_ordinal(&head, i, &v);

		if (n && !names) {
			const char *tail = v % 100 >= 11 && v % 100 <= 13 ? "th"
					   : v % 10 == 1                  ? "st"
					   : v % 10 == 2                  ? "nd"
					   : v % 10 == 3                  ? "rd"
									  : "th";

			(void)snprintf(word, sizeof(word), "%llu%s", (unsigned long long)v, tail);
		} else if (cw_number_cardinal(&head, i, &v) || !is_plain(ws, i)) {
			return false;
		} else {
			n = 1;
			cw_name_capitalise(ws->w[i], word, sizeof(word));
		}
		names += !cw_words_in(ws, i, directions);
		append(out, size, " ", word);
		i += n;
	}
	return names > 0;
}

/* A house number of exactly the words @i … @end-1: "twelve", "fourteen twenty eight", "12b". */
static bool house_number(const struct cw_words *ws, size_t i, size_t end, char *out, size_t size)
{
	struct cw_words head = *ws;
	uint64_t v;
	char letter = 0;

	head.n = end;
	if (end - i == 1 && ws->w[i].len > 1 && ws->w[i].len < 8 && ws->w[i].p[0] >= '1' && ws->w[i].p[0] <= '9') {
		struct cw_str w = ws->w[i];
		char last = w.p[w.len - 1];

		if (last >= 'a' && last <= 'f' && !cw_str_u64((struct cw_str){w.p, w.len - 1}, 999999, &v)) {
			(void)snprintf(out, size, "%llu%c", (unsigned long long)v, last - 32);
			return true;
		}
	}
	if (end - i > 1 && ws->w[end - 1].len == 1 && cw_words_in(ws, end - 1, "a b c d f")) {
		letter = (char)(ws->w[end - 1].p[0] - 32);
		head.n = --end;
	}
	if (cw_number_grouped(&head, i, &v) != end - i || v == 0 || v > 999999)
		return false;
	(void)snprintf(out, size, letter ? "%llu%c" : "%llu", (unsigned long long)v, letter);
	return true;
}

static size_t parse_unit(const struct cw_words *ws, size_t i, struct cw_address *a)
{
	const struct kind *k = find_kind(ws, i, units, CW_COUNT(units));
	uint64_t v;
	char text[16] = "";
	size_t at = i;

	if (!k)
		return 0;
	at += cw_words_match(ws, i, k->words);
	at += cw_words_is(ws, at, "number");

	size_t n = cw_number_grouped(ws, at, &v);

	if (n) {
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
		at += n;
	} else if (at < ws->n && ws->w[at].len <= 6 && ws->w[at].p[0] >= '0' && ws->w[at].p[0] <= '9') {
		(void)snprintf(text, sizeof(text), "%.*s", CW_STR(ws->w[at]));
		at++;
	}
	if (at < ws->n && ws->w[at].len == 1 && ws->w[at].p[0] >= 'a' && ws->w[at].p[0] <= 'z') {
		append(text, sizeof(text), "", (char[]){ws->w[at].p[0], 0});
		at++;
	}
	if (!text[0])
		return 0;
	for (char *p = text; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	(void)snprintf(a->unit, sizeof(a->unit), "%s %.12s", k->name, text);
	return at - i;
}

static size_t parse_zip(const struct cw_words *ws, size_t i, struct cw_address *a)
{
	size_t cue = cw_words_match(ws, i, "zip code is") ? 3
		     : cw_words_match(ws, i, "zip code")  ? 2
		     : cw_words_match(ws, i, "zip is")    ? 2
							  : cw_words_is(ws, i, "zip");
	char digits[16];
	size_t len = 0;
	size_t n = cw_number_digits(ws, i + cue, digits, sizeof(digits), &len);

	if (!n || len != 5)
		return 0;
	memcpy(a->zip, digits, 6);
	return cue + n;
}

static size_t edit_within_one(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i = 0;

	while (i < la && i < lb && a[i] == b[i])
		i++;
	if (la == lb)
		return i == la || strcmp(a + i + 1, b + i + 1) == 0;
	return la + 1 == lb ? strcmp(a + i, b + i + 1) == 0 : lb + 1 == la ? strcmp(a + i + 1, b + i) == 0 : 0;
}

static size_t known_city(const struct cw_words *ws, size_t i, const char *const *cities, struct cw_address *a)
{
	for (; cities && *cities; cities++) {
		struct cw_words name;
		char said[64], city[64];

		cw_words_init(&name, cw_str(*cities));
		if (!name.n || i + name.n > ws->n)
			continue;
		cw_words_join(&name, 0, name.n, city, sizeof(city));
		cw_words_join(ws, i, i + name.n, said, sizeof(said));
		if (strcmp(said, city) != 0 && !(strlen(city) >= 5 && edit_within_one(said, city)))
			continue;
		(void)snprintf(a->city, sizeof(a->city), "%s", *cities);
		return name.n;
	}
	return 0;
}

/* City, state and zip in any part, from @i on. */
static void parse_tail(
	const struct cw_words *ws, size_t i, const char *const *cities, bool behind_street, struct cw_address *a)
{
	while (i < ws->n) {
		size_t n = parse_unit(ws, i, a);

		if (!n)
			n = parse_zip(ws, i, a);
		if (!n && !a->city[0])
			n = known_city(ws, i, cities, a);
		if (!n && (a->city[0] || behind_street))
			n = cw_state_at(ws, i, a->state);
		if (n) {
			i += n;
			continue;
		}

		bool in = cw_words_is(ws, i, "in") || cw_words_match(ws, i, "city of");
		size_t from = i + in, to = from;
		char state[4];

		/* an unknown town: up to three words behind "in" or right behind the street */
		while (to < ws->n && to - from < 3 && is_plain(ws, to) && !find_kind(ws, to, units, CW_COUNT(units)) &&
			(to == from || !cw_state_at(ws, to, state)))
			to++;
		if (!a->city[0] && to > from && (in || behind_street) && !known_city(ws, from, cities, a)) {
			struct cw_str w;
			char city[64];

			cw_words_join(ws, from, to, city, sizeof(city));
			w = cw_str(city);
			cw_name_capitalise(w, a->city, sizeof(a->city));
			i = to;
		} else {
			i += 1;
		}
		behind_street = false;
	}
}

static void compose(struct cw_address *a)
{
	a->status = a->number[0] && a->street[0] ? CW_ADDRESS_OK
		    : a->street[0]               ? CW_ADDRESS_NO_NUMBER
		    : a->number[0]               ? CW_ADDRESS_NO_STREET
						 : CW_ADDRESS_NONE;
	a->text[0] = 0;
	append(a->text, sizeof(a->text), "", a->number);
	append(a->text, sizeof(a->text), " ", a->street);
	if (a->unit[0])
		append(a->text, sizeof(a->text), ", ", a->unit);
	if (a->city[0])
		append(a->text, sizeof(a->text), ", ", a->city);
	if (a->state[0])
		append(a->text, sizeof(a->text), a->city[0] ? ", " : " ", a->state);
	if (a->zip[0])
		append(a->text, sizeof(a->text), a->state[0] ? " " : ", ", a->zip);
}

/* "… oak street": the kind of street at @s, looked at from there back to the number. */
static bool around_kind(const struct cw_words *ws, size_t s, struct cw_address *a)
{
	const struct kind *k = street_kind(ws, s);
	char name[48];

	/* the longest street name with a number before it, the number as long as it can be read */
	for (size_t words = STREET_MAX_WORDS; words >= 1; words--) {
		size_t from = s - words;

		if (words > s || !street_words(ws, from, s, name, sizeof(name)))
			continue;
		for (size_t i = from > 6 ? from - 6 : 0; i < from; i++)
			if (house_number(ws, i, from, a->number, sizeof(a->number)))
				goto found;
	}
	for (size_t words = STREET_MAX_WORDS; words >= 1; words--)
		if (words <= s && street_words(ws, s - words, s, name, sizeof(name)))
			goto found;
	return false;
found:
	(void)snprintf(a->street, sizeof(a->street), "%s %s", name, k->name);
	return true;
}

/* "twelve oak", "1200 broadway": a number and one to three words, nothing else said. */
static size_t without_kind(const struct cw_words *ws, struct cw_address *a)
{
	for (size_t i = 0; i < ws->n; i++) {
		uint64_t v;
		size_t n = cw_number_grouped(ws, i, &v), end;

		if (!n)
			continue;
		end = i + n;
		while (end < ws->n && end - i - n < 3 && is_plain(ws, end) &&
			!find_kind(ws, end, units, CW_COUNT(units)))
			end++;
		if (end > i + n && house_number(ws, i, i + n, a->number, sizeof(a->number)) &&
			street_words(ws, i + n, end, a->street, sizeof(a->street)))
			return end;
		a->number[0] = a->street[0] = 0;
		i += n - 1;
	}
	return 0;
}

static void only_number(const struct cw_words *ws, struct cw_address *a)
{
	uint64_t v;

	for (size_t i = 0; i < ws->n; i++) {
		size_t n = cw_number_grouped(ws, i, &v);

		if (n && house_number(ws, i, i + n, a->number, sizeof(a->number)))
			return;
		i += n ? n - 1 : 0;
	}
}

static bool parse_plain(struct cw_str text, const char *const *cities, struct cw_address *a)
{
	struct cw_words ws;
	size_t tail = 0;
	bool street = false;

	cw_words_init(&ws, text);
	*a = (struct cw_address){.status = CW_ADDRESS_NONE};
	for (size_t s = 1; s < ws.n && !street; s++) {
		if (!street_kind(&ws, s) || (street_kind(&ws, s + 1) && is_plain(&ws, s)))
			continue;
		street = around_kind(&ws, s, a);
		tail = s + 1;
	}
	if (!street) {
		size_t end = 0;
		struct cw_address rest = {.status = CW_ADDRESS_NONE};

		parse_tail(&ws, 0, cities, false, &rest);
		if (!rest.zip[0] && !rest.unit[0])
			end = without_kind(&ws, a);
		street = end > 0;
		tail = end;
		if (!street && !rest.zip[0] && !rest.unit[0])
			only_number(&ws, a);
		if (!street) {
			memcpy(a->unit, rest.unit, sizeof(a->unit));
			memcpy(a->city, rest.city, sizeof(a->city));
			memcpy(a->state, rest.state, sizeof(a->state));
			memcpy(a->zip, rest.zip, sizeof(a->zip));
		}
	}
	if (street) {
		/* a direction may follow: "oak street north" */
		if (cw_words_in(&ws, tail, directions)) {
			char word[16];

			cw_name_capitalise(ws.w[tail], word, sizeof(word));
			append(a->street, sizeof(a->street), " ", word);
			tail++;
		}
		parse_tail(&ws, tail, cities, true, a);
	}
	compose(a);
	return a->text[0] != 0;
}

static void take(char *into, const char *from, size_t size)
{
	if (from[0])
		(void)snprintf(into, size, "%s", from);
}

static void merge(struct cw_address *into, const struct cw_address *from)
{
	take(into->number, from->number, sizeof(into->number));
	take(into->street, from->street, sizeof(into->street));
	take(into->unit, from->unit, sizeof(into->unit));
	take(into->city, from->city, sizeof(into->city));
	take(into->state, from->state, sizeof(into->state));
	take(into->zip, from->zip, sizeof(into->zip));
	compose(into);
}

/* "oak not elm": one word of the street for another. */
static bool swap_words(struct cw_address *a, struct cw_str wrong, struct cw_str right)
{
	char bad[64], good[64], out[256];
	char *fields[] = {a->street, a->city};
	size_t sizes[] = {sizeof(a->street), sizeof(a->city)};

	cw_name_capitalise(cw_str_trim(wrong), bad, sizeof(bad));
	cw_name_capitalise(cw_str_trim(right), good, sizeof(good));
	for (size_t i = 0; i < CW_COUNT(fields) && bad[0] && good[0]; i++) {
		char *at = strstr(fields[i], bad);

		if (!at)
			continue;
		if (strlen(fields[i]) + strlen(good) >= sizes[i])
			return false;
		(void)snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - fields[i]), fields[i], good, at + strlen(bad));
		memcpy(fields[i], out, strlen(out) + 1);
		compose(a);
		return true;
	}
	return false;
}

bool cw_address_update(struct cw_address *a, struct cw_str text, const char *const *cities)
{
	struct cw_correction c;
	struct cw_address fresh;

	if (cw_correction_parse(text, &c)) {
		if (swap_words(a, c.wrong, c.right))
			return true;
		if (parse_plain(c.right, cities, &fresh)) {
			merge(a, &fresh);
			return true;
		}
	}
	if (!parse_plain(text, cities, &fresh))
		return false;
	merge(a, &fresh);
	return true;
}

bool cw_address_parse(struct cw_str text, const char *const *cities, struct cw_address *ret)
{
	struct cw_correction c;
	struct cw_address right;

	if (!cw_correction_parse(text, &c) || !parse_plain(c.right, cities, &right))
		return parse_plain(text, cities, ret);
	if (parse_plain(c.before, cities, ret))
		merge(ret, &right);
	else
		*ret = right;
	return true;
}

static void say_number(const char *number, char *out, size_t size)
{
	size_t n = strspn(number, "0123456789");
	uint64_t v;
	char tail[32];

	if (cw_str_u64((struct cw_str){number, n}, UINT64_MAX, &v)) {
		(void)snprintf(out, size, "%s", number);
		return;
	}
	if (n == 4)
		cw_number_say_year((unsigned)v, out, size);
	else if (n <= 2 || (n == 3 && v % 100 == 0))
		cw_number_say(v, out, size);
	else if (n == 3 && v % 100 >= 10) {
		cw_number_say(v / 100, out, size);
		cw_number_say(v % 100, tail, sizeof(tail));
		append(out, size, " ", tail);
	} else {
		cw_number_say_digits((struct cw_str){number, n}, true, out, size);
	}
	append(out, size, " ", number + n);
}

/* Figures inside a street's name: "5th" -> "fifth". */
static void say_street(const char *street, char *out, size_t size)
{
	struct cw_str rest = cw_str(street), word;

	out[0] = 0;
	while (cw_str_split(&rest, ' ', &word)) {
		char text[64];
		size_t n = 0;
		uint64_t v;

		while (n < word.len && word.p[n] >= '0' && word.p[n] <= '9')
			n++;
		if (n && n < word.len && !cw_str_u64((struct cw_str){word.p, n}, 999999, &v))
			cw_number_say_ordinal(v, text, sizeof(text));
		else
			(void)snprintf(text, sizeof(text), "%.*s", CW_STR(word));
		append(out, size, " ", text);
	}
}

void cw_address_spoken(const struct cw_address *a, char *out, size_t size)
{
	char text[128];

	if (!size)
		return;
	out[0] = 0;
	if (a->number[0]) {
		say_number(a->number, text, sizeof(text));
		append(out, size, "", text);
	}
	say_street(a->street, text, sizeof(text));
	if (text[0])
		append(out, size, " ", text);
	if (a->unit[0]) {
		const char *blank = strchr(a->unit, ' ');
		char kind[16], digits[64];

		(void)snprintf(kind, sizeof(kind), "%.*s", (int)(blank - a->unit), a->unit);
		say_number(blank + 1, digits, sizeof(digits));
		(void)snprintf(text, sizeof(text), "%s %s", strcmp(kind, "Apt") == 0 ? "apartment" : kind, digits);
		append(out, size, ", ", text);
	}
	if (a->city[0])
		append(out, size, ", ", a->city);
	if (a->state[0])
		append(out, size, ", ", cw_state_name(a->state));
	if (a->zip[0]) {
		cw_number_say_digits(cw_str(a->zip), false, text, sizeof(text));
		append(out, size, ", ", text);
	}
}
