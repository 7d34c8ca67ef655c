/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/pages.h"
#include "support/bybuild.h"

#define HUGE ((size_t)2 << 20)

static void test_map(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct pages pages;

	(void)state;
	assert_int_equal(pages_map(&pages, page + 1), ERR_OK);
	assert_true(pages.size >= page + 1);
	assert_int_equal((uintptr_t)pages.base % page, 0);
	for (size_t i = 0; i < pages.size; i++)
		assert_int_equal(pages.base[i], 0);
	pages_free(&pages);
	assert_null(pages.base);
	assert_int_equal(pages.size, 0);
	pages_free(&pages);
}

static void test_huge_begins_at_a_huge_page(void **state)
{
	struct pages pages;

	(void)state;
	assert_int_equal(pages_map_huge(&pages, HUGE + 1), ERR_OK);
	assert_true(pages.size > HUGE);
	assert_int_equal((uintptr_t)pages.base % HUGE, 0);
	pages.base[HUGE] = 1;
	pages_free(&pages);
}

/* Through every size on its way, what was there is kept, and what is new is zero. */
static void test_grow(void **state)
{
	struct pages pages = {NULL, 0};
	size_t before = 0;

	(void)state;
	for (size_t need = 1; need <= 4 * HUGE; need *= 3) {
		assert_int_equal(pages_grow(&pages, need, 16 * HUGE), ERR_OK);
		assert_true(pages.size >= need && pages.size <= 16 * HUGE);
		for (size_t i = 0; i < before; i += 997)
			assert_int_equal(pages.base[i], (uint8_t)(i * 7 + 1));
		for (size_t i = before; i < pages.size; i++) {
			assert_int_equal(pages.base[i], 0);
			pages.base[i] = (uint8_t)(i * 7 + 1);
		}
		before = pages.size;
	}
	pages_free(&pages);
}

static void test_bound(void **state)
{
	struct pages pages = {NULL, 0};
	struct pages as_it_was;

	(void)state;
	assert_int_equal(pages_grow(&pages, 100, HUGE), ERR_OK);
	as_it_was = pages;
	assert_int_equal(pages_grow(&pages, HUGE + 1, HUGE), ERR_NOMEM);
	assert_ptr_equal(pages.base, as_it_was.base);
	assert_int_equal(pages.size, as_it_was.size);
	pages_free(&pages);
}

static void test_trim(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct pages pages;

	(void)state;
	assert_int_equal(pages_map(&pages, 8 * page), ERR_OK);
	pages.base[2 * page] = 5;
	pages_trim(&pages, 2 * page + 1);
	assert_int_equal(pages.size, 3 * page);
	assert_int_equal(pages.base[2 * page], 5);
	pages_free(&pages);
}

#ifdef __SANITIZE_ADDRESS__
/* The kernel tells whether the octet behind the mapping may be read. */
static void assert_fenced(const struct pages *pages)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], pages->base + pages->size - 1, 1), 1);
	assert_int_equal(write(ends[1], pages->base + pages->size, 1), -1);
	assert_int_equal(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
}

static void test_fence(void **state)
{
	static const size_t sizes[] = {1, 100000, HUGE - 1, HUGE, 2 * HUGE + 1};
	struct pages grown = {NULL, 0};
	struct pages pages;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(pages_grow(&grown, sizes[i], 16 * HUGE), ERR_OK);
		assert_fenced(&grown);
		assert_int_equal(pages_map(&pages, sizes[i]), ERR_OK);
		assert_fenced(&pages);
		pages_free(&pages);
		assert_int_equal(pages_map_huge(&pages, sizes[i]), ERR_OK);
		assert_fenced(&pages);
		pages_trim(&pages, sizes[i] / 2 + 1);
		assert_fenced(&pages);
		pages_trim(&pages, 0);
		assert_null(pages.base);
	}
	pages_free(&grown);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),   cmocka_unit_test(test_huge_begins_at_a_huge_page),
		cmocka_unit_test(test_grow),  cmocka_unit_test(test_bound),
		cmocka_unit_test(test_trim),
#ifdef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_fence),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
