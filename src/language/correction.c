#include "language/correction.h"

#include "base/mem.h"
#include "base/words.h"

/* Words that take something back. A run of them is one cue: "no wait i mean". */
static const char *const cues[] = {"no i said", "i said", "no i mean", "i mean", "i meant", "no it's", "no its",
	"no it is", "sorry", "i'm sorry", "wait", "hold on", "actually", "scratch that", "strike that", "forget that",
	"correction", "make that", "make it", "or rather", "oops", "my mistake", "my bad", "let me correct that",
	"i should say", "should be", "it should be", "that should be", "excuse me", NULL};
/* These need nothing behind them to be a correction. */
static const char *const denials[] = {"that's wrong", "that is wrong", "thats wrong", "that's not right",
	"that is not right", "that's not correct", "that's incorrect", "that is incorrect", "that isn't right",
	"that's not it", "that is not it", "that isn't it", "not quite", "you got it wrong", "you got that wrong",
	"it's wrong", "is wrong", "that was wrong", NULL};
/* Lead-ins allowed inside a run once it has begun. */
static const char *const followers[] = {
	"it's", "its", "it is", "that's", "thats", "that is", "but", "the", "um", "uh", "please", "and", "again", NULL};
static const char *const no_words[] = {"no", "nope", "nah", "know", NULL};
/* "no problem", "no heat": this "no" denies nothing that was said. */
static const char *const harmless_after_no[] = {"problem", "problems", "thanks", "thank", "worries", "one", "idea",
	"heat", "hot", "cold", "air", "power", "matter", "that's right", "that's fine", "that's correct", "that's all",
	"that's ok", "that's okay", "that's good", "more", "need", "longer", "later", "rush", "hurry", "sir", "ma'am",
	NULL};
static const char harmless_before_no[] =
	"there's is are have has had with got get getting gives giving of there say says it's and or makes";
/* "is not", "i'm not": an ordinary negation, unless "but" or "it's" follows. */
static const char auxiliaries[] =
	"is are am was were i'm we're you're they're it's its that's do does did can could will would should have has had may "
	"might or if maybe probably definitely certainly absolutely still just why of course";
static const char harmless_after_not[] =
	"sure yet really working now at all any anymore very so too only much certain good great bad quite that today";

struct run {
	size_t from, to; /* words of the cue */
	bool denial;
};

static size_t cue_at(const struct cw_words *ws, size_t i, bool *denial)
{
	size_t d = cw_words_match_any(ws, i, denials);
	size_t c = cw_words_match_any(ws, i, cues);
	size_t no = cw_words_match_any(ws, i, no_words);

	if (d && d >= c) {
		*denial = true;
		return d;
	}
	if (c)
		return c;
	if (!no || cw_words_match_any(ws, i + 1, harmless_after_no))
		return 0;
	if (cw_words_is(ws, i, "know") && i) /* "no" misheard stands alone or in front */
		return 0;
	if (i && cw_words_in(ws, i - 1, harmless_before_no) && !ws->at[i].pause)
		return 0;
	return 1;
}

/* The last run of cues that has something behind it or denies. */
static bool last_run(const struct cw_words *ws, struct run *ret)
{
	bool found = false;

	for (size_t i = 0; i < ws->n;) {
		struct run r = {i, i, false};
		size_t n = cue_at(ws, i, &r.denial);

		if (!n) {
			i++;
			continue;
		}
		for (r.to = i + n; r.to < ws->n; r.to += n) {
			n = cue_at(ws, r.to, &r.denial);
			if (!n)
				n = cw_words_match_any(ws, r.to, followers);
			if (!n)
				break;
		}
		if (r.to < ws->n || r.denial) {
			*ret = r;
			found = true;
		}
		i = r.to;
	}
	return found;
}

static size_t find_phrase(const struct cw_words *ws, size_t from, const char *phrase)
{
	for (size_t i = from; i < ws->n; i++)
		if (cw_words_match(ws, i, phrase))
			return i;
	return ws->n;
}

static void trim_tail(const struct cw_words *ws, size_t from, size_t *to)
{
	while (*to > from && cw_words_in(ws, *to - 1, "instead please and but it's its"))
		--*to;
}

/* "X not Y", "not X but Y", "X instead of Y" in the words from @from on. */
static bool deny(const struct cw_words *ws, struct cw_str text, size_t from, bool cued, struct cw_correction *ret)
{
	size_t end = ws->n, of = find_phrase(ws, from, "instead of"), than = find_phrase(ws, from, "rather than");
	size_t negation = from;

	if (of < end || than < end) {
		size_t at = of < end ? of : than;

		ret->right = cw_words_slice(ws, text, from, at);
		ret->wrong = cw_words_slice(ws, text, at + 2, end);
		return true;
	}
	for (; negation < end; negation++) {
		if (!cw_words_is(ws, negation, "not"))
			continue;

		size_t but = find_phrase(ws, negation, "but");

		if (but < end) {
			ret->wrong = cw_words_slice(ws, text, negation + 1, but);
			ret->right = cw_words_slice(ws, text, but + 1, end);
			return true;
		}
		if (cw_words_in(ws, negation + 1, harmless_after_not) || negation + 1 == end)
			continue;
		if (!cued && negation && cw_words_in(ws, negation - 1, auxiliaries))
			continue;

		size_t to = negation;

		trim_tail(ws, from, &to);
		ret->right = cw_words_slice(ws, text, from, to);
		ret->wrong = cw_words_slice(ws, text, negation + 1, end);
		return true;
	}
	return false;
}

/* "not tuesday" in front of the cue: "it's not tuesday it's wednesday". */
static void denied_before(const struct cw_words *ws, struct cw_str text, size_t to, struct cw_correction *ret)
{
	for (size_t i = to; i-- > 0;) {
		if (!cw_words_is(ws, i, "not"))
			continue;
		ret->wrong = cw_words_slice(ws, text, i + 1, to);

		size_t before = i;

		trim_tail(ws, 0, &before);
		ret->before = cw_words_slice(ws, text, 0, before);
		return;
	}
}

bool cw_correction_parse(struct cw_str text, struct cw_correction *ret)
{
	struct cw_words ws;
	struct run run;

	cw_words_init(&ws, text);
	*ret = (struct cw_correction){.before = {"", 0}, .right = {"", 0}, .wrong = {"", 0}};
	if (last_run(&ws, &run)) {
		ret->found = true;
		ret->before = cw_words_slice(&ws, text, 0, run.from);
		if (!deny(&ws, text, run.to, true, ret)) {
			size_t to = ws.n;

			trim_tail(&ws, run.to, &to);
			ret->right = cw_words_slice(&ws, text, run.to, to);
			denied_before(&ws, text, run.from, ret);
		}
		return true;
	}
	/* "it's not tuesday it's wednesday": no cue but a negation taken up again */
	for (size_t i = 1; i < ws.n; i++) {
		size_t it =
			cw_words_is(&ws, i, "it's") || cw_words_is(&ws, i, "its") ? 1 : cw_words_match(&ws, i, "it is");
		size_t negation = find_phrase(&ws, 0, "not");

		if (it && negation < i && negation + 1 < i && i + it < ws.n) {
			ret->found = true;
			ret->right = cw_words_slice(&ws, text, i + it, ws.n);
			denied_before(&ws, text, i, ret);
			return true;
		}
	}
	ret->found = deny(&ws, text, 0, false, ret);
	return ret->found;
}
