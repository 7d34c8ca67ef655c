/* SPDX-License-Identifier: BSD-2-Clause */
#include "given/localdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static uint32_t put_note(struct localdata *data, const char *family, const char *ticket)
{
	struct localdata_note note;
	uint32_t number;

	snprintf(note.family, sizeof(note.family), "%s", family);
	snprintf(note.ticket, sizeof(note.ticket), "%s", ticket);
	assert_int_equal(localdata_put_note(data, &note, &number), ERR_OK);
	return number;
}

static void expect_note(const struct localdata *data, uint32_t number, const char *family,
			const char *ticket)
{
	struct localdata_note note;

	assert_true(localdata_note_of(data, number, &note));
	assert_string_equal(note.family, family);
	assert_string_equal(note.ticket, ticket);
}

/* Beside records or alone; who reads these does not meet them. */
static void test_notes(void **state)
{
	struct localdata *data = create();
	struct localdata_draft *draft = malloc(sizeof(*draft));
	struct localdata_note note;
	uint32_t plain = put(data, &first, NULL);
	uint32_t number;
	uint32_t alone;

	assert_non_null(draft);
	assert_false(localdata_has_notes(NULL));
	assert_false(localdata_has_notes(data));
	assert_false(localdata_note_of(data, plain, &note));
	assert_false(localdata_note_of(data, 0, &note));
	assert_false(localdata_note_of(NULL, 7, &note));
	assert_int_equal(put_note(data, "", ""), 0);
	alone = put_note(data, "waledac", "");
	expect_note(data, alone, "waledac", "");
	expect(data, alone, NULL, NULL);
	localdata_reopen(data, plain, draft);
	strcpy(draft->note.ticket, "T-1");
	assert_int_equal(localdata_put(data, draft, &number), ERR_OK);
	assert_int_not_equal(number, plain);
	expect_note(data, number, "", "T-1");
	expect(data, number, &first, NULL);
	localdata_reopen(data, number, draft);
	assert_string_equal(draft->note.ticket, "T-1");
	assert_int_equal(localdata_add(draft, &second), ERR_OK);
	assert_int_equal(localdata_put(data, draft, &number), ERR_OK);
	expect_note(data, number, "", "T-1");
	expect(data, number, &first, &second);
	assert_true(localdata_has_notes(data));
	free(draft);
	localdata_free(data);
}

/* The same note is the same number, however many others there are, over a rollback too. */
static void test_many_notes(void **state)
{
	enum { MANY = 100000 };
	struct localdata *data = create();
	uint32_t *numbers = calloc(MANY, sizeof(*numbers));
	char ticket[16];
	uint32_t mark;

	assert_non_null(numbers);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(ticket, sizeof(ticket), "T-%06u", i);
		numbers[i] = put_note(data, "fox", ticket);
	}
	mark = localdata_mark(data);
	assert_true(mark <= MANY * (2 + 4 + 9) + 1);
	(void)put_note(data, "fox", "taken back");
	localdata_rollback(data, mark);
	for (unsigned int i = 0; i < MANY; i += 7) {
		snprintf(ticket, sizeof(ticket), "T-%06u", i);
		assert_int_equal(put_note(data, "fox", ticket), numbers[i]);
		expect_note(data, numbers[i], "fox", ticket);
	}
	assert_int_equal(localdata_mark(data), mark);
	localdata_settle(data);
	expect_note(data, numbers[9], "fox", "T-000009");
	assert_int_equal(put_note(data, "fox", "T-000009"), numbers[9]);
	assert_int_equal(localdata_without_note(data), 0);
	free(numbers);
	localdata_free(data);
}

/* Where there is no more room for notes, sets are put without theirs, copies among them. */
static void test_room_for_notes(void **state)
{
	struct localdata *data = create();
	struct localdata *other = create();
	struct localdata_note note;
	char words[LOCALDATA_NOTE_MAX + 1];
	uint32_t number = 1;
	uint32_t copied;

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	for (unsigned int i = 0; number > 0 && i < 1U << 20; i++) {
		snprintf(words, 9, "%08x", i);
		words[8] = 'x';
		number = put_note(data, words, words);
	}
	assert_int_equal(number, 0);
	assert_true(localdata_without_note(data) > 0);
	assert_true(localdata_mark(data) <= LOCALDATA_NOTES_BYTES_MAX + 256);
	number = put(data, &first, NULL);
	expect(data, number, &first, NULL);
	number = put_note(other, "fox", "T-1");
	assert_int_equal(localdata_copy(data, other, number, &copied), ERR_OK);
	assert_int_equal(copied, 0);
	number = put(data, &first, NULL);
	assert_int_equal(localdata_copy(other, data, number, &copied), ERR_OK);
	assert_false(localdata_note_of(other, copied, &note));
	localdata_free(other);
	localdata_free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),	       cmocka_unit_test(test_drafts),
		cmocka_unit_test(test_limits),	       cmocka_unit_test(test_copy_and_rollback),
		cmocka_unit_test(test_notes),	       cmocka_unit_test(test_many_notes),
		cmocka_unit_test(test_room_for_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
