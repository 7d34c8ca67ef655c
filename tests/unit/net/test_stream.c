/* SPDX-License-Identifier: BSD-2-Clause */
/* The TCP front end over real loopback sockets, with upstreams that answer when they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "dns/frame.h"
#include "net/stream.h"
#include "support/alloc_fail.h"
#include "support/loopback.h"
#include "support/rig.h"

#define ASKED_MAX 512
#define NO_TIMEOUT_MS 600000
#define BIG_RECORDS 3900    /* of 16 octets: nearly the longest answer */
#define CACHED_RECORDS 1000 /* the longest answer that is kept in the cache */
#define FLOOD 1200

/* ---- upstreams that are told what to answer */

struct upstreams {
	struct query_key keys[ASKED_MAX];
	struct upstream_waiter *waiters[ASKED_MAX]; /* NULL: told */
	size_t count;
	bool full;
};

enum err upstreams_create(struct loop *loop, const struct upstream_pool *pools, size_t count,
			  uint32_t in_flight, uint32_t ports, struct upstreams **ret_upstreams)
{
	struct upstreams *up = calloc(1, sizeof(*up));

	if (!up)
		return ERR_NOMEM;
	*ret_upstreams = up;
	return ERR_OK;
}

void upstreams_free(struct upstreams *up)
{
	free(up);
}

enum err upstreams_set(struct upstreams *up, const struct upstream_pool *pools, size_t count)
{
	return ERR_OK;
}

enum err upstream_ask(struct upstreams *up, const struct query_key *key,
		      struct upstream_waiter *waiter)
{
	if (up->full || up->count == ASKED_MAX)
		return ERR_REFUSED;
	up->keys[up->count] = *key;
	up->waiters[up->count++] = waiter;
	return ERR_OK;
}

void upstream_refresh(struct upstreams *up, const struct query_key *key)
{
	if (up->count == ASKED_MAX)
		return;
	up->keys[up->count] = *key;
	up->waiters[up->count++] = NULL;
}

uint32_t upstreams_in_flight(const struct upstreams *up)
{
	uint32_t n = 0;

	for (size_t i = 0; i < up->count; i++)
		n += up->waiters[i] != NULL;
	return n;
}

/* ---- descriptors are closed once: the second time they are another thread's */

static unsigned int closed_twice;

int close(int fd)
{
	int rc = (int)syscall(SYS_close, fd);

	closed_twice += rc < 0;
	return rc;
}

/* ---- a server, and its port */

struct server {
	struct rig rig;
	struct upstreams *upstreams;
	struct stream *stream;
	uint16_t port;
};

#define STAT(s, field) RIG_STAT(&(s)->rig, field)

static int open_listener(uint16_t *ret_port)
{
	struct endpoint any = loopback_endpoint(1, 0);
	int fd = loopback_bind(&any, SOCK_STREAM, false);
	int size = 32768; /* the accepted have it too: what is not read is soon with us */

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	assert_int_equal(listen(fd, 64), 0);
	any = loopback_bound(fd);
	*ret_port = loopback_port(&any);
	return fd;
}

/* From 127.0.0.0 to 127.0.0.3. */
static void allow_few(struct snapshot *snapshot)
{
	static const struct prefix few = {.ip = {.family = AF_INET, .bytes = {127}}, .len = 30};

	prefix_set_free(snapshot->allow);
	assert_int_equal(prefix_set_create(&few, 1, &snapshot->allow), ERR_OK);
}

static int set_up(void **state)
{
	struct server *s = calloc(1, sizeof(*s));
	int fd;

	assert_non_null(s);
	log_set_level(LOG_LEVEL_ERROR);
	rig_open(&s->rig);
	allow_few(s->rig.snapshot);
	s->rig.snapshot->conf->server.tcp_idle_timeout_ms = NO_TIMEOUT_MS;
	s->upstreams = calloc(1, sizeof(*s->upstreams));
	assert_non_null(s->upstreams);
	fd = open_listener(&s->port);
	assert_int_equal(stream_create(&s->rig.loop, s->upstreams, &fd, 1, &s->stream), ERR_OK);
	*state = s;
	return 0;
}

static unsigned int places_taken(struct server *s)
{
	return s->rig.shared.tcp_connections;
}

static void expect_none(const struct tally *tally)
{
	for (size_t set = 0; set < TALLY_SETS; set++)
		for (size_t way = 0; way < TALLY_WAYS; way++)
			assert_int_equal(tally->slots[set][way], 0);
}

/* All places are given back, whatever was under way. */
static int tear_down(void **state)
{
	struct server *s = *state;

	upstreams_free(s->upstreams);
	stream_free(s->stream);
	assert_int_equal(places_taken(s), 0);
	expect_none(&s->rig.shared.tcp_clients);
	rig_close(&s->rig);
	free(s);
	assert_int_equal(closed_twice, 0);
	return 0;
}

static struct conf_server *conf_of(struct server *s)
{
	return &s->rig.snapshot->conf->server;
}

/* Has the server do what there is to be done, and what came of that. */
static void turn(struct server *s)
{
	for (int i = 0; i < 3; i++)
		event_base_loop(s->rig.loop.base, EVLOOP_NONBLOCK);
}

static void set_flag(evutil_socket_t fd, short what, void *arg)
{
	*(bool *)arg = true;
}

/* The loop sleeps: no event but the rig's pulse comes again and again. */
static void expect_quiet(struct server *s)
{
	static const struct timeval while_ = {.tv_usec = 50000};
	bool over = false;
	int turns = 0;

	turn(s);
	event_base_once(s->rig.loop.base, -1, EV_TIMEOUT, set_flag, &over, &while_);
	while (!over) {
		rig_turn(&s->rig);
		turns++;
	}
	assert_true(turns < 25);
}

#define WAIT_FOR(s, condition) RIG_AWAIT(&(s)->rig, condition)

/* ---- clients */

static int new_client(uint8_t last)
{
	struct endpoint from = loopback_endpoint(last, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &from.u.sa, from.len), 0);
	return fd;
}

/* The kernel accepts for the server: no turn of its loop is needed. */
static int try_connect(struct server *s, int fd)
{
	struct endpoint to = loopback_endpoint(1, s->port);

	return connect(fd, &to.u.sa, to.len);
}

static int connect_from(struct server *s, uint8_t last)
{
	int fd = new_client(last);

	assert_int_equal(try_connect(s, fd), 0);
	return fd;
}

/* Connected, and accepted by the server. */
static int connect_client(struct server *s)
{
	uint64_t accepted = STAT(s, tcp_accepted);
	int fd = connect_from(s, 1);

	WAIT_FOR(s, STAT(s, tcp_accepted) == accepted + 1);
	return fd;
}

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

/* Appends a framed query for `name` A to `buf`; returns the length of all. */
static size_t add_query(uint8_t *buf, size_t at, uint16_t id, const char *name)
{
	struct name n = name_of(name);
	uint8_t *msg = buf + at + FRAME_PREFIX;
	size_t len = WIRE_HEADER + n.len + 4U;

	memset(msg, 0, len);
	wire_put16(msg, id);
	wire_put16(msg + 2, FLAG_RD);
	wire_put16(msg + 4, 1);
	memcpy(msg + WIRE_HEADER, n.wire, n.len);
	wire_put16(msg + WIRE_HEADER + n.len, TYPE_A);
	wire_put16(msg + WIRE_HEADER + n.len + 2, CLASS_IN);
	wire_put16(buf + at, (uint16_t)len);
	return at + FRAME_PREFIX + len;
}

static void send_octets(int fd, const uint8_t *buf, size_t len)
{
	assert_int_equal(send(fd, buf, len, MSG_NOSIGNAL), len);
}

static void ask(int fd, uint16_t id, const char *name)
{
	uint8_t buf[512];

	send_octets(fd, buf, add_query(buf, 0, id, name));
}

/* Reads `len` octets. */
static void receive(struct server *s, int fd, uint8_t *buf, size_t len)
{
	size_t done = 0;
	ssize_t got;

	while (done < len) {
		WAIT_FOR(s, (got = recv(fd, buf + done, len - done, MSG_DONTWAIT)) >= 0 ||
				    errno != EAGAIN);
		assert_true(got > 0);
		done += (size_t)got;
	}
}

struct message {
	size_t len;
	uint8_t octets[WIRE_MESSAGE_MAX];
};

static const struct message *next_answer(struct server *s, int fd)
{
	static struct message m;
	uint8_t prefix[FRAME_PREFIX];

	receive(s, fd, prefix, FRAME_PREFIX);
	m.len = wire_get16(prefix);
	assert_true(m.len >= WIRE_HEADER);
	receive(s, fd, m.octets, m.len);
	assert_true(m.octets[2] & 0x80);
	return &m;
}

static void expect_answer(struct server *s, int fd, uint16_t id, unsigned int rcode)
{
	const struct message *m = next_answer(s, fd);

	assert_int_equal(wire_get16(m->octets), id);
	assert_int_equal(wire_get16(m->octets + 2) & FLAG_RCODE, rcode);
}

/* A clean one: by a reset the client might lose answers. */
static void expect_end(struct server *s, int fd)
{
	uint8_t octet;
	ssize_t got;

	WAIT_FOR(s, (got = recv(fd, &octet, 1, MSG_DONTWAIT)) >= 0 || errno != EAGAIN);
	assert_int_equal(got, 0);
}

/* Closes it as one does who crashed. */
static void reset(int fd)
{
	static const struct linger at_once = {.l_onoff = 1};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(fd);
}

static bool is_open(int fd)
{
	uint8_t octet;

	return recv(fd, &octet, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static void expect_open(struct server *s, int fd)
{
	turn(s);
	assert_true(is_open(fd));
}

/* ---- what the upstreams tell */

static void make_reply(struct reply *reply, uint8_t *body, uint16_t records)
{
	static const uint8_t record[16] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};

	for (size_t i = 0; i < records; i++)
		memcpy(body + i * sizeof(record), record, sizeof(record));
	*reply = (struct reply){
		.kind = REPLY_ANSWER,
		.ancount = records,
		.body_len = (uint16_t)(records * sizeof(record)),
		.ttl_s = 60,
		.body = body,
	};
}

static void tell(struct server *s, size_t i, const struct upstream_result *result)
{
	struct upstream_waiter *w = s->upstreams->waiters[i];

	assert_true(i < s->upstreams->count);
	assert_non_null(w);
	s->upstreams->waiters[i] = NULL;
	loop_tick(&s->rig.loop);
	w->done(w, result);
}

static void tell_records(struct server *s, size_t i, uint16_t records)
{
	static uint8_t body[WIRE_MESSAGE_MAX];
	struct reply reply;
	struct upstream_result result = {.reply = &reply};

	make_reply(&reply, body, records);
	tell(s, i, &result);
}

/* What is asked about it is answered at once, by records that are `age_ms` old of 60 seconds. */
static void cache_reply(struct server *s, const char *text, uint16_t records, uint32_t age_ms)
{
	static uint8_t body[WIRE_MESSAGE_MAX];
	struct name name = name_of(text);
	struct cache_key key = {.qname = &name, .qtype = TYPE_A};
	struct reply reply;

	key.hash = cache_hash(name_hash(&rig_key, &name), TYPE_A);
	make_reply(&reply, body, records);
	cache_put(s->rig.loop.env.cache, &s->rig.loop.env.snapshot->conf->cache, &key,
		  s->rig.loop.env.now_ms - age_ms, 1, &reply);
}

/* By some 16,000 octets. */
static void cache_big_reply(struct server *s, const char *text)
{
	cache_reply(s, text, CACHED_RECORDS, 0);
}

/* ---- framing */

static void test_pipelined(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);
	uint8_t buf[512];
	size_t len = 0;

	for (uint16_t id = 1; id <= 4; id++)
		len = add_query(buf, len, id, "www.blocked.example");
	send_octets(fd, buf, len);
	for (uint16_t id = 1; id <= 4; id++)
		expect_answer(s, fd, id, RCODE_NXDOMAIN);
	expect_open(s, fd);
	assert_int_equal(STAT(s, queries_tcp), 4);
	assert_int_equal(stream_pending(s->stream), 0);
	close(fd);
}

/* A cached name in demand that has little left of its TTL is asked for anew, once, and nobody
 * waits for that. */
static void test_prefetch(void **state)
{
	struct server *s = *state;
	struct name name = name_of("www.example");
	int fd = connect_client(s);
	uint8_t buf[512];
	size_t len = 0;

	cache_reply(s, "www.example", 1, 56000);
	for (uint16_t id = 1; id <= 4; id++)
		len = add_query(buf, len, id, "www.example");
	send_octets(fd, buf, len);
	for (uint16_t id = 1; id <= 4; id++)
		expect_answer(s, fd, id, RCODE_NOERROR);
	assert_int_equal(s->upstreams->count, 1);
	assert_int_equal(s->upstreams->keys[0].qtype, TYPE_A);
	assert_memory_equal(s->upstreams->keys[0].question, name.wire, name.len);
	assert_int_equal(STAT(s, cache_hits), 4);
	assert_int_equal(STAT(s, prefetches), 1);
	assert_int_equal(stream_pending(s->stream), 0);
	close(fd);
}

static void test_octet_by_octet(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);
	uint8_t buf[512];
	size_t len = add_query(buf, 0, 1, "blocked.example");

	len = add_query(buf, len, 2, "blocked.example");
	for (size_t i = 0; i < len; i++) {
		send_octets(fd, buf + i, 1);
		turn(s);
	}
	expect_answer(s, fd, 1, RCODE_NXDOMAIN);
	expect_answer(s, fd, 2, RCODE_NXDOMAIN);
	close(fd);
}

/* One segment ends within a frame, the next has its rest and whole ones. */
static void test_split_segments(void **state)
{
	struct server *s = *state;
	uint8_t buf[512];
	size_t len = 0;

	for (uint16_t id = 1; id <= 3; id++)
		len = add_query(buf, len, id, "blocked.example");
	for (size_t at = 1; at < len; at++) {
		int fd = connect_client(s);

		send_octets(fd, buf, at);
		turn(s);
		send_octets(fd, buf + at, len - at);
		for (uint16_t id = 1; id <= 3; id++)
			expect_answer(s, fd, id, RCODE_NXDOMAIN);
		close(fd);
	}
}

/* The longest message there can be, twice: no query, but it is read and answered. */
static void test_longest_message(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);
	uint8_t *frame = calloc(1, FRAME_MAX);
	size_t done = 0;

	assert_non_null(frame);
	wire_put16(frame, WIRE_MESSAGE_MAX);
	wire_put16(frame + 2, 77);
	while (done < (size_t)2 * FRAME_MAX) {
		size_t at = done % FRAME_MAX;
		size_t len = FRAME_MAX - at < 9001 ? FRAME_MAX - at : 9001;

		send_octets(fd, frame + at, len);
		done += len;
		turn(s);
	}
	expect_answer(s, fd, 77, RCODE_FORMERR);
	expect_answer(s, fd, 77, RCODE_FORMERR);
	free(frame);
	close(fd);
}

/* What is no DNS, or no query, ends the connection; what came before it is answered. */
static void test_bad_frames(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} bad[] = {
		{"\0\1", 2}, {"\0\13", 2}, {"\0\14\0\1\200\0\0\0\0\0\0\0\0\0", 14}, /* a response */
	};
	struct server *s = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = connect_client(s);
		uint8_t buf[512];
		size_t len = add_query(buf, 0, 9, "blocked.example");

		memcpy(buf + len, bad[i].octets, bad[i].len);
		send_octets(fd, buf, len + bad[i].len);
		expect_answer(s, fd, 9, RCODE_NXDOMAIN);
		expect_end(s, fd);
		close(fd);
	}
	assert_int_equal(places_taken(s), 0);
}

static void test_dropped_by_list(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);

	s->rig.snapshot->policy->lists[0].action = ACTION_DROP;
	ask(fd, 1, "blocked.example");
	WAIT_FOR(s, STAT(s, dropped) == 1);
	s->rig.snapshot->policy->lists[0].action = ACTION_NXDOMAIN;
	ask(fd, 2, "blocked.example");
	expect_answer(s, fd, 2, RCODE_NXDOMAIN);
	expect_open(s, fd);
	close(fd);
}

/* ---- questions upstream */

static void test_out_of_order(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);

	ask(fd, 10, "a.example");
	ask(fd, 11, "b.example");
	ask(fd, 12, "c.example");
	ask(fd, 13, "blocked.example");
	expect_answer(s, fd, 13, RCODE_NXDOMAIN);
	WAIT_FOR(s, s->upstreams->count == 3);
	assert_int_equal(stream_pending(s->stream), 3);
	tell_records(s, 2, 1);
	expect_answer(s, fd, 12, RCODE_NOERROR);
	tell_records(s, 0, BIG_RECORDS);
	tell(s, 1, &(struct upstream_result){.failure = QUERY_FAIL_NO_REPLY});
	expect_answer(s, fd, 10, RCODE_NOERROR);
	expect_answer(s, fd, 11, RCODE_SERVFAIL);
	assert_int_equal(stream_pending(s->stream), 0);
	expect_open(s, fd);
	close(fd);
}

/* The answer leads to a name that a list drops. */
static void test_reply_dropped(void **state)
{
	static const struct reply reply = {.kind = REPLY_ANSWER};
	static const struct upstream_result result = {
		.reply = &reply, .verdict = {.matched = true, .action = ACTION_DROP}};
	struct server *s = *state;
	int fd = connect_client(s);

	ask(fd, 1, "a.example");
	WAIT_FOR(s, s->upstreams->count == 1);
	tell(s, 0, &result);
	ask(fd, 2, "blocked.example");
	expect_answer(s, fd, 2, RCODE_NXDOMAIN);
	assert_int_equal(STAT(s, dropped), 1);
	close(fd);
}

static void test_pipeline_limit(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);

	conf_of(s)->tcp_pipeline = 2;
	for (uint16_t id = 0; id < 20; id++)
		ask(fd, id, "a.example");
	for (uint16_t id = 0; id < 20; id++) {
		size_t allowed = id + 2U < 20 ? id + 2U : 20;

		WAIT_FOR(s, s->upstreams->count == allowed);
		expect_quiet(s);
		assert_int_equal(s->upstreams->count, allowed);
		tell_records(s, id, 1);
		expect_answer(s, fd, id, RCODE_NOERROR);
	}
	close(fd);
}

static void test_overload(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);

	s->upstreams->full = true;
	ask(fd, 1, "a.example");
	expect_answer(s, fd, 1, RCODE_SERVFAIL);
	assert_int_equal(STAT(s, overload), 1);
	s->upstreams->full = false;
	ask(fd, 2, "a.example");
	WAIT_FOR(s, s->upstreams->count == 1);
	tell_records(s, 0, 1);
	expect_answer(s, fd, 2, RCODE_NOERROR);
	close(fd);
}

/* One client's queries that wait are counted over all his connections, until they are told. */
static void test_bound_per_client(void **state)
{
	struct server *s = *state;
	int fds[2] = {connect_client(s), connect_client(s)};
	int other = connect_from(s, 2);

	s->rig.snapshot->conf->outgoing.queries_per_client = 2;
	ask(fds[0], 1, "a.example");
	ask(fds[1], 2, "b.example");
	WAIT_FOR(s, s->upstreams->count == 2);
	ask(fds[1], 3, "c.example");
	expect_answer(s, fds[1], 3, RCODE_SERVFAIL);
	assert_int_equal(STAT(s, client_overload), 1);
	ask(fds[1], 4, "www.blocked.example");
	expect_answer(s, fds[1], 4, RCODE_NXDOMAIN);
	ask(other, 5, "c.example");
	WAIT_FOR(s, s->upstreams->count == 3);
	tell_records(s, 0, 1);
	expect_answer(s, fds[0], 1, RCODE_NOERROR);
	s->upstreams->full = true; /* what is not taken does not count */
	for (uint16_t id = 6; id < 9; id++) {
		ask(fds[0], id, "c.example");
		expect_answer(s, fds[0], id, RCODE_SERVFAIL);
	}
	assert_int_equal(STAT(s, client_overload), 1);
	s->upstreams->full = false;
	ask(fds[0], 10, "c.example");
	WAIT_FOR(s, s->upstreams->count == 4);
	close(fds[0]); /* and what he left behind counts until it is told */
	ask(fds[1], 11, "d.example");
	expect_answer(s, fds[1], 11, RCODE_SERVFAIL);
	tell_records(s, 3, 1);
	ask(fds[1], 12, "d.example");
	WAIT_FOR(s, s->upstreams->count == 5);
	tell_records(s, 4, 1);
	expect_answer(s, fds[1], 12, RCODE_NOERROR);
	tell_records(s, 1, 1);
	tell_records(s, 2, 1);
	expect_none(&s->rig.shared.waiting);
	close(fds[1]);
	close(other);
}

/* Those who end their side are answered, more than the pipeline holds at one time, too. */
static void test_half_close(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);

	conf_of(s)->tcp_pipeline = 2;
	for (uint16_t id = 0; id < 5; id++)
		ask(fd, id, "a.example");
	shutdown(fd, SHUT_WR);
	for (uint16_t id = 0; id < 5; id++) {
		WAIT_FOR(s, s->upstreams->count > id);
		expect_quiet(s);
		assert_true(is_open(fd));
		tell_records(s, id, 1);
		expect_answer(s, fd, id, RCODE_NOERROR);
	}
	expect_end(s, fd);
	WAIT_FOR(s, places_taken(s) == 0);
	close(fd);
}

/* A place is kept until what was asked from it is over, then given back. */
static void test_close_in_flight(void **state)
{
	struct server *s = *state;

	for (int i = 0; i < 2; i++) {
		size_t first = s->upstreams->count;
		int fd = connect_client(s);

		ask(fd, 1, "a.example");
		ask(fd, 2, "b.example");
		WAIT_FOR(s, s->upstreams->count == first + 2);
		if (i == 0)
			close(fd);
		else
			reset(fd);
		turn(s);
		assert_int_equal(places_taken(s), 1);
		tell_records(s, first + 1, 1);
		turn(s);
		tell_records(s, first, 1);
		WAIT_FOR(s, places_taken(s) == 0);
		assert_int_equal(stream_pending(s->stream), 0);
	}
}

/* Nothing behind a bad frame is read. */
static void test_bad_frame_in_flight(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);

	ask(fd, 1, "a.example");
	send_octets(fd, (const uint8_t *)"\0\3", 2);
	ask(fd, 2, "b.example");
	turn(s);
	assert_int_equal(s->upstreams->count, 1);
	tell_records(s, 0, 1);
	expect_answer(s, fd, 1, RCODE_NOERROR);
	expect_end(s, fd);
	assert_int_equal(places_taken(s), 0);
	close(fd);
}

static void test_freed_in_flight(void **state)
{
	struct server *s = *state;
	int fd = connect_client(s);
	int gone = connect_client(s);

	ask(fd, 1, "a.example");
	ask(gone, 2, "a.example");
	WAIT_FOR(s, s->upstreams->count == 2);
	reset(gone);
	WAIT_FOR(s, stream_pending(s->stream) == 1);
	send_octets(fd, (const uint8_t *)"\0\100half", 6);
	turn(s);
	tell_records(s, 1, 1); /* the last of one that is gone; its event is not run */
	close(fd);
}

/* ---- limits */

static void test_oldest_idle_is_evicted(void **state)
{
	struct server *s = *state;
	int fds[4];

	conf_of(s)->tcp_connections = 3;
	for (int i = 0; i < 3; i++)
		fds[i] = connect_client(s);
	ask(fds[0], 1, "a.example"); /* the oldest of all, but it waits for an answer */
	WAIT_FOR(s, s->upstreams->count == 1);
	fds[3] = connect_client(s);
	expect_end(s, fds[1]);
	close(fds[1]);
	expect_open(s, fds[0]);
	expect_open(s, fds[2]);
	ask(fds[2], 2, "blocked.example"); /* makes fds[3] the oldest */
	expect_answer(s, fds[2], 2, RCODE_NXDOMAIN);
	fds[1] = connect_client(s);
	expect_end(s, fds[3]);
	tell_records(s, 0, 1);
	expect_answer(s, fds[0], 1, RCODE_NOERROR);
	assert_int_equal(STAT(s, tcp_evicted), 2);
	assert_int_equal(STAT(s, tcp_accepted), 5);
	assert_int_equal(STAT(s, tcp_refused), 0);
	assert_int_equal(places_taken(s), 3);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

/* A frame that comes in octet by octet does not make a connection younger. */
static void test_partial_frame_is_idle(void **state)
{
	struct server *s = *state;
	int slow;
	int fd;
	int third;

	conf_of(s)->tcp_connections = 2;
	slow = connect_client(s);
	fd = connect_client(s);
	for (int i = 0; i < 20; i++) {
		send_octets(slow, (const uint8_t *)"\1", 1);
		turn(s);
	}
	third = connect_client(s);
	expect_end(s, slow);
	expect_open(s, fd);
	close(slow);
	close(fd);
	close(third);
}

static void test_refused_when_all_are_busy(void **state)
{
	struct server *s = *state;
	int first = connect_client(s);
	int second;

	conf_of(s)->tcp_connections = 1;
	ask(first, 1, "a.example");
	WAIT_FOR(s, s->upstreams->count == 1);
	second = connect_from(s, 2);
	expect_end(s, second);
	close(second);
	assert_int_equal(STAT(s, tcp_refused), 1);
	tell_records(s, 0, 1);
	expect_answer(s, first, 1, RCODE_NOERROR);
	second = connect_from(s, 2);
	expect_end(s, first);
	expect_open(s, second);
	close(first);
	close(second);
}

static void test_outsider_evicts_nobody(void **state)
{
	struct server *s = *state;
	int fd;
	int outsider;

	conf_of(s)->tcp_connections = 1;
	fd = connect_client(s);
	outsider = connect_from(s, 77);
	expect_end(s, outsider);
	expect_open(s, fd);
	assert_int_equal(STAT(s, tcp_refused), 1);
	close(outsider);
	close(fd);
}

/* Other workers' connections count; there is a little room till one of them is evicted there. */
static void test_others_count(void **state)
{
	struct server *s = *state;
	int fd;

	conf_of(s)->tcp_connections = 10;
	s->rig.shared.tcp_connections = 11;
	fd = connect_from(s, 1);
	expect_end(s, fd);
	assert_int_equal(places_taken(s), 11);
	s->rig.shared.tcp_connections = 0;
	close(fd);
}

static void test_limit_per_client(void **state)
{
	struct server *s = *state;
	int fds[3];
	int third;

	conf_of(s)->tcp_connections_per_client = 2;
	fds[0] = connect_client(s);
	fds[1] = connect_client(s);
	third = connect_from(s, 1);
	expect_end(s, fds[0]);
	assert_int_equal(STAT(s, tcp_evicted), 1);
	fds[2] = connect_from(s, 2);
	WAIT_FOR(s, STAT(s, tcp_accepted) == 4);
	close(fds[0]);
	fds[0] = third;
	for (int i = 0; i < 3; i++) {
		expect_open(s, fds[i]);
		close(fds[i]);
	}
	assert_int_equal(STAT(s, tcp_refused), 0);
}

static void test_outsider(void **state)
{
	struct server *s = *state;
	int fd = connect_from(s, 77);
	uint8_t buf[512];
	size_t len = add_query(buf, 0, 5, "blocked.example");

	len = add_query(buf, len, 6, "a.example");
	send_octets(fd, buf, len);
	expect_answer(s, fd, 5, RCODE_REFUSED);
	expect_end(s, fd);
	assert_int_equal(STAT(s, not_allowed), 1);
	assert_int_equal(s->upstreams->count, 0);
	close(fd);
}

/* ---- clients that do not read */

static int connect_small(struct server *s)
{
	int fd = new_client(1);
	int size = 4096;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_int_equal(try_connect(s, fd), 0);
	WAIT_FOR(s, STAT(s, tcp_accepted) == 1);
	return fd;
}

static void flood(struct server *s, int fd, uint16_t queries)
{
	uint8_t *buf = malloc(queries * (size_t)64);
	size_t len = 0;

	assert_non_null(buf);
	for (uint16_t id = 0; id < queries; id++)
		len = add_query(buf, len, id, "b.example");
	send_octets(fd, buf, len);
	free(buf);
	turn(s);
}

static void test_backlog_is_bounded(void **state)
{
	struct server *s = *state;
	const struct message *m;
	int fd = connect_small(s);

	cache_big_reply(s, "b.example");
	flood(s, fd, FLOOD);
	expect_quiet(s);
	assert_true(STAT(s, queries_tcp) < 50);
	assert_int_equal(STAT(s, cache_hits), STAT(s, queries_tcp));
	assert_int_equal(stream_pending(s->stream), 1);
	for (uint16_t id = 0; id < FLOOD; id++) {
		m = next_answer(s, fd);
		assert_int_equal(wire_get16(m->octets), id);
		assert_int_equal(wire_get16(m->octets + 6), CACHED_RECORDS);
	}
	assert_int_equal(stream_pending(s->stream), 0);
	close(fd);
}

/* Replies to those who do not read are not kept for them: what is long becomes SERVFAIL. */
static void test_backlog_of_replies(void **state)
{
	struct server *s = *state;
	int fd = connect_small(s);
	unsigned int failed = 0;

	conf_of(s)->tcp_pipeline = 300;
	for (uint16_t id = 0; id < 300; id++)
		ask(fd, id, "a.example");
	WAIT_FOR(s, s->upstreams->count == 300);
	for (size_t i = 0; i < 300; i++)
		tell_records(s, i, BIG_RECORDS);
	assert_true(STAT(s, overload) > 100);
	for (uint16_t id = 0; id < 300; id++)
		failed +=
			(wire_get16(next_answer(s, fd)->octets + 2) & FLAG_RCODE) == RCODE_SERVFAIL;
	assert_int_equal(failed, STAT(s, overload));
	expect_open(s, fd);
	close(fd);
}

static void test_unread_is_closed(void **state)
{
	struct server *s = *state;
	uint8_t buf[4096];
	ssize_t got;
	int fd;

	conf_of(s)->tcp_idle_timeout_ms = 200;
	fd = connect_small(s);
	cache_big_reply(s, "b.example");
	flood(s, fd, 100);
	WAIT_FOR(s, places_taken(s) == 0);
	do { /* cut off: the kernel does not go on in our place */
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	} while (got > 0);
	assert_int_equal(got, -1);
	assert_int_equal(errno, ECONNRESET);
	close(fd);
}

/* Having read all is a sign of life. */
static void test_late_reader(void **state)
{
	struct server *s = *state;
	uint64_t begun_ms;
	int fd;

	conf_of(s)->tcp_idle_timeout_ms = 1000;
	fd = connect_small(s);
	ask(fd, 1, "a.example");
	ask(fd, 2, "a.example");
	WAIT_FOR(s, s->upstreams->count == 2);
	begun_ms = await_clock_ms();
	tell_records(s, 0, BIG_RECORDS);
	tell_records(s, 1, BIG_RECORDS);
	turn(s);
	assert_int_equal(stream_pending(s->stream), 1);
	WAIT_FOR(s, await_clock_ms() - begun_ms >= 600);
	expect_answer(s, fd, 1, RCODE_NOERROR);
	expect_answer(s, fd, 2, RCODE_NOERROR);
	WAIT_FOR(s, await_clock_ms() - begun_ms >= 1300);
	assert_true(is_open(fd));
	close(fd);
}

/* ---- time */

static void test_idle_timeout(void **state)
{
	struct server *s = *state;
	uint64_t begun_ms;
	int fd;

	conf_of(s)->tcp_idle_timeout_ms = 200;
	begun_ms = await_clock_ms();
	fd = connect_client(s);
	expect_end(s, fd);
	assert_true(await_clock_ms() - begun_ms >= 190);
	close(fd);
	fd = connect_client(s);
	ask(fd, 1, "a.example"); /* while it is asked the connection is not idle */
	WAIT_FOR(s, s->upstreams->count == 1);
	begun_ms = await_clock_ms();
	WAIT_FOR(s, await_clock_ms() - begun_ms >= 400);
	assert_true(is_open(fd));
	tell_records(s, 0, 1);
	expect_answer(s, fd, 1, RCODE_NOERROR);
	expect_end(s, fd);
	assert_true(await_clock_ms() - begun_ms >= 590);
	close(fd);
}

static void test_slow_loris(void **state)
{
	struct server *s = *state;
	uint64_t begun_ms = await_clock_ms();
	int fd;

	conf_of(s)->tcp_idle_timeout_ms = 200;
	fd = connect_client(s);
	send_octets(fd, (const uint8_t *)"\xff\xff", 2);
	while (is_open(fd)) {
		assert_true(await_clock_ms() - begun_ms < AWAIT_LIMIT_MS);
		if (send(fd, "\1", 1, MSG_NOSIGNAL) < 0)
			break;
		turn(s);
	}
	WAIT_FOR(s, places_taken(s) == 0);
	close(fd);
}

static void test_queries_keep_open(void **state)
{
	struct server *s = *state;
	uint64_t begun_ms = await_clock_ms();
	int fd;

	conf_of(s)->tcp_idle_timeout_ms = 1000;
	fd = connect_client(s);
	while (await_clock_ms() - begun_ms < 1500) {
		ask(fd, 1, "blocked.example");
		expect_answer(s, fd, 1, RCODE_NXDOMAIN);
	}
	expect_open(s, fd);
	close(fd);
}

/* A timeout that a reload made shorter holds for those who came before. */
static void test_timeout_reloaded(void **state)
{
	struct server *s = *state;
	uint64_t begun_ms = await_clock_ms();
	int fd = connect_client(s);

	turn(s);
	conf_of(s)->tcp_idle_timeout_ms = 100;
	expect_end(s, fd);
	assert_true(await_clock_ms() - begun_ms < 10000);
	close(fd);
}

/* ---- the end, and the system's limits */

static void test_drain(void **state)
{
	struct server *s = *state;
	int busy = connect_client(s);
	int idle = connect_client(s);
	int gone = connect_client(s);
	int late;

	ask(busy, 1, "a.example");
	ask(busy, 2, "b.example");
	WAIT_FOR(s, s->upstreams->count == 2);
	ask(gone, 6, "e.example");
	WAIT_FOR(s, s->upstreams->count == 3);
	reset(gone);
	WAIT_FOR(s, stream_pending(s->stream) == 2);
	ask(busy, 3, "c.example"); /* has arrived, has not been read */
	late = connect_from(s, 1); /* has not been accepted */
	ask(late, 4, "blocked.example");
	stream_drain(s->stream, true);
	assert_int_equal(s->upstreams->count, 4);
	assert_int_equal(stream_pending(s->stream), 3);
	expect_end(s, idle);
	expect_answer(s, late, 4, RCODE_NXDOMAIN);
	expect_end(s, late);
	close(late);
	late = new_client(1);
	assert_int_equal(try_connect(s, late), -1);
	ask(busy, 5, "d.example");
	tell_records(s, 0, 1);
	expect_answer(s, busy, 1, RCODE_NOERROR);
	tell_records(s, 2, 1); /* for the one who is gone */
	tell_records(s, 1, 1);
	expect_answer(s, busy, 2, RCODE_NOERROR);
	assert_int_equal(stream_pending(s->stream), 1);
	tell_records(s, 3, 1);
	expect_answer(s, busy, 3, RCODE_NOERROR);
	assert_int_equal(stream_pending(s->stream), 0);
	expect_end(s, busy);
	assert_int_equal(s->upstreams->count, 4);
	assert_int_equal(places_taken(s), 0);
	close(busy);
	close(idle);
	close(late);
}

/* Without a descriptor to spare, connections wait, and the loop does not spin. */
static void test_no_descriptors(void **state)
{
	struct server *s = *state;
	struct rlimit before;
	struct rlimit none;
	int fd = new_client(1);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(try_connect(s, fd), 0);
	for (int i = 0; i < 4; i++)
		expect_quiet(s);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	ask(fd, 1, "blocked.example");
	expect_answer(s, fd, 1, RCODE_NXDOMAIN);
	close(fd);
}

/* ---- all together */

#define CROWD 12

struct crowd {
	uint64_t random;
	int fds[CROWD]; /* -1: not connected */
};

static unsigned int draw(struct crowd *c, unsigned int below)
{
	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(c->random >> 33) % below;
}

static void crowd_connect(struct crowd *c, struct server *s, int *fd)
{
	*fd = new_client((uint8_t)(1 + draw(c, 5)));
	if (try_connect(s, *fd) != 0) {
		close(*fd);
		*fd = -1;
	}
}

/* Sends anything from a part of a query to several, or what is none. */
static void crowd_send(struct crowd *c, int fd)
{
	static const char *const names[] = {"blocked.example", "a.example", "b.example",
					    "c.example"};
	uint8_t buf[1024];
	size_t len = 0;

	for (unsigned int i = draw(c, 6); i-- > 0;)
		len = add_query(buf, len, (uint16_t)draw(c, 65536), names[draw(c, 4)]);
	if (len > 0 && draw(c, 8) == 0)
		len -= draw(c, (unsigned int)len);
	if (draw(c, 40) == 0)
		buf[len++] = (uint8_t)draw(c, 256);
	(void)!send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void crowd_tell(struct crowd *c, struct server *s)
{
	struct upstreams *up = s->upstreams;
	size_t first = up->count > 0 ? draw(c, (unsigned int)up->count) : 0;

	for (size_t i = first; i < up->count; i++) {
		if (!up->waiters[i])
			continue;
		if (draw(c, 4) == 0)
			tell(s, i, &(struct upstream_result){.failure = QUERY_FAIL_NETWORK});
		else
			tell_records(s, i, (uint16_t)draw(c, BIG_RECORDS));
		if (draw(c, 3) > 0)
			break;
	}
	while (up->count > 0 && !up->waiters[up->count - 1])
		up->count--;
}

static void crowd_leave(struct crowd *c, int *fd)
{
	if (draw(c, 2))
		reset(*fd);
	else
		close(*fd);
	*fd = -1;
}

static void crowd_step(struct crowd *c, struct server *s)
{
	int *fd = &c->fds[draw(c, CROWD)];
	static uint8_t buf[4096];

	if (*fd < 0) {
		crowd_connect(c, s, fd);
		return;
	}
	switch (draw(c, 16)) {
	case 0:
		crowd_leave(c, fd);
		break;
	case 1:
		shutdown(*fd, SHUT_WR);
		break;
	case 2:
		conf_of(s)->tcp_connections = 1 + draw(c, CROWD);
		conf_of(s)->tcp_pipeline = 1 + draw(c, 8);
		conf_of(s)->tcp_connections_per_client = 1 + draw(c, CROWD);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		if (recv(*fd, buf, sizeof(buf), MSG_DONTWAIT) == 0)
			crowd_leave(c, fd);
		break;
	case 7:
	case 8:
	case 9:
		crowd_tell(c, s);
		break;
	case 10:
		s->upstreams->full = draw(c, 4) == 0;
		break;
	default:
		crowd_send(c, *fd);
	}
}

/* Whatever clients do, in whatever order: nothing is lost, none is served from beyond. */
static void test_crowd(void **state)
{
	struct server *s = *state;
	struct crowd c = {.random = 1};

	for (int i = 0; i < CROWD; i++)
		c.fds[i] = -1;
	for (int i = 0; i < 30000; i++) {
		crowd_step(&c, s);
		if (draw(&c, 2))
			turn(s);
	}
	stream_drain(s->stream, true);
	for (size_t i = 0; i < s->upstreams->count; i++)
		if (s->upstreams->waiters[i])
			tell_records(s, i, 1);
	for (int i = 0; i < CROWD; i++)
		if (c.fds[i] >= 0)
			close(c.fds[i]);
	WAIT_FOR(s, places_taken(s) == 0);
	assert_true(STAT(s, tcp_evicted) > 10);
	assert_true(STAT(s, tcp_refused) > 10);
	assert_true(STAT(s, send_errors) > 10);
	assert_true(STAT(s, resolved) > 1000);
}

/* ---- without memory */

/* Queries, one of them cut off, one asked upstream, one longer than what is first set aside. */
static void serve_one(struct server *s, int fd, const uint8_t *octets, size_t len)
{
	(void)!send(fd, octets, 40, MSG_NOSIGNAL);
	turn(s);
	(void)!send(fd, octets + 40, len - 40, MSG_NOSIGNAL);
	turn(s);
	for (size_t i = 0; i < s->upstreams->count; i++)
		if (s->upstreams->waiters[i])
			tell_records(s, i, BIG_RECORDS);
	turn(s);
}

/* Each allocation fails in turn, with and without all that follow: a connection may be closed,
 * nothing is lost, and the next client is served. */
static void test_each_allocation_fails(void **state)
{
	struct server *s = *state;
	uint8_t buf[2048] = {0};
	size_t len = add_query(buf, 0, 1, "blocked.example");
	size_t files = loopback_open_files();
	bool failed = true;

	len = add_query(buf, len, 2, "a.example");
	wire_put16(buf + len, 1000);
	for (unsigned long i = 0; failed; i++) {
		int fd = connect_from(s, 1);

		assert_true(i < 400);
		alloc_fail_start(i / 2, i % 2);
		turn(s);
		serve_one(s, fd, buf, len + 900);
		failed = alloc_fail_stop();
		close(fd);
		WAIT_FOR(s, places_taken(s) == 0);
	}
	assert_true(STAT(s, queries_tcp) > 10);
	assert_int_equal(loopback_open_files(), files);
}

/* The sockets are taken over on success alone. */
static void test_create_without_memory(void **state)
{
	struct server *s = *state;
	struct stream *stream = NULL;
	enum err err = ERR_NOMEM;
	uint16_t port;
	int fd = open_listener(&port);

	for (unsigned long i = 0; err != ERR_OK; i++) {
		assert_true(i < 20);
		assert_null(stream);
		assert_int_equal(err, ERR_NOMEM);
		assert_int_equal(loopback_bound(fd).len, sizeof(struct sockaddr_in));
		alloc_fail_start(i, true);
		err = stream_create(&s->rig.loop, s->upstreams, &fd, 1, &stream);
		alloc_fail_stop();
	}
	stream_free(stream);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pipelined),
		TEST(test_prefetch),
		TEST(test_octet_by_octet),
		TEST(test_split_segments),
		TEST(test_longest_message),
		TEST(test_bad_frames),
		TEST(test_dropped_by_list),
		TEST(test_out_of_order),
		TEST(test_reply_dropped),
		TEST(test_pipeline_limit),
		TEST(test_overload),
		TEST(test_bound_per_client),
		TEST(test_half_close),
		TEST(test_close_in_flight),
		TEST(test_bad_frame_in_flight),
		TEST(test_freed_in_flight),
		TEST(test_oldest_idle_is_evicted),
		TEST(test_partial_frame_is_idle),
		TEST(test_refused_when_all_are_busy),
		TEST(test_outsider_evicts_nobody),
		TEST(test_others_count),
		TEST(test_limit_per_client),
		TEST(test_outsider),
		TEST(test_backlog_is_bounded),
		TEST(test_backlog_of_replies),
		TEST(test_unread_is_closed),
		TEST(test_late_reader),
		TEST(test_idle_timeout),
		TEST(test_slow_loris),
		TEST(test_queries_keep_open),
		TEST(test_timeout_reloaded),
		TEST(test_drain),
		TEST(test_no_descriptors),
		TEST(test_crowd),
		TEST(test_each_allocation_fails),
		TEST(test_create_without_memory),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
