/*
 * take.h: cases taken into a dataset: from files of several forms, and from finished calls
 *
 *   scenario files of all forms (scenario.h: full, short, promptfoo, Pipecat), as YAML or JSON: one case a test
 *   tables (.csv) with __expected columns: one case a row
 *   chat fine-tuning lines (.jsonl: {"messages": […]}): one case a line; its id is made of its content
 *   cases of other datasets (.jsonl with id and input)
 *
 * Includes, variables and cases are multiplied out: a case stands for itself. target, repeat, gates and judge are matters of a run and are left behind;
 * so are hints that name a file. Clips are copied into audio/.
 * Nothing is written before cw_dataset_save(), save clips.  Blocking.  Thread: one at a time.
 */
#pragma once
#include "trial/dataset/dataset.h"

struct cw_take_conf {
	const char *split; /* NULL: by the dataset's rule, if it has one */
	const char *const *tags;
	size_t n_tags;
	const char *licence; /* of these cases, NULL: that of the dataset */
	bool replace;
	/* of calls */
	bool keep_audio, keep_personal;
};

struct cw_taken {
	size_t added, same, replaced;
	size_t masked;   /* pieces of personal data replaced (calls) */
	size_t wordless; /* turns left out as nothing is known of their words (calls) */
	size_t clips;
};

/* Counts are added to @t. EINVAL, EBADMSG, ENOENT … with file:line:column. */
int cw_take_file(struct cw_dataset *d, const char *path, const struct cw_take_conf *conf, struct cw_taken *t,
	struct cw_why *why);
/* The same from memory (no CSV): @name stands for the file. */
int cw_take_text(struct cw_dataset *d, const char *name, struct cw_str text, const struct cw_take_conf *conf,
	struct cw_taken *t, struct cw_why *why);
/* A call: folder calls/KEY of a run, or a stereo recording (replay/capture.h). ENODATA: no caller to be heard, ENOENT … with @why. */
int cw_take_call(struct cw_dataset *d, const char *call, const struct cw_take_conf *conf, struct cw_taken *t,
	struct cw_why *why);
/* Calls of a run: all, or those that did not pass. @skipped is told of each that cannot be taken, and why. */
int cw_take_run(struct cw_dataset *d, const char *run, bool failed, const struct cw_take_conf *conf,
	void (*skipped)(const char *key, const char *text, void *arg), void *arg, struct cw_taken *t,
	struct cw_why *why);
