/* The journal's file: blocks are filled on the lane, sealed and written off it, one job at a time. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "world/journal_int.h"

#define FILL_FIRST \
	(256u << 10)          /* room made at birth: nothing grows on the media path but for a long sentence's audio */
#define FILL_MAX  (32u << 20) /* a disk this far behind: the journal ends here */
#define FINISH_US 10000000u

/* Lives until its last job ended, also when the journal is gone. */
struct jn_writer {
	struct cw_journal *owner; /* NULL: freed; lane only */
	struct cw_timer late;
	struct cw_buf fill;  /* lane */
	struct cw_buf block; /* the job's while there is one */
	int fd;
	int err; /* the job's */
	unsigned jobs;
	bool full, ending, ended;
	struct cw_work *work;
	void (*done)(int err, void *arg);
	void *arg;
};

void jn_write(struct cw_journal *j, const struct jn_record *r)
{
	struct jn_writer *w = j->writer;
	uint8_t head[JN_RECORD] = {(uint8_t)r->kind, (uint8_t)r->depth};

	if (w->full)
		return;
	if (w->fill.len + JN_RECORD + r->payload.len > FILL_MAX) {
		w->full = true;
		return;
	}
	jn_put(head + 4, r->source, 4);
	jn_put(head + 8, r->now_us, 8);
	jn_put(head + 16, r->payload.len, 4);
	cw_buf_put(&w->fill, head, sizeof(head));
	cw_buf_put(&w->fill, r->payload.p, r->payload.len);
	w->full = cw_buf_err(&w->fill) != 0; /* what was begun is not whole: that block is not written */
}

/* ---- off the lane ---- */

static int put_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return errno;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static int seal(const struct cw_buf *block, uint8_t head[JN_BLOCK_HEAD])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned n = 0;
	bool good;

	jn_put(head, block->len, 4);
	good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) && EVP_DigestUpdate(md, head, 4) &&
	       EVP_DigestUpdate(md, block->p, block->len) && EVP_DigestFinal_ex(md, head + 4, &n);
	EVP_MD_CTX_free(md);
	return good ? 0 : ENOMEM;
}

static void write_run(void *arg)
{
	struct jn_writer *w = arg;
	uint8_t head[JN_BLOCK_HEAD];

	if (!w->err)
		w->err = seal(&w->block, head);
	if (!w->err)
		w->err = put_all(w->fd, head, sizeof(head));
	if (!w->err)
		w->err = put_all(w->fd, w->block.p, w->block.len);
}

/* ---- on the lane ---- */

static void writer_close(struct jn_writer *w)
{
	if (w->fd >= 0)
		(void)close(w->fd); /* what was lost told itself when written */
	w->fd = -1;
	cw_buf_clear(&w->fill);
	cw_buf_clear(&w->block);
}

static void write_dispose(void *arg)
{
	struct jn_writer *w = arg;

	if (--w->jobs || w->owner)
		return;
	writer_close(w);
	(void)talloc_free(w);
}

static void ended(struct jn_writer *w, int err)
{
	void (*done)(int err, void *arg) = w->done;

	cw_timer_stop(&w->late);
	if (!w->ended && !w->work)
		writer_close(w);
	w->ended = true;
	w->done = NULL;
	if (done)
		done(err, w->arg);
}

static void on_late(void *arg)
{
	struct jn_writer *w = arg;

	ended(w, w->work ? ETIMEDOUT : w->err);
}

static void write_done(void *arg)
{
	struct jn_writer *w = arg;

	w->work = NULL;
	cw_buf_reset(&w->block);
	if (w->err)
		w->full = true;
	if (w->fill.len && !w->full)
		jn_flush(w->owner, w->ending ? 1 : 16384);
	if (w->ending && !w->work)
		ended(w, w->err);
}

void jn_flush(struct cw_journal *j, size_t least)
{
	struct jn_writer *w = j->writer;
	const struct cw_job job = {.run = write_run,
		.done = write_done,
		.dispose = write_dispose,
		.arg = w,
		.blocking = true,
		.label = "journal"};
	struct cw_buf empty = w->block;

	if (w->work || w->full || w->ended || w->fill.len < least)
		return;
	w->block = w->fill;
	w->fill = empty;
	w->jobs++;

	int err = cw_work(j, j->lane, &job, &w->work);

	if (!err)
		return;
	w->jobs--;
	w->work = NULL;
	w->err = err;
	w->full = true;
}

void jn_write_end(struct cw_journal *j, void (*done)(int err, void *arg), void *arg)
{
	struct jn_writer *w = j->writer;

	w->done = done;
	w->arg = arg;
	w->ending = true;
	jn_flush(j, 1);
	cw_timer_start(&w->late, w->work ? FINISH_US : 0, on_late, w);
}

static int writer_free(struct cw_journal **link)
{
	struct jn_writer *w = (*link)->writer;

	cw_timer_stop(&w->late);
	w->owner = NULL;
	if (w->jobs)
		return 0; /* dispose frees it */
	writer_close(w);
	(void)talloc_free(w);
	return 0;
}

static int start_file(int fd)
{
	uint8_t version[4];
	int err = put_all(fd, JN_MAGIC, JN_MAGIC_LEN);

	jn_put(version, JN_VERSION, sizeof(version));
	return err ? err : put_all(fd, version, sizeof(version));
}

static bool make_room(struct cw_buf *b)
{
	static const char zero[4096];

	*b = CW_BUF(FILL_MAX);
	for (size_t n = 0; n < FILL_FIRST; n += sizeof(zero))
		cw_buf_put(b, zero, sizeof(zero));

	bool good = !cw_buf_err(b);

	cw_buf_reset(b);
	return good;
}

int jn_writer_open(struct cw_journal *j, const char *path, struct cw_why *why)
{
	struct jn_writer *w = talloc_zero(NULL, struct jn_writer);
	struct cw_journal **link = talloc(j, struct cw_journal *);
	int err = w && link ? 0 : ENOMEM;

	if (w)
		w->fd = -1;
	if (!err && (!make_room(&w->fill) || !make_room(&w->block)))
		err = ENOMEM;
	if (!err) {
		w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		err = w->fd < 0 ? errno : start_file(w->fd);
		if (err)
			(void)cw_why_set(why, err, "journal %s cannot be written: %s", path, strerror(err));
	}
	if (err) {
		if (w)
			writer_close(w);
		(void)talloc_free(w);
		(void)talloc_free(link);
		return err;
	}
	w->owner = j;
	cw_timer_init(&w->late, j->lane);
	j->writer = w;
	*link = j;
	talloc_set_destructor(link, writer_free);
	return 0;
}
