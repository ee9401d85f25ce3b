#include "world/sim_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/*
 * The real program runs to its end at once; its output and exit arrive as events. Virtual time does not depend on how long
 * the program took.
 */

#define INPUT_MAX       32768 /* half of a pipe */
#define OUTPUT_MAX      (64u << 20)
#define REAL_TIMEOUT_MS 30000
#define START_US        15000 /* modelled: fork, exec, first byte */
#define CHUNK_BYTES     8192
#define CHUNK_US        500

extern char **environ;

struct sim_proc {
	struct sim *sim;
	struct cw_proc_events ev;
	void *arg;
	struct sim_event *event;
	char *output;
	size_t n, delivered;
	int err, status;
};

static int proc_destroy(struct sim_proc *p)
{
	if (p->event)
		sim_event_cancel(p->event);
	if (p->sim->serving == p)
		p->sim->serving = NULL;
	return 0;
}

static void advance(void *arg)
{
	struct sim_proc *p = arg;
	size_t n = p->n - p->delivered < CHUNK_BYTES ? p->n - p->delivered : CHUNK_BYTES;
	struct sim *s = p->sim;

	p->event = NULL;
	if (!n) {
		s->serving = p;
		p->ev.closed(p->err, p->status, p->arg);
		if (s->serving == p)
			talloc_free(p);
		return;
	}
	p->delivered += n;
	s->serving = p;
	p->ev.data(p->output + p->delivered - n, n, p->arg);
	if (s->serving == p)
		p->event = sim_at(s, CHUNK_US, advance, NULL, p);
}

/* Read standard output to its end. */
static int drain(struct sim_proc *p, int out)
{
	size_t cap = 0;

	for (;;) {
		struct pollfd fd = {.fd = out, .events = POLLIN};

		if (poll(&fd, 1, REAL_TIMEOUT_MS) <= 0)
			return ETIMEDOUT;
		if (p->n == cap) {
			cap = cap ? 2 * cap : 1u << 16;
			if (cap > OUTPUT_MAX)
				return EMSGSIZE;
			p->output = talloc_realloc(p, p->output, char, cap);
			if (!p->output)
				return ENOMEM;
		}

		ssize_t n = read(out, p->output + p->n, cap - p->n);

		if (n == 0)
			return 0;
		if (n > 0)
			p->n += (size_t)n;
		else if (errno != EINTR)
			return errno;
	}
}

static int spawn(const char *const *argv, int in, int out, pid_t *pid)
{
	union {
		const char *const *ours;
		char *const *theirs;
	} args = {argv};
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);

	int err = posix_spawnp(pid, argv[0], &actions, NULL, args.theirs, environ);

	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* The whole input fits into the pipe, so that writing it before reading cannot block. */
static int run_program(struct sim_proc *p, const struct cw_proc_conf *conf)
{
	int in[2], out[2], status;
	pid_t pid;

	if (conf->input_len > INPUT_MAX)
		return EMSGSIZE;
	if (pipe2(in, O_CLOEXEC))
		return errno;
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return errno;
	}

	ssize_t written = conf->input_len ? write(in[1], conf->input, conf->input_len) : 0;
	int err = written == (ssize_t)conf->input_len ? spawn(conf->argv, in[0], out[1], &pid) : EIO;

	close(in[1]);

	close(in[0]);
	close(out[1]);
	if (!err) {
		err = drain(p, out[0]);
		if (err)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	close(out[0]);
	return err;
}

int sim_proc_open(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret)
{
	struct sim *s = sim_of(w);
	CW_SCOPED struct sim_proc *p = talloc_zero(NULL, struct sim_proc);
	const char *label = conf->label ? conf->label : "proc";
	uint64_t delay = START_US;

	if (!p)
		return ENOMEM;
	p->sim = s;
	p->ev = *ev;
	p->arg = arg;
	p->err = run_program(p, conf);
	if (sim_fault(s, CW_FAULT_LATE, label))
		delay += sim_late(s);
	if (sim_fault(s, CW_FAULT_RESET, label)) {
		p->n = 0;
		p->status = 128 + SIGKILL;
	}
	if (!sim_fault(s, CW_FAULT_STALL, label)) {
		p->event = sim_at(s, delay, advance, NULL, p);
		if (!p->event)
			return ENOMEM;
	}
	talloc_set_destructor(p, proc_destroy);
	*ret = (struct cw_proc *)talloc_move(parent, &p);
	return 0;
}
