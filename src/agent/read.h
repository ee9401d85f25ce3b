/*
 * read.h: members of YAML objects with complaints that name the place; for the files that read an agent file
 *
 * Strings and lists live as long as the reader's YAML tree and memory.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "base/yaml.h"

struct cw_reader {
	const struct cw_yaml *y;
	void *mem; /* parent of what is made */
	struct cw_why *why;
};

/* Each: 0 and *@ret untouched when @key is absent. EINVAL with the place, ENOMEM. */
int cw_read_text(const struct cw_reader *r, const json_t *obj, const char *key, const char **ret); /* not empty */
int cw_read_bool(const struct cw_reader *r, const json_t *obj, const char *key, bool *ret);
int cw_read_int(const struct cw_reader *r, const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret);
int cw_read_uint(
	const struct cw_reader *r, const json_t *obj, const char *key, unsigned min, unsigned max, unsigned *ret);
int cw_read_ms(const struct cw_reader *r, const json_t *obj, const char *key, unsigned min_ms, unsigned max_ms,
	uint64_t *ret_us);
int cw_read_num(const struct cw_reader *r, const json_t *obj, const char *key, double min, double max, double *ret);
/* A text or a list of texts, none empty; the list is NULL-terminated. */
int cw_read_texts(const struct cw_reader *r, const json_t *obj, const char *key, const char *const **ret, size_t *n);
/* @value must be an object (or absent: NULL is fine). @what: "states". */
int cw_read_object(const struct cw_reader *r, const json_t *value, const char *what);
/* Position of the text @value in NULL-terminated @names; else EINVAL: "unknown state 'adress'; did you mean 'address'?" */
int cw_read_one_of(
	const struct cw_reader *r, const json_t *value, const char *what, const char *const *names, size_t *ret);
/* Complain at the key of @obj itself. Returns @err. */
int cw_read_why_key(const struct cw_reader *r, const json_t *obj, const char *key, int err, const char *fmt, ...)
	CW_PRINTF(5, 6);
