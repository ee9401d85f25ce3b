/*
 * export_int.h: one case in another form
 */
#pragma once
#include "trial/dataset/export.h"

struct cw_exporting {
	const struct cw_dataset *d;
	const struct cw_export_conf *conf;
	FILE *out;
	struct cw_exported *done;
	json_t *columns;  /* of a table: names of tags' keys */
	size_t n_expects; /* of a table: columns for assertions */
};

/* Turns of a case: its own, or made of its messages. A new reference; NULL: no memory. */
json_t *cw_export_turns(const json_t *c, const char *expect);
/* @v with what scenario files would replace in texts ({{…}}, env:, and with @words file://) written so that it stays. A new reference. */
json_t *cw_export_plain(const json_t *v, bool words);
/* A list of assertion shorthands, or NULL with what cannot be said in @reason. */
json_t *cw_export_shorthands(const json_t *asserts, const char **reason);

/* Each: 0; ENOTSUP: @reason says why the case cannot be carried; EIO, ENOMEM. */
int cw_export_scenario(struct cw_exporting *x, const json_t *c, const char **reason);
int cw_export_row(struct cw_exporting *x, const json_t *c, const char **reason);
int cw_export_promptfoo(struct cw_exporting *x, const json_t *c, const char **reason);
int cw_export_chat(struct cw_exporting *x, const json_t *c, const char **reason);
