/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An upstream over TLS that is cheap, and as cheap for every server: it answers every A question
 * with one address.  What came together is answered together, in one record and by one write.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"

enum {
	PREFIX = 2,
	IN_MAX = PREFIX + 65535,
	OUT_MAX = 16384, /* of one record */
	EVENTS = 64,
	BACKLOG = 256,
};

struct conn {
	int fd;
	SSL *ssl;
	size_t held;
	uint8_t in[IN_MAX];
	size_t filled;
	uint8_t out[OUT_MAX];
};

static const struct answer answer_given = {.ttl_s = 86400, .address.s_addr = 0x016433c6};

static const char usage_text[] =
	"usage: tlsreflector ADDRESS PORT CERTIFICATE KEY\n"
	"  answers A questions over TLS with 198.51.100.1, all others with nothing;\n"
	"  prints 'ready' once bound\n";

static void conn_close(struct conn *conn)
{
	SSL_free(conn->ssl);
	close(conn->fd);
	free(conn);
}

/* A full socket ends the connection: who asks is meant to read. */
static bool flush(struct conn *conn)
{
	int len = (int)conn->filled;

	conn->filled = 0;
	return len == 0 || SSL_write(conn->ssl, conn->out, len) == len;
}

/* Answers the whole messages that are held; false when one is none. */
static bool answer_held(struct conn *conn)
{
	size_t at = 0;

	while (conn->held - at >= PREFIX) {
		size_t len = get16(conn->in + at);
		uint8_t *packet = conn->out + conn->filled + PREFIX;

		if (conn->held - at - PREFIX < len)
			break;
		if (len < HEADER_LEN || len > PACKET_MAX - ANSWER_LEN - OPT_LEN)
			return false;
		if (OUT_MAX - conn->filled < PREFIX + PACKET_MAX) {
			if (!flush(conn))
				return false;
			continue;
		}
		memcpy(packet, conn->in + at + PREFIX, len);
		at += PREFIX + len;
		len = answer_query(packet, len, &answer_given);
		put16(packet - PREFIX, (unsigned)len);
		conn->filled += len ? PREFIX + len : 0;
	}
	conn->held -= at;
	memmove(conn->in, conn->in + at, conn->held);
	return true;
}

/* False: it is over. */
static bool serve(struct conn *conn)
{
	do {
		int n = SSL_read(conn->ssl, conn->in + conn->held, (int)(IN_MAX - conn->held));

		if (n <= 0)
			return SSL_get_error(conn->ssl, n) == SSL_ERROR_WANT_READ && flush(conn);
		conn->held += (size_t)n;
		if (!answer_held(conn))
			return false;
	} while (SSL_has_pending(conn->ssl));
	return flush(conn);
}

static void accept_one(int epoll, int listener, SSL_CTX *ctx)
{
	int on = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *conn = fd < 0 ? NULL : calloc(1, sizeof *conn);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};

	if (conn == NULL)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	conn->fd = fd;
	conn->ssl = SSL_new(ctx);
	if (conn->ssl == NULL || SSL_set_fd(conn->ssl, fd) != 1 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		conn_close(conn);
		return;
	}
	SSL_set_accept_state(conn->ssl);
}

static int run(int listener, SSL_CTX *ctx)
{
	struct epoll_event events[EVENTS];
	struct epoll_event listening = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0)
		return EXIT_FAILURE;
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct conn *conn = events[i].data.ptr;

			ERR_clear_error();
			if (conn == NULL)
				accept_one(epoll, listener, ctx);
			else if (!serve(conn))
				conn_close(conn);
		}
	}
}

static int open_listener(const char *address, const char *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &in.sin_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (const struct sockaddr *)&in, sizeof in) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int listener;

	if (argc != 5) {
		fputs(usage_text, stderr);
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, argv[3]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, argv[4], SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "tlsreflector: cannot use %s and %s\n", argv[3], argv[4]);
		return EXIT_FAILURE;
	}
	SSL_CTX_set_read_ahead(ctx, 1);
	listener = open_listener(argv[1], argv[2]);
	if (listener < 0) {
		fprintf(stderr, "tlsreflector: %s port %s: %s\n", argv[1], argv[2],
			strerror(errno));
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	return run(listener, ctx);
}
