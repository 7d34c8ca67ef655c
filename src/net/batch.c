/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "net/batch.h"

#define SEND_WAIT_MS 5 /* for room in the socket's buffer, once for all that are sent together */

void batch_reset(struct batch *b, size_t i)
{
	struct msghdr *m = &b->msgs[i].msg_hdr;

	b->iov[i].iov_base = batch_buffer(b, i);
	b->iov[i].iov_len = DATAGRAM_MAX;
	m->msg_iov = &b->iov[i];
	m->msg_iovlen = 1;
	m->msg_name = &b->peers[i].name;
	m->msg_namelen = sizeof(b->peers[i].name);
	m->msg_control = NULL;
	m->msg_controllen = 0;
	m->msg_flags = 0;
}

uint32_t udp_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);
	int type = 0;
	socklen_t type_len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 || type != SOCK_DGRAM ||
	    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0 ||
	    len <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return 0;
	return info[SK_MEMINFO_DROPS];
}

bool batch_is_told_address(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &value, &len) == 0 && value)
		return true;
	len = sizeof(value);
	return getsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &value, &len) == 0 && value;
}

enum err batch_init(struct batch *b)
{
	memset(b, 0, sizeof(*b));
	b->buffers = aligned_alloc(64, BATCH * BUFFER_STRIDE);
	if (!b->buffers)
		return ERR_NOMEM;
	for (size_t i = 0; i < BATCH; i++)
		batch_reset(b, i);
	return ERR_OK;
}

void batch_fini(struct batch *b)
{
	free(b->buffers);
}

/*
 * Keeps the packet information of a received message for its answer, with the interface left to
 * routing unless the address has a meaning on that interface alone.
 */
static void keep_pktinfo(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else if (c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		m->msg_controllen = 0;
	}
}

size_t batch_receive(struct batch *b, int fd, bool wildcard)
{
	int n;

	for (size_t i = 0; wildcard && i < BATCH; i++) {
		b->msgs[i].msg_hdr.msg_control = b->peers[i].control;
		b->msgs[i].msg_hdr.msg_controllen = CONTROL_MAX;
	}
	n = recvmmsg(fd, b->msgs, BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	for (size_t i = 0; i < (size_t)n; i++) {
		b->peers[i].name_len = b->msgs[i].msg_hdr.msg_namelen;
		if (wildcard)
			keep_pktinfo(&b->msgs[i].msg_hdr);
		b->peers[i].control_len = b->msgs[i].msg_hdr.msg_controllen;
	}
	return (size_t)n;
}

void batch_set_answer(struct batch *b, size_t i, size_t len)
{
	struct msghdr *m = &b->msgs[i].msg_hdr;

	b->iov[i].iov_base = batch_buffer(b, i);
	b->iov[i].iov_len = len;
	m->msg_iov = &b->iov[i];
	m->msg_name = &b->peers[i].name;
	m->msg_namelen = b->peers[i].name_len;
	m->msg_control = b->peers[i].control_len ? b->peers[i].control : NULL;
	m->msg_controllen = b->peers[i].control_len;
}

void batch_move(struct batch *b, size_t to, size_t i)
{
	if (to != i)
		b->msgs[to].msg_hdr = b->msgs[i].msg_hdr;
}

/* After an error at one message: true when the message is worth another try. */
static bool is_worth_it(int fd, bool *waited)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	if (errno == EINTR)
		return true;
	if (*waited || (errno != EAGAIN && errno != ENOBUFS))
		return false;
	*waited = true;
	return poll(&p, 1, SEND_WAIT_MS) > 0;
}

size_t batch_send(struct batch *b, int fd, size_t first, size_t count)
{
	size_t end = first + count;
	size_t failed = 0;
	bool waited = false;

	for (size_t i = first; i < end;) {
		int n = sendmmsg(fd, b->msgs + i, (unsigned int)(end - i), MSG_DONTWAIT);

		if (n > 0) {
			i += (size_t)n;
		} else if (!is_worth_it(fd, &waited)) {
			failed++; /* this one; the rest may do better */
			i++;
		}
	}
	for (size_t i = first; i < end; i++)
		batch_reset(b, i);
	return failed;
}
