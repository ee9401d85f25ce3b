#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/live.h"
#include "cmd/service.h"
#include "cmd/verbs.h"
#include "store/db.h"
#include "trial/run/run.h"
#include "world/lane.h"

/*
 * The agent serves on a lane of its own, on a socket, as `serve` does; the tester rings it through the Twilio emulator, as
 * `test --target twilio:` does. Nothing is shared but the loopback interface.
 */

#define EMULATOR_TOKEN \
	"00000000000000000000000000000000" /* what the emulator signs with when it is told nothing else */

struct demo {
	struct cw_config config;
	struct cw_service *service;
	struct cw_why why;
};

static int lane_begin(struct cw_world *w, void *arg)
{
	struct demo *d = arg;

	return cw_service_open(NULL, w, &d->config, false, &d->service, &d->why);
}

static void lane_end(struct cw_world *w, void *arg)
{
	struct demo *d = arg;

	(void)w;
	talloc_free(d->service); /* before its world */
}

static int make_folders(const char *path, struct cw_why *why)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", slash ? (int)(slash - path) : (int)strlen(path), path);
		if (mkdir(part, 0755) && errno != EEXIST)
			return cw_why_set(why, errno, "cannot make folder '%s': %s", part, strerror(errno));
		if (!slash)
			return 0;
	}
}

/* The row in the agent's database that the call has left. */
static int print_booking(const char *data_dir, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *rows = NULL;
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/callwright.db", data_dir);
	size_t i;
	json_t *row, *value;
	const char *key;

	if (!path)
		return ENOMEM;

	int err = cw_db_query(path, "SELECT * FROM appointment ORDER BY id", &rows, why);

	if (err)
		return err;
	printf("\nbooked appointments: %zu\n", json_array_size(rows));
	json_array_foreach (rows, i, row) {
		json_object_foreach (row, key, value) {
			CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

			cw_json_dump(&b, value);
			printf("  %-12s %s\n", key, b.p);
		}
	}
	return json_array_size(rows) == 1 ? 0 : cw_why_set(why, EIO, "one appointment was expected in '%s'", path);
}

static void print_places(const char *out_dir)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/results.jsonl", out_dir);
	CW_JSON_SCOPED json_t *result = NULL;
	FILE *f = path ? fopen(path, "re") : NULL;
	static char text[1u << 18];

	if (!f)
		return;

	if (fgets(text, (int)sizeof(text), f) && !cw_json_parse(text, strlen(text), &result, NULL)) {
		printf("\nverdict    %s\n", cw_json_str(result, "verdict", "?"));
		printf("recording  %s/calls/%s/both.wav   (left caller, right agent)\n", out_dir,
			cw_json_str(result, "folder", ""));
	}
	fclose(f);
	printf("report     %s/report.html\n", out_dir);
}

static int play(struct demo *d, const char *scenario, const char *out_dir, struct cw_why *why)
{
	struct cw_live live;
	CW_SCOPED char *data_dir = talloc_asprintf(NULL, "%s/agent", out_dir);
	char target[64];
	enum cw_run_end end;

	if (!data_dir)
		return ENOMEM;
	d->config.data_dir = data_dir;

	struct cw_lane *lane = NULL;
	const struct cw_lane_conf conf = {
		.name = "demo-agent", .cpu = -1, .begin = lane_begin, .end = lane_end, .arg = d};
	int err = cw_lane_start(NULL, &conf, &lane);

	if (err) {
		*why = d->why;
		return cw_why_set(why, err, "cannot start the agent: %s", strerror(err));
	}
	snprintf(target, sizeof(target), "twilio:http://127.0.0.1:%u/voice", cw_service_port(d->service));
	cw_live_init(&live, stdout, false);
	printf("agent      %s answers %s\ncaller     %s\n\n", d->config.agent, target, scenario);

	const struct cw_run_conf run = {
		.trial = {.files = &scenario,
			.n_files = 1,
			.target = target,
			.seed = 1,
			.jobs = 1,
			.watch = cw_live_event,
			.watch_arg = &live},
		.out_dir = out_dir,
	};

	err = cw_run(&run, &end, why);
	talloc_free(lane); /* the agent drops its side and writes what it has */
	if (err)
		return err;
	cw_live_summary(&live);
	print_places(out_dir);
	err = print_booking(data_dir, why);
	if (err || end != CW_RUN_PASSED)
		return err ? err : cw_why_set(why, EIO, "the demo call did not pass: see %s/report.html", out_dir);
	return 0;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const char *out = "runs/demo", *agent = "agents/hvac.yaml", *scenario = "scenarios/demo/book-repair.yaml";
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 0, "out", "DIR", "where the run goes: a numbered folder below it (runs/demo)", &out},
		{CW_OPT_STRING, 0, "agent", "FILE", "agent that answers (agents/hvac.yaml)", &agent},
		{CW_OPT_STRING, 0, "scenario", "FILE", "what the caller does (scenarios/demo/book-repair.yaml)",
			&scenario},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	struct demo d = {.config = {.listen = "127.0.0.1:0",
				 .public_url = "",
				 .twilio_auth_token = EMULATOR_TOKEN,
				 .stt = "",
				 .voice = "",
				 .tls_cert = "",
				 .tls_key = "",
				 .lanes = 1,
				 .max_calls = 10,
				 .record = true}};
	struct cw_why why = {0};
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	d.config.agent = agent;
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));

	CW_SCOPED char *dir = talloc_asprintf(NULL, "%s/%s-%d", out, stamp, (int)getpid());

	CW_ASSERT(dir);
	if (make_folders(dir, &why) || play(&d, scenario, dir, &why)) {
		int code = cw_cmd_fail(&why);

		return why.err == EIO ? CW_EXIT_FAILED : code;
	}
	return CW_EXIT_OK;
}

const struct cw_command cw_cmd_demo = {
	.name = "demo",
	.summary = "play the demo call on this machine's sockets",
	.usage = "callwright demo [options]",
	.details =
		"The sample agent answers on a loopback port; a caller with a synthesised voice rings it through the Twilio emulator, both listen with a real\n"
		"recogniser, an appointment is booked. Prints the transcript with the latency of each answer, the verdict and the booked row.\n"
		"\nExamples:\n"
		"  callwright demo\n"
		"  callwright demo --out runs/demo --agent agents/hvac.yaml --scenario scenarios/demo/book-repair.yaml\n",
	.run = run,
};
