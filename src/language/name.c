#include "language/name.h"

#include "base/mem.h"
#include "base/number.h"
#include "language/correction.h"
#include "language/spell.h"

#define PARTS_MAX 4

struct part {
	char text[48]; /* lower case */
	bool spelled;
};

struct parts {
	struct part p[PARTS_MAX];
	size_t n;
};

static const char *const cues[] = {"my name is", "my name's", "my names", "my full name is", "the name is",
	"the name's", "name is", "name's", "this is", "i'm", "i am", "it's", "its", "it is", "call me",
	"you can call me", "they call me", "it would be", "it'll be", "under", "for", "that's", "that is",
	"that would be", "speaking with", "by the name of", "first name is", "first name", "last name is", "last name",
	"surname is", "surname", "first and last name is", "full name is", "name", "should be", NULL};
/* In front of a bare name, or between cue and name. */
static const char *const lead_ins[] = {"uh", "um", "er", "erm", "ah", "oh", "hmm", "well", "so", "yes", "yeah", "yep",
	"sure", "okay", "ok", "hi", "hello", "hey", "good morning", "good afternoon", "good evening", "of course",
	"certainly", "right", "mister", "mr", "mrs", "misses", "ms", "miss", "doctor", "dr", "and", "no", "sorry",
	"the", "please", "hi there", NULL};
static const char *const tails[] = {"please", "thanks", "thank you", "sir", "ma'am", "speaking", "here", "okay", "ok",
	"yes", "yeah", "right", "calling", "you know", NULL};
/* No name has these; a cue in front of them was something else ("this is about", "i'm calling"). */
static const char not_names[] =
	"a an the my your his her our their this that these those i you he she it we they me him us them and or but not no yes is are was were am be been being do does did "
	"have has had can could will would should may might must need want like calling call called looking having trying wondering interested ready done sure sorry fine "
	"good great okay ok well very really just about for from at in on of to with by as if because when where what who why how which there here now today tomorrow "
	"monday tuesday wednesday thursday friday saturday sunday morning afternoon evening night appointment schedule book heater furnace heat air conditioner conditioning "
	"number phone address street name help someone somebody person human agent problem issue correct wrong right hello hi hey thanks thank please again all also "
	"going doing getting got get speaking spelled spelt spelling letter letters last first still working broken leaking cold hot afraid happy glad interested "
	"don't didn't can't won't isn't under name it's i'm that's what's there's i've i'd i'll let's goodbye bye maybe repeat one two three four five six seven eight nine ten "
	"zero oh hundred thousand both neither nobody none nothing anything something everything everybody double";

static bool is_name_word(const struct cw_words *ws, size_t i)
{
	struct cw_str w;

	if (i >= ws->n || cw_words_in(ws, i, not_names))
		return false;
	w = ws->w[i];
	if (w.len > 30)
		return false;
	for (size_t k = 0; k < w.len; k++)
		if (!((w.p[k] >= 'a' && w.p[k] <= 'z') || w.p[k] == '\'' || (unsigned char)w.p[k] >= 0x80))
			return false;
	return true;
}

static size_t skip(const struct cw_words *ws, size_t i, const char *const *list)
{
	size_t n;

	while ((n = cw_words_match_any(ws, i, list)))
		i += n;
	return i;
}

/* 0 = nothing in common … 1 = equal, by letters. */
static double likeness(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), longer = la > lb ? la : lb;
	unsigned char row[64];

	if (!longer || la > 48 || lb > 48)
		return 0;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned char diagonal = row[0];

		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned char old = row[j];
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1u < best)
				best = row[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			row[j] = (unsigned char)best;
			diagonal = old;
		}
	}
	return 1 - (double)row[lb] / (double)longer;
}

/* "john smith, j o h n s m i t h": one run spells both. */
static bool add_spelled_pair(struct parts *ps, const char *text)
{
	char left[48];
	double best = 1.3; /* of 2 */
	size_t at = 0, len = strlen(text);

	if (ps->n < 2 || len >= sizeof(left))
		return false;

	struct part *a = &ps->p[ps->n - 2], *b = a + 1;

	for (size_t cut = 1; cut < len; cut++) {
		(void)snprintf(left, sizeof(left), "%.*s", (int)cut, text);

		double like = likeness(a->text, left) + likeness(b->text, text + cut);

		if (like > best) {
			best = like;
			at = cut;
		}
	}
	if (!at)
		return false;
	(void)snprintf(a->text, sizeof(a->text), "%.*s", (int)at, text);
	(void)snprintf(b->text, sizeof(b->text), "%s", text + at);
	a->spelled = b->spelled = true;
	return true;
}

/* A spelled part is how one of those before it is written, when it is like it; else it is a part of its own. */
static void add_spelled(struct parts *ps, const char *text)
{
	double best = 0.34;
	size_t at = ps->n;

	if (add_spelled_pair(ps, text))
		return;

	for (size_t i = 0; i < ps->n; i++) {
		double like = likeness(ps->p[i].text, text) + (ps->p[i].text[0] == text[0] ? 0.2 : 0);

		if (like >= best && !ps->p[i].spelled) {
			best = like;
			at = i;
		}
	}
	if (at == PARTS_MAX)
		return;
	(void)snprintf(ps->p[at].text, sizeof(ps->p[at].text), "%s", text);
	ps->p[at].spelled = true;
	if (at == ps->n)
		ps->n++;
}

static void add_word(struct parts *ps, struct cw_str w)
{
	if (ps->n < PARTS_MAX) {
		(void)snprintf(ps->p[ps->n].text, sizeof(ps->p[0].text), "%.*s", CW_STR(w));
		ps->p[ps->n].spelled = false;
		ps->n++;
	}
}

/* Names and spellings from word @i on; stops at the first word that is neither. */
static size_t read_parts(const struct cw_words *ws, size_t i, struct parts *ps)
{
	static const char *const between[] = {"spelled", "spelt", "spelling", "that's spelled", "that's", "thats",
		"it's", "its", "that is", "it's spelled", "and that's", "uh", "um", "last name", "last name is",
		"and last name", "and the last name is", "and my last name is", "and last name is", "and", NULL};
	char text[48];

	while (i < ws->n) {
		size_t n = cw_spell_letters(ws, i, text, sizeof(text));

		if (n) {
			add_spelled(ps, text);
			i += n;
			continue;
		}
		n = ps->n ? cw_words_match_any(ws, i, between) : 0;
		if (n && (is_name_word(ws, i + n) || cw_spell_letters(ws, i + n, text, sizeof(text)))) {
			i += n;
			continue;
		}
		if (!is_name_word(ws, i) || cw_words_match_any(ws, i, tails) || ps->n == PARTS_MAX)
			break;
		add_word(ps, ws->w[i]);
		i++;
	}
	return i;
}

static void build(const struct parts *ps, enum cw_name_how how, struct cw_name *ret)
{
	char low[96] = "";
	size_t len = 0;

	*ret = (struct cw_name){.how = how};
	for (size_t i = 0; i < ps->n; i++) {
		int n = snprintf(low + len, sizeof(low) - len, "%s%s", i ? " " : "", ps->p[i].text);

		len += n > 0 && (size_t)n < sizeof(low) - len ? (size_t)n : 0;
		if (ps->p[i].spelled)
			ret->how = CW_NAME_SPELLED;
	}
	low[len] = 0;
	cw_name_capitalise(cw_str(low), ret->full, sizeof(ret->full));

	char *blank = strchr(ret->full, ' ');

	(void)snprintf(ret->first, sizeof(ret->first), "%.*s", blank ? (int)(blank - ret->full) : 47, ret->full);
	(void)snprintf(ret->last, sizeof(ret->last), "%.47s", blank ? blank + 1 : "");
}

static bool cued(const struct cw_words *ws, struct parts *ps)
{
	for (size_t i = 0; i < ws->n; i++) {
		size_t n = cw_words_match_any(ws, i, cues);

		if (!n)
			continue;
		ps->n = 0;
		(void)read_parts(ws, skip(ws, i + n, lead_ins), ps);
		if (ps->n)
			return true;
	}
	/* "maria lopez speaking", "john here" */
	for (size_t i = 1; i < ws->n; i++) {
		size_t from = i;

		if (!cw_words_in(ws, i, "speaking here") || i + 1 < ws->n)
			continue;
		while (from && i - from < 3 && is_name_word(ws, from - 1))
			from--;
		ps->n = 0;
		for (size_t k = from; k < i; k++)
			add_word(ps, ws->w[k]);
		if (ps->n)
			return true;
	}
	return false;
}

static bool bare(const struct cw_words *ws, struct parts *ps)
{
	size_t i = skip(ws, 0, lead_ins), end;

	ps->n = 0;
	end = read_parts(ws, i, ps);
	end = skip(ws, end, tails);
	return ps->n && end == ws->n;
}

static bool parse_plain(struct cw_str text, struct parts *ps, enum cw_name_how *how)
{
	struct cw_words ws;

	cw_words_init(&ws, text);
	*how = CW_NAME_BARE;
	if (bare(&ws, ps))
		return true;
	*how = CW_NAME_CUED;
	return cued(&ws, ps);
}

static void split_name(const struct cw_name *name, struct parts *ps)
{
	struct cw_words ws;

	cw_words_init(&ws, cw_str(name->full));
	ps->n = 0;
	for (size_t i = 0; i < ws.n; i++)
		add_word(ps, ws.w[i]);
}

static size_t most_like(const struct parts *ps, const char *text, double *like)
{
	size_t best = 0;

	*like = 0;
	for (size_t i = 0; i < ps->n; i++) {
		double l = likeness(ps->p[i].text, text);

		if (l > *like) {
			*like = l;
			best = i;
		}
	}
	return best;
}

/* Put the one corrected part where it belongs; several replace the whole name. */
static void replace(
	struct parts *have, const struct parts *fresh, const struct parts *wrong, bool is_last, bool is_first)
{
	double like;

	if (fresh->n > 1 && !is_last && !is_first) {
		*have = *fresh;
		return;
	}
	for (size_t i = 0; i < fresh->n; i++) {
		size_t at = most_like(have, wrong->n > i ? wrong->p[i].text : fresh->p[i].text, &like);

		if (is_last)
			at = have->n > 1 ? have->n - 1 : have->n;
		else if (is_first || (like < 0.3 && have->n == 1))
			at = 0;
		else if (like < 0.3)
			at = fresh->p[i].spelled ? have->n - 1 : 0;
		if (at < PARTS_MAX)
			have->p[at] = fresh->p[i];
		if (at == have->n && have->n < PARTS_MAX)
			have->n++;
	}
}

static bool correct(struct parts *have, struct cw_str text, enum cw_name_how *how)
{
	struct cw_correction c;
	struct parts fresh, wrong = {.n = 0};
	enum cw_name_how ignored;
	struct cw_words ws;
	bool found = cw_correction_parse(text, &c), last = false, first = false;

	if (found && !parse_plain(c.wrong, &wrong, &ignored))
		wrong.n = 0;
	if (found && !c.right.len && wrong.n == 2) { /* "not lopez gomez" */
		fresh = (struct parts){.p = {wrong.p[1]}, .n = 1};
		wrong.n = 1;
	} else if ((!found || !parse_plain(c.right, &fresh, how)) && !parse_plain(text, &fresh, how)) {
		return false;
	}
	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++) {
		last |= cw_words_match(&ws, i, "last name") || cw_words_is(&ws, i, "surname");
		first |= cw_words_match(&ws, i, "first name") > 0;
	}
	replace(have, &fresh, &wrong, last && !first, first && !last);
	return true;
}

bool cw_name_parse(struct cw_str text, struct cw_name *ret)
{
	struct cw_correction c;
	struct parts ps, before;
	enum cw_name_how how, ignored;

	if (cw_correction_parse(text, &c) && parse_plain(c.right, &ps, &how)) {
		if (parse_plain(c.before, &before, &ignored) && correct(&before, text, &how))
			ps = before;
		build(&ps, how, ret);
		return true;
	}
	if (!parse_plain(text, &ps, &how))
		return false;
	build(&ps, how, ret);
	return true;
}

bool cw_name_correct(struct cw_name *name, struct cw_str text)
{
	struct parts have = {0};
	enum cw_name_how how = CW_NAME_BARE;

	split_name(name, &have);
	if (!correct(&have, text, &how))
		return false;
	build(&have, how, name);
	return true;
}

void cw_name_capitalise(struct cw_str text, char *out, size_t size)
{
	size_t len = 0, in_word = 0;

	if (!size)
		return;
	for (size_t i = 0, n; i < text.len; i += n) {
		char bytes[4];
		struct cw_str at = {text.p + i, text.len - i};
		uint32_t c = cw_char_lower(cw_char_next(at, &n));
		bool mc = in_word == 2 && len >= 2 && out[len - 2] == 'M' && out[len - 1] == 'c' && at.len > 1;

		if ((!in_word || mc) && c >= 'a' && c <= 'z')
			c -= 32;
		else if (!in_word && ((c >= 0xe0 && c <= 0xfe && c != 0xf7)))
			c -= 32;
		in_word = cw_char_is_word(c) ? in_word + 1 : 0;

		size_t m = cw_char_put(c, bytes);

		if (len + m + 1 > size)
			break;
		memcpy(out + len, bytes, m);
		len += m;
	}
	out[len] = 0;
}

void cw_name_spell(const char *name, char *out, size_t size)
{
	size_t len = 0;

	if (!size)
		return;
	out[0] = 0;
	for (; *name && len + 4 < size; name++) {
		char c = *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name;

		if (c == ' ' || c == '-' || c == '\'')
			continue;
		len += (size_t)snprintf(
			out + len, size - len, "%s%c", len && ((unsigned char)c & 0xc0) != 0x80 ? ", " : "", c);
	}
}
