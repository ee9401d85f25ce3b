/*
 * delta.h: what is different between two datasets, by the ids of their cases
 *
 * Blocking; both are sorted.  Thread: one at a time.
 */
#pragma once
#include <stdio.h>

#include "trial/dataset/dataset.h"

struct cw_delta_counts {
	size_t added, removed, changed, same;
};

/* Lines for people ("+ id", "- id", "~ id" and the fields with their old and new texts), or with @json one JSON document
 * {added: [id], removed: [id], changed: [{id, fields: [{path, from, to}]}], same: n} to @out. EIO, ENOMEM. */
int cw_delta_print(
	const struct cw_dataset *a, const struct cw_dataset *b, bool json, FILE *out, struct cw_delta_counts *ret);
/* Fields in which two cases differ (sha256 and provenance left out): [{path, from, to}], a new reference; NULL: no memory. */
json_t *cw_delta_fields(const json_t *a, const json_t *b);
