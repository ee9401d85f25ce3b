/*
 * sim.c: virtual-time calls per second: many seeds of the booking scenario, with faults, on one core
 *
 *     bench_sim [--quick] [-n CALLS] [--agent FILE] [--faults P] [--seed N]
 *
 * The same code as `callwright test scenarios/hvac/booking.yaml --sim`: each call is simulated and judged. The reference, measured
 * in the same run, is a plain loop doing only what each frame of each direction cannot do without: G.711 decoding, voice
 * detection, G.711 encoding.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "audio/g711.h"
#include "audio/vad.h"
#include "base/log.h"
#include "base/rng.h"
#include "scratch.h"
#include "trial/execute/execute.h"

#define CALLS       1000
#define CALLS_QUICK 100
#define SEED        7
#define FAULTS      0.02  /* of each kind at each await point */
#define GOAL        500.0 /* times real time */
#define SHOWN       5     /* broken calls told one by one */
#define LOOP_FRAMES 50

struct options {
	unsigned calls;
	uint64_t seed;
	double faults;
	const char *agent;
};

struct totals {
	unsigned verdict[CW_VERDICT_N];
	unsigned broken, failed_to_run;
	uint64_t call_us, longest_us, slowest_cpu_us;
	double cpu_s;
	uint64_t allocations;
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	(void)sched_setaffinity(
		0, sizeof(set), &set); /* without it the figures are of more than one core's caches, no more */
}

/* ---- the calls ---- */

static void tell_broken(
	const struct cw_plan_item *item, const struct cw_trial_conf *trial, const struct cw_exec_result *r)
{
	CW_SCOPED char *again = cw_plan_rerun(NULL, item, trial);

	printf("  %s %s: %s\n    %s\n", cw_verdict_name(r->verdict), item->key, cw_json_str(r->json, "reason", ""),
		again ? again : "");
}

static void simulate(
	const struct cw_plan_item *item, const struct cw_trial_conf *trial, const char *dir, struct totals *t)
{
	const struct cw_exec_conf conf = {.item = item, .trial = trial, .run_dir = dir};
	struct cw_exec_result *r = NULL;

	if (cw_execution_simulate(NULL, &conf, &r)) {
		t->failed_to_run++;
		return;
	}
	t->verdict[r->verdict]++;
	t->call_us += r->duration_us;
	t->longest_us = r->duration_us > t->longest_us ? r->duration_us : t->longest_us;
	t->slowest_cpu_us = r->cpu_us > t->slowest_cpu_us ? r->cpu_us : t->slowest_cpu_us;
	if (r->broken && t->broken++ < SHOWN)
		tell_broken(item, trial, r);
	talloc_free(r);
}

static void simulate_all(
	const struct cw_plan *plan, const struct cw_trial_conf *trial, const char *dir, struct totals *t)
{
	double begun_s = cpu_s();
	uint64_t allocations = bench_allocations();

	for (size_t i = 0; i < plan->n; i++)
		simulate(&plan->items[i], trial, dir, t);
	t->cpu_s = cpu_s() - begun_s;
	t->allocations = bench_allocations() - allocations;
}

/* ---- the reference ---- */

/* Processor time of @frames frames which are decoded, listened to and encoded: a second of noise at speaking level, then one of
 * silence, in turn. */
static double plain_loop_s(uint64_t frames)
{
	static int16_t pcm[2 * LOOP_FRAMES][CW_FRAME_SAMPLES];
	static uint8_t ulaw[2 * LOOP_FRAMES][CW_FRAME_SAMPLES];
	volatile unsigned sink = 0; /* so that nothing is optimised away */
	struct cw_vad vad;
	struct cw_rng rng;

	cw_rng_init(&rng, SEED);
	for (size_t f = 0; f < 2 * LOOP_FRAMES; f++)
		for (size_t i = 0; i < CW_FRAME_SAMPLES; i++)
			pcm[f][i] = f < LOOP_FRAMES ? (int16_t)((int)(cw_rng_u64(&rng) >> 51) - 4096) : 0;
	for (size_t f = 0; f < 2 * LOOP_FRAMES; f++)
		cw_ulaw_encode(pcm[f], ulaw[f], CW_FRAME_SAMPLES);
	cw_vad_init(&vad, NULL);

	double begun_s = cpu_s();

	for (uint64_t f = 0; f < frames; f++) {
		int16_t *heard = pcm[f % (2 * LOOP_FRAMES)];
		uint8_t *wire = ulaw[f % (2 * LOOP_FRAMES)];

		cw_ulaw_decode(wire, heard, CW_FRAME_SAMPLES);
		sink += (unsigned)cw_vad_feed(&vad, heard);
		cw_ulaw_encode(heard, wire, CW_FRAME_SAMPLES);
		sink += wire[f % CW_FRAME_SAMPLES];
	}
	(void)sink;
	return cpu_s() - begun_s;
}

/* ---- the table ---- */

static void row(const char *name, double value, const char *unit, const char *note)
{
	printf("%-44s %12.*f %-8s %s\n", name, value < 100 ? 2 : 0, value, unit, note);
}

static void print_table(const struct options *o, const struct totals *t)
{
	uint64_t frames = t->call_us / 20000 * 2;
	double call_s = (double)t->call_us / 1e6, loop_s = plain_loop_s(frames), calls = o->calls - t->failed_to_run;
	char note[160];

	printf("bench/sim: %u calls of scenarios/hvac/booking.yaml, seed %llu on, faults %g of each kind at each await point\n\n",
		o->calls, (unsigned long long)o->seed, o->faults);
	snprintf(note, sizeof(note), "goal %.0f%s", GOAL, call_s / t->cpu_s < GOAL ? "  MISSED" : "");
	row("times real time, one core", call_s / t->cpu_s, "x", note);
	row("calls per second, one core", calls / t->cpu_s, "", "");
	row("processor time per call", t->cpu_s * 1e3 / calls, "ms", "judging included");
	row("call, mean", call_s / calls, "s", "of virtual time");
	row("call, longest", (double)t->longest_us / 1e6, "s", "of virtual time");
	row("processor time of the slowest call", (double)t->slowest_cpu_us / 1e3, "ms", "");
	row("frames, both directions", (double)frames, "", "");
	row("processor time per frame", t->cpu_s * 1e6 / (double)frames, "us", "");
	row("  reference: decode, detect, encode", loop_s * 1e6 / (double)frames, "us",
		"G.711 and voice detector alone");
	row("  ratio", t->cpu_s / loop_s, "", "what a whole simulated conversation costs against that");
	if (bench_allocations_counted())
		row("allocations per call", (double)t->allocations / calls, "", "");
	printf("verdicts:");
	for (int v = 0; v < CW_VERDICT_N; v++)
		printf(" %u %s%s", t->verdict[v], cw_verdict_name((enum cw_verdict)v), v + 1 < CW_VERDICT_N ? "," : "");
	printf("; %u broke a promise, %u could not be simulated\n", t->broken, t->failed_to_run);
}

/* ---- options ---- */

static _Noreturn void usage(const char *wrong)
{
	fprintf(stderr, "bench_sim: %s\nusage: bench_sim [--quick] [-n CALLS] [--agent FILE] [--faults P] [--seed N]\n",
		wrong);
	exit(2);
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"quick", no_argument, NULL, 'q'},
		{"agent", required_argument, NULL, 'a'}, {"faults", required_argument, NULL, 'f'},
		{"seed", required_argument, NULL, 's'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "n:", known, NULL)) != -1) {
		if (c == 'q')
			o->calls = CALLS_QUICK;
		else if (c == 'a')
			o->agent = optarg;
		else if (c == 'n' && !cw_str_u32(cw_str(optarg), CW_PLAN_MAX, &o->calls) && o->calls)
			continue;
		else if (c == 's' && !cw_str_u64(cw_str(optarg), UINT64_MAX, &o->seed))
			continue;
		else if (c == 'f' && !cw_str_double(cw_str(optarg), &o->faults) && o->faults >= 0 && o->faults <= 1)
			continue;
		else
			usage("expected -n CALLS (from 1), --seed N, --faults P (0 to 1)");
	}
	if (optind < argc)
		usage("no further arguments are taken");
}

static int run(const struct options *o, const char *dir, struct totals *t, struct cw_why *why)
{
	CW_SCOPED char *target = talloc_asprintf(NULL, "agent:%s", o->agent);
	const char *file = "scenarios/hvac/booking.yaml";
	struct cw_plan *plan;
	struct cw_trial_conf trial = {.files = &file,
		.n_files = 1,
		.target = target,
		.sim = true,
		.seed = o->seed,
		.repeat = o->calls,
		.first = o->calls,
		.record = CW_RECORD_NONE,
		.faults = o->faults};
	int err = target ? cw_plan_new(target, &trial, &plan, why) : ENOMEM;

	if (err)
		return err;

	size_t tests = plan->n_scenarios ? plan->scenarios[0]->n_tests : 1;

	talloc_free(plan);
	trial.repeat = (unsigned)((o->calls + tests - 1) / tests);
	err = cw_plan_new(target, &trial, &plan, why);
	if (!err)
		simulate_all(plan, &trial, dir, t);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.calls = CALLS, .seed = SEED, .faults = FAULTS, .agent = "agents/hvac.yaml"};
	CW_SCOPED char *dir = bench_scratch_new(NULL);
	CW_SCOPED char *calls = talloc_asprintf(NULL, "%s/calls", dir);
	struct totals t = {0};
	struct cw_why why = {0};

	parse_options(argc, argv, &o);
	if (!dir || !calls || mkdir(calls, 0755) || chdir(BENCH_SOURCE)) {
		fprintf(stderr, "bench_sim: " BENCH_SOURCE ", or a folder below /tmp: %s\n", strerror(errno));
		return 1;
	}
	pin();
	cw_log_open(&(struct cw_log_conf){.level = CW_LOG_ERROR, .fd = STDERR_FILENO});

	int err = run(&o, dir, &t, &why);

	if (err) {
		fprintf(stderr, "bench_sim: %s\n", why.text[0] ? why.text : strerror(err));
		return 1;
	}
	print_table(&o, &t);
	return t.broken || t.failed_to_run ? 1 : 0;
}
