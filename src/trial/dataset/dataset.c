/* The index: cases by id, lines read when asked for. */
#include "trial/dataset/dataset.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "trial/dataset/dataset_int.h"

static uint64_t hash_of(const char *id)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211u;
	return h;
}

static void enter(struct cw_dataset *d, size_t i)
{
	size_t slot = hash_of(d->cases[i].id) & (d->n_slots - 1);

	while (d->slots[slot])
		slot = (slot + 1) & (d->n_slots - 1);
	d->slots[slot] = (uint32_t)i + 1;
}

static int grow(struct cw_dataset *d)
{
	size_t cap = talloc_array_length(d->cases);
	struct cw_case_ref *more;
	uint32_t *slots;

	if (d->n < cap)
		return 0;
	cap = cap ? cap * 2 : 256;
	more = talloc_realloc(d, d->cases, struct cw_case_ref, cap);
	if (!more)
		return ENOMEM;
	d->cases = more;
	slots = talloc_zero_array(d, uint32_t, cap * 2);
	if (!slots)
		return ENOMEM;
	(void)talloc_free(d->slots);
	d->slots = slots;
	d->n_slots = cap * 2;
	for (size_t i = 0; i < d->n; i++)
		enter(d, i);
	return 0;
}

bool cw_dataset_find(const struct cw_dataset *d, const char *id, size_t *ret)
{
	if (!d->n_slots)
		return false;
	for (size_t slot = hash_of(id) & (d->n_slots - 1); d->slots[slot]; slot = (slot + 1) & (d->n_slots - 1)) {
		if (strcmp(d->cases[d->slots[slot] - 1].id, id) != 0)
			continue;
		*ret = d->slots[slot] - 1;
		return true;
	}
	return false;
}

int cw_dataset_index(
	struct cw_dataset *d, const char *id, const char *sha, unsigned source, uint64_t offset, size_t len)
{
	int err = d->n == CW_DATASET_CASES_MAX ? EFBIG : 0;
	struct cw_case_ref *c;

	/* cap is a power of two, and so is twice of it */
	if (!err && (d->n >= talloc_array_length(d->cases) || !d->cases || !d->n_slots))
		err = grow(d);
	if (err)
		return err;
	CW_ASSERT(d->cases);
	c = &d->cases[d->n];
	*c = (struct cw_case_ref){.source = (uint8_t)source, .offset = offset, .len = (uint32_t)len};
	(void)snprintf(c->sha, sizeof(c->sha), "%s", sha); /* fits */
	c->id = talloc_strdup(d, id);
	if (!c->id)
		return ENOMEM;
	d->sorted = d->sorted && (!d->n || strcmp(d->cases[d->n - 1].id, id) < 0);
	enter(d, d->n++);
	return 0;
}

int cw_dataset_append(struct cw_dataset *d, struct cw_str line, uint64_t *offset)
{
	if (!d->files[CW_FROM_ADDED])
		d->files[CW_FROM_ADDED] = tmpfile();

	FILE *f = d->files[CW_FROM_ADDED];

	if (!f)
		return errno;
	if (d->added_bytes + line.len > CW_DATASET_FILE_MAX)
		return EFBIG;
	if (fwrite(line.p, 1, line.len, f) != line.len || fputc('\n', f) == EOF)
		return errno ? errno : EIO;
	*offset = d->added_bytes;
	d->added_bytes += line.len + 1;
	return 0;
}

/* ---- reading ---- */

const char *cw_dataset_dir(const struct cw_dataset *d)
{
	return d->dir;
}

json_t *cw_dataset_meta(const struct cw_dataset *d)
{
	return d->meta;
}

size_t cw_dataset_count(const struct cw_dataset *d)
{
	return d->n;
}

const char *cw_dataset_id(const struct cw_dataset *d, size_t i)
{
	return d->cases[i].id;
}

const char *cw_dataset_sha(const struct cw_dataset *d, size_t i)
{
	return d->cases[i].sha;
}

int cw_dataset_line(const struct cw_dataset *d, size_t i, struct cw_buf *b)
{
	const struct cw_case_ref *c = &d->cases[i];
	FILE *f = d->files[c->source];
	CW_SCOPED char *bytes = talloc_array(NULL, char, c->len + 1u);
	ssize_t got;

	cw_buf_reset(b);
	if (!bytes)
		return ENOMEM;
	if (!f || fflush(f)) /* what was added may still be in stdio's buffer */
		return EIO;
	got = pread(fileno(f), bytes, c->len, (off_t)c->offset);
	if (got < 0 || (size_t)got != c->len)
		return EIO;
	cw_buf_put(b, bytes, c->len);
	return cw_buf_err(b);
}

int cw_dataset_get(const struct cw_dataset *d, size_t i, json_t **ret)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX + 200);
	int err = cw_dataset_line(d, i, &b);

	return err ? err : cw_json_parse(b.p, b.len, ret, NULL);
}

/* ---- changing ---- */

/* The canonical line of @c among the added ones. */
static int take_line(struct cw_dataset *d, const json_t *c, struct cw_case_ref *ref)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX);
	int err = cw_case_line(c, &b, ref->sha);

	if (!err)
		err = cw_dataset_append(d, cw_buf_str(&b), &ref->offset);
	ref->len = (uint32_t)b.len;
	ref->source = CW_FROM_ADDED;
	return err;
}

static int explain(int err, const char *id, struct cw_why *why)
{
	if (err == EMSGSIZE)
		return cw_why_set(why, err, "case '%.80s' is larger than %u KiB", id, CW_CASE_LINE_MAX >> 10);
	if (err == EFBIG)
		return cw_why_set(why, err, "a dataset has at most %d cases and %llu bytes", CW_DATASET_CASES_MAX,
			CW_DATASET_FILE_MAX);
	return err ? cw_why_set(why, err, "case '%.80s': %s", id, strerror(err)) : 0;
}

int cw_dataset_set(struct cw_dataset *d, size_t i, const json_t *c, struct cw_why *why)
{
	struct cw_case_ref ref = d->cases[i];
	int err = cw_case_check(c, why);

	if (err)
		return err;
	CW_ASSERT(!strcmp(cw_json_str(c, "id", ""), ref.id));
	err = take_line(d, c, &ref);
	if (!err)
		d->cases[i] = ref;
	return explain(err, ref.id, why);
}

/* Is what is there under this id the same, wherever it came from? */
static int is_same(const struct cw_dataset *d, size_t i, const json_t *c, bool *same)
{
	char a[CW_DIGEST_HEX + 1] = "", b[CW_DIGEST_HEX + 1] = "";
	CW_JSON_SCOPED json_t *old = NULL;
	int err = cw_dataset_get(d, i, &old);

	if (!err)
		err = cw_case_content(old, a);
	if (!err)
		err = cw_case_content(c, b);
	*same = !err && !strcmp(a, b);
	return err;
}

int cw_dataset_put(struct cw_dataset *d, const json_t *c, bool replace, enum cw_put *ret, struct cw_why *why)
{
	struct cw_case_ref ref = {0};
	const char *id = cw_json_str(c, "id", "");
	int err = cw_case_check(c, why);
	bool same;
	size_t i;

	if (err)
		return err;
	if (cw_dataset_find(d, id, &i)) {
		err = is_same(d, i, c, &same);
		if (err)
			return explain(err, id, why);
		if (!same && !replace)
			return cw_why_set(why, EEXIST,
				"another case has the id '%s': give it another one, or --replace that case", id);
		*ret = same ? CW_PUT_SAME : CW_PUT_REPLACED;
		return same ? 0 : cw_dataset_set(d, i, c, why);
	}
	err = take_line(d, c, &ref);
	if (!err)
		err = cw_dataset_index(d, id, ref.sha, ref.source, ref.offset, ref.len);
	if (!err)
		*ret = CW_PUT_ADDED;
	return explain(err, id, why);
}

static int by_id(const void *a, const void *b)
{
	const struct cw_case_ref *x = a, *y = b;

	return strcmp(x->id, y->id);
}

void cw_dataset_sort(struct cw_dataset *d)
{
	if (d->sorted)
		return;
	qsort(d->cases, d->n, sizeof(d->cases[0]), by_id);
	memset(d->slots, 0, d->n_slots * sizeof(d->slots[0]));
	for (size_t i = 0; i < d->n; i++)
		enter(d, i);
	d->sorted = true;
}

/* ---- hash and files ---- */

int cw_dataset_hash(const struct cw_dataset *d, char hex[CW_DIGEST_HEX + 1])
{
	static const char *const keys[] = {"name", "description", "licence"};
	CW_SCOPED struct cw_digest *sum = NULL;
	int err = cw_digest_new(NULL, &sum);

	CW_ASSERT(d->sorted || !d->n);
	if (err)
		return err;
	cw_digest_add(sum, CW_STR_LIT("callwright dataset 1\n"));
	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		char one[CW_DIGEST_HEX + 1];

		err = cw_digest_of(cw_str(cw_json_str(d->meta, keys[i], "")), one);
		if (err)
			return err;
		cw_digest_add(sum, (struct cw_str){one, CW_DIGEST_HEX});
	}
	for (size_t i = 0; i < d->n; i++)
		cw_digest_add(sum, (struct cw_str){d->cases[i].sha, CW_DIGEST_HEX});
	return cw_digest_end(sum, hex);
}

static int write_lines(const struct cw_dataset *d, FILE *f, char hex[CW_DIGEST_HEX + 1])
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX + 200);
	CW_SCOPED struct cw_digest *sum = NULL;
	int err = cw_digest_new(NULL, &sum);

	for (size_t i = 0; !err && i < d->n; i++) {
		err = cw_dataset_line(d, i, &b);
		cw_buf_putc(&b, '\n');
		if (!err)
			err = cw_buf_err(&b);
		if (err)
			break;
		cw_digest_add(sum, cw_buf_str(&b));
		if (fwrite(b.p, 1, b.len, f) != b.len)
			err = errno ? errno : EIO;
	}
	return err ? err : cw_digest_end(sum, hex);
}

/* The new file is the one that is read from now on. */
static void take_over(struct cw_dataset *d, FILE *f)
{
	uint64_t offset = 0;

	for (int i = 0; i < CW_SOURCES; i++)
		if (d->files[i])
			(void)fclose(d->files[i]); /* only read, or all of it copied */
	d->files[CW_FROM_FILE] = f;
	d->files[CW_FROM_ADDED] = NULL;
	d->added_bytes = 0;
	for (size_t i = 0; i < d->n; i++) {
		d->cases[i].source = CW_FROM_FILE;
		d->cases[i].offset = offset;
		offset += d->cases[i].len + 1u;
	}
}

static int save_cases(struct cw_dataset *d, char hex[CW_DIGEST_HEX + 1], struct cw_why *why)
{
	CW_SCOPED char *path = cw_dataset_path(NULL, d, "cases.jsonl"),
		       *part = cw_dataset_path(NULL, d, "cases.jsonl.new");
	FILE *f = path && part ? fopen(part, "w+e") : NULL;
	int err = path && part ? (f ? write_lines(d, f, hex) : errno) : ENOMEM;

	if (!err && fflush(f))
		err = errno;
	if (!err && rename(part, path))
		err = errno;
	if (!err) {
		take_over(d, f);
		return 0;
	}
	if (f)
		(void)fclose(f); /* the error is known */
	return cw_why_at(why, err, path, 0, 0, "cannot be written: %s", strerror(err));
}

int cw_dataset_save(struct cw_dataset *d, struct cw_why *why)
{
	CW_SCOPED char *yaml = cw_dataset_path(NULL, d, "dataset.yaml"),
		       *path = cw_dataset_path(NULL, d, "dataset.lock");
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	char hex[CW_DIGEST_HEX + 1], cases[CW_DIGEST_HEX + 1];
	CW_JSON_SCOPED json_t *lock = NULL;
	int err = yaml && path ? cw_dataset_manifest(d->meta, &b) : ENOMEM;

	cw_dataset_sort(d);
	if (!err)
		err = cw_dataset_hash(d, hex);
	if (!err)
		err = save_cases(d, cases, why);
	if (!err)
		err = cw_file_replace(yaml, cw_buf_str(&b), why);
	if (err)
		return cw_why_set(why, err, "%s: %s", d->dir, strerror(err));
	lock = json_pack(
		"{s:i, s:I, s:s, s:s}", "format", 1, "cases", (json_int_t)d->n, "hash", hex, "cases_sha256", cases);
	return lock ? cw_json_save(path, lock, true, why) : ENOMEM;
}
