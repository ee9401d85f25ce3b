/*
 * series.h: one measured quantity, value by value, and what can be said of it
 *
 * A value that could not be measured is counted with its reason, never dropped and never zero. A percentile that so few values cannot give is
 * null. Owner: the parent of the series; zero-initialised is empty.
 */
#pragma once
#include <stddef.h>

#include "base/json.h"

struct cw_series {
	const char *name, *unit; /* static text */
	double *v;               /* hangs from the parent given to cw_series_add() */
	size_t n, room;
	size_t missing;
	const char *missing_why; /* of the last one; static text */
};

int cw_series_add(void *parent, struct cw_series *s, double v); /* NAN: use cw_series_miss(). ENOMEM */
void cw_series_miss(struct cw_series *s, const char *why);
/* {"n", "mean", "std", "min", "max", "p50", "p90", "p95", "p99", "unit", "missing"}: null where not estimable. Sorts the values. New
 * reference, NULL: no memory. */
json_t *cw_series_json(struct cw_series *s);
/* Header and row of the table people read. */
void cw_series_head(struct cw_buf *b);
void cw_series_row(struct cw_buf *b, struct cw_series *s);
