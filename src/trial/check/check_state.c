/* Assertions on the state of the world behind the agent: databases, pages, programs. */
#include <errno.h>
#include <string.h>

#include "store/db.h"
#include "trial/check/check_int.h"
#include "trial/check/command.h"

#define COMMAND_LIMIT_S 10
#define COMMAND_MAX_S   60
#define COMMAND_OUTPUT  (1u << 20)
#define ARGV_MAX        32

static const char *const state_keys[] = {"sql", "db", "url", "command", "timeout_s", "field", "value", NULL};

/* ---- state behind the agent ---- */

/* One cell when one was asked for. */
static const json_t *cell(const json_t *row)
{
	void *it = json_object_iter((json_t *)(uintptr_t)row);

	return it ? json_object_iter_value(it) : NULL;
}

static bool rows_fit(const json_t *want, const json_t *rows)
{
	size_t i;
	json_t *w;

	if (json_is_array(want)) {
		if (json_array_size(want) != json_array_size(rows))
			return false;
		json_array_foreach ((json_t *)(uintptr_t)want, i, w) {
			const json_t *row = json_array_get(rows, i);

			if (!(json_is_object(w) ? cw_check_json_subset(w, row) : cw_check_json_same(w, cell(row))))
				return false;
		}
		return true;
	}

	const json_t *row = json_array_get(rows, 0);

	if (!row)
		return json_is_null(want);
	return json_is_object(want) ? cw_check_json_subset(want, row) : cw_check_json_same(want, cell(row));
}

static int run_sql(void *parent, const struct cw_view *v, const struct cw_assert *a, struct cw_check *c)
{
	const char *path = cw_json_str(a->conf, "db", v->db_path);
	CW_JSON_SCOPED json_t *rows = NULL;
	struct cw_why why = {0};

	c->decided_by = "sql";
	if (!path)
		return cw_check_error(parent, c, "no database is known for this target: give 'db: FILE' or 'url: …'");

	int err = cw_db_query(path, cw_json_str(a->conf, "sql", ""), &rows, &why);

	if (err == ENOMEM)
		return err;
	if (err)
		return cw_check_error(parent, c, "query failed: %s", why.text[0] ? why.text : strerror(err));
	c->status = rows_fit(json_object_get(a->conf, "value"), rows) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_show(parent, rows, &c->got);
}

/* "a.b.0.c" of a JSON document. */
static const json_t *field(const json_t *j, const char *path)
{
	struct cw_str rest = cw_str(path), part;

	while (j && cw_str_split(&rest, '.', &part)) {
		uint32_t index;
		char key[128];

		if (json_is_array(j)) {
			j = cw_str_u32(part, 100000, &index) ? NULL : json_array_get(j, index);
			continue;
		}
		(void)snprintf(key, sizeof(key), "%.*s", CW_STR(part)); /* a longer key is not there */
		j = json_object_get(j, key);
	}
	return j;
}

/* Text that is JSON, else a text: then `value` must be it, without the blanks around. */
static int decide_json(void *parent, const struct cw_assert *a, const char *text, struct cw_check *c)
{
	const json_t *want = json_object_get(a->conf, "value"), *have;
	CW_JSON_SCOPED json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
	struct cw_str trimmed = cw_str_trim(cw_str(text));

	if (!body && (json_object_get(a->conf, "field") || !json_is_string(want) || !strcmp(c->decided_by, "http")))
		return cw_check_error(parent, c, "the probe's answer is no JSON: \"%.100s\"", text);
	if (!body || (json_is_string(want) && !json_is_string(body) && !strcmp(c->decided_by, "command") &&
			     !json_object_get(a->conf, "field"))) {
		c->status = cw_str_eq_fold(trimmed, json_string_value(want)) ? CW_CHECK_PASS : CW_CHECK_FAIL;
		return cw_check_say(parent, &c->got, "%.*s", (int)(trimmed.len < 300 ? trimmed.len : 300), trimmed.p);
	}
	have = field(body, cw_json_str(a->conf, "field", ""));
	c->status = have                 ? (cw_check_json_subset(want, have) ? CW_CHECK_PASS : CW_CHECK_FAIL)
		    : json_is_null(want) ? CW_CHECK_PASS
					 : CW_CHECK_FAIL;
	return cw_check_show(parent, have, &c->got);
}

static int run_http(void *parent, const struct cw_view *v, const struct cw_assert *a, struct cw_check *c)
{
	const struct cw_view_probe *p = NULL;

	c->decided_by = "http";
	for (size_t i = 0; i < v->n_probes; i++)
		if (v->probes[i].of == a)
			p = &v->probes[i];
	if (!p)
		return cw_check_error(
			parent, c, "an HTTP probe needs real time: a simulated world has no network outside");
	if (p->err)
		return cw_check_error(parent, c, "the probe could not be asked: %s", strerror(p->err));
	if (p->status / 100 != 2)
		return cw_check_error(parent, c, "the probe answered HTTP %d", p->status);
	return decide_json(parent, a, p->body, c);
}

/* ---- a command: its output is looked at ---- */

static int run_command(void *parent, const struct cw_assert *a, struct cw_check *c)
{
	const json_t *list = json_object_get(a->conf, "command");
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(COMMAND_OUTPUT);
	const char *argv[ARGV_MAX + 1];
	struct cw_why why = {0};
	size_t n = json_array_size(list);
	int status = 0;

	for (size_t i = 0; i < n; i++)
		argv[i] = json_string_value(json_array_get(list, i));
	argv[n] = NULL;
	c->decided_by = "command";

	const struct cw_command cmd = {.argv = argv,
		.limit_ms = (unsigned)(cw_json_num(a->conf, "timeout_s", COMMAND_LIMIT_S) * 1000),
		.max_output = COMMAND_OUTPUT};
	int err = cw_command_run(&cmd, &out, &status, &why);

	if (err == ENOMEM)
		return err;
	if (err)
		return cw_check_error(parent, c, "%s", why.text);
	if (status)
		return cw_check_error(parent, c, "%s ended with status %d", argv[0], status);
	cw_buf_puts(&out, "");
	return cw_buf_err(&out) ? ENOMEM : decide_json(parent, a, out.p, c);
}

static int run_state(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	int err = cw_check_show(parent, json_object_get(a->conf, "value"), &c->expected);

	if (err)
		return err;
	if (json_object_get(a->conf, "command"))
		return run_command(parent, a, c);
	return json_object_get(a->conf, "url") ? run_http(parent, v, a, c) : run_sql(parent, v, a, c);
}

static bool valid_command(const json_t *list)
{
	bool ok = json_array_size(list) > 0 && json_array_size(list) <= ARGV_MAX;

	for (size_t i = 0; i < json_array_size(list); i++)
		ok = ok && json_is_string(json_array_get(list, i));
	return ok && json_string_length(json_array_get(list, 0));
}

static int validate_state(const json_t *conf, struct cw_why *why)
{
	const char *sql = cw_json_str(conf, "sql", NULL), *url = cw_json_str(conf, "url", NULL);
	const json_t *command = json_object_get(conf, "command"), *limit = json_object_get(conf, "timeout_s");

	if ((sql != NULL) + (url != NULL) + (command != NULL) != 1)
		return cw_why_set(why, EINVAL,
			"needs one of 'sql' (a query), 'url' (answers JSON) or 'command' (prints JSON or a text)");
	if (command && !valid_command(command))
		return cw_why_set(why, EINVAL,
			"'command' must be a list of texts, program first: [./check.sh, \"{{phone}}\"]; no shell reads it");
	if (limit && (!command || !json_is_number(limit) ||
			     !(json_number_value(limit) > 0 && json_number_value(limit) <= COMMAND_MAX_S)))
		return cw_why_set(why, EINVAL, "'timeout_s' goes with 'command': above 0, at most %d", COMMAND_MAX_S);
	if (url && strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
		return cw_why_set(why, EINVAL, "'url' must begin with http:// or https://");
	if (json_object_get(conf, "field") && (sql || !cw_json_str(conf, "field", NULL)))
		return cw_why_set(
			why, EINVAL, "'field' is a path such as \"items.0.name\" and goes with 'url' or 'command'");
	if (json_object_get(conf, "db") && (url || command || !cw_json_str(conf, "db", NULL)))
		return cw_why_set(why, EINVAL, "'db' is a database file and goes with 'sql'");
	if (!json_object_get(conf, "value"))
		return cw_why_set(why, EINVAL, "needs 'value': what the answer must be (null: no row)");
	return 0;
}

const struct cw_check_kind cw_checks_state[] = {
	{"state_equals", "a query of the database, a JSON page, or a program's output is this", CW_CHECK_CALL_ONLY,
		state_keys, validate_state, run_state, NULL, 0, NULL},
	{0},
};
