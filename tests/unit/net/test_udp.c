/* SPDX-License-Identifier: BSD-2-Clause */
/* The UDP front end over real loopback sockets, with a scripted upstream in the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/udp.h"
#include "support/alloc_fail.h"
#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/mockns.h"
#include "support/rig.h"

#define WAITING 256U
#define PORTS 16U
#define SOCKETS_MAX 2U
#define SOCKET_BUFFER (4 << 20)
#define MANY 200U
#define FLOOD 1500U	  /* more than is read of one socket at a time, if its buffer has room */
#define OCTETS_EACH 2048U /* of a socket's buffer that a small datagram takes, at most */
#define CLIENTS 100U
#define JOINED 150U /* more than are sent together */
#define LONG_MS 60000
#define SMALL 512U

struct world {
	struct rig rig;
	struct mockns ns;
	struct upstreams *up;
	struct udp *udp;
	struct endpoint address[SOCKETS_MAX];
	int fd[SOCKETS_MAX];
};

struct answer_msg {
	struct endpoint from;
	size_t len;
	uint8_t octets[DNSMSG_MAX];
};

/* ---- the world */

static void widen(int fd)
{
	int size = SOCKET_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void open_socket(struct world *w, size_t i, const struct endpoint *endpoint)
{
	w->fd[i] = loopback_bind(endpoint, SOCK_DGRAM, false);
	assert_true(w->fd[i] >= 0);
	widen(w->fd[i]);
	w->address[i] = loopback_bound(w->fd[i]);
}

static void open_udp(struct world *w, size_t sockets, uint32_t in_flight, uint32_t waiting)
{
	assert_int_equal(upstreams_create(&w->rig.loop,
					  rig_pool(&(struct rig_pool){0}, &w->ns.address, 1), 1,
					  in_flight, PORTS, &w->up),
			 ERR_OK);
	assert_int_equal(udp_create(&w->rig.loop, w->up, w->fd, sockets, waiting, &w->udp), ERR_OK);
}

static int set_up_closed(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	rig_open(&w->rig);
	w->rig.snapshot->conf->outgoing.timeout_ms = LONG_MS;
	w->rig.snapshot->conf->outgoing.retransmit_ms = LONG_MS;
	w->rig.snapshot->conf->outgoing.waiters_per_question = CLIENTS + JOINED;
	mockns_open(&w->ns, w->rig.loop.base, 1, MOCKNS_ANSWER);
	*state = w;
	return 0;
}

static int set_up(void **state)
{
	struct endpoint any = loopback_endpoint(1, 0);
	struct world *w;

	set_up_closed(state);
	w = *state;
	open_socket(w, 0, &any);
	open_udp(w, 1, WAITING, WAITING);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	upstreams_free(w->up);
	udp_free(w->udp);
	mockns_close(&w->ns);
	rig_close(&w->rig);
	free(w);
	return 0;
}

/* How many datagrams the server's socket, and a client's, can hold; FLOOD at most. */
static uint16_t flood_of(const struct world *w)
{
	socklen_t len = sizeof(int);
	unsigned int fit;
	int size = 0;

	assert_int_equal(getsockopt(w->fd[0], SOL_SOCKET, SO_RCVBUF, &size, &len), 0);
	fit = (unsigned int)size / OCTETS_EACH;
	return (uint16_t)(fit < FLOOD ? fit : FLOOD);
}

/* ---- clients */

static int open_client(struct world *w)
{
	int fd = loopback_udp_client(&w->address[0]);

	widen(fd);
	return fd;
}

static void send_octets(int fd, const uint8_t *octets, size_t len)
{
	assert_int_equal(send(fd, octets, len, 0), len);
}

static void send_query(int fd, uint16_t id, const char *name)
{
	struct dnsmsg m;

	dnsmsg_query(&m, id, name, TYPE_A, DNSMSG_EDNS);
	send_octets(fd, m.octets, m.len);
}

/* An answer that has come by now. */
static bool take(int fd, struct answer_msg *a)
{
	ssize_t n;

	a->from.len = sizeof(a->from.u);
	n = recvfrom(fd, a->octets, sizeof(a->octets), MSG_DONTWAIT, &a->from.u.sa, &a->from.len);
	if (n < 0)
		return false;
	assert_true(n >= (ssize_t)WIRE_HEADER);
	assert_true(a->octets[2] & 0x80);
	a->len = (size_t)n;
	return true;
}

static void await_answer(struct world *w, int fd, struct answer_msg *a)
{
	RIG_AWAIT(&w->rig, take(fd, a));
}

static void expect(struct world *w, int fd, uint16_t id, unsigned int rcode)
{
	struct answer_msg a;

	await_answer(w, fd, &a);
	assert_int_equal(wire_get16(a.octets), id);
	assert_int_equal(dnsmsg_rcode(a.octets), rcode);
}

static void expect_address(struct world *w, int fd, uint16_t id)
{
	struct answer_msg a;

	await_answer(w, fd, &a);
	assert_int_equal(wire_get16(a.octets), id);
	assert_int_equal(dnsmsg_rcode(a.octets), RCODE_NOERROR);
	assert_int_equal(dnsmsg_first_a(a.octets, a.len), 1);
}

static void expect_nothing(struct world *w, int fd)
{
	struct answer_msg a;

	for (int i = 0; i < 5; i++)
		rig_turn(&w->rig);
	assert_false(take(fd, &a));
}

/* ---- batches */

static void test_batch(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);
	bool seen[MANY] = {false};

	for (uint16_t id = 0; id < MANY; id++)
		send_query(fd, id, "www.blocked.example");
	for (size_t i = 0; i < MANY; i++) {
		struct answer_msg a;
		uint16_t id;

		await_answer(w, fd, &a);
		id = wire_get16(a.octets);
		assert_true(id < MANY);
		assert_false(seen[id]);
		seen[id] = true;
		assert_int_equal(dnsmsg_rcode(a.octets), RCODE_NXDOMAIN);
		assert_memory_equal(a.octets + WIRE_HEADER, "\3www\7blocked\7example", 21);
	}
	expect_nothing(w, fd);
	assert_int_equal(RIG_STAT(&w->rig, queries_udp), MANY);
	assert_int_equal(RIG_STAT(&w->rig, send_errors), 0);
	close(fd);
}

/* More than one event's worth, and the loop comes back for the rest. */
static void test_flood(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);
	uint16_t flood = flood_of(w);
	size_t got = 0;
	struct answer_msg a;

	for (uint16_t i = 0; i < flood; i++)
		send_query(fd, i, "www.blocked.example");
	AWAIT(got == flood, {
		rig_turn(&w->rig);
		while (take(fd, &a))
			got++;
	});
	close(fd);
}

/* Finds an event that waits for the socket to be readable. */
static int find_watch(const struct event_base *base, const struct event *event, void *arg)
{
	const int *fd = arg;

	(void)base;
	return event_get_fd(event) == *fd && event_pending(event, EV_READ, NULL);
}

static bool is_watched(struct world *w)
{
	return event_base_foreach_event(w->rig.loop.base, find_watch, &w->fd[0]) != 0;
}

/* So many come together that the socket is busy; all are answered. */
static void keep_busy(struct world *w, int fd)
{
	for (uint16_t id = 0; id < MANY; id++)
		send_query(fd, id, "blocked.example");
	for (uint16_t id = 0; id < MANY; id++) {
		expect(w, fd, id, RCODE_NXDOMAIN);
		assert_false(is_watched(w));
	}
}

/* A busy socket is not watched but read from, and is watched again when it has gone quiet. */
static void test_busy_and_quiet(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);

	for (int round = 0; round < 3; round++) {
		assert_true(is_watched(w));
		keep_busy(w, fd);
		for (uint16_t id = 0; id < 8; id++) /* as many as keep it busy */
			send_query(fd, id, "blocked.example");
		for (uint16_t id = 0; id < 8; id++)
			expect(w, fd, id, RCODE_NXDOMAIN);
		assert_false(is_watched(w));
		RIG_AWAIT(&w->rig, is_watched(w));
		send_query(fd, 1, "blocked.example");
		expect(w, fd, 1, RCODE_NXDOMAIN);
	}
	assert_true(is_watched(w));
	close(fd);
}

/* It is read no more once it is drained, and closed, while it is busy. */
static void test_drain_busy(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);

	keep_busy(w, fd);
	udp_drain(w->udp);
	send_query(fd, 1, "blocked.example");
	expect_nothing(w, fd);
	close(fd);
}

/* Answered at once, answered later, not answered: side by side in one batch. */
static void test_mixed_batch(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);
	int seen[MANY];
	size_t expected = 0;

	memset(seen, -1, sizeof(seen));
	for (uint16_t id = 0; id < MANY; id++) {
		struct dnsmsg m;

		dnsmsg_query(&m, id, id % 5 == 0 ? "blocked.example" : "www.example", TYPE_A, 0);
		if (id % 5 == 1)
			m.octets[2] |= 0x80; /* a response: dropped */
		if (id % 5 == 2)
			m.len -= 3; /* cut off */
		if (id % 5 == 3)
			m.octets[2] = 4 << 3; /* NOTIFY */
		send_octets(fd, m.octets, m.len);
		expected += id % 5 != 1;
	}
	for (size_t i = 0; i < expected; i++) {
		struct answer_msg a;

		await_answer(w, fd, &a);
		assert_true(wire_get16(a.octets) < MANY);
		assert_int_equal(seen[wire_get16(a.octets)], -1);
		seen[wire_get16(a.octets)] = dnsmsg_rcode(a.octets);
	}
	for (size_t id = 0; id < MANY; id++) {
		static const int rcodes[] = {RCODE_NXDOMAIN, -1, RCODE_FORMERR, RCODE_NOTIMP,
					     RCODE_NOERROR};

		assert_int_equal(seen[id], rcodes[id % 5]);
	}
	expect_nothing(w, fd);
	assert_int_equal(RIG_STAT(&w->rig, dropped), MANY / 5);
	assert_int_equal(w->ns.udp_count, 1);
	close(fd);
}

/* Each answer goes where its query came from. */
static void test_many_clients(void **state)
{
	struct world *w = *state;
	int fds[CLIENTS];

	for (uint16_t i = 0; i < CLIENTS; i++) {
		fds[i] = open_client(w);
		send_query(fds[i], i, i % 2 ? "blocked.example" : "www.example");
	}
	for (uint16_t i = 0; i < CLIENTS; i++) {
		if (i % 2)
			expect(w, fds[i], i, RCODE_NXDOMAIN);
		else
			expect_address(w, fds[i], i);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		struct answer_msg a;

		assert_false(take(fds[i], &a));
		close(fds[i]);
	}
}

/* ---- what is no query */

static size_t make_header(uint8_t *msg, uint16_t flags, uint16_t questions)
{
	memset(msg, 0, WIRE_HEADER);
	wire_put16(msg, 7);
	wire_put16(msg + 2, flags);
	wire_put16(msg + 4, questions);
	return WIRE_HEADER;
}

static size_t make_nothing(uint8_t *msg)
{
	return 0;
}

static size_t make_short(uint8_t *msg)
{
	return make_header(msg, FLAG_RD, 1) - 1;
}

static size_t make_bare(uint8_t *msg)
{
	return make_header(msg, FLAG_RD, 0);
}

static size_t make_cut(uint8_t *msg)
{
	size_t len = make_header(msg, FLAG_RD, 1);

	memcpy(msg + len, "\7example", 8);
	return len + 8;
}

static size_t make_two(uint8_t *msg)
{
	size_t len = make_header(msg, FLAG_RD, 2);

	memcpy(msg + len, "\0\0\1\0\1\0\0\1\0\1", 10);
	return len + 10;
}

static size_t make_response(uint8_t *msg)
{
	return make_header(msg, FLAG_QR, 0);
}

static size_t make_opcode(uint8_t *msg)
{
	return make_header(msg, 5U << 11, 0);
}

static size_t make_noise(uint8_t *msg)
{
	memset(msg, 0x3f, SMALL);
	msg[2] = 0;
	return SMALL;
}

static size_t make_long(uint8_t *msg)
{
	struct dnsmsg m;

	dnsmsg_query(&m, 7, "www.example", TYPE_A, 0);
	memset(msg, 0, 2 * DNSMSG_MAX);
	memcpy(msg, m.octets, m.len);
	return 2 * DNSMSG_MAX;
}

static void test_malformed(void **state)
{
	static const struct {
		size_t (*make)(uint8_t *msg);
		int rcode; /* -1: no answer */
	} rows[] = {
		{make_nothing, -1},	     {make_short, -1},
		{make_bare, RCODE_FORMERR},  {make_cut, RCODE_FORMERR},
		{make_two, RCODE_FORMERR},   {make_response, -1},
		{make_opcode, RCODE_NOTIMP}, {make_noise, RCODE_FORMERR},
		{make_long, RCODE_NOERROR}, /* octets behind the last record do not matter */
	};
	struct world *w = *state;
	int fd = open_client(w);
	uint8_t msg[2 * DNSMSG_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer_msg a;

		send_octets(fd, msg, rows[i].make(msg));
		if (rows[i].rcode >= 0) {
			await_answer(w, fd, &a);
			assert_int_equal(dnsmsg_rcode(a.octets), rows[i].rcode);
		}
		send_query(fd, 9, "blocked.example"); /* and it goes on */
		expect(w, fd, 9, RCODE_NXDOMAIN);
	}
	assert_int_equal(RIG_STAT(&w->rig, dropped), 3);
	close(fd);
}

/* ---- asked upstream */

static void test_forwarded(void **state)
{
	struct world *w = *state;
	int fds[2] = {open_client(w), open_client(w)};
	struct answer_msg a;

	w->ns.udp = MOCKNS_SILENCE;
	send_query(fds[0], 100, "wWw.example");
	send_query(fds[1], 200, "www.eXample");
	RIG_AWAIT(&w->rig, w->ns.udp_count == 1);
	expect_nothing(w, fds[0]);
	mockns_do(&w->ns, 0, MOCKNS_ANSWER);
	await_answer(w, fds[0], &a);
	assert_int_equal(wire_get16(a.octets), 100);
	assert_memory_equal(a.octets + WIRE_HEADER, "\3wWw\7example", 13);
	assert_int_equal(dnsmsg_first_a(a.octets, a.len), 1);
	await_answer(w, fds[1], &a);
	assert_int_equal(wire_get16(a.octets), 200);
	assert_memory_equal(a.octets + WIRE_HEADER, "\3www\7eXample", 13);
	assert_int_equal(RIG_STAT(&w->rig, joined), 1);
	assert_int_equal(RIG_STAT(&w->rig, resolved), 2);
	send_query(fds[0], 101, "www.example");
	expect_address(w, fds[0], 101);
	assert_int_equal(RIG_STAT(&w->rig, cache_hits), 1);
	assert_int_equal(w->ns.udp_count, 1);
	close(fds[0]);
	close(fds[1]);
}

/* One reply for more clients than are sent to at a time. */
static void test_many_waiters(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);

	w->ns.udp = MOCKNS_SILENCE;
	for (uint16_t id = 0; id < JOINED; id++)
		send_query(fd, id, "www.example");
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, joined) == JOINED - 1);
	RIG_AWAIT(&w->rig, w->ns.udp_count == 1);
	mockns_do(&w->ns, 0, MOCKNS_ANSWER);
	for (uint16_t id = 0; id < JOINED; id++) {
		struct answer_msg a;

		await_answer(w, fd, &a);
		assert_int_equal(dnsmsg_first_a(a.octets, a.len), 1);
	}
	expect_nothing(w, fd);
	close(fd);
}

/* Answers that come together on several sockets leave each from its own. */
static void test_two_sockets(void **state)
{
	struct endpoint any = loopback_endpoint(1, 0);
	struct world *w = *state;
	int fds[8];

	open_socket(w, 0, &any);
	open_socket(w, 1, &any);
	open_udp(w, 2, WAITING, WAITING);
	w->ns.udp = MOCKNS_SILENCE;
	for (uint16_t i = 0; i < 8; i++) {
		fds[i] = loopback_udp_client(&w->address[i % 2]);
		send_query(fds[i], i, "www.example");
	}
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, joined) == 7 && w->ns.udp_count == 1);
	mockns_do(&w->ns, 0, MOCKNS_ANSWER);
	for (uint16_t i = 0; i < 8; i++) {
		expect_address(w, fds[i], i); /* a connected socket takes no other's */
		close(fds[i]);
	}
}

static void test_failure_is_told(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);
	struct answer_msg a;

	w->rig.snapshot->conf->cache.servfail_ttl_s = 0;
	w->ns.udp = MOCKNS_SERVFAIL;
	send_query(fd, 1, "www.example");
	await_answer(w, fd, &a);
	assert_int_equal(dnsmsg_rcode(a.octets), RCODE_SERVFAIL);
	assert_int_equal(dnsmsg_ede(a.octets, a.len), EDE_NETWORK_ERROR);
	w->ns.ede = "no keys";
	send_query(fd, 2, "www.example");
	await_answer(w, fd, &a);
	assert_int_equal(dnsmsg_rcode(a.octets), RCODE_SERVFAIL);
	assert_int_equal(dnsmsg_ede(a.octets, a.len), MOCKNS_EDE);
	w->ns.udp = MOCKNS_SILENCE;
	w->rig.snapshot->conf->outgoing.timeout_ms = 30;
	send_query(fd, 3, "www.example");
	await_answer(w, fd, &a);
	assert_int_equal(dnsmsg_rcode(a.octets), RCODE_SERVFAIL);
	assert_int_equal(dnsmsg_ede(a.octets, a.len), EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(RIG_STAT(&w->rig, servfail), 3);
	close(fd);
}

/* No place for one more: told so at once, and there is one again when another has ended. */
static void test_exhausted(void **state)
{
	static const struct {
		uint32_t in_flight;
		uint32_t waiting;
		uint32_t fit;
	} rows[] = {
		{16, 3, 3},
		{3, 4, 3},
		{1, 1, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char *const names[] = {"a.example", "b.example", "c.example",
						    "d.example"};
		struct endpoint any = loopback_endpoint(1, 0);
		uint16_t fit = (uint16_t)rows[i].fit;
		void *fresh = NULL;
		struct answer_msg a;
		struct world *w;
		int fd;

		set_up_closed(&fresh);
		w = fresh;
		open_socket(w, 0, &any);
		open_udp(w, 1, rows[i].in_flight, rows[i].waiting);
		w->ns.udp = MOCKNS_SILENCE;
		fd = open_client(w);
		for (uint16_t id = 0; id <= fit; id++)
			send_query(fd, id, names[id]);
		await_answer(w, fd, &a);
		assert_int_equal(wire_get16(a.octets), fit);
		assert_int_equal(dnsmsg_rcode(a.octets), RCODE_SERVFAIL);
		assert_int_equal(dnsmsg_ede(a.octets, a.len), EDE_OTHER);
		assert_int_equal(RIG_STAT(&w->rig, overload), 1);
		RIG_AWAIT(&w->rig, w->ns.udp_count == fit);
		if (rows[i].waiting > fit) { /* there is a place to join, still */
			send_query(fd, 40, names[0]);
			RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, joined) == 1);
		}
		mockns_do(&w->ns, 0, MOCKNS_ANSWER);
		expect_address(w, fd, 0);
		if (rows[i].waiting > fit)
			expect_address(w, fd, 40);
		send_query(fd, 50, names[fit]);
		RIG_AWAIT(&w->rig, w->ns.udp_count == fit + 1U);
		mockns_do(&w->ns, fit, MOCKNS_ANSWER);
		expect_address(w, fd, 50);
		close(fd);
		tear_down(&fresh);
	}
}

/* One client has so many that wait, and no more; another has his own. */
static void test_bound_per_client(void **state)
{
	static const char *const names[] = {"a.example", "b.example", "c.example"};
	struct endpoint second = loopback_endpoint(2, 0);
	struct world *w = *state;
	int fd = open_client(w);
	int other = loopback_bind(&second, SOCK_DGRAM, false);
	struct answer_msg a;

	assert_true(other >= 0);
	assert_int_equal(connect(other, &w->address[0].u.sa, w->address[0].len), 0);
	w->ns.udp = MOCKNS_SILENCE;
	w->rig.snapshot->conf->outgoing.queries_per_client = 2;
	for (uint16_t round = 0; round < 3; round++) {
		size_t asked = w->ns.udp_count;

		for (uint16_t id = 0; id < 3; id++)
			send_query(fd, id, names[id]);
		await_answer(w, fd, &a);
		assert_int_equal(wire_get16(a.octets), 2);
		assert_int_equal(dnsmsg_rcode(a.octets), RCODE_SERVFAIL);
		assert_int_equal(dnsmsg_ede(a.octets, a.len), EDE_OTHER);
		assert_int_equal(RIG_STAT(&w->rig, client_overload), 2U * round + 1);
		send_query(fd, 3, names[0]); /* to join is to wait as well */
		expect(w, fd, 3, RCODE_SERVFAIL);
		send_query(fd, 4, "www.blocked.example"); /* this is not */
		expect(w, fd, 4, RCODE_NXDOMAIN);
		send_query(other, 5, names[0]);
		RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, joined) == round + 1U);
		RIG_AWAIT(&w->rig, w->ns.udp_count == asked + 2);
		mockns_do(&w->ns, asked, round == 1 ? MOCKNS_SERVFAIL : MOCKNS_ANSWER);
		mockns_do(&w->ns, asked + 1, MOCKNS_ANSWER);
		expect(w, other, 5, round == 1 ? RCODE_SERVFAIL : RCODE_NOERROR);
		await_answer(w, fd, &a);
		await_answer(w, fd, &a);
		cache_free(w->rig.loop.env.cache); /* so that it is asked again */
		assert_int_equal(cache_create(1U << 20, &w->rig.loop.env.cache), ERR_OK);
	}
	close(fd);
	close(other);
}

/* What cannot be asked, for lack of room, does not count as waiting. */
static void test_bound_per_client_when_full(void **state)
{
	struct endpoint any = loopback_endpoint(1, 0);
	struct world *w = *state;
	int fd;

	open_socket(w, 0, &any);
	open_udp(w, 1, 1, WAITING);
	w->ns.udp = MOCKNS_SILENCE;
	w->rig.snapshot->conf->outgoing.queries_per_client = 2;
	fd = open_client(w);
	send_query(fd, 1, "a.example");
	for (uint16_t id = 2; id < 10; id++) {
		send_query(fd, id, "b.example");
		expect(w, fd, id, RCODE_SERVFAIL);
	}
	assert_int_equal(RIG_STAT(&w->rig, client_overload), 0);
	RIG_AWAIT(&w->rig, w->ns.udp_count == 1);
	mockns_do(&w->ns, 0, MOCKNS_ANSWER);
	expect_address(w, fd, 1);
	close(fd);
}

/* ---- addresses */

static void set_option(int fd, int level, int option)
{
	int one = 1;

	assert_int_equal(setsockopt(fd, level, option, &one, sizeof(one)), 0);
}

/* Asks `to` and expects the answer from there. */
static void expect_from(struct world *w, int fd, const struct endpoint *to, const char *name)
{
	struct answer_msg a;
	struct dnsmsg m;

	dnsmsg_query(&m, 5, name, TYPE_A, 0);
	assert_int_equal(sendto(fd, m.octets, m.len, 0, &to->u.sa, to->len), m.len);
	await_answer(w, fd, &a);
	assert_int_equal(wire_get16(a.octets), 5);
	assert_true(endpoint_equal(&a.from, to));
}

static void test_wildcard(void **state)
{
	static const uint8_t hosts[] = {5, 1, 77, 5};
	static const char *const names[] = {"blocked.example", "a.example", "b.example",
					    "blocked.example"};
	struct endpoint any = loopback_endpoint(1, 0);
	struct endpoint wildcard = any;
	struct world *w = *state;
	int fd = loopback_bind(&any, SOCK_DGRAM, false);

	wildcard.u.in.sin_addr.s_addr = htonl(INADDR_ANY);
	open_socket(w, 0, &wildcard);
	set_option(w->fd[0], IPPROTO_IP, IP_PKTINFO);
	open_udp(w, 1, WAITING, WAITING);
	for (size_t i = 0; i < sizeof(hosts); i++) {
		struct endpoint to = loopback_endpoint(hosts[i], loopback_port(&w->address[0]));

		expect_from(w, fd, &to, names[i]);
	}
	close(fd);
}

static void test_wildcard_ipv6(void **state)
{
	struct endpoint any = {
		.u.in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
		.len = sizeof(any.u.in6)};
	struct endpoint wildcard = any;
	struct endpoint to = any;
	struct world *w = *state;
	int fd = loopback_bind(&any, SOCK_DGRAM, false);

	if (fd < 0)
		skip(); /* this machine has none */
	wildcard.u.in6.sin6_addr = in6addr_any;
	open_socket(w, 0, &wildcard);
	set_option(w->fd[0], IPPROTO_IPV6, IPV6_RECVPKTINFO);
	open_udp(w, 1, WAITING, WAITING);
	to.u.in6.sin6_port = w->address[0].u.in6.sin6_port;
	expect_from(w, fd, &to, "www.example");
	assert_int_equal(RIG_STAT(&w->rig, not_allowed), 1); /* the rig serves 127.0.0.0/8 */
	close(fd);
}

/* ---- errors */

static void test_cannot_send(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);

	shutdown(w->fd[0], SHUT_WR); /* it says ENOTCONN, and does it */
	for (uint16_t id = 0; id < 5; id++)
		send_query(fd, id, "blocked.example");
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, send_errors) == 5);
	send_query(fd, 6, "www.example");
	RIG_AWAIT(&w->rig, RIG_STAT(&w->rig, send_errors) == 6);
	expect_nothing(w, fd);
	close(fd);
}

/* Sockets that were not taken over are still the caller's. */
static void test_create_fails(void **state)
{
	struct endpoint any = loopback_endpoint(1, 0);
	struct world *w = *state;
	int fds[2];

	fds[0] = loopback_bind(&any, SOCK_DGRAM, false);
	fds[1] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC); /* epoll takes no files */
	assert_true(fds[0] >= 0 && fds[1] >= 0);
	assert_int_equal(udp_create(&w->rig.loop, NULL, fds, 2, WAITING, &w->udp), ERR_NOMEM);
	assert_null(w->udp);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(close(fds[i]), 0);
}

static void test_create_without_memory(void **state)
{
	struct endpoint any = loopback_endpoint(1, 0);
	struct world *w = *state;
	enum err err = ERR_NOMEM;

	open_socket(w, 0, &any);
	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		assert_true(nth < 20);
		assert_int_equal(fcntl(w->fd[0], F_GETFD), FD_CLOEXEC);
		alloc_fail_start(nth, false);
		err = udp_create(&w->rig.loop, NULL, w->fd, 1, WAITING, &w->udp);
		assert_int_equal(alloc_fail_stop(), err != ERR_OK);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	udp_free(NULL);
}

/* ---- the end */

/* What has arrived is answered without a turn of the loop; what comes later is not read. */
static void test_drain(void **state)
{
	struct world *w = *state;
	uint16_t flood = (uint16_t)(flood_of(w) - 1);
	int fd = open_client(w);
	struct answer_msg a;

	w->ns.udp = MOCKNS_SILENCE;
	send_query(fd, 500, "www.example");
	RIG_AWAIT(&w->rig, w->ns.udp_count == 1);
	for (uint16_t id = 0; id < flood; id++)
		send_query(fd, id, "blocked.example");
	send_query(fd, 501, "WWW.example");
	udp_drain(w->udp);
	for (uint16_t id = 0; id < flood; id++) {
		assert_true(take(fd, &a));
		assert_int_equal(wire_get16(a.octets), id);
		assert_int_equal(dnsmsg_rcode(a.octets), RCODE_NXDOMAIN);
	}
	send_query(fd, 1, "blocked.example");
	expect_nothing(w, fd);
	assert_int_equal(upstreams_in_flight(w->up), 1);
	mockns_do(&w->ns, 0, MOCKNS_ANSWER);
	expect_address(w, fd, 500); /* the waiter that came first is told first */
	expect_address(w, fd, 501);
	close(fd);
}

/* The loop is left when the reply has been handed over but not been sent: it is sent. */
static void test_free_sends(void **state)
{
	struct world *w = *state;
	int fd = open_client(w);
	struct answer_msg a;

	w->ns.udp = MOCKNS_SILENCE;
	send_query(fd, 1, "www.example");
	RIG_AWAIT(&w->rig, w->ns.udp_count == 1);
	mockns_do(&w->ns, 0, MOCKNS_ANSWER);
	for (int i = 0; i < 2; i++) { /* known to be there, then taken */
		assert_int_equal(upstreams_in_flight(w->up), 1);
		rig_break_next(&w->rig);
		rig_turn(&w->rig);
	}
	assert_int_equal(upstreams_in_flight(w->up), 0);
	assert_int_equal(udp_pending(w->udp), 1);
	assert_false(take(fd, &a));
	upstreams_free(w->up);
	w->up = NULL;
	udp_free(w->udp);
	w->udp = NULL;
	assert_true(take(fd, &a));
	assert_int_equal(wire_get16(a.octets), 1);
	assert_int_equal(dnsmsg_first_a(a.octets, a.len), 1);
	close(fd);
}

static void test_free_in_flight(void **state)
{
	struct world *w = *state;
	size_t files = loopback_open_files();
	int fd = open_client(w);

	w->ns.udp = MOCKNS_SILENCE;
	for (uint16_t id = 0; id < 20; id++)
		send_query(fd, id, id % 2 ? "a.example" : "b.example");
	RIG_AWAIT(&w->rig, w->ns.udp_count == 2);
	upstreams_free(w->up);
	w->up = NULL;
	udp_free(w->udp);
	w->udp = NULL;
	close(fd);
	assert_int_equal(loopback_open_files(), files - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_CLOSED(name) cmocka_unit_test_setup_teardown(name, set_up_closed, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_batch),
		TEST(test_flood),
		TEST(test_busy_and_quiet),
		TEST(test_drain_busy),
		TEST(test_mixed_batch),
		TEST(test_many_clients),
		TEST(test_malformed),
		TEST(test_forwarded),
		TEST(test_many_waiters),
		TEST_CLOSED(test_two_sockets),
		TEST(test_failure_is_told),
		TEST(test_bound_per_client),
		cmocka_unit_test_setup_teardown(test_bound_per_client_when_full, set_up_closed,
						tear_down),
		cmocka_unit_test(test_exhausted),
		TEST_CLOSED(test_wildcard),
		TEST_CLOSED(test_wildcard_ipv6),
		TEST(test_cannot_send),
		TEST_CLOSED(test_create_fails),
		TEST_CLOSED(test_create_without_memory),
		TEST(test_drain),
		TEST(test_free_sends),
		TEST(test_free_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
