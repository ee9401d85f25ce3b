/*
 * keys.h: every key of a scenario file: one table per mapping, from which files are checked and the JSON Schema is made
 *
 * A value may have one of several shapes; ranges and names are part of the table, so that what the parser refuses the schema refuses too (save
 * what tables cannot say: names of voices, expressions, what goes with what).
 * Thread: constant.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum cw_shape {                  /* bits: a value fits one of them */
	CW_SHAPE_TEXT = 1 << 0,  /* not empty */
	CW_SHAPE_TEXTS = 1 << 1, /* a text or a list of them, not empty ones */
	CW_SHAPE_BOOL = 1 << 2,
	CW_SHAPE_TRUE = 1 << 3,     /* can only be true */
	CW_SHAPE_COUNT = 1 << 4,    /* a whole number from min to max */
	CW_SHAPE_NUMBER = 1 << 5,   /* from min to max */
	CW_SHAPE_SECONDS = 1 << 6,  /* number of seconds, or "800ms", "3s", "2m"; at most max seconds */
	CW_SHAPE_MILLIS = 1 << 7,   /* number of milliseconds, or the same texts; at most max seconds */
	CW_SHAPE_NAME = 1 << 8,     /* one of names */
	CW_SHAPE_MAP = 1 << 9,      /* a mapping with keys */
	CW_SHAPE_MAPS = 1 << 10,    /* a list of min to max such mappings */
	CW_SHAPE_TABLE = 1 << 11,   /* a mapping with any keys */
	CW_SHAPE_ASSERTS = 1 << 12, /* a list of assertions */
	CW_SHAPE_ID = 1 << 13,      /* 1 to 80 letters, digits and . _ - + */
	CW_SHAPE_DIGITS = 1 << 14,  /* keys of a telephone, in quotes */
	CW_SHAPE_RATE = 1 << 15,    /* a number from 0 to 1, or never, rare, normal, frequent */
	CW_SHAPE_FACTS = 1 << 16,   /* a mapping from names to values or to mappings with keys */
	CW_SHAPE_MATRIX = 1 << 17,  /* a mapping from names to values or lists of values */
};

struct cw_key {
	const char *name; /* NULL ends a table */
	unsigned shapes;
	const char *about; /* a line for editors and docs */
	double min, max;
	const char *const *names;         /* CW_SHAPE_NAME: NULL-terminated … */
	const char *const *(*list)(void); /* … or who knows them */
	const struct cw_key *keys;        /* of the mapping or mappings */
	bool required;
};

extern const struct cw_key cw_keys_full[], cw_keys_short[];                     /* a whole file */
extern const struct cw_key cw_keys_test[], cw_keys_expected[], cw_keys_entry[]; /* parts that readers ask for */

#define CW_RATES 4
extern const struct cw_rate {
	const char *name;
	double value;
} cw_rates[CW_RATES]; /* never, rare, normal, frequent */
