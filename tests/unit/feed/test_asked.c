/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "feed/asked.h"

static const struct hash_key key = {1, 2};

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static void tell(struct asked *asked, const char *client, const char *text, uint32_t now_s)
{
	struct name name = name_of(text);
	struct ip ip;

	assert_int_equal(ip_parse(client, &ip), ERR_OK);
	asked_tell(asked, &ip, &name, name_hash(&key, &name), 1000, now_s);
}

static unsigned int taken(struct asked *asked)
{
	struct feed_event event;
	unsigned int count = 0;

	while (feed_take(asked_feed(asked), &event))
		count++;
	return count;
}

static void test_once_a_day(void **state)
{
	struct feed_event event;
	struct asked *asked;

	assert_int_equal(asked_create(&key, &asked), ERR_OK);
	for (unsigned int i = 0; i < 10; i++) {
		tell(asked, "192.0.2.1", "a.example", 86400 * 5 + i);
		tell(asked, "192.0.2.2", "a.example", 86400 * 5 + i);
		tell(asked, "2001:db8::1", "a.example", 86400 * 5 + i);
		tell(asked, "192.0.2.1", "b.example", 86400 * 5 + i);
	}
	assert_true(feed_take(asked_feed(asked), &event));
	assert_int_equal(event.client.bytes[3], 1);
	assert_int_equal(event.now_ms, 1000);
	assert_memory_equal(event.name, "\001a\007example", event.name_len);
	assert_int_equal(taken(asked), 3);
	tell(asked, "192.0.2.1", "a.example", 86400 * 6);
	assert_int_equal(taken(asked), 1);
	asked_free(asked);
	asked_free(NULL);
}

/* What the feed has no room for is lost and counted, and told when it is met again. */
static void test_lost_is_told_again(void **state)
{
	struct asked *asked;
	unsigned int told = 0;
	char text[32];

	assert_int_equal(asked_create(&key, &asked), ERR_OK);
	while (feed_lost(asked_feed(asked)) == 0) {
		snprintf(text, sizeof(text), "n%u.example", told++);
		tell(asked, "192.0.2.1", text, 1);
	}
	assert_int_equal(taken(asked), told - 1);
	tell(asked, "192.0.2.1", text, 1);
	assert_int_equal(taken(asked), 1);
	tell(asked, "192.0.2.1", text, 1);
	assert_int_equal(taken(asked), 0);
	asked_free(asked);
}

/* The table is bounded: what fell out is told once more, what is in it is not. */
static void test_bounded(void **state)
{
	struct asked *asked;
	unsigned int again = 0;
	char text[32];

	assert_int_equal(asked_create(&key, &asked), ERR_OK);
	for (unsigned int round = 0; round < 2; round++) {
		again = 0;
		for (unsigned int i = 0; i < 4 * ASKED_TABLE; i++) {
			snprintf(text, sizeof(text), "n%u.example", i);
			tell(asked, "192.0.2.1", text, 1);
			again += taken(asked);
		}
	}
	assert_true(again > 2 * ASKED_TABLE && again < 4 * ASKED_TABLE);
	asked_free(asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_a_day),
		cmocka_unit_test(test_lost_is_told_again),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
