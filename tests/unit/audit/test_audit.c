/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "support/auditlog.h"

static void test_sound(void **state)
{
	const struct place *p = *state;
	struct stat st;

	write_lines(p, 3);
	expect(p, p->checkpoint, ERR_OK, "ok: 3 lines, the last one of 2");
	write_lines(p, 2); /* another process goes on */
	expect(p, p->checkpoint, ERR_OK, "ok: 5 lines");
	assert_int_equal(stat(p->log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(p->key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_nothing_noted(void **state)
{
	const struct place *p = *state;
	struct audit *audit = opened(p);

	audit_commit(audit);
	audit_close(audit);
	assert_int_not_equal(access(p->log, F_OK), 0);
	audit_note(NULL, "test", json_object());
	audit_commit(NULL);
	audit_close(NULL);
}

static void test_two_processes(void **state)
{
	const struct place *p = *state;
	struct audit *one = opened(p);
	struct audit *other = opened(p);

	for (int i = 0; i < 20; i++) {
		note_range(one, i, i);
		note_range(other, i, i + 1);
		audit_commit(one);
		audit_commit(other);
	}
	audit_close(one);
	audit_close(other);
	expect(p, p->checkpoint, ERR_OK, "ok: 60 lines");
}

/* Checkpoints stand among many lines, and are looked at. */
static void test_signed_lines(void **state)
{
	const struct place *p = *state;
	char *text;
	char *signature;

	write_lines(p, 250);
	expect(p, NULL, ERR_OK, "ok: 252 lines");
	text = text_of(p->log);
	signature = strstr(text, "\"signature\":\"");
	assert_non_null(signature);
	free(text);
}

static void test_torn_line(void **state)
{
	const struct place *p = *state;
	char *text;

	write_lines(p, 3);
	text = text_of(p->log);
	text[strlen(text) - 20] = '\0';
	put_text(p->log, text);
	free(text);
	expect(p, NULL, ERR_SYNTAX, "line 3: cut off");
	write_lines(p, 1);
	expect(p, NULL, ERR_OK, "ok: 3 lines");
}

/* An editor has taken the last newline away. */
static void test_no_newline(void **state)
{
	const struct place *p = *state;
	char *text;

	write_lines(p, 3);
	text = text_of(p->log);
	text[strlen(text) - 1] = '\0';
	put_text(p->log, text);
	free(text);
	expect(p, NULL, ERR_SYNTAX, "line 3: cut off");
	write_lines(p, 1);
	expect(p, p->checkpoint, ERR_OK, "ok: 4 lines");
}

/* Somebody has it rotated: what is written behind that tells of it, and the two are one log. */
static void test_rotated(void **state)
{
	const struct place *p = *state;
	char *first;
	char *second;
	char *both;

	write_lines(p, 3);
	first = text_of(p->log);
	assert_int_equal(truncate(p->log, 0), 0);
	write_lines(p, 2);
	expect(p, NULL, ERR_SYNTAX, "line 1: 3 lines before it are missing");
	second = text_of(p->log);
	both = malloc(strlen(first) + strlen(second) + 1);
	assert_non_null(both);
	sprintf(both, "%s%s", first, second);
	put_text(p->log, both);
	expect(p, p->checkpoint, ERR_OK, "ok: 5 lines");
	assert_int_equal(unlink(p->log), 0);
	write_lines(p, 1);
	expect(p, p->checkpoint, ERR_SYNTAX, "line 1: 5 lines before it are missing");
	free(first);
	free(second);
	free(both);
}

/* What is no log, and has no lines, is not shortened; that it is none is told. */
static void test_no_lines(void **state)
{
	const struct place *p = *state;
	char *text = malloc(150001);

	assert_non_null(text);
	memset(text, 'x', 150000);
	text[150000] = '\0';
	put_text(p->log, text);
	free(text);
	write_lines(p, 1);
	text = text_of(p->log);
	assert_int_equal(strspn(text, "x"), 150000);
	free(text);
	expect(p, NULL, ERR_SYNTAX, "line 1: no line of an audit log");
}

static void test_disk_that_takes_nothing(void **state)
{
	const struct place *p = *state;
	struct audit *audit = opened(p);

	assert_int_equal(mkdir(p->log, 0700), 0); /* no file can be there */
	note_range(audit, 1, 3);
	audit_commit(audit);
	assert_int_equal(rmdir(p->log), 0);
	note_range(audit, 4, 5);
	audit_commit(audit);
	audit_close(audit);
	expect(p, p->checkpoint, ERR_OK, "ok: 5 lines");
}

static void test_too_many(void **state)
{
	const struct place *p = *state;
	struct audit *audit = opened(p);
	char *text;

	note_range(audit, 1, AUDIT_PENDING_MAX + 7);
	audit_commit(audit);
	audit_close(audit);
	expect(p, NULL, ERR_OK, "ok: ");
	assert_int_equal(file_read(p->log, 1U << 24, &text, &(size_t){0}), ERR_OK);
	assert_non_null(strstr(text, "\"event\":\"lost\",\"events\":7"));
	free(text);
}

static void test_no_key(void **state)
{
	const struct place *p = *state;
	struct audit *audit;
	struct err_text text = {""};

	put_text(p->key, "no key\n");
	assert_int_equal(audit_open(p->folder, &audit, &text), ERR_SYNTAX);
	assert_non_null(strstr(text.text, AUDIT_KEY ": no Ed25519 key in PEM"));
	assert_int_equal(audit_open("/nonexistent", &audit, &text), ERR_SYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUDIT_TEST(test_sound),		AUDIT_TEST(test_nothing_noted),
		AUDIT_TEST(test_two_processes), AUDIT_TEST(test_signed_lines),
		AUDIT_TEST(test_torn_line),	AUDIT_TEST(test_disk_that_takes_nothing),
		AUDIT_TEST(test_too_many),	AUDIT_TEST(test_no_key),
		AUDIT_TEST(test_no_newline),	AUDIT_TEST(test_no_lines),
		AUDIT_TEST(test_rotated),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
