#include "os_support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct cw_world *world;

int os_setup(void **state)
{
	if (cw_test_setup(state))
		return -1;
	return cw_os_new(NULL, &(struct cw_os_conf){.seed = 1, .workers = 2}, &world);
}

int os_teardown(void **state)
{
	talloc_free(world);
	return cw_test_teardown(state);
}

void run_for(uint64_t us)
{
	cw_os_run_for(world, us);
}

void run_until(const bool *done)
{
	uint64_t end = cw_now(world) + 5000000;

	while (!*done && cw_now(world) < end)
		run_for(1000);
	assert_true(*done);
}

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
}

int raw_listen(int backlog, unsigned *port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

int raw_accept(int listener)
{
	for (int i = 0; i < 2000; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			return fd;
		run_for(1000);
	}
	fail_msg("nobody connected");
	return -1;
}

int raw_connect(unsigned port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS);
	run_for(1000);
	return fd;
}

void raw_send(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return; /* the other side has had enough: what it answered is still to be read */
		if (sent > 0) {
			at += sent;
			n -= (size_t)sent;
		}
		run_for(200);
	}
	run_for(1000);
}

void raw_puts(int fd, const char *text)
{
	raw_send(fd, text, strlen(text));
}

/* One read; EAGAIN runs the world for a moment. */
static ssize_t read_or_run(int fd, char *out, size_t room)
{
	ssize_t n = recv(fd, out, room, 0);

	if (n < 0 && errno == EAGAIN) {
		run_for(1000);
		errno = EAGAIN;
	}
	return n;
}

bool raw_expect(int fd, const char *text, char *out, size_t size)
{
	uint64_t end = cw_now(world) + 3000000;
	size_t n = 0;

	while (cw_now(world) < end && n < size - 1) {
		ssize_t got = read_or_run(fd, out + n, size - 1 - n);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			return false;
		if (got < 0)
			continue;
		n += (size_t)got;
		out[n] = '\0';
		if (memmem(out, n, text, strlen(text)))
			return true;
	}
	return false;
}

int raw_read_end(int fd, char *out, size_t size, size_t *n)
{
	uint64_t end = cw_now(world) + 4000000;

	*n = 0;
	while (cw_now(world) < end) {
		char spill[4096];
		bool full = *n >= size;
		ssize_t got = full ? read_or_run(fd, spill, sizeof(spill)) : read_or_run(fd, out + *n, size - *n);

		if (got == 0)
			return 0;
		if (got < 0 && errno != EAGAIN)
			return errno;
		if (got > 0 && !full)
			*n += (size_t)got;
	}
	return ETIMEDOUT;
}

/* ---- certificates ---- */

static char cert[256], key[256];

static void make_certificate(void)
{
	char command[1024];

	if (cert[0])
		return;
	snprintf(cert, sizeof(cert), "%s/cert.pem", cw_test_tmp());
	snprintf(key, sizeof(key), "%s/key.pem", cw_test_tmp());
	snprintf(command, sizeof(command),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
		"-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
		key, cert);
	assert_int_equal(system(command), 0);
}

const char *test_cert(void)
{
	make_certificate();
	return cert;
}

const char *test_key(void)
{
	make_certificate();
	return key;
}
