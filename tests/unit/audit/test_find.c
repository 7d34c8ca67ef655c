/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/find.h"
#include "base/clock.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {AUDIT_TEST(test_found), AUDIT_TEST(test_edited)};

	return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
