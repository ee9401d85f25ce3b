/*
 * scenario_int.h: what the files that read scenarios share; included by scenario*.c only
 */
#pragma once
#include "base/yaml.h"
#include "trial/scenario/scenario.h"

struct cw_scn {
	const struct cw_yaml *yaml;
	const struct cw_scenario_conf *conf;
	struct cw_why *why;
	struct cw_scenario *scenario;
	json_t *defaults;   /* object or NULL */
	json_t *matrix;     /* of the file, or NULL */
	const char *target; /* of the file, or NULL */
};

#define COMPLAIN(r, at, ...) cw_yaml_why((r)->yaml, (at), (r)->why, EINVAL, __VA_ARGS__)

/* Typed members: absent gives the default, another type or a value outside is an error with its place. */
int cw_scn_u32(
	const struct cw_scn *r, json_t *o, const char *key, uint32_t min, uint32_t max, uint32_t dflt, uint32_t *ret);
int cw_scn_double(const struct cw_scn *r, json_t *o, const char *key, double min, double max, double dflt, double *ret);
int cw_scn_bool(const struct cw_scn *r, json_t *o, const char *key, bool dflt, bool *ret);
int cw_scn_text(const struct cw_scn *r, void *parent, json_t *o, const char *key, const char *dflt, const char **ret);
/* A text or a list of texts, without variables replaced; absent gives an empty list. */
int cw_scn_list(const struct cw_scn *r, void *parent, json_t *o, const char *key, struct cw_list *ret);
/* Seconds (1.5) or "800ms", "3s", "2m" -> µs; @unit_us: what a plain number counts. */
int cw_scn_duration(const struct cw_scn *r, json_t *o, const char *key, uint64_t unit_us, uint64_t max_us,
	uint64_t dflt, uint64_t *ret);
/* Must be an object when present. */
int cw_scn_object(const struct cw_scn *r, json_t *o, const char *key, json_t **ret);
/* A text with {{name}} replaced. */
int cw_scn_said(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *at, const char **ret);
int cw_scn_pattern(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *o, const char *key,
	struct cw_pattern **ret);
/* Keys that belong to later versions are refused by name, unknown ones with the nearest. */
int cw_scn_keys(const struct cw_scn *r, json_t *o, const char *const *known, const char *const *later);
/* An identifier: letters, digits and . _ - + ; at most 80. */
int cw_scn_id(const struct cw_scn *r, void *parent, json_t *o, const char *key, const char **ret);

/* scenario_step.c: `turns`, `answers` and `caller` of a test. */
int cw_scn_steps(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *turns, json_t *answers);
int cw_scn_caller(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *caller);
int cw_scn_expect(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *o, const char *key,
	bool per_turn, struct cw_expect *ret);

/* scenario_test.c: what every test has in common: voice, language, channel, repeat, limits, hints. */
int cw_scn_common(const struct cw_scn *r, struct cw_test *t, json_t *o, json_t *caller);
int cw_scn_target(const struct cw_scn *r, void *parent, json_t *o, const char **ret);
int cw_scn_full(const struct cw_scn *r, json_t *root);

/* scenario_short.c */
int cw_scn_short(const struct cw_scn *r, json_t *root);
