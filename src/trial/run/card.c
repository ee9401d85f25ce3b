#include "trial/run/card.h"

#include <errno.h>

#include "base/mem.h"
#include "trial/judge/functional.h"
#include "trial/report/sound.h"
#include "trial/report/targets.h"
#include "trial/run/judges.h"

struct sums {
	struct cw_card *card;
	struct cw_targets *targets;
	struct cw_sounds *sounds;
	struct cw_judged judged;
	json_int_t prompt, completion;
	bool told; /* tokens */
};

static int add_line(struct sums *s, const json_t *line)
{
	const json_t *tokens = json_object_get(line, "tokens");
	int err = cw_targets_add(s->targets, line);

	cw_card_add(s->card, line);
	cw_judged_add(&s->judged, line);
	s->told = s->told || tokens;
	s->prompt += (json_int_t)cw_json_int(tokens, "prompt", 0);
	s->completion += (json_int_t)cw_json_int(tokens, "completion", 0);
	return err ? err : cw_sounds_add(s->sounds, line);
}

static int read_lines(struct sums *s, const struct cw_results *results)
{
	int err = 0;

	for (size_t i = 0; !err && i < cw_results_count(results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(results, i);

		err = line ? add_line(s, line) : EIO;
	}
	return err;
}

/* @j is taken; an empty list says nothing. */
static int put_list(json_t *run, const char *name, json_t *j)
{
	int err = !j || (json_array_size(j) && json_object_set(run, name, j)) ? ENOMEM : 0;

	json_decref(j);
	return err;
}

static int put_card(const struct sums *s, json_t *run)
{
	CW_JSON_SCOPED json_t *all = cw_card_json(s->card);

	if (!all)
		return ENOMEM;
	if (cw_json_num(json_object_get(all, "functional"), "overall_of", 0) <= 0)
		(void)json_object_del(all, "functional"); /* nothing was measured */
	return json_object_update(run, all) ? ENOMEM : 0;
}

static int put_all(struct sums *s, json_t *run)
{
	int err = put_card(s, run);

	if (!err)
		err = put_list(run, "targets", cw_targets_json(s->targets));
	if (!err)
		err = put_list(run, "sound", cw_sounds_json(s->sounds));
	if (!err && s->told)
		err = json_object_set_new(
			      run, "tokens", json_pack("{s:I, s:I}", "prompt", s->prompt, "completion", s->completion))
			      ? ENOMEM
			      : 0;
	return err;
}

int cw_run_card(const struct cw_results *results, const struct cw_plan *plan, const struct cw_trial_conf *trial,
	const char *dir, json_t *run)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct sums s = {0};
	json_t *judged;
	int err = scratch ? cw_card_new(scratch, &s.card) : ENOMEM;

	if (!err)
		err = cw_targets_new(scratch, &s.targets);
	if (!err)
		err = cw_sounds_new(scratch, &s.sounds);
	if (!err)
		err = read_lines(&s, results);
	if (!err)
		err = put_all(&s, run);
	if (err)
		return err;
	judged = cw_judged_json(&s.judged, plan, trial, dir);
	return judged && json_object_set_new(run, "judged", judged) ? ENOMEM : 0;
}
