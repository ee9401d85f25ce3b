#include "scratch.h"

#include <errno.h>
#include <ftw.h>

#include "base/mem.h"

#define OPEN_FOLDERS 16

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	if (remove(path))
		fprintf(stderr, "%s is left behind: %s\n", path, strerror(errno));
	return 0;
}

static int scratch_free(char *path)
{
	(void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS); /* what fails was told above */
	return 0;
}

char *bench_scratch_new(void *parent)
{
	char *path = talloc_strdup(parent, "/tmp/bench-XXXXXX");

	if (!path || !mkdtemp(path)) {
		talloc_free(path);
		return NULL;
	}
	talloc_set_destructor(path, scratch_free);
	return path;
}
