#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/verbs.h"
#include "trial/run/run.h"

#define SEED_DEFAULT 1

struct flags {
	struct cw_opt_list tags, voices, languages, channels, outputs, vars;
	const char *target, *filter, *out_dir, *ear, *agent_stt, *agent_voice, *resume, *record;
	bool sim, fail_fast, dry_run, list;
	uint64_t seed, timeout_us;
	uint32_t repeat, jobs, first;
	double faults;
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
		.target = f->target,
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
		.timeout_us = f->timeout_us,
		.fail_fast = f->fail_fast,
		.faults = f->faults,
		.n_vars = f->vars.n,
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

static int show_plan(const struct cw_trial_conf *conf, bool list)
{
	CW_SCOPED struct cw_plan *plan = NULL;
	struct cw_why why = {0};
	const struct cw_test *before = NULL;
	int err = cw_plan_new(NULL, conf, &plan, &why);

	if (err)
		return why.err ? cw_cmd_fail(&why) : complain("%s", strerror(err));
	for (size_t i = 0; i < plan->n; i++) {
		const struct cw_plan_item *it = &plan->items[i];

		if (!list)
			printf("%s  %s  seed %016llx\n", it->key, it->target, (unsigned long long)it->seed);
		else if (it->test != before)
			printf("%-40s %s:%u  %s\n", it->test->id, it->test->file, it->test->line,
				it->test->description);
		before = it->test;
	}
	if (!plan->n)
		fprintf(stderr, "callwright test: nothing is selected\n");
	return plan->n ? CW_EXIT_OK : CW_EXIT_NOTHING;
}

static int run_tests(const struct flags *f, const struct cw_trial_conf *trial)
{
	static const int codes[] = {
		[CW_RUN_PASSED] = CW_EXIT_OK,
		[CW_RUN_FAILED] = CW_EXIT_FAILED,
		[CW_RUN_UNREACHABLE] = CW_EXIT_UNREACHABLE,
		[CW_RUN_UNTRUSTED] = CW_EXIT_UNTRUSTED,
		[CW_RUN_NOTHING] = CW_EXIT_NOTHING,
		[CW_RUN_INTERRUPTED] = CW_EXIT_INTERRUPTED,
	};
	const struct cw_run_conf conf = {
		.trial = *trial,
		.out_dir = f->out_dir,
		.resume = f->resume,
		.outputs = f->outputs.items,
		.n_outputs = f->outputs.n,
	};
	enum cw_run_end end = CW_RUN_NOTHING;
	struct cw_why why = {0};

	if (cw_run(&conf, &end, &why))
		return cw_cmd_fail(&why);
	if (end == CW_RUN_NOTHING)
		fprintf(stderr, "callwright test: nothing is selected: look at --list, --filter and --tag\n");
	return codes[end];
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {.seed = SEED_DEFAULT, .record = "stereo"};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 't', "target", "TARGET", "agent:FILE or twilio:URL, instead of the files' own",
			&f.target},
		{CW_OPT_FLAG, 0, "sim", NULL, "virtual time, modem voices, everything from the seed", &f.sim},
		{CW_OPT_U64, 0, "seed", "N", "seed of the run (default 1)", &f.seed},
		{CW_OPT_U32, 'n', "repeat", "N", "calls per test and slice", &f.repeat},
		{CW_OPT_U32, 'j', "jobs", "N", "calls at once (default 2; simulated: 1)", &f.jobs},
		{CW_OPT_STRING, 'k', "filter", "REGEX", "only tests whose id fits", &f.filter},
		{CW_OPT_LIST, 0, "tag", "TAG", "only tests with one of these tags", &f.tags},
		{CW_OPT_U32, 0, "first", "N", "only the first N calls of the plan", &f.first},
		{CW_OPT_STRING, 0, "out", "DIR", "folder of the run (default runs/<time>-<id>)", &f.out_dir},
		{CW_OPT_LIST, 'o', "output", "FILE", "another report: .jsonl .json .csv .xml (JUnit) .md", &f.outputs},
		{CW_OPT_LIST, 0, "voice", "VOICE", "caller's voices instead of the files'", &f.voices},
		{CW_OPT_LIST, 0, "language", "TAG", "languages instead of the files'", &f.languages},
		{CW_OPT_LIST, 0, "profile", "NAME", "line conditions (channels) instead of the files'", &f.channels},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "recogniser of the caller's ear", &f.ear},
		{CW_OPT_STRING, 0, "agent-stt", "ENGINE", "recogniser of an in-process agent", &f.agent_stt},
		{CW_OPT_STRING, 0, "agent-voice", "VOICE", "voice of an in-process agent", &f.agent_voice},
		{CW_OPT_STRING, 0, "resume", "DIR", "finish an interrupted run (\"last\": the newest under runs/)",
			&f.resume},
		{CW_OPT_DURATION, 0, "timeout", "TIME", "limit of one call", &f.timeout_us},
		{CW_OPT_FLAG, 'x', "fail-fast", NULL, "stop at the first call that does not pass", &f.fail_fast},
		{CW_OPT_FLAG, 0, "dry-run", NULL, "check everything and print the calls that would be made",
			&f.dry_run},
		{CW_OPT_FLAG, 0, "list", NULL, "print the selected tests", &f.list},
		{CW_OPT_STRING, 0, "record", "WHAT", "none, mono or stereo (default)", &f.record},
		{CW_OPT_DOUBLE, 0, "faults", "P", "with --sim: probability of each kind of fault at every await point",
			&f.faults},
		{CW_OPT_LIST, 0, "var", "NAME=VALUE", "value for {{NAME}} in the files", &f.vars},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	struct cw_trial_conf conf = {0};
	size_t n;
	int exit_code;

	if (!args)
		return complain("out of memory");
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!n && !f.resume)
		return complain("which scenarios? Give files or folders, for example scenarios/hvac");
	if (n && f.resume)
		return complain("--resume goes on with the files of that run: give no others");
	exit_code = conf_of(args, &f, args, n, &conf);
	if (exit_code)
		return exit_code;
	return (f.dry_run || f.list) && !f.resume ? show_plan(&conf, f.list) : run_tests(&f, &conf);
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
		"130 interrupted (go on with --resume).\n"
		"\nExamples:\n"
		"  callwright test scenarios/hvac --target agent:agents/hvac.yaml --sim --seed 7 -o out.jsonl\n"
		"  callwright test scenarios/hvac -k '^book-happy$' --target agent:agents/hvac.yaml --voice flite:rms\n"
		"  callwright test scenarios/hvac --target twilio:http://127.0.0.1:3000/voice -n 3 -j 2 -o junit.xml\n"
		"  callwright test scenarios/hvac -k happy --sim -n 1000 --faults 0.02 --seed 7 --record none\n"
		"  callwright test --resume last\n",
	.run = run,
};
