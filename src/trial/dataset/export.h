/*
 * export.h: cases as files of other forms
 *
 *   cases       our own lines: everything
 *   scenario    a scenario file, which `callwright test` runs: everything but split, licence and provenance; clips are copied beside it
 *   csv         cases of one say-turn whose assertions have a shorthand; tags KEY=value
 *   promptfoo   cases of one say-turn
 *   jsonl-chat  the chat fine-tuning form {"messages": […]}: cases whose answers are known word by word; no ids, tags, splits
 *
 * Between messages and turns: what a user says is a turn, what the assistant answers is expected of the agent's answer by the assertion @expect
 * (and back: the value of `equals` or `similar` is the answer). System messages go nowhere: an agent has its own.
 * A case that cannot be carried is left out and told, never cut.  Blocking.
 */
#pragma once
#include <stdio.h>

#include "trial/dataset/dataset.h"

enum cw_export_form {
	CW_EXPORT_CASES,
	CW_EXPORT_SCENARIO,
	CW_EXPORT_CSV,
	CW_EXPORT_PROMPTFOO,
	CW_EXPORT_CHAT,
	CW_EXPORT_FORMS
};
extern const char *const cw_export_names[]; /* by cw_export_form, then NULL */

struct cw_export_conf {
	enum cw_export_form form;
	const char *split;  /* only these; NULL: all */
	const char *expect; /* "similar" (NULL), "equals", "contains" … */
	const char *
		path; /* of the file that is written: clips go beside it ("<path without .yaml>.clips/"). NULL: cases with clips are left out */
	void (*left_out)(const char *id, const char *text, void *arg);
	void *arg;
};

struct cw_exported {
	size_t written, left_out;
	size_t tags_lost; /* that the form cannot say */
};

/* ESRCH: no case was written. EFBIG: more than one scenario file may hold. EIO, ENOMEM. With @why. */
int cw_dataset_export(const struct cw_dataset *d, const struct cw_export_conf *conf, FILE *out, struct cw_exported *ret,
	struct cw_why *why);
