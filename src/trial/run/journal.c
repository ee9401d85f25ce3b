/* results.jsonl as it grows: one writer at a time, off the lane, lines in order. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "trial/run/run_int.h"

/* Lines go to the disk off the lane, one job at a time, in order. */
struct writing {
	struct cw_run *run;
	const struct cw_rundir *dir;
	struct cw_buf lines;
	struct cw_why why;
	int err;
	bool written;
};

static void write_run(void *arg)
{
	struct writing *w = arg;

	w->err = cw_rundir_append(w->dir, cw_buf_str(&w->lines), &w->why);
	w->written = true;
}

void cw_run_fail(struct cw_run *r, int err, const char *text)
{
	if (r->err)
		return;
	r->err = err;
	r->stopping = true;
	(void)cw_why_set(r->why, err, "%s", text);
}

static int writing_end(struct writing *w)
{
	cw_buf_clear(&w->lines);
	return 0;
}

static void write_done(void *arg)
{
	struct writing *w = arg;
	struct cw_run *r = w->run;

	r->writing = NULL;
	if (w->err)
		cw_run_fail(r, w->err, w->why.text);
	(void)talloc_free(w);
	cw_run_write_more(r);
	cw_run_start_more(r);
}

void cw_run_write_more(struct cw_run *r)
{
	struct writing *w;
	struct cw_work *handle;

	if (r->writing || !r->lines.len || r->err)
		return;
	w = talloc_zero(NULL, struct writing);
	if (!w) {
		cw_run_fail(r, ENOMEM, "out of memory");
		return;
	}
	talloc_set_destructor(w, writing_end);
	w->run = r;
	w->dir = r->dir;
	w->lines = r->lines;
	r->lines = CW_BUF(CW_RUN_LINES_MAX);
	r->writing = w;

	const struct cw_job job = {
		.run = write_run, .done = write_done, .arg = w, .blocking = true, .label = "trial.write"};

	if (cw_work(r->live, r->world, &job, &handle))
		cw_run_fail(r, EAGAIN, "the work queue is full");
}

/* The world is gone: what no job has written yet. */
void cw_run_write_rest(struct cw_run *r)
{
	struct writing *w = r->writing;

	if (w && !w->written)
		write_run(w);
	if (w && w->err)
		cw_run_fail(r, w->err, w->why.text);
	TALLOC_FREE(r->writing);
	if (!r->err && r->lines.len && cw_rundir_append(r->dir, cw_buf_str(&r->lines), r->why))
		r->err = EIO;
}
