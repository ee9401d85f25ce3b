/*
 * calibrate.h: how far a judge can be believed: its verdicts against labels of people
 *
 * A labels file is JSON lines: {"id", "rubric", "transcript": [{"speaker": "caller"|"agent", "text"}] or the agent's words alone, "label": true |
 * false}; lines whose label is null are not counted (a review queue is such a file). The calibration is kept beside it, as
 * NAME.calibration.json, with the hash of model and prompts: a judge that changed must be calibrated again.
 * Blocking: for commands.
 */
#pragma once
#include "base/stat_rate.h"
#include "trial/judge/settings.h"

struct cw_label {
	const char *id, *rubric;
	json_t *transcript; /* owned by the labels */
	int label;          /* 1 pass, 0 fail, -1 not given */
};
struct cw_labels {
	struct cw_label *items;
	size_t n;
};

/* ENOENT, EBADMSG (file:line), EFBIG. */
int cw_labels_load(void *parent, const char *path, struct cw_labels **ret, struct cw_why *why);

struct cw_calibration {
	char hash[65];
	const char *model;
	size_t n, undecided, unsure; /* labels judged; of them without a decision; decided but unsure */
	struct cw_confusion table;   /* positive = pass; undecided ones are not in it */
	struct cw_judge_quality quality;
	struct cw_interval raw, corrected; /* pass rate as judged, and after Rogan and Gladen */
	json_t *wrong;                     /* [{id, label, judge, reason}], owned */
};
/* Ask the judge for each label. EINVAL (no judge is configured, no labels), ENOMEM. */
int cw_calibrate(void *parent, const struct cw_labels *labels, const struct cw_judge_settings *s,
	struct cw_calibration **ret, struct cw_why *why);
/* Two files of labels, by id. EINVAL when they share none. */
int cw_agree(void *parent, const struct cw_labels *a, const struct cw_labels *b, struct cw_calibration **ret,
	struct cw_why *why);

/* "judges/en.jsonl" -> "judges/en.calibration.json". New string. */
char *cw_calibration_path(void *parent, const char *labels);
int cw_calibration_save(const struct cw_calibration *c, const char *path, struct cw_why *why);
/* Readable lines. */
void cw_calibration_dump(struct cw_buf *b, const struct cw_calibration *c);

/* May the judge of @spec (in the scenario @file) be believed? EPERM with @why: not calibrated, another judge, or kappa's lower bound under the
 * floor. 0 when the file asks for no calibration. ENOMEM. */
int cw_judge_gate(
	const struct cw_judge_spec *spec, const char *file, const struct cw_trial_conf *trial, struct cw_why *why);
