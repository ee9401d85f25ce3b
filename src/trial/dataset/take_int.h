/*
 * take_int.h: what the ways into a dataset share
 */
#pragma once
#include <stdio.h>

#include "trial/dataset/take.h"

struct cw_taking {
	struct cw_dataset *d;
	const struct cw_take_conf *conf;
	struct cw_taken *taken;
	const char *name;         /* of the file, as it goes into provenance */
	const json_t *provenance; /* of all its cases instead of file and line, or NULL */
	struct cw_why *why;
};

/* Lay @conf over the case (tags, licence, split, provenance) and put it in. Errors are told at @file:@line. */
int cw_take_case(const struct cw_taking *t, json_t *c, const char *file, unsigned line);
int cw_take_scenario(const struct cw_taking *t, const char *path, struct cw_str text);
int cw_take_lines(const struct cw_taking *t, const char *path, FILE *f);
