/*
 * scenario_int.h: what the files that read scenarios share; included by them only
 *
 * They read the last tree of the stages told in tree.h: no reference and no {{…}} is left in it, and cw_scn_check() has found every value to
 * be of its shape, so that the readers only fetch.
 */
#pragma once
#include "base/yaml.h"
#include "trial/scenario/keys.h"
#include "trial/scenario/scenario.h"

struct cw_scn {
	const struct cw_yaml *yaml;
	const struct cw_scenario_conf *conf;
	struct cw_why *why;
	struct cw_scenario *scenario;
	json_t *defaults;   /* object or NULL */
	json_t *matrix;     /* of the file, or NULL */
	const char *target; /* of the file, or NULL */
	json_t *chosen;     /* of every test: its variables from the matrix {name: value}; list or NULL */
	json_t *vars;       /* of every test: all its variables; list or NULL */
};

#define COMPLAIN(r, at, ...) cw_yaml_why((r)->yaml, (at), (r)->why, EINVAL, __VA_ARGS__)

/* shape.c: every member of @o known, of its shape, nothing missing; and so below. EINVAL with place. */
int cw_scn_check(const struct cw_scn *r, json_t *o, const struct cw_key *keys);
/* A number of units or "800ms", "3s", "2m" in microseconds. */
bool cw_scn_duration_of(const json_t *v, double unit_us, double *us);

/* Members whose shape was checked: the default when absent. */
uint32_t cw_scn_u32(const json_t *o, const char *key, uint32_t dflt);
uint64_t cw_scn_us(const json_t *o, const char *key, double unit_us, uint64_t dflt);
double cw_scn_rate(const json_t *o, const char *key, double dflt);
/* NULL as default gives NULL. ENOMEM. */
int cw_scn_text(void *parent, const json_t *o, const char *key, const char *dflt, const char **ret);
/* A text or a list of texts; absent gives an empty list. ENOMEM. */
int cw_scn_list(void *parent, const json_t *o, const char *key, struct cw_list *ret);
/* Words and /regular expressions/; absent gives NULL. EINVAL with place. */
int cw_scn_pattern(const struct cw_scn *r, void *parent, json_t *o, const char *key, struct cw_pattern **ret);

/* scenario_step.c: `turns` and `answers` of a test. */
int cw_scn_steps(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *turns, json_t *answers);
int cw_scn_expect(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *o, const char *key,
	bool per_turn, struct cw_expect *ret);

/* scenario_caller.c: `caller`, `persona`; `goal` with its facts. @test holds the goal. */
int cw_scn_caller(const struct cw_scn *r, struct cw_test *t, json_t *caller, json_t *persona);
int cw_scn_goal(const struct cw_scn *r, struct cw_test *t, json_t *test, json_t *facts);

/* scenario_common.c: what every test has in common: voice, language, channel, repeat, limits, hints. */
int cw_scn_common(const struct cw_scn *r, struct cw_test *t, json_t *o, json_t *caller, json_t *persona);
int cw_scn_target(const struct cw_scn *r, void *parent, json_t *o, const char **ret);

/* scenario_test.c, scenario_short.c: the two forms. */
int cw_scn_full(const struct cw_scn *r, json_t *root);
int cw_scn_short(const struct cw_scn *r, json_t *root);
