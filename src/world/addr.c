#include "world/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/str.h"

#define HOST_MAX 64

static struct sockaddr_in *as_v4(struct cw_addr *a)
{
	return (struct sockaddr_in *)(void *)&a->sa;
}

static struct sockaddr_in6 *as_v6(struct cw_addr *a)
{
	return (struct sockaddr_in6 *)(void *)&a->sa;
}

static int parse_v6(const char *host, uint32_t port, struct cw_addr *ret)
{
	ret->len = sizeof(struct sockaddr_in6);
	as_v6(ret)->sin6_family = AF_INET6;
	as_v6(ret)->sin6_port = htons((uint16_t)port);
	return inet_pton(AF_INET6, host, &as_v6(ret)->sin6_addr) == 1 ? 0 : EINVAL;
}

static int parse_v4(const char *host, uint32_t port, struct cw_addr *ret)
{
	ret->len = sizeof(struct sockaddr_in);
	as_v4(ret)->sin_family = AF_INET;
	as_v4(ret)->sin_port = htons((uint16_t)port);
	if (!strcmp(host, "localhost"))
		host = "127.0.0.1";
	return inet_pton(AF_INET, host, &as_v4(ret)->sin_addr) == 1 ? 0 : EINVAL;
}

int cw_addr_parse(const char *text, struct cw_addr *ret)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracket = len > 2 && text[0] == '[' && colon[-1] == ']';
	char host[HOST_MAX];
	uint32_t port;
	struct cw_addr a = {0};
	int err;

	if (!colon || len >= sizeof(host) || cw_str_u32(cw_str(colon + 1), UINT16_MAX, &port))
		return EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(len - 2 * bracket), text + bracket);
	err = bracket ? parse_v6(host, port, &a) : parse_v4(host, port, &a);
	if (err)
		return err;
	*ret = a;
	return 0;
}

unsigned cw_addr_port(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
	return sa->sa_family == AF_INET ? ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port) : 0;
}

const char *cw_addr_host(const struct sockaddr *sa, char out[CW_ADDR_TEXT])
{
	const void *host = sa->sa_family == AF_INET6
				   ? (const void *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr
				   : (const void *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr;

	if (!inet_ntop(sa->sa_family, host, out, CW_ADDR_TEXT))
		out[0] = '\0';
	return out;
}

unsigned cw_addr_bound_port(int fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);

	return getsockname(fd, (struct sockaddr *)&sa, &len) ? 0 : cw_addr_port((const struct sockaddr *)&sa);
}
