/* What must be there before the first call: targets, engines, a crowd, an empty database; and what run.json says. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "audio/effect.h"
#include "base/id.h"
#include "base/mem.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "store/db.h"
#include "trial/execute/babble.h"
#include "trial/execute/target.h"
#include "trial/run/run_int.h"

/* ---- run.json ---- */

static json_t *files_json(const struct cw_plan *p)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->n_scenarios; i++) {
		char hash[24];

		(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)p->scenarios[i]->hash); /* fits */
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "path", p->scenarios[i]->file, "hash", hash)))
			break;
	}
	return list;
}

static json_t *host_json(const struct cw_run *r)
{
	struct utsname u;

	if (uname(&u))
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:I, s:o*}", "system", u.sysname, "release", u.release, "machine", u.machine,
		"processors", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "clock", cw_run_clock_json(r));
}

static void created(const struct cw_run *r, char out[32])
{
	time_t now = (time_t)(cw_wall(r->world) / 1000000);
	struct tm tm;

	/* what a simulation leaves must not depend on when it ran: its own clock begins here (world/sim.h) */
	(void)snprintf(out, 32, "2026-03-02T09:00:00Z");
	if (!r->trial.sim)
		(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm)); /* fits */
}

static void make_id(struct cw_run *r, char id[CW_ID_LEN + 1])
{
	if (r->trial.sim)
		(void)snprintf(id, CW_ID_LEN + 1, "sim-%016llx", (unsigned long long)r->plan->hash); /* fits */
	else
		cw_id_make(cw_wall(r->world), cw_rng(r->world), id);
}

json_t *cw_run_describe(struct cw_run *r)
{
	const struct cw_plan_item *first = &r->plan->items[0];
	char id[CW_ID_LEN + 1], hash[24], time[32];
	json_t *configuration = cw_trial_conf_json(&r->trial);

	make_id(r, id);
	created(r, time);
	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->plan->hash); /* fits */
	if (configuration && !r->trial.target)
		(void)json_object_set_new(
			configuration, "first_target", json_string(first->target)); /* for reports only */
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o*, s:o, s:o}", "id", id, "created", time, "version",
		CW_VERSION, "plan_hash", hash, "executions", (json_int_t)r->plan->n, "concurrent", (json_int_t)r->jobs,
		"configuration", configuration, "select", cw_select_any(&r->select) ? cw_select_json(&r->select) : NULL,
		"files", files_json(r->plan), "host", r->trial.sim ? json_null() : host_json(r));
}

/* ---- targets and channels ---- */

static bool names_babble(const char *channel)
{
	struct cw_effect_conf c;

	return !cw_profile_find(channel, &c, NULL) && c.noise && !strcmp(c.noise, "babble");
}

static int render_babble(struct cw_run *r)
{
	bool wanted = false;

	for (size_t i = 0; !wanted && i < r->plan->n; i++)
		wanted = names_babble(r->plan->items[i].channel);
	return wanted ? cw_babble_render(r, r->world, &r->babble, &r->n_babble, r->why) : 0;
}

int cw_run_check_targets(const struct cw_run *r)
{
	for (size_t i = 0; i < r->plan->n; i++) {
		const char *target = r->plan->items[i].target;
		bool seen = false;

		for (size_t k = i; k-- > 0 && !seen;)
			seen = r->plan->items[k].target == target || !strcmp(r->plan->items[k].target, target);
		if (seen)
			continue;

		int err = cw_target_check(target, r->trial.sim, r->why);

		if (err)
			return err;
	}
	return 0;
}

/* ---- engines: a name nobody knows is a mistake of whoever gave it, not a call that failed ---- */

static int try_voice(struct cw_run *r, const char *voice, const char *language)
{
	struct cw_tts *tts = NULL;

	if (!voice)
		return 0;

	int err = cw_tts_open(
		r->live, r->world, &(struct cw_tts_conf){.voice = voice, .language = language}, &tts, r->why);

	(void)talloc_free(tts);
	return err;
}

static int try_recogniser(struct cw_run *r, const char *engine, const char *language)
{
	static const struct cw_stt_events unheard;
	const struct cw_stt_conf conf = {.engine = engine, .language = language, .rate_hz = 8000};
	struct cw_stt *stt = NULL;

	if (!engine)
		return 0;

	int err = cw_stt_open(r->live, r->world, &conf, &unheard, NULL, &stt, r->why);

	(void)talloc_free(stt);
	return err;
}

static bool same_engines(const struct cw_plan_item *a, const struct cw_plan_item *b)
{
	return !strcmp(a->voice, b->voice) && !strcmp(a->ear, b->ear) && !strcmp(a->language, b->language);
}

/* The agent's engines are the same for the whole run when they are given at all. */
static int check_engines(struct cw_run *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->plan->n; i++) {
		const struct cw_plan_item *it = &r->plan->items[i];

		if (cw_target_chat(it->target) || (i && same_engines(it, it - 1)))
			continue;
		err = try_voice(r, it->voice, it->language);
		if (!err)
			err = try_recogniser(r, it->ear, it->language);
		if (!err)
			err = try_voice(r, it->agent_voice, it->language);
		if (!err)
			err = try_recogniser(r, it->agent_stt, it->language);
	}
	return err;
}

/* Every in-process agent gets a database of its own, copied from one that was migrated once. */
int cw_run_make_template(struct cw_run *r)
{
	struct cw_db *db = NULL;
	bool wanted = false;

	for (size_t i = 0; !wanted && i < r->plan->n; i++)
		wanted = cw_str_starts(cw_str(r->plan->items[i].target), "agent:");
	if (!wanted)
		return 0;
	r->db_template = talloc_asprintf(r, "%s/template.db", cw_rundir_path(r->dir));
	if (!r->db_template)
		return ENOMEM;

	int err = cw_db_open(NULL, r->db_template, &db, r->why);

	(void)talloc_free(db);
	return err;
}

int cw_run_prepare(struct cw_run *r)
{
	int err = check_engines(r);

	if (!err)
		err = render_babble(r);
	if (!err)
		cw_run_measure_clock(r);
	return err;
}
