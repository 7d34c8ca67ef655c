/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts asked of upstreams that say what they like: two name servers of the test's own. */
#include "fetch/lookup.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "support/await.h"
#include "support/loopback.h"
#include "support/message.h"

#define SERVERS 2U
#define POOLS 3U
#define TC 0x02U

struct server;

/* Makes what is sent back of a query, which is in `m`; false: nothing is. */
typedef bool deed_fn(const struct server *server, struct message *m, const char *name,
		     uint16_t type, bool tcp);

struct server {
	struct endpoint address;
	int udp;
	int tcp;
	_Atomic(deed_fn *) deed;
	atomic_uint asked;
	atomic_bool ends;
	uint8_t mark;
	pthread_t thread;
};

struct kit {
	struct server servers[SERVERS];
	struct conf conf;
	struct conf_upstream upstreams[SERVERS];
	struct upstream_pool pools[POOLS];
	struct snapshot snapshot;
	struct lookup *lookup;
	atomic_bool ending;
	struct ip ips[LOOKUP_ADDRESSES_MAX];
	size_t count;
	char none[1];
};

/* ---- the servers */

static void read_question(const struct message *m, char *name, size_t size, uint16_t *ret_type)
{
	size_t at = 12;
	size_t len = 0;

	while (m->octets[at] != 0 && len + m->octets[at] + 2U < size) {
		memcpy(name + len, m->octets + at + 1, m->octets[at]);
		len += m->octets[at];
		name[len++] = '.';
		at += m->octets[at] + 1U;
	}
	name[len ? len - 1 : 0] = '\0';
	*ret_type = (uint16_t)message_get16(m, at + 1);
}

static bool react(struct server *s, struct message *m, bool tcp)
{
	deed_fn *deed = atomic_load(&s->deed);
	const unsigned int id = message_get16(m, 0);
	char name[256];
	uint16_t type;

	read_question(m, name, sizeof(name), &type);
	atomic_fetch_add(&s->asked, 1);
	message_reply(m, name, type, 0);
	message_set16(m, 0, id);
	return deed(s, m, name, type, tcp);
}

static void serve_udp(struct server *s)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct message m;
	ssize_t got = recvfrom(s->udp, m.octets, sizeof(m.octets), 0, (struct sockaddr *)&from,
			       &from_len);

	if (got < 12)
		return;
	m.len = (size_t)got;
	if (react(s, &m, false))
		(void)sendto(s->udp, m.octets, m.len, 0, (struct sockaddr *)&from, from_len);
}

static void serve_tcp(struct server *s)
{
	int fd = accept(s->tcp, NULL, NULL);
	struct message m;
	uint8_t length[2];

	if (fd < 0)
		return;
	if (recv(fd, length, 2, MSG_WAITALL) == 2) {
		m.len = (size_t)length[0] << 8 | length[1];
		if (m.len <= sizeof(m.octets) &&
		    recv(fd, m.octets, m.len, MSG_WAITALL) == (ssize_t)m.len &&
		    react(s, &m, true)) {
			length[0] = (uint8_t)(m.len >> 8);
			length[1] = (uint8_t)m.len;
			(void)send(fd, length, 2, MSG_NOSIGNAL);
			(void)send(fd, m.octets, m.len, MSG_NOSIGNAL);
		}
	}
	close(fd);
}

static void *serve(void *arg)
{
	struct server *s = arg;

	while (!s->ends) {
		struct pollfd fds[2] = {{s->udp, POLLIN, 0}, {s->tcp, POLLIN, 0}};

		if (poll(fds, 2, 20) <= 0)
			continue;
		if (fds[0].revents)
			serve_udp(s);
		if (fds[1].revents)
			serve_tcp(s);
	}
	return NULL;
}

/* ---- what they do */

static void add_address(const struct server *s, struct message *m, uint16_t type, uint8_t last)
{
	const uint8_t ipv6[16] = {0x20, 1, 0x0d, 0xb8, [15] = last};
	const uint8_t ipv4[4] = {192, 0, s->mark, last};

	if (type == TYPE_A)
		message_rr(m, MESSAGE_AN, NULL, TYPE_A, 60, ipv4, 4);
	else
		message_rr(m, MESSAGE_AN, NULL, TYPE_AAAA, 60, ipv6, 16);
}

static bool answer(const struct server *s, struct message *m, const char *name, uint16_t type,
		   bool tcp)
{
	(void)name;
	(void)tcp;
	add_address(s, m, type, 1);
	return true;
}

static bool answer_many(const struct server *s, struct message *m, const char *name, uint16_t type,
			bool tcp)
{
	(void)name;
	(void)tcp;
	for (uint8_t i = 0; i < 20; i++)
		add_address(s, m, type, i);
	return true;
}

static void set_rcode(struct message *m, unsigned int rcode)
{
	m->octets[3] = (uint8_t)((m->octets[3] & 0xf0U) | rcode);
}

static bool deny(const struct server *s, struct message *m, const char *name, uint16_t type,
		 bool tcp)
{
	(void)answer(s, m, name, type, tcp); /* which counts for nothing */
	set_rcode(m, 3);
	return true;
}

static bool break_down(const struct server *s, struct message *m, const char *name, uint16_t type,
		       bool tcp)
{
	(void)answer(s, m, name, type, tcp);
	set_rcode(m, 2);
	return true;
}

static bool say_nothing(const struct server *s, struct message *m, const char *name, uint16_t type,
			bool tcp)
{
	(void)s;
	(void)m;
	(void)name;
	(void)type;
	(void)tcp;
	return false;
}

static bool truncate_all(const struct server *s, struct message *m, const char *name, uint16_t type,
			 bool tcp)
{
	if (tcp)
		return answer(s, m, name, type, tcp);
	m->octets[2] |= TC;
	return true;
}

static bool truncate_alone(const struct server *s, struct message *m, const char *name,
			   uint16_t type, bool tcp)
{
	return !tcp && truncate_all(s, m, name, type, tcp);
}

/* A record that is not whole. */
static bool garble(const struct server *s, struct message *m, const char *name, uint16_t type,
		   bool tcp)
{
	(void)answer(s, m, name, type, tcp);
	m->len -= 2;
	return true;
}

/* Records that are no addresses, or not of the length of one. */
static bool give_others(const struct server *s, struct message *m, const char *name, uint16_t type,
			bool tcp)
{

	(void)s;
	(void)type;
	(void)tcp;
	message_rr_name(m, MESSAGE_AN, name, TYPE_CNAME, 60, "x.example");
	message_rr(m, MESSAGE_AN, NULL, TYPE_TXT, 60, "\4abcd", 5);
	return true;
}

/* Three that others could have sent, before the true one. */
static bool answer_among_others(const struct server *s, struct message *m, const char *name,
				uint16_t type, bool tcp)
{
	static atomic_uint round;

	(void)answer(s, m, name, type, tcp);
	switch (atomic_fetch_add(&round, 1) % 4) {
	case 0:
		m->octets[0] ^= 1; /* another ID */
		break;
	case 1:
		m->octets[13] ^= 1; /* another name */
		break;
	case 2:
		m->octets[2] &= 0x7f; /* no reply */
		break;
	default:
		break;
	}
	return true;
}

/* ---- the kit */

static int start_server(struct server *s, struct conf_upstream *conf, char *none, uint8_t mark)
{
	s->address = loopback_bind_pair(&s->udp, &s->tcp);
	s->deed = answer;
	s->mark = mark;
	conf->address = s->address;
	conf->transport = CONF_TRANSPORT_AUTO;
	conf->tls_name = none;
	if (listen(s->tcp, 8) != 0)
		return 1;
	return pthread_create(&s->thread, NULL, serve, s);
}

/* The root's is the first server, that of stub.test the second; the third is of a group. */
static int set_up(void **state)
{
	struct kit *k = calloc(1, sizeof(*k));
	struct name *zone = &k->pools[1].zone;

	for (uint8_t i = 0; i < SERVERS; i++)
		if (start_server(&k->servers[i], &k->upstreams[i], k->none, i) != 0)
			return 1;
	k->pools[0] =
		(struct upstream_pool){.zone = {.len = 1}, .servers = &k->upstreams[0], .count = 1};
	k->pools[1] = (struct upstream_pool){.servers = &k->upstreams[1], .count = 1};
	if (name_from_text("stub.test", 9, zone) != ERR_OK)
		return 1;
	k->pools[2] = (struct upstream_pool){
		.zone = {.len = 1}, .group = "kids", .servers = &k->upstreams[1], .count = 1};
	k->snapshot = (struct snapshot){.generation = 1,
					.conf = &k->conf,
					.pools = k->pools,
					.pool_count = POOLS,
					.group_pools = 1};
	*state = k;
	return lookup_create(&k->snapshot, &k->lookup) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *k = *state;

	lookup_free(k->lookup);
	for (unsigned int i = 0; i < SERVERS; i++) {
		k->servers[i].ends = true;
		pthread_join(k->servers[i].thread, NULL);
		close(k->servers[i].udp);
		close(k->servers[i].tcp);
	}
	free(k);
	return 0;
}

static enum err find(struct kit *k, const char *host)
{
	return lookup_host(k->lookup, host, &k->ending, k->ips, &k->count);
}

/* As if nobody had been silent. */
static void begin_anew(struct kit *k)
{
	lookup_free(k->lookup);
	assert_int_equal(lookup_create(&k->snapshot, &k->lookup), ERR_OK);
}

/* ---- */

static void test_addresses(void **state)
{
	struct kit *k = *state;

	assert_int_equal(find(k, "lists.example"), ERR_OK);
	assert_int_equal(k->count, 2);
	assert_int_equal(k->ips[0].family, AF_INET);
	assert_int_equal(k->ips[1].family, AF_INET6);
	assert_int_equal(k->servers[0].asked, 2);
	k->servers[0].deed = answer_many;
	assert_int_equal(find(k, "lists.example"), ERR_OK);
	assert_int_equal(k->count, LOOKUP_ADDRESSES_MAX);
}

static void test_whom(void **state)
{
	static const struct {
		const char *host;
		uint8_t server;
	} cases[] = {
		{"stub.test", 1}, {"a.b.stub.test", 1},	    {"A.Stub.TEST", 1},	 {"astub.test", 0},
		{"test", 0},	  {"stub.test.example", 0}, {"x.stub.test.", 1},
	};
	struct kit *k = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(find(k, cases[i].host), ERR_OK);
		assert_int_equal(k->ips[0].bytes[2], cases[i].server);
	}
}

/* What is for the clients of a group is asked for nobody else. */
static void test_no_group(void **state)
{
	struct kit *k = *state;
	struct name name;

	k->pools[0].count = 0;
	begin_anew(k);
	assert_int_equal(find(k, "lists.example"), ERR_NOTFOUND);
	assert_int_equal(k->servers[1].asked, 0);
	assert_int_equal(name_from_text("lists.example", 13, &name), ERR_OK);
	assert_false(lookup_is_forwarded(k->lookup, &name));
	assert_int_equal(name_from_text("a.stub.test", 11, &name), ERR_OK);
	assert_true(lookup_is_forwarded(k->lookup, &name));
}

static void test_no_names(void **state)
{
	struct kit *k = *state;
	char longest[300];

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(find(k, longest), ERR_SYNTAX);
	assert_int_equal(find(k, ""), ERR_SYNTAX);
	assert_int_equal(find(k, "a..b"), ERR_SYNTAX);
	assert_int_equal(k->servers[0].asked, 0);
}

static void test_no_address(void **state)
{
	struct kit *k = *state;
	deed_fn *const deeds[] = {deny, give_others};

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		k->servers[0].deed = deeds[i];
		assert_int_equal(find(k, "lists.example"), ERR_NOTFOUND);
	}
}

/* One that fails, or says nothing that can be read, has the next asked; that is said of one name,
 * which may be anybody's, and not of others. */
static void test_next_server(void **state)
{
	struct kit *k = *state;
	deed_fn *const deeds[] = {break_down, garble, truncate_alone};

	k->pools[0].count = 2;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		begin_anew(k);
		k->servers[0].deed = deeds[i];
		k->servers[1].deed = answer;
		assert_int_equal(find(k, "lists.example"), ERR_OK);
		assert_int_equal(k->ips[0].bytes[2], 1);
		k->servers[1].deed = deeds[i];
		assert_int_equal(find(k, "lists.example"), ERR_SYS);
		k->servers[0].deed = answer;
		assert_int_equal(find(k, "lists.example"), ERR_OK);
		k->servers[1].deed = answer;
	}
}

/* When some names in a row were not answered nobody is asked for a while. */
static void test_silence(void **state)
{
	struct kit *k = *state;
	unsigned int asked;

	k->servers[0].deed = truncate_alone; /* the answer itself never comes */
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(find(k, "lists.example"), ERR_SYS);
	k->servers[0].deed = break_down;
	assert_int_equal(find(k, "lists.example"), ERR_SYS);
	k->servers[0].deed = truncate_alone;
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(find(k, "lists.example"), ERR_SYS);
	asked = k->servers[0].asked;
	k->servers[0].deed = answer;
	assert_int_equal(find(k, "lists.example"), ERR_SYS);
	assert_int_equal(k->servers[0].asked, asked);
	assert_int_equal(find(k, "a.stub.test"), ERR_OK); /* that is another pool */
}

static void test_truncated(void **state)
{
	struct kit *k = *state;

	k->servers[0].deed = truncate_all;
	assert_int_equal(find(k, "lists.example"), ERR_OK);
	assert_int_equal(k->count, 2);
	assert_int_equal(k->servers[0].asked, 4);
}

static void test_over_tcp_alone(void **state)
{
	struct kit *k = *state;

	k->upstreams[0].transport = CONF_TRANSPORT_TCP;
	begin_anew(k);
	k->servers[0].deed = truncate_all; /* over UDP it would say nothing */
	assert_int_equal(find(k, "lists.example"), ERR_OK);
	assert_int_equal(k->servers[0].asked, 2);
}

/* What others send is not taken: each is asked once more, in its time. */
static void test_what_others_send(void **state)
{
	struct kit *k = *state;
	uint8_t reply[LOOKUP_REPLY_MAX];
	struct name name;
	size_t len;
	enum err err;

	k->servers[0].deed = answer_among_others;
	assert_int_equal(name_from_text("lists.example", 13, &name), ERR_OK);
	for (unsigned int i = 0; i < 2; i++) {
		begin_anew(k);
		err = lookup_records(k->lookup, &name, TYPE_A, &k->ending, reply, &len);
		assert_int_equal(err, i == 0 ? ERR_SYS : ERR_OK);
	}
	assert_int_equal(k->servers[0].asked, 4);
	assert_int_equal(len, 12 + 15 + 4 + 16);
}

static void test_records(void **state)
{
	struct kit *k = *state;
	uint8_t reply[LOOKUP_REPLY_MAX];
	struct name name;
	size_t len = 0;

	assert_int_equal(name_from_text("1.2.0.192.in-addr.arpa", 22, &name), ERR_OK);
	k->servers[0].deed = deny;
	assert_int_equal(lookup_records(k->lookup, &name, TYPE_PTR, &k->ending, reply, &len),
			 ERR_OK);
	assert_int_equal(reply[3] & 15, 3);
	assert_memory_equal(reply + 12, name.wire, name.len);
	k->servers[0].deed = break_down;
	len = 7;
	assert_int_equal(lookup_records(k->lookup, &name, TYPE_PTR, &k->ending, reply, &len),
			 ERR_SYS);
	assert_int_equal(len, 7);
	k->pools[0].count = 0;
	begin_anew(k);
	assert_int_equal(lookup_records(k->lookup, &name, TYPE_PTR, &k->ending, reply, &len),
			 ERR_NOTFOUND);
}

static void *end_it(void *arg)
{
	struct kit *k = arg;

	while (k->servers[0].asked == 0)
		await_nap();
	k->ending = true;
	return NULL;
}

/* The process ends while somebody is silent. */
static void test_cancelled(void **state)
{
	struct kit *k = *state;
	pthread_t thread;

	k->servers[0].deed = say_nothing;
	assert_int_equal(pthread_create(&thread, NULL, end_it, k), 0);
	assert_int_equal(find(k, "lists.example"), ERR_CANCELLED);
	pthread_join(thread, NULL);
	assert_int_equal(k->servers[0].asked, 1);
	k->ending = false; /* who has not answered in no time was not silent */
	k->servers[0].deed = answer;
	assert_int_equal(find(k, "lists.example"), ERR_OK);
	lookup_free(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses),	     TEST(test_whom),	    TEST(test_no_group),
		TEST(test_no_names),	     TEST(test_no_address), TEST(test_next_server),
		TEST(test_silence),	     TEST(test_truncated),  TEST(test_over_tcp_alone),
		TEST(test_what_others_send), TEST(test_records),    TEST(test_cancelled),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
