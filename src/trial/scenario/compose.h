/*
 * compose.h: a file and all that it names as one tree
 *
 *   !include FILE · file://FILE.yaml|.json   what the file holds: a value; a list named inside a list is taken into it
 *   file://FILE.csv                          its rows as cases (csv_case.h)
 *   file://FILE                              its text, without the last line end
 *   {$ref: "#/a/b"} · {$ref: "FILE#/a/b"}    another place of the file (JSON pointer); keys beside $ref are laid over it
 *   env:NAME · env:NAME:-text                a variable of the environment
 *
 * FILE is seen from the file that names it. Values keep their own file:line:column. Circles are errors. Limits: 256 files, 16 MiB, 200,000 values,
 * 16 files or references deep. Code (.js, .py …) is not run: an error.
 * Thread: any; blocking.
 */
#pragma once
#include "trial/scenario/scenario.h"

struct cw_composed { /* talloc; owns all files */
	struct cw_yaml *tree;
	uint64_t hash; /* of all bytes that were read, and of the environment's values */
	struct cw_list notes;
};

/* @text is the file @name itself. EBADMSG, EINVAL, ELOOP … with place. */
int cw_compose(void *parent, const char *name, const char *text, size_t len, const struct cw_scenario_conf *conf,
	struct cw_composed **ret, struct cw_why *why);
/* One more line for people: "file:line:column: text". ENOMEM. */
int cw_note_add(struct cw_composed *c, const char *file, unsigned line, unsigned column, const char *text);
