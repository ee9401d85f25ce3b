/*
 * yaml.h: YAML files as JSON values that remember where they came from (libfyaml)
 *
 * A document is loaded whole into jansson values (YAML 1.2 core schema: null, true/false, numbers, strings) plus a map from
 * every value to file:line:column of the node, so that later checks can point at the place. Narrower than the schema on purpose:
 * figures with a leading "+" or "0" and integers beyond 64 bits stay text (telephone numbers, codes), .inf and .nan are errors, so are
 * tags but !!str and the core ones. "yes", "no", "on", "off" and "9:30" are text, as in YAML 1.2.
 * Limits: 64 levels, 200,000 nodes after alias expansion.
 */
#pragma once
#include "base/json.h"

struct cw_yaml; /* talloc object; owns the JSON tree and the positions */

/* Load @path (at most 4 MiB). Anchors and aliases work (bounded expansion); duplicate keys, tabs, several documents and bad
 * UTF-8 are errors with a position. ENOENT, EBADMSG, EFBIG. */
int cw_yaml_load(void *parent, const char *path, struct cw_yaml **ret, struct cw_why *why);
/* The same from memory; @name stands for the file in messages. */
int cw_yaml_parse(
	void *parent, const char *name, const char *text, size_t len, struct cw_yaml **ret, struct cw_why *why);

/* The same, and `!include FILE` stands for the mapping {"!include": "FILE"}: who wants it looks for it. */
int cw_yaml_parse_including(
	void *parent, const char *name, const char *text, size_t len, struct cw_yaml **ret, struct cw_why *why);

/* ---- trees made of parts of others: every value keeps the place it came from ---- */

struct cw_yaml_spot {
	const char *file; /* must live as long as the tree; NULL: the tree's own */
	unsigned line, column, key_line, key_column;
};

/* The place of a member or an element; zeros when it is unknown. */
struct cw_yaml_spot cw_yaml_spot_member(const struct cw_yaml *y, const json_t *obj, const char *key);
struct cw_yaml_spot cw_yaml_spot_index(const struct cw_yaml *y, const json_t *array, size_t index);
/* An empty tree. ENOMEM. */
int cw_yaml_make(void *parent, const char *file, struct cw_yaml **ret);
/* Put @value (taken, also on failure) into @obj or at the end of @array, both values of a tree that is being made. ENOMEM. */
int cw_yaml_set(struct cw_yaml *y, json_t *obj, const char *key, json_t *value, const struct cw_yaml_spot *spot);
int cw_yaml_append(struct cw_yaml *y, json_t *array, json_t *value, const struct cw_yaml_spot *spot);
/* The tree is complete: @root is taken. Questions may be asked from now on. ENOMEM. */
int cw_yaml_finish(struct cw_yaml *y, json_t *root, const struct cw_yaml_spot *spot);
/* The file in which @value was written: that of the tree, unless it was put there from another one. */
const char *cw_yaml_file_of(const struct cw_yaml *y, const json_t *value);

json_t *cw_yaml_root(const struct cw_yaml *y); /* borrowed */
const char *cw_yaml_file(const struct cw_yaml *y);

/* Where @value (a node of this tree: object, array or scalar, by identity) stands. false: not of this tree. Jansson shares one
 * json_true(), json_false() and json_null(): those are found only when the file has just one; else ask by key or index. An aliased
 * value is the anchored one itself (the tree is read-only) and stands where that was written; asked by key or index, at the alias. */
bool cw_yaml_where(const struct cw_yaml *y, const json_t *value, unsigned *line, unsigned *column);
/* Where the key @key of object @obj stands. */
bool cw_yaml_where_key(const struct cw_yaml *y, const json_t *obj, const char *key, unsigned *line, unsigned *column);

/* Where the value of member @key, or element @index of @array, stands: exact for every value. */
bool cw_yaml_where_member(
	const struct cw_yaml *y, const json_t *obj, const char *key, unsigned *line, unsigned *column);
bool cw_yaml_where_index(const struct cw_yaml *y, const json_t *array, size_t index, unsigned *line, unsigned *column);

/* Complain at @value: fills @why with its position and returns @err. */
int cw_yaml_why(const struct cw_yaml *y, const json_t *value, struct cw_why *why, int err, const char *fmt, ...)
	CW_PRINTF(5, 6);

/* Complain at the value of member @key of @obj (at @obj when it has no such member); exact for true, false and null too. */
int cw_yaml_why_member(const struct cw_yaml *y, const json_t *obj, const char *key, struct cw_why *why, int err,
	const char *fmt, ...) CW_PRINTF(6, 7);

/* Every key of @obj must be one of @names (NULL-terminated): else EINVAL at the key, naming the nearest known one. */
int cw_yaml_known_keys(const struct cw_yaml *y, const json_t *obj, const char *const *names, struct cw_why *why);
