/* SPDX-License-Identifier: BSD-2-Clause */
/* A list that comes by HTTP has a reload be wanted, in the loop of the main thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/feeds.h"
#include "support/await.h"
#include "support/fetched.h"
#include "support/loopback.h"
#include "support/station.h"

#define BODY "a.example\n"
#define REPLY "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n" BODY

struct kit {
	struct station *station;
	struct event_base *base;
	struct feeds *feeds;
	struct conf conf;
	char none[1];
	struct conf_list list;
	struct upstream_pool pools[1];
	struct snapshot snapshot;
	char url[64];
	int listener;
	pthread_t server;
	atomic_bool ends;
	unsigned int changed; /* how often that was told, in the loop's thread */
};

/* ---- a server that has the list */

static void *serve(void *arg)
{
	struct kit *k = arg;

	while (!k->ends) {
		struct pollfd ready = {k->listener, POLLIN, 0};
		int fd = poll(&ready, 1, 20) > 0 ? accept(k->listener, NULL, NULL) : -1;
		char request[4096];

		if (fd < 0)
			continue;
		if (recv(fd, request, sizeof(request), 0) > 0)
			(void)send(fd, REPLY, strlen(REPLY), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

static void listen_at(struct kit *k)
{
	const struct endpoint at = loopback_endpoint(1, 0);
	struct endpoint bound;

	k->listener = loopback_bind(&at, SOCK_STREAM, false);
	assert_true(k->listener >= 0);
	assert_int_equal(listen(k->listener, 16), 0);
	bound = loopback_bound(k->listener);
	snprintf(k->url, sizeof(k->url), "http://127.0.0.1:%u/feed", loopback_port(&bound));
}

static void on_changed(void *arg)
{
	struct kit *k = arg;

	k->changed++;
}

static int set_up(void **state)
{
	struct kit *k = calloc(1, sizeof(*k));
	void *station;

	assert_int_equal(station_set_up(&station), 0);
	k->station = station;
	k->base = event_base_new();
	listen_at(k);
	k->list = fetched_list(&k->station->scratch, k->url);
	k->list.refresh_s = 86400;
	k->list.fetch_timeout_ms = 60000;
	k->list.max_size_bytes = 1000;
	k->conf.lists = &k->list;
	k->conf.lists_count = 1;
	k->conf.state.directory = k->none;
	k->conf.local.hosts_file = k->none;
	k->conf.guard.protected_file = k->none;
	k->pools[0].zone.len = 1;
	k->snapshot = (struct snapshot){
		.generation = 1, .conf = &k->conf, .pools = k->pools, .pool_count = 1};
	*state = k;
	return pthread_create(&k->server, NULL, serve, k);
}

static int tear_down(void **state)
{
	struct kit *k = *state;
	void *station = k->station;

	feeds_free(k->feeds);
	k->ends = true;
	pthread_join(k->server, NULL);
	close(k->listener);
	event_base_free(k->base);
	free(k);
	return station_tear_down(&station);
}

static void create(struct kit *k)
{
	assert_int_equal(
		feeds_create(k->base, k->station->inforce, &k->snapshot, on_changed, k, &k->feeds),
		ERR_OK);
}

static void turn(struct kit *k)
{
	event_base_loop(k->base, EVLOOP_NONBLOCK);
	await_nap();
}

static enum web_reload wanted(struct kit *k)
{
	const struct snapshot *former;
	uint64_t covers;

	return inforce_begin(k->station->inforce, &covers, &former);
}

/* ---- */

static void test_what_comes_is_to_be_loaded(void **state)
{
	struct kit *k = *state;

	assert_int_equal(wanted(k), WEB_RELOAD_COUNT);
	create(k);
	AWAIT(k->changed > 0, turn(k));
	assert_true(file_holds(k->list.file, BODY, strlen(BODY)));
	assert_int_equal(wanted(k), WEB_RELOAD_NEW);
	assert_int_equal(k->changed, 1);
	assert_int_equal(fetch_now(feeds_fetch(k->feeds), "feed"), 1);
	assert_int_equal(fetch_now(feeds_fetch(k->feeds), "none"), 0);
}

/* What is fetched is what the last configuration has. */
static void test_configured_anew(void **state)
{
	struct kit *k = *state;
	struct fetch_view view;

	k->conf.lists_count = 0;
	create(k);
	assert_false(fetch_look(feeds_fetch(k->feeds), "feed", &view));
	k->conf.lists_count = 1;
	k->snapshot.generation++;
	feeds_configure(k->feeds, &k->snapshot);
	AWAIT(fetch_look(feeds_fetch(k->feeds), "feed", &view), await_nap());
	AWAIT(k->changed > 0, turn(k));
	k->conf.lists_count = 0;
	k->snapshot.generation++;
	feeds_configure(k->feeds, &k->snapshot);
	AWAIT(!fetch_look(feeds_fetch(k->feeds), "feed", &view), await_nap());
}

/* It may end before the loop has been told of what came. */
static void test_the_end(void **state)
{
	struct kit *k = *state;

	create(k);
	AWAIT(file_holds(k->list.file, BODY, strlen(BODY)), await_nap());
	feeds_free(k->feeds);
	k->feeds = NULL;
	turn(k);
	assert_int_equal(k->changed, 0);
	assert_null(feeds_fetch(NULL));
	feeds_free(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_comes_is_to_be_loaded),
		TEST(test_configured_anew),
		TEST(test_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
