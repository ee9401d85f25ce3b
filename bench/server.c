#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

#define READY_MS  20000
#define LINE_MAX_ 256
#define NICE      (-10)

struct server {
	pid_t pid;
	clockid_t clock;
	int control, out;
	unsigned ports[SERVER_PORTS_MAX], n_ports;
};

static bool write_file(const char *path, int value)
{
	char text[16];
	int fd = open(path, O_WRONLY | O_CLOEXEC), n = snprintf(text, sizeof(text), "%d", value);
	bool written = fd >= 0 && write(fd, text, (size_t)n) == n;

	if (fd >= 0)
		close(fd);
	return written;
}

bool server_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);

	bool pinned = !sched_setaffinity(0, sizeof(set), &set);

	return setpriority(PRIO_PROCESS, 0, NICE) == 0 && pinned;
}

/* Linux divides time between sessions first: a session of one's own can be put before the others. It ends with its parent. */
static bool own_session(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setsid() >= 0 && write_file("/proc/self/autogroup", NICE);
}

bool server_go_ahead(int cpu)
{
	pid_t pid = fork();
	int status = 0;

	if (pid > 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}

	bool ahead = pid == 0 && own_session();

	return server_pin(cpu) && ahead;
}

static int server_free(struct server *s)
{
	if (s->control >= 0)
		close(s->control);
	if (s->out >= 0)
		close(s->out);
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	return 0;
}

/* Only what is async-signal-safe: between fork and exec. */
static _Noreturn void become(const char *const *argv, int cpu, int out, int control)
{
	union {
		const char *const *in;
		char *const *out;
	} args = {.in = argv};

	(void)server_pin(cpu); /* not allowed: told once, by the program which starts us */
	dup2(out, STDOUT_FILENO);
	dup2(control, SERVER_CONTROL);
	execv(argv[0], args.out);
	_exit(127);
}

static int read_ports(struct server *s, const char *program, char *text, struct cw_why *why)
{
	static const char before[] = "listening ";
	struct cw_str rest = cw_str_trim(cw_str(text)), word;
	uint32_t port;

	if (!cw_str_starts(rest, before))
		return cw_why_set(why, EPROTO, "%s said \"%s\", expected \"listening PORT\"", program, text);
	rest.p += sizeof(before) - 1;
	rest.len -= sizeof(before) - 1;
	while (cw_str_split(&rest, ' ', &word)) {
		if (s->n_ports == SERVER_PORTS_MAX || cw_str_u32(word, 65535, &port))
			return cw_why_set(
				why, EPROTO, "%s listens on \"%.*s\", expected a port", program, CW_STR(word));
		s->ports[s->n_ports++] = port;
	}
	return 0;
}

static int await_ready(struct server *s, const char *program, struct cw_why *why)
{
	char text[LINE_MAX_];
	size_t n = 0;

	while (n + 1 < sizeof(text)) {
		struct pollfd p = {.fd = s->out, .events = POLLIN};

		if (poll(&p, 1, READY_MS) <= 0)
			return cw_why_set(why, ETIMEDOUT, "%s did not get ready in %d s", program, READY_MS / 1000);

		ssize_t got = read(s->out, text + n, sizeof(text) - 1 - n);

		if (got <= 0)
			return cw_why_set(why, EPROTO, "%s ended before it listened", program);
		n += (size_t)got;
		text[n] = '\0';
		if (text[n - 1] == '\n')
			return read_ports(s, program, text, why);
	}
	return cw_why_set(why, EPROTO, "%s says too much", program);
}

static int spawn(struct server *s, const char *const *argv, int cpu)
{
	int out[2] = {-1, -1}, control[2] = {-1, -1}, err = 0;

	if (pipe2(out, O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control))
		err = errno;
	s->out = out[0];
	s->control = control[0];
	s->pid = err ? -1 : fork();
	if (!err && s->pid < 0)
		err = errno;
	if (s->pid == 0)
		become(argv, cpu, out[1], control[1]);
	if (out[1] >= 0)
		close(out[1]);
	if (control[1] >= 0)
		close(control[1]);
	return err;
}

int server_start(void *parent, const char *const *argv, int cpu, struct server **ret, struct cw_why *why)
{
	CW_SCOPED struct server *s = talloc_zero(NULL, struct server);

	if (!s)
		return ENOMEM;
	s->control = s->out = -1;
	talloc_set_destructor(s, server_free);
	if (access(argv[0], X_OK))
		return cw_why_set(why, errno, "%s: %s", argv[0], strerror(errno));

	int err = spawn(s, argv, cpu);

	if (err)
		return cw_why_set(why, err, "%s could not be started: %s", argv[0], strerror(err));
	err = await_ready(s, argv[0], why);
	if (!err && clock_getcpuclockid(s->pid, &s->clock))
		err = cw_why_set(why, ESRCH, "%s has ended", argv[0]);
	if (err)
		return err;
	*ret = talloc_move(parent, &s);
	return 0;
}

unsigned server_ports(const struct server *s, const unsigned **ports)
{
	*ports = s->ports;
	return s->n_ports;
}

uint64_t server_processor_ns(const struct server *s)
{
	struct timespec t;

	if (clock_gettime(s->clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t server_resident_bytes(const struct server *s)
{
	char path[64];
	unsigned long long total = 0, resident = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)s->pid);

	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &total, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

int server_ask(struct server *s, enum server_question q, struct server_report *ret)
{
	struct server_report report;
	char byte = (char)q;

	if (send(s->control, &byte, 1, MSG_NOSIGNAL) != 1 ||
		recv(s->control, &report, sizeof(report), MSG_WAITALL) != (ssize_t)sizeof(report))
		return EPIPE;
	*ret = report;
	return 0;
}
