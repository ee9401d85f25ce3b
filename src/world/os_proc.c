#include <errno.h>
#include <signal.h>

#include "base/mem.h"
#include "world/os_int.h"

#define TIMEOUT_DEFAULT_US 30000000ull
#define EOF_GRACE_US       1000000ull /* a grandchild may hold the output open after the child's end */

/*
 * The child as libuv knows it. It outlives its cw_proc until the child was reaped and all three handles are closed; n_open
 * counts those.
 */
struct child {
	struct cw_os *os;
	struct cw_proc *owner; /* NULL once freed */
	uv_process_t process;
	uv_pipe_t in, out;
	uv_write_t write;
	unsigned n_open;
	bool spawned, exited;
	char *input;
	char bytes[16 * 1024];
};

struct cw_proc {
	struct cw_os *os;
	struct child *child; /* NULL when it could not be started or is over */
	struct cw_proc_events ev;
	void *arg;
	struct cw_timer timer;
	bool eof, exited;
	int err, exit_status;
};

static void handle_closed(uv_handle_t *h)
{
	struct child *c = h->data;

	if (--c->n_open == 0)
		cw_husk_free(c->os, c);
}

static void close_handle(uv_handle_t *h)
{
	if (!uv_is_closing(h))
		uv_close(h, handle_closed);
}

/* Let go: kill it if it lives. Its process handle stays until the exit was seen, so that it is reaped. */
static void abandon(struct child *c)
{
	c->owner = NULL;
	close_handle((uv_handle_t *)&c->in);
	close_handle((uv_handle_t *)&c->out);
	if (c->spawned && !c->exited)
		(void)uv_process_kill(&c->process, SIGKILL); /* ESRCH: it ended by itself, the exit will be reported */
	else
		close_handle((uv_handle_t *)&c->process);
}

static int proc_gone(struct cw_proc *p)
{
	cw_timer_stop(&p->timer);
	if (p->child)
		abandon(p->child);
	cw_watch_freed(p->os, p);
	return 0;
}

/* The handle ends with its last event; the handler may have freed it itself. */
static void finish(void *arg)
{
	struct cw_proc *p = arg;
	struct cw_os *os = p->os;
	struct cw_watch watch;

	cw_timer_stop(&p->timer);
	if (p->child)
		abandon(p->child);
	p->child = NULL;
	cw_watch_begin(os, &watch, p);
	p->ev.closed(p->err, p->exit_status, p->arg);
	if (cw_watch_end(os, &watch))
		talloc_free(p);
}

static void out_of_time(void *arg)
{
	struct cw_proc *p = arg;

	if (!p->exited)
		p->err = ETIMEDOUT;
	finish(p);
}

static void maybe_finish(struct cw_proc *p)
{
	if (p->exited && p->eof)
		finish(p);
	else if (p->exited)
		cw_timer_start(&p->timer, EOF_GRACE_US, out_of_time, p);
}

static void child_exited(uv_process_t *process, int64_t status, int signum)
{
	struct child *c = process->data;
	struct cw_proc *p = c->owner;

	c->exited = true;
	close_handle((uv_handle_t *)process);
	if (!p)
		return;
	p->exited = true;
	p->exit_status = signum ? 128 + signum : (int)status;
	cw_os_enter(c->os);
	maybe_finish(p);
	cw_os_leave(c->os);
}

/* ---- its input and output ---- */

static void give_buffer(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	struct child *c = h->data;

	(void)wanted;
	*buf = uv_buf_init(c->bytes, sizeof(c->bytes));
}

static void output_came(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = s->data;
	struct cw_proc *p = c->owner;

	if (!p || n == 0)
		return;
	cw_os_enter(c->os);
	if (n < 0) {
		p->eof = true;
		uv_read_stop(s);
		maybe_finish(p);
	} else if (p->ev.data) {
		p->ev.data(buf->base, (size_t)n, p->arg);
	}
	cw_os_leave(c->os);
}

/* Done or failed (a child that does not read its input is no error): the end of input follows. */
static void input_written(uv_write_t *write, int status)
{
	struct child *c = write->data;

	(void)status;
	close_handle((uv_handle_t *)&c->in);
}

static int start_io(struct child *c, size_t input_len)
{
	uv_buf_t buf = uv_buf_init(c->input, (unsigned)input_len);
	int err;

	c->write.data = c;
	if (!input_len)
		close_handle((uv_handle_t *)&c->in);
	else if ((err = uv_write(&c->write, (uv_stream_t *)&c->in, &buf, 1, input_written)))
		return cw_os_errno(err);
	return cw_os_errno(uv_read_start((uv_stream_t *)&c->out, give_buffer, output_came));
}

static int spawn(struct child *c, const struct cw_proc_conf *conf)
{
	uv_stdio_container_t stdio[] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&c->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->out},
		{.flags = UV_IGNORE},
	};
	uv_process_options_t options = {
		.file = conf->argv[0],
		.args = (char **)(uintptr_t)conf->argv, /* libuv copies them to the child unchanged */
		.exit_cb = child_exited,
		.stdio = stdio,
		.stdio_count = CW_COUNT(stdio),
	};
	int err = uv_spawn(&c->os->loop, &c->process, &options);

	if (err)
		return cw_os_errno(err);
	c->spawned = true;
	return start_io(c, conf->input_len);
}

static struct child *child_new(struct cw_os *os, const struct cw_proc_conf *conf)
{
	struct child *c = cw_husk_new(os, sizeof(*c));

	if (!c)
		return NULL;
	c->input = talloc_memdup(c, conf->input_len ? conf->input : "", conf->input_len + !conf->input_len);
	if (!c->input) {
		cw_husk_free(os, c);
		return NULL;
	}
	c->os = os;
	uv_pipe_init(&os->loop, &c->in, 0);
	uv_pipe_init(&os->loop, &c->out, 0);
	c->n_open = 3;
	c->in.data = c->out.data = c->process.data = c;
	return c;
}

int cw_os_proc_open(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret)
{
	struct cw_os *os = cw_os_of(w);
	CW_SCOPED struct cw_proc *p = talloc_zero(NULL, struct cw_proc);
	struct child *c;
	int err;

	if (!p)
		return ENOMEM;
	p->os = os;
	p->ev = *ev;
	p->arg = arg;
	cw_timer_init(&p->timer, w);
	c = child_new(os, conf);
	if (!c)
		return ENOMEM;
	p->child = c;
	c->owner = p;
	talloc_set_destructor(p, proc_gone);

	err = spawn(c, conf);
	if (err == ENOMEM || err == EMFILE)
		return err;
	p->err = err;
	if (err)
		cw_timer_start(&p->timer, 0, finish, p);
	else
		cw_timer_start(&p->timer, conf->timeout_us ? conf->timeout_us : TIMEOUT_DEFAULT_US, out_of_time, p);
	*ret = talloc_move(parent, &p);
	return 0;
}
