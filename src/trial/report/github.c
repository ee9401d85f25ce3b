/* What GitHub Actions shows of a run: the step's summary, and an annotation at the line of each failed test. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trial/report/report.h"

#define SUMMARY_MAX     (900u << 10) /* of 1 MiB per step: earlier steps' text may stand before */
#define ANNOTATIONS_MAX 10           /* GitHub shows so many of each kind per step */

/* Values of a workflow command: % and line ends are escaped; in properties commas and colons too. */
static void put_escaped(const char *text, bool property)
{
	for (const char *p = text; *p; p++) {
		if (*p == '%' || *p == '\r' || *p == '\n' || (property && (*p == ':' || *p == ',')))
			printf("%%%02X", (unsigned)(unsigned char)*p);
		else
			putchar(*p);
	}
}

static void annotate(const json_t *line)
{
	const char *verdict = cw_json_str(line, "verdict", "");
	const json_t *s = json_object_get(line, "slice");
	const char *target = cw_json_str(line, "target_name", "");

	printf("::%s file=", strcmp(verdict, "INVALID") ? "error" : "warning");
	put_escaped(cw_json_str(line, "file", ""), true);
	printf(",line=%lld,title=", (long long)cw_json_int(line, "line", 1));
	put_escaped(verdict, true);
	putchar(' ');
	put_escaped(cw_json_str(line, "test", ""), true);
	printf("::");
	put_escaped(cw_json_str(line, "reason", ""), false);
	printf(" [");
	put_escaped(cw_json_str(s, "language", ""), false);
	putchar(' ');
	put_escaped(cw_json_str(s, "voice", ""), false);
	putchar(' ');
	put_escaped(cw_json_str(s, "channel", ""), false);
	if (target[0])
		putchar(' ');
	put_escaped(target, false);
	printf("] again: ");
	put_escaped(cw_json_str(line, "rerun", ""), false);
	putchar('\n');
}

/* One per test and slice: repeats of the same failure say nothing new. */
static void annotate_all(const struct cw_report *r)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->tally->n_cells && shown < ANNOTATIONS_MAX; i++) {
		const struct cw_cell *c = &r->tally->cells[i];
		bool told = c->count[CW_VERDICT_PASS] == c->n;

		for (size_t k = c->first; !told && k < cw_results_count(r->results); k++) {
			if (r->tally->cell_of[k] != i)
				continue;

			CW_JSON_SCOPED json_t *line = cw_results_get(r->results, k);

			told = line && strcmp(cw_json_str(line, "verdict", ""), "PASS");
			if (told)
				annotate(line);
		}
		shown += told && c->count[CW_VERDICT_PASS] != c->n;
	}
}

static int append(const char *path, struct cw_str text, struct cw_why *why)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	ssize_t n = fd < 0 ? -1 : write(fd, text.p, text.len);
	int err = n < 0 ? errno : 0;

	if (fd >= 0)
		(void)close(fd); /* the write told */
	return err ? cw_why_set(why, err, "GITHUB_STEP_SUMMARY %s cannot be written: %s", path, strerror(err)) : 0;
}

int cw_report_github(const char *summary, const struct cw_report *r, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(SUMMARY_MAX + 4096);

	annotate_all(r);
	(void)fflush(stdout); /* a reader that is gone shows at exit */
	if (!summary || !summary[0])
		return 0;
	cw_report_markdown_put(&b, r, SUMMARY_MAX);
	cw_buf_putc(&b, '\n');
	return cw_buf_err(&b) ? cw_buf_err(&b) : append(summary, cw_buf_str(&b), why);
}
