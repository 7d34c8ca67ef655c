/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The octets of a connection, over TCP or TLS.
 *
 * Over TLS each message is a record of its own, since there are servers that read one message a
 * record and leave the rest until more comes (NSD 4.6 does).  The records are gathered in a buffer
 * between OpenSSL and the socket, and written together.
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

#include "remote/link.h"

/* What was sent and is not acknowledged after so long was sent to nobody: the server is gone, or
 * something on the way forgot the connection.  There is still time to ask again over another. */
#define UNACKNOWLEDGED_MS 1000

/* Room for all that one write takes, as records. */
#define GATHERED_MAX (UPLINK_OUT_MAX + 4096)

/* ---- opened and closed */

static bool tls_attach(struct uplink *link)
{
	BIO *sock = BIO_new_socket(link->fd, BIO_NOCLOSE);
	BIO *buffer = BIO_new(BIO_f_buffer());

	if (!sock || !buffer || BIO_set_write_buffer_size(buffer, GATHERED_MAX) != 1 ||
	    BIO_up_ref(sock) != 1) {
		BIO_free(sock);
		BIO_free(buffer);
		return false;
	}
	SSL_set0_rbio(link->ssl, sock);
	SSL_set0_wbio(link->ssl, BIO_push(buffer, sock));
	return true;
}

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
		if (!link->ssl || !tls_attach(link))
			return ERR_NOMEM;
	}
	if (connect(link->fd, &server->address.u.sa, server->address.len) != 0 &&
	    errno != EINPROGRESS)
		return ERR_SYS;
	return ERR_OK;
}

static void say_goodbye(SSL *ssl)
{
	SSL_shutdown(ssl);
	(void)BIO_flush(SSL_get_wbio(ssl));
}

void uplink_hang_up(struct uplink *link)
{
	static const int all = SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN;

	if (link->ssl) {
		if (link->state == UPLINK_OPEN && !link->broken)
			say_goodbye(link->ssl);
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

/* Writes some of the buffer to the socket. */
static enum uplink_io write_octets(struct uplink *link)
{
	ssize_t n = send(link->fd, link->buffers->out + link->out_begin,
			 link->out_end - link->out_begin, MSG_NOSIGNAL);

	if (n < 0)
		return socket_outcome(link, UPLINK_IO_WRITABLE);
	link->out_begin += (size_t)n;
	return UPLINK_IO_DONE;
}

/* Makes a record of the first message. */
static enum uplink_io write_record(struct uplink *link)
{
	const uint8_t *frame = link->buffers->out + link->out_begin;
	size_t written;
	int rc;

	ERR_clear_error();
	rc = SSL_write_ex(link->ssl, frame, FRAME_PREFIX + wire_get16(frame), &written);
	if (rc == 1)
		link->out_begin += written;
	return tls_outcome(link, rc);
}

/* Writes the records that were gathered. */
static enum uplink_io write_gathered(struct uplink *link)
{
	BIO *bio = SSL_get_wbio(link->ssl);

	if (BIO_flush(bio) == 1)
		return UPLINK_IO_DONE;
	if (BIO_should_retry(bio))
		return UPLINK_IO_WRITABLE;
	link->broken = true;
	return UPLINK_IO_CLOSED;
}

enum uplink_io uplink_write(struct uplink *link)
{
	enum uplink_io io = UPLINK_IO_DONE;

	while (io == UPLINK_IO_DONE && link->out_begin < link->out_end)
		io = link->ssl ? write_record(link) : write_octets(link);
	return io == UPLINK_IO_DONE && link->ssl ? write_gathered(link) : io;
}
