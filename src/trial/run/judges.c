#include "trial/run/judges.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "trial/judge/calibrate.h"
#include "trial/judge/rubric.h"

#define FILE_MAX_BYTES (16u << 20)
#define UNSURE_MAX     100

/* ---- checks ---- */

static bool needs_judge(const json_t *check)
{
	static const char *const types[] = {
		"llm-rubric", "g-eval", "model-graded-closedqa", "factuality", "answer-relevance", "webhook"};
	const char *by = cw_json_str(check, "decided_by", ""), *type = cw_json_str(check, "type", "");

	if (cw_str_starts(cw_str(by), "openai:"))
		return true;
	if (!strncmp(type, "not-", 4))
		type += 4;
	for (size_t i = 0; i < CW_COUNT(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static void add_checks(struct cw_judged *c, const json_t *checks)
{
	json_t *check;
	size_t i;

	json_array_foreach (checks, i, check) {
		const char *status = cw_json_str(check, "status", "");

		add_checks(c, json_object_get(check, "members"));
		if (!needs_judge(check))
			continue;
		c->pass += !strcmp(status, "pass");
		c->fail += !strcmp(status, "fail");
		c->error += !strcmp(status, "error");
	}
}

void cw_judged_add(struct cw_judged *c, const json_t *result)
{
	add_checks(c, json_object_get(result, "checks"));
}

/* ---- who judges ---- */

static json_t *calibration_json(const struct cw_scenario *s, const char *hash)
{
	static const char *const names[] = {"accuracy", "kappa", "sensitivity", "specificity"};
	const char *slash = strrchr(s->file, '/'), *labels = s->judge.calibration;
	CW_SCOPED char *full = NULL, *path = NULL;
	CW_JSON_SCOPED json_t *j = NULL;
	json_t *o;

	if (!labels)
		return json_null();
	full = *labels == '/' || !slash ? talloc_strdup(NULL, labels)
					: talloc_asprintf(NULL, "%.*s/%s", (int)(slash - s->file), s->file, labels);
	path = full ? cw_calibration_path(NULL, full) : NULL;
	if (!path || cw_json_load(path, FILE_MAX_BYTES, &j, NULL))
		return json_null();
	o = json_pack("{s:s, s:I, s:b}", "path", path, "n", (json_int_t)cw_json_int(j, "n", 0), "same_judge",
		!strcmp(cw_json_str(j, "judge_hash", ""), hash));
	for (size_t i = 0; o && i < CW_COUNT(names); i++)
		if (json_object_set(o, names[i], json_object_get(j, names[i]) ?: json_null())) {
			json_decref(o);
			return NULL;
		}
	return o;
}

static json_t *judge_json(const struct cw_scenario *s, const struct cw_trial_conf *trial)
{
	CW_SCOPED struct cw_judge_settings *settings = NULL;
	char hash[65] = "";

	if (cw_judge_settings_new(NULL, &s->judge, trial, NULL, &settings) ||
		(settings->model && cw_rubric_hash(settings->model, hash)))
		return NULL;
	return json_pack("{s:s, s:s?, s:s, s:s?, s:I, s:o, s:o}", "file", s->file, "model",
		settings->spec ? settings->model : NULL, "hash", hash, "missing",
		settings->spec ? NULL : settings->missing, "confirm", (json_int_t)settings->confirm, "min_kappa",
		s->judge.min_kappa > -1 ? json_real(s->judge.min_kappa) : json_null(), "calibration",
		calibration_json(s, hash));
}

static json_t *judges_json(const struct cw_plan *plan, const struct cw_trial_conf *trial)
{
	json_t *list = json_array();

	for (size_t i = 0; list && plan && i < plan->n_scenarios; i++) {
		if (json_array_append_new(list, judge_json(plan->scenarios[i], trial))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- the queue ---- */

/* A call that was judged again stands in it once more: the later line counts. */
static int note_unsure(json_t *list, const json_t *line)
{
	static const char *const names[] = {"id", "rubric", "judge", "score", "belief", "reason", "quote", "by"};
	CW_JSON_SCOPED json_t *o = json_object();
	json_t *old;
	size_t i;

	for (size_t k = 0; o && k < CW_COUNT(names); k++)
		if (json_object_get(line, names[k]) && json_object_set(o, names[k], json_object_get(line, names[k])))
			return ENOMEM;
	if (!o)
		return ENOMEM;
	json_array_foreach (list, i, old)
		if (!strcmp(cw_json_str(old, "id", ""), cw_json_str(o, "id", "")))
			return json_array_set(list, i, o) ? ENOMEM : 0;
	return json_array_size(list) < UNSURE_MAX && json_array_append(list, o) ? ENOMEM : 0;
}

static json_t *unsure_json(const char *dir)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/review.jsonl", dir ? dir : ".");
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(FILE_MAX_BYTES);
	json_t *list = json_array();
	struct cw_str rest, line;

	if (!list || !dir || !path || cw_file_read(path, FILE_MAX_BYTES, &text, NULL))
		return list;
	rest = cw_buf_str(&text);
	while (cw_str_split(&rest, '\n', &line)) {
		CW_JSON_SCOPED json_t *j = json_loadb(line.p, line.len, 0, NULL);

		if (j && note_unsure(list, j)) { /* what is no JSON was torn by a kill */
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *cw_judged_json(
	const struct cw_judged *c, const struct cw_plan *plan, const struct cw_trial_conf *trial, const char *dir)
{
	if (!c->pass && !c->fail && !c->error)
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "pass", (json_int_t)c->pass, "fail", (json_int_t)c->fail, "error",
		(json_int_t)c->error, "judges", judges_json(plan, trial), "unsure", unsure_json(dir));
}
