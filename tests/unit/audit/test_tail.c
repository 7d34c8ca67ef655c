/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/tail.h"
#include "support/auditlog.h"

static json_t *tail(const struct place *p, const char *list, size_t max)
{
	json_t *events = NULL;
	struct err_text text;
	bool whole = false;

	assert_int_equal(audit_tail(p->log, list, max, &events, &whole, &text), ERR_OK);
	assert_true(whole);
	return events;
}

static json_int_t number_of(const json_t *events, size_t at)
{
	return json_integer_value(json_object_get(json_array_get(events, at), "number"));
}

static void test_last_ones(void **state)
{
	const struct place *p = *state;
	json_t *events;

	write_lines(p, 30);
	events = tail(p, NULL, 4);
	assert_int_equal(json_array_size(events), 4);
	assert_int_equal(number_of(events, 0), 27);
	assert_int_equal(number_of(events, 3), 30);
	json_decref(events);
	events = tail(p, NULL, 0);
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
}

static void test_of_a_list(void **state)
{
	const struct place *p = *state;
	struct audit *audit = opened(p);
	json_t *events;

	note_range(audit, 1, 3);
	audit_note(audit, "list-loaded", json_pack("{s:s}", "list", "court"));
	audit_note(audit, "list-loaded", json_pack("{s:s}", "list", "courts"));
	audit_note(audit, "command", json_pack("{s:s}", "about", "court"));
	audit_close(audit);
	events = tail(p, "court", 10);
	assert_int_equal(json_array_size(events), 2);
	json_decref(events);
}

/* What somebody has written between the lines is no event, and hides none. */
static void test_other_lines(void **state)
{
	const struct place *p = *state;
	json_t *events;
	FILE *log;

	write_lines(p, 2);
	log = fopen(p->log, "ae");
	assert_non_null(log);
	fputs("no JSON\n[1]\n{\"a\":1,\"a\":2}\n{\"number\":9}\n{\"torn\":", log);
	assert_int_equal(fclose(log), 0);
	events = tail(p, NULL, 10);
	assert_int_equal(json_array_size(events), 3);
	assert_int_equal(number_of(events, 2), 9);
	json_decref(events);
}

static void test_no_log(void **state)
{
	const struct place *p = *state;
	json_t *events = tail(p, NULL, 10);
	struct err_text text;
	bool whole;

	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	assert_int_equal(audit_tail(p->folder, NULL, 10, &events, &whole, &text), ERR_SYS);
}

/* Of a long log the end is read. */
static void test_long_log(void **state)
{
	const struct place *p = *state;
	FILE *log = fopen(p->log, "we");
	struct err_text text;
	json_t *events;
	bool whole = true;

	assert_non_null(log);
	for (int i = 0; i < 300000; i++)
		fprintf(log, "{\"number\":%d,\"padding\":\"0123456789\"}\n", i);
	assert_int_equal(fclose(log), 0);
	assert_int_equal(audit_tail(p->log, NULL, 2, &events, &whole, &text), ERR_OK);
	assert_false(whole);
	assert_int_equal(number_of(events, 1), 299999);
	json_decref(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUDIT_TEST(test_last_ones),   AUDIT_TEST(test_of_a_list),
		AUDIT_TEST(test_other_lines), AUDIT_TEST(test_no_log),
		AUDIT_TEST(test_long_log),
	};

	return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
