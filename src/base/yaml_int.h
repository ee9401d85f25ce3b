/*
 * yaml_int.h: shared by yaml.c (places, questions) and yaml_load.c (libfyaml to JSON); nobody else includes it
 */
#pragma once
#include "base/yaml.h"

struct cw_yaml_place {
	const json_t *parent; /* the object or array which holds the value; NULL: the root */
	const char *key;      /* member of an object; NULL in arrays */
	size_t index;         /* element of an array */
	const json_t *value;
	unsigned line, column; /* of the value */
	unsigned key_line, key_column;
	bool alias;       /* the value was written elsewhere */
	const char *file; /* NULL: the tree's own */
};

struct cw_yaml {
	json_t *root;
	char *file;
	struct cw_yaml_place *places; /* sorted by parent, key, index once loaded */
	const struct cw_yaml_place **by_value;
	size_t n, cap;
	bool including; /* `!include` is understood */
};

/* ENOMEM. The place's key must live as long as @y. */
int cw_yaml_note(struct cw_yaml *y, const struct cw_yaml_place *place);
/* Build the whole of @y but the order of its places. */
int cw_yaml_build(struct cw_yaml *y, const char *text, size_t len, struct cw_why *why);
