/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the upstreams are asked for, and whom not: one name server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>
#include <ldns/ldns.h>
#include <pthread.h>

#include "called/called.h"
#include "base/clock.h"

#define PATIENCE_S 20
#define MOMENT_MS 300
#define NOW_S 1790000000U

struct kit {
	struct hash_key key;
	struct called *called;
	struct conf conf;
	struct conf_upstream server;
	char none[1];
	struct upstream_pool pools[2];
	struct snapshot snapshot;
	pthread_mutex_t lock; /* of the snapshot, for whom it is shown */
	int fd;
	struct sockaddr_in from; /* who has asked last */
	uint8_t query[512];
	size_t len;
};

static void show(void *daemon, called_look_fn *look, void *arg)
{
	struct kit *kit = daemon;

	pthread_mutex_lock(&kit->lock);
	look(arg, &kit->snapshot);
	pthread_mutex_unlock(&kit->lock);
}

static void wait_at_most(const struct kit *kit, long ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	setsockopt(kit->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));
	struct endpoint *at = &kit->server.address;

	pthread_mutex_init(&kit->lock, NULL);
	kit->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	at->u.in = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	at->len = sizeof(at->u.in);
	if (bind(kit->fd, &at->u.sa, at->len) != 0 || getsockname(kit->fd, &at->u.sa, &at->len))
		return 1;
	kit->server.transport = CONF_TRANSPORT_UDP;
	kit->server.tls_name = kit->none;
	kit->pools[0] =
		(struct upstream_pool){.zone = {.len = 1}, .servers = &kit->server, .count = 1};
	kit->snapshot = (struct snapshot){
		.generation = 1, .conf = &kit->conf, .pools = kit->pools, .pool_count = 1};
	kit->conf.server.client_ptr = true;
	*state = kit;
	if (called_create(&kit->key, &kit->called) != ERR_OK)
		return 1;
	called_configure(kit->called, &kit->conf);
	return called_start(kit->called, show, kit) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	called_stop(kit->called);
	called_stop(kit->called);
	called_free(kit->called);
	close(kit->fd);
	pthread_mutex_destroy(&kit->lock);
	free(kit);
	return 0;
}

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), ERR_OK);
	return ip;
}

static void meet(struct kit *kit, const char *text)
{
	const struct ip ip = ip_of(text);

	called_met(kit->called, &ip);
}

/* Receives a question within `ms`.  False: there is none. */
static bool hear(struct kit *kit, long ms)
{
	socklen_t from_len = sizeof(kit->from);
	ssize_t got;

	wait_at_most(kit, ms);
	got = recvfrom(kit->fd, kit->query, sizeof(kit->query), 0, (struct sockaddr *)&kit->from,
		       &from_len);
	kit->len = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static void assert_asked_for(struct kit *kit, const char *name, ldns_rr_type type)
{
	ldns_pkt *query;
	char *asked;

	assert_true(hear(kit, PATIENCE_S * 1000L));
	assert_int_equal(ldns_wire2pkt(&query, kit->query, kit->len), LDNS_STATUS_OK);
	asked = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(query), 0)));
	assert_string_equal(asked, name);
	assert_int_equal(ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(query), 0)), type);
	free(asked);
	ldns_pkt_free(query);
}

static void assert_asked(struct kit *kit, const char *name)
{
	assert_asked_for(kit, name, LDNS_RR_TYPE_PTR);
}

/* Answers the last question with a record, or with an rcode alone. */
static void reply_by(struct kit *kit, const char *type, const char *target, ldns_pkt_rcode rcode)
{
	char record[512];
	ldns_pkt *query;
	ldns_rr *rr;
	uint8_t *octets;
	size_t len;
	char *owner;

	assert_int_equal(ldns_wire2pkt(&query, kit->query, kit->len), LDNS_STATUS_OK);
	ldns_pkt_set_qr(query, true);
	ldns_pkt_set_rcode(query, (uint8_t)rcode);
	owner = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(query), 0)));
	snprintf(record, sizeof(record), "%s 300 IN %s %s", owner, target ? type : "NS",
		 target ? target : ".");
	assert_int_equal(ldns_rr_new_frm_str(&rr, record, 0, NULL, NULL), LDNS_STATUS_OK);
	if (target)
		ldns_pkt_push_rr(query, LDNS_SECTION_ANSWER, rr);
	else
		ldns_rr_free(rr);
	assert_int_equal(ldns_pkt2wire(&octets, query, &len), LDNS_STATUS_OK);
	assert_int_equal(
		sendto(kit->fd, octets, len, 0, (struct sockaddr *)&kit->from, sizeof(kit->from)),
		len);
	ldns_pkt_free(query);
	free(octets);
	free(owner);
}

static void reply(struct kit *kit, const char *target, ldns_pkt_rcode rcode)
{
	reply_by(kit, "PTR", target, rcode);
}

/* What the client is called, behind a question mark if nobody confirms it; "": nothing is known. */
static const char *known(struct kit *kit, const char *text)
{
	static char name[LEASE_NAME_MAX + 1];
	const struct ip ip = ip_of(text);
	struct lease lease;
	enum report_source source = called_find(kit->called, &ip, NOW_S, &lease);

	snprintf(name, sizeof(name), "%s%s", source == REPORT_SOURCE_UNCONFIRMED ? "?" : "",
		 source == REPORT_SOURCE_NONE ? "" : lease.name);
	return name;
}

static uint64_t counted(const struct kit *kit, size_t offset)
{
	const struct stats_row row = {.offset = offset};

	return stats_value(called_stats(kit->called), &row);
}

#define COUNTED(kit, field) counted(kit, offsetof(struct stats, field))

static void wait_for_name(struct kit *kit, const char *text)
{
	uint64_t until_ms = clock_ms() + PATIENCE_S * 1000U;

	while (!*known(kit, text) && clock_ms() < until_ms)
		usleep(2000);
}

static void test_a_name(void **state)
{
	struct kit *kit = *state;

	assert_string_equal(known(kit, "198.18.0.7"), ""); /* which has it be asked for */
	assert_asked(kit, "7.0.18.198.in-addr.arpa.");
	meet(kit, "198.18.0.7");
	reply(kit, "Laptop.Example.", LDNS_RCODE_NOERROR);
	assert_asked_for(kit, "laptop.example.", LDNS_RR_TYPE_A);
	reply_by(kit, "A", "198.18.0.7", LDNS_RCODE_NOERROR);
	wait_for_name(kit, "198.18.0.7");
	assert_string_equal(known(kit, "198.18.0.7"), "laptop.example");
	meet(kit, "198.18.0.7");
	assert_false(hear(kit, MOMENT_MS));
	assert_int_equal(COUNTED(kit, ptr_asked), 1);
	assert_int_equal(COUNTED(kit, ptr_answered), 1);
	assert_int_equal(COUNTED(kit, ptr_failed), 0);
}

/* Whoever has the reverse zone says what he likes. */
static void test_unconfirmed(void **state)
{
	struct kit *kit = *state;

	meet(kit, "198.18.0.7");
	assert_asked(kit, "7.0.18.198.in-addr.arpa.");
	reply(kit, "www.bank.example.", LDNS_RCODE_NOERROR);
	assert_asked_for(kit, "www.bank.example.", LDNS_RR_TYPE_A);
	reply_by(kit, "A", "192.0.2.1", LDNS_RCODE_NOERROR);
	wait_for_name(kit, "198.18.0.7");
	assert_string_equal(known(kit, "198.18.0.7"), "?www.bank.example");
	meet(kit, "2001:470::1");
	assert_asked(kit,
		     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.4.0.1.0.0.2.ip6.arpa.");
	reply(kit, "six.example.", LDNS_RCODE_NOERROR);
	assert_asked_for(kit, "six.example.", LDNS_RR_TYPE_AAAA);
	reply(kit, NULL, LDNS_RCODE_SERVFAIL);
	wait_for_name(kit, "2001:470::1");
	assert_string_equal(known(kit, "2001:470::1"), "?six.example");
	assert_int_equal(COUNTED(kit, ptr_checked), 2);
	assert_int_equal(COUNTED(kit, ptr_confirmed), 0);
}

static void test_bad_names_and_failures(void **state)
{
	struct kit *kit = *state;

	meet(kit, "198.18.0.1");
	assert_asked(kit, "1.0.18.198.in-addr.arpa.");
	reply(kit, "\\027[31m.example.", LDNS_RCODE_NOERROR);
	meet(kit, "2001:470::1");
	assert_asked(kit,
		     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.4.0.1.0.0.2.ip6.arpa.");
	reply(kit, NULL, LDNS_RCODE_SERVFAIL);
	meet(kit, "198.18.0.2"); /* whoever has just failed is not asked for some seconds */
	while (COUNTED(kit, ptr_failed) < 2)
		usleep(2000);
	assert_string_equal(known(kit, "198.18.0.1"), "");
	assert_int_equal(COUNTED(kit, ptr_asked), 3);
	assert_int_equal(COUNTED(kit, ptr_answered), 1);
}

/* Private names leave for nobody who was not named for their zone. */
static void test_private_addresses(void **state)
{
	static const char zone[] = "168.192.in-addr.arpa";
	struct kit *kit = *state;

	meet(kit, "192.168.1.1");
	meet(kit, "10.0.0.1");
	meet(kit, "127.0.0.1");
	meet(kit, "fe80::1");
	meet(kit, "fd00::1");
	assert_false(hear(kit, MOMENT_MS));
	pthread_mutex_lock(&kit->lock);
	kit->pools[1] = kit->pools[0];
	assert_int_equal(name_from_text(zone, strlen(zone), &kit->pools[1].zone), ERR_OK);
	kit->snapshot.pool_count = 2;
	kit->snapshot.generation++;
	pthread_mutex_unlock(&kit->lock);
	meet(kit, "192.168.1.2");
	assert_asked(kit, "2.1.168.192.in-addr.arpa.");
	reply(kit, "nas.lan.", LDNS_RCODE_NOERROR);
	wait_for_name(kit, "192.168.1.2");
	assert_string_equal(known(kit, "192.168.1.2"), "?nas.lan"); /* that stays here */
	meet(kit, "10.0.0.2");
	assert_false(hear(kit, MOMENT_MS));
	assert_int_equal(COUNTED(kit, ptr_asked), 1);
}

static void test_turned_off(void **state)
{
	struct kit *kit = *state;

	kit->conf.server.client_ptr = false;
	called_configure(kit->called, &kit->conf);
	meet(kit, "198.18.0.7");
	assert_string_equal(known(kit, "198.18.0.7"), "");
	assert_false(hear(kit, MOMENT_MS));
	called_met(NULL, NULL);
	called_configure(NULL, &kit->conf);
	called_stop(NULL);
	called_free(NULL);
}

/* An end does not wait for who is silent; prefixes are nobody's. */
static void test_end(void **state)
{
	struct kit *kit = *state;
	struct ip prefix = ip_of("198.18.0.0");
	struct lease lease;

	prefix.unknown = 8;
	called_met(kit->called, &prefix);
	assert_int_equal(called_find(kit->called, &prefix, NOW_S, &lease), REPORT_SOURCE_NONE);
	assert_int_equal(called_find(NULL, &prefix, NOW_S, &lease), REPORT_SOURCE_NONE);
	meet(kit, "198.18.0.7");
	assert_asked(kit, "7.0.18.198.in-addr.arpa.");
	for (unsigned int i = 0; i < 2000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "198.19.%u.%u", i / 250, i % 250);
		meet(kit, text);
	}
	assert_int_equal(COUNTED(kit, ptr_lost), 2000 - 1024);
}

/* Nobody hears of those either who wait to be asked for when that is taken away. */
static void test_turned_off_meanwhile(void **state)
{
	struct kit *kit = *state;

	meet(kit, "198.18.0.1");
	meet(kit, "198.18.0.2");
	meet(kit, "198.18.0.3");
	assert_asked(kit, "1.0.18.198.in-addr.arpa.");
	kit->conf.server.client_ptr = false;
	called_configure(kit->called, &kit->conf);
	reply(kit, "a.example.", LDNS_RCODE_NOERROR);
	assert_false(hear(kit, MOMENT_MS));
	assert_int_equal(COUNTED(kit, ptr_asked), 1);
	kit->conf.server.client_ptr = true;
	called_configure(kit->called, &kit->conf);
	meet(kit, "198.18.0.2");
	assert_asked(kit, "2.0.18.198.in-addr.arpa.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_name),
		TEST(test_unconfirmed),
		TEST(test_bad_names_and_failures),
		TEST(test_private_addresses),
		TEST(test_turned_off),
		TEST(test_turned_off_meanwhile),
		TEST(test_end),
	};

	return cmocka_run_group_tests_name("called", tests, NULL, NULL);
}
