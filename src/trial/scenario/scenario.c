#include "trial/scenario/scenario.h"

#include <errno.h>
#include <string.h>

#include "trial/scenario/compose.h"
#include "trial/scenario/expand.h"
#include "trial/scenario/import.h"
#include "trial/scenario/scenario_int.h"

#define FILE_MAX (4u << 20)

static void read_gates(json_t *gates, struct cw_gates *g)
{
	g->pass_rate_lower_bound = cw_json_num(gates, "pass_rate_lower_bound", -1);
	g->p95_response_ms = cw_json_num(gates, "p95_response_ms", -1);
	g->invalid_rate = cw_json_num(gates, "invalid_rate", -1);
}

/* Files are named as seen from the one that names them. */
static int read_judge(const struct cw_scn *r, json_t *judge)
{
	struct cw_judge_spec *j = &r->scenario->judge;
	const char *path = cw_json_str(judge, "calibration", NULL), *from, *slash;
	int err;

	*j = (struct cw_judge_spec){.given = judge != NULL,
		.min_kappa = cw_json_num(judge, "min_kappa", -1),
		.confirm_on_fail = cw_scn_u32(judge, "confirm_on_fail", 0)};
	err = cw_scn_text(r->scenario, judge, "model", NULL, &j->model);
	if (!err)
		err = cw_scn_text(r->scenario, judge, "base_url", NULL, &j->base_url);
	if (err || !path)
		return err;
	from = cw_yaml_file_of(r->yaml, json_object_get(judge, "calibration"));
	slash = *path == '/' ? NULL : strrchr(from, '/');
	j->calibration = slash ? talloc_asprintf(r->scenario, "%.*s/%s", (int)(slash - from), from, path)
			       : talloc_strdup(r->scenario, path);
	return j->calibration ? 0 : ENOMEM;
}

static int check_root(const struct cw_scn *r, json_t *root)
{
	json_t *tests = json_object_get(root, "tests"), *scenarios = json_object_get(root, "scenarios");

	if (!json_is_object(root))
		return COMPLAIN(
			r, root, "a scenario file is a mapping with 'tests' (full form) or 'scenarios' (short form)");
	if (tests && scenarios)
		return COMPLAIN(r, scenarios, "'tests' and 'scenarios' in one file: use one form");
	if (!tests && !scenarios) {
		struct cw_why inner = {0};
		struct cw_scn quiet = *r;
		int err;

		quiet.why = &inner;
		err = cw_scn_check(&quiet, root, cw_keys_full);
		if (err && strstr(inner.text, "unknown key"))
			return cw_why_at(r->why, err, inner.file, inner.line, inner.column, "%s", inner.text);
		return COMPLAIN(r, root, "neither 'tests' (full form) nor 'scenarios' (short form) here");
	}
	return cw_scn_check(r, root, scenarios ? cw_keys_short : cw_keys_full);
}

static int read_root(struct cw_scn *r, json_t *root)
{
	struct cw_scenario *s = r->scenario;
	int err = check_root(r, root);

	if (err)
		return err;
	r->defaults = json_object_get(root, "defaults");
	r->matrix = json_object_get(root, "matrix");
	read_gates(json_object_get(root, "gates"), &s->gates);
	err = read_judge(r, json_object_get(root, "judge"));
	if (!err)
		err = cw_scn_text(s, root, "name", "", &s->name);
	if (!err)
		err = cw_scn_text(s, root, "description", "", &s->description);
	if (!err)
		err = cw_scn_target(r, s, root, &r->target);
	if (err)
		return err;
	return json_object_get(root, "scenarios") ? cw_scn_short(r, root) : cw_scn_full(r, root);
}

static int take_notes(struct cw_scenario *s, const struct cw_composed *c)
{
	s->notes.items = talloc_zero_array(s, const char *, c->notes.n + 1);
	if (!s->notes.items)
		return ENOMEM;
	for (; s->notes.n < c->notes.n; s->notes.n++) {
		s->notes.items[s->notes.n] = talloc_strdup(s->notes.items, c->notes.items[s->notes.n]);
		if (!s->notes.items[s->notes.n])
			return ENOMEM;
	}
	return 0;
}

/* The stages of tree.h. */
static int read_stages(
	struct cw_scenario *s, const char *text, size_t len, const struct cw_scenario_conf *conf, struct cw_why *why)
{
	struct cw_composed *whole = NULL;
	int err = cw_compose(NULL, s->file, text, len, conf, &whole, why);

	if (err)
		return err;

	CW_SCOPED struct cw_composed *composed = whole;
	struct cw_expanded *expanded = NULL;
	const struct cw_yaml *tree = composed->tree;

	s->hash = composed->hash;
	err = cw_import(composed, &tree, why);
	if (!err)
		err = cw_expand(composed, tree, conf, &expanded, why);
	if (err)
		return err;

	struct cw_scn r = {.yaml = expanded->tree,
		.conf = conf,
		.why = why,
		.scenario = s,
		.chosen = expanded->chosen,
		.vars = expanded->vars};

	err = read_root(&r, cw_yaml_root(expanded->tree));
	return err ? err : take_notes(s, composed);
}

int cw_scenario_parse(void *parent, const char *name, const char *text, size_t len, const struct cw_scenario_conf *conf,
	struct cw_scenario **ret, struct cw_why *why)
{
	static const struct cw_scenario_conf none;
	CW_SCOPED struct cw_scenario *s = talloc_zero(NULL, struct cw_scenario);

	if (!s)
		return ENOMEM;
	s->file = talloc_strdup(s, name);
	if (!s->file)
		return ENOMEM;

	int err = read_stages(s, len ? text : "", len, conf ? conf : &none, why);

	if (err)
		return cw_why_set(why, err, "%s: %s", name, strerror(err)); /* kept when a deeper reason is there */
	*ret = talloc_move(parent, &s);
	return 0;
}

int cw_scenario_load(void *parent, const char *path, const struct cw_scenario_conf *conf, struct cw_scenario **ret,
	struct cw_why *why)
{
	FILE *f = fopen(path, "re");
	CW_SCOPED char *text = talloc_array(NULL, char, FILE_MAX + 1);

	if (!f)
		return cw_why_at(why, errno, path, 0, 0, "cannot be opened: %s", strerror(errno));
	if (!text) {
		(void)fclose(f); /* it was only read */
		return ENOMEM;
	}

	size_t n = fread(text, 1, FILE_MAX + 1, f);
	int err = ferror(f) ? EIO : 0;

	(void)fclose(f); /* it was only read */
	if (err)
		return cw_why_at(why, err, path, 0, 0, "cannot be read (is it a folder?)");
	if (n > FILE_MAX)
		return cw_why_at(why, EFBIG, path, 0, 0, "is larger than %u MiB", FILE_MAX >> 20);
	return cw_scenario_parse(parent, path, text, n, conf, ret, why);
}
