/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that were bound by others, and how workers come by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/inherited.h"
#include "net/listener.h"
#include "support/loopback.h"

#define SOCKETS 5U

static int bound(const struct endpoint *e, int type)
{
	int fd = loopback_bind(e, type, true);

	assert_true(fd >= 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void add(struct inherited *inherited, int fd)
{
	assert_int_equal(inherited_add(inherited, fd), ERR_OK);
}

/* As many of each type as there are, the first first; what is of another address stays. */
static void test_take(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	struct endpoint other = loopback_endpoint(2, loopback_port(&e));
	struct inherited inherited = {.count = 0};
	int udp[2] = {bound(&e, SOCK_DGRAM), bound(&e, SOCK_DGRAM)};
	int tcp = bound(&e, SOCK_STREAM);

	add(&inherited, bound(&other, SOCK_DGRAM));
	add(&inherited, udp[0]);
	add(&inherited, tcp);
	add(&inherited, udp[1]);
	assert_int_equal(inherited_count(&inherited, &e, SOCK_DGRAM), 2);
	assert_int_equal(inherited_count(&inherited, &e, SOCK_STREAM), 1);
	assert_int_equal(inherited_take(&inherited, &e, SOCK_DGRAM), udp[0]);
	assert_int_equal(inherited_take(&inherited, &e, SOCK_DGRAM), udp[1]);
	assert_int_equal(inherited_take(&inherited, &e, SOCK_DGRAM), -1);
	assert_int_equal(inherited_take(&inherited, &e, SOCK_STREAM), tcp);
	assert_int_equal(inherited_count(&inherited, &other, SOCK_DGRAM), 1);
	close(udp[0]);
	close(udp[1]);
	close(tcp);
	inherited_fini(&inherited);
	assert_int_equal(inherited.count, 0);
}

/* What cannot be listened on: a socket that does not listen, a pipe, IPv6 that takes IPv4 as well.
 */
static void test_others_are_closed(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	struct endpoint any = {.u.in6 = {.sin6_family = AF_INET6, .sin6_port = e.u.in.sin_port},
			       .len = sizeof(any.u.in6)};
	const struct endpoint wanted[2] = {e, any};
	struct inherited inherited = {.count = 0};
	size_t files = loopback_open_files();
	int udp = bound(&e, SOCK_DGRAM);
	int dual = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int off = 0;
	int both[2];

	add(&inherited, loopback_bind(&e, SOCK_STREAM, true));
	assert_int_equal(pipe(both), 0);
	add(&inherited, both[0]);
	add(&inherited, udp);
	add(&inherited, both[1]);
	if (dual >= 0) {
		setsockopt(dual, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
		setsockopt(dual, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		if (bind(dual, &any.u.sa, any.len) != 0)
			any.len = 0;
		add(&inherited, dual);
	}
	assert_int_equal(inherited_close_others(&inherited, wanted, 2), dual >= 0 ? 4 : 3);
	assert_int_equal(loopback_open_files(), files + 1);
	assert_int_equal(inherited.count, 1);
	assert_int_equal(inherited.fds[0], udp);
	inherited_fini(&inherited);
	assert_int_equal(loopback_open_files(), files);
}

/* However many workers there are, none of the sockets is left over, and each worker has one. */
static void test_adopted(void **state)
{
	for (size_t workers = 1; workers <= SOCKETS + 2; workers++) {
		struct endpoint e = loopback_endpoint(1, loopback_free_port());
		struct inherited inherited = {.count = 0};
		size_t columns = (SOCKETS + workers - 1) / workers;
		size_t wanted = workers > SOCKETS ? workers : SOCKETS;
		struct err_text text;
		struct listeners l;
		size_t found = 0;

		for (size_t i = 0; i < SOCKETS; i++) {
			add(&inherited, bound(&e, SOCK_DGRAM));
			add(&inherited, bound(&e, SOCK_STREAM));
		}
		assert_int_equal(listeners_open(&e, 1, workers, &inherited, &l, &text), ERR_OK);
		assert_int_equal(inherited.count, 0);
		assert_int_equal(l.columns, columns);
		for (size_t i = 0; i < workers * columns; i++) {
			assert_int_equal(l.udp[i] >= 0, l.tcp[i] >= 0);
			found += l.udp[i] >= 0;
			assert_true(i % columns != 0 || l.udp[i] >= 0);
		}
		assert_int_equal(found, wanted);
		listeners_close(&l);
		inherited_fini(&inherited);
	}
}

/* One that is exclusively bound is shared by the workers. */
static void test_shared_where_no_other_can_be_bound(void **state)
{
	struct endpoint e = loopback_endpoint(1, loopback_free_port());
	struct inherited inherited = {.count = 0};
	struct err_text text;
	struct listeners l;
	int client = loopback_udp_client(&e);
	uint8_t octet;

	add(&inherited, loopback_bind(&e, SOCK_DGRAM, false));
	assert_int_equal(listeners_open(&e, 1, 3, &inherited, &l, &text), ERR_OK);
	assert_int_equal(send(client, "x", 1, 0), 1);
	assert_int_equal(recv(l.udp[2], &octet, 1, 0), 1);
	assert_true(l.tcp[0] >= 0 && l.tcp[2] >= 0);
	close(client);
	listeners_close(&l);
	inherited_fini(&inherited);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_others_are_closed),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_shared_where_no_other_can_be_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
