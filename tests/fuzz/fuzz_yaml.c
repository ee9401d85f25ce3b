/* YAML from outside: no crash, a reason for each refusal, and a place inside the text for every value. */
#include "base/mem.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const struct cw_yaml *y, const json_t *v, unsigned lines)
{
	json_t *o = (json_t *)(uintptr_t)v; /* only read */
	unsigned line = 0, column = 0;

	for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
		const char *key = json_object_iter_key(it);

		CW_ASSERT(cw_yaml_where_key(y, v, key, &line, &column));
		CW_ASSERT(line >= 1 && line <= lines && column >= 1);
		CW_ASSERT(cw_yaml_where_member(y, v, key, &line, &column));
		CW_ASSERT(line >= 1 && line <= lines && column >= 1);
		visit(y, json_object_iter_value(it), lines);
	}
	for (size_t i = 0; i < json_array_size(v); i++) {
		CW_ASSERT(cw_yaml_where_index(y, v, i, &line, &column));
		CW_ASSERT(line >= 1 && line <= lines && column >= 1);
		visit(y, json_array_get(v, i), lines);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED struct cw_yaml *y = NULL;
	struct cw_why why = {0};
	unsigned lines = 2; /* an empty last line, and the parser's end mark behind it */
	int err;

	if (size > 64 * 1024)
		return 0; /* the interesting faults are small; large ones only cost time */
	err = cw_yaml_parse(NULL, "fuzz.yaml", (const char *)data, size, &y, &why);
	if (err) {
		CW_ASSERT(!y && why.err == err && why.text[0] && why.file[0]);
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r';
	for (size_t i = 0; i + 2 < size; i++) /* line and paragraph separators, next line */
		lines += data[i] == 0xe2 || data[i] == 0xc2;
	visit(y, cw_yaml_root(y), lines);
	return 0;
}
