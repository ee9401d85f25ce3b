#include "trial/dataset/version.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trial/dataset/dataset_int.h"

#define VERSION_MAX (256u << 20)

unsigned cw_version_last(const char *dir)
{
	unsigned n = 0;

	for (; n < CW_VERSIONS_MAX; n++) {
		CW_SCOPED char *path = talloc_asprintf(NULL, "%s/versions/%u.json", dir, n + 1);

		if (!path || access(path, F_OK))
			break;
	}
	return n;
}

/* ---- objects: lines by the first two digits of their hash ---- */

struct object {
	const char *sha; /* in a case of @d, or in a line of the shard */
	struct cw_str line;
	const struct cw_dataset *d; /* NULL: it is in the shard */
	size_t index;
};

static int by_sha(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return strncmp(x->sha, y->sha, CW_DIGEST_HEX);
}

/* The hash stands at the end of a line: …"sha256":"HEX"}. */
static const char *sha_of(struct cw_str line)
{
	static const char before[] = "\"sha256\":\"";
	size_t n = sizeof(before) - 1 + CW_DIGEST_HEX + 2;

	if (line.len <= n || memcmp(line.p + line.len - n, before, sizeof(before) - 1) != 0)
		return NULL;
	return line.p + line.len - CW_DIGEST_HEX - 2;
}

static char *shard_path(const char *dir, const char *sha)
{
	return talloc_asprintf(NULL, "%s/objects/%.2s.jsonl", dir, sha);
}

static int read_shard(const char *path, struct cw_buf *b)
{
	FILE *f = fopen(path, "re");
	char block[65536];
	size_t n;

	if (!f)
		return errno == ENOENT ? 0 : errno;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		cw_buf_put(b, block, n);
	(void)fclose(f); /* only read */
	return cw_buf_err(b);
}

static int list_shard(struct cw_buf *b, void *parent, struct object **list, size_t *n)
{
	struct cw_str rest = cw_buf_str(b), line;

	while (rest.len && cw_str_split(&rest, '\n', &line)) {
		const char *sha = sha_of(line);

		if (!sha)
			continue;
		if (*n == talloc_array_length(*list))
			*list = talloc_realloc(parent, *list, struct object, *n ? *n * 2 : 64);
		if (!*list)
			return ENOMEM;
		(*list)[(*n)++] = (struct object){.sha = sha, .line = line};
	}
	return 0;
}

static int write_shard(const char *path, struct object *list, size_t n)
{
	CW_BUF_SCOPED struct cw_buf line = CW_BUF(CW_CASE_LINE_MAX + 200);
	CW_SCOPED char *part = talloc_asprintf(NULL, "%s.new", path);
	FILE *f = part ? fopen(part, "we") : NULL;
	int err = part ? (f ? 0 : errno) : ENOMEM;

	for (size_t i = 0; !err && i < n; i++) {
		struct cw_str s = list[i].line;

		if (i && !by_sha(&list[i - 1], &list[i]))
			continue;
		if (list[i].d)
			err = cw_dataset_line(list[i].d, list[i].index, &line);
		if (list[i].d && !err)
			s = cw_buf_str(&line);
		if (!err && (fwrite(s.p, 1, s.len, f) != s.len || fputc('\n', f) == EOF))
			err = errno ? errno : EIO;
	}
	if (f && fclose(f) && !err)
		err = errno;
	return err ? err : rename(part, path) ? errno : 0;
}

/* Cases @added (all of one shard) among the lines that are there. */
static int merge_shard(const char *dir, const struct object *added, size_t n_added)
{
	CW_SCOPED void *own = talloc_new(NULL);
	CW_SCOPED char *path = shard_path(dir, added[0].sha);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_DATASET_FILE_MAX);
	struct object *list = NULL;
	size_t n = 0, before;
	int err = own && path ? read_shard(path, &b) : ENOMEM;

	if (!err)
		err = list_shard(&b, own, &list, &n);
	if (err)
		return err;
	before = n;
	list = talloc_realloc(own, list, struct object, n + n_added);
	if (!list)
		return ENOMEM;
	for (size_t i = 0; i < n_added; i++)
		if (!before || !bsearch(&added[i], list, before, sizeof(*list), by_sha))
			list[n++] = added[i];
	if (n == before)
		return 0;
	qsort(list, n, sizeof(*list), by_sha);
	return write_shard(path, list, n);
}

static int write_objects(const struct cw_dataset *d)
{
	CW_SCOPED struct object *list = talloc_array(NULL, struct object, d->n + 1);
	int err = 0;

	if (!list)
		return ENOMEM;
	for (size_t i = 0; i < d->n; i++)
		list[i] = (struct object){.sha = d->cases[i].sha, .d = d, .index = i};
	qsort(list, d->n, sizeof(*list), by_sha);
	for (size_t i = 0, end; !err && i < d->n; i = end) {
		for (end = i + 1; end < d->n && !memcmp(list[i].sha, list[end].sha, 2); end++)
			;
		err = merge_shard(d->dir, &list[i], end - i);
	}
	return err;
}

/* ---- commit ---- */

static int make_folders(const struct cw_dataset *d, struct cw_why *why)
{
	static const char *const names[] = {"versions", "objects"};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		CW_SCOPED char *path = cw_dataset_path(NULL, d, names[i]);

		if (!path)
			return ENOMEM;
		if (mkdir(path, 0777) && errno != EEXIST)
			return cw_why_at(why, errno, path, 0, 0, "folder cannot be made: %s", strerror(errno));
	}
	return 0;
}

static json_t *describe(const struct cw_dataset *d, const struct cw_commit_conf *conf, unsigned version,
	const char *hash, const char *parent)
{
	static const char *const kept[] = {"name", "description", "licence", "splits"};
	CW_JSON_SCOPED json_t *j = json_pack("{s:i, s:s, s:s*, s:s, s:s, s:s}", "version", (int)version, "hash", hash,
		"parent", parent, "message", conf->message, "date", conf->date, "tool", conf->tool);
	CW_JSON_SCOPED json_t *cases = json_object();

	for (size_t i = 0; j && i < CW_COUNT(kept); i++)
		if (json_object_get(d->meta, kept[i]) && json_object_set(j, kept[i], json_object_get(d->meta, kept[i])))
			return NULL;
	for (size_t i = 0; cases && i < d->n; i++)
		if (json_object_set_new(cases, d->cases[i].id, json_string(d->cases[i].sha)))
			return NULL;
	return j && cases && !json_object_set(j, "cases", cases) ? json_incref(j) : NULL;
}

int cw_dataset_commit(struct cw_dataset *d, const struct cw_commit_conf *conf, unsigned *version, struct cw_why *why)
{
	unsigned last = cw_version_last(d->dir);
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/versions/%u.json", d->dir, last + 1);
	CW_JSON_SCOPED json_t *before = NULL, *now = NULL;
	char hash[CW_DIGEST_HEX + 1];
	int err;

	cw_dataset_sort(d);
	err = path ? cw_dataset_hash(d, hash) : ENOMEM;
	if (!err && last)
		err = cw_version_load(d->dir, last, &before, why);
	if (err)
		return err;
	if (before && !strcmp(cw_json_str(before, "hash", ""), hash))
		return cw_why_set(why, EALREADY, "nothing changed since version %u", last);
	err = make_folders(d, why);
	if (!err)
		err = write_objects(d);
	if (err)
		return cw_why_set(why, err, "%s/objects: %s", d->dir, strerror(err));
	now = describe(d, conf, last + 1, hash, cw_json_str(before, "hash", NULL));
	err = now ? cw_json_save(path, now, true, why) : ENOMEM;
	if (!err && json_object_set_new(d->meta, "version", json_integer((json_int_t)last + 1)))
		err = ENOMEM;
	if (!err)
		err = cw_dataset_save(d, why);
	if (!err)
		*version = last + 1;
	return err;
}

/* ---- old ones ---- */

/* Its own hash says whether somebody edited it. */
static int check_hash(const json_t *v, const char *path, struct cw_why *why)
{
	CW_SCOPED struct cw_dataset *d = NULL;
	char hash[CW_DIGEST_HEX + 1];
	json_t *cases = json_object_get(v, "cases"), *sha;
	const char *id;
	int err = cw_dataset_empty(NULL, "", (json_t *)(uintptr_t)v, &d);

	json_object_foreach (cases, id, sha) {
		if (err)
			break;
		if (json_string_length(sha) != CW_DIGEST_HEX || !cw_case_id_ok(id))
			return cw_why_at(why, EBADMSG, path, 0, 0, "is no version: 'cases' maps ids to hashes");
		err = cw_dataset_index(d, id, json_string_value(sha), CW_FROM_FILE, 0, 0);
	}
	if (err)
		return err;
	cw_dataset_sort(d);
	err = cw_dataset_hash(d, hash);
	if (!err && strcmp(hash, cw_json_str(v, "hash", "")) != 0)
		return cw_why_at(why, EBADMSG, path, 0, 0,
			"was edited: its hash is not that of its cases, name, description and licence");
	return err;
}

int cw_version_load(const char *dir, unsigned version, json_t **ret, struct cw_why *why)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/versions/%u.json", dir, version);
	CW_JSON_SCOPED json_t *j = NULL;
	int err;

	if (!path)
		return ENOMEM;
	if (access(path, F_OK)) {
		unsigned last = cw_version_last(dir);

		return last ? cw_why_set(why, ENOENT, "%s has no version %u: there are 1 to %u", dir, version, last)
			    : cw_why_set(why, ENOENT, "%s has no version yet (callwright dataset commit %s -m …)", dir,
				      dir);
	}
	err = cw_json_load(path, VERSION_MAX, &j, why);
	if (!err)
		err = check_hash(j, path, why);
	if (!err)
		*ret = json_incref(j);
	return err;
}

/* Lines of a shard which the version wants. */
static int take_shard(struct cw_dataset *d, json_t *wanted, unsigned shard, struct cw_why *why)
{
	CW_SCOPED void *own = talloc_new(NULL);
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/objects/%02x.jsonl", d->dir, shard);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_DATASET_FILE_MAX);
	struct object *list = NULL;
	size_t n = 0;
	int err = own && path ? read_shard(path, &b) : ENOMEM;

	if (!err)
		err = list_shard(&b, own, &list, &n);
	for (size_t i = 0; !err && i < n; i++) {
		char sha[CW_DIGEST_HEX + 1], real[CW_DIGEST_HEX + 1];
		CW_BUF_SCOPED struct cw_buf line = CW_BUF(CW_CASE_LINE_MAX + 200);
		CW_JSON_SCOPED json_t *c = NULL;
		uint64_t offset;

		(void)snprintf(sha, sizeof(sha), "%.*s", CW_DIGEST_HEX, list[i].sha); /* fits */
		if (!json_object_get(wanted, sha))
			continue;
		err = cw_json_parse(list[i].line.p, list[i].line.len, &c, NULL);
		if (!err)
			err = cw_case_line(c, &line, real);
		if (err == ENOMEM)
			return err;
		if (err || strcmp(sha, real) != 0 || cw_case_check(c, NULL))
			return cw_why_at(why, EBADMSG, path, 0, 0, "object %.16s… was edited", sha);
		err = cw_dataset_append(d, cw_buf_str(&line), &offset);
		if (!err)
			err = cw_dataset_index(d, cw_json_str(c, "id", ""), sha, CW_FROM_ADDED, offset, line.len);
	}
	return err;
}

int cw_version_open(void *parent, const char *dir, unsigned version, struct cw_dataset **ret, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *v = NULL, *wanted = json_object();
	CW_SCOPED struct cw_dataset *d = NULL;
	json_t *sha;
	const char *id;
	size_t n;
	int err = wanted ? cw_version_load(dir, version, &v, why) : ENOMEM;

	if (!err)
		err = cw_dataset_empty(NULL, dir, v, &d);
	if (err)
		return err;
	n = json_object_size(json_object_get(v, "cases"));
	json_object_foreach (json_object_get(v, "cases"), id, sha) {
		if (json_object_set_new(wanted, json_string_value(sha), json_true()))
			return ENOMEM;
	}
	(void)json_object_del(v, "cases"); /* the index holds them from now on; its absence would be fine */
	for (unsigned shard = 0; !err && shard < 256; shard++)
		err = take_shard(d, wanted, shard, why);
	if (err)
		return cw_why_set(why, err, "%s/objects: %s", dir, strerror(err));
	if (d->n != n)
		return cw_why_set(why, EBADMSG,
			"%s/objects lacks %zu cases of version %u: get it from where the dataset came from", dir,
			n - d->n, version);
	cw_dataset_sort(d);
	*ret = talloc_move(parent, &d);
	return 0;
}
