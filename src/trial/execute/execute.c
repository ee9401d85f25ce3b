#include "trial/execute/execute.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "call/recorder.h"
#include "call/timeline.h"
#include "caller/typist.h"
#include "trial/execute/calling.h"
#include "trial/execute/probe.h"
#include "trial/execute/target.h"
#include "trial/execute/verdict.h"
#include "world/sim.h"
#include "world/world.h"

#define JITTER_BUFFER_MS 60.0     /* a frame later than this counts as lost (audio/effect.h) */
#define AGENT_END_US     3000000u /* the agent's own side may take so long to notice the end */
#define TEMPLATE_MAX     (1u << 20)
#define SIM_SLACK_US     120000000u /* beyond the limit of the call: then the simulation itself hangs */

enum stage { STAGE_OPENING, STAGE_TALKING, STAGE_ENDING, STAGE_RECORDING, STAGE_PROBING, STAGE_JUDGING, STAGE_OVER };

struct cw_execution {
	struct cw_world *world;
	struct cw_exec_conf conf;
	enum stage stage;
	bool sim, agent_over;
	uint64_t epoch_us;
	char *call_dir, *db_path, *wav_path, *journal_path;
	struct cw_target *target;
	struct cw_calling *calling;
	struct cw_caller *caller; /* its */
	struct cw_typist *typist; /* instead of target and caller, for chat targets */
	struct cw_recorder *recorder;
	struct cw_probes *probes;
	struct cw_timer timer;
	struct cw_effect_conf channel;
	struct cw_call_record *record; /* without parent: goes to the judge */
	struct cw_exec_result *result; /* simulation: kept here */
	struct cw_work *job;
	int err; /* why there is no result */
	void (*done)(struct cw_execution *x, struct cw_exec_result *result, void *arg);
	void *arg;
	void *result_parent;
};

const char *cw_verdict_name(enum cw_verdict v)
{
	static const char *const names[CW_VERDICT_N] = {"PASS", "FAIL", "INVALID", "ERROR"};

	return names[v];
}

int cw_verdict_of(const char *name, enum cw_verdict *ret)
{
	for (int v = 0; v < CW_VERDICT_N; v++) {
		if (!strcmp(cw_verdict_name((enum cw_verdict)v), name)) {
			*ret = (enum cw_verdict)v;
			return 0;
		}
	}
	return EINVAL;
}

static void begin_recording_end(struct cw_execution *x);

/* ---- judging ---- */

struct judging {
	struct cw_execution *execution;
	struct cw_call_record *record;
	struct cw_exec_result *result;
	int err;
};

static void judge_run(void *arg)
{
	struct judging *j = arg;

	j->err = cw_judge(j, j->record, &j->result);
}

static void judge_done(void *arg)
{
	struct judging *j = arg;
	struct cw_execution *x = j->execution;
	struct cw_exec_result *result = j->err ? NULL : talloc_move(x->result_parent, &j->result);

	x->err = j->err;
	x->stage = STAGE_OVER;
	x->done(x, result, x->arg);
}

static void judge_dispose(void *arg)
{
	struct judging *j = arg;

	(void)talloc_free(j);
}

/* Nothing may write to the timelines any more. */
static void close_call(struct cw_execution *x)
{
	if (!x->target || !cw_target_in_process(x->target)) {
		x->record->agent = NULL;
		x->record->db_path = NULL;
	}
	x->caller = NULL;
	TALLOC_FREE(x->calling);
	TALLOC_FREE(x->typist);
	TALLOC_FREE(x->target);
	TALLOC_FREE(x->recorder);
}

static void judge(struct cw_execution *x)
{
	x->stage = STAGE_JUDGING;
	cw_timer_stop(&x->timer);
	if (x->sim)
		return; /* cw_execution_simulate() judges when the world stands still */
	close_call(x);
	if (x->probes)
		cw_probes_take(x->probes, x->record, &x->record->probes, &x->record->n_probes);

	struct judging *j = talloc_zero(NULL, struct judging);

	x->err = j ? 0 : ENOMEM;
	if (!j) {
		x->done(x, NULL, x->arg);
		return;
	}
	j->execution = x;
	j->record = talloc_move(j, &x->record);

	const struct cw_job job = {.run = judge_run,
		.done = judge_done,
		.dispose = judge_dispose,
		.arg = j,
		.blocking = true,
		.label = "trial.judge"};

	x->err = cw_work(x, x->world, &job, &x->job);
	if (x->err) {
		(void)talloc_free(j);
		x->done(x, NULL, x->arg);
	} else if (x->conf.over) {
		x->conf.over(x->conf.over_arg);
	}
}

/* ---- the end of the call ---- */

static void on_probed(void *arg)
{
	judge(arg);
}

static void begin_probes(struct cw_execution *x)
{
	cw_timer_stop(&x->timer);
	if (x->recorder) {
		for (int side = 0; side < 2; side++) {
			const uint8_t *levels = NULL;
			size_t n = cw_recorder_levels(x->recorder, side ? CW_SIDE_AGENT : CW_SIDE_CALLER, &levels);

			x->record->levels[side] = n ? talloc_memdup(x->record, levels, n) : NULL;
			x->record->n_levels[side] = x->record->levels[side] ? n : 0;
		}
	}
	x->stage = STAGE_PROBING;
	if (x->sim || cw_probes_open(x, x->world, x->conf.item->test, on_probed, x, &x->probes))
		judge(x); /* without probes their assertions become errors */
}

static void on_recorded(int err, void *arg)
{
	struct cw_execution *x = arg;

	(void)err; /* a recording cut short is still judged: places come from what there is */
	if (x->stage == STAGE_RECORDING)
		begin_probes(x);
}

static void on_recording_late(void *arg)
{
	begin_probes(arg);
}

static void on_journalled(int err, void *arg)
{
	(void)err; /* a journal cut short says so itself */
	begin_recording_end(arg);
}

static void begin_recording_end(struct cw_execution *x)
{
	if (x->calling && cw_calling_finish(x->calling, on_journalled, x)) {
		cw_timer_stop(&x->timer);
		return;
	}
	x->stage = STAGE_RECORDING;
	cw_timer_stop(&x->timer);
	if (!x->recorder) {
		begin_probes(x);
		return;
	}
	cw_timer_start(&x->timer, 15000000, on_recording_late, x);
	cw_recorder_finish(x->recorder, on_recorded, x);
}

static void on_agent_late(void *arg)
{
	begin_recording_end(arg);
}

static void on_agent_closed(void *arg)
{
	struct cw_execution *x = arg;

	x->agent_over = true;
	if (x->stage == STAGE_ENDING)
		begin_recording_end(x);
}

/* What the caller's way to the agent was like: lost frames are counted, delay and bursts are those of the profile. */
static void note_line(struct cw_execution *x)
{
	const struct cw_effect_conf *c = &x->channel;
	struct cw_call_record *r = x->record;
	size_t from = 0;
	const struct cw_event *up = cw_timeline_next(r->caller, &from, CW_EV_ANSWERED, CW_SIDE_N);
	uint64_t frames = up && r->end_us > up->t_us ? (r->end_us - up->t_us) / CW_TICK_US : 0;
	double loss;

	if (!frames || !x->caller)
		return;
	loss = (double)cw_caller_lost(x->caller) / (double)frames;
	cw_timeline_add(r->caller, r->end_us, CW_SIDE_LINE, CW_EV_LINE_NOTE, "{s:s, s:I, s:f, s:f, s:f, s:f, s:s}",
		"what", "line.stats", "frames", (json_int_t)frames, "loss", loss < 1 ? loss : 1.0, "burst_r",
		c->loss_r > 0 ? (1 - loss) / (double)c->loss_r : 1.0, "jitter_ms", (double)c->jitter_ms, "delay_ms",
		(double)CW_TICK_US / 1000 + (c->jitter_ms > 0 ? JITTER_BUFFER_MS : 0), "codec", "g711-plc");
}

static void on_caller_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct cw_execution *x = arg;
	struct cw_call_record *r = x->record;

	r->end_reason = reason;
	r->end_detail = talloc_strdup(r, detail ? detail : "");
	r->end_us = cw_now(x->world) - x->epoch_us;
	r->script = *cw_caller_result(x->caller);
	note_line(x);
	x->stage = STAGE_ENDING;
	cw_timer_stop(&x->timer);
	if (!cw_target_in_process(x->target) || x->agent_over)
		cw_timer_start(&x->timer, 0, on_agent_late, x);
	else
		cw_timer_start(&x->timer, AGENT_END_US, on_agent_late, x);
}

static uint64_t limit_us(const struct cw_execution *x)
{
	return x->conf.trial->timeout_us ? x->conf.trial->timeout_us : x->conf.item->test->timeout_us;
}

static void on_drop_ignored(void *arg)
{
	struct cw_execution *x = arg;

	x->record->end_reason = CW_END_TIMEOUT;
	x->record->end_us = cw_now(x->world) - x->epoch_us;
	x->record->script = *cw_caller_result(x->caller);
	begin_recording_end(x);
}

static void on_too_long(void *arg)
{
	struct cw_execution *x = arg;

	x->record->timed_out = true;
	if (x->typist) {
		cw_typist_drop(x->typist, "the conversation took longer than its limit");
		return;
	}
	cw_timer_start(&x->timer, AGENT_END_US, on_drop_ignored, x);
	cw_calling_drop(x->calling, "the call took longer than its limit");
}

/* ---- the beginning ---- */

static int open_caller(struct cw_execution *x, struct cw_line *line, const char *const *phrases, struct cw_why *why)
{
	const struct cw_calling_conf cc = {
		.item = x->conf.item,
		.channel = &x->channel,
		.phrases = phrases,
		.journal = x->journal_path,
		.timeline = x->record->caller,
		.recorder = x->recorder,
		.epoch_us = x->epoch_us,
		.watch = x->conf.trial->watch,
		.watch_arg = x->conf.trial->watch_arg,
		.closed = on_caller_closed,
		.arg = x,
	};
	int err = cw_calling_open(x, x->world, &cc, line, &x->calling, why);

	x->caller = err ? NULL : cw_calling_caller(x->calling);
	return err;
}

static int on_line(struct cw_line *line, const char *const *phrases, void *arg)
{
	struct cw_execution *x = arg;
	struct cw_why why = {0};
	int err = open_caller(x, line, phrases, &why);

	if (err) {
		x->record->open_why = talloc_strdup(x->record, why.text);
		return err;
	}
	x->stage = STAGE_TALKING;
	cw_timer_start(&x->timer, limit_us(x), on_too_long, x);
	return 0;
}

static void on_failed(const struct cw_why *why, void *arg)
{
	struct cw_execution *x = arg;

	x->record->open_err = why->err;
	if (!x->record->open_why || !x->record->open_why[0])
		x->record->open_why = talloc_strdup(x->record, why->text);
	begin_recording_end(x);
}

static const struct cw_target_events target_events = {
	.line = on_line,
	.failed = on_failed,
	.agent_closed = on_agent_closed,
};

/* ---- in text ---- */

static void on_typist_closed(enum cw_end_reason reason, const struct cw_why *why, void *arg)
{
	struct cw_execution *x = arg;
	struct cw_call_record *r = x->record;

	r->end_reason = reason;
	r->end_us = cw_now(x->world) - x->epoch_us;
	r->script = *cw_typist_result(x->typist);
	if (why) {
		r->open_err = why->err;
		r->open_why = talloc_strdup(r, why->text);
	}
	begin_recording_end(x);
}

static int open_typist(struct cw_execution *x, const char *chat, struct cw_why *why)
{
	const struct cw_typist_conf tc = {
		.script = &x->conf.item->test->script,
		.chat = chat,
		.conversation_id = x->conf.item->key,
		.language = x->conf.item->language,
		.seed = x->conf.item->seed,
		.api_key = x->conf.trial->chat_key,
		.timeout_us = limit_us(x),
		.timeline = x->record->caller,
		.epoch_us = x->epoch_us,
		.closed = on_typist_closed,
		.arg = x,
	};
	int err = cw_typist_check(tc.script, why);

	if (!err)
		err = cw_typist_open(x, x->world, &tc, &x->typist, why);
	if (!err) {
		x->stage = STAGE_TALKING;
		cw_timer_start(&x->timer, limit_us(x), on_too_long, x);
	}
	return err;
}

/* ---- files and all the rest ---- */

/* What an earlier, killed attempt left must not be taken for ours. */
static int fresh_folder(struct cw_execution *x, struct cw_why *why)
{
	static const char *const old[] = {"agent.db", "agent.db-wal", "agent.db-shm", "both.wav", "journal.bin"};
	char path[4096];

	if (!mkdir(x->call_dir, 0777))
		return 0;
	if (errno != EEXIST)
		return cw_why_set(why, errno, "folder %s cannot be made: %s", x->call_dir, strerror(errno));
	for (size_t i = 0; i < CW_COUNT(old); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", x->call_dir, old[i]);
		if (unlink(path) && errno != ENOENT)
			return cw_why_set(why, errno, "%s cannot be replaced: %s", path, strerror(errno));
	}
	return 0;
}

/* Its own database for this call, already migrated: a copy is quicker than migrating anew, and needs no fsync. */
static int copy_template(struct cw_execution *x, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEMPLATE_MAX);
	FILE *f;
	bool good;

	if (!x->conf.db_template)
		return 0;

	int err = cw_file_read(x->conf.db_template, TEMPLATE_MAX, &b, why);

	if (err)
		return err;
	f = fopen(x->db_path, "we");
	if (!f)
		return cw_why_set(why, errno, "%s cannot be written: %s", x->db_path, strerror(errno));
	good = fwrite(b.p, 1, b.len, f) == b.len;
	if (fclose(f) || !good)
		return cw_why_set(why, EIO, "%s cannot be written: is the disk full?", x->db_path);
	return 0;
}

static int open_recorder(struct cw_execution *x, struct cw_why *why)
{
	if (x->conf.trial->record == CW_RECORD_NONE)
		return 0;
	return cw_recorder_open(x, x->world, x->wav_path, &x->recorder, why);
}

static int open_record(struct cw_execution *x)
{
	struct cw_call_record *r = talloc_zero(x, struct cw_call_record);

	if (!r)
		return ENOMEM;
	x->record = r;
	r->item = x->conf.item;
	r->trial = x->conf.trial;
	r->run_dir = x->conf.run_dir;
	r->end_detail = "";
	r->open_why = "";
	r->call_dir = talloc_asprintf(r, "%s/calls/%s", x->conf.run_dir, x->conf.item->key);
	r->db_path = talloc_asprintf(r, "%s/agent.db", r->call_dir);
	r->wav_path = talloc_asprintf(r, "%s/both.wav", r->call_dir);
	if (r->trial->journal)
		x->journal_path = talloc_asprintf(r, "%s/journal.bin", r->call_dir);
	if (!r->call_dir || !r->db_path || !r->wav_path || (r->trial->journal && !x->journal_path))
		return ENOMEM;
	x->call_dir = (char *)(uintptr_t)r->call_dir;
	x->db_path = (char *)(uintptr_t)r->db_path;
	x->wav_path = (char *)(uintptr_t)r->wav_path;

	int err = cw_timeline_new(r, &r->caller);

	if (!err && r->trial->watch)
		cw_timeline_watch(r->caller, r->trial->watch, r->trial->watch_arg);
	return err ? err : cw_timeline_new(r, &r->agent);
}

static void note_start(struct cw_execution *x)
{
	cw_timeline_add(x->record->caller, 0, CW_SIDE_LINE, CW_EV_CALL_STARTED, "{s:s, s:s, s:s, s:s, s:I}", "call_id",
		x->conf.item->key, "from", "", "to", "", "line", x->conf.item->target, "wall_us",
		(json_int_t)cw_wall(x->world));
}

static int open_spoken(struct cw_execution *x, struct cw_why *why)
{
	const struct cw_plan_item *it = x->conf.item;
	const struct cw_target_conf tc = {
		.target = it->target,
		.agent_stt = it->agent_stt,
		.agent_voice = it->agent_voice,
		.auth_token = x->conf.trial->auth_token,
		.say_voice = x->sim ? "modem" : NULL,
		.gather_engine = x->sim ? "modem" : NULL,
		.db_path = x->db_path,
		.call_id = it->key,
		.epoch_us = x->epoch_us,
		.timeline = x->record->agent,
	};
	int err = fresh_folder(x, why);

	if (!err)
		err = copy_template(x, why);

	if (!err)
		err = cw_exec_channel(x->conf.item, x->conf.babble, x->conf.n_babble, &x->channel, why);
	if (!err)
		err = open_recorder(x, why);
	if (!err)
		note_start(x);
	if (!err)
		err = cw_target_open(x, x->world, &tc, &target_events, x, &x->target, why);
	return err;
}

static int open_all(struct cw_execution *x, struct cw_why *why)
{
	const char *chat = cw_target_chat(x->conf.item->target);

	if (!chat)
		return open_spoken(x, why);
	note_start(x);
	return open_typist(x, chat, why);
}

static int execution_end(struct cw_execution *x)
{
	cw_timer_stop(&x->timer);
	return 0;
}

static int new_execution(void *parent, struct cw_world *w, const struct cw_exec_conf *conf, struct cw_execution **ret)
{
	CW_SCOPED struct cw_execution *x = talloc_zero(NULL, struct cw_execution);

	if (!x)
		return ENOMEM;
	x->world = w;
	x->conf = *conf;
	x->sim = cw_world_is_sim(w);
	x->epoch_us = cw_now(w);
	cw_timer_init(&x->timer, w);
	talloc_set_destructor(x, execution_end);

	int err = open_record(x);

	if (!err)
		*ret = talloc_move(parent, &x);
	return err;
}

/* It could not even begin: that is a result too. */
static void on_stillborn(void *arg)
{
	begin_recording_end(arg);
}

static void begin(struct cw_execution *x)
{
	struct cw_why why = {0};
	int err = open_all(x, &why);

	if (!err)
		return;
	x->record->open_err = err;
	x->record->open_why = talloc_strdup(x->record, why.text[0] ? why.text : strerror(err));
	cw_timer_start(&x->timer, 0, on_stillborn, x);
}

int cw_execution_start(void *parent, struct cw_world *w, const struct cw_exec_conf *conf,
	void (*done)(struct cw_execution *x, struct cw_exec_result *result, void *arg), void *arg,
	struct cw_execution **ret)
{
	struct cw_execution *x;
	int err = new_execution(parent, w, conf, &x);

	if (err)
		return err;
	x->done = done;
	x->arg = arg;
	x->result_parent = parent;
	begin(x);
	*ret = x;
	return 0;
}

int cw_execution_error(const struct cw_execution *x)
{
	return x->err;
}

/* ---- simulation ---- */

static struct cw_sim_conf sim_conf(const struct cw_exec_conf *conf)
{
	struct cw_sim_conf sc = {.seed = conf->item->seed, .net = {5000, 2000}, .work = {1000, 0}};

	for (int i = 0; i < CW_FAULT_N; i++)
		sc.fault[i] = conf->trial->faults;
	return sc;
}

static uint64_t cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static unsigned count_faults(const struct cw_world *w)
{
	unsigned n = 0;

	for (int i = 0; i < CW_FAULT_N; i++)
		n += cw_sim_faults(w, (enum cw_sim_fault)i);
	return n;
}

/* Serve events until the call is over, or far longer than it may last: then it hangs, which is a result too. */
static void serve(struct cw_world *w, struct cw_execution *x)
{
	uint64_t last = x->epoch_us + limit_us(x) + SIM_SLACK_US;

	while (x->stage != STAGE_JUDGING && cw_now(w) < last)
		if (!cw_sim_step(w))
			break;
	if (x->stage == STAGE_JUDGING)
		return;
	x->record->timed_out = true;
	x->record->end_us = cw_now(w) - x->epoch_us;
	if (x->caller)
		x->record->script = *cw_caller_result(x->caller);
}

/* The recorder writes its last block, and the database closes, when the world ends: the judge comes after. */
static int run_world(struct cw_exec_conf const *conf, struct cw_call_record **ret)
{
	CW_SCOPED struct cw_world *w = NULL;
	CW_SCOPED struct cw_execution *x = NULL; /* ends before its world */
	const struct cw_sim_conf sc = sim_conf(conf);
	int err = cw_sim_new(NULL, &sc, &w);

	if (!err)
		err = new_execution(NULL, w, conf, &x);
	if (err)
		return err;
	begin(x);
	serve(w, x);
	x->record->faults = count_faults(w);
	close_call(x);
	*ret = talloc_move(NULL, &x->record);
	return 0;
}

int cw_execution_simulate(void *parent, const struct cw_exec_conf *conf, struct cw_exec_result **ret)
{
	CW_SCOPED struct cw_call_record *record = NULL;
	uint64_t cpu = cpu_us();
	int err = run_world(conf, &record);

	if (!err)
		err = cw_judge(parent, record, ret);
	if (!err)
		(*ret)->cpu_us = cpu_us() - cpu;
	return err;
}
