/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers where names are cut off, from the first socket to the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "landing/landing.h"
#include "support/await.h"
#include "support/loopback.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { HTTP, TLS, OTHER, KINDS };

struct kit {
	struct conf conf;
	struct ip address;
	struct port_range ports[KINDS];
	int handed; /* what the process was handed for HTTP; -1: nothing */
	struct landing *landing;
	struct visits *visits;
	char asked[NAME_TEXT_MAX]; /* the last name that was asked for; "": none is known */
	size_t open_files;
};

static int take(void *arg, const struct endpoint *address)
{
	struct kit *kit = arg;
	int fd = loopback_port(address) == kit->ports[HTTP].first ? kit->handed : -1;

	kit->handed = fd >= 0 ? -1 : kit->handed;
	return fd;
}

static void order_of(void *arg, const struct name *host, struct order *ret_order)
{
	struct kit *kit = arg;
	char text[NAME_TEXT_MAX];

	*ret_order = (struct order){.listed = true, .ordered = true, .family = "<Waledac>"};
	snprintf(kit->asked, sizeof(kit->asked), "%s",
		 host ? name_to_text(host->wire, text, sizeof(text)) : "");
}

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	*state = kit;
	kit->open_files = loopback_open_files();
	kit->handed = -1;
	assert_int_equal(ip_parse("127.0.0.1", &kit->address), ERR_OK);
	for (unsigned int i = 0; i < KINDS; i++)
		kit->ports[i].first = kit->ports[i].last = loopback_free_port();
	kit->conf.server.client_prefix_ipv4 = 24;
	kit->conf.server.client_prefix_ipv6 = 56;
	kit->conf.landing.listen = &kit->address;
	kit->conf.landing.listen_count = 1;
	kit->conf.landing.http_ports = &kit->ports[HTTP];
	kit->conf.landing.tls_ports = &kit->ports[TLS];
	kit->conf.landing.ports = &kit->ports[OTHER];
	kit->conf.landing.http_ports_count = kit->conf.landing.tls_ports_count =
		kit->conf.landing.ports_count = 1;
	return visits_create(&kit->visits) != ERR_OK;
}

/* All is given back. */
static int tear_down(void **state)
{
	struct kit *kit = *state;
	size_t left;

	landing_free(kit->landing);
	visits_free(kit->visits);
	left = loopback_open_files() - kit->open_files;
	free(kit);
	return left != 0;
}

static void open_it(struct kit *kit)
{
	assert_int_equal(landing_open(&kit->conf, take, kit, &kit->landing), ERR_OK);
	assert_non_null(kit->landing);
}

static void start_it(struct kit *kit)
{
	assert_int_equal(landing_start(kit->landing, kit->visits, order_of, kit), ERR_OK);
}

/* -1: nobody listens. */
static int connect_to(const struct kit *kit, unsigned int kind)
{
	const struct timeval limit = {.tv_sec = AWAIT_LIMIT_MS / 1000};
	struct endpoint e = loopback_endpoint(1, kit->ports[kind].first);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, &e.u.sa, e.len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What comes until the end, to what was sent. */
static const char *exchange(const struct kit *kit, unsigned int kind, const char *sent)
{
	static char reply[65536];
	size_t len = 0;
	ssize_t got = 1;
	int fd = connect_to(kit, kind);

	assert_true(fd >= 0);
	if (*sent)
		(void)send(fd, sent, strlen(sent), MSG_NOSIGNAL);
	while (got > 0 && len < sizeof(reply) - 1) {
		got = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);
		len += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	reply[len] = '\0';
	return reply;
}

static uint64_t counted(const struct kit *kit, size_t offset)
{
	const struct stats_row row = {.offset = offset};

	return stats_value(landing_stats(kit->landing), &row);
}

/* ---- */

static void test_none(void **state)
{
	struct kit *kit = *state;
	size_t count = 7;

	kit->conf.landing.listen_count = 0;
	assert_int_equal(landing_open(&kit->conf, take, kit, &kit->landing), ERR_OK);
	assert_null(kit->landing);
	assert_int_equal(landing_files(NULL), 0);
	assert_null(landing_sockets(NULL, &count));
	assert_int_equal(count, 0);
	assert_null(landing_stats(NULL));
	start_it(kit);
	landing_stop(NULL);
	landing_free(NULL);
}

static void test_a_page(void **state)
{
	struct kit *kit = *state;
	const char *page;
	const struct visit *visits;
	size_t count;

	open_it(kit);
	(void)landing_sockets(kit->landing, &count);
	assert_int_equal(count, KINDS);
	assert_true(landing_files(kit->landing) > KINDS);
	start_it(kit);
	page = exchange(kit, HTTP,
			"GET /a?b HTTP/1.1\r\nHost: C2.Bots.example\r\nUser-Agent: probe/1\r\n"
			"Connection: close\r\n\r\n");
	assert_non_null(strstr(page, "&lt;Waledac&gt;"));
	assert_non_null(strstr(page, "Content-Security-Policy:"));
	assert_null(strstr(page, "<Waledac>"));
	assert_string_equal(kit->asked, "c2.bots.example");
	landing_stop(kit->landing);
	landing_stop(kit->landing);
	visits = visits_batch(kit->visits, &count);
	assert_int_equal(count, 1);
	assert_string_equal(visits[0].key.host, "c2.bots.example");
	assert_string_equal(visits[0].key.method, "GET");
	assert_string_equal(visits[0].key.path, "/a"); /* what was asked with it may be private */
	assert_string_equal(visits[0].key.agent, "probe/1");
	assert_true(ip_equal(&visits[0].key.client, &kit->address));
	visits_written(kit->visits);
	assert_int_equal(counted(kit, offsetof(struct stats, landing_requests)), 1);
}

/* What is no TLS, and what is for other ports, is closed without a word. */
static void test_closed_at_once(void **state)
{
	struct kit *kit = *state;

	open_it(kit);
	start_it(kit);
	assert_string_equal(exchange(kit, OTHER, ""), "");
	assert_string_equal(exchange(kit, TLS, "GET / HTTP/1.1\r\n\r\n"), "");
	landing_stop(kit->landing);
	assert_int_equal(counted(kit, offsetof(struct stats, landing_others)), 1);
	assert_int_equal(counted(kit, offsetof(struct stats, landing_requests)), 0);
}

/* A process that takes over is handed the sockets, and goes on with them. */
static void test_handed_on(void **state)
{
	struct kit *kit = *state;
	struct endpoint e = loopback_endpoint(1, kit->ports[HTTP].first);
	const int *sockets;
	size_t count;
	int handed = loopback_bind(&e, SOCK_STREAM, true);

	assert_true(handed >= 0);
	assert_int_equal(listen(handed, 8), 0);
	kit->handed = handed;
	open_it(kit);
	assert_int_equal(kit->handed, -1);
	sockets = landing_sockets(kit->landing, &count);
	assert_int_equal(count, KINDS);
	assert_int_equal(sockets[0], handed);
	start_it(kit);
	assert_non_null(strstr(exchange(kit, HTTP, "GET / HTTP/1.0\r\n\r\n"), "&lt;Waledac&gt;"));
	assert_string_equal(kit->asked, "");
}

/* Where another program listens nothing is, and the others are served. */
static void test_taken(void **state)
{
	struct kit *kit = *state;
	struct endpoint e = loopback_endpoint(1, kit->ports[HTTP].first);
	size_t count;
	int other = loopback_bind(&e, SOCK_STREAM, false);

	assert_true(other >= 0);
	assert_int_equal(listen(other, 8), 0);
	open_it(kit);
	(void)landing_sockets(kit->landing, &count);
	assert_int_equal(count, KINDS - 1);
	start_it(kit);
	assert_string_equal(exchange(kit, OTHER, ""), "");
	close(other);
}

/* It listens no more, whether it was started or not. */
static void test_the_end(void **state)
{
	struct kit *kit = *state;

	for (unsigned int i = 0; i < 2; i++) {
		open_it(kit);
		if (i > 0)
			start_it(kit);
		landing_free(kit->landing);
		kit->landing = NULL;
		for (unsigned int kind = 0; kind < KINDS; kind++)
			assert_int_equal(connect_to(kit, kind), -1);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),      TEST(test_a_page), TEST(test_closed_at_once),
		TEST(test_handed_on), TEST(test_taken),	 TEST(test_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
