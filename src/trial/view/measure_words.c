/* Measures of what was understood and asked: word, character and fact errors, asking again, turns, tools. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/norm.h"
#include "language/entity.h"
#include "language/textscore.h"
#include "language/wer.h"
#include "trial/view/view_int.h"

#define WORDS_MAX  (256 * 1024)
#define SAME_RATIO 0.85 /* of characters: a turn this near to an earlier one repeats it */
#define SAME_WORDS 3    /* shorter turns ("yes", "thank you") repeat nothing */

/* ---- what was said, and what was heard of it ---- */

struct ears {
	struct cw_buf said, heard;
};

static int ears_open(const struct cw_view *v, bool agent_ear, struct ears *e)
{
	const struct cw_timeline *mouth = agent_ear ? v->caller : v->agent, *ear = agent_ear ? v->agent : v->caller;
	enum cw_side side = agent_ear ? CW_SIDE_CALLER : CW_SIDE_AGENT;
	size_t from = 0;

	*e = (struct ears){CW_BUF(WORDS_MAX), CW_BUF(WORDS_MAX)};
	for (const struct cw_event *ev; (ev = cw_timeline_next(mouth, &from, CW_EV_SPOKE, side));)
		cw_buf_fmt(&e->said, "%s ", cw_json_str(ev->data, "heard", ""));
	from = 0;
	for (const struct cw_event *ev; (ev = cw_timeline_next(ear, &from, CW_EV_TURN_ENDED, side));)
		cw_buf_fmt(&e->heard, "%s ", cw_json_str(ev->data, "text", ""));
	return cw_buf_err(&e->said) ? cw_buf_err(&e->said) : cw_buf_err(&e->heard);
}

static void ears_close(struct ears *e)
{
	cw_buf_clear(&e->said);
	cw_buf_clear(&e->heard);
}

static const char not_visible[] = "the agent's timeline is not visible over this line";
static const char too_long[] = "more words than can be compared";
static const char no_words[] = "no words were said";

static int count_errors(
	const struct cw_view *v, bool agent_ear, enum cw_wer_tokens tokens, struct cw_wer_counts *counts)
{
	const struct cw_wer_conf conf = {.tokens = tokens};
	struct ears e;
	int err = ears_open(v, agent_ear, &e);

	if (!err)
		err = cw_wer_add(counts, cw_buf_str(&e.said), cw_buf_str(&e.heard), &conf);
	ears_close(&e);
	return err;
}

static struct cw_value error_rate(const struct cw_view *v, bool agent_ear, enum cw_wer_tokens tokens)
{
	struct cw_wer_counts counts = {0};

	if (!v->agent)
		return cw_unknown(not_visible);

	int err = count_errors(v, agent_ear, tokens, &counts);

	if (err)
		return cw_unknown(err == ENOMEM ? "out of memory" : too_long);
	return counts.ref ? cw_known(cw_wer_rate(&counts), 0) : cw_unknown(no_words);
}

struct cw_value cw_measure_wer(const struct cw_view *v, bool agent_ear)
{
	return error_rate(v, agent_ear, CW_WER_WORDS);
}

int cw_measure_wer_counts(const struct cw_view *v, bool agent_ear, uint64_t *errors, uint64_t *words)
{
	struct cw_wer_counts counts = {0};
	int err = v->agent ? count_errors(v, agent_ear, CW_WER_WORDS, &counts) : ENODATA;

	if (err)
		return err;
	if (!counts.ref)
		return ENODATA;
	*errors = counts.sub + counts.del + counts.ins;
	*words = counts.ref;
	return 0;
}

struct cw_value cw_measure_cer(const struct cw_view *v, bool agent_ear)
{
	return error_rate(v, agent_ear, CW_WER_CHARS);
}

bool cw_view_today(const struct cw_view *v, struct cw_date *ret)
{
	size_t from = 0;
	const struct cw_event *e = cw_timeline_next(v->caller, &from, CW_EV_CALL_STARTED, CW_SIDE_N);
	int64_t wall_us = e ? cw_json_int(e->data, "wall_us", 0) : 0;

	if (!wall_us)
		return false;
	*ret = cw_date_of_unix(wall_us / 1000000);
	return true;
}

struct cw_value cw_measure_entity_wer(const struct cw_view *v, bool agent_ear)
{
	struct cw_entity_score score = {0};
	struct cw_date today;
	struct ears e;

	if (!v->agent)
		return cw_unknown(not_visible);

	int err = ears_open(v, agent_ear, &e);

	if (!err)
		err = cw_entity_score_add(
			&score, cw_buf_str(&e.said), cw_buf_str(&e.heard), cw_view_today(v, &today) ? &today : NULL);
	ears_close(&e);
	if (err)
		return cw_unknown(err == ENOMEM ? "out of memory" : too_long);

	struct cw_entity_counts total = cw_entity_total(&score);

	if (!(total.right + total.wrong + total.missing))
		return cw_unknown("no facts (numbers, dates, names) were said");
	return cw_known(cw_entity_error_rate(&total), 0);
}

/* ---- asking again ---- */

/* In the form of cw_norm_match(). */
static const char *const again[] = {
	"say that again",
	"say it again",
	"repeat that",
	"repeat it",
	"repeat your",
	"come again",
	"did not catch",
	"didn't catch",
	"did not get that",
	"didn't get that",
	"did not understand",
	"didn't understand",
	"did not hear",
	"didn't hear",
	"could not hear",
	"couldn't hear",
	"couldn't understand",
	"i beg your pardon",
	"what was that",
	"try that again",
	"once more please",
};

struct utterance {
	char *text; /* in the form of cw_norm_match() */
	uint64_t at_us;
};

static bool says_again(const char *text)
{
	for (size_t i = 0; i < CW_COUNT(again); i++)
		if (cw_norm_has(text, again[i]))
			return true;
	return false;
}

static bool repeats(const struct utterance *u, size_t i)
{
	double ratio;

	if (cw_word_count(cw_str(u[i].text)) < SAME_WORDS)
		return false;
	for (size_t back = 1; back <= 2 && back <= i; back++)
		if (!cw_text_ratio(cw_str(u[i].text), cw_str(u[i - back].text), &ratio) && ratio >= SAME_RATIO)
			return true;
	return false;
}

/* The agent's turns by its own account, else as they were heard. */
static int utterances(void *parent, const struct cw_view *v, struct utterance **ret, size_t *n)
{
	size_t max = v->agent ? v->n_said : v->n_turns;
	struct utterance *u = talloc_zero_array(parent, struct utterance, max + 1);

	*n = 0;
	if (!u)
		return ENOMEM;
	for (size_t i = 0; i < max; i++) {
		const char *text = v->agent ? v->said[i].heard : v->turns[i].heard;

		if (!text[0])
			continue;
		u[*n].at_us = v->agent ? v->said[i].onset_us : v->turns[i].onset_us;
		u[*n].text = cw_norm_match(u, cw_str(text));
		if (!u[(*n)++].text)
			return ENOMEM;
	}
	*ret = u;
	return 0;
}

struct cw_value cw_measure_reprompts(const struct cw_view *v)
{
	CW_SCOPED struct utterance *u = NULL;
	size_t n, found = 0;
	uint64_t at = 0;

	if (v->answered_us == UINT64_MAX)
		return cw_unknown("the call was not answered");
	if (utterances(NULL, v, &u, &n))
		return cw_unknown("out of memory");
	if (!n)
		return cw_absent("the agent never said a word");
	for (size_t i = 0; i < n; i++) {
		if (!says_again(u[i].text) && !repeats(u, i))
			continue;
		found++;
		at = u[i].at_us;
	}
	return cw_known((double)found, at);
}

/* ---- turns ---- */

static double caller_turns(const struct cw_view *v, uint64_t until_us)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_plays && v->plays[i].onset_us <= until_us; i++)
		n += !strcmp(v->plays[i].action, "say") || !strcmp(v->plays[i].action, "dtmf");
	return (double)n;
}

struct cw_value cw_measure_turns_to_goal(const struct cw_view *v, const char *tool)
{
	if (!tool) {
		if (v->script.end != CW_SCRIPT_COMPLETED)
			return cw_absent("the script was not completed: the goal was not reached");
		return cw_known(caller_turns(v, UINT64_MAX), v->end_us);
	}
	if (!v->tools_visible)
		return cw_unknown("tool calls are not visible over this line");
	for (size_t i = 0; i < v->n_tools; i++)
		if (!strcmp(v->tools[i].name, tool))
			return cw_known(caller_turns(v, v->tools[i].t_us), v->tools[i].t_us);
	return cw_absent("the tool was never called: the goal was not reached");
}

/* ---- tools ---- */

static bool named(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool called_before(const struct cw_view *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(v->tools[k].name, v->tools[i].name))
			return true;
	return false;
}

struct cw_tool_score cw_measure_tools(const struct cw_view *v, const char *const *wanted, size_t n)
{
	struct cw_tool_score s = {.known = v->tools_visible, .precision = 1, .recall = 1};

	for (size_t i = 0; i < n; i++)
		s.wanted += !named(wanted, i, wanted[i]);
	for (size_t i = 0; i < v->n_tools; i++) {
		if (called_before(v, i))
			continue;
		s.called++;
		s.right += named(wanted, n, v->tools[i].name);
	}
	if (s.called)
		s.precision = (double)s.right / (double)s.called;
	else if (s.wanted)
		s.precision = 0; /* nothing was called: promptfoo's F1 is 0, too */
	if (s.wanted)
		s.recall = (double)s.right / (double)s.wanted;
	if (s.precision + s.recall > 0)
		s.f1 = 2 * s.precision * s.recall / (s.precision + s.recall);
	return s;
}
