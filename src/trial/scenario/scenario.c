#include "trial/scenario/scenario.h"

#include <errno.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

#define FILE_MAX (4u << 20)

/* FNV-1a, 64 bits: tells whether a file changed between a run and its resumption. */
static uint64_t hash_bytes(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
	return h;
}

static int read_gates(const struct cw_scn *r, json_t *root, struct cw_gates *g)
{
	static const char *const known[] = {"pass_rate_lower_bound", "p95_response_ms", "invalid_rate", NULL};
	static const char *const later[] = {"max_cost", "min_kappa", "regression", NULL};
	json_t *gates;
	int err = cw_scn_object(r, root, "gates", &gates);

	if (!err && gates)
		err = cw_scn_keys(r, gates, known, later);
	if (!err)
		err = cw_scn_double(r, gates, "pass_rate_lower_bound", 0, 1, -1, &g->pass_rate_lower_bound);
	if (!err)
		err = cw_scn_double(r, gates, "p95_response_ms", 0, 600000, -1, &g->p95_response_ms);
	return err ? err : cw_scn_double(r, gates, "invalid_rate", 0, 1, -1, &g->invalid_rate);
}

static int read_defaults(struct cw_scn *r, json_t *root)
{
	static const char *const known[] = {
		"language", "voice", "channel", "ear", "speed", "repeat", "timeout_s", "hints", "agent_phrases", NULL};
	static const char *const dimensions[] = {"language", "voice", "channel", NULL};
	int err = cw_scn_object(r, root, "defaults", &r->defaults);

	if (!err && r->defaults)
		err = cw_scn_keys(r, r->defaults, known, NULL);
	if (!err)
		err = cw_scn_object(r, root, "matrix", &r->matrix);
	if (!err && r->matrix)
		err = cw_scn_keys(r, r->matrix, dimensions, NULL);
	return err;
}

static int read_root(struct cw_scn *r, json_t *root)
{
	static const char *const full[] = {
		"version", "name", "description", "target", "defaults", "matrix", "tests", "gates", NULL};
	static const char *const brief[] = {
		"version", "name", "description", "target", "defaults", "matrix", "scenarios", "gates", NULL};
	static const char *const later[] = {"judge", "cases", "suites", NULL};
	json_t *tests = json_object_get(root, "tests"), *scenarios = json_object_get(root, "scenarios");
	struct cw_scenario *s = r->scenario;
	uint32_t version;
	int err;

	if (!json_is_object(root))
		return COMPLAIN(
			r, root, "a scenario file is a mapping with 'tests' (full form) or 'scenarios' (short form)");
	if (tests && scenarios)
		return COMPLAIN(r, scenarios, "'tests' and 'scenarios' in one file: use one form");
	err = cw_scn_keys(r, root, scenarios ? brief : full, later);
	if (!err && !tests && !scenarios)
		return COMPLAIN(r, root, "neither 'tests' (full form) nor 'scenarios' (short form) here");
	if (!err)
		err = cw_scn_u32(r, root, "version", 1, 1, 1, &version);
	if (!err)
		err = cw_scn_text(r, s, root, "name", "", &s->name);
	if (!err)
		err = cw_scn_text(r, s, root, "description", "", &s->description);
	if (!err)
		err = cw_scn_target(r, s, root, &r->target);
	if (!err)
		err = read_defaults(r, root);
	if (!err)
		err = read_gates(r, root, &s->gates);
	if (err)
		return err;
	return scenarios ? cw_scn_short(r, root) : cw_scn_full(r, root);
}

int cw_scenario_parse(void *parent, const char *name, const char *text, size_t len, const struct cw_scenario_conf *conf,
	struct cw_scenario **ret, struct cw_why *why)
{
	static const struct cw_scenario_conf none;
	CW_SCOPED struct cw_scenario *s = talloc_zero(NULL, struct cw_scenario);
	struct cw_yaml *yaml = NULL;
	int err;

	if (!s)
		return ENOMEM;
	s->file = talloc_strdup(s, name);
	if (!s->file)
		return ENOMEM;
	if (!len)
		text = ""; /* an empty file may come as NULL */
	s->hash = hash_bytes(text, len);
	err = cw_yaml_parse(NULL, name, text, len, &yaml, why);
	if (err)
		return err;

	CW_SCOPED struct cw_yaml *document = yaml;
	struct cw_scn r = {.yaml = document, .conf = conf ? conf : &none, .why = why, .scenario = s};

	err = read_root(&r, cw_yaml_root(document));
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
