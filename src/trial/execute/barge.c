#include "trial/execute/barge.h"

#include <string.h>

#include "base/mem.h"
#include "trial/view/measure.h"

#define TAG       "barge:"
#define NEAR_US   700000  /* pauses within a turn of the agent */
#define SILENT_US 500000  /* it fell silent */
#define STOPS_US  1500000 /* judged by ear: it stopped because of us */
#define CUT_US    3000000 /* after the end of our sound: by then it has decided */
#define COMES_US  200000  /* inside our sentence: it came in */

struct barge {
	const struct cw_view *v;
	const struct cw_play *p;
	uint64_t onset_us, last_us;
	bool wants_stop, wants_wait;
	bool reacted, by_timeline;
	int64_t stop_us, recovery_us, gap_us, at_us; /* -1: none */
	bool recovered;
};

/* "barge:cough:early" into its two words. */
static const char *find_tag(const struct cw_test *t, struct cw_str *kind, struct cw_str *place)
{
	for (size_t i = 0; i < t->tags.n; i++) {
		struct cw_str rest;

		if (strncmp(t->tags.items[i], TAG, strlen(TAG)) != 0)
			continue;
		rest = cw_str(t->tags.items[i] + strlen(TAG));
		if (cw_str_split(&rest, ':', kind) && rest.len) {
			*place = rest;
			return t->tags.items[i];
		}
	}
	return NULL;
}

static const struct cw_step *step_of(const struct cw_test *t, const struct cw_play *p)
{
	return !strcmp(p->kind, "turn") && p->index < t->script.n_steps ? &t->script.steps[p->index] : NULL;
}

static const struct cw_play *find_play(const struct cw_test *t, const struct cw_view *v)
{
	for (size_t i = 0; i < v->n_plays; i++)
		if (!strcmp(v->plays[i].name, "barge"))
			return &v->plays[i];
	for (size_t i = 0; i < v->n_plays; i++) {
		const struct cw_step *s = step_of(t, &v->plays[i]);

		if (s && s->when == CW_WHEN_DURING)
			return &v->plays[i];
	}
	return NULL;
}

static const struct cw_stretch *agent(const struct cw_view *v, size_t i)
{
	return i < v->n_speech[CW_SIDE_AGENT] ? &v->speech[CW_SIDE_AGENT][i] : NULL;
}

/* The stretch of the agent's speech our sound came into; pauses within its turn count as speech. */
static size_t came_into(const struct barge *b)
{
	size_t i = 0;

	for (const struct cw_stretch *s; (s = agent(b->v, i)); i++)
		if (b->onset_us <= s->last_us + NEAR_US)
			break;
	return i;
}

static uint64_t turn_onset(const struct cw_view *v, size_t i)
{
	while (i && agent(v, i)->onset_us < agent(v, i - 1)->last_us + 2 * NEAR_US)
		i--;
	return agent(v, i)->onset_us;
}

/* The sentence of the agent's that was cut short by us, by its own account; NULL: none. */
static const struct cw_agent_said *cut_sentence(const struct barge *b)
{
	for (size_t i = 0; i < b->v->n_said; i++) {
		const struct cw_agent_said *s = &b->v->said[i];

		if (s->cut && s->onset_us < b->last_us + CUT_US && s->last_us + NEAR_US > b->onset_us &&
			s->last_us < b->last_us + CUT_US)
			return s;
	}
	return NULL;
}

/* By the agent's own account: it may cut a sentence and say another at once, which no ear hears as silence. */
static void stopped(struct barge *b, const struct cw_agent_said *cut)
{
	b->reacted = true;
	b->stop_us = cut->last_us > b->onset_us ? (int64_t)(cut->last_us - b->onset_us) : 0;
	for (size_t i = 0; i < b->v->n_said; i++) {
		const struct cw_agent_said *s = &b->v->said[i];

		if (s == cut || s->onset_us < cut->last_us || s->last_us <= s->onset_us)
			continue;

		uint64_t from = cut->last_us > b->last_us ? cut->last_us : b->last_us;

		b->recovered = true;
		b->recovery_us = s->onset_us > from ? (int64_t)(s->onset_us - from) : 0;
		return;
	}
}

/* As the caller hears it. */
static void heard_stop(struct barge *b, size_t i)
{
	uint64_t end = agent(b->v, i)->last_us;
	const struct cw_stretch *s;

	for (size_t k = i; (s = agent(b->v, ++k)) && s->onset_us < end + SILENT_US;)
		end = s->last_us;
	b->recovered = end > b->last_us;
	if ((int64_t)end - (int64_t)b->onset_us >= STOPS_US)
		return;
	b->reacted = true;
	b->stop_us = end > b->onset_us ? (int64_t)(end - b->onset_us) : 0;

	uint64_t from = end > b->last_us ? end : b->last_us;

	for (size_t k = i; (s = agent(b->v, k)); k++) {
		if (s->onset_us <= end)
			continue;
		b->recovered = true;
		b->recovery_us = s->onset_us > from ? (int64_t)(s->onset_us - from) : 0;
		return;
	}
}

static bool speaks_after(const struct cw_view *v, uint64_t t_us)
{
	return v->n_speech[CW_SIDE_AGENT] && agent(v, v->n_speech[CW_SIDE_AGENT] - 1)->last_us > t_us;
}

static void look_at_stop(struct barge *b, size_t i)
{
	const struct cw_agent_said *cut = cut_sentence(b);

	b->by_timeline = b->v->agent != NULL;
	if (!b->by_timeline) {
		heard_stop(b, i);
	} else if (cut) {
		stopped(b, cut);
	} else {
		struct cw_value gap = cw_measure_keep_gap_ms(b->v, (size_t)(b->p - b->v->plays));

		b->recovered = speaks_after(b->v, b->last_us);
		b->gap_us = gap.known ? (int64_t)(gap.v * 1000) : -1;
	}
}

static void look_at_waiting(struct barge *b)
{
	const struct cw_stretch *s;

	for (size_t i = 0; (s = agent(b->v, i)); i++) {
		if (s->onset_us > b->onset_us + COMES_US && s->onset_us < b->last_us) {
			b->reacted = true;
			b->at_us = (int64_t)s->onset_us - (int64_t)b->onset_us;
		}
		if (s->onset_us >= b->last_us && !b->recovered) {
			b->recovered = true;
			b->recovery_us = (int64_t)s->onset_us - (int64_t)b->last_us;
		}
	}
}

static json_t *ms(int64_t us)
{
	return us < 0 ? json_null() : json_real((double)us / 1000);
}

static json_t *missing(struct cw_str kind, struct cw_str place, const char *why)
{
	return json_pack("{s:s%, s:s%, s:s}", "kind", kind.p, kind.len, "place", place.p, place.len, "missing", why);
}

static void place(struct barge *b, const struct cw_step *s)
{
	bool background = s && (s->act == CW_ACT_TV || s->act == CW_ACT_ECHO);

	b->onset_us = b->p->audible ? b->p->onset_us : b->p->t_us;
	b->last_us = b->p->audible ? b->p->last_us : background ? b->p->t_us + (uint64_t)s->ms * 1000 : b->p->last_us;
}

json_t *cw_barge_json(const struct cw_test *t, const struct cw_view *v)
{
	struct cw_str kind, where;
	struct barge b = {.v = v, .stop_us = -1, .recovery_us = -1, .gap_us = -1, .at_us = -1};

	if (!find_tag(t, &kind, &where))
		return NULL;
	b.p = find_play(t, v);
	if (!b.p)
		return missing(kind, where, "the caller did not come to it");
	place(&b, step_of(t, b.p));
	b.wants_stop = cw_str_eq(kind, "interrupt") || cw_str_eq(kind, "dtmf");
	b.wants_wait = cw_str_eq(kind, "pause") || cw_str_eq(kind, "digits");
	if (b.wants_wait) {
		look_at_waiting(&b);
	} else {
		size_t i = came_into(&b);

		if (!agent(v, i) || agent(v, i)->onset_us > b.onset_us)
			return missing(kind, where, "the agent was not speaking then");
		b.at_us = (int64_t)b.onset_us - (int64_t)turn_onset(v, i);
		look_at_stop(&b, i);
	}
	return json_pack("{s:s%, s:s%, s:b, s:b, s:b, s:s, s:o, s:o, s:o, s:b, s:o}", "kind", kind.p, kind.len, "place",
		where.p, where.len, "wanted", b.wants_stop, "reacted", b.reacted, "right", b.reacted == b.wants_stop,
		"by", b.by_timeline ? "timeline" : "ear", "stop_ms", ms(b.stop_us), "recovery_ms", ms(b.recovery_us),
		"gap_ms", ms(b.gap_us), "recovered", b.recovered, "at_ms", ms(b.at_us));
}
