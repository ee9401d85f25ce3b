/* Tables of cases: whatever the bytes, cases or an error with a place, never a crash or a leak. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "trial/scenario/csv_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ignore(const char *file, unsigned line, unsigned column, const char *text, void *arg)
{
	(void)arg;
	if (!file || !line || !column || !text[0])
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED struct cw_csv *csv = NULL;
	CW_SCOPED struct cw_yaml *tree = NULL;
	struct cw_why why = {0};
	int err = cw_csv_parse(NULL, "fuzz.csv", (const char *)data, size, &csv, &why);

	if (err ? csv != NULL || !why.line : csv == NULL || !csv->n_columns)
		abort();
	if (err)
		return 0;
	err = cw_case_rows(NULL, "fuzz.csv", csv, ignore, NULL, &tree, &why);
	if (err ? tree != NULL || !why.text[0] : json_array_size(cw_yaml_root(tree)) != csv->n_rows)
		abort();
	return 0;
}
