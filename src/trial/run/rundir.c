#include "trial/run/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define RUN_MAX (16u << 20)

struct cw_rundir {
	char *path;
	json_t *run;
	int fd; /* results.jsonl, -1 = not open */
};

static int rundir_end(struct cw_rundir *d)
{
	json_decref(d->run);
	if (d->fd >= 0)
		(void)close(d->fd); /* every line was written with its error looked at */
	return 0;
}

static struct cw_rundir *new_rundir(void)
{
	struct cw_rundir *d = talloc_zero(NULL, struct cw_rundir);

	if (d) {
		d->fd = -1;
		talloc_set_destructor(d, rundir_end);
	}
	return d;
}

static int make(const char *path, struct cw_why *why)
{
	if (!mkdir(path, 0777) || errno == EEXIST)
		return 0;
	return cw_why_set(why, errno, "folder %s cannot be made: %s", path, strerror(errno));
}

/* All folders of @path. */
static int make_path(const char *path, struct cw_why *why)
{
	CW_SCOPED char *p = talloc_strdup(NULL, path);
	int err = 0;

	if (!p)
		return ENOMEM;
	for (char *slash = strchr(p + 1, '/'); !err && slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		err = make(p, why);
		*slash = '/';
	}
	return err ? err : make(path, why);
}

static int open_results(struct cw_rundir *d, int flags, struct cw_why *why)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/results.jsonl", d->path); /* a path that does not fit fails to open */
	d->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666);
	if (d->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return cw_why_set(why, EEXIST, "%s holds a run already: give another --out, or go on with --resume %s",
			d->path, d->path);
	return cw_why_set(why, errno, "%s cannot be written: %s", path, strerror(errno));
}

int cw_rundir_new(
	void *parent, const char *out, int64_t wall_us, const char *id, struct cw_rundir **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_rundir *d = new_rundir();
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm tm;
	char stamp[32];

	if (!d)
		return ENOMEM;
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &tm)); /* fits */
	d->path = out ? talloc_strdup(d, out) : talloc_asprintf(d, "runs/%s-%s", stamp, id);
	if (!d->path)
		return ENOMEM;

	CW_SCOPED char *calls = talloc_asprintf(NULL, "%s/calls", d->path);
	int err = calls ? make_path(calls, why) : ENOMEM;

	if (!err)
		err = open_results(d, O_EXCL, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &d);
	return 0;
}

/* ---- what a killed run left ---- */

static int newest(void *parent, char **ret, struct cw_why *why)
{
	DIR *dir = opendir("runs");
	char best[NAME_MAX + 1] = "";

	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && strcmp(e->d_name, best) > 0)
			(void)snprintf(best, sizeof(best), "%s", e->d_name); /* fits */
	if (dir)
		(void)closedir(dir); /* it was only read */
	if (!best[0])
		return cw_why_set(why, ENOENT, "there is no run under runs/ to go on with: give --resume FOLDER");
	*ret = talloc_asprintf(parent, "runs/%s", best);
	return *ret ? 0 : ENOMEM;
}

/* The folder of the run whose name ends with this id. */
static int by_id(void *parent, const char *id, char **ret, struct cw_why *why)
{
	DIR *dir = opendir("runs");
	size_t len = strlen(id);
	char found[NAME_MAX + 1] = "";

	for (struct dirent *e; dir && (e = readdir(dir));) {
		size_t n = strlen(e->d_name);

		if (n > len && !strcmp(e->d_name + n - len, id))
			(void)snprintf(found, sizeof(found), "%s", e->d_name); /* fits */
	}
	if (dir)
		(void)closedir(dir); /* it was only read */
	if (!found[0])
		return cw_why_set(why, ENOENT, "there is no run '%s': give its folder, or its id under runs/", id);
	*ret = talloc_asprintf(parent, "runs/%s", found);
	return *ret ? 0 : ENOMEM;
}

int cw_rundir_find(void *parent, const char *name, char **ret, struct cw_why *why)
{
	struct stat st;

	if (!strcmp(name, "last"))
		return newest(parent, ret, why);
	if (stat(name, &st) && !strchr(name, '/'))
		return by_id(parent, name, ret, why);
	*ret = talloc_strdup(parent, name);
	return *ret ? 0 : ENOMEM;
}

/* A torn last line is cut off: the next one begins cleanly. */
static int read_results(struct cw_rundir *d, struct cw_results **ret, struct cw_why *why)
{
	char path[4096];
	uint64_t whole;
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/results.jsonl", d->path); /* a path that does not fit fails to open */

	int err = cw_results_open(d, path, ret, &whole, why);

	if (!err && !fstat(d->fd, &st) && (uint64_t)st.st_size > whole && ftruncate(d->fd, (off_t)whole))
		return cw_why_set(why, errno, "the torn last line of %s cannot be cut off: %s", path, strerror(errno));
	return err;
}

int cw_rundir_open(
	void *parent, const char *path, struct cw_rundir **ret, struct cw_results **results, struct cw_why *why)
{
	CW_SCOPED struct cw_rundir *d = new_rundir();
	char file[4096];
	int err = d ? cw_rundir_find(d, path, &d->path, why) : ENOMEM;

	if (err)
		return err;
	(void)snprintf(file, sizeof(file), "%s/run.json", d->path); /* a path that does not fit fails to open */
	err = cw_json_load(file, RUN_MAX, &d->run, why);
	if (!err)
		err = open_results(d, 0, why);
	if (!err)
		err = read_results(d, results, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &d);
	return 0;
}

/* ---- writing ---- */

const char *cw_rundir_path(const struct cw_rundir *d)
{
	return d->path;
}

json_t *cw_rundir_run(const struct cw_rundir *d)
{
	return d->run;
}

int cw_rundir_describe(struct cw_rundir *d, json_t *run, struct cw_why *why)
{
	char file[4096];

	if (!run)
		return ENOMEM;
	json_decref(d->run);
	d->run = run;
	(void)snprintf(file, sizeof(file), "%s/run.json", d->path); /* a path that does not fit fails to open */
	return cw_json_save(file, run, true, why);
}

int cw_rundir_append(const struct cw_rundir *d, struct cw_str lines, struct cw_why *why)
{
	for (size_t done = 0; done < lines.len;) {
		ssize_t n = write(d->fd, lines.p + done, lines.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cw_why_set(
				why, errno, "%s/results.jsonl cannot be written: %s", d->path, strerror(errno));
		done += (size_t)n;
	}
	return 0;
}
