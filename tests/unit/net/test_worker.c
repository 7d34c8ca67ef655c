/* SPDX-License-Identifier: BSD-2-Clause */
/* The workers as a whole: threads that serve, take on snapshots, and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/worker.h"
#include "support/alloc_fail.h"
#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/mockns.h"
#include "support/rig.h"

#define WORKERS 2U
#define CLIENTS 16U /* enough that each worker has some of them */
#define SNAPSHOTS 60U
#define BURST 20U
#define STARTS 40U
#define FLOOD 3000
#define OCTETS_EACH 2048 /* of a socket's buffer that a small datagram takes, at most */
#define LONG_MS 60000U
#define SHORT_MS 100U
#define TICK_MS 10U
#define SERVERS 2U
#define CACHE_BYTES (1U << 20)
#define LIBEVENT_FILES 3U /* of an event base: epoll, and a pair for signals */

struct site {
	struct listeners listeners;
	struct cache *cache;
	struct workers *workers;
	struct endpoint address;
	struct event_base *base; /* of the upstreams: turned by whoever waits */
	struct mockns ns[SERVERS];
	int clients[CLIENTS];
	uint64_t generation;
};

/* ---- the site */

/* The next snapshot, which blocks `blocked` and asks upstream `ns`. */
static struct snapshot *next_snapshot(struct site *s, const char *blocked, size_t ns)
{
	static char none[] = "";
	struct snapshot *snapshot = rig_snapshot(++s->generation, blocked);

	snapshot->conf->outgoing.waiters_per_question = CLIENTS * BURST;
	snapshot->resolv = calloc(1, sizeof(*snapshot->resolv));
	snapshot->pools = calloc(1, sizeof(*snapshot->pools));
	assert_non_null(snapshot->resolv);
	assert_non_null(snapshot->pools);
	snapshot->resolv[0].address = s->ns[ns].address;
	snapshot->resolv[0].tls_name = none;
	snapshot->pools[0] =
		(struct upstream_pool){.zone = {.len = 1}, .servers = snapshot->resolv, .count = 1};
	snapshot->pool_count = 1;
	snapshot->conf->outgoing.timeout_ms = LONG_MS;
	snapshot->conf->outgoing.retransmit_ms = LONG_MS;
	return snapshot;
}

static struct workers_config config_of(struct site *s)
{
	return (struct workers_config){
		.listeners = &s->listeners,
		.cache = s->cache,
		.name_key = rig_key,
		.in_flight = 64,
		.ports = 16,
	};
}

static void listen_on_free_port(struct site *s)
{
	struct err_text text;

	s->address = loopback_endpoint(1, loopback_free_port());
	assert_int_equal(listeners_open(&s->address, 1, WORKERS, NULL, &s->listeners, &text),
			 ERR_OK);
}

static int set_up_stopped(void **state)
{
	struct site *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->base = event_base_new();
	assert_non_null(s->base);
	for (size_t i = 0; i < SERVERS; i++)
		mockns_open(&s->ns[i], s->base, (uint8_t)(i + 1), MOCKNS_ANSWER);
	assert_int_equal(cache_create(CACHE_BYTES, &s->cache), ERR_OK);
	listen_on_free_port(s);
	for (size_t i = 0; i < CLIENTS; i++)
		s->clients[i] = loopback_udp_client(&s->address);
	*state = s;
	return 0;
}

static void create(struct site *s)
{
	struct workers_config config = config_of(s);

	assert_int_equal(workers_create(&config, next_snapshot(s, "first.example", 0), &s->workers),
			 ERR_OK);
}

static int set_up(void **state)
{
	struct site *s;

	set_up_stopped(state);
	s = *state;
	create(s);
	assert_int_equal(workers_start(s->workers), ERR_OK);
	return 0;
}

static int tear_down(void **state)
{
	struct site *s = *state;

	if (s->workers)
		workers_stop(s->workers, 0);
	workers_free(s->workers);
	listeners_close(&s->listeners);
	cache_free(s->cache);
	for (size_t i = 0; i < CLIENTS; i++)
		close(s->clients[i]);
	for (size_t i = 0; i < SERVERS; i++)
		mockns_close(&s->ns[i]);
	event_base_free(s->base);
	free(s);
	return 0;
}

/* What one does while the workers work. */
static void turn(struct site *s)
{
	event_base_loop(s->base, EVLOOP_NONBLOCK);
	await_nap();
}

static uint64_t stat_of(const struct site *s, const char *name)
{
	for (size_t i = 0; i < stats_row_count; i++)
		if (strcmp(stats_rows[i].name, name) == 0)
			return workers_stat(s->workers, &stats_rows[i]);
	fail_msg("no counter %s", name);
	return 0;
}

/* ---- clients */

static void send_query(int fd, uint16_t id, const char *name)
{
	struct dnsmsg m;

	dnsmsg_query(&m, id, name, TYPE_A, 0);
	assert_int_equal(send(fd, m.octets, m.len, 0), m.len);
}

static bool take(int fd, struct dnsmsg *m)
{
	ssize_t n = recv(fd, m->octets, sizeof(m->octets), MSG_DONTWAIT);

	m->len = n > 0 ? (size_t)n : 0;
	return n >= (ssize_t)WIRE_HEADER;
}

static void expect_id(struct site *s, int fd, uint16_t id, struct dnsmsg *m)
{
	AWAIT(take(fd, m), turn(s));
	assert_int_equal(wire_get16(m->octets), id);
}

static void expect_rcode(struct site *s, int fd, uint16_t id, uint16_t rcode)
{
	struct dnsmsg m;

	expect_id(s, fd, id, &m);
	assert_int_equal(dnsmsg_rcode(m.octets), rcode);
}

static void expect_mark(struct site *s, int fd, uint16_t id, int mark)
{
	struct dnsmsg m;

	expect_id(s, fd, id, &m);
	assert_int_equal(dnsmsg_rcode(m.octets), RCODE_NOERROR);
	assert_int_equal(dnsmsg_first_a(m.octets, m.len), mark);
}

/* Every client asks, so every worker is asked. */
static void all_ask(struct site *s, const char *name)
{
	for (uint16_t i = 0; i < CLIENTS; i++)
		send_query(s->clients[i], i, name);
}

static void expect_blocked(struct site *s, const char *name)
{
	all_ask(s, name);
	for (uint16_t i = 0; i < CLIENTS; i++)
		expect_rcode(s, s->clients[i], i, RCODE_NXDOMAIN);
}

static void expect_resolved(struct site *s, const char *name, int mark)
{
	all_ask(s, name);
	for (uint16_t i = 0; i < CLIENTS; i++)
		expect_mark(s, s->clients[i], i, mark);
}

/* ---- serving */

static void test_serves(void **state)
{
	struct site *s = *state;

	assert_ptr_not_equal(workers_snapshot(s->workers), NULL);
	assert_int_equal(workers_snapshot(s->workers)->generation, 1);
	expect_blocked(s, "www.first.example");
	expect_resolved(s, "www.example", 1);
	assert_int_equal(stat_of(s, "queries_udp"), CLIENTS * 2);
	assert_int_equal(stat_of(s, "queries_tcp"), 0);
	assert_int_equal(stat_of(s, "blocked_name"), CLIENTS);
	assert_int_equal(stat_of(s, "resolved") + stat_of(s, "cache_hits"), CLIENTS);
	assert_true(s->ns[0].udp_count >= 1 && s->ns[0].udp_count <= WORKERS);
	assert_int_equal(stat_of(s, "forwarded"), s->ns[0].udp_count);
}

/* The cache is one: what one worker has asked, the others know. */
static void test_cache_is_shared(void **state)
{
	struct site *s = *state;

	send_query(s->clients[0], 7, "www.example");
	expect_mark(s, s->clients[0], 7, 1);
	expect_resolved(s, "www.example", 1);
	assert_int_equal(s->ns[0].udp_count, 1);
	assert_int_equal(stat_of(s, "cache_hits"), CLIENTS);
}

static void test_tcp(void **state)
{
	struct site *s = *state;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t frame[2 + DNSMSG_MAX];
	struct dnsmsg m;
	ssize_t n = 0;

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &s->address.u.sa, s->address.len), 0);
	dnsmsg_query(&m, 9, "www.first.example", TYPE_A, 0);
	wire_put16(frame, (uint16_t)m.len);
	memcpy(frame + 2, m.octets, m.len);
	assert_int_equal(send(fd, frame, m.len + 2, 0), m.len + 2);
	AWAIT((n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0, turn(s));
	assert_true(n > 2 + (ssize_t)WIRE_HEADER);
	assert_int_equal(wire_get16(frame), n - 2);
	assert_int_equal(wire_get16(frame + 2), 9);
	assert_int_equal(dnsmsg_rcode(frame + 2), RCODE_NXDOMAIN);
	assert_int_equal(stat_of(s, "queries_tcp"), 1);
	close(fd);
}

/* ---- snapshots */

/* What was published is in force when workers_publish returns, for every worker, and nothing
 * that was asked meanwhile is lost. */
static void test_publish_under_queries(void **state)
{
	struct site *s = *state;
	char blocked[32];
	char before[32] = "first.example";

	for (uint32_t k = 0; k < SNAPSHOTS; k++) {
		snprintf(blocked, sizeof(blocked), "k%u.example", k);
		for (uint16_t i = 0; i < CLIENTS; i++)
			for (uint16_t j = 0; j < BURST / 4; j++)
				send_query(s->clients[i], (uint16_t)(1000 + j),
					   "www.first.example");
		workers_publish(s->workers, next_snapshot(s, blocked, 0));
		assert_int_equal(workers_snapshot(s->workers)->generation, k + 2);
		for (uint16_t i = 0; i < CLIENTS; i++)
			for (uint16_t j = 0; j < BURST / 4; j++) {
				struct dnsmsg m;

				AWAIT(take(s->clients[i], &m), turn(s));
				assert_in_range(wire_get16(m.octets), 1000, 1000 + BURST / 4 - 1);
			}
		expect_blocked(s, blocked);
		if (k % 16 == 0)
			expect_resolved(s, before, 1); /* no longer blocked */
		memcpy(before, blocked, sizeof(before));
	}
	assert_int_equal(stat_of(s, "dropped"), 0);
	assert_int_equal(stat_of(s, "send_errors"), 0);
}

/* The rest of a question in flight is dealt with under the lists that came meanwhile. */
static void test_publish_in_flight(void **state)
{
	struct site *s = *state;
	struct dnsmsg m;

	s->ns[0].udp = MOCKNS_SILENCE;
	s->ns[0].target = "x.second.example";
	send_query(s->clients[0], 1, "a.example");
	send_query(s->clients[1], 2, "b.example");
	AWAIT(s->ns[0].udp_count == 2, turn(s));
	workers_publish(s->workers, next_snapshot(s, "second.example", 1));
	expect_resolved(s, "c.example", 2); /* of the new upstream */
	for (size_t i = 0; i < 2; i++) {
		bool is_a = (s->ns[0].queries[i].msg[WIRE_HEADER + 1] | 0x20) == 'a';

		mockns_do(&s->ns[0], i, is_a ? MOCKNS_ANSWER : MOCKNS_CNAME);
	}
	expect_mark(s, s->clients[0], 1, 1);
	expect_id(s, s->clients[1], 2, &m);
	assert_int_equal(dnsmsg_rcode(m.octets), RCODE_NXDOMAIN);
	assert_int_equal(stat_of(s, "blocked_cname"), 1);
}

/* A snapshot published while the threads only come up is as safe as any. */
static void test_publish_at_start(void **state)
{
	struct site *s = *state;
	struct workers_config config = config_of(s);

	for (uint32_t i = 0; i < STARTS; i++) {
		create(s);
		assert_int_equal(workers_start(s->workers), ERR_OK);
		for (uint32_t j = 0; j < 4; j++)
			workers_publish(s->workers, next_snapshot(s, "first.example", j % SERVERS));
		workers_stop(s->workers, 0);
		workers_free(s->workers);
		listeners_close(&s->listeners);
		listen_on_free_port(s);
	}
	s->workers = NULL;
	assert_ptr_equal(config.listeners, &s->listeners);
}

/* ---- the end */

static void *stop_thread(void *arg)
{
	struct site *s = arg;

	workers_stop(s->workers, LONG_MS);
	return NULL;
}

static bool refuses_connections(const struct site *s)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused;

	assert_true(fd >= 0);
	refused = connect(fd, &s->address.u.sa, s->address.len) != 0 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* What is in flight is answered, and then it ends at once. */
static void test_stop_drains(void **state)
{
	static const char *const names[] = {"a.example", "b.example", "c.example", "d.example"};
	struct site *s = *state;
	uint64_t begin_ms = await_clock_ms();
	pthread_t thread;

	s->ns[0].udp = MOCKNS_SILENCE;
	for (uint16_t i = 0; i < 4; i++)
		send_query(s->clients[i], i, names[i]);
	AWAIT(s->ns[0].udp_count == 4, turn(s));
	assert_int_equal(pthread_create(&thread, NULL, stop_thread, s), 0);
	AWAIT(refuses_connections(s), turn(s));
	for (size_t i = 0; i < 4; i++)
		mockns_do(&s->ns[0], i, MOCKNS_ANSWER);
	for (uint16_t i = 0; i < 4; i++)
		expect_mark(s, s->clients[i], i, 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(await_clock_ms() - begin_ms < LONG_MS);
	assert_int_equal(stat_of(s, "resolved"), 4);
}

/* What has arrived is read, though the word to end has come. */
static void test_stop_reads_what_came(void **state)
{
	struct site *s = *state;

	for (uint16_t j = 0; j < BURST; j++)
		all_ask(s, "www.first.example");
	workers_stop(s->workers, LONG_MS);
	for (uint16_t j = 0; j < BURST; j++)
		for (uint16_t i = 0; i < CLIENTS; i++)
			expect_rcode(s, s->clients[i], i, RCODE_NXDOMAIN);
	assert_int_equal(stat_of(s, "queries_udp"), BURST * CLIENTS);
}

/* How many datagrams a socket of the workers', and a client's, can hold; FLOOD at most. */
static uint16_t flood_of(int fd)
{
	socklen_t len = sizeof(int);
	int size = FLOOD * OCTETS_EACH;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len), 0);
	return (uint16_t)(size / OCTETS_EACH < FLOOD ? size / OCTETS_EACH : FLOOD);
}

/* More than a worker reads at a time has come when it is told to end: it reads all. */
static void test_stop_reads_all(void **state)
{
	struct site *s = *state;
	uint16_t flood = flood_of(s->clients[0]);

	create(s);
	for (uint16_t id = 0; id < flood; id++)
		send_query(s->clients[0], id, "www.first.example");
	assert_int_equal(workers_start(s->workers), ERR_OK);
	workers_stop(s->workers, LONG_MS);
	assert_int_equal(stat_of(s, "queries_udp"), flood);
	for (uint16_t id = 0; id < flood; id++)
		expect_rcode(s, s->clients[0], id, RCODE_NXDOMAIN);
}

/* The last reply may come with the timer that looks whether it is there: it is handed on. */
static void test_stop_sends_the_last(void **state)
{
	struct site *s = *state;
	struct dnsmsg m;

	for (uint16_t k = 0; k < STARTS; k++) {
		pthread_t thread;

		s->ns[0].udp = MOCKNS_SILENCE;
		s->ns[0].udp_count = 0;
		create(s);
		assert_int_equal(workers_start(s->workers), ERR_OK);
		send_query(s->clients[0], k, "a.example");
		AWAIT(s->ns[0].udp_count == 1, turn(s));
		assert_int_equal(pthread_create(&thread, NULL, stop_thread, s), 0);
		mockns_do(&s->ns[0], 0, MOCKNS_ANSWER);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(take(s->clients[0], &m));
		assert_int_equal(wire_get16(m.octets), k);
		workers_free(s->workers);
		listeners_close(&s->listeners);
		assert_int_equal(listeners_open(&s->address, 1, WORKERS, NULL, &s->listeners, NULL),
				 ERR_OK);
		cache_free(s->cache);
		assert_int_equal(cache_create(CACHE_BYTES, &s->cache), ERR_OK);
	}
	s->workers = NULL;
}

static void test_stop_gives_up(void **state)
{
	struct site *s = *state;
	uint64_t begin_ms;
	struct dnsmsg m;

	s->ns[0].udp = MOCKNS_SILENCE;
	send_query(s->clients[0], 1, "a.example");
	AWAIT(s->ns[0].udp_count == 1, turn(s));
	begin_ms = await_clock_ms();
	workers_stop(s->workers, SHORT_MS);
	assert_true(await_clock_ms() - begin_ms >= SHORT_MS - TICK_MS);
	assert_false(take(s->clients[0], &m));
	workers_stop(s->workers, LONG_MS); /* they are stopped */
}

/* ---- never started, or not made */

static void test_never_started(void **state)
{
	struct site *s = *state;

	create(s);
	workers_publish(s->workers, next_snapshot(s, "second.example", 1));
	assert_int_equal(workers_snapshot(s->workers)->generation, 2);
	assert_int_equal(stat_of(s, "queries_udp"), 0);
	workers_stop(s->workers, LONG_MS);
	workers_free(s->workers);
	s->workers = NULL;
	workers_free(NULL);
}

/* Nobody who is not there is written to: least of all standard input. */
static void test_writes_to_nobody(void **state)
{
	struct site *s = *state;
	int before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	struct workers_config config = config_of(s);
	struct snapshot *snapshot = next_snapshot(s, "first.example", 0);
	enum err err;
	int fds[2];
	char octet;

	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(dup2(fds[1], STDIN_FILENO) >= 0);
	err = workers_create(&config, snapshot, &s->workers);
	if (before >= 0)
		dup2(before, STDIN_FILENO);
	else
		close(STDIN_FILENO);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(read(fds[0], &octet, 1), -1);
	close(fds[0]);
	close(fds[1]);
	close(before);
}

static void set_files(rlim_t files)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = files;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The first file descriptor that is free. */
static rlim_t next_file(void)
{
	int fd = dup(STDERR_FILENO);

	assert_true(fd >= 0);
	close(fd);
	return (rlim_t)fd;
}

/* No mailbox to be had for the first worker, or the second: the snapshot stays the caller's, and
 * no file is left open.  (Where libevent lacks one of its own three, it ends the process.) */
static void test_create_without_files(void **state)
{
	struct site *s = *state;
	struct workers_config config = config_of(s);
	struct snapshot *snapshot = next_snapshot(s, "first.example", 0);
	struct rlimit before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t worker = 0; worker < WORKERS; worker++) {
		size_t files = loopback_open_files();
		enum err err;

		set_files(next_file() + worker * LIBEVENT_FILES + worker + LIBEVENT_FILES);
		err = workers_create(&config, snapshot, &s->workers);
		set_files(before.rlim_cur);
		assert_int_equal(err, ERR_SYS);
		assert_null(s->workers);
		listeners_close(&s->listeners);
		assert_int_equal(loopback_open_files(), files - (size_t)WORKERS * 2);
		listen_on_free_port(s);
	}
	assert_int_equal(workers_create(&config, snapshot, &s->workers), ERR_OK);
}

static void test_create_without_memory(void **state)
{
	struct site *s = *state;
	struct workers_config config = config_of(s);
	struct snapshot *snapshot = next_snapshot(s, "first.example", 0);
	enum err err = ERR_NOMEM;

	for (unsigned long nth = 0; err != ERR_OK; nth++) {
		bool failed;

		assert_true(nth < 1000);
		alloc_fail_start(nth, false);
		err = workers_create(&config, snapshot, &s->workers);
		failed = alloc_fail_stop();
		if (err == ERR_OK && failed) { /* libevent can do without some of its own */
			assert_int_equal(workers_snapshot(s->workers)->generation, 1);
			workers_free(s->workers);
			s->workers = NULL;
			s->generation = 0;
			snapshot = next_snapshot(s, "first.example", 0);
			err = ERR_NOMEM;
		}
		if (err == ERR_OK)
			break;
		assert_int_equal(snapshot->generation, 1);
		listeners_close(&s->listeners);
		listen_on_free_port(s);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_STOPPED(name) cmocka_unit_test_setup_teardown(name, set_up_stopped, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_serves),
		TEST(test_cache_is_shared),
		TEST(test_tcp),
		TEST(test_publish_under_queries),
		TEST(test_publish_in_flight),
		TEST_STOPPED(test_publish_at_start),
		TEST(test_stop_drains),
		TEST(test_stop_reads_what_came),
		TEST_STOPPED(test_stop_reads_all),
		TEST_STOPPED(test_stop_sends_the_last),
		TEST(test_stop_gives_up),
		TEST_STOPPED(test_never_started),
		TEST_STOPPED(test_writes_to_nobody),
		TEST_STOPPED(test_create_without_files),
		TEST_STOPPED(test_create_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
