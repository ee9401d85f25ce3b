#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/verbs.h"
#include "trial/perf/perf.h"
#include "trial/perf/text.h"

#define ITERATIONS 20
#define WARMUP     2
#define MOST       100000

struct flags {
	struct cw_opt_list voices, languages, channels, outputs;
	const char *config, *prompts, *target, *record, *ear, *agent_stt, *agent_voice, *filter, *out_dir;
	uint32_t iterations, warmup, concurrency;
	uint64_t seed, timeout_us;
	bool sim;
};

static int complain(const char *fmt, ...) CW_PRINTF(1, 2);
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("callwright perf: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nSee 'callwright perf --help'.\n", stderr);
	return CW_EXIT_USAGE;
}

static struct cw_list list_of(const struct cw_opt_list *l)
{
	return (struct cw_list){.items = (const char **)(uintptr_t)l->items, .n = l->n};
}

static bool is_target(const char *arg)
{
	static const char *const kinds[] = {"agent:", "twilio:", "chat:"};

	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		if (!strncmp(arg, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

/* One of the arguments may be the target; the others are scenario files. */
static int sort_args(struct flags *f, const char **args, size_t *n)
{
	size_t k = 0;

	for (size_t i = 0; i < *n; i++) {
		if (!is_target(args[i])) {
			args[k++] = args[i];
			continue;
		}
		if (f->target)
			return complain("one target at a time: '%s' and '%s' (callwright compare takes two)", f->target,
				args[i]);
		f->target = args[i];
	}
	*n = k;
	if (!f->iterations || f->iterations > MOST || f->warmup > MOST)
		return complain("--iterations and --warmup: from 1, and from 0, to %d", MOST);
	if (!f->concurrency || f->concurrency > 1000)
		return complain("--concurrency: from 1 to 1000");
	return 0;
}

static int conf_of(void *parent, const struct flags *f, const char *const *files, size_t n, struct cw_perf_conf *c)
{
	struct cw_override *over = NULL;
	struct cw_why why = {0};

	*c = (struct cw_perf_conf){
		.trial = {.files = files,
			.n_files = n,
			.target = f->target,
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
		.warmup = f->warmup,
		.concurrency = f->concurrency,
		.out_dir = f->out_dir,
		.outputs = f->outputs.items,
		.n_outputs = f->outputs.n,
	};
	if (cw_record_of(f->record, &c->trial.record))
		return complain("option '--record': '%s' is not none, mono or stereo", f->record);
	if (f->config && cw_override_load(parent, f->config, &over, &why))
		return cw_cmd_fail(&why);
	c->over = over;
	if (f->prompts && n)
		return complain(
			"--prompts is for targets without scenario files: scenarios say themselves what is said");
	if (f->prompts && cw_text_prompts_load(parent, f->prompts, &c->prompts, &c->n_prompts, &why))
		return cw_cmd_fail(&why);
	return 0;
}

static int measure(const struct cw_perf_conf *c)
{
	static const int codes[] = {
		[CW_PERF_DONE] = CW_EXIT_OK,
		[CW_PERF_SOME_FAILED] = CW_EXIT_FAILED,
		[CW_PERF_UNREACHABLE] = CW_EXIT_UNREACHABLE,
		[CW_PERF_NOTHING] = CW_EXIT_NOTHING,
		[CW_PERF_INTERRUPTED] = CW_EXIT_INTERRUPTED,
	};
	enum cw_perf_end end = CW_PERF_NOTHING;
	struct cw_why why = {0};

	if (cw_perf_run(c, &end, &why))
		return cw_cmd_fail(&why);
	if (end == CW_PERF_NOTHING)
		fprintf(stderr, "callwright perf: nothing was measured: look at --filter\n");
	return codes[end];
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {.record = "stereo", .seed = 1, .iterations = ITERATIONS, .warmup = WARMUP, .concurrency = 1};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'c', "config", "FILE", "model, temperature, voice, memory … (docs/config.md)",
			&f.config},
		{CW_OPT_U32, 'n', "iterations", "N", "measured rounds (20)", &f.iterations},
		{CW_OPT_U32, 0, "warmup", "N", "rounds before them that do not count (2)", &f.warmup},
		{CW_OPT_U32, 'j', "concurrency", "N", "conversations at once (1)", &f.concurrency},
		{CW_OPT_STRING, 'p', "prompts", "FILE", "what is asked or said: a line each", &f.prompts},
		{CW_OPT_STRING, 't', "target", "TARGET", "agent:FILE, twilio:URL or chat:URL", &f.target},
		{CW_OPT_FLAG, 0, "sim", NULL, "virtual time (agent: targets)", &f.sim},
		{CW_OPT_U64, 0, "seed", "N", "of the calls (1)", &f.seed},
		{CW_OPT_STRING, 'k', "filter", "REGEX", "only tests whose id fits", &f.filter},
		{CW_OPT_LIST, 0, "voice", "VOICE", "caller's voices instead of the files'", &f.voices},
		{CW_OPT_LIST, 0, "language", "TAG", "languages instead of the files'", &f.languages},
		{CW_OPT_LIST, 0, "profile", "NAME", "line conditions (channels) instead of the files'", &f.channels},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "caller's recogniser", &f.ear},
		{CW_OPT_STRING, 0, "agent-stt", "ENGINE", "recogniser of an agent: target", &f.agent_stt},
		{CW_OPT_STRING, 0, "agent-voice", "VOICE", "voice of an agent: target", &f.agent_voice},
		{CW_OPT_STRING, 0, "record", "WHAT", "stereo (default: times to the sample), mono or none", &f.record},
		{CW_OPT_DURATION, 0, "timeout", "TIME", "limit of one call or answer", &f.timeout_us},
		{CW_OPT_STRING, 0, "out", "DIR", "folder of the calls (default runs/<time>-<id>)", &f.out_dir},
		{CW_OPT_LIST, 'o', "output", "FILE", "report: .json .md", &f.outputs},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_perf_conf c;
	size_t n;
	int exit_code;

	if (!args || !scope)
		return complain("out of memory");
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	exit_code = sort_args(&f, args, &n);
	if (!exit_code)
		exit_code = conf_of(scope, &f, args, n, &c);
	return exit_code ? exit_code : measure(&c);
}

const struct cw_command cw_cmd_perf = {
	.name = "perf",
	.summary = "how fast a target answers: first token, first sound, whole answers, throughput",
	.usage = "callwright perf [options] TARGET|FILE...",
	.details =
		"A chat: target without scenario files is asked prompts; anything else is called. Rounds of warm-up do not count. Each figure comes\n"
		"with its n, and a percentile that so few values cannot give is \"-\" (29 for p90, 59 for p95, 299 for p99).\n"
		"  text_ttfb                 request sent to first piece of text       text_completion_time   to the last\n"
		"  audio_ttfb                caller's last voiced sample to the agent's first audible one\n"
		"  total_latency             caller's last voiced sample to the end of the agent's turn\n"
		"  audio_chunks_per_second   20 ms chunks of agent speech per second of total_latency (at most 50)\n"
		"CW_CHAT_API_KEY is sent to chat: targets as bearer token. docs/config.md describes --config files.\n"
		"\nExit codes: 0 measured, 1 some requests failed, 2 usage, 3 none succeeded, 5 nothing to do, 130 interrupted.\n"
		"\nExamples:\n"
		"  callwright perf 'chat:http://127.0.0.1:8000/v1#model=gpt-4o-mini' -n 60 -j 4 -o perf.json\n"
		"  callwright perf chat:http://127.0.0.1:8000/v1 --config fast.yaml --prompts prompts.txt\n"
		"  callwright perf twilio:http://127.0.0.1:8080/voice -n 10\n"
		"  callwright perf scenarios/hvac -k happy --target agent:agents/hvac.yaml --sim -n 30\n",
	.run = run,
};
