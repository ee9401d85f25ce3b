/* Reading, with nothing taken on trust. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "trial/dataset/tar.h"

static int parse_octal(const unsigned char *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	if (i == n || p[i] < '0' || p[i] > '7')
		return EBADMSG;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	for (; i < n; i++)
		if (p[i] != ' ' && p[i])
			return EBADMSG;
	*ret = v;
	return 0;
}

static int check_sum(const unsigned char block[512], struct cw_why *why)
{
	uint64_t said, sum = 0;

	for (int i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	if (parse_octal(block + 148, 8, &said) || said != sum)
		return cw_why_set(why, EBADMSG, "no tar header here, or a damaged one (its checksum is wrong)");
	return 0;
}

/* "./" in front and "/" behind are taken off, as tar programs write them. */
static int take_name(const unsigned char block[512], struct cw_tar_entry *e, struct cw_why *why)
{
	char name[300], *p = name;
	size_t n;

	(void)snprintf(name, sizeof(name), "%.155s%s%.100s", (const char *)block + 345, block[345] ? "/" : "",
		(const char *)block); /* 256 at most */
	while (!strncmp(p, "./", 2))
		p += 2;
	n = strlen(p);
	while (n && p[n - 1] == '/')
		p[--n] = 0;
	if (e->folder && (!n || !strcmp(p, "."))) {
		e->name[0] = 0;
		return 0;
	}
	if (n >= sizeof(e->name) || !cw_tar_name_ok(p, e->folder))
		return cw_why_set(why, EBADMSG, "'%.100s' is not a file that a dataset has", p);
	memcpy(e->name, p, n + 1);
	return 0;
}

int cw_tar_parse(const unsigned char block[512], struct cw_tar_entry *ret, struct cw_why *why)
{
	static const unsigned char zeros[512];
	struct cw_tar_entry e = {0};
	int err;

	if (!memcmp(block, zeros, 512))
		return ENODATA;
	err = check_sum(block, why);
	if (err)
		return err;
	if (memcmp(block + 257, "ustar", 5) != 0)
		return cw_why_set(why, EBADMSG, "not in the ustar form: tar --format=ustar writes it");
	if (block[156] != '0' && block[156] && block[156] != '5')
		return cw_why_set(why, EBADMSG,
			"'%.100s' is a link, a device or an extension (type '%c'): only plain files are taken",
			(const char *)block, block[156] > 32 && block[156] < 127 ? block[156] : '?');
	e.folder = block[156] == '5';
	if (parse_octal(block + 124, 12, &e.size) || e.size > CW_TAR_BYTES_MAX || (e.folder && e.size))
		return cw_why_set(why, EBADMSG, "its size is no octal number up to %llu", CW_TAR_BYTES_MAX);
	err = take_name(block, &e, why);
	if (!err)
		*ret = e;
	return err;
}

/* ---- onto the disk ---- */

static int make_folder(const char *dir, const char *name)
{
	const char *slash = strchr(name, '/');
	CW_SCOPED char *path = slash ? talloc_asprintf(NULL, "%s/%.*s", dir, (int)(slash - name), name) : NULL;

	if (!slash)
		return 0;
	return !path ? ENOMEM : mkdir(path, 0777) && errno != EEXIST ? errno : 0;
}

static int copy(FILE *in, FILE *out, uint64_t left)
{
	uint64_t padding = (512 - left % 512) % 512;
	char chunk[65536];

	while (left) {
		size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);

		if (fread(chunk, 1, want, in) != want)
			return EBADMSG;
		if (fwrite(chunk, 1, want, out) != want)
			return errno ? errno : EIO;
		left -= want;
	}
	return fread(chunk, 1, (size_t)padding, in) == padding ? 0 : EBADMSG;
}

static int take_file(FILE *in, const char *dir, const struct cw_tar_entry *e, struct cw_why *why)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/%s", dir, e->name);
	int err = path ? make_folder(dir, e->name) : ENOMEM;
	FILE *out = err ? NULL : fopen(path, "wxe");

	if (!out)
		return cw_why_at(why, err ? err : errno, path, 0, 0, "cannot be made: %s",
			errno == EEXIST ? "the tar file has it twice" : strerror(err ? err : errno));
	err = copy(in, out, e->size);
	if (fclose(out) && !err)
		err = errno;
	return !err ? 0
		    : cw_why_at(why, err, path, 0, 0, "%s",
			      err == EBADMSG ? "the tar file ends inside it" : strerror(err));
}

int cw_tar_unpack(FILE *in, const char *name, const char *dir, size_t *files, struct cw_why *why)
{
	unsigned char block[512];
	uint64_t at = 0, total = 0;
	size_t n = 0;

	if (mkdir(dir, 0777))
		return cw_why_at(
			why, errno, dir, 0, 0, "folder cannot be made: %s (unpack into a new one)", strerror(errno));
	for (;;) {
		struct cw_tar_entry e = {0};
		struct cw_why inner = {0};
		int err = fread(block, 1, 512, in) == 512
				  ? cw_tar_parse(block, &e, &inner)
				  : cw_why_set(&inner, EBADMSG, "ends without the two blocks of zeros");

		if (err == ENODATA)
			break;
		if (err)
			return cw_why_set(why, err, "%s: byte %llu: %s", name, (unsigned long long)at, inner.text);
		total += e.size;
		if (total > CW_TAR_BYTES_MAX || n == CW_TAR_FILES_MAX)
			return cw_why_set(why, EFBIG, "%s: more than %llu GiB or %d files", name,
				CW_TAR_BYTES_MAX >> 30, CW_TAR_FILES_MAX);
		at += 512 + (e.size + 511) / 512 * 512;
		if (e.folder)
			continue;
		err = take_file(in, dir, &e, why);
		if (err)
			return err;
		n++;
	}
	if (!n)
		return cw_why_set(why, EBADMSG, "%s holds no file", name);
	*files = n;
	return 0;
}
