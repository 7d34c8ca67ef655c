/* SPDX-License-Identifier: BSD-2-Clause */
/* A name server over TCP or TLS on a free port of 127.0.0.1, which keeps what it is asked until the
 * test says what is to be done with it. */
#ifndef SUPPORT_MOCKSTREAM_H
#define SUPPORT_MOCKSTREAM_H

#include <event2/event.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "dns/frame.h"

#define MOCKSTREAM_QUERIES_MAX 1024U
#define MOCKSTREAM_QUERY_MAX 512U
#define MOCKSTREAM_CONNS_MAX 16U

struct mockstream;

/* A connection, by the order in which they came. */
struct mockstream_conn {
	struct mockstream *ns;
	SSL *ssl; /* NULL: TCP */
	int fd;	  /* -1: closed */
	bool shaken;
	bool ended;   /* the client said that it closes */
	size_t reads; /* how many times octets came */
	struct event *event;
	struct frame_window in;
	uint8_t octets[FRAME_MAX];
};

struct mockstream_query {
	size_t conn;
	size_t len;
	uint8_t msg[MOCKSTREAM_QUERY_MAX];
};

struct mockstream {
	struct event_base *base;
	struct endpoint address;
	SSL_CTX *ctx;		 /* the test's; NULL: TCP */
	bool answers;		 /* at once, as mockstream_answer does */
	bool deaf;		 /* to new connections: reads nothing of them */
	void (*shield)(bool on); /* around what it does itself; NULL: none */
	int fd;			 /* -1: closed, who connects is refused */
	struct event *event;
	size_t accepted;
	size_t resumed; /* TLS handshakes by an earlier session */
	struct mockstream_conn *conns[MOCKSTREAM_CONNS_MAX];
	size_t query_count;
	struct mockstream_query queries[MOCKSTREAM_QUERIES_MAX];
};

void mockstream_open(struct mockstream *ns, struct event_base *base, SSL_CTX *ctx);
/* Stops listening; connections stay. */
void mockstream_refuse(struct mockstream *ns);
/* Closes all connections, and forgets them and what came. */
void mockstream_forget(struct mockstream *ns);
/* All of it; may be called again. */
void mockstream_close(struct mockstream *ns);

/* Answers a query with the address 192.0.2.1. */
void mockstream_answer(struct mockstream *ns, size_t query);
/* Sends octets as they are. */
void mockstream_send(struct mockstream *ns, size_t conn, const void *octets, size_t len);
/* Closes a connection, with a reset if so. */
void mockstream_drop(struct mockstream *ns, size_t conn, bool reset);
/* Has all that comes from the client lost on its way.  False: later kernels let only root do so
 * with a TCP socket. */
bool mockstream_unplug(struct mockstream *ns, size_t conn);
/* Reads what was not, from now on. */
void mockstream_listen(struct mockstream *ns, size_t conn);

/* Connections that neither side has closed. */
size_t mockstream_connections(const struct mockstream *ns);

#endif
