/* A dataset in a folder of its own, and files to fill it. */
#pragma once
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testing.h"

#include "base/file.h"
#include "trial/dataset/dataset.h"
#include "trial/dataset/take.h"

static inline char *new_path(const char *name)
{
	static unsigned n;

	return talloc_asprintf(NULL, "%s/%u-%s", cw_test_tmp(), ++n, name);
}

static inline void write_file(const char *path, const char *text)
{
	assert_int_equal(cw_file_replace(path, cw_str(text), NULL), 0);
}

static inline char *new_dataset(void)
{
	char *dir = new_path("set");

	assert_int_equal(cw_dataset_new(dir, "Set", "for tests", "CC0-1.0", NULL), 0);
	return dir;
}

static inline struct cw_dataset *open_dataset(const char *dir)
{
	struct cw_dataset *d = NULL;
	struct cw_why why = {0};

	if (cw_dataset_open(NULL, dir, NULL, NULL, &d, &why))
		fail_msg("%s:%u: %s", why.file, why.line, why.text);
	return d;
}

static inline struct cw_taken take(struct cw_dataset *d, const char *path)
{
	const struct cw_take_conf conf = {0};
	struct cw_taken t = {0};
	struct cw_why why = {0};

	if (cw_take_file(d, path, &conf, &t, &why))
		fail_msg("%s:%u:%u: %s", why.file, why.line, why.column, why.text);
	return t;
}

static inline struct cw_taken take_text(struct cw_dataset *d, const char *name, const char *text)
{
	CW_SCOPED char *path = new_path(name);

	write_file(path, text);
	return take(d, path);
}
