/*
 * os_support.h: raw sockets for the tests of the real world: peers which do what no library would do
 *
 * All sockets are non-blocking and served from the test's own thread: the functions which wait run the world meanwhile.
 */
#pragma once
#include "testing.h"

#include "world/net.h"
#include "world/os.h"

extern struct cw_world *world;

/* Open and free the world around each test. */
int os_setup(void **state);
int os_teardown(void **state);
#define OS_TEST(f) cmocka_unit_test_setup_teardown(f, os_setup, os_teardown)

/* Serve events until *@done; fails the test after 5 s. */
void run_until(const bool *done);
void run_for(uint64_t us);

int raw_listen(int backlog, unsigned *port);
int raw_accept(int listener);
int raw_connect(unsigned port);
void raw_send(int fd, const void *bytes, size_t n);
void raw_puts(int fd, const char *text);
/* Read until @text was seen, the peer closed, or 3 s passed; what came is in @out (NUL-terminated). False: not seen. */
bool raw_expect(int fd, const char *text, char *out, size_t size);
/* Read until the peer's end: 0, or ECONNRESET; ETIMEDOUT after 4 s. @out gets the bytes, *@n how many. */
int raw_read_end(int fd, char *out, size_t size, size_t *n);

/* A self-signed certificate for localhost and 127.0.0.1, made by the openssl program in the test's temporary folder. */
const char *test_cert(void);
const char *test_key(void);
