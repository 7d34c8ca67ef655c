/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <sched.h>

#include <cmocka.h>

#include "base/snap.h"
#include "support/alloc_fail.h"

#define READERS 4
#define PUBLISHERS 2
#define ROUNDS 300

static atomic_uint woken[READERS];

static void count_wake(void *arg, size_t reader)
{
	atomic_fetch_add(&((atomic_uint *)arg)[reader], 1);
}

static struct snap *snap_of(size_t readers)
{
	struct snap *snap = NULL;

	for (size_t i = 0; i < READERS; i++)
		atomic_store(&woken[i], 0);
	assert_int_equal(snap_create(readers, count_wake, woken, &snap), ERR_OK);
	return snap;
}

static void test_without_readers(void **state)
{
	struct snap *snap = snap_of(0);

	assert_null(snap_current(snap));
	assert_null(snap_publish(snap, "first"));
	assert_string_equal(snap_current(snap), "first");
	assert_string_equal(snap_publish(snap, "second"), "first");
	assert_string_equal(snap_publish(snap, NULL), "second");
	assert_null(snap_current(snap));
	snap_free(snap);
	snap_free(NULL);
}

/* All are away at first, and one that left is away again: each publish returns at once. */
static void test_away_is_not_waited_for(void **state)
{
	struct snap *snap = snap_of(READERS);

	assert_null(snap_publish(snap, "first"));
	snap_quiesce(snap, 1);
	assert_string_equal(snap_current(snap), "first");
	snap_leave(snap, 1);
	assert_string_equal(snap_publish(snap, "second"), "first");
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(atomic_load(&woken[i]), 2);
	snap_free(snap);
}

struct one_publish {
	struct snap *snap;
	const void *object;
	const void *old;
	atomic_bool done;
};

static void *publish_one(void *arg)
{
	struct one_publish *p = arg;

	p->old = snap_publish(p->snap, p->object);
	atomic_store(&p->done, true);
	return NULL;
}

/* Starts a publish and returns when it has asked the readers to come by. */
static pthread_t publish_beside(struct one_publish *p)
{
	unsigned int before = atomic_load(&woken[READERS - 1]);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, publish_one, p), 0);
	while (atomic_load(&woken[READERS - 1]) == before)
		sched_yield();
	return thread;
}

/* By quiesce or by leaving, the last of the two that are here lets the publisher go. */
static void test_present_is_waited_for(void **state)
{
	for (int leaves = 0; leaves < 2; leaves++) {
		struct snap *snap = snap_of(READERS);
		struct one_publish p = {.snap = snap, .object = "second"};
		pthread_t thread;

		assert_null(snap_publish(snap, "first"));
		snap_quiesce(snap, 0);
		snap_quiesce(snap, 2);
		thread = publish_beside(&p);
		assert_string_equal(snap_current(snap), "second");
		snap_quiesce(snap, 0);
		snap_quiesce(snap, 0);
		for (int i = 0; i < 100; i++)
			sched_yield();
		assert_false(atomic_load(&p.done));
		if (leaves)
			snap_leave(snap, 2);
		else
			snap_quiesce(snap, 2);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(atomic_load(&p.done));
		assert_string_equal(p.old, "first");
		snap_free(snap);
	}
}

/* A reader that comes while a publisher waits for another is not waited for. */
static void test_late_comer_sees_the_new(void **state)
{
	struct snap *snap = snap_of(READERS);
	struct one_publish p = {.snap = snap, .object = "second"};
	pthread_t thread;

	assert_null(snap_publish(snap, "first"));
	snap_quiesce(snap, 0);
	thread = publish_beside(&p);
	snap_quiesce(snap, 1);
	assert_string_equal(snap_current(snap), "second");
	snap_leave(snap, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	snap_free(snap);
}

#define ALIVE 0x5ca1ab1eU

struct object {
	unsigned int magic;
	unsigned int number;
};

struct hammer {
	struct snap *snap;
	pthread_mutex_t publish_lock;
	atomic_bool stop;
	atomic_size_t next_reader;
	atomic_uint wrong;
};

static struct object *new_object(unsigned int number)
{
	struct object *o = malloc(sizeof(*o));

	if (!o)
		abort();
	*o = (struct object){ALIVE, number};
	return o;
}

static void *read_on(void *arg)
{
	struct hammer *h = arg;
	size_t reader = atomic_fetch_add(&h->next_reader, 1);
	unsigned int last = 0;

	for (unsigned int turn = 0; !atomic_load(&h->stop); turn++) {
		const struct object *o;

		snap_quiesce(h->snap, reader);
		o = snap_current(h->snap);
		if (o->magic != ALIVE || o->number < last)
			atomic_fetch_add(&h->wrong, 1);
		last = o->number;
		sched_yield();
		if (o->magic != ALIVE)
			atomic_fetch_add(&h->wrong, 1);
		if (turn % 5 == reader)
			snap_leave(h->snap, reader);
	}
	snap_leave(h->snap, reader);
	return NULL;
}

static void *publish_on(void *arg)
{
	struct hammer *h = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		const struct object *current;
		struct object *old;

		pthread_mutex_lock(&h->publish_lock);
		current = snap_current(h->snap);
		old = (struct object *)(uintptr_t)snap_publish(h->snap,
							       new_object(current->number + 1));
		pthread_mutex_unlock(&h->publish_lock);
		old->magic = 0;
		free(old);
	}
	return NULL;
}

/* What a publisher gets back is freed at once: a reader that still had it would be seen. */
static void test_many_readers_and_publishers(void **state)
{
	struct hammer h = {.snap = snap_of(READERS), .publish_lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t readers[READERS];
	pthread_t publishers[PUBLISHERS];
	struct object *last;

	assert_null(snap_publish(h.snap, new_object(0)));
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, &h), 0);
	for (size_t i = 0; i < PUBLISHERS; i++)
		assert_int_equal(pthread_create(&publishers[i], NULL, publish_on, &h), 0);
	for (size_t i = 0; i < PUBLISHERS; i++)
		assert_int_equal(pthread_join(publishers[i], NULL), 0);
	atomic_store(&h.stop, true);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	last = (struct object *)(uintptr_t)snap_publish(h.snap, NULL);
	assert_int_equal(last->number, PUBLISHERS * ROUNDS);
	assert_int_equal(atomic_load(&h.wrong), 0);
	free(last);
	snap_free(h.snap);
}

static void test_nomem(void **state)
{
	struct snap *snap = NULL;
	enum err err;

	alloc_fail_start(0, false);
	err = snap_create(READERS, count_wake, woken, &snap);
	assert_true(alloc_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
	assert_null(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_readers),
		cmocka_unit_test(test_away_is_not_waited_for),
		cmocka_unit_test(test_present_is_waited_for),
		cmocka_unit_test(test_late_comer_sees_the_new),
		cmocka_unit_test(test_many_readers_and_publishers),
		cmocka_unit_test(test_nomem),
	};

	return cmocka_run_group_tests_name("snap", tests, NULL, NULL);
}
