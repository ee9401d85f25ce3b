#include "trial/run/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/rng.h"
#include "trial/report/tally.h"

#define SUMMARY_MAX (256u << 20)

bool cw_select_any(const struct cw_select *s)
{
	return s->failing || s->shards || s->sample;
}

static uint64_t mix(uint64_t h, const char *text)
{
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t cell_hash(const char *test, const char *language, const char *voice, const char *channel)
{
	return mix(mix(mix(mix(0xcbf29ce484222325u, test), language), voice), channel);
}

static uint64_t item_cell(const struct cw_plan_item *it)
{
	return cell_hash(it->test->id, it->language, it->voice, it->channel);
}

/* ---- what failed ---- */

struct cells {
	uint64_t *hash;
	size_t n;
};

static int add_cell(void *parent, struct cells *c, uint64_t hash)
{
	uint64_t *grown = talloc_realloc(parent, c->hash, uint64_t, c->n + 1);

	if (!grown)
		return ENOMEM;
	c->hash = grown;
	grown[c->n++] = hash;
	return 0;
}

static int cells_of_summary(void *parent, const char *path, struct cells *ret, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *j = NULL;
	json_t *list, *c;
	size_t i;
	int err = cw_json_load(path, SUMMARY_MAX, &j, why);

	if (err)
		return err;
	list = json_object_get(j, "cells");
	if (!json_is_array(list))
		return cw_why_set(why, EBADMSG,
			"--filter-failing %s: give a summary.json, a results.jsonl or the folder of a run", path);
	json_array_foreach (list, i, c) {
		const json_t *s = json_object_get(c, "slice");

		if (strcmp(cw_json_str(c, "verdict", ""), "PASS"))
			err = add_cell(parent, ret,
				cell_hash(cw_json_str(c, "test", ""), cw_json_str(s, "language", ""),
					cw_json_str(s, "voice", ""), cw_json_str(s, "channel", "")));
		if (err)
			return err;
	}
	return 0;
}

static int cells_of_results(void *parent, const char *path, struct cells *ret, struct cw_why *why)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_results *results;
	struct cw_tally *t;
	int err = scratch ? cw_results_open(scratch, path, &results, NULL, why) : ENOMEM;

	if (!err)
		err = cw_tally_new(scratch, results, NULL, NULL, &t);
	for (size_t i = 0; !err && i < t->n_cells; i++) {
		const struct cw_cell *c = &t->cells[i];

		if (strcmp(cw_cell_verdict(c), "PASS"))
			err = add_cell(parent, ret, cell_hash(c->test, c->language, c->voice, c->channel));
	}
	return err;
}

static int read_failing(void *parent, const char *path, struct cells *ret, struct cw_why *why)
{
	size_t len = strlen(path);
	struct stat st;

	if (stat(path, &st))
		return cw_why_set(why, errno, "--filter-failing %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		CW_SCOPED char *inside = talloc_asprintf(NULL, "%s/results.jsonl", path);

		return inside ? cells_of_results(parent, inside, ret, why) : ENOMEM;
	}
	if (len > 6 && !strcmp(path + len - 6, ".jsonl"))
		return cells_of_results(parent, path, ret, why);
	return cells_of_summary(parent, path, ret, why);
}

static int keep_failing(const char *path, struct cw_plan *p, struct cw_why *why)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cells c = {0};
	size_t n = 0;
	int err = scratch ? read_failing(scratch, path, &c, why) : ENOMEM;

	if (err)
		return err;
	for (size_t i = 0; i < p->n; i++) {
		uint64_t hash = item_cell(&p->items[i]);
		bool found = false;

		for (size_t k = 0; !found && k < c.n; k++)
			found = c.hash[k] == hash;
		if (found)
			p->items[n++] = p->items[i];
	}
	p->n = n;
	return 0;
}

/* ---- shard, sample ---- */

static void keep_shard(const struct cw_select *s, struct cw_plan *p)
{
	size_t n = 0, cell = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct cw_plan_item it = p->items[i];

		if (i && it.repeat == 1)
			cell++;
		if (cell % s->shards == s->shard - 1)
			p->items[n++] = it;
	}
	p->n = n;
}

/* Knuth's selection sampling: in order, each set of that size equally likely. */
static void keep_sample(unsigned sample, uint64_t seed, struct cw_plan *p)
{
	struct cw_rng rng;
	size_t n = 0, need = sample, left = p->n;

	cw_rng_init(&rng, seed);
	for (size_t i = 0; i < p->n; i++, left--) {
		if (cw_rng_below(&rng, (uint32_t)left) >= need)
			continue;
		p->items[n++] = p->items[i];
		need--;
	}
	p->n = n;
}

int cw_select_apply(
	const struct cw_select *s, const struct cw_trial_conf *conf, struct cw_plan *plan, struct cw_why *why)
{
	int err = s->failing ? keep_failing(s->failing, plan, why) : 0;

	if (err)
		return err;
	if (s->shards)
		keep_shard(s, plan);
	if (s->sample && s->sample < plan->n)
		keep_sample(s->sample, conf->seed, plan);
	for (size_t i = 0; cw_select_any(s) && i < plan->n; i++)
		plan->hash = mix(plan->hash, plan->items[i].key);
	return 0;
}

/* ---- run.json ---- */

json_t *cw_select_json(const struct cw_select *s)
{
	return json_pack("{s:s*, s:I, s:I, s:I}", "failing", s->failing, "shard", (json_int_t)s->shard, "shards",
		(json_int_t)s->shards, "sample", (json_int_t)s->sample);
}

int cw_select_parse(void *parent, const json_t *j, struct cw_select *ret)
{
	const char *failing = cw_json_str(j, "failing", NULL);

	*ret = (struct cw_select){.shard = (unsigned)cw_json_int(j, "shard", 0),
		.shards = (unsigned)cw_json_int(j, "shards", 0),
		.sample = (unsigned)cw_json_int(j, "sample", 0)};
	if (!failing)
		return 0;
	ret->failing = talloc_strdup(parent, failing);
	return ret->failing ? 0 : ENOMEM;
}
