#include "trial/view/measure.h"

#include <string.h>

#include "base/mem.h"
#include "trial/view/view_int.h"

#define DEAD_AIR_US    1500000u
#define INSIDE_US      200000u  /* an agent onset this far inside our words interrupts us */
#define SAME_SPEECH_US 500000u  /* a shorter gap inside the agent's speech does not end it */
#define GOES_ON_US     500000u  /* this much speech after our sound shows that the agent went on */
#define RESUME_MAX_US  5000000u /* a longer silence after our sound is no pause any more */

static const char no_audio[] = "a chat has no audio";

static double ms(uint64_t from_us, uint64_t to_us)
{
	return ((double)to_us - (double)from_us) / 1000;
}

static const struct cw_stretch *agent(const struct cw_view *v, size_t i)
{
	return i < v->n_speech[CW_SIDE_AGENT] ? &v->speech[CW_SIDE_AGENT][i] : NULL;
}

static bool answered(const struct cw_view *v)
{
	return v->answered_us != UINT64_MAX;
}

/* Words of our own to be answered: spoken, keyed or played. */
static bool owes(const struct cw_play *p)
{
	return !strcmp(p->action, "say") || !strcmp(p->action, "dtmf") || !strcmp(p->action, "play");
}

static bool voiced(const struct cw_play *p)
{
	return p->audible && (!strcmp(p->action, "say") || !strcmp(p->action, "play"));
}

/* The stretch of the agent's speech which sounds at @at_us, or its count. */
static size_t stretch_at(const struct cw_view *v, uint64_t at_us)
{
	size_t i = 0;

	for (const struct cw_stretch *s; (s = agent(v, i)); i++)
		if (s->onset_us < at_us && s->last_us > at_us)
			break;
	return i;
}

struct cw_value cw_measure_response_ms(const struct cw_view *v, size_t play)
{
	const struct cw_play *p = &v->plays[play];
	uint64_t next = cw_view_next_words_us(v, play);

	if (!owes(p))
		return cw_unknown("the caller said nothing here");
	if (!p->over)
		return cw_unknown("the call ended inside the caller's words");
	for (size_t i = 0; agent(v, i); i++) {
		const struct cw_stretch *s = agent(v, i);

		if (s->last_us <= p->last_us)
			continue;
		if (s->onset_us >= next)
			break;
		if (s->onset_us <= p->onset_us)
			return cw_unknown("the agent was speaking before, while and after the caller spoke");
		return cw_known(ms(p->last_us, s->onset_us), s->onset_us);
	}
	if (next != UINT64_MAX)
		return cw_absent("no agent speech before the caller's next words");
	return cw_absent("no agent speech before the end of the call");
}

/* End of the agent's speech which sounds at stretch @i: gaps shorter than @gap_us do not count. */
static uint64_t speech_end(const struct cw_view *v, size_t i, uint64_t gap_us)
{
	uint64_t end = agent(v, i)->last_us;

	for (const struct cw_stretch *s; (s = agent(v, ++i)) && s->onset_us < end + gap_us;)
		end = s->last_us;
	return end;
}

struct cw_value cw_measure_barge_in_stop_ms(const struct cw_view *v, size_t play)
{
	const struct cw_play *p = &v->plays[play];
	size_t i = stretch_at(v, p->onset_us);

	if (v->chat)
		return cw_unknown(no_audio);
	if (!p->audible)
		return cw_unknown("the caller was silent here");
	if (!agent(v, i))
		return cw_unknown("the agent was not speaking when the caller began");

	uint64_t end = speech_end(v, i, SAME_SPEECH_US);

	if (end >= v->end_us)
		return cw_unknown("the call ended before the agent fell silent");
	return cw_known(ms(p->onset_us, end), end);
}

struct cw_value cw_measure_keep_gap_ms(const struct cw_view *v, size_t play)
{
	const struct cw_play *p = &v->plays[play];
	size_t i = stretch_at(v, p->onset_us);
	uint64_t end, longest = 0, after = 0, at = 0;

	if (v->chat)
		return cw_unknown(no_audio);
	if (!p->audible)
		return cw_unknown("the caller made no sound here");
	if (!agent(v, i))
		return cw_unknown("the agent was not speaking when the caller made the sound");
	end = agent(v, i)->last_us;
	for (const struct cw_stretch *s = agent(v, i); s; s = agent(v, ++i)) {
		uint64_t gap = s->onset_us > end ? s->onset_us - end : 0;

		if (gap > RESUME_MAX_US)
			break;
		if (gap > longest) {
			longest = gap;
			at = end;
		}
		end = s->last_us;
		if (end > p->last_us)
			after += end - (s->onset_us > p->last_us ? s->onset_us : p->last_us);
		if (after >= GOES_ON_US)
			return cw_known((double)longest / 1000, at ? at : p->onset_us);
	}
	return cw_absent("the agent did not go on");
}

struct cw_value cw_measure_first_word_ms(const struct cw_view *v)
{
	if (v->chat)
		return cw_unknown(no_audio);
	if (!answered(v))
		return cw_unknown("the call was not answered");
	if (!agent(v, 0))
		return cw_absent("the agent never spoke");
	return cw_known(ms(v->answered_us, agent(v, 0)->onset_us), agent(v, 0)->onset_us);
}

/* Silence after the caller's words, or after the answer, until the agent speaks (or the caller does, or the call ends). */
static uint64_t silence_after(const struct cw_view *v, uint64_t from_us, uint64_t next_us)
{
	uint64_t until = next_us < v->end_us ? next_us : v->end_us;

	for (size_t i = 0; agent(v, i); i++) {
		const struct cw_stretch *s = agent(v, i);

		if (s->last_us <= from_us)
			continue;
		if (s->onset_us <= from_us)
			return 0;
		if (s->onset_us < until)
			until = s->onset_us;
		break;
	}
	return until > from_us ? until - from_us : 0;
}

static struct cw_value dead_air(const struct cw_view *v, bool total)
{
	uint64_t longest = 0, sum = 0, at = 0;

	if (v->chat)
		return cw_unknown(no_audio);
	if (!answered(v))
		return cw_unknown("the call was not answered");
	for (size_t i = 0; i <= v->n_plays; i++) {
		const struct cw_play *p = i ? &v->plays[i - 1] : NULL;
		uint64_t from = p ? p->last_us : v->answered_us;
		uint64_t next = i < v->n_plays ? v->plays[i].t_us : UINT64_MAX;

		if (p && !owes(p))
			continue; /* the caller is silent on purpose: it owes */
		if (p && strcmp(p->action, "dtmf") && !p->audible)
			continue; /* its words did not come out: it still owes them */

		uint64_t silent = silence_after(v, from, next);

		if (silent <= DEAD_AIR_US)
			continue;
		sum += silent;
		if (silent > longest) {
			longest = silent;
			at = from;
		}
	}
	return cw_known((double)(total ? sum : longest) / 1000, at);
}

struct cw_value cw_measure_dead_air_ms(const struct cw_view *v)
{
	return dead_air(v, false);
}

struct cw_value cw_measure_dead_air_total_ms(const struct cw_view *v)
{
	return dead_air(v, true);
}

static uint64_t spoken(const struct cw_view *v, enum cw_side side)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n_speech[side]; i++)
		sum += v->speech[side][i].last_us - v->speech[side][i].onset_us;
	return sum;
}

struct cw_value cw_measure_talk_ratio(const struct cw_view *v)
{
	uint64_t a = spoken(v, CW_SIDE_AGENT), c = spoken(v, CW_SIDE_CALLER);

	if (v->chat)
		return cw_unknown(no_audio);
	return a + c ? cw_known((double)a / (double)(a + c), 0) : cw_unknown("nobody spoke");
}

struct cw_value cw_measure_overlap_ms(const struct cw_view *v)
{
	uint64_t sum = 0;

	if (v->chat)
		return cw_unknown(no_audio);
	if (!answered(v))
		return cw_unknown("the call was not answered");
	for (size_t i = 0; i < v->n_speech[CW_SIDE_CALLER]; i++) {
		const struct cw_stretch *c = &v->speech[CW_SIDE_CALLER][i];

		for (size_t k = 0; agent(v, k); k++) {
			const struct cw_stretch *a = agent(v, k);
			uint64_t from = a->onset_us > c->onset_us ? a->onset_us : c->onset_us;
			uint64_t to = a->last_us < c->last_us ? a->last_us : c->last_us;

			sum += to > from ? to - from : 0;
		}
	}
	return cw_known((double)sum / 1000, 0);
}

struct cw_value cw_measure_interruptions(const struct cw_view *v)
{
	size_t n = 0;
	uint64_t at = 0;

	if (v->chat)
		return cw_unknown(no_audio);
	if (!answered(v))
		return cw_unknown("the call was not answered");
	for (size_t i = 0; i < v->n_plays; i++) {
		const struct cw_play *p = &v->plays[i];

		if (!voiced(p) || agent(v, stretch_at(v, p->onset_us)))
			continue; /* it was speaking before: then we interrupted it */
		for (size_t k = 0; agent(v, k); k++) {
			uint64_t onset = agent(v, k)->onset_us;

			if (onset <= p->onset_us + INSIDE_US || onset >= p->last_us)
				continue;
			at = onset;
			n++;
			break;
		}
	}
	return cw_known((double)n, at);
}

struct cw_value cw_measure_caller_interruptions(const struct cw_view *v)
{
	size_t n = 0;
	uint64_t at = 0;

	if (v->chat)
		return cw_unknown(no_audio);
	if (!answered(v))
		return cw_unknown("the call was not answered");
	for (size_t i = 0; i < v->n_plays; i++) {
		const struct cw_play *p = &v->plays[i];
		const struct cw_stretch *s = agent(v, stretch_at(v, p->onset_us));

		if (!voiced(p) || !s || p->onset_us <= s->onset_us + INSIDE_US)
			continue;
		at = p->onset_us;
		n++;
	}
	return cw_known((double)n, at);
}

struct cw_value cw_measure_duration_ms(const struct cw_view *v)
{
	return answered(v) ? cw_known(ms(v->answered_us, v->end_us), v->end_us)
			   : cw_unknown("the call was not answered");
}

json_t *cw_measure_json(const struct cw_view *v)
{
	const struct {
		const char *name;
		struct cw_value value;
	} all[] = {
		{"duration_ms", cw_measure_duration_ms(v)},
		{"first_word_ms", cw_measure_first_word_ms(v)},
		{"dead_air_ms", cw_measure_dead_air_ms(v)},
		{"dead_air_total_ms", cw_measure_dead_air_total_ms(v)},
		{"talk_ratio", cw_measure_talk_ratio(v)},
		{"overlap_ms", cw_measure_overlap_ms(v)},
		{"interruptions", cw_measure_interruptions(v)},
		{"wer_agent_ear", cw_measure_wer(v, true)},
		{"wer_caller_ear", cw_measure_wer(v, false)},
		{"cer_agent_ear", cw_measure_cer(v, true)},
		{"cer_caller_ear", cw_measure_cer(v, false)},
		{"entity_wer_agent_ear", cw_measure_entity_wer(v, true)},
		{"entity_wer_caller_ear", cw_measure_entity_wer(v, false)},
		{"reprompts", cw_measure_reprompts(v)},
		{"turns_to_goal", cw_measure_turns_to_goal(v, NULL)},
		{"loss", cw_measure_loss(v)},
		{"jitter_ms", cw_measure_jitter_ms(v)},
		{"mos_e", cw_measure_mos_e(v)},
	};
	json_t *o = json_object();

	for (size_t i = 0; o && i < CW_COUNT(all); i++) {
		const struct cw_value *x = &all[i].value;
		json_t *j = x->known ? json_real(x->v) : json_pack("{s:s}", "null", x->reason);

		if (json_object_set_new(o, all[i].name, j)) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}
