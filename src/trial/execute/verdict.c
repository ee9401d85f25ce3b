#include "trial/execute/verdict.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "audio/wav.h"
#include "store/db.h"
#include "trial/execute/ask.h"
#include "trial/execute/barge.h"
#include "trial/execute/extras.h"
#include "trial/execute/stages.h"
#include "trial/execute/target.h"
#include "trial/execute/validity.h"
#include "trial/view/measure.h"
#include "trial/view/view_int.h"

#define CHECKS_MAX   2000
#define RECORD_MAX_S 10800
#define SILENCE_MAX_MS \
	7500.0 /* under faults: an agent that owes words is never silent for longer (fallback at 6 s, and its onset) */

struct judgement {
	const struct cw_call_record *record;
	struct cw_view *view;
	struct cw_check *checks;
	size_t n_checks;
	double weight, passed;
	enum cw_verdict verdict;
	bool unreachable;
	const char *reason;
	json_t *skipped; /* assertions meant for another kind of target */
	json_t *broken;  /* promises broken under faults */
	json_t *stages;  /* to whom failures are charged, or NULL */
};

/* ---- assertions of a test ---- */

static int each(const struct cw_expect *e, cw_assert_fn *fn, void *arg)
{
	for (size_t i = 0; i < e->n; i++) {
		int err = cw_assert_each(&e->asserts[i], fn, arg);

		if (err)
			return err;
	}
	return 0;
}

int cw_judge_each_assert(const struct cw_test *t, cw_assert_fn *fn, void *arg)
{
	int err = each(&t->asserts, fn, arg);

	for (size_t i = 0; !err && i < t->script.n_steps; i++)
		err = each(&t->step_expect[i], fn, arg);
	for (size_t i = 0; !err && i < t->script.n_answers; i++)
		err = each(&t->answer_expect[i], fn, arg);
	return err;
}

/* ---- the view ---- */

/* Both channels of the recording as two arrays. */
static int load_pcm(void *parent, const char *path, int16_t *pcm[2], size_t *n)
{
	CW_SCOPED struct cw_wav_reader *r = NULL;
	int err = cw_wav_open(NULL, path, &r, NULL);

	if (err)
		return err;
	if (cw_wav_format(r)->channels != 2 || cw_wav_format(r)->rate_hz != 8000 ||
		cw_wav_frames(r) > (uint64_t)RECORD_MAX_S * 8000)
		return EBADMSG;

	size_t frames = (size_t)cw_wav_frames(r), got = 0;
	int16_t block[2 * 4096];

	pcm[0] = talloc_array(parent, int16_t, frames + 1);
	pcm[1] = talloc_array(parent, int16_t, frames + 1);
	if (!pcm[0] || !pcm[1])
		return ENOMEM;
	for (*n = 0; *n < frames; *n += got) {
		err = cw_wav_read(r, block, CW_COUNT(block) / 2, &got);
		if (err || !got)
			break;
		for (size_t i = 0; i < got && *n + i < frames; i++) {
			pcm[0][*n + i] = block[2 * i];
			pcm[1][*n + i] = block[2 * i + 1];
		}
	}
	return err;
}

static int open_view(struct judgement *j)
{
	const struct cw_call_record *r = j->record;
	int16_t *pcm[2] = {NULL, NULL};
	size_t n = 0;
	/* with faults the recorder itself may have been hit: then the timeline is the better witness */
	bool chat = cw_target_chat(r->item->target) != NULL;
	bool recorded = !chat && r->trial->record != CW_RECORD_NONE && r->wav_path && r->trial->faults <= 0;

	if (recorded && load_pcm(j, r->wav_path, pcm, &n)) /* measures of sound read it later */
		pcm[0] = pcm[1] = NULL;

	const struct cw_view_conf vc = {
		.caller = r->caller,
		.agent = r->agent,
		.pcm = {pcm[0], pcm[1]},
		.n_samples = n,
		.script = &r->script,
		.end_reason = r->end_reason,
		.end_detail = r->end_detail,
		.end_us = r->end_us,
		.db_path = r->db_path,
		.probes = r->probes,
		.n_probes = r->n_probes,
		.chat = chat,
	};

	return cw_view_new(j, &vc, &j->view);
}

/* ---- running the checks ---- */

static struct cw_check *next_check(struct judgement *j)
{
	return j->n_checks < CHECKS_MAX ? &j->checks[j->n_checks] : NULL;
}

static void count_check(struct judgement *j)
{
	const struct cw_check *c = &j->checks[j->n_checks++];

	j->weight += c->of->weight;
	j->passed += c->of->weight * c->score;
}

/* Is the assertion meant for another kind of target? Then it is named among the skipped ones. */
static bool skip(struct judgement *j, const struct cw_assert *a)
{
	const char *target = j->record->item->target;
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(300);

	if (!a->only || (cw_str_starts(cw_str(target), a->only) && target[strlen(a->only)] == ':'))
		return false;
	cw_buf_fmt(&text, "%s in line %u: only for %s targets", a->name, a->line, a->only);
	(void)json_array_append_new(
		j->skipped, json_string(cw_buf_err(&text) ? a->name : text.p)); /* out of memory: not named */
	return true;
}

static int run_all(struct judgement *j, const struct cw_expect *e, size_t play)
{
	for (size_t i = 0; i < e->n; i++) {
		if (skip(j, &e->asserts[i]))
			continue;

		struct cw_check *c = next_check(j);
		int err = c ? cw_check_run(j, j->view, &e->asserts[i], play, c) : 0;

		if (err)
			return err;
		if (c)
			count_check(j);
	}
	return 0;
}

const struct cw_expect *cw_expect_of(const struct cw_test *t, const struct cw_play *p)
{
	static const struct cw_expect none;

	if (!strcmp(p->kind, "turn") && p->index < t->script.n_steps)
		return &t->step_expect[p->index];
	if (!strcmp(p->kind, "answer") && p->index < t->script.n_answers)
		return &t->answer_expect[p->index];
	return &none;
}

static bool was_played(const struct cw_view *v, size_t step)
{
	for (size_t i = 0; i < v->n_plays; i++)
		if (!strcmp(v->plays[i].kind, "turn") && v->plays[i].index == step)
			return true;
	return false;
}

/* What was to be checked after a turn that never came cannot have held. */
static int fail_unreached(struct judgement *j, size_t step)
{
	const struct cw_expect *e = &j->record->item->test->step_expect[step];

	for (size_t i = 0; i < e->n; i++) {
		struct cw_check *c = skip(j, &e->asserts[i]) ? NULL : next_check(j);

		if (!c)
			continue;
		*c = (struct cw_check){.of = &e->asserts[i],
			.status = CW_CHECK_FAIL,
			.play = CW_PLAY_NONE,
			.expected = "",
			.got = "",
			.decided_by = "",
			.at_us = (int64_t)j->view->end_us};
		c->reason = talloc_asprintf(j, "turn %zu was never reached", step + 1);
		if (!c->reason)
			return ENOMEM;
		count_check(j);
	}
	return 0;
}

static int run_checks(struct judgement *j)
{
	const struct cw_test *t = j->record->item->test;
	int err = 0;

	j->checks = talloc_zero_array(j, struct cw_check, CHECKS_MAX);
	j->skipped = json_array();
	if (!j->checks || !j->skipped)
		return ENOMEM;
	for (size_t i = 0; !err && i < j->view->n_plays; i++)
		err = run_all(j, cw_expect_of(t, &j->view->plays[i]), i);
	for (size_t i = 0; !err && i < t->script.n_steps; i++)
		if (!t->script.steps[i].optional && !was_played(j->view, i))
			err = fail_unreached(j, i);
	return err ? err : run_all(j, &t->asserts, CW_PLAY_NONE);
}

/* ---- the verdict ---- */

static int settle(struct judgement *j, enum cw_verdict v, const char *fmt, ...) CW_PRINTF(3, 4);
static int settle(struct judgement *j, enum cw_verdict v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	j->reason = talloc_vasprintf(j, fmt, ap);
	va_end(ap);
	j->verdict = v;
	return j->reason ? 0 : ENOMEM;
}

static const struct cw_check *first_of(const struct judgement *j, enum cw_check_status status)
{
	for (size_t i = 0; i < j->n_checks; i++)
		if (j->checks[i].status == status && j->checks[i].of->weight > 0)
			return &j->checks[i];
	return NULL;
}

static int settle_by(struct judgement *j, enum cw_verdict v, const struct cw_check *c)
{
	return settle(j, v, "%s: expected %s, got %s%s%s", c->of->name, c->expected[0] ? c->expected : "-",
		c->got[0] ? c->got : "-", c->reason[0] ? ": " : "", c->reason);
}

static int settle_cut(struct judgement *j)
{
	const struct cw_call_record *r = j->record;
	const struct cw_script *s = &r->item->test->script;
	const struct cw_step *next = r->script.steps_played < s->n_steps ? &s->steps[r->script.steps_played] : NULL;

	if (r->end_reason != CW_END_REMOTE)
		return settle(j, CW_VERDICT_FAIL, "the call broke off (%s%s%s)", cw_end_reason_name(r->end_reason),
			r->end_detail[0] ? ": " : "", r->end_detail);
	if (!next)
		return settle(j, CW_VERDICT_FAIL, "the agent hung up inside the caller's last words");
	return settle(j, CW_VERDICT_FAIL, "the agent hung up before turn %zu (%s%s%s)", r->script.steps_played + 1,
		cw_act_name(next->act), next->text ? " " : "", next->text ? next->text : "");
}

static int settle_never_up(struct judgement *j)
{
	const struct cw_call_record *r = j->record;

	j->unreachable = true;
	if (r->open_err)
		return settle(j, CW_VERDICT_ERROR, "target %s: %s", r->item->target,
			r->open_why && r->open_why[0] ? r->open_why : strerror(r->open_err));
	return settle(j, CW_VERDICT_ERROR, "target %s did not answer (%s%s%s): is it running?", r->item->target,
		cw_end_reason_name(r->end_reason), r->end_detail[0] ? ": " : "", r->end_detail);
}

/* Does the score reach the test's `threshold`? Without one nothing may fail. */
static bool enough(const struct judgement *j)
{
	const double threshold = j->record->item->test->threshold;

	return threshold > 0 && j->weight > 0 && j->passed / j->weight >= threshold - 1e-9;
}

static int reach_verdict(struct judgement *j)
{
	const struct cw_call_record *r = j->record;
	const struct cw_check *failed = first_of(j, CW_CHECK_FAIL), *error = first_of(j, CW_CHECK_ERROR);

	if (r->open_err || (j->view->answered_us == UINT64_MAX && !r->timed_out))
		return settle_never_up(j);

	struct cw_validity valid;
	int err = cw_validity_judge(j, r, j->view, failed != NULL, &valid);

	if (err)
		return err;
	if (valid.kind)
		return settle(j, CW_VERDICT_INVALID, "%s", valid.reason);
	if (r->timed_out)
		return settle(j, CW_VERDICT_FAIL, "the call took longer than its limit of %.0f s",
			(double)(r->trial->timeout_us ? r->trial->timeout_us : r->item->test->timeout_us) / 1e6);
	if (r->script.end == CW_SCRIPT_CUT || (failed && r->end_reason == CW_END_LOST))
		return settle_cut(j);
	if (r->script.end == CW_SCRIPT_GAVE_UP || r->script.end == CW_SCRIPT_MISSED)
		return settle(j, CW_VERDICT_FAIL, "%s", r->script.reason);
	if (failed && enough(j) && error)
		return settle_by(j, CW_VERDICT_ERROR, error);
	if (failed && !enough(j))
		return settle_by(j, CW_VERDICT_FAIL, failed);
	if (!failed && error)
		return settle_by(j, CW_VERDICT_ERROR, error);
	if (!j->n_checks && !r->item->test->script.goal)
		return settle(j, CW_VERDICT_INVALID, "no assertion was reached: nothing was tested");
	return settle(j, CW_VERDICT_PASS, "%s", "");
}

/* ---- promises that hold whatever fails ---- */

static int broke(struct judgement *j, const char *fmt, ...) CW_PRINTF(2, 3);
static int broke(struct judgement *j, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* fits */
	va_end(ap);
	return json_array_append_new(j->broken, json_string(text)) ? ENOMEM : 0;
}

static int64_t extra_bookings(const char *path)
{
	CW_JSON_SCOPED json_t *rows = NULL;

	if (cw_db_query(path, "SELECT count(*) - count(DISTINCT call_id) AS extra FROM appointment", &rows, NULL))
		return 0; /* no such table: an agent which books nothing */
	return cw_json_int(json_array_get(rows, 0), "extra", 0);
}

static int check_promises(struct judgement *j)
{
	const struct cw_call_record *r = j->record;
	struct cw_value silence = cw_measure_dead_air_ms(j->view);
	int err = 0;

	j->broken = json_array();
	if (!j->broken)
		return ENOMEM;
	if (r->timed_out)
		err = broke(j, "the call did not end within its limit");
	if (!err && silence.known && silence.v > SILENCE_MAX_MS)
		err = broke(j, "the agent owed words and was silent for %.1f s at %.1f s", silence.v / 1000,
			(double)silence.at_us / 1e6);
	if (!err && r->db_path && extra_bookings(r->db_path) > 0)
		err = broke(j, "more than one appointment was booked by one call");
	return err;
}

/* ---- the line of results.jsonl ---- */

static json_t *value_json(struct cw_value x)
{
	return x.known ? json_real(x.v) : json_null();
}

/* A typed answer sounds nowhere: from the request to its first byte. */
static struct cw_value response_of(const struct cw_view *v, size_t play)
{
	struct cw_value x = cw_measure_response_ms(v, play);
	const struct cw_play *p = &v->plays[play];
	uint64_t next = play + 1 < v->n_plays ? v->plays[play + 1].onset_us : UINT64_MAX;

	for (size_t i = 0; v->chat && !x.known && i < v->n_turns; i++) {
		uint64_t at = v->turns[i].onset_us;

		if (at >= p->onset_us && at < next)
			x = (struct cw_value){
				.known = true, .v = (double)(at - p->onset_us) / 1000, .at_us = (int64_t)at};
	}
	return x;
}

static json_t *turns_json(const struct judgement *j)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < j->view->n_plays; i++) {
		const struct cw_play *p = &j->view->plays[i];
		struct cw_value x = response_of(j->view, i);
		json_t *o = json_pack("{s:s, s:I, s:s, s:s, s:s, s:f, s:o}", "of", p->kind, "n",
			(json_int_t)p->index + 1, "name", p->name, "action", p->action, "text", p->text, "at_s",
			(double)p->onset_us / 1e6, "response_ms", value_json(x));

		if (o && !x.known)
			(void)json_object_set_new(
				o, "null", json_string(x.reason)); /* a missing reason harms nothing */
		if (json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *check_json(const struct judgement *j, const struct cw_check *c)
{
	json_t *o = cw_check_json(c);
	char text[64];

	if (!o)
		return NULL;
	if (c->play != CW_PLAY_NONE) {
		const struct cw_play *p = &j->view->plays[c->play];

		(void)snprintf(text, sizeof(text), "%s %zu", p->kind, p->index + 1); /* fits */
		(void)json_object_set_new(o, "turn", json_string(text));
		if (p->name[0])
			(void)json_object_set_new(o, "name", json_string(p->name));
		if (j->record->item->test->fresh && p->index > 0) /* an entry which needed those before it */
			(void)json_object_set_new(o, "context", json_true());
	}
	if (c->of->line)
		(void)json_object_set_new(o, "line", json_integer(c->of->line));
	if (c->at_us >= 0) {
		static const char *const files[CW_RECORD_N] = {"both.wav@", "mono.wav@", ""};

		(void)snprintf(text, sizeof(text), "%s%.1fs", files[j->record->trial->record],
			(double)c->at_us / 1e6); /* fits */
		(void)json_object_set_new(o, "at", json_string(text));
	}
	return o;
}

static json_t *checks_json(const struct judgement *j)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < j->n_checks; i++) {
		if (json_array_append_new(list, check_json(j, &j->checks[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *end_json(const struct cw_call_record *r)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "by",
		r->end_reason == CW_END_LOCAL    ? "caller"
		: r->end_reason == CW_END_REMOTE ? "agent"
						 : "line",
		"reason", cw_end_reason_name(r->end_reason), "detail", r->end_detail, "script",
		cw_script_end_name(r->script.end));
}

static json_t *result_json(const struct judgement *j)
{
	const struct cw_call_record *r = j->record;
	const struct cw_plan_item *it = r->item;
	struct cw_value duration = cw_measure_duration_ms(j->view);
	CW_SCOPED char *rerun = cw_plan_rerun(NULL, it, r->trial);
	char seed[24];

	(void)snprintf(seed, sizeof(seed), "%016llx", (unsigned long long)it->seed); /* fits */
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}, s:I, s:s, s:s, s:s, s:s, s:f, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:O, s:O, s:s, s:s, s:O*, s:o*}",
		"key", it->key, "test", it->test->id, "file", it->test->file, "line", (json_int_t)it->test->line,
		"slice", "language", it->language, "voice", it->voice, "channel", it->channel, "repeat",
		(json_int_t)it->repeat, "seed", seed, "target", it->target, "verdict", cw_verdict_name(j->verdict),
		"reason", j->reason, "score", j->weight > 0 ? j->passed / j->weight : 0.0, "duration_ms",
		value_json(duration), "checks", checks_json(j), "turns", turns_json(j), "measures",
		cw_measure_json(j->view), "end", end_json(r), "source", j->view->from_samples ? "samples" : "frames",
		"faults", (json_int_t)r->faults, "broken", j->broken, "skipped", j->skipped, "folder", it->key, "rerun",
		rerun ? rerun : "", "stages", j->stages, "barge", cw_barge_json(it->test, j->view));
}

static int make_result(struct judgement *j, void *parent, struct cw_exec_result **ret);

static int result_end(struct cw_exec_result *x)
{
	json_decref(x->json);
	return 0;
}

static int make_result(struct judgement *j, void *parent, struct cw_exec_result **ret)
{
	struct cw_value duration = cw_measure_duration_ms(j->view);
	CW_SCOPED struct cw_exec_result *x = talloc_zero(NULL, struct cw_exec_result);

	if (!x)
		return ENOMEM;
	x->json = result_json(j);
	talloc_set_destructor(x, result_end);
	if (!x->json || cw_result_extras(j->record, j->view, x->json))
		return ENOMEM;
	cw_review_note(j->record, j->view, x->json);
	x->verdict = j->verdict;
	x->unreachable = j->unreachable;
	x->broken = json_array_size(j->broken) > 0;
	x->duration_us = duration.known ? (uint64_t)(duration.v * 1000) : 0;
	*ret = talloc_move(parent, &x);
	return 0;
}

/* ---- all of it ---- */

static int judgement_end(struct judgement *j)
{
	json_decref(j->broken);
	json_decref(j->skipped);
	json_decref(j->stages);
	return 0;
}

static void forget(const char *dir, const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)unlink(path); /* may never have been there */
}

/* Nothing to keep of a call without a recording that passed. */
static void tidy(const struct judgement *j)
{
	const struct cw_call_record *r = j->record;

	if (r->trial->record != CW_RECORD_NONE || !r->call_dir)
		return;
	if (j->verdict == CW_VERDICT_PASS && !json_array_size(j->broken)) {
		static const char *const names[] = {"agent.db", "agent.db-wal", "agent.db-shm", "events.jsonl",
			"transcript.json", "waterfall.json", "labels.txt", "record.json"};

		for (size_t i = 0; i < CW_COUNT(names); i++)
			forget(r->call_dir, names[i]);
		(void)rmdir(r->call_dir); /* stays when something else is in it */
	}
}

int cw_judge(void *parent, const struct cw_call_record *r, struct cw_exec_result **ret)
{
	CW_SCOPED struct judgement *j = talloc_zero(NULL, struct judgement);
	int err;

	if (!j)
		return ENOMEM;
	j->record = r;
	talloc_set_destructor(j, judgement_end);
	err = open_view(j);
	if (!err)
		err = cw_judge_ask(j, r, j->view);
	if (!err)
		err = run_checks(j);
	if (!err)
		err = cw_stages_find(j, r, j->view, j->checks, j->n_checks, &j->stages);
	if (!err)
		err = check_promises(j);
	if (!err)
		err = reach_verdict(j);
	if (!err)
		err = make_result(j, parent, ret);
	if (!err && r->call_dir &&
		(r->trial->record != CW_RECORD_NONE || j->verdict != CW_VERDICT_PASS || (*ret)->broken))
		err = cw_artifacts_write(r, j->view);
	if (!err)
		tidy(j);
	return err;
}
