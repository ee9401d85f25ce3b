/* Assertions decided by somebody else: a language model, embeddings, a webhook. The asking is done in judge/question.c. */
#include "trial/check/check_judge.h"

#include <errno.h>
#include <string.h>

#include "language/embed.h"
#include "trial/check/check_int.h"

#define SIMILAR_DEFAULT 0.75
#define RUBRIC_DEFAULT  0.5
#define SHOWN_MAX       300

static const char *const rubric_keys[] = {"value", "threshold", "provider", "rubricPrompt", NULL};
static const char *const similar_keys[] = {"value", "threshold", "provider", NULL};
static const char *const webhook_keys[] = {"value", "threshold", NULL};

/* ---- what is asked ---- */

static const struct {
	const char *param, *lead;
} leads[] = {
	{"rubric", "%s"},
	{"closedqa", "The agent's answer meets this criterion: %s"},
	{"factuality",
		"What the agent states agrees with this reference. Leaving something out is allowed, contradicting it or adding facts that do not follow from it is not. Reference: %s"},
	{"relevance",
		"The agent's words address what the caller asked or said, without evading it or straying from it.%s"},
};

enum cw_asks cw_check_asks(const struct cw_assert *a)
{
	const char *name = a->kind->name, *provider = cw_json_str(a->conf, "provider", "lexical");

	if (a->kind->param)
		for (size_t i = 0; i < CW_COUNT(leads); i++)
			if (!strcmp(a->kind->param, leads[i].param) && (a->kind->needs & CW_NEEDS_ANSWER))
				return CW_ASKS_MODEL;
	if (!strcmp(name, "webhook"))
		return CW_ASKS_WEBHOOK;
	return !strcmp(name, "similar") && strcmp(provider, "lexical") != 0 ? CW_ASKS_EMBEDDING : CW_ASKS_NOTHING;
}

static char *joined(void *parent, const json_t *value)
{
	char *all = talloc_strdup(parent, json_is_string(value) ? json_string_value(value) : "");
	json_t *one;
	size_t i;

	json_array_foreach (value, i, one)
		if (all)
			all = talloc_asprintf_append(all, "%s(%zu) %s", i ? "\n" : "", i + 1, json_string_value(one));
	return all;
}

char *cw_check_criterion(void *parent, const struct cw_assert *a)
{
	CW_SCOPED char *value = joined(NULL, json_object_get(a->conf, "value"));

	if (!value)
		return NULL;
	for (size_t i = 1; i < CW_COUNT(leads); i++) {
		struct cw_str lead = cw_str(leads[i].lead);

		if (a->kind->param && !strcmp(a->kind->param, leads[i].param))
			return talloc_asprintf(parent, "%.*s%s", (int)lead.len - 2, lead.p, value);
	}
	return talloc_strdup(parent, value);
}

double cw_check_judge_threshold(const struct cw_assert *a)
{
	return cw_json_num(a->conf, "threshold", strcmp(a->kind->name, "similar") ? RUBRIC_DEFAULT : SIMILAR_DEFAULT);
}

char *cw_check_agent_words(void *parent, const struct cw_view *v, size_t play)
{
	return v->agent && !v->chat ? cw_view_said(parent, v, play) : cw_view_heard(parent, v, play);
}

/* ---- values ---- */

static int check_threshold_value(const json_t *conf, struct cw_why *why)
{
	const json_t *t = json_object_get(conf, "threshold"), *p = json_object_get(conf, "provider");

	if (t && (!json_is_number(t) || json_number_value(t) < 0 || json_number_value(t) > 1))
		return cw_why_set(why, EINVAL, "'threshold' must be a number from 0 to 1");
	if (p && !json_is_string(p))
		return cw_why_set(why, EINVAL, "'provider' must be a text, like openai:gpt-4o-mini");
	if (json_object_get(conf, "rubricPrompt") && !json_is_string(json_object_get(conf, "rubricPrompt")))
		return cw_why_set(why, EINVAL, "'rubricPrompt' must be a text");
	return 0;
}

static int needs_criterion(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_list(conf, why);

	return err ? err : check_threshold_value(conf, why);
}

static int check_model(const json_t *conf, struct cw_why *why)
{
	const char *provider = cw_json_str(conf, "provider", "openai:");
	int err = needs_criterion(conf, why);

	if (!err && strchr(provider, ':') && strncmp(provider, "openai:", 7) != 0)
		return cw_why_set(why, EINVAL, "unknown provider '%s': expected openai:MODEL", provider);
	return err;
}

static int check_similar(const json_t *conf, struct cw_why *why)
{
	const char *provider = cw_json_str(conf, "provider", "lexical");
	int err = needs_criterion(conf, why);

	if (!err && strcmp(provider, "lexical") != 0 && strcmp(provider, "openai") != 0 &&
		strncmp(provider, "openai:", 7) != 0)
		return cw_why_set(
			why, EINVAL, "unknown provider '%s': expected lexical, openai or openai:MODEL", provider);
	return err;
}

static int check_webhook(const json_t *conf, struct cw_why *why)
{
	const char *url = cw_json_str(conf, "value", "");

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return cw_why_set(why, EINVAL, "'value' must be the URL to ask, like http://127.0.0.1:9000/judge");
	return check_threshold_value(conf, why);
}

/* ---- deciding ---- */

static const struct cw_view_answer *answer_of(const struct cw_view *v, const struct cw_assert *a, size_t play)
{
	for (size_t i = 0; i < v->n_answers; i++)
		if (v->answers[i].of == a && v->answers[i].play == play)
			return &v->answers[i];
	return NULL;
}

static int run_asked(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const struct cw_view_answer *answer = answer_of(v, a, play);
	char *value = joined(parent, json_object_get(a->conf, "value"));

	if (!value)
		return ENOMEM;
	c->expected = *value ? value : "words that address what the caller said";
	if (!answer)
		return cw_check_error(parent, c, "nobody was asked");
	c->decided_by = answer->by;
	c->got = answer->got;
	if (!answer->decided)
		return cw_check_error(parent, c, "%s", answer->reason);
	c->status = answer->pass ? CW_CHECK_PASS : CW_CHECK_FAIL;
	c->score = answer->score;
	return cw_check_say(parent, &c->reason, "%s%s%s%s%s", answer->unsure ? "unsure, for a person to decide: " : "",
		answer->reason, answer->quote[0] ? " (\"" : "", answer->quote, answer->quote[0] ? "\")" : "");
}

/* The best likeness to one of the values, by the driver that needs no network. */
static int run_lexical(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value");
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	CW_SCOPED char *words = cw_check_agent_words(NULL, v, play);
	CW_SCOPED struct cw_embed *e = NULL;
	double best = -1, threshold = cw_check_judge_threshold(a);
	int err = words ? cw_embed_open(NULL, NULL, &(struct cw_embed_conf){.driver = "lexical"}, &e, NULL) : ENOMEM;

	for (size_t i = 0; !err && i < n; i++) {
		double score = 0;

		err = cw_embed_similarity(e, cw_str(words),
			cw_str(json_string_value(json_is_array(value) ? json_array_get(value, i) : value)), &score);
		best = score > best ? score : best;
	}
	if (!err)
		err = cw_check_say(parent, &c->expected, "as similar as %.2f to \"%s\"", threshold,
			json_is_string(value) ? json_string_value(value) : "one of the values");
	if (!err)
		err = cw_check_say(parent, &c->got, "%.3f: \"%.*s\"", best, SHOWN_MAX, words);
	c->decided_by = "lexical";
	c->score = best > 0 ? best : 0;
	c->status = best >= threshold ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return err;
}

static int run_similar(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	return cw_check_asks(a) == CW_ASKS_NOTHING ? run_lexical(parent, v, a, play, c)
						   : run_asked(parent, v, a, play, c);
}

#define MODEL_KIND(kind, text, par, check)                                                                       \
	{                                                                                                        \
		.name = kind, .about = text, .place = CW_CHECK_ANYWHERE, .keys = rubric_keys, .validate = check, \
		.run = run_asked, .param = par, .needs = CW_NEEDS_ANSWER                                         \
	}

const struct cw_check_kind cw_checks_judge[] = {
	MODEL_KIND("llm-rubric", "a language model finds the criterion met", "rubric", check_model),
	MODEL_KIND("g-eval", "llm-rubric under promptfoo's other name", "rubric", check_model),
	MODEL_KIND("model-graded-closedqa", "a language model finds that the answer meets the criterion", "closedqa",
		check_model),
	MODEL_KIND("factuality", "what the agent states agrees with the reference", "factuality", check_model),
	MODEL_KIND("answer-relevance", "the agent's words address what the caller said", "relevance",
		check_threshold_value),
	{.name = "similar",
		.about = "like one of the values: cosine of embeddings at or above the threshold (0.75)",
		.place = CW_CHECK_ANYWHERE,
		.keys = similar_keys,
		.validate = check_similar,
		.run = run_similar,
		.needs = CW_NEEDS_ANSWER},
	{.name = "webhook",
		.about = "the URL, asked with the agent's words, answers {pass, score, reason}",
		.place = CW_CHECK_ANYWHERE,
		.keys = webhook_keys,
		.validate = check_webhook,
		.run = run_asked,
		.needs = CW_NEEDS_ANSWER},
	{.name = NULL},
};
