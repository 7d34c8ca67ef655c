/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/reach.h"

#include <unistd.h>

static in_port_t *port_of(struct endpoint *e)
{
	return e->u.sa.sa_family == AF_INET ? &e->u.in.sin_port : &e->u.in6.sin6_port;
}

/* True when a socket can be bound to the address: the address is one of this machine's. */
static bool is_local(const struct endpoint *e)
{
	struct endpoint any_port = *e;
	int fd = socket(e->u.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool local;

	*port_of(&any_port) = 0;
	local = fd >= 0 && bind(fd, &any_port.u.sa, any_port.len) == 0;
	if (fd >= 0)
		close(fd);
	return local;
}

/* Where the kernel sends what is sent to no address. */
static struct endpoint destination(const struct endpoint *to)
{
	struct endpoint e = *to;

	if (!endpoint_is_wildcard(&e))
		return e;
	if (e.u.sa.sa_family == AF_INET)
		e.u.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		e.u.in6.sin6_addr = in6addr_loopback;
	return e;
}

static bool same_scope(const struct endpoint *a, const struct endpoint *b)
{
	return a->u.sa.sa_family != AF_INET6 || a->u.in6.sin6_scope_id == 0 ||
	       b->u.in6.sin6_scope_id == 0 || a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id;
}

bool reach_is_same(const struct endpoint *to, const struct endpoint *listen)
{
	struct endpoint sent = destination(to);
	struct endpoint bound = *listen;
	struct ip sent_ip = ip_from_sockaddr(&sent.u.sa);
	struct ip bound_ip = ip_from_sockaddr(&bound.u.sa);

	if (sent.u.sa.sa_family != bound.u.sa.sa_family || *port_of(&sent) != *port_of(&bound))
		return false;
	if (endpoint_is_wildcard(&bound))
		return is_local(&sent);
	return ip_equal(&sent_ip, &bound_ip) && same_scope(&sent, &bound);
}

bool reach_is_loopback(const struct endpoint *address)
{
	struct ip ip = ip_from_sockaddr(&address->u.sa);

	return ip.family == AF_INET ? ip.bytes[0] == 127
				    : IN6_IS_ADDR_LOOPBACK(&address->u.in6.sin6_addr);
}
