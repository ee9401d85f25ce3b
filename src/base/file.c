#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int read_all(int fd, size_t max, struct cw_buf *b)
{
	size_t before = b->len;
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		cw_buf_put(b, chunk, (size_t)n);
		if (cw_buf_err(b) == EMSGSIZE || b->len - before > max)
			return EFBIG;
		if (cw_buf_err(b))
			return cw_buf_err(b);
	}
	cw_buf_put(b, "", 0); /* an empty file is an empty string, not NULL */
	return cw_buf_err(b);
}

int cw_file_read(const char *path, size_t max, struct cw_buf *b, struct cw_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int err = errno;

		return cw_why_at(why, err, path, 0, 0, "cannot open: %s", strerror(err));
	}

	int err = read_all(fd, max, b);

	close(fd);
	if (err == EFBIG)
		return cw_why_at(why, err, path, 0, 0, "larger than the %zu bytes allowed", max);
	if (err)
		return cw_why_at(why, err, path, 0, 0, "cannot read: %s", strerror(err));
	return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		p += done;
		n -= (size_t)done;
	}
	return fsync(fd) && errno != EINVAL && errno != ENOTSUP ? errno : 0;
}

int cw_file_replace(const char *path, struct cw_str bytes, struct cw_why *why)
{
	CW_SCOPED char *tmp = talloc_asprintf(NULL, "%s.tmp-%d", path, (int)gettid());

	if (!tmp)
		return cw_why_set(why, ENOMEM, "out of memory");

	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0) {
		int err = errno;

		return cw_why_at(why, err, path, 0, 0, "cannot write beside it: %s", strerror(err));
	}

	int err = write_all(fd, bytes.p, bytes.len);

	if (close(fd) && !err)
		err = errno;
	if (!err && rename(tmp, path))
		err = errno;
	if (!err)
		return 0;
	(void)unlink(tmp); /* best effort: the first error is the one to tell */
	return cw_why_at(why, err, path, 0, 0, "cannot write: %s", strerror(err));
}
