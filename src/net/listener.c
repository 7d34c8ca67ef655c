/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define FAST_OPEN_QUEUE 256
#define SOCKET_BUFFER (4 * 1024 * 1024) /* rides out a worker's pause; the kernel may give less */

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static bool is_wildcard(const struct endpoint *e)
{
	if (e->u.sa.sa_family == AF_INET)
		return e->u.in.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&e->u.in6.sin6_addr);
}

/* A wildcard socket must learn which address was asked, to answer from it. */
static int set_udp_options(int fd, const struct endpoint *e)
{
	bool v4 = e->u.sa.sa_family == AF_INET;

	set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	set_int(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	/* Forged ICMP must not make us fragment (or believe in a small path). */
	if (v4)
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	else
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	if (!is_wildcard(e))
		return 0;
	return v4 ? set_int(fd, IPPROTO_IP, IP_PKTINFO, 1)
		  : set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

static int set_options(int fd, int type, const struct endpoint *e, bool shared)
{
	if (e->u.sa.sa_family == AF_INET6 && set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	if (type == SOCK_STREAM && set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
		return -1;
	if (shared && set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	return type == SOCK_DGRAM ? set_udp_options(fd, e) : 0;
}

/* A bound socket; listening if `shared` and TCP.  -1 with errno. */
static int open_socket(const struct endpoint *e, int type, bool shared)
{
	int fd = socket(e->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (set_options(fd, type, e, shared) == 0 && bind(fd, &e->u.sa, e->len) == 0) {
		if (type == SOCK_DGRAM)
			return fd;
		set_int(fd, IPPROTO_TCP, TCP_FASTOPEN, FAST_OPEN_QUEUE);
		if (listen(fd, BACKLOG) == 0)
			return fd;
	}
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* Without SO_REUSEPORT, bind() fails when anybody else has the address, sharing or not. */
static enum err probe(const struct endpoint *e, int type, struct err_text *text)
{
	char name[ADDR_TEXT_MAX];
	int fd = open_socket(e, type, false);

	if (fd < 0)
		return err_set(text, ERR_SYS, "cannot listen on %s (%s): %s",
			       endpoint_text(e, name, sizeof(name)),
			       type == SOCK_DGRAM ? "UDP" : "TCP", strerror(errno));
	close(fd);
	return ERR_OK;
}

static enum err open_all(const struct endpoint *endpoints, struct listeners *l,
			 struct err_text *text)
{
	char name[ADDR_TEXT_MAX];

	for (size_t i = 0; i < l->workers * l->addresses; i++) {
		const struct endpoint *e = &endpoints[i % l->addresses];

		l->udp[i] = open_socket(e, SOCK_DGRAM, true);
		l->tcp[i] = l->udp[i] < 0 ? -1 : open_socket(e, SOCK_STREAM, true);
		if (l->tcp[i] < 0)
			return err_set(text, ERR_SYS, "cannot listen on %s: %s",
				       endpoint_text(e, name, sizeof(name)), strerror(errno));
	}
	return ERR_OK;
}

enum err listeners_open(const struct endpoint *endpoints, size_t count, size_t workers,
			struct listeners *ret_listeners, struct err_text *text)
{
	struct listeners l = {.workers = workers, .addresses = count};
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		err = probe(&endpoints[i], SOCK_DGRAM, text);
		if (err == ERR_OK)
			err = probe(&endpoints[i], SOCK_STREAM, text);
	}
	if (err != ERR_OK)
		return err;
	l.udp = malloc(workers * count * sizeof(int));
	l.tcp = malloc(workers * count * sizeof(int));
	if (!l.udp || !l.tcp) {
		free(l.udp);
		free(l.tcp);
		return err_set(text, ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < workers * count; i++)
		l.udp[i] = l.tcp[i] = -1;
	err = open_all(endpoints, &l, text);
	if (err != ERR_OK)
		listeners_close(&l);
	else
		*ret_listeners = l;
	return err;
}

void listeners_close(struct listeners *l)
{
	for (size_t i = 0; l->udp && l->tcp && i < l->workers * l->addresses; i++) {
		if (l->udp[i] >= 0)
			close(l->udp[i]);
		if (l->tcp[i] >= 0)
			close(l->tcp[i]);
	}
	free(l->udp);
	free(l->tcp);
	*l = (struct listeners){.workers = 0};
}
