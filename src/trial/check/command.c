#include "trial/check/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child {
	pid_t pid;
	int in, out; /* our ends; -1: closed */
	uint64_t deadline_ms;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing of ours is lost */
	*fd = -1;
}

static int spawn(const char *const *argv, int in, int out, pid_t *pid)
{
	union {
		const char *const *ours;
		char *const *theirs;
	} args = {argv};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;

	(void)sigemptyset(&none);
	if (posix_spawn_file_actions_init(&actions))
		return ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);

	int err = posix_spawnp(pid, argv[0], &actions, &attr, args.theirs, environ);

	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int start(const char *const *argv, struct child *c)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	int err = pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ? errno : 0;

	if (!err)
		err = spawn(argv, in[0], out[1], &c->pid);
	shut(&in[0]);
	shut(&out[1]);
	if (err) {
		shut(&in[1]);
		shut(&out[0]);
		return err;
	}
	c->in = in[1];
	c->out = out[0];
	(void)fcntl(c->in, F_SETFL, O_NONBLOCK); /* blocking would only be slower */
	(void)fcntl(c->out, F_SETFL, O_NONBLOCK);
	return 0;
}

/* What the program does not read it does not want. */
static void write_some(struct child *c, struct cw_str *input)
{
	ssize_t n = write(c->in, input->p, input->len);

	if (n > 0) {
		input->p += n;
		input->len -= (size_t)n;
	}
	if (!input->len || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&c->in);
}

static int read_some(struct child *c, struct cw_buf *output)
{
	char block[8192];
	ssize_t n = read(c->out, block, sizeof(block));

	if (n > 0)
		cw_buf_put(output, block, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		shut(&c->out);
	return cw_buf_err(output);
}

static int talk(struct child *c, struct cw_str input, struct cw_buf *output)
{
	if (!input.len)
		shut(&c->in);
	while (c->out >= 0) {
		struct pollfd fds[2] = {{.fd = c->out, .events = POLLIN}, {.fd = c->in, .events = POLLOUT}};
		uint64_t now = now_ms();
		int err = 0;

		if (now >= c->deadline_ms)
			return ETIMEDOUT;
		if (poll(fds, 2, (int)(c->deadline_ms - now)) < 0 && errno != EINTR)
			return errno;
		if (fds[1].revents && c->in >= 0)
			write_some(c, &input);
		if (fds[0].revents)
			err = read_some(c, output);
		if (err)
			return err;
	}
	return 0;
}

/* It closed its output: it has to end as well. */
static int reap(struct child *c, int *status)
{
	for (;;) {
		struct timespec pause = {.tv_nsec = 2000000};
		int code;
		pid_t got = waitpid(c->pid, &code, WNOHANG);

		if (got == c->pid) {
			*status = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
			return 0;
		}
		if (now_ms() >= c->deadline_ms)
			return ETIMEDOUT;
		(void)nanosleep(&pause, NULL); /* woken early: look again */
	}
}

static void kill_all(struct child *c)
{
	(void)kill(-c->pid, SIGKILL); /* its group; gone already is fine */
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A program that closes its input early raises SIGPIPE: kept from this thread, and taken back. */
static void hold_sigpipe(sigset_t *pipe_only, sigset_t *old)
{
	(void)sigemptyset(pipe_only);
	(void)sigaddset(pipe_only, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, pipe_only, old);
}

static void release_sigpipe(const sigset_t *pipe_only, const sigset_t *old)
{
	const struct timespec at_once = {0};

	while (sigtimedwait(pipe_only, NULL, &at_once) == SIGPIPE)
		;
	(void)pthread_sigmask(SIG_SETMASK, old, NULL);
}

int cw_command_run(const struct cw_command *cmd, struct cw_buf *output, int *status, struct cw_why *why)
{
	sigset_t pipe_only, old;
	struct child c = {.in = -1, .out = -1, .deadline_ms = now_ms() + cmd->limit_ms};
	int err = start(cmd->argv, &c);

	if (err)
		return cw_why_set(why, err, "cannot run %s: %s", cmd->argv[0],
			err == ENOENT ? "there is no such program" : strerror(err));
	hold_sigpipe(&pipe_only, &old);
	err = talk(&c, cmd->input, output);
	release_sigpipe(&pipe_only, &old);
	shut(&c.in);
	shut(&c.out);
	if (!err)
		err = reap(&c, status);
	if (err)
		kill_all(&c);
	if (err == ETIMEDOUT)
		return cw_why_set(why, err, "%s did not end within %u ms", cmd->argv[0], cmd->limit_ms);
	if (err == EMSGSIZE)
		return cw_why_set(why, err, "%s wrote more than %zu bytes", cmd->argv[0], cmd->max_output);
	return err ? cw_why_set(why, err, "%s: %s", cmd->argv[0], strerror(err)) : 0;
}
