/*
 * The barge-in matrix from result lines.
 */
#include "testing.h"

#include <string.h>

#include "base/mem.h"
#include "trial/report/matrix.h"

static void add(struct cw_matrix *m, const char *line)
{
	CW_JSON_SCOPED json_t *o = json_loads(line, 0, NULL);

	assert_non_null(o);
	assert_int_equal(cw_matrix_add(m, o), 0);
}

static const json_t *cell(const json_t *matrix, const char *kind, const char *place)
{
	const json_t *list = json_object_get(matrix, "cells");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(cw_json_str(json_array_get(list, i), "kind", ""), kind) &&
			!strcmp(cw_json_str(json_array_get(list, i), "place", ""), place))
			return json_array_get(list, i);
	return NULL;
}

static void counts_and_medians(void **state)
{
	struct cw_matrix *m;
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(16384);

	(void)state;
	assert_int_equal(cw_matrix_new(NULL, &m), 0);
	assert_true(cw_matrix_empty(m));
	cw_matrix_markdown(m, &text);
	assert_int_equal(text.len, 0);
	add(m, "{\"verdict\": \"PASS\", \"key\": \"no tag\"}");
	assert_true(cw_matrix_empty(m));
	for (int i = 0; i < 3; i++) {
		char line[256];

		(void)snprintf(line, sizeof(line),
			"{\"verdict\": \"%s\", \"barge\": {\"kind\": \"interrupt\", \"place\": \"middle\", \"reacted\": %s, \"right\": %s, "
			"\"stop_ms\": %s, \"recovery_ms\": 900, \"recovered\": true}}",
			i ? "PASS" : "FAIL", i ? "true" : "false", i ? "true" : "false",
			i == 2 ? "600"
			: i    ? "200"
			       : "null");
		add(m, line);
	}
	add(m, "{\"verdict\": \"PASS\", \"barge\": {\"kind\": \"sneeze\", \"place\": \"late\", \"reacted\": false, \"right\": true, \"stop_ms\": null, \"recovery_ms\": null, \"recovered\": false}}");
	add(m, "{\"verdict\": \"INVALID\", \"barge\": {\"kind\": \"tv\", \"place\": \"early\", \"reacted\": true}}");
	add(m, "{\"verdict\": \"PASS\", \"barge\": {\"kind\": \"tv\", \"place\": \"early\", \"missing\": \"why\"}}");
	assert_false(cw_matrix_empty(m));

	CW_JSON_SCOPED json_t *o = cw_matrix_json(m);

	assert_non_null(o);
	assert_int_equal(json_array_size(json_object_get(o, "cells")), 3); /* those without calls are left out */
	assert_null(cell(o, "interrupt", "early"));

	const json_t *c = cell(o, "interrupt", "middle");

	assert_int_equal(cw_json_int(c, "n", 0), 3);
	assert_int_equal(cw_json_int(c, "right", 0), 2);
	assert_int_equal(cw_json_int(c, "passed", 0), 2);
	assert_true(cw_json_num(c, "right_low", 0) > 0.2 && cw_json_num(c, "right_high", 0) < 0.95);
	assert_true(cw_json_num(c, "stop_max_ms", 0) > 599);
	assert_int_equal(cw_json_int(cell(o, "tv", "early"), "unusable", 0), 2);
	assert_int_equal(cw_json_int(cell(o, "tv", "early"), "n", 9), 0);
	cw_matrix_markdown(m, &text);
	assert_int_equal(cw_buf_err(&text), 0);
	assert_non_null(strstr(text.p, "| interrupt | stop | | **2/3**"));
	assert_non_null(strstr(text.p, "| tv | go on | not usable |"));
	assert_non_null(strstr(text.p, "1 never back"));
	(void)talloc_free(m);
}

CW_TEST_MAIN(CW_TEST(counts_and_medians))
