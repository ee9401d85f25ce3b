#include "trial/perf/setup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "audio/effect.h"
#include "base/id.h"
#include "base/mem.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "store/db.h"
#include "trial/execute/babble.h"
#include "trial/execute/target.h"
#include "world/world.h"

#define ID_CHARS 8

static int check_targets(const struct cw_plan *plan, const struct cw_trial_conf *trial, struct cw_why *why)
{
	const char *before = "";

	for (size_t i = 0; i < plan->n; i++) {
		int err = strcmp(plan->items[i].target, before)
				  ? cw_target_check(plan->items[i].target, trial->sim, why)
				  : 0;

		if (err)
			return err;
		before = plan->items[i].target;
	}
	return 0;
}

static int try_voice(struct cw_world *w, const char *voice, const char *language, struct cw_why *why)
{
	struct cw_tts *tts = NULL;
	int err = voice ? cw_tts_open(w, w, &(struct cw_tts_conf){.voice = voice, .language = language}, &tts, why) : 0;

	(void)talloc_free(tts);
	return err;
}

static int try_recogniser(struct cw_world *w, const char *engine, const char *language, struct cw_why *why)
{
	static const struct cw_stt_events unheard;
	const struct cw_stt_conf conf = {.engine = engine, .language = language, .rate_hz = 8000};
	struct cw_stt *stt = NULL;
	int err = engine ? cw_stt_open(w, w, &conf, &unheard, NULL, &stt, why) : 0;

	(void)talloc_free(stt);
	return err;
}

/* An engine nobody knows is a mistake of whoever gave it, not a call that failed. */
static int check_engines(struct cw_world *w, const struct cw_plan *plan, struct cw_why *why)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->n; i++) {
		const struct cw_plan_item *it = &plan->items[i], *before = i ? it - 1 : NULL;

		if (before && !strcmp(it->voice, before->voice) && !strcmp(it->ear, before->ear) &&
			!strcmp(it->language, before->language))
			continue; /* the agent's are the same for the whole plan */
		err = try_voice(w, it->voice, it->language, why);
		if (!err)
			err = try_recogniser(w, it->ear, it->language, why);
		if (!err)
			err = try_voice(w, it->agent_voice, it->language, why);
		if (!err)
			err = try_recogniser(w, it->agent_stt, it->language, why);
	}
	return err;
}

int cw_perf_check(struct cw_world *w, const struct cw_plan *plan, const struct cw_trial_conf *trial, struct cw_why *why)
{
	int err = check_targets(plan, trial, why);

	return err ? err : check_engines(w, plan, why);
}

static bool has_babble(const char *channel)
{
	struct cw_effect_conf c;

	return !cw_profile_find(channel, &c, NULL) && c.noise && !strcmp(c.noise, "babble");
}

static int render_babble(struct cw_perf_setup *s, struct cw_world *w, const struct cw_plan *plan, struct cw_why *why)
{
	for (size_t i = 0; i < plan->n; i++)
		if (has_babble(plan->items[i].channel))
			return cw_babble_render(s, w, &s->babble, &s->n_babble, why);
	return 0;
}

static int make_template(struct cw_perf_setup *s, const struct cw_plan *plan, struct cw_why *why)
{
	struct cw_db *db = NULL;
	bool wanted = false;

	for (size_t i = 0; !wanted && i < plan->n; i++)
		wanted = !strncmp(plan->items[i].target, "agent:", 6);
	if (!wanted)
		return 0;
	s->db_template = talloc_asprintf(s, "%s/template.db", s->run_dir);
	if (!s->db_template)
		return ENOMEM;

	int err = cw_db_open(NULL, s->db_template, &db, why);

	(void)talloc_free(db);
	return err;
}

static int setup_end(struct cw_perf_setup *s)
{
	if (s->db_template)
		(void)unlink(s->db_template); /* made anew by the next run */
	return 0;
}

int cw_perf_setup_new(void *parent, struct cw_world *w, const struct cw_plan *plan, const struct cw_trial_conf *trial,
	const char *out_dir, const char *kind, struct cw_perf_setup **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_perf_setup *s = talloc_zero(NULL, struct cw_perf_setup);
	char id[CW_ID_LEN + 1];
	int err;

	if (!s)
		return ENOMEM;
	talloc_set_destructor(s, setup_end);
	err = cw_perf_check(w, plan, trial, why);
	if (!err)
		err = render_babble(s, w, plan, why);
	if (err)
		return err;
	cw_id_make(cw_wall(w), cw_rng(w), id);
	err = cw_rundir_new(s, out_dir, cw_wall(w), id + CW_ID_LEN - ID_CHARS, &s->dir, why);
	if (err)
		return err;
	s->run_dir = cw_rundir_path(s->dir);
	err = cw_rundir_describe(s->dir,
		json_pack("{s:s, s:s, s:s, s:I, s:o}", "id", id, "kind", kind, "version", CW_VERSION, "executions",
			(json_int_t)plan->n, "configuration", cw_trial_conf_json(trial)),
		why);
	if (!err)
		err = make_template(s, plan, why);
	if (!err)
		*ret = talloc_move(parent, &s);
	return err;
}
