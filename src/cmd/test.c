#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/env_file.h"
#include "cmd/judge.h"
#include "cmd/run_opts.h"
#include "cmd/verbs.h"
#include "cmd/watch.h"
#include "trial/run/run.h"
#include "trial/scenario/list.h"

#define SEED_DEFAULT 1
#define LIST_MAX     (64u << 20)

struct flags {
	struct cw_opt_list targets, tags, voices, languages, channels, outputs, vars;
	const char *filter, *out_dir, *ear, *agent_stt, *agent_voice, *resume, *record, *failing, *shard, *env_file,
		*judge;
	bool sim, fail_fast, dry_run, list, json, watch, retry_errors, no_cache, journal;
	uint64_t seed, timeout_us;
	uint32_t repeat, jobs, first, sample, retry_invalid;
	double faults, max_cost, max_minutes;
	struct cw_run_opts ends;
};

static int complain(const char *fmt, ...) CW_PRINTF(1, 2);
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("callwright test: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nSee 'callwright test --help'.\n", stderr);
	return CW_EXIT_USAGE;
}

static struct cw_list list_of(const struct cw_opt_list *l)
{
	return (struct cw_list){.items = (const char **)(uintptr_t)l->items, .n = l->n};
}

/* "name=value" pairs; the names are cut out of the arguments. */
static int read_vars(void *parent, const struct cw_opt_list *l, const struct cw_opt_pair **ret)
{
	struct cw_opt_pair *pairs = talloc_zero_array(parent, struct cw_opt_pair, l->n + 1);

	if (!pairs)
		return complain("out of memory");
	for (size_t i = 0; i < l->n; i++) {
		const char *equals = strchr(l->items[i], '=');

		if (!equals || equals == l->items[i])
			return complain("option '--var': '%s' is not NAME=VALUE", l->items[i]);
		pairs[i].name = talloc_strndup(pairs, l->items[i], (size_t)(equals - l->items[i]));
		pairs[i].value = equals + 1;
		if (!pairs[i].name)
			return complain("out of memory");
	}
	*ret = pairs;
	return 0;
}

static int conf_of(
	void *parent, const struct flags *f, const char *const *files, size_t n_files, struct cw_trial_conf *ret)
{
	struct cw_trial_conf c = {
		.files = files,
		.n_files = n_files,
		.target = f->targets.n ? f->targets.items[0] : NULL,
		.targets = list_of(&f->targets),
		.sim = f->sim,
		.seed = f->seed,
		.repeat = f->repeat,
		.jobs = f->jobs,
		.filter = f->filter,
		.tags = list_of(&f->tags),
		.first = f->first,
		.voices = list_of(&f->voices),
		.languages = list_of(&f->languages),
		.channels = list_of(&f->channels),
		.ear = f->ear,
		.agent_stt = f->agent_stt,
		.agent_voice = f->agent_voice,
		.auth_token = cw_config_auth_token(),
		.chat_key = cw_config_chat_key(),
		.timeout_us = f->timeout_us,
		.fail_fast = f->fail_fast,
		.faults = f->faults,
		.n_vars = f->vars.n,
		.judge = f->judge,
		.no_cache = f->no_cache,
		.journal = f->journal,
	};

	if (cw_record_of(f->record, &c.record))
		return complain("option '--record': '%s' is not none, mono or stereo", f->record);
	if (!(f->faults >= 0 && f->faults <= 1))
		return complain("option '--faults' is a probability: from 0 to 1");
	if (f->faults > 0 && !f->sim)
		return complain("option '--faults' needs --sim: faults are injected into the simulated world");
	*ret = c;
	return read_vars(parent, &f->vars, &ret->vars);
}

static int show_plan(const struct flags *f, const struct cw_trial_conf *conf, const struct cw_select *select)
{
	CW_SCOPED struct cw_plan *plan = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(LIST_MAX);
	struct cw_why why = {0};
	int err = cw_plan_new(NULL, conf, &plan, &why);

	if (!err)
		err = cw_select_apply(select, conf, plan, &why);
	if (!err && plan->n)
		err = f->list ? cw_plan_list(&b, plan, f->json) : cw_plan_dry_run(&b, plan, conf, f->json);
	if (err)
		return why.err ? cw_cmd_fail(&why) : complain("%s", strerror(err));
	if (b.len)
		(void)fwrite(b.p, 1, b.len, stdout); /* a reader that is gone shows at exit */
	if (!plan->n)
		fprintf(stderr, "callwright test: nothing is selected\n");
	return plan->n ? CW_EXIT_OK : CW_EXIT_NOTHING;
}

/* "2/5" */
static int read_shard(const char *text, struct cw_select *s)
{
	const char *slash = text ? strchr(text, '/') : NULL;

	if (!text)
		return 0;
	if (!slash || cw_str_u32((struct cw_str){text, (size_t)(slash - text)}, UINT32_MAX, &s->shard) ||
		cw_str_u32(cw_str(slash + 1), UINT32_MAX, &s->shards) || !s->shard || s->shard > s->shards)
		return complain("option '--shard': '%s' is not I/N with I from 1 to N, as in 2/5", text);
	return 0;
}

static int run_once(const struct flags *f, const struct cw_run_conf *conf)
{
	enum cw_run_end end = CW_RUN_NOTHING;
	struct cw_why why = {0};

	if (cw_run(conf, &end, &why))
		return cw_cmd_fail(&why);
	if (end == CW_RUN_NOTHING)
		fprintf(stderr, "callwright test: nothing is selected: look at --list, --filter and --tag\n");
	if (end == CW_RUN_CAPPED && !f->json)
		fprintf(stderr, "callwright test: a cap (--max-cost, --max-minutes) ended the run early\n");
	return cw_run_exit_code(end);
}

/* Scenario files and folders, and the file of an agent in this process. */
static int watch(const struct flags *f, const struct cw_run_conf *conf)
{
	CW_SCOPED const char **paths = talloc_array(NULL, const char *, conf->trial.n_files + f->targets.n + 1);
	size_t n = 0;
	int code;

	if (!paths)
		return complain("out of memory");
	for (; n < conf->trial.n_files; n++)
		paths[n] = conf->trial.files[n];
	for (size_t i = 0; i < f->targets.n; i++)
		if (cw_str_starts(cw_str(f->targets.items[i]), "agent:"))
			paths[n++] = f->targets.items[i] + strlen("agent:");
	do {
		struct cw_why why = {0};
		int err;

		code = run_once(f, conf);
		if (code == CW_EXIT_INTERRUPTED)
			break;
		fprintf(stderr, "callwright test: exit code %d; waiting for a change (Ctrl-C ends)\n", code);
		err = cw_watch_wait(paths, n, &why);
		if (err == EINTR)
			break;
		if (err)
			return cw_cmd_fail(&why);
	} while (true);
	return code;
}

static int run_tests(const struct flags *f, const struct cw_trial_conf *trial, const struct cw_select *select)
{
	struct cw_run_conf conf = {
		.trial = *trial,
		.select = *select,
		.retry_invalid = f->retry_invalid,
		.retry_errors = f->retry_errors,
		.max_cost = f->max_cost,
		.max_us = (uint64_t)(f->max_minutes * 60e6),
		.json = f->json,
		.out_dir = f->out_dir,
		.resume = f->resume,
		.outputs = f->outputs.items,
		.n_outputs = f->outputs.n,
		.baseline = f->ends.baseline,
	};
	struct cw_limits limits;
	int code = cw_run_opts_read("test", &f->ends, &limits, &conf.fail_on);

	if (code)
		return code;
	conf.limits = &limits;
	if (f->max_cost < 0 || f->max_minutes < 0 || f->max_minutes > 1e6)
		return complain("--max-cost and --max-minutes are positive numbers");
	return f->watch ? watch(f, &conf) : run_once(f, &conf);
}

/* "--resume" alone means the newest run: the option table knows only options with a value or without. */
static void mend_resume(int argc, char **argv)
{
	static char last[] = "--resume=last";

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--resume") && (i + 1 == argc || argv[i + 1][0] == '-'))
			argv[i] = last;
}

static int check_flags(const struct flags *f, size_t n)
{
	if (!n && !f->resume)
		return complain("which scenarios? Give files or folders, for example scenarios/hvac");
	if (n && f->resume)
		return complain("--resume goes on with the files of that run: give no others");
	if (f->watch && (f->resume || f->out_dir))
		return complain("--watch makes a run of its own each time: give neither --resume nor --out");
	if (f->retry_errors && !f->resume)
		return complain("--retry-errors does again what ended in ERROR: say of which run with --resume");
	return 0;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {.seed = SEED_DEFAULT, .record = "stereo", .ends = CW_RUN_OPTS};
	const struct cw_opt opts[] = {
		{CW_OPT_LIST, 't', "target", "TARGET",
			"agent:FILE, twilio:URL or chat:URL, instead of the files' own; several: each in turn, side by side in the reports",
			&f.targets},
		{CW_OPT_FLAG, 0, "sim", NULL, "virtual time, modem voices, everything from the seed", &f.sim},
		{CW_OPT_U64, 0, "seed", "N", "seed of the run (default 1)", &f.seed},
		{CW_OPT_U32, 'n', "repeat", "N", "calls per test and slice", &f.repeat},
		{CW_OPT_U32, 'j', "jobs", "N", "calls at once (default 2; simulated: 1)", &f.jobs},
		{CW_OPT_STRING, 'k', "filter", "REGEX", "only tests whose id fits", &f.filter},
		{CW_OPT_LIST, 0, "tag", "TAG", "only tests with one of these tags", &f.tags},
		{CW_OPT_STRING, 0, "filter-failing", "FILE",
			"only what did not pass in this summary.json, results.jsonl or run", &f.failing},
		{CW_OPT_STRING, 0, "shard", "I/N", "only the I-th of N parts; repeats stay together", &f.shard},
		{CW_OPT_U32, 0, "sample", "N", "only N calls, drawn by the seed", &f.sample},
		{CW_OPT_U32, 0, "first", "N", "only the first N calls of the plan", &f.first},
		{CW_OPT_STRING, 0, "out", "DIR", "folder of the run (default runs/<time>-<id>)", &f.out_dir},
		{CW_OPT_LIST, 'o', "output", "FILE", "another report: .jsonl .json .csv .xml (JUnit) .md .html",
			&f.outputs},
		{CW_OPT_LIST, 0, "voice", "VOICE", "caller's voices instead of the files'", &f.voices},
		{CW_OPT_LIST, 0, "language", "TAG", "languages instead of the files'", &f.languages},
		{CW_OPT_LIST, 0, "profile", "NAME", "line conditions (channels) instead of the files'", &f.channels},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "recogniser of the caller's ear", &f.ear},
		{CW_OPT_STRING, 0, "agent-stt", "ENGINE", "recogniser of an in-process agent", &f.agent_stt},
		{CW_OPT_STRING, 0, "agent-voice", "VOICE", "voice of an in-process agent", &f.agent_voice},
		{CW_OPT_STRING, 0, "resume", "[RUN]",
			"finish an interrupted run: its folder or id (default: the newest under runs/)", &f.resume},
		{CW_OPT_FLAG, 0, "retry-errors", NULL, "with --resume: do again what ended in ERROR", &f.retry_errors},
		{CW_OPT_U32, 0, "retry-invalid", "N", "try an INVALID call again up to N times, each with another seed",
			&f.retry_invalid},
		{CW_OPT_DURATION, 0, "timeout", "TIME", "limit of one call", &f.timeout_us},
		{CW_OPT_FLAG, 'x', "fail-fast", NULL, "stop at the first call that does not pass", &f.fail_fast},
		{CW_OPT_FLAG, 0, "dry-run", NULL, "check everything and print the calls that would be made",
			&f.dry_run},
		{CW_OPT_FLAG, 0, "list", NULL, "print the selected tests", &f.list},
		{CW_OPT_STRING, 0, "record", "WHAT", "none, mono or stereo (default)", &f.record},
		{CW_OPT_DOUBLE, 0, "faults", "P", "with --sim: probability of each kind of fault at every await point",
			&f.faults},
		{CW_OPT_LIST, 0, "var", "NAME=VALUE", "value for {{NAME}} in the files", &f.vars},
		{CW_OPT_STRING, 0, "env-file", "FILE", "NAME=VALUE lines for the environment; what is set stays",
			&f.env_file},
		{CW_OPT_STRING, 0, "judge", "SPEC", "language model that judges, instead of the files'", &f.judge},
		{CW_OPT_FLAG, 0, "journal", NULL, "keep of each call what its caller met, for replay --exact",
			&f.journal},
		{CW_OPT_FLAG, 0, "no-cache", NULL, "ask the judge anew instead of using its kept answers", &f.no_cache},
		CW_RUN_OPTS_TABLE(&f.ends),
		{CW_OPT_DOUBLE, 0, "max-cost", "USD", "start nothing more when calls have cost this", &f.max_cost},
		{CW_OPT_DOUBLE, 0, "max-minutes", "N", "start nothing more after N minutes", &f.max_minutes},
		{CW_OPT_FLAG, 0, "watch", NULL, "run again whenever a scenario or the agent file changes", &f.watch},
		{CW_OPT_FLAG, 0, "json", NULL, "summary (or the list) as JSON on standard output", &f.json},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	struct cw_trial_conf conf = {0};
	struct cw_select select = {0};
	struct cw_why why = {0};
	size_t n;
	int exit_code;

	if (!args)
		return complain("out of memory");
	mend_resume(argc, argv);
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	exit_code = check_flags(&f, n);
	if (!exit_code && f.env_file && cw_env_load(f.env_file, &why))
		exit_code = cw_cmd_fail(&why);
	if (!exit_code)
		exit_code = conf_of(args, &f, args, n, &conf);
	if (!exit_code)
		exit_code = read_shard(f.shard, &select);
	if (exit_code)
		return exit_code;
	select.failing = f.failing;
	select.sample = f.sample;
	if (!f.dry_run && !f.list && (exit_code = cw_cmd_judge_gate(&conf)))
		return exit_code;
	return (f.dry_run || f.list) && !f.resume ? show_plan(&f, &conf, &select) : run_tests(&f, &conf, &select);
}

const struct cw_command cw_cmd_test = {
	.name = "test",
	.summary = "call an agent with scenarios, judge and measure every call",
	.usage = "callwright test [options] FILE|FOLDER...",
	.details =
		"A run leaves a folder: run.json, results.jsonl (one line per call, appended as it ends), summary.json, summary.md,\n"
		"junit.xml and calls/<key>/ with the recording, events, transcript, waterfall and labels of each call.\n"
		"docs/scenarios.md describes the files and every assertion.\n"
		"CW_TWILIO_AUTH_TOKEN signs the calls to twilio: targets, as Twilio would with that token.\n"
		"\nExit codes: 0 all passed, 1 an assertion or gate failed, 2 usage or a faulty file, 3 the target could not be reached or a\n"
		"check not be decided, 4 the result cannot be trusted (invalid calls, too few for a gate), 5 nothing selected,\n"
		"6 worse than the baseline although all else holds, 7 a cap on cost or time was reached, 130 interrupted (go on with --resume).\n"
		"The first Ctrl-C lets the calls on the line end, the second ends at once; both leave complete reports.\n"
		"docs/ci.md tells how to gate pull requests; docs/reports.md what is in the reports.\n"
		"\nExamples:\n"
		"  callwright test scenarios/hvac --target agent:agents/hvac.yaml --sim --seed 7 -o out.jsonl\n"
		"  callwright test scenarios/hvac -k '^book-happy$' --target agent:agents/hvac.yaml --voice flite:rms\n"
		"  callwright test scenarios/hvac --target twilio:http://127.0.0.1:3000/voice -n 3 -j 2 -o junit.xml\n"
		"  callwright test scenarios/hvac -k happy --sim -n 1000 --faults 0.02 --seed 7 --record none\n"
		"  callwright test scenarios/hvac --target agent:agents/hvac.yaml --sim -n 10 --baseline main.json --fail-on regression\n"
		"  callwright test --resume\n",
	.run = run,
};
