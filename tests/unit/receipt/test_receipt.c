/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "receipt/receipt.h"
#include "support/scratch.h"

#define KEPT_MAX 64U

struct place {
	struct scratch scratch;
	struct receipts *receipts;
};

/* Receipts as they were read. */
struct kept {
	size_t count;
	struct {
		struct receipt r;
		char entry[64];
		char reason[64];
		char answered[64];
		char list[64];
		char ticket[64];
	} rows[KEPT_MAX];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct err_text text;

	assert_non_null(p);
	scratch_make(&p->scratch);
	assert_int_equal(receipts_open(p->scratch.path, true, &p->receipts, &text), ERR_OK);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	receipts_close(p->receipts);
	scratch_remove(&p->scratch);
	free(p);
	return 0;
}

static void keep(void *arg, const struct receipt *r)
{
	struct kept *kept = arg;

	assert_true(kept->count < KEPT_MAX);
	kept->rows[kept->count].r = *r;
	snprintf(kept->rows[kept->count].entry, 64, "%s", r->entry);
	snprintf(kept->rows[kept->count].reason, 64, "%s", r->reason);
	snprintf(kept->rows[kept->count].answered, 64, "%s", r->answered);
	snprintf(kept->rows[kept->count].list, 64, "%s", r->list);
	snprintf(kept->rows[kept->count].ticket, 64, "%s", r->ticket);
	kept->count++;
}

static struct kept kept_of(const struct place *p, const char *list, uint64_t after)
{
	struct kept kept = {.count = 0};
	struct err_text text;

	assert_int_equal(receipts_each(p->receipts, list, after, keep, &kept, &text), ERR_OK);
	return kept;
}

static const char *ask(void *arg, const char *entry, char *buf, size_t size)
{
	(*(int *)arg)++;
	snprintf(buf, size, "asked for %s", entry);
	return buf;
}

#define IN_FORCE(text, number)                                                                     \
	{                                                                                          \
		text, number, RECEIPT_IN_FORCE, 1, "", ""                                          \
	}

/* Puts the entries, as they came at `came_s`, and are in force ten seconds later. */
static void put(const struct place *p, const char *list, struct receipt_entry *entries,
		size_t count, uint64_t came_s)
{
	int asked = 0;
	struct receipt_list of = {
		.name = list,
		.case_id = "1:10cv156",
		.entries = entries,
		.count = count,
		.came_s = came_s,
		.in_force_s = came_s + 10,
		.left = "gone",
		.ask = ask,
		.ask_arg = &asked,
	};
	struct err_text text = {""};

	if (receipts_put(p->receipts, &of, &text) != ERR_OK)
		fail_msg("%s", text.text);
}

static struct kept kept_at(const struct place *p, const char *entries, uint64_t at_s)
{
	struct kept kept = {.count = 0};
	struct err_text text;

	assert_int_equal(receipts_at(p->receipts, entries, at_s, keep, &kept, &text), ERR_OK);
	return kept;
}

/* From the second in which it was in force to that in which it left. */
static void test_at_a_time(void **state)
{
	const struct place *p = *state;
	struct receipt_entry first[] = {IN_FORCE("a.example", 1), IN_FORCE("b.example", 2)};
	struct receipt_entry second[] = {IN_FORCE("b.example", 1)};
	const char *both = "[\"a.example\",\"b.example\",\"x\\\"y\"]";
	struct err_text text;
	uint64_t began_s = 7;

	assert_int_equal(receipts_began(p->receipts, &began_s, &text), ERR_OK);
	assert_int_equal(began_s, 0);
	put(p, "court", first, 2, 100);
	put(p, "court", second, 1, 200);
	put(p, "other", second, 1, 300);
	assert_int_equal(receipts_began(p->receipts, &began_s, &text), ERR_OK);
	assert_int_equal(began_s, 100);
	assert_int_equal(kept_at(p, both, 109).count, 0);
	assert_int_equal(kept_at(p, both, 110).count, 2);
	assert_int_equal(kept_at(p, both, 209).count, 2);
	assert_int_equal(kept_at(p, both, 210).count, 1);
	assert_string_equal(kept_at(p, both, 210).rows[0].entry, "b.example");
	assert_int_equal(kept_at(p, both, 310).count, 2);
	assert_int_equal(kept_at(p, "[\"a.example\"]", 310).count, 0);
	assert_int_equal(kept_at(p, "[]", 310).count, 0);
	assert_int_equal(kept_at(p, both, UINT64_MAX).count, 2);
	assert_int_equal(receipts_at(p->receipts, "no JSON", 310, keep, NULL, &text), ERR_SYS);
}

static void test_comes_stays_leaves(void **state)
{
	const struct place *p = *state;
	struct receipt_entry first[] = {IN_FORCE("b.example", 2), IN_FORCE("a.example", 1)};
	struct receipt_entry second[] = {IN_FORCE("b.example", 7), IN_FORCE("c.example", 8)};
	struct kept kept;

	put(p, "court", first, 2, 100);
	kept = kept_of(p, "court", 0);
	assert_int_equal(kept.count, 2);
	assert_string_equal(kept.rows[0].entry, "a.example");
	assert_string_equal(kept.rows[0].answered, "asked for a.example");
	assert_int_equal(kept.rows[0].r.came_s, 100);
	assert_int_equal(kept.rows[0].r.in_force_s, 110);
	assert_int_equal(kept.rows[0].r.left_s, 0);
	put(p, "court", second, 2, 200);
	kept = kept_of(p, "court", 0);
	assert_int_equal(kept.count, 3);
	assert_int_equal(kept.rows[0].r.left_s, 210);
	assert_string_equal(kept.rows[0].reason, "gone");
	assert_int_equal(kept.rows[1].r.came_s, 100);
	assert_int_equal(kept.rows[1].r.left_s, 0);
	assert_int_equal(kept.rows[2].r.came_s, 200);
	put(p, "court", first, 2, 300); /* what has left, and comes again, has another receipt */
	kept = kept_of(p, "court", 3);
	assert_int_equal(kept.count, 1);
	assert_string_equal(kept.rows[0].entry, "a.example");
	assert_int_equal(kept.rows[0].r.number, 4);
}

/* What was held back is in force now: it came when it came first. */
static void test_held_then_in_force(void **state)
{
	const struct place *p = *state;
	struct receipt_entry held[] = {{"com", 1, RECEIPT_HELD, 1, "is a public suffix", ""}};
	struct receipt_entry taken[] = {IN_FORCE("com", 1)};
	struct kept kept;

	put(p, "court", held, 1, 100);
	kept = kept_of(p, NULL, 0);
	assert_int_equal(kept.rows[0].r.in_force_s, 0);
	assert_string_equal(kept.rows[0].reason, "is a public suffix");
	assert_string_equal(kept.rows[0].answered, "");
	put(p, "court", taken, 1, 200);
	kept = kept_of(p, NULL, 0);
	assert_int_equal(kept.count, 2);
	assert_int_equal(kept.rows[0].r.left_s, 210);
	assert_int_equal(kept.rows[1].r.came_s, 100);
	assert_int_equal(kept.rows[1].r.in_force_s, 210);
}

/* An entry that stands there twice has a receipt for that; three times, the first line counts. */
static void test_already_there(void **state)
{
	const struct place *p = *state;
	struct receipt_entry entries[] = {
		{"a.example", 9, RECEIPT_AGAIN, 1, "already there", ""},
		{"a.example", 5, RECEIPT_AGAIN, 1, "already there", ""},
		IN_FORCE("a.example", 1),
	};
	struct kept kept;

	put(p, "court", entries, 3, 100);
	kept = kept_of(p, NULL, 0);
	assert_int_equal(kept.count, 2);
	assert_int_equal(kept.rows[0].r.state, RECEIPT_IN_FORCE);
	assert_int_equal(kept.rows[1].r.line, 5);
}

/* Of the list as a whole each version has one. */
static void test_whole(void **state)
{
	const struct place *p = *state;
	struct receipt_entry one[] = {{"", 0, RECEIPT_IN_FORCE, 1000, "", ""}};
	struct receipt_entry other[] = {{"", 0, RECEIPT_IN_FORCE, 1001, "", ""}};
	struct kept kept;

	put(p, "court", one, 1, 100);
	put(p, "court", one, 1, 200);
	kept = kept_of(p, NULL, 0);
	assert_int_equal(kept.count, 1);
	put(p, "court", other, 1, 300);
	kept = kept_of(p, NULL, 0);
	assert_int_equal(kept.count, 2);
	assert_int_equal(kept.rows[0].r.left_s, 310);
	assert_int_equal(kept.rows[1].r.came_s, 300);
	assert_int_equal(kept.rows[1].r.entries, 1001);
}

/* A file that was not read says nothing of lines that are not in force. */
static void test_unread(void **state)
{
	const struct place *p = *state;
	struct receipt_entry entries[] = {
		IN_FORCE("a.example", 1),
		{"com", 2, RECEIPT_HELD, 1, "is a public suffix", ""},
	};
	struct receipt_list unread = {
		.name = "court", .case_id = "", .left = "gone", .in_force_s = 300, .unread = true};
	struct err_text text;
	struct kept kept;

	put(p, "court", entries, 2, 100);
	assert_int_equal(receipts_put(p->receipts, &unread, &text), ERR_OK);
	kept = kept_of(p, NULL, 0);
	assert_int_equal(kept.rows[0].r.left_s, 300);
	assert_int_equal(kept.rows[1].r.left_s, 0);
}

static void test_lists_that_go(void **state)
{
	const struct place *p = *state;
	struct receipt_entry entries[] = {IN_FORCE("a.example", 1)};
	const char *names[] = {"other"};
	struct err_text text;
	struct kept kept;

	put(p, "court", entries, 1, 100);
	put(p, "other", entries, 1, 100);
	assert_int_equal(receipts_keep_lists(p->receipts, names, 1, 500, "removed", &text), ERR_OK);
	kept = kept_of(p, "court", 0);
	assert_int_equal(kept.rows[0].r.left_s, 500);
	assert_string_equal(kept.rows[0].reason, "removed");
	kept = kept_of(p, "other", 0);
	assert_int_equal(kept.rows[0].r.left_s, 0);
	kept = kept_of(p, "none", 0);
	assert_int_equal(kept.count, 0);
}

static void test_kept_over_a_restart(void **state)
{
	struct place *p = *state;
	struct receipt_entry entries[] = {IN_FORCE("a.example", 1)};
	struct err_text text;
	struct stat st;
	struct kept kept;

	put(p, "court", entries, 1, 100);
	receipts_close(p->receipts);
	assert_int_equal(receipts_open(p->scratch.path, false, &p->receipts, &text), ERR_OK);
	kept = kept_of(p, "court", 0);
	assert_int_equal(kept.rows[0].r.came_s, 100);
	assert_int_equal(stat(scratch_path(&p->scratch, RECEIPT_FILE), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_no_store(void **state)
{
	struct place *p = *state;
	struct receipts *receipts;
	struct err_text text;

	assert_int_equal(receipts_open("/nonexistent", false, &receipts, &text), ERR_NOTFOUND);
	receipts_close(p->receipts);
	p->receipts = NULL;
	scratch_write(&p->scratch, RECEIPT_FILE, "this is no database, and is long enough\n");
	assert_int_equal(receipts_open(p->scratch.path, true, &receipts, &text), ERR_SYS);
	assert_non_null(strstr(text.text, RECEIPT_FILE));
}

/* With another ticket an entry is another order's: its receipt ends, and another begins; one that
 * had none goes on with it. */
static void test_tickets(void **state)
{
	struct place *p = *state;
	struct receipt_entry first[] = {IN_FORCE("a.example", 1), IN_FORCE("b.example", 2)};
	struct receipt_entry named[] = {IN_FORCE("a.example", 1), IN_FORCE("b.example", 2)};
	struct receipt_entry other[] = {IN_FORCE("a.example", 1), IN_FORCE("b.example", 2)};
	struct kept kept;

	first[0].ticket = NULL;
	named[0].ticket = named[1].ticket = other[1].ticket = "T-1";
	other[0].ticket = "T-2";
	put(p, "court", first, 2, 100);
	put(p, "court", named, 2, 200);
	kept = kept_of(p, "court", 0);
	assert_int_equal(kept.count, 2);
	assert_string_equal(kept.rows[0].ticket, "T-1");
	assert_int_equal(kept.rows[0].r.came_s, 100);
	put(p, "court", other, 2, 300);
	kept = kept_of(p, "court", 0);
	assert_int_equal(kept.count, 3);
	assert_string_equal(kept.rows[0].ticket, "T-1");
	assert_int_equal(kept.rows[0].r.left_s, 310);
	assert_string_equal(kept.rows[0].reason, "the same entry has another ticket");
	assert_int_equal(kept.rows[1].r.left_s, 0);
	assert_string_equal(kept.rows[2].ticket, "T-2");
	assert_int_equal(kept.rows[2].r.came_s, 300);
	put(p, "court", other, 2, 400);
	assert_int_equal(kept_of(p, "court", 0).count, 3);
}

/* A store of before there were tickets is read as it is, and has them once it is written to. */
static void test_an_earlier_version(void **state)
{
	struct place *p = *state;
	struct receipt_entry one[] = {IN_FORCE("a.example", 1)};
	struct receipt_entry with[] = {IN_FORCE("a.example", 1)};
	struct err_text text = {""};
	char path[512];
	sqlite3 *db;

	with[0].ticket = "T-1";
	put(p, "court", one, 1, 100);
	receipts_close(p->receipts);
	snprintf(path, sizeof(path), "%s/" RECEIPT_FILE, p->scratch.path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "ALTER TABLE receipt DROP COLUMN ticket;"
				      "PRAGMA user_version=1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(receipts_open(p->scratch.path, false, &p->receipts, &text), ERR_OK);
	assert_string_equal(kept_of(p, "court", 0).rows[0].ticket, "");
	receipts_close(p->receipts);
	assert_int_equal(receipts_open(p->scratch.path, true, &p->receipts, &text), ERR_OK);
	put(p, "court", with, 1, 200);
	assert_string_equal(kept_of(p, "court", 0).rows[0].ticket, "T-1");
}

static const struct receipt sample = {
	.number = 7,
	.list = "court",
	.case_id = "=1+1",
	.entry = "a\"b,\n",
	.line = 3,
	.entries = 1,
	.state = RECEIPT_HELD,
	.came_s = 1795000000,
	.reason = "is \xff",
	.answered = "",
	.ticket = "@T-1",
};

static void test_csv(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	receipt_csv_head(out);
	receipt_csv(out, &sample);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "number,list,case,entry,line,entries,state,came,in_force,left,"
				  "reason,answered,ticket"
				  "\r\n7,\"court\",\"'=1+1\",\"a\"\"b,?\",3,1,\"held back\","
				  "2026-11-18T11:06:40Z,,,\"is \xff\",\"\",\"'@T-1\"\r\n");
	free(text);
}

static void test_json(void **state)
{
	struct receipt left = sample;
	json_t *root = receipt_json(&sample);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(root, "state")), "held back");
	assert_string_equal(json_string_value(json_object_get(root, "came")),
			    "2026-11-18T11:06:40Z");
	assert_true(json_is_null(json_object_get(root, "in_force")));
	assert_string_equal(json_string_value(json_object_get(root, "reason")), "?");
	json_decref(root);
	left.left_s = 1795000001;
	root = receipt_json(&left);
	assert_string_equal(json_string_value(json_object_get(root, "state")), "left");
	json_decref(root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_stays_leaves),
		TEST(test_at_a_time),
		TEST(test_held_then_in_force),
		TEST(test_already_there),
		TEST(test_whole),
		TEST(test_unread),
		TEST(test_lists_that_go),
		TEST(test_kept_over_a_restart),
		TEST(test_no_store),
		TEST(test_tickets),
		TEST(test_an_earlier_version),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
