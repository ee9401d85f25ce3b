#include "trial/execute/extras.h"

#include <errno.h>
#include <string.h>

#include "trial/view/measure.h"

#define RATE_HZ 8000 /* of a recording */

/* ---- word errors ---- */

static int add_ear(json_t *to, const char *name, const struct cw_view *v, bool agent_ear)
{
	uint64_t errors, words;

	if (cw_measure_wer_counts(v, agent_ear, &errors, &words))
		return 0; /* the measures say why */
	return json_object_set_new(
		       to, name, json_pack("{s:I, s:I}", "errors", (json_int_t)errors, "words", (json_int_t)words))
		       ? ENOMEM
		       : 0;
}

static int add_wer(const struct cw_view *v, json_t *result)
{
	CW_JSON_SCOPED json_t *o = json_object();

	if (!o || add_ear(o, "agent_ear", v, true) || add_ear(o, "caller_ear", v, false))
		return ENOMEM;
	return json_object_size(o) && json_object_set(result, "wer", o) ? ENOMEM : 0;
}

/* ---- sound ---- */

static int is_of_sound(const struct cw_assert *a, void *arg)
{
	static const char *const names[] = {"loudness", "clipping", "dropouts", "snr"};
	const char *name = a->name + (a->negate ? strlen("not-") : 0);

	for (size_t i = 0; i < CW_COUNT(names); i++)
		*(bool *)arg = *(bool *)arg || !strcmp(name, names[i]);
	return 0;
}

static int add_audio(const struct cw_call_record *r, const struct cw_view *v, json_t *result)
{
	bool wanted = !r->trial->sim;

	if (!v->pcm[0] || !v->pcm[1] || !v->n_samples)
		return 0;
	if (!wanted)
		(void)cw_judge_each_assert(r->item->test, is_of_sound, &wanted); /* always 0 */
	if (!wanted)
		return 0;
	return json_object_set_new(result, "audio",
		       json_pack("{s:o, s:o}", "caller", cw_quality_json(v->pcm[CW_SIDE_CALLER], v->n_samples, RATE_HZ),
			       "agent", cw_quality_json(v->pcm[CW_SIDE_AGENT], v->n_samples, RATE_HZ)))
		       ? ENOMEM
		       : 0;
}

/* ---- what it cost ---- */

static int add_tokens(const struct cw_view *v, json_t *result)
{
	json_int_t prompt = 0, completion = 0;
	bool told = false;
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_LINE_NOTE, CW_SIDE_N));) {
		prompt += (json_int_t)cw_json_int(e->data, "prompt_tokens", 0);
		completion += (json_int_t)cw_json_int(e->data, "completion_tokens", 0);
		told = told || json_object_get(e->data, "prompt_tokens") ||
		       json_object_get(e->data, "completion_tokens");
	}
	if (!told)
		return 0;
	return json_object_set_new(
		       result, "tokens", json_pack("{s:I, s:I}", "prompt", prompt, "completion", completion))
		       ? ENOMEM
		       : 0;
}

static int add_cost(const struct cw_view *v, json_t *result)
{
	double sum = 0;
	bool told = false;

	for (size_t i = 0; i < v->n_replies; i++) {
		if (v->replies[i].cost_usd < 0)
			continue;
		sum += v->replies[i].cost_usd;
		told = true;
	}
	return told && json_object_set_new(result, "cost_usd", json_real(sum)) ? ENOMEM : 0;
}

int cw_result_extras(const struct cw_call_record *r, const struct cw_view *v, json_t *result)
{
	const char *name = r->item->target_name;
	int err = 0;

	if (name && name[0] && json_object_set_new(result, "target_name", json_string(name)))
		return ENOMEM;
	err = add_wer(v, result);
	if (!err)
		err = add_audio(r, v, result);
	if (!err)
		err = add_tokens(v, result);
	return err ? err : add_cost(v, result);
}
