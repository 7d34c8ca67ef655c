/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a server: what link.c, which knows of questions, and
 * link_io.c, which knows of octets, have in common.
 */
#ifndef UPSTREAM_LINK_H
#define UPSTREAM_LINK_H

#include "dns/frame.h"
#include "upstream/engine.h"

/* Octets not written: room for what is asked together, so that it leaves by one system call. */
#define UPLINK_OUT_MAX 16384U
#define UPLINK_BUCKETS 64U /* a power of two */

LIST_HEAD(attempt_list, attempt);

enum uplink_state {
	UPLINK_CONNECTING,
	UPLINK_SHAKING, /* hands, as TLS does */
	UPLINK_OPEN,
};

struct uplink_buffers {
	uint8_t in[FRAME_MAX];
	uint8_t out[UPLINK_OUT_MAX];
};

struct uplink {
	LIST_ENTRY(uplink) entry;
	struct uplinks *links;
	SSL *ssl; /* NULL: TCP */
	int fd;	  /* -1: closed */
	enum uplink_state state;
	bool broken; /* beyond saying goodbye */
	struct event readable;
	struct event writable; /* made active, too, when there is something to send */
	struct event timer;    /* to be open by then; once it is, to be used or heard of by then */
	bool watched;	       /* the timer is about its being heard of */
	bool answered;	       /* something that was asked, at some time */
	uint64_t used_ms;      /* when its last question ended */
	uint64_t heard_ms;     /* when octets came last, or what is owed first was asked */
	uint32_t load;	       /* attempts listed */
	uint32_t owed;	       /* answers, of all that was sent */
	struct attempt_list unsent;
	struct attempt_list sent[UPLINK_BUCKETS]; /* by ID */
	struct uplink_buffers *buffers;
	struct frame_window in; /* in buffers->in */
	size_t out_begin;	/* in buffers->out: what is not written */
	size_t out_end;
};

/* How far an operation got. */
enum uplink_io {
	UPLINK_IO_DONE,
	UPLINK_IO_READABLE, /* it goes on when the socket is readable */
	UPLINK_IO_WRITABLE, /* or writable */
	UPLINK_IO_CLOSED,   /* never: the peer has closed it, or it is broken */
};

/* Begins a connection to the server; it goes on when the socket is writable.  ERR_SYS with errno,
 * ERR_NOMEM; uplink_hang_up in any case. */
enum err uplink_connect(struct uplink *link, const struct server *server) MUST_CHECK;
/* Does what is left until the link is open, which its state tells.  CLOSED: `ret_why` says why. */
enum uplink_io uplink_go_on(struct uplink *link, struct err_text *ret_why) MUST_CHECK;
/* Reads once into the window. */
enum uplink_io uplink_read(struct uplink *link) MUST_CHECK;
/* True when octets may have been read that are not in the window yet: the socket tells nothing of
 * them. */
bool uplink_read_ahead(const struct uplink *link);
/* Writes what is in the buffer. */
enum uplink_io uplink_write(struct uplink *link) MUST_CHECK;
/* Closes the socket. */
void uplink_hang_up(struct uplink *link);

#endif
