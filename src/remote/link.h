/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a server: what link.c, which opens, chooses and ends connections,
 * link_queue.c, which has the questions at one, and link_io.c, which knows of octets, have in
 * common.
 */
#ifndef REMOTE_LINK_H
#define REMOTE_LINK_H

#include "dns/frame.h"
#include "remote/remote.h"

/* Octets not written: room for what is asked together, so that it leaves by one system call. */
#define UPLINK_OUT_MAX 16384U
#define UPLINK_BUCKETS 64U /* a power of two */
#define UPLINK_IDS 65536U
#define UPLINK_LATE_MAX 1024U /* one that owes more is not asked */

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
	TAILQ_ENTRY(uplink) ready; /* while `is_ready`: the socket can be read */
	struct uplinks *links;
	struct server *server;
	SSL *ssl; /* NULL: TCP */
	int fd;	  /* -1: closed */
	enum uplink_state state;
	bool broken; /* beyond saying goodbye */
	bool is_ready;
	uint32_t reads; /* of the octets that have come since */
	struct event readable;
	struct event writable; /* made active, too, when there is something to send */
	struct event timer;    /* by then the link is to be open or, once open, used or heard of */
	bool watched;	       /* the timer is about its being heard of */
	bool answered;	       /* something that was asked, at some time */
	uint64_t used_ms;      /* when its last question ended */
	uint64_t heard_ms; /* when a message came last, a good part of one, or the first question
			      owed was asked */
	size_t part;	   /* octets that have come since */
	uint32_t load;	   /* attempts listed */
	uint32_t owed;	   /* answers, of all that was sent */
	uint32_t late;	   /* those that nobody waits for any more, by their IDs: */
	uint64_t late_ids[UPLINK_IDS / 64];
	struct attempt_list unsent;
	struct attempt_list sent[UPLINK_BUCKETS]; /* by ID */
	struct uplink_buffers *buffers;
	struct frame_window in; /* in buffers->in */
	size_t out_begin;	/* in buffers->out: the octets not written */
	size_t out_end;
};

/* ---- link_queue.c: the questions at a link */

/* A server that owes answers and says nothing for so long may be deaf on this connection: what
 * waits there is asked over another as well, while there is time for it. */
#define UPLINK_SILENT_MS 1500
#define UPLINK_WATCH_MS 500 /* between two looks at a connection that is in use */

/* Cannot fail but for the first time: the loop keeps the timer's place. */
bool uplink_arm(struct uplink *link, uint64_t ms);
/* Lists `a`: it is written at the end of this turn of the loop, or once the link is open. */
void uplink_put(struct uplink *link, struct attempt *a);
/* Any attempt that is listed; NULL: there is none. */
struct attempt *uplink_any(const struct uplink *link);
bool uplink_is_silent(const struct uplink *link);
/* Notes that the server was heard of. */
void uplink_heard(struct uplink *link);
/* Writes the listed questions, as far as the socket takes it.  False: the connection is over. */
bool uplink_flush(struct uplink *link);
/* The attempt that a message answers, which is copied to upstreams->message; or what it is
 * instead.  RECEIVED_END: the server makes no sense. */
enum received uplink_take(struct uplink *link, const uint8_t *msg, size_t len,
			  struct attempt **ret_a);

/* ---- link_io.c: its octets */

/* How far an operation got. */
enum uplink_io {
	UPLINK_IO_DONE,
	UPLINK_IO_READABLE, /* the work goes on when the socket is readable */
	UPLINK_IO_WRITABLE, /* or writable */
	UPLINK_IO_CLOSED,   /* never: the peer has closed the connection, or it is broken */
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
/* Writes the octets in the buffer. */
enum uplink_io uplink_write(struct uplink *link) MUST_CHECK;
/* Closes the socket. */
void uplink_hang_up(struct uplink *link);

#endif
