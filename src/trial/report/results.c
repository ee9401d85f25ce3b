#include "trial/report/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "trial/scenario/plan.h"

#define LINE_MAX_BYTES (64u << 20)
#define KEPT_MAX       1000 /* of more lines none is kept: memory stays flat */

struct place {
	uint64_t hash; /* of the key */
	uint64_t at;   /* in the file; index in the list */
	uint32_t len;
};

struct cw_results {
	int fd;       /* -1: in memory */
	json_t *list; /* or NULL */
	struct place *places;
	size_t n, room;
	json_t **kept; /* lines parsed before, of few; each report reads them all */
	size_t n_kept;
};

static uint64_t hash_of(const char *key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (const char *p = key; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return h;
}

static void forget(struct cw_results *r)
{
	for (size_t i = 0; i < r->n_kept; i++)
		json_decref(r->kept[i]);
	TALLOC_FREE(r->kept);
	r->n_kept = 0;
}

static int results_end(struct cw_results *r)
{
	forget(r);
	if (r->fd >= 0)
		(void)close(r->fd); /* it was only read */
	json_decref(r->list);
	return 0;
}

static struct cw_results *new_results(void)
{
	struct cw_results *r = talloc_zero(NULL, struct cw_results);

	if (r) {
		r->fd = -1;
		talloc_set_destructor(r, results_end);
	}
	return r;
}

static int add(struct cw_results *r, const struct place *p)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct place *grown = talloc_realloc(r, r->places, struct place, room);

		if (!grown)
			return ENOMEM;
		r->places = grown;
		r->room = room;
	}
	r->places[r->n++] = *p;
	return 0;
}

/* ---- the last line of each key ---- */

struct last {
	uint64_t hash;
	size_t i;
};

static int by_hash(const void *a, const void *b)
{
	const struct last *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

/* Sorted by hash, then by line. */
static struct last *sort_hashes(void *parent, const struct cw_results *r)
{
	struct last *of = talloc_array(parent, struct last, r->n + 1);

	for (size_t i = 0; of && i < r->n; i++)
		of[i] = (struct last){r->places[i].hash, i};
	if (of)
		qsort(of, r->n, sizeof(*of), by_hash);
	return of;
}

static int drop_older(struct cw_results *r)
{
	CW_SCOPED struct last *of = sort_hashes(NULL, r);
	size_t kept = 0;

	if (!of)
		return ENOMEM;
	for (size_t k = 0; k + 1 < r->n; k++)
		if (of[k].hash == of[k + 1].hash)
			r->places[of[k].i].len = 0;
	for (size_t i = 0; i < r->n; i++)
		if (r->places[i].len)
			r->places[kept++] = r->places[i];
	r->n = kept;
	return 0;
}

/* ---- reading the file ---- */

static int index_line(struct cw_results *r, const char *text, size_t at, size_t len)
{
	CW_JSON_SCOPED json_t *line = NULL;
	const char *key;

	if (!len || len > LINE_MAX_BYTES || cw_json_parse(text + at, len, &line, NULL))
		return EBADMSG;
	key = cw_json_str(line, "key", NULL);
	return key ? add(r, &(struct place){hash_of(key), at, (uint32_t)len}) : EBADMSG;
}

/* A bad line with others behind it is damage; at the end it is what a kill left. */
static int index_text(
	struct cw_results *r, const char *text, size_t len, const char *path, uint64_t *whole, struct cw_why *why)
{
	size_t at = 0;
	unsigned line = 1;

	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		int err = end ? index_line(r, text, at, n) : EBADMSG;

		if (err == EBADMSG && (!end || at + n + 1 == len))
			break;
		if (err == EBADMSG)
			return cw_why_at(why, EBADMSG, path, line, 0, "this line is no result: the file is damaged");
		if (err)
			return err;
		at += n + 1;
		line++;
	}
	*whole = at;
	return 0;
}

static int index_file(struct cw_results *r, const char *path, uint64_t *whole, struct cw_why *why)
{
	struct stat st;
	void *text;
	int err;

	if (fstat(r->fd, &st))
		return cw_why_set(why, errno, "%s cannot be read: %s", path, strerror(errno));
	*whole = 0;
	if (!st.st_size)
		return 0;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, r->fd, 0);
	if (text == MAP_FAILED)
		return cw_why_set(why, errno, "%s cannot be read: %s", path, strerror(errno));
	err = index_text(r, text, (size_t)st.st_size, path, whole, why);
	(void)munmap(text, (size_t)st.st_size); /* was mapped above */
	return err;
}

int cw_results_open(void *parent, const char *path, struct cw_results **ret, uint64_t *whole, struct cw_why *why)
{
	CW_SCOPED struct cw_results *r = new_results();
	uint64_t good = 0;
	int err;

	if (!r)
		return ENOMEM;
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return cw_why_set(why, errno, "%s cannot be read: %s", path, strerror(errno));
	err = index_file(r, path, &good, why);
	if (!err)
		err = drop_older(r);
	if (err)
		return err;
	if (whole)
		*whole = good;
	*ret = talloc_move(parent, &r);
	return 0;
}

int cw_results_of(void *parent, json_t *list, struct cw_results **ret)
{
	CW_SCOPED struct cw_results *r = new_results();
	size_t i;
	json_t *line;
	int err = r ? 0 : ENOMEM;

	if (err)
		return err;
	r->list = json_incref(list);
	json_array_foreach (list, i, line) {
		err = add(r, &(struct place){hash_of(cw_json_str(line, "key", "")), i, 1});
		if (err)
			return err;
	}
	*ret = talloc_move(parent, &r);
	return 0;
}

/* ---- looking at them ---- */

size_t cw_results_count(const struct cw_results *r)
{
	return r->n;
}

static json_t *read_line(const struct cw_results *r, const struct place *p)
{
	CW_SCOPED char *text = talloc_array(NULL, char, p->len);
	json_t *line = NULL;

	if (!text || pread(r->fd, text, p->len, (off_t)p->at) != (ssize_t)p->len ||
		cw_json_parse(text, p->len, &line, NULL))
		return NULL;
	return line;
}

/* Room for every line; without memory nothing is kept. */
static bool keeps(struct cw_results *r)
{
	if (r->n > KEPT_MAX)
		return false;
	if (r->n_kept == r->n)
		return true;
	forget(r);
	r->kept = talloc_zero_array(r, json_t *, r->n);
	r->n_kept = r->kept ? r->n : 0;
	return r->kept != NULL;
}

json_t *cw_results_get(const struct cw_results *r, size_t i)
{
	struct cw_results *own = (struct cw_results *)(uintptr_t)r; /* what is kept changes nothing that can be seen */

	if (r->list)
		return json_incref(json_array_get(r->list, r->places[i].at));
	if (!keeps(own))
		return read_line(r, &r->places[i]);
	if (!own->kept[i])
		own->kept[i] = read_line(r, &r->places[i]);
	return json_incref(own->kept[i]);
}

json_t *cw_results_find(const struct cw_results *r, const char *key)
{
	uint64_t hash = hash_of(key);

	for (size_t i = r->n; i-- > 0;)
		if (r->places[i].hash == hash)
			return cw_results_get(r, i);
	return NULL;
}

static size_t find(const struct last *of, size_t n, uint64_t hash)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (of[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && of[lo].hash == hash ? of[lo].i : SIZE_MAX;
}

int cw_results_arrange(struct cw_results *r, const struct cw_plan *plan)
{
	CW_SCOPED struct last *of = sort_hashes(NULL, r);
	struct place *ordered = talloc_array(r, struct place, plan->n + 1);
	size_t n = 0;

	if (!of || !ordered)
		return ENOMEM;
	for (size_t i = 0; i < plan->n; i++) {
		size_t at = find(of, r->n, hash_of(plan->items[i].key));

		if (at != SIZE_MAX)
			ordered[n++] = r->places[at];
	}
	forget(r);
	TALLOC_FREE(r->places);
	r->places = ordered;
	r->n = n;
	r->room = plan->n + 1;
	return 0;
}
