/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of net/udp share: udp.c has the sockets and what waits, batch.c the arrays
 * that recvmmsg and sendmmsg work on.
 */
#ifndef NET_BATCH_H
#define NET_BATCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "net/udp.h"

#define BATCH 64U
#define DATAGRAM_MAX 4096U /* a longer query is cut, and then malformed */
/* Buffers a page apart would all fall into the same few cache lines. */
#define BUFFER_STRIDE (DATAGRAM_MAX + 192U)
#define CONTROL_MAX CMSG_SPACE(sizeof(struct in6_pktinfo))

/* The client that an answer goes to, and the address of ours that was asked. */
struct peer {
	struct sockaddr_storage name;
	socklen_t name_len;
	size_t control_len; /* 0: the socket's own address */
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
};

/* Datagrams read together, or sent together. */
struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct peer peers[BATCH];
	uint8_t *buffers; /* BATCH of BUFFER_STRIDE */
};

/* True for a socket whose datagrams come with the address that was asked. */
bool batch_is_told_address(int fd);

enum err batch_init(struct batch *b) MUST_CHECK;
void batch_fini(struct batch *b);

static inline uint8_t *batch_buffer(const struct batch *b, size_t i)
{
	return b->buffers + i * BUFFER_STRIDE;
}

/* Reads up to BATCH datagrams; 0 when there are none.  msgs[i].msg_len is the length of each. */
size_t batch_receive(struct batch *b, int fd, bool wildcard);

/* Makes message `i` the answer of `len` octets in its buffer, to the peer in peers[i]. */
void batch_set_answer(struct batch *b, size_t i, size_t len);

/* Moves message `i` to place `to` (not behind it): answers stand together when they are sent. */
void batch_move(struct batch *b, size_t to, size_t i);

/* Makes message `i` ready to receive again.  batch_send does so for those it sent. */
void batch_reset(struct batch *b, size_t i);

/* Sends the `count` messages from `first` on.  Returns how many could not be sent.  Where the
 * socket's buffer is full, that is waited for once, for 5 ms: it may be full of answers to forged
 * addresses, which leave it in seconds, and there are other queries to be read. */
size_t batch_send(struct batch *b, int fd, size_t first, size_t count);

#endif
