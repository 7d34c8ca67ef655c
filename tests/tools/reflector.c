/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor of a UDP server: receive a batch, touch two bits, send it back. What a query costs
 * here is what the kernel asks; a resolver is measured by what it adds.
 *
 * With --answer the same loop is an upstream that answers every A question with one address, so
 * that forwarding is measured with an upstream that is cheap, and as cheap for every server.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"

enum {
	BATCH = 64,
	SOCKET_BUFFER = 4 * 1024 * 1024,
};

struct options {
	bool answers;
	bool help;
	struct answer answer;
	const char *listen_address;
	const char *port;
};

struct batch {
	struct mmsghdr in[BATCH];
	struct mmsghdr out[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage peer[BATCH];
	uint8_t packet[BATCH][PACKET_MAX];
};

static const char usage_text[] =
	"usage: reflector [options] ADDRESS PORT\n"
	"  sends every UDP packet back with QR and RA set; prints 'ready' once bound\n"
	"  -a, --answer           answer A questions with one record, all others with none\n"
	"  -A, --address IPV4     the address to answer with (198.51.100.1)\n"
	"  -n, --further COUNT    so many records more, of the addresses behind it (0, at most "
	"15)\n"
	"  -t, --ttl SECONDS      its TTL (300)\n"
	"  -h, --help\n";

/* A response (QR set) is never answered: two reflectors could otherwise keep each other busy. */
static size_t make_reply(uint8_t *packet, size_t len, const struct options *opt)
{
	if (len < HEADER_LEN || (packet[2] & 0x80) != 0)
		return 0;
	if (opt->answers)
		return answer_query(packet, len, &opt->answer);
	packet[2] |= 0x80;
	packet[3] |= 0x80;
	return len;
}

static void batch_init(struct batch *batch)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct msghdr *header = &batch->in[i].msg_hdr;

		memset(header, 0, sizeof *header);
		batch->iov[i].iov_base = batch->packet[i];
		header->msg_name = &batch->peer[i];
		header->msg_iov = &batch->iov[i];
		header->msg_iovlen = 1;
	}
}

static int receive(int fd, struct batch *batch)
{
	for (size_t i = 0; i < BATCH; i++) {
		batch->iov[i].iov_len = PACKET_MAX;
		batch->in[i].msg_hdr.msg_namelen = sizeof batch->peer[i];
	}
	return recvmmsg(fd, batch->in, BATCH, MSG_WAITFORONE, NULL);
}

static void send_all(int fd, struct mmsghdr *messages, unsigned count)
{
	unsigned done = 0;

	while (done < count) {
		int sent = sendmmsg(fd, messages + done, count - done, 0);

		done += sent > 0 ? (unsigned)sent : 1; /* what cannot be sent is dropped */
	}
}

static int serve(int fd, const struct options *opt, struct batch *batch)
{
	for (;;) {
		int received = receive(fd, batch);
		unsigned replies = 0;

		if (received < 0 && errno != EINTR && errno != ECONNREFUSED)
			return EXIT_FAILURE;
		for (int i = 0; i < received; i++) {
			size_t len = make_reply(batch->packet[i], batch->in[i].msg_len, opt);

			if (len == 0)
				continue;
			batch->iov[i].iov_len = len;
			batch->out[replies++] = batch->in[i];
		}
		send_all(fd, batch->out, replies);
	}
}

static bool parse_address(const struct options *opt, struct sockaddr_storage *ret_address,
			  socklen_t *ret_len)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	unsigned long port = strtoul(opt->port, NULL, 10);

	if (port == 0 || port > UINT16_MAX)
		return false;
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, opt->listen_address, &v4.sin_addr) == 1) {
		memcpy(ret_address, &v4, sizeof v4);
		*ret_len = sizeof v4;
		return true;
	}
	if (inet_pton(AF_INET6, opt->listen_address, &v6.sin6_addr) == 1) {
		memcpy(ret_address, &v6, sizeof v6);
		*ret_len = sizeof v6;
		return true;
	}
	return false;
}

static int open_socket(const struct sockaddr_storage *address, socklen_t len)
{
	int on = 1;
	int size = SOCKET_BUFFER;
	int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0 ||
	    bind(fd, (const struct sockaddr *)address, len) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool parse_options(int argc, char **argv, struct options *ret_opt)
{
	static const struct option table[] = {
		{"answer", no_argument, NULL, 'a'},
		{"address", required_argument, NULL, 'A'},
		{"further", required_argument, NULL, 'n'},
		{"ttl", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "aA:n:t:h", table, NULL)) != -1) {
		if (letter == 'a')
			ret_opt->answers = true;
		else if (letter == 't')
			ret_opt->answer.ttl_s = (uint32_t)strtoul(optarg, NULL, 10);
		else if (letter == 'n')
			ret_opt->answer.further = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 'h')
			ret_opt->help = true;
		else if (letter != 'A' || inet_pton(AF_INET, optarg, &ret_opt->answer.address) != 1)
			return false;
	}
	if (ret_opt->help)
		return true;
	if (argc - optind != 2 || ret_opt->answer.further >= ANSWERS_MAX)
		return false;
	ret_opt->listen_address = argv[optind];
	ret_opt->port = argv[optind + 1];
	return true;
}

int main(int argc, char **argv)
{
	struct options opt = {.answer = {.ttl_s = 300, .address.s_addr = htonl(0xc6336401)}};
	struct sockaddr_storage address = {0};
	socklen_t address_len = 0;

	bool valid = parse_options(argc, argv, &opt);

	if (opt.help) {
		fputs(usage_text, stdout);
		return EXIT_SUCCESS;
	}
	if (!valid || !parse_address(&opt, &address, &address_len)) {
		fputs(usage_text, stderr);
		return EXIT_FAILURE;
	}
	struct batch *batch = calloc(1, sizeof *batch);
	int fd = open_socket(&address, address_len);

	if (batch == NULL || fd < 0) {
		fprintf(stderr, "reflector: %s port %s: %s\n", opt.listen_address, opt.port,
			strerror(errno));
		free(batch);
		return EXIT_FAILURE;
	}
	batch_init(batch);
	puts("ready");
	fflush(stdout);
	int status = serve(fd, &opt, batch);

	close(fd);
	free(batch);
	return status;
}
