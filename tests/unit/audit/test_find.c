/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/find.h"
#include "audit/line.h"
#include "base/clock.h"
#include "base/moment.h"
#include "support/auditlog.h"

static void write_loads(const struct place *p)
{
	struct audit *audit = opened(p);

	note_range(audit, 1, 2);
	audit_note(audit, "load", json_pack("{s:i}", "generation", 1));
	audit_note(audit, "load", json_pack("{s:i}", "generation", 2));
	note_range(audit, 3, 3);
	audit_close(audit);
}

static enum err find(const struct place *p, uint64_t at_s, struct audit_place *ret_found,
		     const char *told)
{
	struct err_text text = {""};
	enum err err = audit_find_load(p->log, at_s, ret_found, &text);

	if (err != ERR_OK && !strstr(text.text, told))
		fail_msg("'%s' is not in: %s", told, text.text);
	return err;
}

static void test_found(void **state)
{
	const struct place *p = *state;
	uint64_t now_s = clock_unix_s();
	struct audit_place found;
	char *text;

	assert_int_equal(find(p, now_s, &found, "No such file"), ERR_NOTFOUND);
	write_loads(p);
	assert_int_equal(find(p, now_s + 5, &found, ""), ERR_OK);
	assert_int_equal(found.seq, 4);
	text = text_of(p->log);
	assert_non_null(strstr(text, found.hash));
	assert_non_null(strstr(text, found.time));
	free(text);
	assert_int_equal(find(p, now_s - 60, &found, "no load from before then"), ERR_NOTFOUND);
}

/* A line that somebody has changed proves nothing, wherever it stands. */
static void test_edited(void **state)
{
	const struct place *p = *state;
	uint64_t later_s = clock_unix_s() + 5;
	struct audit_place found;
	size_t at = 0;
	char *text;

	write_loads(p);
	text = text_of(p->log);
	assert_non_null(strstr(text, "\"number\":2"));
	while (strncmp(text + at, "\"number\":2", 10) != 0)
		at++;
	text[at + 9] = '7';
	put_text(p->log, text);
	assert_int_equal(find(p, later_s, &found, "line 2 of the audit log"), ERR_REFUSED);
	put_text(p->log, "nothing of the kind\n");
	assert_int_equal(find(p, later_s, &found, "line 1 of the audit log"), ERR_REFUSED);
	free(text);
}

/* A line that is taken away leaves none that is whole behind it. */
static void test_removed(void **state)
{
	const struct place *p = *state;
	uint64_t later_s = clock_unix_s() + 5;
	struct audit_place found;
	size_t len;
	char *text = NULL;
	char *second;
	char *third;

	write_loads(p);
	assert_int_equal(file_read(p->log, LOG_OCTETS_MAX, &text, &len), ERR_OK);
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	memmove(second, third, strlen(third) + 1);
	put_text(p->log, text);
	assert_int_equal(find(p, later_s, &found, "line 2 of the audit log"), ERR_REFUSED);
	put_text(p->log, second); /* and the first ones as well */
	assert_int_equal(find(p, later_s, &found, "line 1 of the audit log"), ERR_REFUSED);
	free(text);
}

static void write_load(FILE *out, const char *time, struct line_end *end)
{
	json_t *event = json_pack("{s:s, s:s}", "time", time, "event", "load");
	char *line;
	size_t len;

	assert_int_equal(line_make(event, end, &line, &len), ERR_OK);
	fputs(line, out);
	free(line);
	json_decref(event);
}

/* Writes the lines of loads at these years. */
static void write_years(const struct place *p, const int *years, size_t count)
{
	struct line_end end = {.seq = 0};
	FILE *out = fopen(p->log, "w");

	assert_non_null(out);
	for (size_t i = 0; i < count; i++) {
		char time[MOMENT_TEXT_MAX];

		snprintf(time, sizeof(time), "%d-06-01T00:00:00Z", years[i]);
		write_load(out, time, &end);
	}
	fclose(out);
}

/* Whoever makes all hashes anew has no terminal write what he likes. */
static void test_time_for_terminals(void **state)
{
	const struct place *p = *state;
	struct line_end end = {.seq = 0};
	struct audit_place found;
	FILE *out = fopen(p->log, "w");

	assert_non_null(out);
	write_load(out, "1999\x1b[2J", &end);
	fclose(out);
	assert_int_equal(find(p, clock_unix_s(), &found, "line 1 of the audit log"), ERR_REFUSED);
}

/* The clock ran ahead for a while, or behind: the last load of before that time is found. */
static void test_clock_that_jumps(void **state)
{
	static const int years[] = {2024, 2036, 2025, 2026, 1970, 2027};
	const struct place *p = *state;
	const uint64_t year_s = 31557600;
	struct audit_place found;

	write_years(p, years, sizeof(years) / sizeof(years[0]));
	assert_int_equal(find(p, 57 * year_s, &found, ""), ERR_OK); /* in 2027 */
	assert_int_equal(found.seq, 5);
	assert_int_equal(find(p, 58 * year_s, &found, ""), ERR_OK);
	assert_int_equal(found.seq, 6);
	assert_int_equal(find(p, 100 * year_s, &found, ""), ERR_OK);
	assert_int_equal(found.seq, 6);
	write_years(p, years, 2);
	assert_int_equal(find(p, 55 * year_s, &found, ""), ERR_OK);
	assert_int_equal(found.seq, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUDIT_TEST(test_found), AUDIT_TEST(test_edited), AUDIT_TEST(test_removed),
		AUDIT_TEST(test_clock_that_jumps), AUDIT_TEST(test_time_for_terminals)};

	return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
