/*
 * report.h: what a run leaves for people and machines: summary.json, junit.xml, summary.md, CSV, report.html
 *
 * Each is a function of the run's description (run.json) and its results; blocking writes, whole files replaced at once.
 */
#pragma once
#include "trial/report/tally.h"

/* summary.json: counts, intervals, percentiles, gates, per test and slice; and the same in the field's common shape
 * ("performance", "functional", "recommendation"), where what was not computed is null. */
int cw_report_summary(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);
int cw_report_junit(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);
int cw_report_markdown(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);
int cw_report_csv(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);
int cw_report_jsonl(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);

/* One page, standalone, no network: written into the run's folder, whose calls/ it reads and whose recordings it plays. */
int cw_report_html(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);

/* The kind of report a file name asks for: .jsonl .json .csv .xml .md .html. EINVAL names the known ones. */
typedef int cw_report_fn(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why);
int cw_report_of(const char *path, cw_report_fn **ret, struct cw_why *why);

/* One sentence: what to do about this run. */
const char *cw_report_advice(const struct cw_tally *t);
