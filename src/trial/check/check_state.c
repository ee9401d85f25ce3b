/* Assertions on what happened: tools, the state of the world behind the agent, the end of the call. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "line/line.h"
#include "store/db.h"
#include "trial/check/check_int.h"

#define SHOWN_MAX 300

static const char *const tool_keys[] = {"name", "args", "times", NULL};
static const char *const state_keys[] = {"sql", "db", "url", "field", "value", NULL};
static const char *const value_keys[] = {"value", NULL};

/* ---- comparing JSON ---- */

static bool same(const json_t *want, const json_t *have)
{
	if (json_is_number(want) && json_is_number(have))
		return fabs(json_number_value(want) - json_number_value(have)) < 1e-9;
	if (json_is_boolean(want) && json_is_integer(have)) /* SQL has no booleans */
		return json_is_true(want) == (json_integer_value(have) != 0);
	if (json_is_string(want) && json_is_string(have))
		return !strcasecmp(json_string_value(want), json_string_value(have));
	return json_equal(want, have);
}

/* Every member of @want is in @have and the same. */
static bool subset(const json_t *want, const json_t *have)
{
	const char *key;
	json_t *w;

	if (!json_is_object(want))
		return same(want, have);
	json_object_foreach ((json_t *)(uintptr_t)want, key, w) {
		if (!json_object_get(have, key) || !subset(w, json_object_get(have, key)))
			return false;
	}
	return true;
}

static int show(void *parent, const json_t *j, const char **ret)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);

	if (j)
		cw_json_dump(&b, j);
	return cw_check_say(parent, ret, "%.*s", SHOWN_MAX, cw_buf_err(&b) || !b.p ? "(nothing)" : b.p);
}

/* ---- tools ---- */

static int run_tool(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *name = cw_json_str(a->conf, "name", "");
	const json_t *args = json_object_get(a->conf, "args");
	int64_t times = cw_json_int(a->conf, "times", -1);
	const struct cw_event *nearest = NULL;
	const char *shown = "";
	size_t from = 0;
	int64_t n = 0;
	int err = args ? show(parent, args, &shown) : 0;

	if (!err)
		err = times < 0 ? cw_check_say(
					  parent, &c->expected, "tool %s called%s%s", name, args ? " with " : "", shown)
				: cw_check_say(parent, &c->expected, "tool %s called %lld times%s%s", name,
					  (long long)times, args ? " with " : "", shown);
	if (err)
		return err;
	if (!v->agent)
		return cw_check_error(parent, c,
			"tool calls are not visible over this line: use 'state_equals', or target agent:FILE");
	c->decided_by = "agent_timeline";
	for (const struct cw_event *e; (e = cw_timeline_next(v->agent, &from, CW_EV_TOOL_CALLED, CW_SIDE_N));) {
		if (strcmp(cw_json_str(e->data, "name", ""), name))
			continue;
		nearest = e;
		if (!args || subset(args, json_object_get(e->data, "args"))) {
			n++;
			c->at_us = (int64_t)e->t_us;
		}
	}
	c->status = (times < 0 ? n > 0 : n == times) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (!nearest) {
		c->got = "never called";
		return 0;
	}
	err = show(parent, json_object_get(nearest->data, "args"), &shown);
	return err ? err : cw_check_say(parent, &c->got, "%lld times; last with %s", (long long)n, shown);
}

static int validate_tool(const json_t *conf, struct cw_why *why)
{
	const json_t *name = json_object_get(conf, "name"), *args = json_object_get(conf, "args"),
		     *times = json_object_get(conf, "times");

	if (!json_is_string(name) || !json_string_length(name))
		return cw_why_set(why, EINVAL, "'name' must be the name of a tool");
	if (args && !json_is_object(args))
		return cw_why_set(why, EINVAL, "'args' must be a mapping: {phone: \"…\"}");
	if (times && (!json_is_integer(times) || json_integer_value(times) < 0))
		return cw_why_set(why, EINVAL, "'times' must be a whole number");
	return 0;
}

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

			if (!(json_is_object(w) ? subset(w, row) : same(w, cell(row))))
				return false;
		}
		return true;
	}

	const json_t *row = json_array_get(rows, 0);

	if (!row)
		return json_is_null(want);
	return json_is_object(want) ? subset(want, row) : same(want, cell(row));
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
	return show(parent, rows, &c->got);
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

static int run_http(void *parent, const struct cw_view *v, const struct cw_assert *a, struct cw_check *c)
{
	const struct cw_view_probe *p = NULL;
	CW_JSON_SCOPED json_t *body = NULL;
	struct cw_why why = {0};

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
	if (cw_json_parse(p->body, strlen(p->body), &body, &why))
		return cw_check_error(parent, c, "the probe's answer is no JSON: %s", why.text);

	const json_t *have = field(body, cw_json_str(a->conf, "field", ""));
	const json_t *want = json_object_get(a->conf, "value");

	c->status = have                 ? (subset(want, have) ? CW_CHECK_PASS : CW_CHECK_FAIL)
		    : json_is_null(want) ? CW_CHECK_PASS
					 : CW_CHECK_FAIL;
	return show(parent, have, &c->got);
}

static int run_state(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	int err = show(parent, json_object_get(a->conf, "value"), &c->expected);

	if (err)
		return err;
	return json_object_get(a->conf, "url") ? run_http(parent, v, a, c) : run_sql(parent, v, a, c);
}

static int validate_state(const json_t *conf, struct cw_why *why)
{
	const char *sql = cw_json_str(conf, "sql", NULL), *url = cw_json_str(conf, "url", NULL);

	if (!sql == !url)
		return cw_why_set(why, EINVAL, "needs either 'sql' (a query) or 'url' (answers JSON)");
	if (url && strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
		return cw_why_set(why, EINVAL, "'url' must begin with http:// or https://");
	if (json_object_get(conf, "field") && (sql || !cw_json_str(conf, "field", NULL)))
		return cw_why_set(why, EINVAL, "'field' is a path such as \"items.0.name\" and goes with 'url'");
	if (json_object_get(conf, "db") && (url || !cw_json_str(conf, "db", NULL)))
		return cw_why_set(why, EINVAL, "'db' is a database file and goes with 'sql'");
	if (!json_object_get(conf, "value"))
		return cw_why_set(why, EINVAL, "needs 'value': what the answer must be (null: no row)");
	return 0;
}

/* ---- the end ---- */

static const char *hung_up_by(enum cw_end_reason r)
{
	return r == CW_END_LOCAL ? "caller" : r == CW_END_REMOTE ? "agent" : "line";
}

static int run_end(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool who = !strcmp(a->kind->name, "hangup_by");

	c->expected = cw_json_str(a->conf, "value", "");
	c->got = who ? hung_up_by(v->end_reason) : cw_end_reason_name(v->end_reason);
	c->decided_by = "line";
	c->at_us = (int64_t)v->end_us;
	c->status = strcmp(c->expected, c->got) ? CW_CHECK_FAIL : CW_CHECK_PASS;
	if (c->status == CW_CHECK_FAIL && v->end_detail[0])
		return cw_check_say(parent, &c->reason, "%s", v->end_detail);
	return 0;
}

static int validate_who(const json_t *conf, struct cw_why *why)
{
	const char *value = cw_json_str(conf, "value", "");

	if (strcmp(value, "caller") && strcmp(value, "agent") && strcmp(value, "line"))
		return cw_why_set(why, EINVAL, "'value' must be caller, agent or line");
	return 0;
}

static int validate_reason(const json_t *conf, struct cw_why *why)
{
	const char *value = cw_json_str(conf, "value", "");
	CW_BUF_SCOPED struct cw_buf known = CW_BUF(512);

	for (int r = CW_END_LOCAL; r <= CW_END_TIMEOUT; r++) {
		if (!strcmp(value, cw_end_reason_name((enum cw_end_reason)r)))
			return 0;
		cw_buf_fmt(&known, "%s%s", r > CW_END_LOCAL ? ", " : "", cw_end_reason_name((enum cw_end_reason)r));
	}
	return cw_why_set(why, EINVAL, "'value' must be one of %s", cw_buf_err(&known) ? "?" : known.p);
}

const struct cw_check_kind cw_checks_state[] = {
	{"tool_called", "the agent called this tool, its arguments among those given", CW_CHECK_CALL_ONLY, tool_keys,
		validate_tool, run_tool, NULL},
	{"state_equals", "a query of the database, or a JSON page, answers this", CW_CHECK_CALL_ONLY, state_keys,
		validate_state, run_state, NULL},
	{"hangup_by", "who ended the call: caller, agent or line", CW_CHECK_CALL_ONLY, value_keys, validate_who,
		run_end, NULL},
	{"end_reason", "how the caller's line ended", CW_CHECK_CALL_ONLY, value_keys, validate_reason, run_end, NULL},
	{0},
};
