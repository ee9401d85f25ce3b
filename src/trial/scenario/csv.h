/*
 * csv.h: tables of cases (RFC 4180), each cell with its place
 *
 * The first row names the columns. Cells may be quoted, quotes in them doubled, line ends in them kept; rows end with LF or CRLF; a BOM is
 * skipped, and so are rows without any character. Rows with another number of cells than the header, quotes in the middle of plain cells and
 * text behind a closing quote are errors: a table which was cut or joined wrongly shall not become other cases.
 * Limits: 10,000 rows, 200 columns, 64 KiB a cell.  Thread: immutable once made.
 */
#pragma once
#include <stddef.h>

#include "base/str.h"
#include "base/why.h"

#define CW_CSV_ROWS_MAX    10000
#define CW_CSV_COLUMNS_MAX 200
#define CW_CSV_CELL_MAX    (64 * 1024)

struct cw_csv_cell {
	const char *text; /* UTF-8, NUL-terminated */
	unsigned line, column;
};

struct cw_csv {
	const struct cw_csv_cell *header; /* n_columns of them */
	size_t n_columns;
	const struct cw_csv_cell *cells; /* n_rows × n_columns */
	size_t n_rows;
};

/* EINVAL with file:line:column, ENOMEM. @name stands for the file in messages. */
int cw_csv_parse(void *parent, const char *name, const char *text, size_t len, struct cw_csv **ret, struct cw_why *why);
