/* Tables for programs: JSON lines and CSV; and which report a file name asks for. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/report/report.h"

#define FILE_MAX (1u << 30)

int cw_report_jsonl(const char *path, const struct cw_report *r, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	cw_buf_puts(&b, "");
	for (size_t i = 0; i < cw_results_count(r->results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(r->results, i);

		if (!line)
			return EIO;
		cw_json_dump(&b, line);
		cw_buf_putc(&b, '\n');
	}
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_file_replace(path, cw_buf_str(&b), why);
}

/* A field; one that a spreadsheet would take for a formula gets an apostrophe. */
static void put_csv(struct cw_buf *b, const char *text, char after)
{
	cw_buf_putc(b, '"');
	if (text[0] && strchr("=+-@\t\r", text[0]))
		cw_buf_putc(b, '\'');
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			cw_buf_putc(b, '"');
		cw_buf_putc(b, *p);
	}
	cw_buf_putc(b, '"');
	cw_buf_putc(b, after);
}

static double slowest(const json_t *line, bool *known)
{
	double worst = 0;
	size_t i;
	json_t *turn;

	*known = false;
	json_array_foreach (json_object_get(line, "turns"), i, turn) {
		json_t *v = json_object_get(turn, "response_ms");

		if (json_is_number(v) && (!*known || json_number_value(v) > worst)) {
			worst = json_number_value(v);
			*known = true;
		}
	}
	return worst;
}

static void put_line(struct cw_buf *b, const struct cw_report *r, const json_t *line, size_t i)
{
	const json_t *s = json_object_get(line, "slice");
	bool known;
	double ms = slowest(line, &known);

	put_csv(b, cw_json_str(line, "key", ""), ',');
	put_csv(b, cw_json_str(line, "file", ""), ',');
	put_csv(b, cw_json_str(line, "test", ""), ',');
	put_csv(b, cw_json_str(s, "language", ""), ',');
	put_csv(b, cw_json_str(s, "voice", ""), ',');
	put_csv(b, cw_json_str(s, "channel", ""), ',');
	cw_buf_fmt(b, "%lld,%s,%s,%s,%.4f,", (long long)cw_json_int(line, "repeat", 0),
		cw_json_str(line, "verdict", ""), cw_cell_verdict(&r->tally->cells[r->tally->cell_of[i]]),
		cw_json_bool(line, "unsure", false) ? "yes" : "", cw_json_num(line, "score", 0));
	if (json_is_number(json_object_get(line, "duration_ms")))
		cw_buf_fmt(b, "%.1f", cw_json_num(line, "duration_ms", 0));
	cw_buf_putc(b, ',');
	if (known)
		cw_buf_fmt(b, "%.1f", ms);
	cw_buf_putc(b, ',');
	put_csv(b, cw_json_str(line, "reason", ""), '\n');
}

int cw_report_csv(const char *path, const struct cw_report *r, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	cw_buf_puts(&b, "key,file,test,language,voice,channel,repeat,verdict,test_verdict,unsure,score,duration_ms,"
			"slowest_answer_ms,reason\n");
	for (size_t i = 0; i < cw_results_count(r->results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(r->results, i);

		if (!line)
			return EIO;
		put_line(&b, r, line, i);
	}
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_file_replace(path, cw_buf_str(&b), why);
}

int cw_report_of(const char *path, cw_report_fn **ret, struct cw_why *why)
{
	static const struct {
		const char *ending;
		cw_report_fn *fn;
	} kinds[] = {
		{".jsonl", cw_report_jsonl},
		{".json", cw_report_summary},
		{".csv", cw_report_csv},
		{".xml", cw_report_junit},
		{".md", cw_report_markdown},
		{".html", cw_report_html},
	};
	size_t len = strlen(path);

	for (size_t i = 0; i < CW_COUNT(kinds); i++) {
		size_t n = strlen(kinds[i].ending);

		if (len > n && !strcmp(path + len - n, kinds[i].ending)) {
			*ret = kinds[i].fn;
			return 0;
		}
	}
	return cw_why_set(why, EINVAL,
		"output '%s': the ending says what to write: .jsonl .json .csv .xml (JUnit), .md or .html", path);
}
