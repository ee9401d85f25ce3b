/* Response quality with recommendations, and product fit, from the lines of results.jsonl. */
#include <string.h>

#include "trial/judge/functional_int.h"

#define SLOW_MS       1500.0 /* from here on a pause before the answer is felt */
#define TOO_SLOW_MS   3000.0 /* and from here on callers say "hello?" */
#define DEAD_AIR_MS   3000.0
#define TALKATIVE     0.75
#define DELIGHT_SCORE 0.9

static void add(struct cw_card_mean *m, const json_t *value)
{
	if (!json_is_number(value))
		return;
	m->sum += json_number_value(value);
	m->n++;
}

static json_t *mean_json(const struct cw_card_mean *m)
{
	return m->n ? json_real(m->sum / (double)m->n) : json_null();
}

static bool counts(const json_t *result)
{
	const char *verdict = cw_json_str(result, "verdict", "");

	return strcmp(verdict, "INVALID") != 0 && strcmp(verdict, "ERROR") != 0;
}

/* ---- response quality ---- */

static void add_check(struct cw_card_quality *q, const json_t *check)
{
	const char *type = cw_json_str(check, "type", ""), *status = cw_json_str(check, "status", "");
	size_t k = 0;

	if (strcmp(status, "pass") != 0 && strcmp(status, "fail") != 0)
		return;
	q->passed.sum += !strcmp(status, "pass");
	q->passed.n++;
	while (k < q->n_kinds && strncmp(q->kinds[k].type, type, sizeof(q->kinds[k].type) - 1) != 0)
		k++;
	if (k == CW_COUNT(q->kinds))
		return;
	if (k == q->n_kinds) {
		(void)snprintf(q->kinds[k].type, sizeof(q->kinds[k].type), "%s", type); /* cut ones share a line */
		q->n_kinds++;
	}
	q->kinds[k].n++;
	q->kinds[k].failed += !strcmp(status, "fail");
}

static void gather(struct cw_card_quality *q, const json_t *result)
{
	const json_t *measures = json_object_get(result, "measures");
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(result, "turns"), i, one)
		add(&q->response, json_object_get(one, "response_ms"));
	add(&q->dead_air, json_object_get(measures, "dead_air_ms"));
	add(&q->talk, json_object_get(measures, "talk_ratio"));
	add(&q->interruptions, json_object_get(measures, "interruptions"));
	add(&q->reprompts, json_object_get(measures, "reprompts"));
	json_array_foreach (json_object_get(result, "checks"), i, one)
		add_check(q, one);
}

static void advise(json_t *list, const char *fmt, ...) CW_PRINTF(2, 3);
static void advise(json_t *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)json_array_append_new(list, json_vsprintf(fmt, ap)); /* without memory there is less advice */
	va_end(ap);
}

static double mean_of(const struct cw_card_mean *m)
{
	return m->n ? m->sum / (double)m->n : 0;
}

static void advise_all(const struct cw_card_quality *q, json_t *list)
{
	double response = mean_of(&q->response);

	if (response >= TOO_SLOW_MS)
		advise(list,
			"Answers begin %.1f s after the caller's last word on average (%zu turns): callers will ask whether anybody is there. Stream the first sentence, or say something while thinking.",
			response / 1000, q->response.n);
	else if (response >= SLOW_MS)
		advise(list,
			"Answers begin %.1f s after the caller's last word on average (%zu turns): under %.1f s feels like a conversation.",
			response / 1000, q->response.n, SLOW_MS / 1000);
	if (mean_of(&q->dead_air) >= DEAD_AIR_MS)
		advise(list,
			"The longest silence the agent owes lasts %.1f s on average (%zu calls): announce slow lookups.",
			mean_of(&q->dead_air) / 1000, q->dead_air.n);
	if (mean_of(&q->talk) >= TALKATIVE)
		advise(list, "The agent has %.0f %% of the speech: shorten its sentences.", 100 * mean_of(&q->talk));
	if (mean_of(&q->interruptions) >= 1)
		advise(list,
			"The agent talks into the caller's words %.1f times a call: wait longer for the end of a turn.",
			mean_of(&q->interruptions));
	if (mean_of(&q->reprompts) >= 1)
		advise(list,
			"Callers are asked again %.1f times a call: look at what the agent's ear makes of them (wer_agent_ear).",
			mean_of(&q->reprompts));
	for (size_t i = 0; i < q->n_kinds; i++)
		if (q->kinds[i].failed * 10 > q->kinds[i].n)
			advise(list, "%s fails in %zu of %zu checks.", q->kinds[i].type, q->kinds[i].failed,
				q->kinds[i].n);
}

void cw_card_quality_add(struct cw_card_quality *q, const json_t *result)
{
	if (counts(result))
		gather(q, result);
}

json_t *cw_card_quality_json(const struct cw_card_quality *q)
{
	json_t *advice = json_array();

	advise_all(q, advice);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "score", mean_json(&q->passed), "response_ms",
		mean_json(&q->response), "dead_air_ms", mean_json(&q->dead_air), "talk_ratio", mean_json(&q->talk),
		"interruptions", mean_json(&q->interruptions), "reprompts", mean_json(&q->reprompts), "recommendations",
		advice);
}

json_t *cw_response_quality(const json_t *results)
{
	struct cw_card_quality q = {0};
	json_t *result;
	size_t i;

	json_array_foreach (results, i, result)
		cw_card_quality_add(&q, result);
	return cw_card_quality_json(&q);
}

/* ---- product fit ---- */

static void fit_check(struct cw_card_fit *f, const json_t *check)
{
	const char *metric = cw_json_str(check, "metric", ""), *type = cw_json_str(check, "type", ""),
		   *status = cw_json_str(check, "status", "");
	bool pass = !strcmp(status, "pass");
	double score = cw_json_num(check, "score", pass);

	if (!pass && strcmp(status, "fail") != 0)
		return;
	if (!strcmp(metric, "satisfaction") || (!*metric && !strcmp(type, "sentiment"))) {
		f->satisfaction.sum += score;
		f->satisfaction.n++;
	}
	if (!strcmp(metric, "delight")) {
		f->delight_checks++;
		f->delights += pass && score >= DELIGHT_SCORE;
	}
	if (!strcmp(type, "transferred_to") || !strcmp(metric, "escalation")) {
		f->escalation.sum += pass;
		f->escalation.n++;
	}
}

static void fit_result(struct cw_card_fit *f, const json_t *result)
{
	json_t *one;
	size_t i;

	f->calls++;
	f->completion.sum += !strcmp(cw_json_str(result, "verdict", ""), "PASS");
	f->completion.n++;
	json_array_foreach (json_object_get(result, "turns"), i, one) {
		const char *of = cw_json_str(one, "of", "");
		bool again = !strcmp(of, "reprompt") || !strcmp(of, "pardon");

		f->caller_turns++;
		f->retries += again;
	}
	json_array_foreach (json_object_get(result, "checks"), i, one)
		fit_check(f, one);
}

void cw_card_fit_add(struct cw_card_fit *f, const json_t *result)
{
	if (counts(result))
		fit_result(f, result);
}

json_t *cw_card_fit_json(const struct cw_card_fit *f)
{
	double turns = (double)f->caller_turns, retries = (double)f->retries;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "satisfaction", mean_json(&f->satisfaction),
		"completion", mean_json(&f->completion), "retry",
		f->caller_turns ? json_real(retries / turns) : json_null(), "escalation", mean_json(&f->escalation),
		"engagement", f->calls ? json_real((turns - retries) / (double)f->calls) : json_null(),
		"delight_moments", f->delight_checks ? json_integer((json_int_t)f->delights) : json_null(), "n",
		(json_int_t)f->calls);
}

json_t *cw_pmf_metrics(const json_t *results)
{
	struct cw_card_fit f = {0};
	json_t *result;
	size_t i;

	json_array_foreach (results, i, result)
		cw_card_fit_add(&f, result);
	return cw_card_fit_json(&f);
}
