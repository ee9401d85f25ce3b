/*
 * addr.h: socket addresses written in figures: "127.0.0.1:8080", "[::1]:0"
 */
#pragma once
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#define CW_ADDR_TEXT (INET6_ADDRSTRLEN + 1)

struct cw_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* EINVAL unless "HOST:PORT" with a numeric host ("localhost" is 127.0.0.1), IPv6 in brackets. */
int cw_addr_parse(const char *text, struct cw_addr *ret);
unsigned cw_addr_port(const struct sockaddr *sa);
/* The host in figures; returns @out. */
const char *cw_addr_host(const struct sockaddr *sa, char out[CW_ADDR_TEXT]);
/* The port a bound socket has. 0 when it has none. */
unsigned cw_addr_bound_port(int fd);
