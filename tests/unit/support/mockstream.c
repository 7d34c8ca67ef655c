/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/mockstream.h"

#define SMALL_BUFFER 2048

static void conn_close(struct mockstream_conn *conn)
{
	if (conn->fd < 0)
		return;
	event_free(conn->event);
	SSL_free(conn->ssl);
	close(conn->fd);
	conn->ssl = NULL;
	conn->fd = -1;
}

static void take_queries(struct mockstream_conn *conn, size_t number)
{
	struct mockstream *ns = conn->ns;
	const uint8_t *msg;
	size_t len;

	while (frame_take(&conn->in, &msg, &len) == FRAME_WHOLE) {
		struct mockstream_query *q = &ns->queries[ns->query_count];

		assert_true(ns->query_count < MOCKSTREAM_QUERIES_MAX && len <= sizeof(q->msg));
		q->conn = number;
		q->len = len;
		memcpy(q->msg, msg, len);
		ns->query_count++;
		if (ns->answers)
			mockstream_answer(ns, ns->query_count - 1);
	}
}

/* As recv(): -1 with EAGAIN when it would block, 0 at the end. */
static ssize_t receive(struct mockstream_conn *conn, uint8_t *to, size_t room)
{
	int n;

	if (!conn->ssl)
		return recv(conn->fd, to, room, 0);
	ERR_clear_error();
	n = SSL_read(conn->ssl, to, (int)room);
	errno = n < 0 && SSL_get_error(conn->ssl, n) == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
	return n;
}

static bool shake_hands(struct mockstream_conn *conn)
{
	int rc;

	ERR_clear_error();
	rc = SSL_accept(conn->ssl);
	conn->shaken = rc == 1;
	if (conn->shaken)
		conn->ns->resumed += (size_t)SSL_session_reused(conn->ssl);
	return conn->shaken || SSL_get_error(conn->ssl, rc) == SSL_ERROR_WANT_READ;
}

static size_t number_of(const struct mockstream_conn *conn)
{
	size_t i = 0;

	while (conn->ns->conns[i] != conn)
		i++;
	return i;
}

static void serve(struct mockstream_conn *conn)
{
	bool came = false;
	size_t room;
	ssize_t n;

	if (conn->ssl && !conn->shaken && !shake_hands(conn)) {
		conn_close(conn);
		return;
	}
	if (conn->ssl && !conn->shaken)
		return;
	do {
		uint8_t *to = frame_room(&conn->in, &room);

		n = receive(conn, to, room);
		if (n <= 0)
			break;
		came = true;
		frame_added(&conn->in, (size_t)n);
		take_queries(conn, number_of(conn));
	} while (conn->ssl && conn->fd >= 0 && SSL_has_pending(conn->ssl));
	conn->reads += came;
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		conn->ended = true;
		conn_close(conn);
	}
}

static void on_conn(evutil_socket_t fd, short what, void *arg)
{
	struct mockstream_conn *conn = arg;
	struct mockstream *ns = conn->ns;

	if (ns->shield)
		ns->shield(true);
	serve(conn);
	if (ns->shield)
		ns->shield(false);
}

static void accept_one(struct mockstream *ns)
{
	struct mockstream_conn *conn;
	int conn_fd = accept4(ns->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (conn_fd < 0)
		return;
	assert_true(ns->accepted < MOCKSTREAM_CONNS_MAX);
	conn = calloc(1, sizeof(*conn));
	assert_non_null(conn);
	conn->ns = ns;
	conn->fd = conn_fd;
	frame_init(&conn->in, conn->octets, sizeof(conn->octets));
	if (ns->ctx) {
		conn->ssl = SSL_new(ns->ctx);
		assert_non_null(conn->ssl);
		SSL_set_read_ahead(conn->ssl, 1);
		assert_int_equal(SSL_set_fd(conn->ssl, conn_fd), 1);
	}
	conn->event = event_new(ns->base, conn_fd, EV_READ | EV_PERSIST, on_conn, conn);
	assert_non_null(conn->event);
	ns->conns[ns->accepted++] = conn;
	if (!ns->deaf)
		mockstream_listen(ns, ns->accepted - 1);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct mockstream *ns = arg;

	if (ns->shield)
		ns->shield(true);
	accept_one(ns);
	if (ns->shield)
		ns->shield(false);
}

/* ---- what the test does */

void mockstream_listen(struct mockstream *ns, size_t conn)
{
	assert_int_equal(event_add(ns->conns[conn]->event, NULL), 0);
}

void mockstream_send(struct mockstream *ns, size_t conn, const void *octets, size_t len)
{
	struct mockstream_conn *c = ns->conns[conn];

	assert_true(c->fd >= 0);
	if (c->ssl)
		assert_int_equal(SSL_write(c->ssl, octets, (int)len), len);
	else
		assert_int_equal(send(c->fd, octets, len, MSG_NOSIGNAL), len);
}

void mockstream_answer(struct mockstream *ns, size_t query)
{
	const struct mockstream_query *q = &ns->queries[query];
	uint8_t frame[FRAME_PREFIX + DNSMSG_MAX];
	struct dnsmsg m;

	assert_true(query < ns->query_count);
	dnsmsg_reply(&m, q->msg, q->len, 0);
	dnsmsg_add_a(&m, 1, 60);
	wire_put16(frame, (uint16_t)m.len);
	memcpy(frame + FRAME_PREFIX, m.octets, m.len);
	mockstream_send(ns, q->conn, frame, FRAME_PREFIX + m.len);
}

void mockstream_drop(struct mockstream *ns, size_t conn, bool reset)
{
	static const struct linger cut_off = {.l_onoff = 1};
	struct mockstream_conn *c = ns->conns[conn];

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &cut_off, sizeof(cut_off));
	conn_close(c);
}

bool mockstream_unplug(struct mockstream *ns, size_t conn)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &drop};
	int rc = setsockopt(ns->conns[conn]->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			    sizeof(program));

	assert_true(rc == 0 || errno == EPERM);
	return rc == 0;
}

size_t mockstream_connections(const struct mockstream *ns)
{
	size_t count = 0;

	for (size_t i = 0; i < ns->accepted; i++)
		count += ns->conns[i]->fd >= 0;
	return count;
}

/* ---- opened and closed */

void mockstream_open(struct mockstream *ns, struct event_base *base, SSL_CTX *ctx)
{
	struct endpoint any = loopback_endpoint(1, 0);
	int size = SMALL_BUFFER;

	memset(ns, 0, sizeof(*ns));
	ns->base = base;
	ns->ctx = ctx;
	ns->answers = true;
	ns->fd = loopback_bind(&any, SOCK_STREAM, false);
	assert_true(ns->fd >= 0);
	ns->address = loopback_bound(ns->fd);
	setsockopt(ns->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* soon full, when deaf */
	assert_int_equal(listen(ns->fd, 64), 0);
	ns->event = event_new(base, ns->fd, EV_READ | EV_PERSIST, on_acceptable, ns);
	assert_non_null(ns->event);
	assert_int_equal(event_add(ns->event, NULL), 0);
}

void mockstream_refuse(struct mockstream *ns)
{
	if (ns->fd < 0)
		return;
	event_free(ns->event);
	close(ns->fd);
	ns->fd = -1;
}

void mockstream_forget(struct mockstream *ns)
{
	for (size_t i = 0; i < ns->accepted; i++) {
		conn_close(ns->conns[i]);
		free(ns->conns[i]);
	}
	ns->accepted = 0;
	ns->query_count = 0;
}

void mockstream_close(struct mockstream *ns)
{
	mockstream_refuse(ns);
	mockstream_forget(ns);
}
