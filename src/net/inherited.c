/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/inherited.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum err inherited_add(struct inherited *inherited, int fd)
{
	int *fds = realloc(inherited->fds, (inherited->count + 1) * sizeof(*fds));

	if (!fds) {
		close(fd);
		return ERR_NOMEM;
	}
	inherited->fds = fds;
	fds[inherited->count++] = fd;
	return ERR_OK;
}

static int option_of(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) == 0 ? value : -1;
}

/* A socket of IPv6 that takes IPv4 as well is none of ours: addresses would be compared wrongly. */
static bool is_bound_to(int fd, const struct endpoint *e, int type)
{
	struct endpoint own = {.len = sizeof(own.u)};

	if (option_of(fd, SOL_SOCKET, SO_TYPE) != type ||
	    getsockname(fd, &own.u.sa, &own.len) != 0 || !endpoint_equal(&own, e))
		return false;
	if (own.u.sa.sa_family == AF_INET6 && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
		return false;
	return type != SOCK_STREAM || option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1;
}

size_t inherited_count(const struct inherited *inherited, const struct endpoint *e, int type)
{
	size_t count = 0;

	for (size_t i = 0; i < inherited->count; i++)
		count += is_bound_to(inherited->fds[i], e, type);
	return count;
}

static void leave_out(struct inherited *inherited, size_t index)
{
	inherited->count--;
	for (size_t i = index; i < inherited->count; i++)
		inherited->fds[i] = inherited->fds[i + 1];
}

int inherited_take(struct inherited *inherited, const struct endpoint *e, int type)
{
	for (size_t i = 0; i < inherited->count; i++) {
		int fd = inherited->fds[i];

		if (!is_bound_to(fd, e, type))
			continue;
		leave_out(inherited, i);
		return fd;
	}
	return -1;
}

static bool is_of(int fd, const struct endpoint *endpoints, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_bound_to(fd, &endpoints[i], SOCK_DGRAM) ||
		    is_bound_to(fd, &endpoints[i], SOCK_STREAM))
			return true;
	return false;
}

size_t inherited_close_others(struct inherited *inherited, const struct endpoint *endpoints,
			      size_t count)
{
	size_t closed = 0;

	for (size_t i = inherited->count; i-- > 0;) {
		if (is_of(inherited->fds[i], endpoints, count))
			continue;
		close(inherited->fds[i]);
		leave_out(inherited, i);
		closed++;
	}
	return closed;
}

void inherited_fini(struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++)
		close(inherited->fds[i]);
	free(inherited->fds);
	*inherited = (struct inherited){.count = 0};
}
