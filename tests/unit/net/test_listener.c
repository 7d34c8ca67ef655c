/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets listened on, and what keeps others from being shared by mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listener.h"
#include "support/alloc_fail.h"
#include "support/await.h"
#include "support/loopback.h"

#define WORKERS 3U
#define SENDERS 96U
#define TEXT_MARK "untouched"
#define DRAWS_MAX 50U /* of ports that are free */

static int type_of(int fd)
{
	socklen_t len = sizeof(int);
	int type = 0;

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	return type;
}

static int option_of(int fd, int level, int option)
{
	socklen_t len = sizeof(int);
	int value = 0;

	assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
	return value;
}

static void expect_socket(int fd, int type, const struct endpoint *endpoint)
{
	struct endpoint bound = loopback_bound(fd);

	assert_true(endpoint_equal(&bound, endpoint));
	assert_int_equal(type_of(fd), type);
	assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 1);
	assert_int_equal(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN), type == SOCK_STREAM);
}

/* Each worker has one socket of UDP and one of TCP for each address. */
static void test_bound(void **state)
{
	struct endpoint e[2] = {loopback_endpoint(1, 0), loopback_endpoint(2, 0)};
	size_t files = loopback_open_files();
	struct listeners l;
	struct err_text text;

	for (size_t i = 0; i < 2; i++)
		e[i].u.in.sin_port = htons(loopback_free_port());
	assert_int_equal(listeners_open(e, 2, WORKERS, NULL, &l, &text), ERR_OK);
	assert_int_equal(l.workers, WORKERS);
	assert_int_equal(l.addresses, 2);
	for (size_t i = 0; i < WORKERS * 2; i++) {
		expect_socket(l.udp[i], SOCK_DGRAM, &e[i % 2]);
		expect_socket(l.tcp[i], SOCK_STREAM, &e[i % 2]);
		assert_int_equal(option_of(l.udp[i], IPPROTO_IP, IP_PKTINFO), 0);
	}
	assert_int_equal(loopback_open_files(), files + (size_t)WORKERS * 2 * 2);
	listeners_close(&l);
	assert_int_equal(loopback_open_files(), files);
	listeners_close(&l); /* nothing is left, and that is fine */
}

/* What a worker has taken over is not closed. */
static void test_taken_over(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	struct listeners l;
	struct err_text text;
	int udp;

	assert_int_equal(listeners_open(&e, 1, 2, NULL, &l, &text), ERR_OK);
	udp = l.udp[1];
	l.udp[1] = -1;
	listeners_close(&l);
	assert_int_equal(close(udp), 0);
}

static struct endpoint wildcard(sa_family_t family, uint16_t port)
{
	struct endpoint e = {.u.sa.sa_family = family};

	e.len = family == AF_INET ? sizeof(e.u.in) : sizeof(e.u.in6);
	if (family == AF_INET)
		e.u.in.sin_port = htons(port);
	else
		e.u.in6.sin6_port = htons(port);
	return e;
}

/* Opens on all addresses.  A port that is free on one may be taken on another: draw again. */
static enum err open_wildcards(size_t count, struct listeners *ret_listeners)
{
	enum err err = ERR_SYS;

	for (int i = 0; i < 20 && err == ERR_SYS; i++) {
		uint16_t port = loopback_free_port();
		struct endpoint e[2] = {wildcard(AF_INET, port), wildcard(AF_INET6, port)};

		err = listeners_open(e, count, 1, NULL, ret_listeners, NULL);
	}
	return err;
}

/* A wildcard socket tells which address was asked; that of IPv6 leaves IPv4 to the other. */
static void test_wildcard(void **state)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	size_t count = fd < 0 ? 1 : 2; /* without IPv6 the first alone */
	struct listeners l;

	if (fd >= 0)
		close(fd);
	assert_int_equal(open_wildcards(count, &l), ERR_OK);
	assert_int_equal(option_of(l.udp[0], IPPROTO_IP, IP_PKTINFO), 1);
	if (count == 2) {
		assert_int_equal(option_of(l.udp[1], IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
		assert_int_equal(option_of(l.udp[1], IPPROTO_IPV6, IPV6_V6ONLY), 1);
	}
	listeners_close(&l);
}

/* Refused, with the address in the text, nothing left open, and nothing given.  False: it was
 * refused for another of the addresses, which somebody has taken in the meantime. */
static bool is_refused(const struct endpoint *endpoints, size_t count, size_t which,
		       const char *why)
{
	struct listeners l = {.workers = 77};
	size_t files = loopback_open_files();
	struct err_text text = {TEXT_MARK};
	char name[ADDR_TEXT_MAX];

	endpoint_text(&endpoints[which], name, sizeof(name));
	assert_int_equal(listeners_open(endpoints, count, 2, NULL, &l, &text), ERR_SYS);
	assert_int_equal(l.workers, 77);
	assert_int_equal(loopback_open_files(), files);
	if (!strstr(text.text, name)) {
		assert_true(count > 1);
		return false;
	}
	assert_non_null(strstr(text.text, why));
	return true;
}

static void expect_refused(const struct endpoint *endpoints, size_t count, size_t which,
			   const char *why)
{
	assert_true(is_refused(endpoints, count, which, why));
}

struct in_use {
	int type;
	bool shared;
	uint8_t other; /* who has the port is at 127.0.0.`other`; 0: at all addresses */
};

/* False: somebody else has one of the ports. */
static bool is_in_use(const struct in_use *row)
{
	struct endpoint e[2] = {loopback_endpoint(2, loopback_free_port()),
				loopback_endpoint(1, loopback_free_port())};
	struct endpoint other = e[1];
	const char *why = row->type == SOCK_DGRAM ? "(UDP): Address already in use"
						  : "(TCP): Address already in use";
	bool refused;
	int fd;

	if (row->other == 0)
		other.u.in.sin_addr.s_addr = htonl(INADDR_ANY);
	fd = loopback_bind(&other, row->type, row->shared);
	if (fd < 0)
		return false;
	if (row->type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	refused = is_refused(e, 2, 1, why);
	close(fd);
	return refused;
}

/* Whoever has the port already keeps it for himself, even if he would share it. */
static void test_in_use(void **state)
{
	static const struct in_use rows[] = {
		{SOCK_DGRAM, false, 1}, {SOCK_DGRAM, true, 1},	{SOCK_STREAM, false, 1},
		{SOCK_STREAM, true, 1}, {SOCK_DGRAM, false, 0}, {SOCK_DGRAM, true, 0},
		{SOCK_STREAM, true, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int draws = 0;

		while (!is_in_use(&rows[i]))
			assert_true(++draws < DRAWS_MAX);
	}
}

/* Another of our own kind holds the port: both UDP and TCP, shared by its workers. */
static void test_second_instance(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	struct listeners first;
	struct err_text text;

	assert_int_equal(listeners_open(&e, 1, 2, NULL, &first, &text), ERR_OK);
	expect_refused(&e, 1, 0, "Address already in use");
	listeners_close(&first);
	assert_int_equal(listeners_open(&e, 1, 2, NULL, &first, &text), ERR_OK);
	listeners_close(&first);
}

/* It may come later; a test of the whole daemon has it come. */
static void test_not_there(void **state)
{
	struct endpoint e[2] = {loopback_endpoint(1, loopback_free_port()),
				loopback_endpoint(1, loopback_free_port())};
	struct listeners l;
	struct err_text text;

	e[1].u.in.sin_addr.s_addr = htonl(0xc0000201U); /* 192.0.2.1, for documentation */
	assert_int_equal(listeners_open(e, 2, 1, NULL, &l, &text), ERR_OK);
	assert_int_equal(l.addresses, 2);
	expect_refused(&e[1], 1, 0, "Address already in use");
	listeners_close(&l);
}

/* A connection that the one before has closed does not keep the port. */
static void test_after_connections(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct listeners l;
	struct err_text text;
	int server;

	assert_true(client >= 0);
	assert_int_equal(listeners_open(&e, 1, 1, NULL, &l, &text), ERR_OK);
	assert_int_equal(connect(client, &e.u.sa, e.len), 0);
	AWAIT((server = accept(l.tcp[0], NULL, NULL)) >= 0, await_nap());
	close(server); /* the side that closes first has the TIME-WAIT */
	close(client);
	listeners_close(&l);
	assert_int_equal(listeners_open(&e, 1, 1, NULL, &l, &text), ERR_OK);
	listeners_close(&l);
}

static size_t drain_socket(int fd)
{
	size_t count = 0;
	uint8_t octet;

	while (recv(fd, &octet, 1, MSG_DONTWAIT) >= 0)
		count++;
	return count;
}

/* The kernel shares clients out among the workers, and none is lost. */
static void test_shared(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	size_t got[WORKERS] = {0};
	struct listeners l;
	struct err_text text;

	assert_int_equal(listeners_open(&e, 1, WORKERS, NULL, &l, &text), ERR_OK);
	for (size_t i = 0; i < SENDERS; i++) {
		int fd = loopback_udp_client(&e);

		assert_int_equal(send(fd, "x", 1, 0), 1);
		close(fd);
	}
	AWAIT(got[0] + got[1] + got[2] == SENDERS, {
		await_nap();
		for (size_t i = 0; i < WORKERS; i++)
			got[i] += drain_socket(l.udp[i]);
	});
	for (size_t i = 0; i < WORKERS; i++)
		assert_true(got[i] > 0);
	listeners_close(&l);
}

static void test_without_memory(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	size_t files = loopback_open_files();
	struct listeners l;
	struct err_text text;
	enum err err = ERR_NOMEM;

	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		assert_true(nth < 20);
		assert_int_equal(loopback_open_files(), files);
		alloc_fail_start(nth, false);
		err = listeners_open(&e, 1, 2, NULL, &l, &text);
		assert_int_equal(alloc_fail_stop(), err != ERR_OK);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	listeners_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_wildcard),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_second_instance),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_after_connections),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
