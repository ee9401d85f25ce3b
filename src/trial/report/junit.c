/* JUnit XML as CI systems read it: a suite per scenario file, a case per execution. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/report/report.h"

#define FILE_MAX (256u << 20)

/* Character data and attribute values; what XML 1.0 cannot hold becomes "?". */
static void put_xml(struct cw_buf *b, const char *text)
{
	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '&':
			cw_buf_puts(b, "&amp;");
			break;
		case '<':
			cw_buf_puts(b, "&lt;");
			break;
		case '>':
			cw_buf_puts(b, "&gt;");
			break;
		case '"':
			cw_buf_puts(b, "&quot;");
			break;
		case '\n':
			cw_buf_puts(b, "&#10;");
			break;
		default:
			cw_buf_putc(b, (unsigned char)*p < 0x20 && *p != '\t' ? '?' : *p);
		}
	}
}

static void put_attribute(struct cw_buf *b, const char *name, const char *value)
{
	cw_buf_fmt(b, " %s=\"", name);
	put_xml(b, value);
	cw_buf_putc(b, '"');
}

/* What did not hold, one line each, and how to see it again. */
static void put_details(struct cw_buf *b, const json_t *r)
{
	size_t i;
	json_t *c;

	json_array_foreach (json_object_get(r, "checks"), i, c) {
		if (!strcmp(cw_json_str(c, "status", ""), "pass"))
			continue;
		put_xml(b, cw_json_str(c, "turn", "call"));
		cw_buf_puts(b, ": ");
		put_xml(b, cw_json_str(c, "type", ""));
		cw_buf_puts(b, " expected ");
		put_xml(b, cw_json_str(c, "expected", ""));
		cw_buf_puts(b, ", got ");
		put_xml(b, cw_json_str(c, "got", ""));
		cw_buf_puts(b, " ");
		put_xml(b, cw_json_str(c, "reason", ""));
		cw_buf_puts(b, " ");
		put_xml(b, cw_json_str(c, "at", ""));
		cw_buf_putc(b, '\n');
	}
	cw_buf_puts(b, "calls/");
	put_xml(b, cw_json_str(r, "folder", ""));
	cw_buf_puts(b, "\nagain: ");
	put_xml(b, cw_json_str(r, "rerun", ""));
	cw_buf_putc(b, '\n');
}

static void put_case(struct cw_buf *b, const json_t *r)
{
	const char *verdict = cw_json_str(r, "verdict", "");
	const json_t *s = json_object_get(r, "slice");
	CW_BUF_SCOPED struct cw_buf name = CW_BUF(1024);

	cw_buf_fmt(&name, "%s [%s %s %s] #%lld", cw_json_str(r, "test", ""), cw_json_str(s, "language", ""),
		cw_json_str(s, "voice", ""), cw_json_str(s, "channel", ""), (long long)cw_json_int(r, "repeat", 1));
	cw_buf_puts(b, "    <testcase");
	put_attribute(b, "classname", cw_json_str(r, "file", ""));
	put_attribute(b, "name", cw_buf_err(&name) ? cw_json_str(r, "key", "") : name.p);
	cw_buf_fmt(b, " time=\"%.3f\"", cw_json_num(r, "duration_ms", 0) / 1000);
	if (!strcmp(verdict, "PASS")) {
		cw_buf_puts(b, "/>\n");
		return;
	}

	const char *tag = !strcmp(verdict, "FAIL") ? "failure" : "error";

	cw_buf_fmt(b, ">\n      <%s", tag);
	put_attribute(b, "type", verdict);
	put_attribute(b, "message", cw_json_str(r, "reason", ""));
	cw_buf_putc(b, '>');
	put_details(b, r);
	cw_buf_fmt(b, "</%s>\n    </testcase>\n", tag);
}

struct sums {
	size_t n, failures, errors;
	double time_s;
};

static struct sums sum(const struct cw_tally *t, const char *file)
{
	struct sums s = {0};
	size_t i;
	json_t *r;

	json_array_foreach (t->results, i, r) {
		const char *verdict = cw_json_str(r, "verdict", "");

		if (file && strcmp(cw_json_str(r, "file", ""), file))
			continue;
		s.n++;
		s.failures += !strcmp(verdict, "FAIL");
		s.errors += strcmp(verdict, "FAIL") && strcmp(verdict, "PASS");
		s.time_s += cw_json_num(r, "duration_ms", 0) / 1000;
	}
	return s;
}

static void put_sums(struct cw_buf *b, const struct sums *s)
{
	cw_buf_fmt(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n", s->n, s->failures, s->errors,
		s->time_s);
}

static void put_suite(struct cw_buf *b, const struct cw_tally *t, const char *file, const char *created)
{
	struct sums s = sum(t, file);
	size_t i;
	json_t *r;

	cw_buf_puts(b, "  <testsuite");
	put_attribute(b, "name", file);
	put_attribute(b, "timestamp", created);
	put_sums(b, &s);
	json_array_foreach (t->results, i, r) {
		if (!strcmp(cw_json_str(r, "file", ""), file))
			put_case(b, r);
	}
	cw_buf_puts(b, "  </testsuite>\n");
}

int cw_report_junit(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	struct sums all = sum(t, NULL);
	const char *before = NULL;
	size_t i;
	json_t *r;

	cw_buf_puts(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"callwright\"");
	put_sums(&b, &all);
	json_array_foreach (t->results, i, r) {
		const char *file = cw_json_str(r, "file", "");

		if (!before || strcmp(before, file)) /* results of a file stand together */
			put_suite(&b, t, file, cw_json_str(run, "created", ""));
		before = file;
	}
	cw_buf_puts(&b, "</testsuites>\n");
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_file_replace(path, cw_buf_str(&b), why);
}
