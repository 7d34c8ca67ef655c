/* SPDX-License-Identifier: BSD-2-Clause */
#include "given/localdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct localdata_record first = {1, 4, 60, (const uint8_t *)"\1\2\3\4"};
static const struct localdata_record second = {1, 4, 60, (const uint8_t *)"\1\2\3\5"};
static const struct localdata_record text = {16, 3, 300, (const uint8_t *)"\2ab"};

static struct localdata *create(void)
{
	struct localdata *data;

	assert_int_equal(localdata_create(&data), ERR_OK);
	return data;
}

static uint32_t put(struct localdata *data, const struct localdata_record *a,
		    const struct localdata_record *b)
{
	struct localdata_draft *draft = malloc(sizeof(*draft));
	uint32_t number;

	assert_non_null(draft);
	localdata_begin(draft);
	assert_int_equal(localdata_add(draft, a), ERR_OK);
	if (b)
		assert_int_equal(localdata_add(draft, b), ERR_OK);
	assert_int_equal(localdata_put(data, draft, &number), ERR_OK);
	free(draft);
	return number;
}

static void expect(const struct localdata *data, uint32_t number, const struct localdata_record *a,
		   const struct localdata_record *b)
{
	const struct localdata_record *expected[] = {a, b};
	struct localdata_iter iter;
	struct localdata_record got;

	localdata_iter_init(&iter, data, number);
	for (size_t i = 0; i < 2 && expected[i]; i++) {
		assert_true(localdata_iter_next(&iter, &got));
		assert_int_equal(got.type, expected[i]->type);
		assert_int_equal(got.ttl_s, expected[i]->ttl_s);
		assert_int_equal(got.rdlen, expected[i]->rdlen);
		assert_memory_equal(got.rdata, expected[i]->rdata, got.rdlen);
	}
	assert_false(localdata_iter_next(&iter, &got));
}

static void test_sets(void **state)
{
	struct localdata *data = create();
	uint32_t one = put(data, &first, NULL);
	uint32_t two = put(data, &first, &text);
	struct localdata_record got;

	assert_true(one > 0);
	assert_int_not_equal(one, two);
	assert_int_equal(put(data, &first, NULL), one); /* the same set is the same number */
	expect(data, one, &first, NULL);
	expect(data, two, &first, &text);
	assert_true(localdata_find(data, two, 16, &got));
	assert_int_equal(got.ttl_s, 300);
	assert_false(localdata_find(data, one, 16, &got));
	localdata_free(data);
}

static void test_drafts(void **state)
{
	struct localdata *data = create();
	struct localdata_draft *draft = malloc(sizeof(*draft));
	struct localdata_record other_ttl = first;
	uint32_t number = put(data, &first, NULL);
	uint32_t more;

	assert_non_null(draft);
	other_ttl.ttl_s = 7;
	localdata_reopen(data, number, draft);
	assert_true(localdata_holds(draft, &first));
	assert_true(localdata_holds(draft, &other_ttl));
	assert_false(localdata_holds(draft, &second));
	assert_true(localdata_has(draft, 1));
	assert_false(localdata_has(draft, 16));
	assert_int_equal(localdata_add(draft, &second), ERR_OK);
	assert_int_equal(localdata_put(data, draft, &more), ERR_OK);
	expect(data, number, &first, NULL); /* a set never changes */
	expect(data, more, &first, &second);
	free(draft);
	localdata_free(data);
}

static void test_limits(void **state)
{
	static uint8_t large[LOCALDATA_SET_MAX];
	struct localdata_draft *draft = malloc(sizeof(*draft));
	struct localdata_record record = {16, 30000, 1, large};
	uint8_t address[4] = {0};

	assert_non_null(draft);
	localdata_begin(draft);
	assert_int_equal(localdata_add(draft, &record), ERR_OK);
	record.type = 99;
	assert_int_equal(localdata_add(draft, &record), ERR_RANGE);
	localdata_begin(draft);
	record = (struct localdata_record){1, 4, 1, address};
	for (unsigned int i = 0; i < LOCALDATA_RECORDS_MAX; i++) {
		memcpy(address, &i, sizeof(i));
		assert_int_equal(localdata_add(draft, &record), ERR_OK);
	}
	address[3] = 1;
	assert_int_equal(localdata_add(draft, &record), ERR_RANGE);
	free(draft);
}

static void test_copy_and_rollback(void **state)
{
	struct localdata *old = create();
	struct localdata *data = create();
	uint32_t number = put(old, &text, &second);
	uint32_t copied;
	uint32_t mark = localdata_mark(data);
	uint32_t again;

	assert_int_equal(localdata_copy(data, old, number, &copied), ERR_OK);
	expect(data, copied, &text, &second);
	localdata_rollback(data, mark);
	again = put(data, &first, NULL);
	expect(data, again, &first, NULL);
	again = put(data, &text, &second); /* not where the copy was */
	expect(data, again, &text, &second);
	localdata_free(data);
	localdata_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_drafts),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_copy_and_rollback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
