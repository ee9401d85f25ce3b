#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/run_opts.h"
#include "cmd/verbs.h"
#include "trial/replay/exact.h"
#include "trial/replay/to_test.h"
#include "trial/run/run.h"

#define REPLAYS "replays"

struct flags {
	const char *target, *to_test, *voice, *id, *out;
	bool exact, keep_audio, keep_personal, sim, json;
};

/* ---- exactly ---- */

static void print_found(const struct cw_journal_found *f)
{
	if (f->frame != UINT64_MAX)
		printf("  the first frame sent that differs: %llu, at %.3f s of the journal\n",
			(unsigned long long)f->frame, (double)f->frame_us / 1e6);
	if (f->event != UINT64_MAX)
		printf("  the first event that differs: %llu\n    then %s\n    now  %s\n", (unsigned long long)f->event,
			f->event_was, f->event_now);
	if (f->stopped[0])
		printf("  it went another way at %s\n", f->stopped);
}

static void print_journal(const struct cw_exact *x, const char *call)
{
	const struct cw_journal_found *f = &x->found;
	bool differs = f->frame != UINT64_MAX || f->event != UINT64_MAX || f->stopped[0];

	printf("%s: %s\n", call,
		x->same              ? "the same, bit for bit"
		: f->cut && !differs ? "CUT SHORT: the same as far as its journal goes"
				     : "DIFFERS");
	printf("  verdict  %s (of then; nothing was judged again)\n", x->verdict[0][0] ? x->verdict[0] : "-");
	printf("  %.3f s of the caller's side in %.3f s: %llu frames sent, %llu events compared\n",
		(double)f->until_us / 1e6, (double)x->took_us / 1e6, (unsigned long long)f->frames,
		(unsigned long long)f->events);
	print_found(f);
}

static void print_exact(const struct cw_exact *x, const char *call)
{
	if (x->journal) {
		print_journal(x, call);
	} else {
		printf("%s: %s\n", call, x->same ? "the same, bit for bit" : "DIFFERS");
		printf("  verdict  %s, now %s\n", x->verdict[0][0] ? x->verdict[0] : "-", x->verdict[1]);
	}
	printf("  frames   %.16s…  now %.16s…\n", x->frames[0][0] ? x->frames[0] : "none",
		x->frames[1][0] ? x->frames[1] : "none");
	printf("  events   %.16s…  now %.16s…\n", x->events[0][0] ? x->events[0] : "none", x->events[1]);
	if (x->changed)
		printf("  the scenario files changed since the run\n");
}

static json_t *number_or_null(uint64_t n)
{
	return n == UINT64_MAX ? json_null() : json_integer((json_int_t)n);
}

static bool add_found(json_t *j, const struct cw_exact *x)
{
	const struct cw_journal_found *f = &x->found;
	json_t *found = json_pack("{s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:s, s:s, s:s}", "cut", f->cut, "until_us",
		(json_int_t)f->until_us, "took_us", (json_int_t)x->took_us, "frames", (json_int_t)f->frames, "events",
		(json_int_t)f->events, "first_frame", number_or_null(f->frame), "first_event", number_or_null(f->event),
		"event_then", f->event_was, "event_now", f->event_now, "went_another_way", f->stopped);

	return found && !json_object_set_new(j, "journal", found);
}

static void print_exact_json(const struct cw_exact *x, const char *call)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	CW_JSON_SCOPED json_t *j = json_pack("{s:s, s:b, s:b, s:[s,s], s:[s,s], s:[s,s]}", "call", call, "same",
		x->same, "changed", x->changed, "verdict", x->verdict[0], x->verdict[1], "frames_sha256", x->frames[0],
		x->frames[1], "events_sha256", x->events[0], x->events[1]);

	if (j && x->journal && (!add_found(j, x)))
		fprintf(stderr, "callwright replay: out of memory\n");
	if (j)
		cw_json_dump(&b, j);
	printf("%s\n", b.p ? b.p : "{}");
}

static int exactly(const struct flags *f, const char *const *calls, size_t n)
{
	int code = CW_EXIT_OK;

	for (size_t i = 0; i < n; i++) {
		struct cw_exact x;
		struct cw_why why = {0};

		if (cw_exact_replay(calls[i], &x, &why))
			return cw_cmd_fail(&why);
		(f->json ? print_exact_json : print_exact)(&x, calls[i]);
		if (!x.same)
			code = CW_EXIT_FAILED;
	}
	return code;
}

/* ---- as a test ---- */

/* replays/KEY.yaml, written anew each time. */
static char *default_path(const struct cw_capture *c)
{
	char *path = talloc_asprintf(NULL, REPLAYS "/%s.yaml", c->key);

	if (mkdir(REPLAYS, 0777) && errno != EEXIST)
		return path; /* writing the file tells */
	if (path && unlink(path) && errno != ENOENT)
		return path;
	return path;
}

static int write_test(const struct flags *f, const char *call, char **path, struct cw_why *why)
{
	CW_SCOPED struct cw_capture *c = NULL;
	struct cw_to_test_report report;
	int err = cw_capture_load(NULL, call, &c, why);

	if (err)
		return err;
	*path = f->to_test ? talloc_strdup(NULL, f->to_test) : default_path(c);
	if (!*path)
		return ENOMEM;

	const struct cw_to_test_conf conf = {
		.path = *path,
		.id = f->id,
		.target = f->target      ? f->target
			  : c->target[0] ? c->target
					 : NULL,
		.voice = f->voice,
		.keep_audio = f->keep_audio || (!f->to_test && !f->voice),
		.keep_personal = f->keep_personal,
	};

	err = cw_to_test_write(c, &conf, &report, why);
	if (!err)
		fprintf(stderr, "%s: %zu turns%s, %zu pieces of personal data replaced%s\n", *path, report.turns,
			report.clips ? " in the caller's own voice" : "", report.replaced,
			report.wordless ? "; turns without known words were left out (--keep-audio keeps them)" : "");
	return err;
}

static int call_again(const struct flags *f, const char *path)
{
	const char *const files[] = {path};
	const struct cw_run_conf conf = {
		.trial = {.files = files,
			.n_files = 1,
			.target = f->target,
			.sim = f->sim,
			.seed = 1,
			.auth_token = cw_config_auth_token(),
			.chat_key = cw_config_chat_key()},
		.json = f->json,
		.out_dir = f->out,
	};
	enum cw_run_end end = CW_RUN_NOTHING;
	struct cw_why why = {0};

	return cw_run(&conf, &end, &why) ? cw_cmd_fail(&why) : cw_run_exit_code(end);
}

static int as_tests(const struct flags *f, const char *const *calls, size_t n)
{
	int code = CW_EXIT_OK;

	for (size_t i = 0; i < n; i++) {
		CW_SCOPED char *path = NULL;
		struct cw_why why = {0};
		int one;

		if (write_test(f, calls[i], &path, &why))
			return cw_cmd_fail(&why);
		one = f->to_test ? CW_EXIT_OK : call_again(f, path);
		code = one > code ? one : code;
	}
	return code;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {0};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 't', "target", "TARGET", "whom to call; without it: whom the call went to", &f.target},
		{CW_OPT_STRING, 0, "to-test", "FILE", "write a scenario file and do not call", &f.to_test},
		{CW_OPT_STRING, 0, "id", "ID", "id of that test (replay-KEY)", &f.id},
		{CW_OPT_STRING, 0, "voice", "VOICE", "let a voice of ours say the words instead of the caller's own",
			&f.voice},
		{CW_OPT_FLAG, 0, "keep-audio", NULL, "with --to-test: keep the caller's own voice as clips",
			&f.keep_audio},
		{CW_OPT_FLAG, 0, "keep-personal", NULL, "leave numbers and addresses in the words", &f.keep_personal},
		{CW_OPT_FLAG, 0, "exact", NULL, "do it again and compare every frame and event", &f.exact},
		{CW_OPT_FLAG, 0, "sim", NULL, "call in virtual time (agent: targets)", &f.sim},
		{CW_OPT_STRING, 0, "out", "DIR", "folder of the run (runs/<time>-<id>)", &f.out},
		{CW_OPT_FLAG, 0, "json", NULL, "results as JSON", &f.json},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!n) {
		fprintf(stderr,
			"callwright replay: which call? Give its folder (runs/…/calls/KEY) or its stereo recording\n");
		return CW_EXIT_USAGE;
	}
	if (n > 1 && (f.to_test || f.id)) {
		fprintf(stderr, "callwright replay: --to-test and --id are for one call, and %zu are given\n", n);
		return CW_EXIT_USAGE;
	}
	cw_log_open(&(struct cw_log_conf){
		.level = CW_LOG_WARN, .fd = STDERR_FILENO, .color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")});
	return f.exact ? exactly(&f, args, n) : as_tests(&f, args, n);
}

const struct cw_command cw_cmd_replay = {
	.name = "replay",
	.summary = "a recorded call once more: as a test of an agent, or exactly",
	.usage = "callwright replay CALL… [options]",
	.details =
		"Takes a finished call apart (stereo recording: left caller, right agent, and the timelines beside it) and makes its caller's turns a test: each\n"
		"stands where it stood relative to the agent, so that an interruption 1.2 s into its words interrupts another agent 1.2 s into its. The test is\n"
		"played to the target at once, in the caller's own voice, or written to a file with --to-test (words spoken by a voice of ours, personal data\n"
		"replaced, unless --keep-audio and --keep-personal).\n"
		"--exact does a call once more and compares frames and events by SHA-256: a simulated one from its seed, one in real time from the\n"
		"journal of its caller's side (callwright test --journal).\n"
		"\nExamples:\n"
		"  callwright replay runs/last/calls/book-happy.en-US.modem.clean.1 --exact\n"
		"  callwright replay call.wav --target agent:agents/hvac.yaml\n"
		"  callwright replay runs/last/calls/KEY --to-test scenarios/regressions/furnace.yaml\n",
	.run = run,
};
