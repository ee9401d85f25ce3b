#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/embedded.h"
#include "trial/report/report.h"
#include "trial/report/report_embedded.h"

#define PAGE_MAX    (512u << 20)
#define PART_MAX    (8u << 20)
#define CALLS_WHOLE 60 /* passed calls whose transcript and waveform go into the page; failed ones always do */

static struct cw_str template_file(const char *name)
{
	for (const struct cw_embedded *e = cw_report_files; e->name; e++)
		if (!strcmp(e->name, name))
			return (struct cw_str){e->bytes, e->len};
	return (struct cw_str){"", 0};
}

/* ---- the data ---- */

static json_t *number_or_null(double x)
{
	return x == x ? json_real(x) : json_null();
}

static json_t *gates_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		json_array_append_new(
			list, json_pack("{s:s, s:f, s:o, s:s, s:s}", "gate", g->gate, "limit", g->limit, "value",
				      number_or_null(g->value), "status", cw_gate_status_name(g->status), "reason",
				      g->reason ? g->reason : ""));
	}
	return list;
}

static json_t *head_json(const struct cw_tally *t)
{
	json_t *count = json_object();

	for (int v = 0; v < CW_VERDICT_N; v++)
		json_object_set_new(count, cw_verdict_name((enum cw_verdict)v), json_integer((json_int_t)t->count[v]));
	return json_pack("{s:o, s:I, s:[f, f], s:o, s:o, s:o, s:s}", "count", count, "flaky", (json_int_t)t->flaky,
		"pass", t->pass_lo, t->pass_hi, "response_ms", cw_quantiles_json(&t->response_ms), "first_word_ms",
		cw_quantiles_json(&t->first_word_ms), "gates", gates_json(t), "advice", cw_report_advice(t));
}

/* A file of a call's folder, or NULL: it may have been removed, or never kept. */
static json_t *call_part(void *scratch, const char *dir, const char *folder, const char *name)
{
	char *path = talloc_asprintf(scratch, "%s/calls/%s/%s", dir, folder, name);
	json_t *part = NULL;

	if (!path || cw_json_load(path, PART_MAX, &part, NULL))
		return NULL;
	return part;
}

static const char *audio_of(void *scratch, const char *dir, const char *folder)
{
	static const char *const names[] = {"both.wav", "mono.wav"};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		char *path = talloc_asprintf(scratch, "%s/calls/%s/%s", dir, folder, names[i]);

		if (path && access(path, R_OK) == 0)
			return names[i];
	}
	return NULL;
}

static void add_call(json_t *calls, const char *dir, const json_t *result)
{
	CW_SCOPED char *scratch = talloc_strdup(NULL, "");
	const char *folder = cw_json_str(result, "folder", "");
	json_t *transcript = call_part(scratch, dir, folder, "transcript.json");
	json_t *waterfall = call_part(scratch, dir, folder, "waterfall.json");
	json_t *levels = call_part(scratch, dir, folder, "levels.json");
	const char *audio = audio_of(scratch, dir, folder);

	if (transcript && waterfall && levels)
		json_object_set_new(calls, cw_json_str(result, "key", ""),
			json_pack("{s:O, s:O, s:O, s:s?}", "transcript", transcript, "waterfall", waterfall, "levels",
				levels, "audio", audio));
	json_decref(transcript);
	json_decref(waterfall);
	json_decref(levels);
}

static json_t *calls_json(const char *dir, const struct cw_tally *t)
{
	json_t *calls = json_object(), *r;
	size_t i, passed = 0;

	json_array_foreach (t->results, i, r) {
		bool pass = !strcmp(cw_json_str(r, "verdict", ""), "PASS");

		if (!pass || passed++ < CALLS_WHOLE)
			add_call(calls, dir, r);
	}
	return calls;
}

/* ---- the page ---- */

/* JSON inside a script element must not end it: every "<" is written as an escape, which JSON reads back. */
static void put_data(struct cw_buf *page, const json_t *data)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(PAGE_MAX);
	struct cw_str rest, part;

	cw_json_dump(&b, data);
	rest = cw_buf_str(&b);
	if (cw_buf_err(&b))
		page->err = page->err ? page->err : cw_buf_err(&b);
	for (bool first = true; cw_str_split(&rest, '<', &part); first = false) {
		if (!first)
			cw_buf_puts(page, "\\u003c");
		cw_buf_put(page, part.p, part.len);
	}
}

static void put_page(struct cw_buf *page, const json_t *data)
{
	struct cw_str rest = template_file("report.html"), part, css = template_file("report.css"),
		      js = template_file("report.js");

	while (cw_str_split(&rest, '@', &part)) {
		if (cw_str_eq(part, "CSS"))
			cw_buf_put(page, css.p, css.len);
		else if (cw_str_eq(part, "JS"))
			cw_buf_put(page, js.p, js.len);
		else if (cw_str_eq(part, "DATA"))
			put_data(page, data);
		else
			cw_buf_put(page, part.p, part.len);
	}
}

int cw_report_html(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why)
{
	const char *slash = strrchr(path, '/');
	CW_SCOPED char *dir = slash ? talloc_strndup(NULL, path, (size_t)(slash - path)) : talloc_strdup(NULL, ".");
	CW_BUF_SCOPED struct cw_buf page = CW_BUF(PAGE_MAX);

	if (!dir)
		return ENOMEM;

	CW_JSON_SCOPED json_t *data = json_pack("{s:O, s:o, s:O, s:o, s:i}", "run", run, "head", head_json(t),
		"results", t->results, "calls", calls_json(dir, t), "embedded", CALLS_WHOLE);

	if (!data)
		return ENOMEM;
	put_page(&page, data);
	if (cw_buf_err(&page))
		return cw_why_set(why, cw_buf_err(&page), "the report '%s' grew too large", path);
	return cw_file_replace(path, cw_buf_str(&page), why);
}
