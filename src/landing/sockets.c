/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "landing/parts.h"

#define BACKLOG 128

static bool set(int fd, int level, int option)
{
	static const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* An address that no interface has yet is bound all the same; one of IPv6 is without IPv4. */
static bool prepare(int fd, const struct endpoint *e)
{
	return set(fd, SOL_SOCKET, SO_REUSEADDR) && set(fd, SOL_SOCKET, SO_REUSEPORT) &&
	       set(fd, IPPROTO_IP, IP_FREEBIND) &&
	       (e->u.sa.sa_family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
	       bind(fd, &e->u.sa, e->len) == 0 && listen(fd, BACKLOG) == 0;
}

/* Another program that listens there with SO_REUSEPORT would get half of what comes. */
static bool is_taken(const struct endpoint *e)
{
	int fd = socket(e->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 &&
		     (!set(fd, SOL_SOCKET, SO_REUSEADDR) || !set(fd, IPPROTO_IP, IP_FREEBIND) ||
		      (e->u.sa.sa_family == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
		      bind(fd, &e->u.sa, e->len) != 0);
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return taken;
}

static int open_socket(const struct endpoint *e)
{
	int fd = is_taken(e)
			 ? -1
			 : socket(e->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int saved;

	if (fd < 0 || prepare(fd, e))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void open_one(struct landing *landing, enum landing_kind kind, const struct endpoint *e,
		     landing_take_fn *take, void *arg)
{
	struct landing_socket *s = &landing->sockets[landing->count];
	char where[ADDR_TEXT_MAX];
	int fd = take(arg, e);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		log_warning("a socket that was inherited: %s", strerror(errno));
	if (fd < 0)
		fd = open_socket(e);
	endpoint_text(e, where, sizeof(where));
	if (fd < 0) {
		log_error("landing: cannot listen on %s: %s", where, strerror(errno));
		return;
	}
	log_info("landing: %s", where);
	*s = (struct landing_socket){.landing = landing, .kind = kind, .address = *e};
	landing->fds[landing->count++] = fd;
}

static struct endpoint endpoint_of(const struct ip *ip, uint16_t port)
{
	struct endpoint e = {.len = sizeof(e.u.in)};

	if (ip->family == AF_INET) {
		e.u.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&e.u.in.sin_addr, ip->bytes, sizeof(e.u.in.sin_addr));
		return e;
	}
	e.len = sizeof(e.u.in6);
	e.u.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&e.u.in6.sin6_addr, ip->bytes, sizeof(e.u.in6.sin6_addr));
	return e;
}

/* What one kind of ports is served by, at each address; conf/rules.c bounds how many there are. */
static void open_kind(struct landing *landing, enum landing_kind kind,
		      const struct conf_landing *conf, const struct port_range *ranges,
		      size_t count, landing_take_fn *take, void *arg)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t port = ranges[i].first; port <= ranges[i].last; port++)
			for (size_t j = 0; j < conf->listen_count; j++) {
				struct endpoint e = endpoint_of(&conf->listen[j], (uint16_t)port);

				if (landing->count < LANDING_SOCKETS_MAX)
					open_one(landing, kind, &e, take, arg);
			}
}

void landing_sockets_open(struct landing *landing, const struct conf_landing *conf,
			  landing_take_fn *take, void *arg)
{
	open_kind(landing, LANDING_HTTP, conf, conf->http_ports, conf->http_ports_count, take, arg);
	open_kind(landing, LANDING_TLS, conf, conf->tls_ports, conf->tls_ports_count, take, arg);
	open_kind(landing, LANDING_OTHER, conf, conf->ports, conf->ports_count, take, arg);
}
