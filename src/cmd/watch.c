#include "cmd/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define SETTLE_MS 200
#define CHANGES   (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE)

/* A file is watched through its folder: editors replace it by another of the same name. */
static int add(int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	CW_SCOPED char *folder = slash ? talloc_strndup(NULL, path, (size_t)(slash - path)) : talloc_strdup(NULL, ".");
	struct stat st;

	if (!folder)
		return ENOMEM;
	if (stat(path, &st))
		return 0;
	return inotify_add_watch(fd, S_ISDIR(st.st_mode) ? path : folder, CHANGES | IN_ONLYDIR) < 0 ? errno : 0;
}

/* Temporary files of editors change nothing. */
static bool counts(const struct inotify_event *e)
{
	size_t n = e->len ? strlen(e->name) : 0;

	return n && e->name[0] != '.' && e->name[n - 1] != '~' && !strstr(e->name, ".sw");
}

static bool read_changes(int fd)
{
	_Alignas(struct inotify_event) char bytes[8192];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	bool changed = false;

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(bytes + at);

		changed = changed || counts(e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return changed;
}

static int wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool changed = false;

	for (;;) {
		int n = poll(&p, 1, changed ? SETTLE_MS : -1);

		if (n < 0)
			return errno;
		if (!n)
			return 0;
		changed = read_changes(fd) || changed;
	}
}

int cw_watch_wait(const char *const *paths, size_t n, struct cw_why *why)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int err = fd < 0 ? errno : 0;

	for (size_t i = 0; !err && i < n; i++)
		err = add(fd, paths[i]);
	if (!err)
		err = wait_for(fd);
	if (fd >= 0)
		(void)close(fd); /* it was only read */
	if (err && err != EINTR)
		return cw_why_set(why, err, "files cannot be watched: %s", strerror(err));
	return err;
}
