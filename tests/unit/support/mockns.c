/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/edns.h"
#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/mockns.h"

#define FRAME_PREFIX_LEN 2U
#define TTL_S 60U
#define RECEIVE_BUFFER (1 << 20)
#define LAST_PIECES 4U

/* A TCP client. */
struct mockns_conn {
	struct mockns *ns;
	struct mockns_conn *next;
	struct event *event;
	int fd;
	size_t len;
	uint8_t buf[FRAME_PREFIX_LEN + MOCKNS_QUERY_MAX];
	struct event *piece_timer;
	size_t unsent; /* of `frame`, at its end */
	size_t frame_len;
	uint8_t frame[FRAME_PREFIX_LEN + DNSMSG_MAX];
};

/* ---- replies */

static void make_cname(const struct mockns *ns, struct dnsmsg *m)
{
	dnsmsg_add_cname(m, ns->target, TTL_S);
	dnsmsg_add_a(m, ns->mark, TTL_S);
}

static void make_servfail(const struct mockns *ns, struct dnsmsg *m)
{
	wire_put16(m->octets + 2, (uint16_t)(wire_get16(m->octets + 2) | RCODE_SERVFAIL));
	if (ns->ede)
		dnsmsg_add_ede(m, MOCKNS_EDE, ns->ede);
}

/* With the cookie of the query and the server's part behind it; nothing when there is none. */
static void add_cookie(const struct mockns *ns, const uint8_t *query, size_t len, uint16_t rcode,
		       struct dnsmsg *m)
{
	uint8_t cookie[EDNS_COOKIE_CLIENT + MOCKNS_COOKIE_LEN];
	uint8_t cookie_len;
	const uint8_t *asked = dnsmsg_cookie(query, len, &cookie_len);

	if (!asked)
		return;
	memcpy(cookie, asked, EDNS_COOKIE_CLIENT);
	memcpy(cookie + EDNS_COOKIE_CLIENT, ns->cookie, MOCKNS_COOKIE_LEN);
	dnsmsg_add_cookie(m, rcode, cookie, sizeof(cookie));
}

/* True when the query has the server's part of the cookie. */
static bool knows_cookie(const struct mockns *ns, const uint8_t *query, size_t len)
{
	uint8_t cookie_len;
	const uint8_t *cookie = dnsmsg_cookie(query, len, &cookie_len);

	return cookie && cookie_len == EDNS_COOKIE_CLIENT + MOCKNS_COOKIE_LEN &&
	       memcmp(cookie + EDNS_COOKIE_CLIENT, ns->cookie, MOCKNS_COOKIE_LEN) == 0;
}

/* False: it is one of those that answer, or none of these. */
static bool make_cookie_error(const struct mockns *ns, enum mockns_deed deed, const uint8_t *query,
			      size_t len, struct dnsmsg *m)
{
	uint8_t cookie_len;

	if (!dnsmsg_cookie(query, len, &cookie_len))
		return false;
	if (deed == MOCKNS_BADCOOKIE_EVER ||
	    (deed == MOCKNS_BADCOOKIE && !knows_cookie(ns, query, len))) {
		add_cookie(ns, query, len, RCODE_BADCOOKIE, m);
		return true;
	}
	if (deed != MOCKNS_NO_COOKIES)
		return false;
	m->octets[3] |= RCODE_FORMERR;
	dnsmsg_add_ede(m, MOCKNS_EDE, "cookie");
	return true;
}

static void lower_question(struct dnsmsg *m)
{
	for (size_t i = WIRE_HEADER; i < m->len; i++)
		if (m->octets[i] >= 'A' && m->octets[i] <= 'Z')
			m->octets[i] = (uint8_t)(m->octets[i] - 'A' + 'a');
}

static void make_reply(const struct mockns *ns, enum mockns_deed deed, const uint8_t *query,
		       size_t len, struct dnsmsg *m)
{
	dnsmsg_reply(m, query, len, 0);
	if (deed == MOCKNS_LOWER)
		lower_question(m);
	if (make_cookie_error(ns, deed, query, len, m))
		return;
	switch (deed) {
	case MOCKNS_SERVFAIL:
		make_servfail(ns, m);
		return;
	case MOCKNS_REFUSED:
		m->octets[3] |= RCODE_REFUSED;
		return;
	case MOCKNS_NO_EDNS:
		if (wire_get16(query + 10) == 0)
			break;
		m->octets[3] |= RCODE_FORMERR;
		return;
	case MOCKNS_FORMERR_BARE:
		if (wire_get16(query + 10) == 0)
			break;
		m->octets[3] |= RCODE_FORMERR;
		wire_put16(m->octets + 4, 0);
		m->len = WIRE_HEADER;
		return;
	case MOCKNS_BARE_SERVFAIL:
		m->octets[3] |= RCODE_SERVFAIL;
		wire_put16(m->octets + 4, 0);
		m->len = WIRE_HEADER;
		return;
	case MOCKNS_FORMERR:
		m->octets[3] |= RCODE_FORMERR;
		return;
	case MOCKNS_FORMERR_EDNS:
		m->octets[3] |= RCODE_FORMERR;
		dnsmsg_add_ede(m, MOCKNS_EDE, "wrong");
		return;
	case MOCKNS_TRUNCATED_FORMERR:
		m->octets[3] |= RCODE_FORMERR;
		m->octets[2] |= FLAG_TC >> 8;
		return;
	case MOCKNS_TRUNCATED:
		m->octets[2] |= FLAG_TC >> 8;
		return;
	case MOCKNS_CNAME:
		make_cname(ns, m);
		return;
	default:
		break;
	}
	dnsmsg_add_a(m, ns->mark, TTL_S);
	if (deed == MOCKNS_COOKIE || deed == MOCKNS_COOKIE_CHANGED || deed == MOCKNS_BADCOOKIE)
		add_cookie(ns, query, len, RCODE_NOERROR, m);
	if (deed == MOCKNS_COOKIE_CHANGED)
		m->octets[m->len - MOCKNS_COOKIE_LEN - 1] ^= 0x01;
	if (deed == MOCKNS_WRONG_ID)
		m->octets[0] ^= 0x55;
	if (deed == MOCKNS_WRONG_NAME)
		m->octets[WIRE_HEADER + 1] ^= 0x01;
	if (deed == MOCKNS_QUERY)
		m->octets[2] &= (uint8_t) ~(FLAG_QR >> 8);
	if (deed == MOCKNS_MALFORMED)
		m->len -= 3;
}

/* ---- UDP */

static void do_with(struct mockns *ns, const struct mockns_query *q, enum mockns_deed deed)
{
	struct dnsmsg m;

	if (deed == MOCKNS_SILENCE || ns->udp_fd < 0)
		return;
	make_reply(ns, deed, q->msg, q->len, &m);
	assert_int_equal(sendto(ns->udp_fd, m.octets, m.len, 0, &q->from.u.sa, q->from.len), m.len);
}

void mockns_do(struct mockns *ns, size_t query, enum mockns_deed deed)
{
	assert_true(query < ns->udp_count);
	do_with(ns, &ns->queries[query], deed);
}

static bool is_probe(const struct mockns_query *q)
{
	return q->len > WIRE_HEADER && q->msg[WIRE_HEADER] == 0;
}

static bool is_ignored(const struct mockns *ns, const struct mockns_query *q)
{
	return ns->silent_to && (q->msg[WIRE_HEADER + 1] | 0x20) == ns->silent_to;
}

static void do_now(struct mockns *ns, const struct mockns_query *q)
{
	if (is_probe(q) && ns->answers_probes)
		do_with(ns, q, MOCKNS_REFUSED);
	else if (!is_ignored(ns, q))
		do_with(ns, q, ns->udp);
}

static void on_delayed(evutil_socket_t fd, short what, void *arg)
{
	struct mockns_query *q = arg;

	do_now(q->ns, q);
}

/* The place of what came; probes, of which there may be many, have one. */
static struct mockns_query *keep(struct mockns *ns, const struct mockns_query *came)
{
	struct mockns_query *q = is_probe(came) ? &ns->probe : &ns->queries[ns->udp_count];

	assert_true(ns->udp_count < MOCKNS_QUERIES_MAX);
	ns->probe_count += is_probe(came);
	ns->udp_count += !is_probe(came);
	*q = *came;
	return q;
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct mockns *ns = arg;
	struct mockns_query came = {.ns = ns, .from.len = sizeof(came.from.u)};
	struct mockns_query *q;
	struct timeval delay = {.tv_sec = ns->delay_ms / 1000,
				.tv_usec = (suseconds_t)(ns->delay_ms % 1000) * 1000};
	ssize_t n = recvfrom(fd, came.msg, sizeof(came.msg), 0, &came.from.u.sa, &came.from.len);

	if (n < 0)
		return;
	came.len = (size_t)n;
	q = keep(ns, &came);
	if (ns->delay_ms == 0)
		do_now(ns, q);
	else
		assert_int_equal(event_base_once(ns->base, -1, EV_TIMEOUT, on_delayed, q, &delay),
				 0);
}

uint16_t mockns_source_port(const struct mockns *ns, size_t query)
{
	return loopback_port(&ns->queries[query].from);
}

uint16_t mockns_id(const struct mockns *ns, size_t query)
{
	return wire_get16(ns->queries[query].msg);
}

const uint8_t *mockns_cookie(const struct mockns_query *query, uint8_t *ret_len)
{
	return dnsmsg_cookie(query->msg, query->len, ret_len);
}

/* ---- TCP */

static void conn_free(struct mockns_conn *conn)
{
	struct mockns_conn **at = &conn->ns->conns;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	event_free(conn->event);
	event_free(conn->piece_timer);
	close(conn->fd);
	free(conn);
}

static void send_octets(const struct mockns_conn *conn, const uint8_t *octets, size_t len)
{
	/* the other side may have closed by now, which is as well */
	if (send(conn->fd, octets, len, MSG_NOSIGNAL) < 0)
		return;
}

/* The first octet, then all but the last few, then one at a time: each in an event of its own. */
static void on_piece(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {.tv_usec = 1000};
	struct mockns_conn *conn = arg;
	size_t sent = conn->frame_len - conn->unsent;
	size_t octets = sent == 1 ? conn->unsent - LAST_PIECES : 1;

	send_octets(conn, conn->frame + sent, octets);
	conn->unsent -= octets;
	if (conn->unsent > 0)
		assert_int_equal(event_add(conn->piece_timer, &soon), 0);
}

/* Does what is to be done with a whole query; false when the connection is to be closed. */
static bool do_tcp(struct mockns_conn *conn, const uint8_t *query, size_t len)
{
	struct mockns *ns = conn->ns;
	struct dnsmsg m;

	if (ns->tcp == MOCKNS_CLOSE || ns->tcp == MOCKNS_SILENCE)
		return ns->tcp == MOCKNS_SILENCE;
	make_reply(ns, ns->tcp, query, len, &m);
	if (ns->tcp == MOCKNS_SHORT)
		m.len = 3;
	wire_put16(conn->frame, (uint16_t)m.len);
	memcpy(conn->frame + FRAME_PREFIX_LEN, m.octets, m.len);
	conn->frame_len = FRAME_PREFIX_LEN + m.len;
	if (ns->tcp == MOCKNS_CUT)
		conn->frame_len /= 2;
	conn->unsent = conn->frame_len;
	if (ns->tcp == MOCKNS_IN_PIECES)
		on_piece(-1, EV_TIMEOUT, conn);
	else
		send_octets(conn, conn->frame, conn->frame_len);
	return ns->tcp != MOCKNS_CUT;
}

static void on_conn(evutil_socket_t fd, short what, void *arg)
{
	struct mockns_conn *conn = arg;
	ssize_t n = recv(fd, conn->buf + conn->len, sizeof(conn->buf) - conn->len, 0);

	if (n <= 0) {
		conn_free(conn);
		return;
	}
	conn->len += (size_t)n;
	while (conn->len >= FRAME_PREFIX_LEN) {
		size_t len = FRAME_PREFIX_LEN + wire_get16(conn->buf);

		if (conn->len < len)
			return;
		conn->ns->tcp_count++;
		conn->ns->tcp_last.len = len - FRAME_PREFIX_LEN;
		memcpy(conn->ns->tcp_last.msg, conn->buf + FRAME_PREFIX_LEN,
		       len - FRAME_PREFIX_LEN);
		if (!do_tcp(conn, conn->buf + FRAME_PREFIX_LEN, len - FRAME_PREFIX_LEN)) {
			conn_free(conn);
			return;
		}
		conn->len -= len;
		memmove(conn->buf, conn->buf + len, conn->len);
	}
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct mockns *ns = arg;
	struct mockns_conn *conn;
	int conn_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (conn_fd < 0)
		return;
	conn = calloc(1, sizeof(*conn));
	assert_non_null(conn);
	ns->accepted++;
	conn->ns = ns;
	conn->fd = conn_fd;
	conn->next = ns->conns;
	ns->conns = conn;
	conn->event = event_new(ns->base, conn_fd, EV_READ | EV_PERSIST, on_conn, conn);
	conn->piece_timer = evtimer_new(ns->base, on_piece, conn);
	assert_true(conn->event && conn->piece_timer);
	assert_int_equal(event_add(conn->event, NULL), 0);
}

size_t mockns_connections(const struct mockns *ns)
{
	size_t count = 0;

	for (const struct mockns_conn *conn = ns->conns; conn; conn = conn->next)
		count++;
	return count;
}

/* ---- opened and closed */

static struct event *watch(struct mockns *ns, int fd, event_callback_fn fn)
{
	struct event *event = event_new(ns->base, fd, EV_READ | EV_PERSIST, fn, ns);

	assert_non_null(event);
	assert_int_equal(event_add(event, NULL), 0);
	return event;
}

void mockns_open(struct mockns *ns, struct event_base *base, uint8_t mark, enum mockns_deed deed)
{
	int size = RECEIVE_BUFFER;

	memset(ns, 0, sizeof(*ns));
	ns->base = base;
	ns->mark = mark;
	ns->udp = deed;
	ns->tcp = MOCKNS_ANSWER;
	ns->queries = calloc(MOCKNS_QUERIES_MAX, sizeof(*ns->queries));
	assert_non_null(ns->queries);
	ns->address = loopback_bind_pair(&ns->udp_fd, &ns->tcp_fd);
	setsockopt(ns->udp_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(listen(ns->tcp_fd, 64), 0);
	ns->udp_event = watch(ns, ns->udp_fd, on_udp);
	ns->tcp_event = watch(ns, ns->tcp_fd, on_acceptable);
}

void mockns_close_udp(struct mockns *ns)
{
	if (ns->udp_fd < 0)
		return;
	event_free(ns->udp_event);
	close(ns->udp_fd);
	ns->udp_fd = -1;
}

void mockns_close_tcp(struct mockns *ns)
{
	if (ns->tcp_fd < 0)
		return;
	event_free(ns->tcp_event);
	close(ns->tcp_fd);
	ns->tcp_fd = -1;
}

void mockns_close(struct mockns *ns)
{
	mockns_close_udp(ns);
	mockns_close_tcp(ns);
	while (ns->conns)
		conn_free(ns->conns);
	free(ns->queries);
	ns->queries = NULL;
}
