/* Names, and writing. */
#include "trial/dataset/tar.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "trial/dataset/digest.h"

#define HEX "0123456789abcdef"

static const char *const plain[] = {
	"dataset.yaml", "cases.jsonl", "dataset.lock", "README.md", "LICENSE", "LICENCE", ".gitattributes"};
static const char *const folders[] = {"audio", "objects", "versions"};

static bool digits_then(const char *name, const char *set, size_t min, size_t max, const char *end)
{
	size_t n = strspn(name, set);

	return n >= min && n <= max && !strcmp(name + n, end);
}

bool cw_tar_name_ok(const char *name, bool folder)
{
	for (size_t i = 0; folder && i < CW_COUNT(folders); i++)
		if (!strcmp(name, folders[i]))
			return true;
	if (folder)
		return false;
	for (size_t i = 0; i < CW_COUNT(plain); i++)
		if (!strcmp(name, plain[i]))
			return true;
	if (!strncmp(name, "audio/", 6))
		return digits_then(name + 6, HEX, CW_DIGEST_HEX, CW_DIGEST_HEX, ".wav");
	if (!strncmp(name, "objects/", 8))
		return digits_then(name + 8, HEX, 2, 2, ".jsonl");
	return !strncmp(name, "versions/", 9) && digits_then(name + 9, "0123456789", 1, 6, ".json");
}

/* ---- which files ---- */

struct listing {
	char **names;
	size_t n;
};

static int add_name(struct listing *l, const char *folder, const char *name)
{
	CW_SCOPED char *full = talloc_asprintf(NULL, "%s%s%s", folder, *folder ? "/" : "", name);

	if (!full)
		return ENOMEM;
	if (!cw_tar_name_ok(full, false))
		return 0;
	if (l->n == CW_TAR_FILES_MAX)
		return EFBIG;
	if (l->n == talloc_array_length(l->names))
		l->names = talloc_realloc(NULL, l->names, char *, l->n ? l->n * 2 : 64);
	if (!l->names)
		return ENOMEM;
	l->names[l->n++] = talloc_move(l->names, &full);
	return 0;
}

static int list_folder(struct listing *l, const char *dir, const char *folder)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/%s", dir, folder);
	DIR *d = path ? opendir(path) : NULL;
	int err = path ? 0 : ENOMEM;
	struct dirent *e;

	if (!d)
		return err ? err : errno == ENOENT && *folder ? 0 : errno;
	while (!err && (e = readdir(d)))
		err = add_name(l, folder, e->d_name);
	(void)closedir(d); /* only read */
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- writing ---- */

static void put_header(unsigned char block[512], const char *name, uint64_t size)
{
	static const char mode_and_owners[24] = "0000644\0000000000\0000000000";
	static const char magic[8] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};
	unsigned sum = 0;

	memset(block, 0, 512);
	(void)snprintf((char *)block, 100, "%s", name); /* at most 77 bytes: cw_tar_name_ok() */
	memcpy(block + 100, mode_and_owners, sizeof(mode_and_owners));
	(void)snprintf((char *)block + 124, 12, "%011llo", (unsigned long long)size); /* below 8 GiB: eleven digits */
	(void)snprintf((char *)block + 136, 12, "%011o", 0u);                         /* fits */
	memset(block + 148, ' ', 8);
	block[156] = '0';
	memcpy(block + 257, magic, sizeof(magic));
	for (int i = 0; i < 512; i++)
		sum += block[i];
	(void)snprintf((char *)block + 148, 8, "%06o", sum); /* fits: at most 130,560 */
	block[155] = ' ';
}

static int put_file(const char *path, const char *name, FILE *out)
{
	static const char zeros[512];
	unsigned char block[512];
	struct stat st;
	FILE *f = fopen(path, "re");
	uint64_t left;
	int err = f ? 0 : errno;

	if (!err && (fstat(fileno(f), &st) || !S_ISREG(st.st_mode)))
		err = EINVAL;
	left = err ? 0 : (uint64_t)st.st_size;
	if (left > CW_TAR_BYTES_MAX)
		err = EFBIG;
	if (!err) {
		put_header(block, name, left);
		err = fwrite(block, 1, 512, out) == 512 ? 0 : EIO;
	}
	while (!err && left) {
		char chunk[65536];
		size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);

		if (fread(chunk, 1, want, f) != want || fwrite(chunk, 1, want, out) != want)
			err = EIO;
		left -= want;
	}
	if (!err && st.st_size % 512 && fwrite(zeros, 1, 512 - (size_t)(st.st_size % 512), out) == 0)
		err = EIO;
	if (f)
		(void)fclose(f); /* only read */
	return err;
}

int cw_tar_pack(const char *dir, FILE *out, size_t *files, struct cw_why *why)
{
	static const char zeros[1024];
	struct listing l = {0};
	int err = list_folder(&l, dir, "");

	for (size_t i = 0; !err && i < CW_COUNT(folders); i++)
		err = list_folder(&l, dir, folders[i]);
	if (!err && l.n)
		qsort(l.names, l.n, sizeof(*l.names), by_name);
	if (err)
		(void)cw_why_at(why, err, dir, 0, 0, "cannot be packed: %s", strerror(err));
	for (size_t i = 0; !err && i < l.n; i++) {
		CW_SCOPED char *path = talloc_asprintf(NULL, "%s/%s", dir, l.names[i]);

		err = path ? put_file(path, l.names[i], out) : ENOMEM;
		if (err)
			(void)cw_why_at(why, err, path, 0, 0, "cannot be packed: %s", strerror(err));
	}
	if (!err && (fwrite(zeros, 1, 1024, out) != 1024 || fflush(out)))
		err = cw_why_set(why, EIO, "the tar file cannot be written");
	if (!err)
		*files = l.n;
	(void)talloc_free(l.names);
	return err;
}
