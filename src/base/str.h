/*
 * str.h: slices of text, and strict parsing of numbers
 *
 * A slice does not own its bytes and need not end in NUL. Nothing here allocates unless it takes a parent.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_str {
	const char *p;
	size_t len;
};

/* For "%.*s". */
#define CW_STR(s)       (int)(s).len, (s).p
#define CW_STR_LIT(lit) ((struct cw_str){(lit), sizeof(lit) - 1})

struct cw_str cw_str(const char *s); /* NULL gives the empty slice */
bool cw_str_eq(struct cw_str a, const char *b);
bool cw_str_eq_fold(struct cw_str a, const char *b); /* ASCII case folded */
bool cw_str_starts(struct cw_str s, const char *prefix);
struct cw_str cw_str_trim(struct cw_str s); /* ASCII white space at both ends */

/* Cut the part before the first @sep off *@rest into *@part; false when *@rest was exhausted. */
bool cw_str_split(struct cw_str *rest, char sep, struct cw_str *part);

/* Whole-slice numbers: EINVAL on junk or emptiness, ERANGE above @max / outside; outputs untouched on failure. */
int cw_str_u32(struct cw_str s, uint32_t max, uint32_t *ret);
int cw_str_u64(struct cw_str s, uint64_t max, uint64_t *ret);
int cw_str_i64(struct cw_str s, int64_t *ret);
int cw_str_double(struct cw_str s, double *ret); /* finite, C locale */

/* NUL-terminated copy under @parent; NULL when out of memory. */
char *cw_str_dup(void *parent, struct cw_str s);

/* The name in @names (@n of them) nearest to @s by edit distance, or NULL when none is near: for error messages. */
const char *cw_str_nearest(struct cw_str s, const char *const *names, size_t n);
