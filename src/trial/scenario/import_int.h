/*
 * import_int.h: what importers share
 */
#pragma once
#include "trial/scenario/import.h"
#include "trial/scenario/tree.h"

struct cw_importer {
	struct cw_composed *composed; /* for notes */
	const struct cw_yaml *in;
	struct cw_yaml *out;
	json_t *root, *tests; /* of the tree that is made */
	json_t *ids;          /* that were given */
	struct cw_why *why;
};

#define IMPORT_COMPLAIN(m, o, key, ...) cw_yaml_why_member((m)->in, (o), (key), (m)->why, EINVAL, __VA_ARGS__)

/* A note at the key @key of @o. */
int cw_import_note(struct cw_importer *m, const json_t *o, const char *key, const char *fmt, ...) CW_PRINTF(4, 5);
/* Set "id": @text in a form that ids may have, unlike all before; @fallback when nothing is left of it. */
int cw_import_id(
	struct cw_importer *m, json_t *test, const char *text, const char *fallback, const struct cw_yaml_spot *at);
struct cw_yaml_spot cw_import_spot(const struct cw_importer *m, const json_t *value);
/* A new mapping at the end of the tests. NULL: no memory. */
json_t *cw_import_test(struct cw_importer *m, const struct cw_yaml_spot *at);

bool cw_promptfoo_is(const json_t *root);
int cw_promptfoo_import(struct cw_importer *m, json_t *root);
bool cw_pipecat_is(const json_t *root);
int cw_pipecat_import(struct cw_importer *m, json_t *root);
