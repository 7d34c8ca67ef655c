/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/udp.h"

#define BACKLOG 1024
#define FAST_OPEN_QUEUE 256
/* Rides out a worker's pause; the kernel may give less. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
/* An answer to an address of the own network that no host has stays in the buffer for the three
 * seconds that the kernel looks for the host: so much is there for whom somebody pretends to be. */
#define SEND_BUFFER (32 * 1024 * 1024)
#define SEND_BUFFER_LEAST (4 * 1024 * 1024) /* with less the log tells */

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int buffer_of(int fd, int option)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return getsockopt(fd, SOL_SOCKET, option, &size, &len) == 0 ? size : 0;
}

/* What a new socket can have. */
static int buffer_to_be_had(int option, int size)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int granted = 0;

	if (fd >= 0 && set_int(fd, SOL_SOCKET, option, size) == 0)
		granted = buffer_of(fd, option);
	if (fd >= 0)
		close(fd);
	return granted;
}

/* Beyond the system's limit where that is allowed.  A socket that was inherited from who had more
 * rights keeps what it has. */
static void widen(int fd, int forced_option, int option, int size)
{
	int before = buffer_of(fd, option);

	if (before / 2 >= size)
		return;
	if (set_int(fd, SOL_SOCKET, forced_option, size) != 0 &&
	    buffer_to_be_had(option, size) > before)
		set_int(fd, SOL_SOCKET, option, size);
}

/* A wildcard socket must learn which address was asked, to answer from it. */
static int set_udp_options(int fd, const struct endpoint *e)
{
	bool v4 = e->u.sa.sa_family == AF_INET;

	widen(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	widen(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
	/* Forged ICMP must not make us fragment (or believe in a small path). */
	if (v4)
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	else
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	if (!endpoint_is_wildcard(e))
		return 0;
	return v4 ? set_int(fd, IPPROTO_IP, IP_PKTINFO, 1)
		  : set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

/* What a socket is opened for. */
enum use {
	USE_PROBE,	/* fails when anybody else has the address, sharing or not */
	USE_PROBE_FREE, /* the same of an address that need not be there yet */
	USE_SERVE,	/* the address need not be there yet, and is shared; TCP listens */
};

static int set_options(int fd, int type, const struct endpoint *e, enum use use)
{
	if (e->u.sa.sa_family == AF_INET6 && set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	if (type == SOCK_STREAM && set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0)
		return -1;
	if (use == USE_SERVE && set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (use != USE_PROBE && set_int(fd, IPPROTO_IP, IP_FREEBIND, 1) != 0) /* IPv6's, too */
		return -1;
	return type == SOCK_DGRAM ? set_udp_options(fd, e) : 0;
}

/* A bound socket, or -1 with errno. */
static int open_socket(const struct endpoint *e, int type, enum use use)
{
	int fd = socket(e->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (set_options(fd, type, e, use) == 0 && bind(fd, &e->u.sa, e->len) == 0) {
		if (type == SOCK_DGRAM || use != USE_SERVE)
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

/* What a machine without IPv6 says, and one whose loopback interface has none. */
static bool is_without_ipv6(const struct endpoint *e, int error)
{
	if (e->u.sa.sa_family != AF_INET6)
		return false;
	return error == EAFNOSUPPORT ||
	       (error == EADDRNOTAVAIL && IN6_IS_ADDR_LOOPBACK(&e->u.in6.sin6_addr));
}

/* An address that is not there may come with a network that is set up late, and can be bound. */
static void warn_of_absence(const struct endpoint *e)
{
	char name[ADDR_TEXT_MAX];

	log_warning("no interface has the address of %s now: it is answered on once one has",
		    endpoint_text(e, name, sizeof(name)));
}

/* What whoever started us can do about it. */
static const char *remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; another program has it: `ss -lntup`, as root, tells which";
	case EACCES:
		return "; ports below 1024 are for root, or for who has CAP_NET_BIND_SERVICE";
	default:
		return "";
	}
}

/* ERR_NOTFOUND: the address may be left out. */
static enum err probe(const struct endpoint *e, int type, struct err_text *text)
{
	char name[ADDR_TEXT_MAX];
	int fd = open_socket(e, type, USE_PROBE);

	if (fd < 0 && errno == EADDRNOTAVAIL && !is_without_ipv6(e, errno)) {
		fd = open_socket(e, type, USE_PROBE_FREE);
		if (fd >= 0 && type == SOCK_STREAM)
			warn_of_absence(e);
	}
	if (fd >= 0) {
		close(fd);
		return ERR_OK;
	}
	return err_set(text, is_without_ipv6(e, errno) ? ERR_NOTFOUND : ERR_SYS,
		       "cannot listen on %s (%s): %s%s", endpoint_text(e, name, sizeof(name)),
		       type == SOCK_DGRAM ? "UDP" : "TCP", strerror(errno), remedy(errno));
}

/* Where sockets are inherited, others listen on the address: we did before. */
static enum err probe_both(const struct endpoint *e, const struct inherited *inherited,
			   struct err_text *text)
{
	enum err err = ERR_OK;

	if (inherited_count(inherited, e, SOCK_DGRAM) == 0)
		err = probe(e, SOCK_DGRAM, text);
	if (err == ERR_OK && inherited_count(inherited, e, SOCK_STREAM) == 0)
		err = probe(e, SOCK_STREAM, text);
	return err;
}

/* Fills in those of the endpoints that can be listened on. */
static enum err choose(const struct endpoint *endpoints, size_t count,
		       const struct inherited *inherited, struct listeners *l,
		       struct err_text *text)
{
	struct err_text reason = {"no address to listen on"};
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		err = probe_both(&endpoints[i], inherited, &reason);
		if (err == ERR_OK)
			l->endpoints[l->addresses++] = endpoints[i];
		if (err != ERR_NOTFOUND)
			continue;
		log_warning("%s: there is no IPv6, it is left out", reason.text);
		err = ERR_OK;
	}
	if (err == ERR_OK && l->addresses == 0)
		err = ERR_SYS;
	if (err != ERR_OK)
		(void)err_set(text, err, "%s", reason.text);
	return err;
}

/* The kernel gives twice what it grants, its own bookkeeping included. */
static void tell_of_small_buffers(const struct listeners *l)
{
	int receive = buffer_of(l->udp[0], SO_RCVBUF) / 2;
	int send = buffer_of(l->udp[0], SO_SNDBUF) / 2;

	if (receive < RECEIVE_BUFFER)
		log_warning("the receive buffers are of %d octets instead of %d, and may overflow "
			    "in a burst: sysctl net.core.rmem_max=%d (60-sinkholed.conf, which "
			    "ships, is for /etc/sysctl.d)",
			    receive, RECEIVE_BUFFER, RECEIVE_BUFFER);
	if (send < SEND_BUFFER_LEAST)
		log_warning("the send buffers are of %d octets instead of %d, and may be filled "
			    "with answers to forged addresses: sysctl net.core.wmem_max=%d "
			    "(60-sinkholed.conf)",
			    send, SEND_BUFFER_LEAST, SEND_BUFFER_LEAST);
}

/* How many sockets of an address each worker has, so that none of those inherited is left over. */
static size_t columns_of(const struct endpoint *e, const struct inherited *inherited,
			 size_t workers)
{
	size_t udp = inherited_count(inherited, e, SOCK_DGRAM);
	size_t tcp = inherited_count(inherited, e, SOCK_STREAM);
	size_t most = udp > tcp ? udp : tcp;

	return most > workers ? (most + workers - 1) / workers : 1;
}

/* One that was opened by others may lack what ours have. */
static int adopt(int fd, int type, const struct endpoint *e)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return -1;
	return type == SOCK_DGRAM ? set_udp_options(fd, e) : listen(fd, BACKLOG);
}

/* A socket of one worker.  `former` is that of the worker before, which may be shared (-1: none).
 */
static int next_socket(const struct endpoint *e, int type, struct inherited *inherited, int former)
{
	int fd = inherited_take(inherited, e, type);

	if (fd >= 0 && adopt(fd, type, e) != 0)
		log_warning("a socket that was inherited: %s", strerror(errno));
	if (fd < 0)
		fd = open_socket(e, type, USE_SERVE);
	if (fd < 0 && former >= 0)
		fd = fcntl(former, F_DUPFD_CLOEXEC, 0);
	return fd;
}

/* The sockets of one address, in `columns` from `first` on: each worker has one at least. */
static enum err open_address(struct listeners *l, const struct endpoint *e, size_t first,
			     size_t columns, struct inherited *inherited)
{
	for (size_t i = 0; i < columns * l->workers; i++) {
		size_t column = first + i / l->workers;
		size_t at = i % l->workers * l->columns + column;
		size_t before = at >= l->columns ? at - l->columns : at;
		bool needed = i < l->workers;

		if (needed || inherited_count(inherited, e, SOCK_DGRAM) > 0)
			l->udp[at] = next_socket(e, SOCK_DGRAM, inherited, l->udp[before]);
		if (needed || inherited_count(inherited, e, SOCK_STREAM) > 0)
			l->tcp[at] = next_socket(e, SOCK_STREAM, inherited, l->tcp[before]);
		if (needed && (l->udp[at] < 0 || l->tcp[at] < 0))
			return ERR_SYS;
	}
	return ERR_OK;
}

static enum err open_all(struct listeners *l, struct inherited *inherited, struct err_text *text)
{
	char name[ADDR_TEXT_MAX];
	size_t column = 0;

	for (size_t i = 0; i < inherited->count; i++)
		l->drops += udp_drops(inherited->fds[i]);

	for (size_t i = 0; i < l->addresses; i++) {
		const struct endpoint *e = &l->endpoints[i];
		size_t columns = columns_of(e, inherited, l->workers);

		if (open_address(l, e, column, columns, inherited) != ERR_OK) {
			(void)err_set(text, ERR_SYS, "cannot listen on %s: %s",
				      endpoint_text(e, name, sizeof(name)), strerror(errno));
			return ERR_SYS;
		}
		column += columns; /* NOLINT(clang-analyzer-unix.Malloc): the caller frees it */
	}
	tell_of_small_buffers(l);
	return ERR_OK;
}

/* The arrays of all sockets, none of them open. */
static enum err make_arrays(struct listeners *l, const struct inherited *inherited,
			    struct err_text *text)
{
	size_t count;

	for (size_t i = 0; i < l->addresses; i++)
		l->columns += columns_of(&l->endpoints[i], inherited, l->workers);
	count = l->workers * l->columns;
	l->udp = malloc(count * sizeof(int));
	l->tcp = malloc(count * sizeof(int));
	if (!l->udp || !l->tcp) {
		(void)err_set(text, ERR_NOMEM, "out of memory");
		return ERR_NOMEM;
	}
	memset(l->udp, 0xff, count * sizeof(int)); /* -1 */
	memset(l->tcp, 0xff, count * sizeof(int));
	return ERR_OK;
}

enum err listeners_open(const struct endpoint *endpoints, size_t count, size_t workers,
			struct inherited *inherited, struct listeners *ret_listeners,
			struct err_text *text)
{
	struct inherited none = {.count = 0};
	struct listeners l = {.workers = workers > 0 ? workers : 1};
	enum err err;

	if (!inherited)
		inherited = &none;
	l.endpoints = malloc(count * sizeof(*l.endpoints));
	if (!l.endpoints)
		return err_set(text, ERR_NOMEM, "out of memory");
	err = choose(endpoints, count, inherited, &l, text);
	if (err == ERR_OK)
		err = make_arrays(&l, inherited, text);
	if (err == ERR_OK)
		err = open_all(&l, inherited, text);
	if (err != ERR_OK)
		listeners_close(&l);
	else
		*ret_listeners = l;
	return err;
}

void listeners_close(struct listeners *l)
{
	for (size_t i = 0; l->udp && l->tcp && i < l->workers * l->columns; i++) {
		if (l->udp[i] >= 0)
			close(l->udp[i]);
		if (l->tcp[i] >= 0)
			close(l->tcp[i]);
	}
	free(l->endpoints);
	free(l->udp);
	free(l->tcp);
	*l = (struct listeners){.workers = 0};
}
