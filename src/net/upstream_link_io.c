/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The octets of a connection, over TCP or TLS.
 *
 * OpenSSL writes by write(), which raises SIGPIPE when the peer has closed; a worker has all
 * signals blocked.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/upstream_link_p.h"

/* What was sent and is not acknowledged after so long was sent to nobody: the server is gone, or
 * something on the way forgot the connection.  There is still time to ask again over another. */
#define UNACKNOWLEDGED_MS 1000

/* ---- opened and closed */

enum err uplink_connect(struct uplink *link, const struct server *server)
{
	static const int on = 1;

	link->fd = socket(server->address.u.sa.sa_family,
			  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return ERR_SYS;
	setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (server->transport == SERVER_TLS) {
		link->ssl = tls_peer_ssl(server->tls);
		if (!link->ssl || SSL_set_fd(link->ssl, link->fd) != 1)
			return ERR_NOMEM;
	}
	if (connect(link->fd, &server->address.u.sa, server->address.len) != 0 &&
	    errno != EINPROGRESS)
		return ERR_SYS;
	return ERR_OK;
}

void uplink_hang_up(struct uplink *link)
{
	static const int all = SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN;

	if (link->ssl) {
		if (link->state == UPLINK_OPEN && !link->broken)
			SSL_shutdown(link->ssl);
		else
			SSL_set_shutdown(link->ssl, all); /* else its session is thrown away */
		SSL_free(link->ssl);
		ERR_clear_error();
	}
	if (link->fd >= 0)
		close(link->fd);
	link->ssl = NULL;
	link->fd = -1;
}

/* ---- between the socket and the buffers */

static enum uplink_io socket_outcome(struct uplink *link, enum uplink_io wait)
{
	if (errno == EAGAIN || errno == EINTR)
		return wait;
	link->broken = true;
	return UPLINK_IO_CLOSED;
}

/* Of an operation of OpenSSL that returned `rc`. */
static enum uplink_io tls_outcome(struct uplink *link, int rc)
{
	switch (SSL_get_error(link->ssl, rc)) {
	case SSL_ERROR_NONE:
		return UPLINK_IO_DONE;
	case SSL_ERROR_WANT_READ:
		return UPLINK_IO_READABLE;
	case SSL_ERROR_WANT_WRITE:
		return UPLINK_IO_WRITABLE;
	case SSL_ERROR_ZERO_RETURN:
		return UPLINK_IO_CLOSED;
	default:
		link->broken = true;
		return UPLINK_IO_CLOSED;
	}
}

static enum uplink_io finish_connect(struct uplink *link, struct err_text *ret_why)
{
	static const int unacknowledged_ms = UNACKNOWLEDGED_MS;
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		err_set(ret_why, ERR_SYS, "%s", strerror(error));
		return UPLINK_IO_CLOSED;
	}
	setsockopt(link->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
		   sizeof(unacknowledged_ms));
	link->state = link->ssl ? UPLINK_SHAKING : UPLINK_OPEN;
	return UPLINK_IO_DONE;
}

static enum uplink_io shake_hands(struct uplink *link, struct err_text *ret_why)
{
	enum uplink_io io;

	ERR_clear_error();
	errno = 0;
	io = tls_outcome(link, SSL_connect(link->ssl));
	if (io == UPLINK_IO_DONE)
		link->state = UPLINK_OPEN;
	else if (io == UPLINK_IO_CLOSED)
		tls_failure(link->ssl, ret_why);
	return io;
}

enum uplink_io uplink_go_on(struct uplink *link, struct err_text *ret_why)
{
	enum uplink_io io = UPLINK_IO_DONE;

	if (link->state == UPLINK_CONNECTING)
		io = finish_connect(link, ret_why);
	if (link->state == UPLINK_SHAKING)
		io = shake_hands(link, ret_why);
	return io;
}

enum uplink_io uplink_read(struct uplink *link)
{
	size_t room;
	uint8_t *to = frame_room(&link->in, &room);
	size_t got = 0;
	ssize_t n;

	if (link->ssl) {
		ERR_clear_error();
		if (SSL_read_ex(link->ssl, to, room, &got) != 1)
			return tls_outcome(link, 0);
	} else {
		n = recv(link->fd, to, room, 0);
		if (n < 0)
			return socket_outcome(link, UPLINK_IO_READABLE);
		if (n == 0)
			return UPLINK_IO_CLOSED;
		got = (size_t)n;
	}
	frame_added(&link->in, got);
	return UPLINK_IO_DONE;
}

bool uplink_read_ahead(const struct uplink *link)
{
	return link->ssl && SSL_has_pending(link->ssl);
}

static enum uplink_io write_once(struct uplink *link, size_t *ret_written)
{
	const uint8_t *from = link->buffers->out + link->out_begin;
	size_t len = link->out_end - link->out_begin;
	ssize_t n;

	if (link->ssl) {
		ERR_clear_error();
		return tls_outcome(link, SSL_write_ex(link->ssl, from, len, ret_written));
	}
	n = send(link->fd, from, len, MSG_NOSIGNAL);
	if (n < 0)
		return socket_outcome(link, UPLINK_IO_WRITABLE);
	*ret_written = (size_t)n;
	return UPLINK_IO_DONE;
}

enum uplink_io uplink_write(struct uplink *link)
{
	enum uplink_io io = UPLINK_IO_DONE;
	size_t written = 0;

	while (io == UPLINK_IO_DONE && link->out_begin < link->out_end) {
		io = write_once(link, &written);
		if (io == UPLINK_IO_DONE)
			link->out_begin += written;
	}
	return io;
}
