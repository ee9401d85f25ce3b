#include "trial/scenario/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

struct reader {
	const char *name, *p, *end;
	unsigned line, column;
	struct cw_why *why;
	struct cw_csv *csv;
	struct cw_csv_cell *cells; /* the header's too */
	size_t n, cap;
	struct cw_buf cell;
};

#define COMPLAIN(r, line, column, ...) cw_why_at((r)->why, EINVAL, (r)->name, (line), (column), __VA_ARGS__)

static void advance(struct reader *r)
{
	char c = *r->p++;

	if (c == '\n') {
		r->line++;
		r->column = 1;
	} else if (((unsigned char)c & 0xc0) != 0x80) { /* characters, not bytes */
		r->column++;
	}
}

static bool at_line_end(const struct reader *r)
{
	return r->p == r->end || *r->p == '\n' || (*r->p == '\r' && r->p + 1 < r->end && r->p[1] == '\n');
}

static void skip_line_end(struct reader *r)
{
	if (r->p < r->end && *r->p == '\r')
		advance(r);
	if (r->p < r->end)
		advance(r);
}

static int read_quoted(struct reader *r)
{
	unsigned line = r->line, column = r->column;

	advance(r);
	for (;;) {
		if (r->p == r->end)
			return COMPLAIN(r, line, column, "a quoted cell begins here and does not end");
		if (*r->p == '"') {
			advance(r);
			if (r->p == r->end || *r->p != '"')
				break;
		}
		cw_buf_putc(&r->cell, *r->p);
		advance(r);
	}
	if (!at_line_end(r) && *r->p != ',')
		return COMPLAIN(r, r->line, r->column,
			"text behind the closing quote of a cell: double the quotes inside a quoted cell (\"\")");
	return 0;
}

static int read_plain(struct reader *r)
{
	while (!at_line_end(r) && *r->p != ',') {
		if (*r->p == '"')
			return COMPLAIN(r, r->line, r->column,
				"a quote inside a plain cell: put the whole cell in quotes and double this one (\"\")");
		cw_buf_putc(&r->cell, *r->p);
		advance(r);
	}
	return 0;
}

/* Whole UTF-8, as JSON strings want it: no overlong forms, surrogates, or values beyond U+10FFFF. */
static bool is_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		unsigned more = *p < 0x80                 ? 0
				: *p >= 0xc2 && *p < 0xe0 ? 1
				: *p >= 0xe0 && *p < 0xf0 ? 2
				: *p >= 0xf0 && *p < 0xf5 ? 3
							  : 9;
		unsigned long c = more == 0 ? *p : *p & (0x3fu >> more);

		if (more > 3 || more >= (size_t)(end - p))
			return false;
		for (unsigned i = 1; i <= more; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (p[i] & 0x3f);
		}
		if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
			(more == 3 && (c < 0x10000 || c > 0x10ffff)))
			return false;
		p += more + 1;
	}
	return true;
}

static int keep(struct reader *r, unsigned line, unsigned column)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 64;
		struct cw_csv_cell *grown = talloc_realloc(r->csv, r->cells, struct cw_csv_cell, cap);

		if (!grown)
			return ENOMEM;
		r->cells = grown;
		r->cap = cap;
	}

	const char *text = talloc_strndup(r->csv, r->cell.p ? r->cell.p : "", r->cell.len);

	if (!text)
		return ENOMEM;
	r->cells[r->n++] = (struct cw_csv_cell){text, line, column};
	return 0;
}

static int read_cell(struct reader *r)
{
	unsigned line = r->line, column = r->column;
	int err;

	cw_buf_reset(&r->cell);
	err = r->p < r->end && *r->p == '"' ? read_quoted(r) : read_plain(r);
	if (err)
		return err;
	if (cw_buf_err(&r->cell) == EMSGSIZE)
		return COMPLAIN(r, line, column, "this cell is longer than %d bytes", CW_CSV_CELL_MAX);
	if (cw_buf_err(&r->cell))
		return ENOMEM;
	if (r->cell.len && memchr(r->cell.p, 0, r->cell.len))
		return COMPLAIN(r, line, column, "a NUL character is not allowed in a cell");
	if (r->cell.len && !is_utf8(r->cell.p, r->cell.len))
		return COMPLAIN(r, line, column, "this cell is not valid UTF-8: save the table as UTF-8");
	return keep(r, line, column);
}

static int read_row(struct reader *r, size_t *cells)
{
	int err = 0;

	for (*cells = 0; !err; ++*cells) {
		if (*cells == CW_CSV_COLUMNS_MAX)
			return COMPLAIN(r, r->line, r->column, "more than %d columns", CW_CSV_COLUMNS_MAX);
		err = read_cell(r);
		if (err || r->p == r->end || *r->p != ',') {
			++*cells;
			break;
		}
		advance(r);
	}
	skip_line_end(r);
	return err;
}

static int check_header(struct reader *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct cw_csv_cell *c = &r->cells[i];

		if (!c->text[0])
			return COMPLAIN(r, c->line, c->column,
				"column %zu has no name: the first row names the columns", i + 1);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(r->cells[k].text, c->text))
				return COMPLAIN(r, c->line, c->column, "column '%s' stands here twice", c->text);
	}
	return 0;
}

static int read_rows(struct reader *r)
{
	struct cw_csv *csv = r->csv;
	size_t n;
	int err = 0;

	while (!err && r->p < r->end) {
		unsigned line = r->line;

		if (at_line_end(r)) {
			skip_line_end(r);
			continue;
		}
		if (csv->n_columns && csv->n_rows == CW_CSV_ROWS_MAX)
			return COMPLAIN(r, line, 1, "more than %d rows", CW_CSV_ROWS_MAX);
		err = read_row(r, &n);
		if (err)
			return err;
		if (!csv->n_columns) {
			csv->n_columns = n;
			err = check_header(r, n);
		} else if (n != csv->n_columns) {
			return COMPLAIN(r, line, 1, "this row has %zu cells, the header has %zu", n, csv->n_columns);
		} else {
			csv->n_rows++;
		}
	}
	return err;
}

int cw_csv_parse(void *parent, const char *name, const char *text, size_t len, struct cw_csv **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_csv *csv = talloc_zero(NULL, struct cw_csv);
	struct reader r = {.name = name,
		.p = text,
		.end = text + len,
		.line = 1,
		.column = 1,
		.why = why,
		.csv = csv,
		.cell = CW_BUF(CW_CSV_CELL_MAX)};

	if (!csv)
		return ENOMEM;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		r.p += 3;

	int err = read_rows(&r);

	cw_buf_clear(&r.cell);
	if (err)
		return err;
	if (!csv->n_columns)
		return COMPLAIN(&r, 1, 1, "an empty table: the first row names the columns");
	csv->header = r.cells;
	csv->cells = r.cells + csv->n_columns;
	*ret = talloc_move(parent, &csv);
	return 0;
}
