/*
 * media.c: the media path under load: echo line against a bare epoll echo server, booking conversations, interruptions
 *
 *     bench_media [--quick] [--part echo|quiet|book|barge] [-n CALLS] [--agent FILE]
 *
 * Servers run on processor 0, load and callers on processor 1. Exit: 0 measured (also when goals were missed: see MISSED), 1 something
 * could not be measured or was wrong, 2 usage.
 */
#include "media.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <unistd.h>

#include "agents.h"
#include "base/log.h"
#include "base/str.h"
#include "facts.h"
#include "load.h"
#include "server.h"

static const struct part {
	const char *name;
	int (*run)(struct media *m, struct cw_why *why);
	bool quick; /* also with --quick */
} parts[] = {{"echo", media_echo, true}, {"quiet", media_quiet, false}, {"book", media_book, true},
	{"barge", media_barge, false}};

/* ---- the table ---- */

static void put_number(double v)
{
	if (isnan(v))
		printf(" %12s", "");
	else
		printf(" %12.*f", v == 0 || fabs(v) >= 1000 ? 0 : fabs(v) >= 100 ? 1 : fabs(v) >= 1 ? 2 : 4, v);
}

void media_row(struct media *m, const struct media_row *r)
{
	bool missed = (r->kind == MEDIA_AT_MOST && !(r->value <= r->goal)) ||
		      (r->kind == MEDIA_AT_LEAST && !(r->value >= r->goal));

	printf("  %-42s", r->name);
	put_number(r->value);
	printf(" %-7s", r->unit);
	put_number(r->reference > 0 ? r->reference : NAN);
	put_number(r->reference > 0 ? r->value / r->reference : NAN);
	if (r->kind != MEDIA_NO_GOAL)
		printf("   %s %g%s", r->kind == MEDIA_AT_MOST ? "<=" : ">=", r->goal, missed ? "  MISSED" : "");
	printf("\n");
	m->missed += missed;
	fflush(stdout);
}

void media_section(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

void media_remark(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("    ");
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

static void print_head(bool pinned)
{
	printf("bench/media: servers on processor %d, callers on processor %d%s\n\n", MEDIA_SERVER_CPU,
		MEDIA_CALLER_CPU,
		pinned ? "" : " (not pinned, or without raised priority: other work on this machine shows)");
	printf("  %-42s %12s %-7s %12s %12s   %s\n", "", "value", "unit", "reference", "ratio", "goal");
}

/* ---- options ---- */

static _Noreturn void usage(const char *wrong)
{
	fprintf(stderr,
		"bench_media: %s\nusage: bench_media [--quick] [--part echo|quiet|book|barge] [-n CALLS] [--agent FILE]\n",
		wrong);
	exit(2);
}

static const struct part *part_named(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(parts); i++)
		if (!strcmp(parts[i].name, name))
			return &parts[i];
	usage("--part: expected echo, quiet, book or barge");
}

static const struct part *parse_options(int argc, char **argv, struct media *m)
{
	static const struct option known[] = {{"quick", no_argument, NULL, 'q'},
		{"agent", required_argument, NULL, 'a'}, {"part", required_argument, NULL, 'p'}, {0}};
	const struct part *only = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "n:", known, NULL)) != -1) {
		if (c == 'q')
			m->quick = true;
		else if (c == 'a')
			m->agent = optarg;
		else if (c == 'p')
			only = part_named(optarg);
		else if (c != 'n' || cw_str_u32(cw_str(optarg), FACTS_PER_AGENT * SERVER_PORTS_MAX, &m->calls) ||
			 !m->calls)
			usage("-n CALLS: expected 1 to 640");
	}
	if (optind < argc)
		usage("no further arguments are taken");
	return only;
}

static char *folder_of_program(void *parent)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	while (n > 0 && path[n - 1] != '/')
		n--;
	return n > 0 ? talloc_strndup(parent, path, (size_t)n - 1) : NULL;
}

int main(int argc, char **argv)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct media m = {.agent = "agents/hvac.yaml", .programs = folder_of_program(scope)};
	const struct part *only;
	unsigned failed = 0;

	if (argc > 1 && !strcmp(argv[1], "--serve"))
		return agents_main(argc, argv);
	only = parse_options(argc, argv, &m);
	if (!m.programs || chdir(BENCH_SOURCE)) {
		fprintf(stderr, "bench_media: folder " BENCH_SOURCE ": %s\n", strerror(errno));
		return 1;
	}
	load_raise_limits();
	cw_log_open(&(struct cw_log_conf){.level = CW_LOG_ERROR, .fd = STDERR_FILENO});
	print_head(server_go_ahead(MEDIA_CALLER_CPU));
	for (size_t i = 0; i < CW_COUNT(parts); i++) {
		struct cw_why why = {0};
		int err = 0;

		if (only ? only == &parts[i] : parts[i].quick || !m.quick)
			err = parts[i].run(&m, &why);
		if (err)
			fprintf(stderr, "bench_media: %s: %s\n", parts[i].name, why.text[0] ? why.text : strerror(err));
		failed += err != 0;
	}
	printf("\n%u goal%s missed\n", m.missed, m.missed == 1 ? "" : "s");
	return failed || m.wrong ? 1 : 0;
}
