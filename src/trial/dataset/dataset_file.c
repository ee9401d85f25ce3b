/* The folder of a dataset: making it, and reading it with an eye on what was edited by hand. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/yaml.h"
#include "trial/dataset/dataset_int.h"

#define CLIP_MAX (64u << 20)

char *cw_dataset_path(void *parent, const struct cw_dataset *d, const char *name)
{
	return talloc_asprintf(parent, "%s/%s", d->dir, name);
}

static int end(struct cw_dataset *d)
{
	for (int i = 0; i < CW_SOURCES; i++)
		if (d->files[i])
			(void)fclose(d->files[i]); /* what was to be kept is saved */
	json_decref(d->meta);
	return 0;
}

int cw_dataset_empty(void *parent, const char *dir, json_t *meta, struct cw_dataset **ret)
{
	struct cw_dataset *d = talloc_zero(parent, struct cw_dataset);

	if (!d)
		return ENOMEM;
	d->meta = json_incref(meta);
	d->sorted = true;
	talloc_set_destructor(d, end);
	d->dir = talloc_strdup(d, dir);
	if (!d->dir) {
		(void)talloc_free(d);
		return ENOMEM;
	}
	*ret = d;
	return 0;
}

const char *cw_dataset_tool(void)
{
	return "callwright " CW_VERSION;
}

/* ---- licences ---- */

/* An id of letters, digits, '-' and '.', maybe "+" behind it: which ones SPDX lists is not looked up (LicenseRef-… are free). */
bool cw_licence_ok(const char *text)
{
	bool wants_id = true;
	int depth = 0;

	while (*text) {
		size_t n = strcspn(text, " ()");

		if (*text == ' ') {
			text++;
		} else if (*text == '(') {
			depth++;
			text++;
			if (!wants_id)
				return false;
		} else if (*text == ')') {
			if (wants_id || --depth < 0)
				return false;
			text++;
		} else if (!wants_id) {
			if (!(n == 3 && !strncmp(text, "AND", 3)) && !(n == 2 && !strncmp(text, "OR", 2)) &&
				!(n == 4 && !strncmp(text, "WITH", 4)))
				return false;
			wants_id = true;
			text += n;
		} else {
			if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.+:") < n ||
				!isalnum((unsigned char)*text))
				return false;
			wants_id = false;
			text += n;
		}
	}
	return !wants_id && !depth;
}

/* ---- dataset.yaml ---- */

static int to_buf(const char *bytes, size_t n, void *arg)
{
	cw_buf_put(arg, bytes, n);
	return cw_buf_err(arg) ? -1 : 0;
}

static void put_member(struct cw_buf *b, const char *before, const json_t *v)
{
	cw_buf_puts(b, before);
	(void)json_dump_callback(v, to_buf, b, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)); /* @b keeps its error */
	cw_buf_putc(b, '\n');
}

int cw_dataset_manifest(const json_t *meta, struct cw_buf *b)
{
	static const char *const keys[] = {"name", "description", "version", "licence", "splits"};
	const json_t *provenance = json_object_get(meta, "provenance");

	cw_buf_puts(b, "# A dataset of callwright: see `callwright dataset --help`. The cases are in cases.jsonl.\n");
	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const json_t *v = json_object_get(meta, keys[i]);

		if (!v)
			continue;
		cw_buf_puts(b, keys[i]);
		put_member(b, ": ", v);
	}
	if (json_array_size(provenance))
		cw_buf_puts(b, "provenance:\n");
	for (size_t i = 0; i < json_array_size(provenance); i++)
		put_member(b, "  - ", json_array_get(provenance, i));
	return cw_buf_err(b);
}

static int check_splits(const struct cw_yaml *y, const json_t *splits, struct cw_why *why)
{
	static const char *const known[] = {"train", "dev", "test", "seed", "by", NULL};
	double sum = 0;

	if (!splits)
		return 0;
	if (!json_is_object(splits))
		return cw_yaml_why(y, splits, why, EINVAL,
			"'splits' must be a mapping {train: 0.8, dev: 0.1, test: 0.1, seed: 1}");
	for (size_t i = 0; cw_splits[i]; i++)
		sum += cw_json_num(splits, cw_splits[i], 0);
	if (sum < 0.999999 || sum > 1.000001)
		return cw_yaml_why(
			y, splits, why, EINVAL, "train, dev and test of 'splits' must add up to 1, not %g", sum);
	return cw_yaml_known_keys(y, splits, known, why);
}

static int check_manifest(const struct cw_yaml *y, struct cw_why *why)
{
	static const char *const known[] = {"name", "description", "version", "licence", "splits", "provenance", NULL};
	const json_t *root = cw_yaml_root(y), *list = json_object_get(root, "provenance");
	const char *licence = cw_json_str(root, "licence", "");

	if (!json_is_object(root))
		return cw_yaml_why(y, root, why, EINVAL, "dataset.yaml must be a mapping: name, licence …");
	if (cw_yaml_known_keys(y, root, known, why))
		return EINVAL;
	if (!cw_json_str(root, "name", "")[0])
		return cw_yaml_why_member(y, root, "name", why, EINVAL, "'name' must be a text");
	if (!cw_licence_ok(licence))
		return cw_yaml_why_member(y, root, "licence", why, EINVAL,
			"'licence' must be an SPDX expression, as CC-BY-4.0 or LicenseRef-internal");
	if (cw_json_int(root, "version", -1) < 0)
		return cw_yaml_why_member(
			y, root, "version", why, EINVAL, "'version' must be a whole number: 0 before the first commit");
	if (list && !json_is_array(list))
		return cw_yaml_why_member(
			y, root, "provenance", why, EINVAL, "'provenance' must be a list: - {source: …, date: …}");
	return check_splits(y, json_object_get(root, "splits"), why);
}

static int read_manifest(struct cw_dataset *d, struct cw_why *why)
{
	CW_SCOPED char *path = cw_dataset_path(NULL, d, "dataset.yaml");
	CW_SCOPED struct cw_yaml *y = NULL;
	int err;

	if (!path)
		return ENOMEM;
	if (access(path, F_OK))
		return cw_why_set(why, ENOENT,
			"%s is no dataset: it has no dataset.yaml (callwright dataset new %s --name … --licence …)",
			d->dir, d->dir);
	err = cw_yaml_load(NULL, path, &y, why);
	if (!err)
		err = check_manifest(y, why);
	if (!err)
		d->meta = json_deep_copy(cw_yaml_root(y));
	return err ? err : d->meta ? 0 : ENOMEM;
}

/* ---- cases.jsonl ---- */

struct reading {
	struct cw_dataset *d;
	const char *path;
	cw_dataset_problem_fn *problem;
	void *arg;
	struct cw_why *why;
	unsigned line;
	struct cw_digest *sum;
};

/* Tell it and go on, or end here. */
static int trouble(struct reading *r, const char *file, unsigned line, unsigned column, const char *fmt, ...)
	CW_PRINTF(5, 6);
static int trouble(struct reading *r, const char *file, unsigned line, unsigned column, const char *fmt, ...)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	va_list ap;

	va_start(ap, fmt);
	cw_buf_vfmt(&b, fmt, ap);
	va_end(ap);
	if (!r->problem)
		return cw_why_at(r->why, EBADMSG, file, line, column, "%s", b.p ? b.p : "is not as it should be");
	r->problem(&(struct cw_dataset_problem){file, line, b.p ? b.p : "is not as it should be",
			   strstr(fmt, "--accept") != NULL},
		r->arg);
	return 0;
}

/* A line that is fine but not as we would write it: told, and taken as it means. */
static int take_edited(struct reading *r, const json_t *c, const char *what)
{
	enum cw_put put;
	struct cw_why why = {0};
	int err = trouble(r, r->path, r->line, 0,
		"case '%s' %s; when that is right: callwright dataset check %s --accept", cw_json_str(c, "id", ""),
		what, r->d->dir);

	if (err)
		return err;
	err = cw_dataset_put(r->d, c, true, &put, &why);
	return err ? cw_why_at(r->why, err, r->path, r->line, 0, "%s", why.text) : 0;
}

static int take_line(struct reading *r, struct cw_str text, uint64_t offset)
{
	CW_JSON_SCOPED json_t *c = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX + 200);
	char sha[CW_DIGEST_HEX + 1];
	struct cw_why why = {0};
	size_t known;
	int err = cw_json_parse(text.p, text.len, &c, &why);

	if (err)
		return err == ENOMEM ? err : trouble(r, r->path, r->line, why.column, "%s", why.text);
	err = cw_case_check(c, &why);
	if (err)
		return trouble(r, r->path, r->line, 0, "%s", why.text);
	if (cw_dataset_find(r->d, cw_json_str(c, "id", ""), &known))
		return trouble(
			r, r->path, r->line, 0, "the id '%s' came before: ids are unique", cw_json_str(c, "id", ""));
	err = cw_case_line(c, &b, sha);
	if (err)
		return err;
	if (strcmp(sha, cw_json_str(c, "sha256", "")) != 0)
		return take_edited(r, c, "was edited by hand: its sha256 is that of other words");
	if (b.len != text.len || memcmp(b.p, text.p, b.len) != 0)
		return take_edited(r, c, "is not written in the canonical form");
	return cw_dataset_index(r->d, cw_json_str(c, "id", ""), sha, CW_FROM_FILE, offset, text.len);
}

static int read_lines(struct reading *r, FILE *f)
{
	uint64_t offset = 0;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	int err = 0;

	while (!err && (n = getline(&text, &cap, f)) >= 0) {
		struct cw_str line = {text, (size_t)n};

		r->line++;
		cw_digest_add(r->sum, line);
		if (line.len && line.p[line.len - 1] == '\n')
			line.len--;
		if (line.len > CW_CASE_LINE_MAX + 200)
			err = trouble(r, r->path, r->line, 0, "is longer than %u KiB", CW_CASE_LINE_MAX >> 10);
		else if (!line.len)
			err = trouble(r, r->path, r->line, 0, "is empty: one case a line");
		else
			err = take_line(r, line, offset);
		offset += (uint64_t)n;
		if (!err && offset > CW_DATASET_FILE_MAX)
			err = cw_why_at(
				r->why, EFBIG, r->path, 0, 0, "is larger than %llu GiB", CW_DATASET_FILE_MAX >> 30);
	}
	cw_libc_free(text);
	return err;
}

json_t *cw_dataset_lock(const struct cw_dataset *d)
{
	CW_SCOPED char *path = cw_dataset_path(NULL, d, "dataset.lock");
	json_t *lock = NULL;

	return path && !cw_json_load(path, 1u << 20, &lock, NULL) ? lock : NULL;
}

static int compare_lock(struct reading *r)
{
	CW_JSON_SCOPED json_t *lock = cw_dataset_lock(r->d);
	CW_SCOPED char *path = cw_dataset_path(NULL, r->d, "dataset.lock"),
		       *yaml = cw_dataset_path(NULL, r->d, "dataset.yaml");
	char cases[CW_DIGEST_HEX + 1], hash[CW_DIGEST_HEX + 1];
	int err = path && yaml ? cw_digest_end(r->sum, cases) : ENOMEM;

	cw_dataset_sort(r->d);
	if (!err)
		err = cw_dataset_hash(r->d, hash);
	if (err)
		return err;
	if (!lock)
		return trouble(r, path, 0, 0,
			"is missing or cannot be read; callwright dataset check %s --accept writes it", r->d->dir);
	if (strcmp(cw_json_str(lock, "cases_sha256", ""), cases) != 0)
		return trouble(r, r->path, 0, 0,
			"was changed since a command wrote it (%lld cases then, %zu now); when that is right: callwright dataset check %s --accept",
			(long long)cw_json_int(lock, "cases", 0), r->d->n, r->d->dir);
	if (strcmp(cw_json_str(lock, "hash", ""), hash) != 0)
		return trouble(r, yaml, 0, 0,
			"name, description or licence were edited by hand; when that is right: callwright dataset check %s --accept",
			r->d->dir);
	return 0;
}

int cw_dataset_open(void *parent, const char *dir, cw_dataset_problem_fn *problem, void *arg, struct cw_dataset **ret,
	struct cw_why *why)
{
	CW_SCOPED struct cw_dataset *d = NULL;
	CW_SCOPED char *path = NULL;
	int err = cw_dataset_empty(NULL, dir, NULL, &d);

	if (err)
		return err;
	err = read_manifest(d, why);
	if (err)
		return err;
	path = cw_dataset_path(NULL, d, "cases.jsonl");
	d->files[CW_FROM_FILE] = path ? fopen(path, "re") : NULL;
	if (!d->files[CW_FROM_FILE])
		return path ? cw_why_at(why, errno, path, 0, 0, "cannot be opened: %s", strerror(errno)) : ENOMEM;

	struct reading r = {.d = d, .path = path, .problem = problem, .arg = arg, .why = why};

	err = cw_digest_new(d, &r.sum);
	if (!err)
		err = read_lines(&r, d->files[CW_FROM_FILE]);
	if (!err)
		err = compare_lock(&r);
	if (err)
		return cw_why_set(why, err, "%s: %s", dir, strerror(err));
	*ret = talloc_move(parent, &d);
	return 0;
}

/* ---- a new one ---- */

static int write_text(const struct cw_dataset *d, const char *name, const char *text, struct cw_why *why)
{
	CW_SCOPED char *path = cw_dataset_path(NULL, d, name);

	return path ? cw_file_replace(path, cw_str(text), why) : ENOMEM;
}

int cw_dataset_new(const char *dir, const char *name, const char *description, const char *licence, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *meta = json_pack("{s:s, s:s, s:i, s:s, s:[]}", "name", name, "description",
		description ? description : "", "version", 0, "licence", licence, "provenance");
	CW_SCOPED struct cw_dataset *d = NULL;
	CW_SCOPED char *path = NULL;
	int err = meta ? cw_dataset_empty(NULL, dir, meta, &d) : ENOMEM;

	if (err)
		return err;
	if (!cw_licence_ok(licence))
		return cw_why_set(why, EINVAL,
			"'%.60s' is no SPDX expression: CC-BY-4.0, Apache-2.0, \"MIT OR CC0-1.0\", LicenseRef-internal …",
			licence);
	if (mkdir(dir, 0777) && errno != EEXIST)
		return cw_why_at(why, errno, dir, 0, 0, "folder cannot be made: %s", strerror(errno));
	path = cw_dataset_path(NULL, d, "dataset.yaml");
	if (path && !access(path, F_OK))
		return cw_why_at(why, EEXIST, dir, 0, 0, "is a dataset already");
	err = path ? write_text(d, ".gitattributes",
			     "*.jsonl text eol=lf\n*.yaml text eol=lf\n*.lock text eol=lf\n*.wav binary\n", why)
		   : ENOMEM;
	return err ? err : cw_dataset_save(d, why);
}

/* ---- clips ---- */

int cw_dataset_clip(void *parent, const struct cw_dataset *d, const char *path, char **ret, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CLIP_MAX);
	CW_SCOPED char *folder = cw_dataset_path(NULL, d, "audio"), *to = NULL;
	char hex[CW_DIGEST_HEX + 1];
	int err = folder ? cw_file_read(path, CLIP_MAX, &b, why) : ENOMEM;

	if (!err && (b.len < 12 || memcmp(b.p, "RIFF", 4) != 0 || memcmp(b.p + 8, "WAVE", 4) != 0))
		return cw_why_at(why, EBADMSG, path, 0, 0, "is no WAV file");
	if (!err)
		err = cw_digest_of(cw_buf_str(&b), hex);
	if (!err && mkdir(folder, 0777) && errno != EEXIST)
		return cw_why_at(why, errno, folder, 0, 0, "folder cannot be made: %s", strerror(errno));
	to = err ? NULL : talloc_asprintf(NULL, "%s/%s.wav", folder, hex);
	if (err || !to)
		return err ? err : ENOMEM;
	err = cw_file_replace(to, cw_buf_str(&b), why);
	*ret = err ? NULL : talloc_asprintf(parent, "audio/%s.wav", hex);
	return err ? err : *ret ? 0 : ENOMEM;
}
