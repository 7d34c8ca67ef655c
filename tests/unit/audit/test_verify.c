/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/auditlog.h"

static char *line_at(char *text, int number)
{
	while (--number > 0)
		text = strchr(text, '\n') + 1;
	return text;
}

static void test_edited(void **state)
{
	const struct place *p = *state;
	char *text;

	write_lines(p, 5);
	text = text_of(p->log);
	*strstr(line_at(text, 3), "\"number\":3") = ' ';
	put_text(p->log, text);
	expect(p, NULL, ERR_SYNTAX, "line 3: no line of an audit log");
	free(text);
}

static void test_edited_value(void **state)
{
	const struct place *p = *state;
	char *text;

	write_lines(p, 5);
	text = text_of(p->log);
	strstr(line_at(text, 3), "\"number\":3")[9] = '8';
	put_text(p->log, text);
	expect(p, NULL, ERR_SYNTAX, "line 3: edited");
	free(text);
}

static void test_removed(void **state)
{
	const struct place *p = *state;
	char *text;
	char *third;

	write_lines(p, 5);
	text = text_of(p->log);
	third = line_at(text, 3);
	memmove(third, line_at(text, 4), strlen(line_at(text, 4)) + 1);
	put_text(p->log, text);
	expect(p, NULL, ERR_SYNTAX, "line 3: 1 lines before it are missing");
	free(text);
}

static void test_reordered(void **state)
{
	const struct place *p = *state;
	char *moved = malloc(LOG_OCTETS_MAX);
	char *text;

	write_lines(p, 4);
	text = text_of(p->log);
	snprintf(moved, LOG_OCTETS_MAX, "%.*s%.*s%.*s%s", (int)(line_at(text, 2) - text), text,
		 (int)(line_at(text, 4) - line_at(text, 3)), line_at(text, 3),
		 (int)(line_at(text, 3) - line_at(text, 2)), line_at(text, 2), line_at(text, 4));
	put_text(p->log, moved);
	expect(p, NULL, ERR_SYNTAX, "line 3: not in order");
	free(text);
	free(moved);
}

/* The end that is missing is seen by a checkpoint that was kept elsewhere alone. */
static void test_end_cut_off(void **state)
{
	const struct place *p = *state;
	char kept[128];
	char *checkpoint;
	char *text;

	write_lines(p, 5);
	checkpoint = text_of(p->checkpoint);
	snprintf(kept, sizeof(kept), "%s.kept", p->checkpoint);
	put_text(kept, checkpoint);
	text = text_of(p->log);
	*line_at(text, 4) = '\0';
	put_text(p->log, text);
	expect(p, NULL, ERR_OK, "ok: 3 lines");
	expect(p, kept, ERR_SYNTAX, "the end is cut off: the checkpoint is of line 5");
	write_lines(p, 4); /* and grown over */
	expect(p, kept, ERR_SYNTAX, "line 5: not the line that the checkpoint is of");
	unlink(kept);
	free(checkpoint);
	free(text);
}

/* Who writes all of it anew has another key. */
static void test_written_anew(void **state)
{
	const struct place *p = *state;
	char *public_key;

	write_lines(p, 120);
	public_key = text_of(p->public_key);
	unlink(p->log);
	unlink(p->key);
	write_lines(p, 120);
	put_text(p->public_key, public_key);
	expect(p, NULL, ERR_SYNTAX, "a checkpoint that was not signed by this key");
	free(public_key);
}

static void test_not_there(void **state)
{
	const struct place *p = *state;
	struct err_text text = {""};

	assert_int_equal(audit_verify(p->log, NULL, NULL, stdout, &text), ERR_SYS);
	write_lines(p, 1);
	assert_int_equal(audit_verify(p->log, "/nonexistent", NULL, stdout, &text), ERR_SYS);
	assert_int_equal(audit_verify(p->log, NULL, "/nonexistent", stdout, &text), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUDIT_TEST(test_edited),      AUDIT_TEST(test_edited_value),
		AUDIT_TEST(test_removed),     AUDIT_TEST(test_reordered),
		AUDIT_TEST(test_end_cut_off), AUDIT_TEST(test_written_anew),
		AUDIT_TEST(test_not_there),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
