/* SPDX-License-Identifier: BSD-2-Clause */
/* A name server that does what the test wants, on a free port of 127.0.0.1, UDP and TCP. */
#ifndef SUPPORT_MOCKNS_H
#define SUPPORT_MOCKNS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define MOCKNS_QUERIES_MAX 2048U
#define MOCKNS_QUERY_MAX 512U
#define MOCKNS_EDE 9U /* the code of its EDE: DNSKEY missing */

/* What is done with a query. */
enum mockns_deed {
	MOCKNS_ANSWER, /* 192.0.2.`mark`, TTL 60 */
	MOCKNS_SILENCE,
	MOCKNS_SERVFAIL, /* with an EDE, if `ede` is not NULL */
	MOCKNS_REFUSED,
	MOCKNS_NO_EDNS,	      /* FORMERR without an OPT when the query has one, else the answer */
	MOCKNS_FORMERR,	      /* always, without an OPT */
	MOCKNS_FORMERR_EDNS,  /* always, with one */
	MOCKNS_FORMERR_BARE,  /* a header alone when the query has an OPT, else the answer */
	MOCKNS_BARE_SERVFAIL, /* a header alone */
	MOCKNS_WRONG_ID,
	MOCKNS_WRONG_NAME,
	MOCKNS_QUERY,	  /* its own query comes back: not a response */
	MOCKNS_MALFORMED, /* a record is cut off */
	MOCKNS_TRUNCATED, /* empty, with TC */
	MOCKNS_CNAME,	  /* to the name `target`, and its address */
	MOCKNS_TRUNCATED_FORMERR,
	MOCKNS_LOWER,	       /* the answer, its question in lower case */
	MOCKNS_COOKIE,	       /* the answer, with the query's cookie and `cookie` behind it */
	MOCKNS_COOKIE_CHANGED, /* the same, but the client's part is another */
	MOCKNS_BADCOOKIE,      /* that, with the cookie, unless the query has it */
	MOCKNS_BADCOOKIE_EVER, /* that, with the cookie */
	MOCKNS_NO_COOKIES, /* FORMERR with an OPT when the query has a cookie, else the answer */
	/* over TCP alone */
	MOCKNS_CLOSE,	  /* at once */
	MOCKNS_CUT,	  /* after half of the answer's frame */
	MOCKNS_SHORT,	  /* a frame too short for a header */
	MOCKNS_IN_PIECES, /* the answer, but its last octets come one by one */
};

/* A query that came over UDP. */
struct mockns_query {
	struct mockns *ns;
	struct endpoint from;
	size_t len;
	uint8_t msg[MOCKNS_QUERY_MAX];
};

#define MOCKNS_COOKIE_LEN 16U

struct mockns_conn;

struct mockns {
	struct event_base *base;
	struct endpoint address;
	enum mockns_deed udp;
	enum mockns_deed tcp;
	uint8_t mark;
	const char *ede;
	const char *target;
	uint8_t cookie[MOCKNS_COOKIE_LEN]; /* the server's part */
	unsigned int delay_ms;		   /* before it does what it does over UDP */
	char silent_to;	     /* names that begin with it are not answered; 0: there are none */
	bool answers_probes; /* for the root's NS, whatever it does with other questions */
	int udp_fd;	     /* -1: closed, what is sent there is refused */
	int tcp_fd;
	struct event *udp_event;
	struct event *tcp_event;
	struct mockns_conn *conns;
	size_t accepted;    /* TCP connections */
	size_t tcp_count;   /* queries that came over TCP */
	size_t udp_count;   /* queries that came over UDP, in `queries`, but for those: */
	size_t probe_count; /* for the root's NS */
	struct mockns_query *queries;
	struct mockns_query probe;
	struct mockns_query tcp_last;
};

/* `deed` is what it does over UDP; over TCP it answers. */
void mockns_open(struct mockns *ns, struct event_base *base, uint8_t mark, enum mockns_deed deed);

/* May be called again; the counts stay. */
void mockns_close(struct mockns *ns);

void mockns_close_udp(struct mockns *ns);
void mockns_close_tcp(struct mockns *ns);

/* Does `deed` with a query that came over UDP, now. */
void mockns_do(struct mockns *ns, size_t query, enum mockns_deed deed);

/* TCP connections that are open on its side. */
size_t mockns_connections(const struct mockns *ns);

/* The port that a query came from, and its ID. */
uint16_t mockns_source_port(const struct mockns *ns, size_t query);
uint16_t mockns_id(const struct mockns *ns, size_t query);

/* The cookie in a query: its octets and, in `ret_len`, their number; NULL: none. */
const uint8_t *mockns_cookie(const struct mockns_query *query, uint8_t *ret_len);

#endif
