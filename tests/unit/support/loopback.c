/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loopback.h"

#define PORT_TRIES 64
#define FILES_MAX 65536U

struct endpoint loopback_endpoint(uint8_t last, uint16_t port)
{
	struct endpoint e = {.len = sizeof(e.u.in)};

	e.u.in.sin_family = AF_INET;
	e.u.in.sin_port = htons(port);
	e.u.in.sin_addr.s_addr = htonl(0x7f000000U | last);
	return e;
}

uint16_t loopback_port(const struct endpoint *endpoint)
{
	return ntohs(endpoint->u.sa.sa_family == AF_INET ? endpoint->u.in.sin_port
							 : endpoint->u.in6.sin6_port);
}

struct endpoint loopback_bound(int fd)
{
	struct endpoint e = {.len = sizeof(e.u)};

	assert_int_equal(getsockname(fd, &e.u.sa, &e.len), 0);
	return e;
}

int loopback_bind(const struct endpoint *endpoint, int type, bool shared)
{
	int fd = socket(endpoint->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;
	int saved;

	assert_true(fd >= 0);
	if (shared)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	if (bind(fd, &endpoint->u.sa, endpoint->len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

struct endpoint loopback_bind_pair(int *ret_udp, int *ret_tcp)
{
	struct endpoint any = loopback_endpoint(1, 0);
	struct endpoint e = any;

	for (int i = 0; i < PORT_TRIES; i++) {
		*ret_udp = loopback_bind(&any, SOCK_DGRAM, false);
		e = loopback_bound(*ret_udp);
		*ret_tcp = loopback_bind(&e, SOCK_STREAM, false);
		if (*ret_tcp >= 0)
			return e;
		close(*ret_udp);
	}
	fail_msg("no port is free over UDP and TCP");
	return any;
}

uint16_t loopback_free_port(void)
{
	int udp;
	int tcp;
	struct endpoint e = loopback_bind_pair(&udp, &tcp);

	close(udp);
	close(tcp);
	return loopback_port(&e);
}

int loopback_udp_client(const struct endpoint *to)
{
	struct endpoint any = loopback_endpoint(1, 0);
	int fd = loopback_bind(&any, SOCK_DGRAM, false);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	return fd;
}

size_t loopback_open_files(void)
{
	struct rlimit limit;
	size_t count = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (rlim_t fd = 0; fd < limit.rlim_cur && fd < FILES_MAX; fd++)
		count += fcntl((int)fd, F_GETFD) >= 0;
	return count;
}
