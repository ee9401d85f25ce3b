/* JUnit XML as CI systems read it: a suite per scenario file, a case per execution. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/report/report.h"

#define FILE_MAX    (1u << 30)
#define MESSAGE_MAX 1000 /* characters of a message attribute */

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Character data and attribute values; what XML 1.0 cannot hold becomes U+FFFD. JSON's texts are UTF-8 already. */
static void put_xml_n(struct cw_buf *b, const char *text, size_t max)
{
	for (const char *p = text; *p && (max || (*p & 0xc0) == 0x80); p++) {
		max -= max && (p[1] & 0xc0) != 0x80;
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
			if ((unsigned char)*p < 0x20 && *p != '\t')
				cw_buf_puts(b, REPLACEMENT);
			else
				cw_buf_putc(b, *p);
		}
	}
}

static void put_xml(struct cw_buf *b, const char *text)
{
	put_xml_n(b, text, SIZE_MAX);
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

	put_xml(b, cw_json_str(r, "reason", "")); /* GitLab shows the text only, not the message */
	cw_buf_putc(b, '\n');
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

/* Where it can be heard, and how it was repeated when the first attempts were invalid. */
static void put_output(struct cw_buf *b, const json_t *r)
{
	json_t *attempts = json_object_get(r, "attempts"), *a;
	size_t i;

	cw_buf_puts(b, "      <system-out>");
	json_array_foreach (attempts, i, a) {
		cw_buf_fmt(b, "attempt %zu: %s: ", i + 1, cw_json_str(a, "verdict", ""));
		put_xml(b, cw_json_str(a, "reason", ""));
		cw_buf_putc(b, '\n');
	}
	cw_buf_puts(b, "[[ATTACHMENT|calls/");
	put_xml(b, cw_json_str(r, "folder", ""));
	cw_buf_puts(b, "/both.wav]]</system-out>\n");
}

static void put_case(struct cw_buf *b, const json_t *r)
{
	const char *verdict = cw_json_str(r, "verdict", "");
	const json_t *s = json_object_get(r, "slice");
	const char *target = cw_json_str(r, "target_name", "");
	CW_BUF_SCOPED struct cw_buf name = CW_BUF(1024);

	cw_buf_fmt(&name, "%s [%s %s %s%s%s] #%lld", cw_json_str(r, "test", ""), cw_json_str(s, "language", ""),
		cw_json_str(s, "voice", ""), cw_json_str(s, "channel", ""), target[0] ? " " : "", target,
		(long long)cw_json_int(r, "repeat", 1));
	cw_buf_puts(b, "    <testcase");
	put_attribute(b, "classname", cw_json_str(r, "file", ""));
	put_attribute(b, "name", cw_buf_err(&name) ? cw_json_str(r, "key", "") : name.p);
	cw_buf_fmt(b, " time=\"%.3f\"", cw_json_num(r, "duration_ms", 0) / 1000);
	put_attribute(b, "file", cw_json_str(r, "file", ""));
	cw_buf_fmt(b, " line=\"%lld\"", (long long)cw_json_int(r, "line", 1));
	if (!strcmp(verdict, "PASS")) {
		cw_buf_puts(b, "/>\n");
		return;
	}

	const char *tag = !strcmp(verdict, "FAIL") ? "failure" : "error";

	cw_buf_fmt(b, ">\n      <%s", tag);
	put_attribute(b, "type", verdict);
	cw_buf_puts(b, " message=\"");
	put_xml_n(b, cw_json_str(r, "reason", ""), MESSAGE_MAX);
	cw_buf_puts(b, "\">");
	put_details(b, r);
	cw_buf_fmt(b, "</%s>\n", tag);
	put_output(b, r);
	cw_buf_puts(b, "    </testcase>\n");
}

/* Planned, but the run ended before. */
static void put_skipped(struct cw_buf *b, const struct cw_plan_item *it)
{
	CW_BUF_SCOPED struct cw_buf name = CW_BUF(1024);

	cw_buf_fmt(&name, "%s [%s %s %s%s%s] #%u", it->test->id, it->language, it->voice, it->channel,
		it->target_name[0] ? " " : "", it->target_name, it->repeat);
	cw_buf_puts(b, "    <testcase");
	put_attribute(b, "classname", it->test->file);
	put_attribute(b, "name", cw_buf_err(&name) ? it->key : name.p);
	cw_buf_puts(b, " time=\"0\"");
	put_attribute(b, "file", it->test->file);
	cw_buf_fmt(b, " line=\"%u\"><skipped message=\"not called: the run stopped before it\"/></testcase>\n",
		it->test->line);
}

struct sums {
	size_t n, failures, errors, skipped;
	double time_s;
};

static void add(struct sums *s, const json_t *r)
{
	const char *verdict = cw_json_str(r, "verdict", "");

	s->n++;
	s->failures += !strcmp(verdict, "FAIL");
	s->errors += strcmp(verdict, "FAIL") && strcmp(verdict, "PASS");
	s->time_s += cw_json_num(r, "duration_ms", 0) / 1000;
}

static void put_sums(struct cw_buf *b, const struct sums *s)
{
	cw_buf_fmt(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"", s->n, s->failures,
		s->errors, s->skipped, s->time_s);
}

/* "2026-03-02T09:00:00": older readers choke on a zone. */
static void put_time(struct cw_buf *b, const json_t *run)
{
	const char *created = cw_json_str(run, "created", "");

	cw_buf_fmt(b, " timestamp=\"%.*s\"", (int)strcspn(created, "Z"), created);
}

struct writing {
	struct cw_buf suites, body; /* the finished suites; the cases of the present one */
	struct sums all, suite;
	char *file; /* of the present one, NULL: none yet */
	const json_t *run;
};

static void end_suite(struct writing *w)
{
	if (!w->file)
		return;
	cw_buf_puts(&w->suites, "  <testsuite");
	put_attribute(&w->suites, "name", w->file);
	put_sums(&w->suites, &w->suite);
	put_time(&w->suites, w->run);
	put_attribute(&w->suites, "file", w->file);
	cw_buf_puts(&w->suites, ">\n");
	cw_buf_put(&w->suites, w->body.p, w->body.len);
	cw_buf_puts(&w->suites, "  </testsuite>\n");
	cw_buf_reset(&w->body);
	w->suite = (struct sums){0};
}

/* Cases of a file stand together, in the plan's order. */
static int enter(void *scratch, struct writing *w, const char *file)
{
	if (w->file && !strcmp(w->file, file))
		return 0;
	end_suite(w);
	w->file = talloc_strdup(scratch, file);
	return w->file ? 0 : ENOMEM;
}

static int put_result(void *scratch, struct writing *w, const json_t *line)
{
	int err = line ? enter(scratch, w, cw_json_str(line, "file", "")) : EIO;

	if (err)
		return err;
	put_case(&w->body, line);
	add(&w->suite, line);
	add(&w->all, line);
	return 0;
}

static int put_missing(void *scratch, struct writing *w, const struct cw_plan_item *it)
{
	int err = enter(scratch, w, it->test->file);

	if (err)
		return err;
	put_skipped(&w->body, it);
	w->suite.n++;
	w->suite.skipped++;
	w->all.n++;
	w->all.skipped++;
	return 0;
}

/* Results are a part of the plan, in its order (cw_results_arrange()): what stands between them was not called. */
static int put_all(void *scratch, struct writing *w, const struct cw_report *r)
{
	size_t next = 0;
	int err = 0;

	for (size_t i = 0; !err && i < cw_results_count(r->results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(r->results, i);

		for (; !err && line && r->plan && next < r->plan->n &&
			strcmp(r->plan->items[next].key, cw_json_str(line, "key", "")) != 0;
			next++)
			err = put_missing(scratch, w, &r->plan->items[next]);
		next++;
		if (!err)
			err = put_result(scratch, w, line);
	}
	for (; !err && r->plan && next < r->plan->n; next++)
		err = put_missing(scratch, w, &r->plan->items[next]);
	end_suite(w);
	if (err)
		return err;
	return cw_buf_err(&w->suites) ? cw_buf_err(&w->suites) : cw_buf_err(&w->body);
}

int cw_report_junit(const char *path, const struct cw_report *r, struct cw_why *why)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	struct writing w = {.suites = CW_BUF(FILE_MAX), .body = CW_BUF(FILE_MAX), .run = r->run};
	int err = scratch ? put_all(scratch, &w, r) : ENOMEM;

	if (!err) {
		cw_buf_puts(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"callwright\"");
		put_sums(&b, &w.all);
		put_time(&b, r->run);
		cw_buf_puts(&b, ">\n");
		cw_buf_put(&b, w.suites.p, w.suites.len);
		cw_buf_puts(&b, "</testsuites>\n");
		err = cw_buf_err(&b);
	}
	cw_buf_clear(&w.suites);
	cw_buf_clear(&w.body);
	return err ? err : cw_file_replace(path, cw_buf_str(&b), why);
}
