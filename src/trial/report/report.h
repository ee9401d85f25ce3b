/*
 * report.h: what a run leaves for people and machines: summary.json, junit.xml, summary.md, CSV, JSONL, report.html
 *
 * Each is a function of the run's description (run.json) and its results, which are read again one by one; blocking writes, whole
 * files replaced at once.
 */
#pragma once
#include "trial/report/baseline.h"
#include "trial/report/tally.h"

struct cw_report {
	const char *dir;   /* the run's folder: its calls/ are read and played by the page; NULL: none */
	const json_t *run; /* run.json, and what run/card.h put into it */
	const struct cw_results *results;
	const struct cw_tally *tally;
	const struct cw_diff *diff; /* against a baseline, or NULL */
	const struct cw_plan *plan; /* what was to be run, in its order, so that calls not made can be named; or NULL */
	bool partial;               /* interrupted, or a cap was reached: not all that was planned */
};

/* summary.json: counts, intervals, percentiles, gates, per test and slice; and the same in the field's common shape
 * ("performance", "functional", "recommendation"), where what was not computed is null. */
int cw_report_summary(const char *path, const struct cw_report *r, struct cw_why *why);
json_t *cw_report_summary_json(const struct cw_report *r); /* new reference, NULL: no memory */
int cw_report_junit(const char *path, const struct cw_report *r, struct cw_why *why);
int cw_report_csv(const char *path, const struct cw_report *r, struct cw_why *why);
int cw_report_jsonl(const char *path, const struct cw_report *r, struct cw_why *why);
/* Markdown that fits a pull request's comment: below 65,536 characters, the most important first. */
int cw_report_markdown(const char *path, const struct cw_report *r, struct cw_why *why);
/* The same text with at most @max bytes (at least 2,000), appended to @b. */
void cw_report_markdown_put(struct cw_buf *b, const struct cw_report *r, size_t max);

/* One page, standalone, no network. It reads the transcripts and levels below r->dir and plays recordings beside it. */
int cw_report_html(const char *path, const struct cw_report *r, struct cw_why *why);

/* The kind of report a file name asks for: .jsonl .json .csv .xml .md .html. EINVAL names the known ones. */
typedef int cw_report_fn(const char *path, const struct cw_report *r, struct cw_why *why);
int cw_report_of(const char *path, cw_report_fn **ret, struct cw_why *why);

/* One sentence: what to do about this run. */
const char *cw_report_advice(const struct cw_report *r);

/* Inside GitHub Actions (@summary: the file $GITHUB_STEP_SUMMARY names, or NULL): append the Markdown to it, and print one ::error
 * or ::warning per failed test to standard output, each at its line in the scenario file. */
int cw_report_github(const char *summary, const struct cw_report *r, struct cw_why *why);
