#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/verbs.h"
#include "trial/perf/compare.h"
#include "trial/perf/text.h"

#define ITERATIONS 10
#define MOST       100000

struct flags {
	struct cw_opt_list voices, languages, channels, outputs;
	const char *side[2], *config[2], *prompts, *record, *ear, *agent_stt, *agent_voice, *filter, *out_dir;
	uint32_t iterations, jobs;
	uint64_t seed, timeout_us;
	bool sim, from;
};

static int complain(const char *fmt, ...) CW_PRINTF(1, 2);
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("callwright compare: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nSee 'callwright compare --help'.\n", stderr);
	return CW_EXIT_USAGE;
}

static struct cw_list list_of(const struct cw_opt_list *l)
{
	return (struct cw_list){.items = (const char **)(uintptr_t)l->items, .n = l->n};
}

static bool is_yaml(const char *s)
{
	size_t n = strlen(s);

	return (n > 5 && !strcmp(s + n - 5, ".yaml")) || (n > 4 && !strcmp(s + n - 4, ".yml"));
}

/* A side is a target, or a configuration file, or both: TARGET with --baseline-config FILE. */
static int read_side(void *parent, const struct flags *f, int side, struct cw_compare_side *ret)
{
	static const char *const names[] = {"--baseline", "--variant"};
	const char *what = f->side[side], *config = f->config[side];
	struct cw_override *over = NULL;
	struct cw_why why = {0};
	bool file = what && is_yaml(what) && strncmp(what, "agent:", 6) != 0;

	if (!what && !config)
		return complain("%s: give a target, or a configuration file (docs/config.md)", names[side]);
	if (file && config)
		return complain("%s is a configuration file already: leave out %s-config", names[side], names[side]);
	if (file)
		config = what;
	else
		ret->target = what;
	if (config && cw_override_load(parent, config, &over, &why))
		return cw_cmd_fail(&why);
	ret->over = over;
	return 0;
}

static int conf_of(void *parent, const struct flags *f, const char *const *args, size_t n, struct cw_compare_conf *c)
{
	struct cw_why why = {0};
	int bad = 0;

	*c = (struct cw_compare_conf){
		.trial = {.files = args,
			.n_files = f->from ? 0 : n,
			.sim = f->sim,
			.seed = f->seed,
			.filter = f->filter,
			.voices = list_of(&f->voices),
			.languages = list_of(&f->languages),
			.channels = list_of(&f->channels),
			.ear = f->ear,
			.agent_stt = f->agent_stt,
			.agent_voice = f->agent_voice,
			.auth_token = cw_config_auth_token(),
			.chat_key = cw_config_chat_key(),
			.timeout_us = f->timeout_us},
		.iterations = f->iterations,
		.jobs = f->jobs,
		.out_dir = f->out_dir,
		.outputs = f->outputs.items,
		.n_outputs = f->outputs.n,
	};
	if (cw_record_of(f->record, &c->trial.record))
		return complain("option '--record': '%s' is not none, mono or stereo", f->record);
	if (!f->iterations || f->iterations > MOST || !f->jobs || f->jobs > 1000)
		return complain("--iterations: from 1 to %d; --jobs: from 1 to 1000", MOST);
	if (f->from && (n != 2 || f->side[0] || f->side[1]))
		return complain("--from takes the folders of two runs and nothing else: --from RUN_A RUN_B");
	if (f->from) {
		c->side[0].run = args[0];
		c->side[1].run = args[1];
		return 0;
	}
	for (int side = 0; !bad && side < 2; side++)
		bad = read_side(parent, f, side, &c->side[side]);
	if (!bad && f->prompts && n)
		return complain("--prompts is for chat: targets without scenario files");
	if (!bad && f->prompts && cw_text_prompts_load(parent, f->prompts, &c->prompts, &c->n_prompts, &why))
		return cw_cmd_fail(&why);
	return bad;
}

static int compare(const struct cw_compare_conf *c)
{
	static const int codes[] = {
		[CW_COMPARE_EQUAL] = CW_EXIT_OK,
		[CW_COMPARE_WORSE] = CW_EXIT_REGRESSION,
		[CW_COMPARE_UNREACHABLE] = CW_EXIT_UNREACHABLE,
		[CW_COMPARE_NOTHING] = CW_EXIT_NOTHING,
		[CW_COMPARE_INTERRUPTED] = CW_EXIT_INTERRUPTED,
	};
	enum cw_compare_end end = CW_COMPARE_NOTHING;
	struct cw_why why = {0};

	if (cw_compare_run(c, &end, &why))
		return cw_cmd_fail(&why);
	if (end == CW_COMPARE_NOTHING)
		fprintf(stderr, "callwright compare: nothing was selected: look at --filter\n");
	return codes[end];
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {.record = "stereo", .seed = 1, .iterations = ITERATIONS, .jobs = 1};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'A', "baseline", "A", "target, or configuration file (docs/config.md)", &f.side[0]},
		{CW_OPT_STRING, 'B', "variant", "B", "what is compared with it", &f.side[1]},
		{CW_OPT_STRING, 0, "baseline-config", "FILE", "configuration of target A", &f.config[0]},
		{CW_OPT_STRING, 0, "variant-config", "FILE", "configuration of target B", &f.config[1]},
		{CW_OPT_FLAG, 0, "from", NULL, "compare two stored runs: callwright compare --from RUN_A RUN_B",
			&f.from},
		{CW_OPT_U32, 'n', "iterations", "N", "pairs per test and slice, or per prompt (10)", &f.iterations},
		{CW_OPT_U32, 'j', "jobs", "N", "calls or prompts at once (1: strictly A B B A)", &f.jobs},
		{CW_OPT_STRING, 'p', "prompts", "FILE", "what chat: targets are asked: a line each", &f.prompts},
		{CW_OPT_FLAG, 0, "sim", NULL, "virtual time (agent: targets)", &f.sim},
		{CW_OPT_U64, 0, "seed", "N", "of the calls and of the statistics (1)", &f.seed},
		{CW_OPT_STRING, 'k', "filter", "REGEX", "only tests whose id fits", &f.filter},
		{CW_OPT_LIST, 0, "voice", "VOICE", "caller's voices instead of the files'", &f.voices},
		{CW_OPT_LIST, 0, "language", "TAG", "languages instead of the files'", &f.languages},
		{CW_OPT_LIST, 0, "profile", "NAME", "line conditions (channels) instead of the files'", &f.channels},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "caller's recogniser", &f.ear},
		{CW_OPT_STRING, 0, "agent-voice", "VOICE", "voice of agent: targets", &f.agent_voice},
		{CW_OPT_STRING, 0, "agent-stt", "ENGINE", "recogniser of agent: targets", &f.agent_stt},
		{CW_OPT_STRING, 0, "record", "WHAT", "stereo (default), mono or none", &f.record},
		{CW_OPT_DURATION, 0, "timeout", "TIME", "limit of one call or answer", &f.timeout_us},
		{CW_OPT_STRING, 0, "out", "DIR", "folder of the calls (default runs/<time>-<id>)", &f.out_dir},
		{CW_OPT_LIST, 'o', "output", "FILE", "report: .json .md .html", &f.outputs},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_compare_conf c;
	size_t n;
	int exit_code;

	if (!args || !scope)
		return complain("out of memory");
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	exit_code = conf_of(scope, &f, args, n, &c);
	return exit_code ? exit_code : compare(&c);
}

const struct cw_command cw_cmd_compare = {
	.name = "compare",
	.summary =
		"A against B, the same calls or prompts with both: differences, intervals, what could not have been seen",
	.usage = "callwright compare --baseline A --variant B [options] [FILE|FOLDER...]",
	.details =
		"Pairs are interleaved A B B A, with the same callers, seeds and channel noise on both sides. Pass and fail: McNemar's exact test;\n"
		"times: paired permutation of signs; intervals: bootstrap of whole tests; Holm over all metrics. The last columns say which\n"
		"difference these pairs could have shown, and how many would show the one that was seen. Without scenario files both sides are\n"
		"chat: targets and are asked prompts.\n"
		"\nExit codes: 0 B is not shown to be worse, 6 B is worse in something, 2 usage, 3 a side could not be reached, 5 nothing selected,\n"
		"130 interrupted.\n"
		"\nExamples:\n"
		"  callwright compare -A agent:agents/hvac.yaml -B agent:agents/new.yaml scenarios/hvac --sim -n 20 -o ab.md\n"
		"  callwright compare -A twilio:http://127.0.0.1:3000/voice -B twilio:http://127.0.0.1:3001/voice scenarios/transports\n"
		"  callwright compare -A chat:http://127.0.0.1:8000/v1 --baseline-config a.yaml -B chat:http://127.0.0.1:8000/v1 --variant-config b.yaml\n"
		"  callwright compare --from runs/before runs/after\n",
	.run = run,
};
