/* A scenario of several files: the input is cut at lines "--- NAME" into files which exist in memory only. No file system is touched. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trial/scenario/scenario.h"

#define FILES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
	struct cw_str names[FILES_MAX], texts[FILES_MAX];
	size_t n;
};

static int read_file(const char *path, size_t max, struct cw_buf *b, void *arg)
{
	const struct files *f = arg;

	for (size_t i = 0; i < f->n; i++) {
		if (!cw_str_eq(f->names[i], path))
			continue;
		if (f->texts[i].len > max)
			return EFBIG;
		cw_buf_put(b, f->texts[i].p, f->texts[i].len);
		return cw_buf_err(b);
	}
	return ENOENT;
}

/* The main file comes first and has no name. */
static void cut(struct cw_str all, struct files *f)
{
	struct cw_str line;

	f->names[0] = CW_STR_LIT("main.yaml");
	f->texts[0] = (struct cw_str){all.p, 0};
	f->n = 1;
	while (cw_str_split(&all, '\n', &line)) {
		size_t i = f->n - 1;

		if (cw_str_starts(line, "--- ") && f->n < FILES_MAX) {
			f->names[f->n] = (struct cw_str){line.p + 4, line.len - 4};
			f->texts[f->n++] = (struct cw_str){all.len ? all.p : line.p + line.len, 0};
		} else {
			f->texts[i].len = (size_t)(line.p + line.len - f->texts[i].p);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cw_opt_pair vars[] = {{"name", "Maria"}};
	struct files f;
	const struct cw_scenario_conf conf = {.vars = vars, .n_vars = 1, .read = read_file, .read_arg = &f};
	CW_SCOPED struct cw_scenario *s = NULL;
	struct cw_why why = {0};

	if (!size)
		return 0;
	cut((struct cw_str){(const char *)data, size}, &f);

	int err = cw_scenario_parse(NULL, "main.yaml", f.texts[0].p, f.texts[0].len, &conf, &s, &why);

	if (err ? s != NULL || !why.text[0] : s == NULL || !s->n_tests)
		abort();
	return 0;
}
