/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/visits.h"

static struct visit_key key_of(unsigned int n)
{
	struct visit_key key;

	memset(&key, 0, sizeof(key));
	key.client.family = AF_INET;
	key.port = 80;
	snprintf(key.host, sizeof(key.host), "%u.example", n);
	return key;
}

static void test_the_same_is_counted(void **state)
{
	const struct visit_key a = key_of(1);
	struct visit_key b = key_of(1);
	const struct visit *batch;
	struct visits *v;
	size_t count;

	(void)state;
	b.port = 443;
	assert_int_equal(visits_create(&v), ERR_OK);
	assert_true(visits_add(v, &a, 100));
	assert_true(visits_add(v, &a, 105));
	assert_true(visits_add(v, &b, 106));
	batch = visits_batch(v, &count);
	assert_int_equal(count, 2);
	assert_int_equal(batch[0].count, 2);
	assert_int_equal(batch[0].first_s, 100);
	assert_int_equal(batch[0].last_s, 105);
	assert_string_equal(batch[0].key.host, "1.example");
	assert_int_equal(batch[1].key.port, 443);
	visits_free(v);
	visits_free(NULL);
}

/* A batch stays until it is written, while another one is filled. */
static void test_batches(void **state)
{
	const struct visit_key a = key_of(1);
	const struct visit_key b = key_of(2);
	const struct visit *batch;
	struct visits *v;
	size_t count;

	(void)state;
	assert_int_equal(visits_create(&v), ERR_OK);
	(void)visits_batch(v, &count);
	assert_int_equal(count, 0);
	assert_true(visits_add(v, &a, 1));
	(void)visits_batch(v, &count);
	assert_true(visits_add(v, &b, 2));
	batch = visits_batch(v, &count);
	assert_int_equal(count, 1);
	assert_string_equal(batch[0].key.host, "1.example");
	visits_written(v);
	batch = visits_batch(v, &count);
	assert_int_equal(count, 1);
	assert_string_equal(batch[0].key.host, "2.example");
	visits_free(v);
}

static void test_full(void **state)
{
	const struct visit_key fifth = key_of(5);
	struct visits *v;
	size_t count;

	(void)state;
	assert_int_equal(visits_create(&v), ERR_OK);
	for (unsigned int i = 0; i < VISITS_MAX; i++) {
		const struct visit_key key = key_of(i);

		assert_true(visits_add(v, &key, 1));
	}
	assert_false(visits_add(v, &(struct visit_key){.port = 1}, 1));
	assert_true(visits_add(v, &fifth, 2));
	(void)visits_batch(v, &count);
	assert_int_equal(count, VISITS_MAX);
	visits_free(v);
}

#define EACH 20000U

static void *add_many(void *arg)
{
	for (unsigned int i = 0; i < EACH; i++) {
		const struct visit_key key = key_of(i % 8);

		(void)visits_add(arg, &key, i);
	}
	return NULL;
}

/* Two threads, and nothing is lost between them. */
static void test_two_threads(void **state)
{
	uint64_t sum = 0;
	struct visits *v;
	pthread_t thread;

	(void)state;
	assert_int_equal(visits_create(&v), ERR_OK);
	assert_int_equal(pthread_create(&thread, NULL, add_many, v), 0);
	for (int last = 0; last < 2; last += sum >= EACH) {
		size_t count;
		const struct visit *batch = visits_batch(v, &count);

		for (size_t i = 0; i < count; i++)
			sum += batch[i].count;
		visits_written(v);
	}
	pthread_join(thread, NULL);
	assert_int_equal(sum, EACH);
	visits_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_counted),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
