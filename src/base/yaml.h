/*
 * yaml.h: YAML files as JSON values that remember where they came from (libfyaml)
 *
 * A document is loaded whole into jansson values (YAML 1.2 core schema: null, true/false, numbers, strings) plus a map from
 * every value to file:line:column of the node, so that later checks can point at the place.
 */
#pragma once
#include "base/json.h"

struct cw_yaml;  /* talloc object; owns the JSON tree and the positions */

/* Load @path (at most 4 MiB). Anchors and aliases work (bounded expansion); duplicate keys, tabs, several documents and bad
 * UTF-8 are errors with a position. ENOENT, EBADMSG, EFBIG. */
int cw_yaml_load(void *parent, const char *path, struct cw_yaml **ret, struct cw_why *why);
/* The same from memory; @name stands for the file in messages. */
int cw_yaml_parse(void *parent, const char *name, const char *text, size_t len, struct cw_yaml **ret, struct cw_why *why);

json_t *cw_yaml_root(const struct cw_yaml *y);      /* borrowed */
const char *cw_yaml_file(const struct cw_yaml *y);

/* Where @value (a node of this tree: object, array or scalar, by identity) stands. false: not of this tree. */
bool cw_yaml_where(const struct cw_yaml *y, const json_t *value, unsigned *line, unsigned *column);
/* Where the key @key of object @obj stands. */
bool cw_yaml_where_key(const struct cw_yaml *y, const json_t *obj, const char *key, unsigned *line, unsigned *column);

/* Complain at @value: fills @why with its position and returns @err. */
int cw_yaml_why(const struct cw_yaml *y, const json_t *value, struct cw_why *why, int err, const char *fmt, ...) CW_PRINTF(5, 6);

/* Every key of @obj must be one of @names (NULL-terminated): else EINVAL at the key, naming the nearest known one. */
int cw_yaml_known_keys(const struct cw_yaml *y, const json_t *obj, const char *const *names, struct cw_why *why);
