#include "trial/report/baseline.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "trial/report/baseline_int.h"

#define FILE_MAX   (256u << 20)
#define VALUES_MAX 200000

static int baseline_end(struct cw_baseline *b)
{
	json_decref(b->j);
	return 0;
}

static json_t *values_json(const struct cw_values *x)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < x->n && i < VALUES_MAX; i++)
		if (json_array_append_new(list, json_real(x->v[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *cells_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_cells; i++) {
		const struct cw_cell *c = &t->cells[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s*, s:{s:s, s:s, s:s}, s:s, s:o}", "file", c->file, "test",
					  c->test, "target_name", c->target[0] ? c->target : NULL, "slice", "language",
					  c->language, "voice", c->voice, "channel", c->channel, "verdicts",
					  c->verdicts, "response_ms", values_json(&c->response)))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *baseline_json(const json_t *run, const struct cw_tally *t, const char *made)
{
	json_t *conf = json_object_get(run, "configuration");

	return json_pack("{s:i, s:s, s:s, s:s, s:s?, s:b, s:O?, s:o}", "callwright_baseline", 1, "run",
		cw_json_str(run, "id", ""), "created", cw_json_str(run, "created", ""), "made", made, "target",
		cw_json_str(conf, "target", cw_json_str(conf, "first_target", NULL)), "sim",
		cw_json_bool(conf, "sim", false), "files", json_object_get(run, "files"), "cells", cells_json(t));
}

int cw_baseline_save(const char *path, const json_t *run, const struct cw_tally *t, int64_t wall_us, struct cw_why *why)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm tm;
	char made[32];

	(void)strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm)); /* fits */

	CW_JSON_SCOPED json_t *j = baseline_json(run, t, made);

	return j ? cw_json_save(path, j, false, why) : ENOMEM;
}

/* ---- reading one ---- */

static int read_run(struct cw_baseline *b, const char *dir, struct cw_why *why)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	CW_JSON_SCOPED json_t *run = NULL;
	struct cw_results *results;
	struct cw_tally *t;
	char path[4096];
	int err = scratch ? 0 : ENOMEM;

	(void)snprintf(path, sizeof(path), "%s/run.json", dir); /* a path that does not fit fails to open */
	if (!err)
		err = cw_json_load(path, FILE_MAX, &run, why);
	(void)snprintf(path, sizeof(path), "%s/results.jsonl", dir); /* as above */
	if (!err)
		err = cw_results_open(scratch, path, &results, NULL, why);
	if (!err)
		err = cw_tally_new(scratch, results, NULL, NULL, &t);
	if (err)
		return err;
	b->j = baseline_json(run, t, "");
	return b->j ? 0 : ENOMEM;
}

int cw_baseline_open(void *parent, const char *path, struct cw_baseline **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_baseline *b = talloc_zero(NULL, struct cw_baseline);
	struct stat st;
	int err;

	if (!b)
		return ENOMEM;
	talloc_set_destructor(b, baseline_end);
	if (stat(path, &st))
		return cw_why_set(why, errno, "baseline %s: %s", path, strerror(errno));
	err = S_ISDIR(st.st_mode) ? read_run(b, path, why) : cw_json_load(path, FILE_MAX, &b->j, why);
	if (err)
		return err;
	if (!json_is_array(json_object_get(b->j, "cells")))
		return cw_why_set(why, EBADMSG,
			"%s is no baseline: give a run's folder, its summary.json, or what 'callwright report baseline RUN -o FILE' writes",
			path);
	*ret = talloc_move(parent, &b);
	return 0;
}

/* ---- what is known of a cell of the baseline ---- */

struct cw_before cw_baseline_cell(const json_t *cell)
{
	const char *letters = cw_json_str(cell, "verdicts", "");
	struct cw_before x = {.letters = letters, .response = json_object_get(cell, "response_ms")};

	for (const char *p = letters; *p; p++) {
		x.pass += *p == 'P';
		x.fail += *p == 'F';
	}
	return x;
}

static bool same(const json_t *cell, const struct cw_cell *c)
{
	const json_t *s = json_object_get(cell, "slice");

	return !strcmp(cw_json_str(cell, "test", ""), c->test) && !strcmp(cw_json_str(cell, "file", ""), c->file) &&
	       !strcmp(cw_json_str(s, "language", ""), c->language) && !strcmp(cw_json_str(s, "voice", ""), c->voice) &&
	       !strcmp(cw_json_str(s, "channel", ""), c->channel) &&
	       !strcmp(cw_json_str(cell, "target_name", ""), c->target);
}

/* Usually in the same order: looked for from where the last one was found. */
json_t *cw_baseline_find(const struct cw_baseline *b, const struct cw_cell *c, size_t *hint)
{
	json_t *cells = json_object_get(b->j, "cells");
	size_t n = json_array_size(cells);

	for (size_t k = 0; k < n; k++) {
		size_t i = (*hint + k) % n;

		if (same(json_array_get(cells, i), c)) {
			*hint = i + 1;
			return json_array_get(cells, i);
		}
	}
	return NULL;
}
