/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "feed/feed.h"

static void tell(struct feed *feed, uint64_t number, uint8_t len, const char *list)
{
	const struct feed_event event = {
		.now_ms = number,
		.client = {.family = 2, .bytes = {192, 0, 2, (uint8_t)number}},
		.qtype = (uint16_t)(number % 300),
		.rcode = 3,
		.tcp = number % 2,
		.outcome = *list ? FEED_BLOCKED : FEED_ANSWERED,
	};
	uint8_t name[NAME_WIRE_MAX];

	memset(name, (int)(number & 0x7f), sizeof(name));
	feed_tell(feed, &event, name, len, list);
}

static void expect(const struct feed_event *event, uint64_t number, uint8_t len, const char *list)
{
	assert_int_equal(event->now_ms, number);
	assert_int_equal(event->client.bytes[3], (uint8_t)number);
	assert_int_equal(event->qtype, number % 300);
	assert_int_equal(event->tcp, number % 2);
	assert_int_equal(event->name_len, len);
	for (uint8_t i = 0; i < len; i++)
		assert_int_equal(event->name[i], number & 0x7f);
	assert_string_equal(event->list, list);
}

static void test_heard(void **state)
{
	struct feed *feed;

	assert_false(feed_is_heard(NULL));
	assert_int_equal(feed_create(&feed), ERR_OK);
	assert_false(feed_is_heard(feed));
	feed_listen(feed, true);
	assert_true(feed_is_heard(feed));
	feed_listen(feed, false);
	assert_false(feed_is_heard(feed));
	feed_free(feed);
	feed_free(NULL);
}

/* Names of all lengths, so that the ring's end falls everywhere. */
static void test_order(void **state)
{
	struct feed_event event;
	struct feed *feed;

	assert_int_equal(feed_create(&feed), ERR_OK);
	assert_false(feed_take(feed, &event));
	for (uint64_t i = 0; i < 60000; i += 3) {
		for (uint64_t n = i; n < i + 3; n++)
			tell(feed, n, (uint8_t)(1 + n % 255), n % 5 ? "" : "a-list");
		for (uint64_t n = i; n < i + 3; n++) {
			assert_true(feed_take(feed, &event));
			expect(&event, n, (uint8_t)(1 + n % 255), n % 5 ? "" : "a-list");
		}
		assert_false(feed_take(feed, &event));
	}
	assert_int_equal(feed_lost(feed), 0);
	feed_free(feed);
}

/* What is too much is lost and counted; what is there stays whole. */
static void test_full(void **state)
{
	struct feed_event event;
	struct feed *feed;
	uint64_t told = 0;
	uint64_t found = 0;

	assert_int_equal(feed_create(&feed), ERR_OK);
	for (; feed_lost(feed) < 10; told++)
		tell(feed, told, 255, "list");
	for (; feed_take(feed, &event); found++)
		expect(&event, found, 255, "list");
	assert_int_equal(found, told - 10);
	assert_true(found > FEED_OCTETS / 400);
	tell(feed, 77, 1, "");
	assert_true(feed_take(feed, &event));
	expect(&event, 77, 1, "");
	feed_free(feed);
}

#define MANY 200000U

static void *worker(void *arg)
{
	for (uint64_t i = 0; i < MANY; i++)
		tell(arg, i, (uint8_t)(1 + i % 97), i % 3 ? "" : "list");
	return NULL;
}

/* Between two threads: in order, and each either whole or counted as lost. */
static void test_two_threads(void **state)
{
	struct feed_event event;
	uint64_t next = 0;
	uint64_t found = 0;
	struct feed *feed;
	pthread_t thread;

	assert_int_equal(feed_create(&feed), ERR_OK);
	assert_int_equal(pthread_create(&thread, NULL, worker, feed), 0);
	while (found + feed_lost(feed) < MANY) {
		if (!feed_take(feed, &event))
			continue;
		assert_true(event.now_ms >= next);
		next = event.now_ms;
		expect(&event, next, (uint8_t)(1 + next % 97), next % 3 ? "" : "list");
		next++;
		found++;
	}
	pthread_join(thread, NULL);
	assert_true(found > 0);
	feed_free(feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heard),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
