/*
 * json.h: jansson with our manners: scoped references, files, positions, typed getters
 *
 * JSON values are jansson's (reference counted), not talloc's. A loader rejects duplicate keys and documents deeper than
 * 64 levels or larger than the given ceiling.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/why.h"

/* json_decref() at the end of the scope. */
#define CW_JSON_SCOPED __attribute__((cleanup(cw_json_scoped_free)))
static inline void cw_json_scoped_free(json_t **j)
{
	json_decref(*j);
}

/* Parse text: EBADMSG with line and column in @why. The caller owns *@ret. */
int cw_json_parse(const char *text, size_t len, json_t **ret, struct cw_why *why);
/* Parse a whole file of at most @max bytes. ENOENT, EBADMSG, EFBIG. */
int cw_json_load(const char *path, size_t max, json_t **ret, struct cw_why *why);

/* Append @j to @b: compact, keys in insertion order, reals with 6 significant decimals at most ("%.17g" is not used: files
 * must be equal byte for byte between runs). */
void cw_json_dump(struct cw_buf *b, const json_t *j);
/* Write @j to @path through a temporary file and rename, so that a reader or a crash never sees half a file. */
int cw_json_save(const char *path, const json_t *j, bool pretty, struct cw_why *why);

/* Member @key of object @o, or the default when it is absent or of another type. Strings live as long as @o. */
const char *cw_json_str(const json_t *o, const char *key, const char *dflt);
int64_t cw_json_int(const json_t *o, const char *key, int64_t dflt);
double cw_json_num(const json_t *o, const char *key, double dflt);
bool cw_json_bool(const json_t *o, const char *key, bool dflt);
