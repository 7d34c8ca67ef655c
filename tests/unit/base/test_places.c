/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/places.h"
#include "support/alloc_fail.h"

struct object {
	uint32_t number;
	void *unused;
	uint8_t octets[1000];
};

#define COUNT 4U

static int set_up(void **state)
{
	static struct places places;

	*state = &places;
	return PLACES_CREATE(&places, struct object, unused, COUNT) != ERR_OK;
}

static int tear_down(void **state)
{
	places_free(*state);
	return 0;
}

/* All differ, are zero, and no more are given out than there are. */
static void test_all_are_given_out(void **state)
{
	struct places *p = *state;
	struct object *objects[COUNT];

	for (uint32_t i = 0; i < COUNT; i++) {
		objects[i] = places_take(p);
		assert_non_null(objects[i]);
		assert_int_equal(objects[i]->number, 0);
		assert_int_equal(places_number(p, objects[i]), i);
		objects[i]->number = 1;
	}
	assert_null(places_take(p));
	assert_null(places_take(p));
	places_give(p, objects[2]);
	assert_ptr_equal(places_take(p), objects[2]);
	assert_null(places_take(p));
}

/* The last that came back goes first, as it was left, before any that was never used. */
static void test_the_last_goes_first(void **state)
{
	struct places *p = *state;
	struct object *first = places_take(p);
	struct object *second = places_take(p);

	first->number = 7;
	second->number = 8;
	places_give(p, second);
	places_give(p, first);
	first = places_take(p);
	assert_int_equal(first->number, 7);
	second = places_take(p);
	assert_int_equal(second->number, 8);
	assert_int_equal(((struct object *)places_take(p))->number, 0);
}

/* The kernel is asked for no memory of places that are not in use: of so many, those in the middle
 * are not there.  TSan's calloc touches all. */
static void test_what_is_not_used_is_not_touched(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t many = 100000;
	unsigned char there = 1;
	struct places p;
	uint8_t *last;

	(void)state;
#ifdef __SANITIZE_THREAD__
	skip();
#endif
	assert_int_equal(PLACES_CREATE(&p, struct object, unused, many), ERR_OK);
	assert_non_null(places_take(&p));
	last = p.memory + (many / 2) * sizeof(struct object);
	last -= (uintptr_t)last % page;
	assert_int_equal(mincore(last, page, &there), 0);
	assert_int_equal(there & 1, 0);
	places_free(&p);
}

static void test_no_memory(void **state)
{
	struct places *p = *state;

	places_free(p);
	alloc_fail_start(0, false);
	assert_int_equal(PLACES_CREATE(p, struct object, unused, COUNT), ERR_NOMEM);
	assert_true(alloc_fail_stop());
	assert_null(p->memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_are_given_out),
		TEST(test_the_last_goes_first),
		cmocka_unit_test(test_what_is_not_used_is_not_touched),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
