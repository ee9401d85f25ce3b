#include "trial/execute/validity.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "caller/rails.h"
#include "caller/say.h"

#define TEXTS_MAX 8      /* of our own listened to */
#define NEAR_US   700000 /* gaps within a turn of the agent, and what its speech detector holds on */
#define ALL_FACTS UINT32_MAX

static int fault(void *parent, struct cw_validity *ret, const char *kind, const char *fmt, ...) CW_PRINTF(4, 5);
static int fault(void *parent, struct cw_validity *ret, const char *kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ret->reason = talloc_vasprintf(parent, fmt, ap);
	va_end(ap);
	ret->kind = kind;
	return ret->reason ? 0 : ENOMEM;
}

/* ---- the script ---- */

/* The step an action claims to be; NULL: of a goal, a persona, or patience; *@there is false when the script has none such. */
static const struct cw_step *step_of(const struct cw_script *s, const struct cw_play *p, bool *there)
{
	bool turn = !strcmp(p->kind, "turn"), answer = !strcmp(p->kind, "answer");

	*there = true;
	if (turn && p->index < s->n_steps)
		return &s->steps[p->index];
	if (answer && p->index < s->n_answers)
		return &s->answers[p->index];
	*there = (!strcmp(p->kind, "goal") && s->goal) || (!strcmp(p->kind, "persona") && s->persona) ||
		 (!strcmp(p->kind, "reprompt") && !strcmp(p->text, s->reprompt ? s->reprompt : "")) ||
		 (!strcmp(p->kind, "pardon") && !strcmp(p->text, s->pardon ? s->pardon : ""));
	return NULL;
}

/* The same words, pauses aside (who types makes none). */
static bool same_words(const char *a, const char *b)
{
	CW_SCOPED char *x = cw_say_plain(NULL, a), *y = cw_say_plain(NULL, b);

	return !strcmp(a, b) || (x && y && !strcmp(x, y));
}

static int check_script(void *parent, const struct cw_script *s, const struct cw_view *v, struct cw_validity *ret)
{
	size_t next = 0;

	for (size_t i = 0; i < v->n_plays; i++) {
		const struct cw_play *p = &v->plays[i];
		bool there;
		const struct cw_step *step = step_of(s, p, &there);

		if (!there)
			return fault(parent, ret, "left_script",
				"the caller left its script: it has no %s %zu (\"%.80s\")", p->kind, p->index + 1,
				p->text);
		if (!step)
			continue;
		if (strcmp(p->action, cw_act_name(step->act)) != 0 ||
			!same_words(p->text, step->text ? step->text : ""))
			return fault(parent, ret, "left_script",
				"the caller left its script: %s %zu is %s \"%.80s\" there, and it was %s \"%.80s\"",
				p->kind, p->index + 1, cw_act_name(step->act), step->text ? step->text : "", p->action,
				p->text);
		if (!strcmp(p->kind, "turn") && p->index < next)
			return fault(parent, ret, "left_script",
				"the caller left its script: turn %zu came after turn %zu", p->index + 1, next);
		next = !strcmp(p->kind, "turn") ? p->index + 1 : next;
	}
	return 0;
}

/* ---- the facts ---- */

/* What the agent said last before @t_us. */
static const char *heard_before(const struct cw_view *v, uint64_t t_us)
{
	const char *text = "";

	for (size_t i = 0; i < v->n_turns && v->turns[i].onset_us < t_us; i++)
		text = v->turns[i].heard;
	return text;
}

static int check_facts(void *parent, const struct cw_goal *g, const struct cw_view *v, struct cw_validity *ret)
{
	for (size_t i = 0; g && i < v->n_plays; i++) {
		const struct cw_play *p = &v->plays[i];
		bool goal = !strcmp(p->kind, "goal");
		struct cw_why why = {0};

		if (strcmp(p->action, "say") != 0 ||
			(!goal && strcmp(p->kind, "turn") != 0 && strcmp(p->kind, "answer") != 0))
			continue;

		int err = cw_rails_check(g, ALL_FACTS, goal ? "" : heard_before(v, p->t_us), p->text, &why);

		if (err == ENOMEM)
			return err;
		if (err)
			return fault(parent, ret, "contradicted", "the caller contradicted its facts: \"%.120s\": %s",
				p->text, why.text);
	}
	return 0;
}

/* ---- our own pace ---- */

static bool agent_near(const struct cw_view *v, uint64_t t_us)
{
	for (size_t i = 0; i < v->n_speech[CW_SIDE_AGENT]; i++) {
		const struct cw_stretch *s = &v->speech[CW_SIDE_AGENT][i];

		if (t_us + NEAR_US >= s->onset_us && t_us <= s->last_us + NEAR_US)
			return true;
	}
	return false;
}

static int check_pace(void *parent, const struct cw_script *s, const struct cw_view *v, struct cw_validity *ret)
{
	for (size_t i = 0; i < v->n_plays; i++) {
		const struct cw_play *p = &v->plays[i];
		bool there;
		const struct cw_step *step = step_of(s, p, &there);

		if (!p->audible)
			continue;
		if (step && step->when == CW_WHEN_DURING && !agent_near(v, p->onset_us))
			return fault(parent, ret, "late",
				"our own side was late: turn %zu (\"%.80s\") was meant for the middle of the agent's words, which were over",
				p->index + 1, p->text);
		if (p->onset_us > p->t_us + CW_VALIDITY_LATE_US)
			return fault(parent, ret, "late",
				"our own side was late: %s %zu (\"%.80s\") became audible %.1f s after it was due; is this machine busy?",
				p->kind, p->index + 1, p->text, (double)(p->onset_us - p->t_us) / 1e6);
	}
	return 0;
}

/* ---- our own voice ---- */

static bool really_speaks(const char *engine)
{
	return engine && strncmp(engine, "modem", 5) != 0;
}

/* The longest of our sentences, without pauses, each once. */
static size_t own_texts(void *parent, const struct cw_view *v, const char *texts[TEXTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_plays && n < TEXTS_MAX; i++) {
		const struct cw_play *p = &v->plays[i];
		char *plain = strcmp(p->action, "say") ? NULL : cw_say_plain(parent, p->text);
		bool known = !plain || !plain[0] || strlen(plain) > 400;

		for (size_t k = 0; !known && k < n; k++)
			known = !strcmp(texts[k], plain);
		if (!known)
			texts[n++] = plain;
	}
	return n;
}

static int check_voice(void *parent, const struct cw_call_record *r, const struct cw_view *v, struct cw_validity *ret)
{
	const struct cw_plan_item *it = r->item;
	const struct cw_own_ear conf = {
		.voice = it->voice, .language = it->language, .ear = it->ear, .speed = it->test->speed};
	CW_SCOPED void *scratch = talloc_new(NULL);
	const char *texts[TEXTS_MAX];
	double wer = 0;
	size_t n = scratch ? own_texts(scratch, v, texts) : 0;

	if (!scratch)
		return ENOMEM;
	if (!n || !really_speaks(it->voice) || !really_speaks(it->ear))
		return 0;

	int err = cw_validity_own_wer(&conf, texts, n, &wer);

	if (err)
		return err == ENOMEM ? err : 0; /* no such engine here any more: cannot be told */
	if (wer <= CW_VALIDITY_WER)
		return 0;
	return fault(parent, ret, "garbled",
		"our own voice %s is not understood even by our own ear %s, without any line between: %.0f %% of the words of %zu sentences are wrong (limit %.0f %%); choose another voice, speed or wording",
		it->voice, it->ear, 100 * wer, n, 100 * CW_VALIDITY_WER);
}

/* ---- all of it ---- */

int cw_validity_judge(
	void *parent, const struct cw_call_record *r, const struct cw_view *v, bool failed, struct cw_validity *ret)
{
	const struct cw_script *s = &r->item->test->script;
	bool bad = failed || r->timed_out || r->script.end != CW_SCRIPT_COMPLETED;
	int err;

	*ret = (struct cw_validity){0};
	err = check_script(parent, s, v, ret);
	if (!err && !ret->kind)
		err = check_facts(parent, s->goal, v, ret);
	if (!err && !ret->kind && r->script.end == CW_SCRIPT_BROKEN)
		err = fault(parent, ret, "broken", "%s", r->script.reason);
	if (!err && !ret->kind && bad && !v->chat)
		err = check_pace(parent, s, v, ret);
	if (!err && !ret->kind && bad && !v->chat)
		err = check_voice(parent, r, v, ret);
	if (!err && !ret->kind && (r->script.end == CW_SCRIPT_NO_ANSWER || (failed && r->script.unanswered)))
		err = fault(parent, ret, "deadlock", "%s", r->script.reason);
	return err;
}
