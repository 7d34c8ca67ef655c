/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/exchange.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define HEADER_OCTETS 12U
#define UDP_SENDS 2
#define UDP_WAIT_MS 1500U    /* after each */
#define STREAM_WAIT_MS 5000U /* in all */
#define LOOK_MS 100U	     /* how often it is looked whether the daemon ends */

/* A socket, and how long there is patience with it. */
struct line {
	int fd;
	SSL *ssl; /* NULL: not over TLS */
	const atomic_bool *ending;
	uint64_t end_ms;
};

/* Until the socket is ready for `events`. */
static enum err wait_for(const struct line *line, short events)
{
	struct pollfd ready = {.fd = line->fd, .events = events};

	for (;;) {
		uint64_t now_ms = clock_ms();
		uint64_t left_ms = line->end_ms > now_ms ? line->end_ms - now_ms : 0;
		int count;

		if (*line->ending)
			return ERR_CANCELLED;
		if (left_ms == 0)
			return ERR_SYS;
		count = poll(&ready, 1, (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS));
		if (count > 0)
			return ERR_OK;
		if (count < 0 && errno != EINTR)
			return ERR_SYS;
	}
}

/* What anybody could send, but who was asked. */
static bool is_reply(const uint8_t *query, size_t query_len, const uint8_t *reply, size_t len)
{
	size_t question = HEADER_OCTETS;

	while (question < query_len && query[question] != 0)
		question += query[question] + 1U;
	question += 1 + 4; /* the root, the type and the class */
	return question <= query_len && len >= question && memcmp(query, reply, 2) == 0 &&
	       (reply[2] & 0x80) && reply[4] == 0 && reply[5] == 1 &&
	       memcmp(query + HEADER_OCTETS, reply + HEADER_OCTETS, question - HEADER_OCTETS) == 0;
}

static enum err open_line(const struct exchange_server *server, int type, struct line *line)
{
	const struct endpoint *to = &server->address;

	line->fd = socket(to->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (line->fd < 0)
		return ERR_SYS;
	if (connect(line->fd, &to->u.sa, to->len) != 0 && errno != EINPROGRESS)
		return ERR_SYS;
	return ERR_OK;
}

static void close_line(struct line *line)
{
	SSL_free(line->ssl);
	if (line->fd >= 0)
		close(line->fd);
}

/* ---- UDP */

/* The next datagram that is a reply. */
static enum err receive(const struct line *line, const uint8_t *query, size_t query_len,
			uint8_t *reply, size_t *ret_len)
{
	for (;;) {
		enum err err = wait_for(line, POLLIN);
		ssize_t got;

		if (err != ERR_OK)
			return err;
		got = recv(line->fd, reply, EXCHANGE_OCTETS_MAX, 0);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_SYS;
		if (got > 0 && is_reply(query, query_len, reply, (size_t)got)) {
			*ret_len = (size_t)got;
			return ERR_OK;
		}
	}
}

static enum err over_udp(const struct exchange_server *server, const uint8_t *query,
			 size_t query_len, const atomic_bool *ending, uint8_t *reply,
			 size_t *ret_len)
{
	struct line line = {.fd = -1, .ending = ending};
	enum err err = open_line(server, SOCK_DGRAM, &line);
	bool again = err == ERR_OK;

	for (int i = 0; i < UDP_SENDS && again; i++) {
		line.end_ms = clock_ms() + UDP_WAIT_MS;
		err = send(line.fd, query, query_len, 0) < 0
			      ? ERR_SYS
			      : receive(&line, query, query_len, reply, ret_len);
		again = err == ERR_SYS;
	}
	close_line(&line);
	return err;
}

/* ---- TCP and TLS */

/* For what the call that returned `rc` has to wait; 0: it has failed. */
static short wanted(const struct line *line, int rc, short events)
{
	int reason;

	if (!line->ssl)
		return rc < 0 && (errno == EAGAIN || errno == EINTR) ? events : 0;
	reason = SSL_get_error(line->ssl, rc);
	if (reason == SSL_ERROR_WANT_READ)
		return POLLIN;
	return reason == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

static int move_once(const struct line *line, bool writes, uint8_t *buf, size_t len)
{
	if (line->ssl) {
		ERR_clear_error();
		return writes ? SSL_write(line->ssl, buf, (int)len)
			      : SSL_read(line->ssl, buf, (int)len);
	}
	return (int)(writes ? send(line->fd, buf, len, MSG_NOSIGNAL) : recv(line->fd, buf, len, 0));
}

/* All of `buf`, to the server or from it. */
static enum err move(const struct line *line, bool writes, uint8_t *buf, size_t len)
{
	enum err err = ERR_OK;

	while (len > 0 && err == ERR_OK) {
		int done = move_once(line, writes, buf, len);
		short events;

		if (done > 0) {
			buf += done;
			len -= (size_t)done;
			continue;
		}
		events = wanted(line, done, writes ? POLLOUT : POLLIN);
		err = events ? wait_for(line, events) : ERR_SYS;
	}
	return err;
}

static enum err connected(const struct line *line)
{
	enum err err = wait_for(line, POLLOUT);
	int reason = 0;
	socklen_t len = sizeof(reason);

	if (err != ERR_OK)
		return err;
	if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &reason, &len) != 0 || reason != 0)
		return ERR_SYS;
	return ERR_OK;
}

static enum err shake_hands(struct line *line, struct tls_peer *peer)
{
	enum err err = ERR_OK;

	line->ssl = tls_peer_ssl(peer);
	if (!line->ssl || SSL_set_fd(line->ssl, line->fd) != 1)
		return ERR_NOMEM;
	while (err == ERR_OK) {
		int rc;
		short events;

		ERR_clear_error();
		rc = SSL_connect(line->ssl);
		if (rc == 1)
			return ERR_OK;
		events = wanted(line, rc, 0);
		err = events ? wait_for(line, events) : ERR_SYS;
	}
	return err;
}

/* A message with its length before it (RFC 1035, 4.2.2). */
static enum err talk(const struct line *line, const uint8_t *query, size_t query_len,
		     uint8_t *reply, size_t *ret_len)
{
	uint8_t framed[2 + 512];
	size_t len = 0;
	enum err err;

	if (query_len > sizeof(framed) - 2)
		return ERR_RANGE;
	framed[0] = (uint8_t)(query_len >> 8);
	framed[1] = (uint8_t)query_len;
	memcpy(framed + 2, query, query_len);
	err = move(line, true, framed, query_len + 2);
	if (err == ERR_OK)
		err = move(line, false, framed, 2);
	if (err == ERR_OK) {
		len = (size_t)framed[0] << 8 | framed[1];
		err = move(line, false, reply, len);
	}
	if (err == ERR_OK && !is_reply(query, query_len, reply, len))
		err = ERR_SYS;
	if (err == ERR_OK)
		*ret_len = len;
	return err;
}

static enum err over_stream(const struct exchange_server *server, const uint8_t *query,
			    size_t query_len, const atomic_bool *ending, uint8_t *reply,
			    size_t *ret_len)
{
	struct line line = {.fd = -1, .ending = ending, .end_ms = clock_ms() + STREAM_WAIT_MS};
	enum err err = open_line(server, SOCK_STREAM, &line);

	if (err == ERR_OK)
		err = connected(&line);
	if (err == ERR_OK && server->tls)
		err = shake_hands(&line, server->tls);
	if (err == ERR_OK)
		err = talk(&line, query, query_len, reply, ret_len);
	close_line(&line);
	return err;
}

enum err exchange(const struct exchange_server *server, const uint8_t *query, size_t query_len,
		  const atomic_bool *ending, uint8_t ret_reply[EXCHANGE_OCTETS_MAX],
		  size_t *ret_len)
{
	enum err err;

	if (server->tls || server->tcp)
		return over_stream(server, query, query_len, ending, ret_reply, ret_len);
	err = over_udp(server, query, query_len, ending, ret_reply, ret_len);
	if (err == ERR_OK && (ret_reply[2] & 0x02)) /* TC */
		err = over_stream(server, query, query_len, ending, ret_reply, ret_len);
	return err;
}
