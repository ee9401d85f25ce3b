#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/verbs.h"
#include "trial/perf/load.h"

#define DURATION_US 30000000u
#define DRAIN_US    180000000u

struct flags {
	struct cw_opt_list voices, channels, outputs, vars;
	const char *target, *rate, *stages, *arrivals, *record, *ear, *agent_stt, *agent_voice, *filter, *out_dir;
	uint64_t duration_us, ramp_us, drain_us, max_calls, seed, timeout_us, pid;
	uint32_t concurrency, lanes;
	double min_success, max_p95_ms, knee;
	bool soak;
};

static int complain(const char *fmt, ...) CW_PRINTF(1, 2);
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("callwright load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nSee 'callwright load --help'.\n", stderr);
	return CW_EXIT_USAGE;
}

/* --stages as they are; else --ramp up to --rate and then --duration at it. */
static int read_stages(void *parent, const struct flags *f, struct cw_load_conf *c)
{
	struct cw_why why = {0};
	struct cw_stage *s = NULL;
	double rate;

	if (f->stages && (f->rate || f->ramp_us))
		return complain("--stages says it all: leave out --rate and --ramp");
	if (f->stages) {
		if (cw_stages_parse(parent, f->stages, &s, &c->n_stages, &why))
			return cw_cmd_fail(&why);
		c->stages = s;
		return 0;
	}
	if (!f->rate) {
		if (!f->concurrency)
			return complain(
				"how many callers? Give --rate 10/s, --stages 10/s:30s,50/s:1m or --concurrency 50");
		return f->ramp_us ? complain("--ramp needs --rate: it goes from 0 to that") : 0;
	}
	if (cw_rate_parse(f->rate, &rate, &why))
		return cw_cmd_fail(&why);
	s = talloc_zero_array(parent, struct cw_stage, 2);
	if (!s)
		return complain("out of memory");
	if (f->ramp_us)
		s[c->n_stages++] = (struct cw_stage){0, rate, f->ramp_us};
	s[c->n_stages++] = (struct cw_stage){rate, rate, f->duration_us};
	c->stages = s;
	return 0;
}

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

static struct cw_list list_of(const struct cw_opt_list *l)
{
	return (struct cw_list){.items = (const char **)(uintptr_t)l->items, .n = l->n};
}

static int check(const struct flags *f)
{
	if (strcmp(f->arrivals, "poisson") != 0 && strcmp(f->arrivals, "constant") != 0)
		return complain("option '--arrivals': '%s' is not poisson or constant", f->arrivals);
	if (f->concurrency > CW_LOAD_LIVE_MAX)
		return complain("--concurrency %u: at most %d calls at once", f->concurrency, CW_LOAD_LIVE_MAX);
	if (!f->lanes || f->lanes > CW_LOAD_LANES_MAX)
		return complain("--lanes %u: from 1 to %d", f->lanes, CW_LOAD_LANES_MAX);
	if (f->min_success > 1 || !(f->knee > 0 && f->knee <= 1))
		return complain("--min-success and --knee are shares: from 0 to 1");
	if (f->pid && !f->soak)
		return complain("--pid needs --soak: it is watched for growth");
	return 0;
}

static int conf_of(void *parent, const struct flags *f, const char *const *files, size_t n, struct cw_load_conf *c)
{
	static const char *modem[] = {"modem"};

	*c = (struct cw_load_conf){
		.trial = {.files = files,
			.n_files = n,
			.target = f->target,
			.seed = f->seed,
			.repeat = 1,
			.filter = f->filter,
			.voices = f->voices.n ? list_of(&f->voices) : (struct cw_list){modem, 1},
			.channels = list_of(&f->channels),
			.ear = f->ear,
			.agent_stt = f->agent_stt,
			.agent_voice = f->agent_voice,
			.auth_token = cw_config_auth_token(),
			.timeout_us = f->timeout_us,
			.n_vars = f->vars.n},
		.duration_us = f->duration_us,
		.constant = !strcmp(f->arrivals, "constant"),
		.concurrency = f->concurrency,
		.max_calls = f->max_calls,
		.drain_us = f->drain_us,
		.lanes = f->lanes,
		.soak = f->soak,
		.pid = (int64_t)f->pid,
		.min_success = f->min_success,
		.max_p95_ms = f->max_p95_ms,
		.knee_level = f->knee,
		.out_dir = f->out_dir,
		.outputs = f->outputs.items,
		.n_outputs = f->outputs.n,
		.keys = true,
	};
	if (cw_record_of(f->record, &c->trial.record))
		return complain("option '--record': '%s' is not none, mono or stereo", f->record);

	int bad = read_stages(parent, f, c);

	return bad ? bad : read_vars(parent, &f->vars, &c->trial.vars);
}

static int place(const struct cw_load_conf *c)
{
	static const int codes[] = {
		[CW_LOAD_PASSED] = CW_EXIT_OK,
		[CW_LOAD_FAILED] = CW_EXIT_FAILED,
		[CW_LOAD_UNREACHABLE] = CW_EXIT_UNREACHABLE,
		[CW_LOAD_UNTRUSTED] = CW_EXIT_UNTRUSTED,
		[CW_LOAD_NOTHING] = CW_EXIT_NOTHING,
		[CW_LOAD_INTERRUPTED] = CW_EXIT_INTERRUPTED,
	};
	enum cw_load_end end = CW_LOAD_NOTHING;
	struct cw_why why = {0};

	if (cw_load_run(c, &end, &why))
		return cw_cmd_fail(&why);
	if (end == CW_LOAD_NOTHING)
		fprintf(stderr, "callwright load: no call was made: look at --filter, --rate and --duration\n");
	return codes[end];
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {.arrivals = "poisson",
		.record = "none",
		.ear = "modem",
		.seed = 1,
		.lanes = 1,
		.duration_us = DURATION_US,
		.drain_us = DRAIN_US,
		.min_success = -1,
		.knee = 0.95};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 't', "target", "TARGET",
			"agent:FILE, twilio:URL or chat:URL, instead of the files' own", &f.target},
		{CW_OPT_STRING, 'r', "rate", "R", "callers per second or minute: 20/s, 90/m", &f.rate},
		{CW_OPT_DURATION, 'd', "duration", "TIME", "how long they come (30s)", &f.duration_us},
		{CW_OPT_DURATION, 0, "ramp", "TIME", "before it: from 0 up to the rate", &f.ramp_us},
		{CW_OPT_STRING, 0, "stages", "LIST", "10/s:30s,50/s:1m; 0-50/s:2m is a ramp; instead of --rate",
			&f.stages},
		{CW_OPT_STRING, 0, "arrivals", "KIND", "poisson (default) or constant", &f.arrivals},
		{CW_OPT_U32, 'j', "concurrency", "N",
			"calls at once at most; without --rate or --stages: so many are kept in the line",
			&f.concurrency},
		{CW_OPT_U64, 0, "max-calls", "N", "stop after so many calls", &f.max_calls},
		{CW_OPT_DURATION, 0, "drain", "TIME", "calls may go on so long after the last caller came (3m)",
			&f.drain_us},
		{CW_OPT_U32, 0, "lanes", "N", "threads with callers of their own (1)", &f.lanes},
		{CW_OPT_U64, 0, "seed", "N", "of arrivals and callers (1)", &f.seed},
		{CW_OPT_FLAG, 0, "soak", NULL, "watch memory and answers for growth and drift", &f.soak},
		{CW_OPT_U64, 0, "pid", "PID", "with --soak: the process of a local target", &f.pid},
		{CW_OPT_DOUBLE, 0, "min-success", "SHARE", "gate: PASS of PASS and FAIL (default: no FAIL, no ERROR)",
			&f.min_success},
		{CW_OPT_DOUBLE, 0, "max-p95", "MS", "gate: 95th percentile of the answers, from the intended words",
			&f.max_p95_ms},
		{CW_OPT_DOUBLE, 0, "knee", "SHARE", "success that must hold for the knee curve (0.95)", &f.knee},
		{CW_OPT_STRING, 'k', "filter", "REGEX", "only tests whose id fits; callers take them in turn",
			&f.filter},
		{CW_OPT_LIST, 0, "voice", "VOICE", "callers' voices (modem: words as tones, no synthesis)", &f.voices},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "callers' recogniser (modem)", &f.ear},
		{CW_OPT_STRING, 0, "agent-voice", "VOICE", "voice of an agent: target", &f.agent_voice},
		{CW_OPT_STRING, 0, "agent-stt", "ENGINE", "recogniser of an agent: target", &f.agent_stt},
		{CW_OPT_LIST, 0, "profile", "NAME", "line conditions (channels) instead of the files'", &f.channels},
		{CW_OPT_STRING, 0, "record", "WHAT", "none (default), mono or stereo", &f.record},
		{CW_OPT_DURATION, 0, "timeout", "TIME", "limit of one call", &f.timeout_us},
		{CW_OPT_LIST, 0, "var", "NAME=VALUE", "value for {{NAME}} in the files", &f.vars},
		{CW_OPT_STRING, 0, "out", "DIR", "folder of the load (default runs/<time>-<id>)", &f.out_dir},
		{CW_OPT_LIST, 'o', "output", "FILE", "another report: .json .csv (knee curve) .md", &f.outputs},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_load_conf c;
	size_t n;
	int exit_code;

	if (!args || !scope)
		return complain("out of memory");
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!n)
		return complain("which scenario? Give files or folders, for example scenarios/load");
	exit_code = check(&f);
	if (!exit_code)
		exit_code = conf_of(scope, &f, args, n, &c);
	return exit_code ? exit_code : place(&c);
}

const struct cw_command cw_cmd_load = {
	.name = "load",
	.summary = "many callers at once: latency, success and the knee, every call checked",
	.usage = "callwright load [options] FILE|FOLDER...",
	.details =
		"Callers arrive whether or not those before are served, and latencies count from the moment they were meant to dial and to\n"
		"speak, so that a target or a harness that falls behind shows. Each call is judged by the scenario's assertions. With the modem\n"
		"voice and ear (the default) one core carries more than a thousand callers; start the target with --stt modem --voice modem.\n"
		"docs/load.md defines every figure. On a terminal: + - one caller per second more or less, * / twice or half the rate, q ends.\n"
		"Ctrl-C: nobody dials any more, calls go on to their end; once more cuts them.\n"
		"\nExit codes: 0 all gates hold, 1 a gate does not, 2 usage or a faulty file, 3 the target could not be reached, 4 the callers\n"
		"themselves were late or invalid too often, 5 no call was made, 130 interrupted.\n"
		"\nExamples:\n"
		"  callwright load scenarios/load --target twilio:http://127.0.0.1:8080/voice --rate 20/s --duration 1m\n"
		"  callwright load scenarios/load --target twilio:http://127.0.0.1:8080/voice --stages 0-30/s:30s,30/s:1m -o knee.csv\n"
		"  callwright load scenarios/load --target agent:agents/hvac.yaml --agent-stt modem --agent-voice modem -j 50\n"
		"  callwright load scenarios/load --target twilio:http://127.0.0.1:8080/voice --rate 5/s --duration 1h --soak --pid 4242\n",
	.run = run,
};
