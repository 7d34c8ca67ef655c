/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "audit/verify.h"
#include "base/file.h"

#define LOG_OCTETS_MAX 200000U

/* A state directory with a log. */
struct place {
	char folder[64];
	char log[96];
	char checkpoint[96];
	char key[96];
	char public_key[96];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->folder, "/tmp/test_audit.XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->log, sizeof(p->log), "%s/" AUDIT_LOG, p->folder);
	snprintf(p->checkpoint, sizeof(p->checkpoint), "%s/" AUDIT_CHECKPOINT, p->folder);
	snprintf(p->key, sizeof(p->key), "%s/" AUDIT_KEY, p->folder);
	snprintf(p->public_key, sizeof(p->public_key), "%s/" AUDIT_PUBLIC_KEY, p->folder);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->log);
	unlink(p->checkpoint);
	unlink(p->key);
	unlink(p->public_key);
	rmdir(p->folder);
	free(p);
	return 0;
}

static struct audit *opened(const struct place *p)
{
	struct audit *audit = NULL;
	struct err_text text = {""};

	if (audit_open(p->folder, &audit, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return audit;
}

static void note_range(struct audit *audit, int first, int last)
{
	for (int i = first; i <= last; i++)
		audit_note(audit, "test", json_pack("{s:i, s:s}", "number", i, "text", "a\n\"b"));
}

/* A log of `count` lines of ours. */
static void write_lines(const struct place *p, int count)
{
	struct audit *audit = opened(p);

	note_range(audit, 1, count);
	audit_close(audit);
}

static char *text_of(const char *path)
{
	char *text;
	size_t len;

	assert_int_equal(file_read(path, LOG_OCTETS_MAX, &text, &len), ERR_OK);
	return text;
}

static void put_text(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text)), ERR_OK);
}

/* What is told of the log; by free(). */
static char *verified(const struct place *p, const char *checkpoint, enum err expected)
{
	char *told = NULL;
	size_t len;
	FILE *out = open_memstream(&told, &len);
	struct err_text text = {""};
	enum err err = audit_verify(p->log, NULL, checkpoint, out, &text);

	fclose(out);
	if (err != expected)
		fail_msg("%d instead of %d: %s %s", err, expected, told, text.text);
	return told;
}

static void expect(const struct place *p, const char *checkpoint, enum err err, const char *told)
{
	char *text = verified(p, checkpoint, err);

	if (!strstr(text, told))
		fail_msg("'%s' is not in: %s", told, text);
	free(text);
}

/* ---- what is written */

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

/* ---- what somebody has changed */

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

static void test_no_key(void **state)
{
	const struct place *p = *state;
	struct audit *audit;
	struct err_text text = {""};

	put_text(p->key, "no key\n");
	assert_int_equal(audit_open(p->folder, &audit, &text), ERR_SYNTAX);
	assert_non_null(strstr(text.text, AUDIT_KEY ": no Ed25519 key in PEM"));
	assert_int_equal(audit_open("/nonexistent", &audit, &text), ERR_SYS);
	assert_int_equal(audit_verify(p->log, NULL, NULL, stdout, &text), ERR_SYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sound),	  TEST(test_nothing_noted),
		TEST(test_two_processes), TEST(test_signed_lines),
		TEST(test_torn_line),	  TEST(test_disk_that_takes_nothing),
		TEST(test_too_many),	  TEST(test_edited),
		TEST(test_edited_value),  TEST(test_removed),
		TEST(test_reordered),	  TEST(test_end_cut_off),
		TEST(test_written_anew),  TEST(test_no_key),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
