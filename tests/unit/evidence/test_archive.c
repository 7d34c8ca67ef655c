/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "evidence/archive.h"
#include "support/finding.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	const char *path;
	struct archive *archive;
	struct err_text text;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	kit->path = strdup(scratch_path(&kit->scratch, "ledger.db"));
	*state = kit;
	return archive_open(kit->path, ARCHIVE_WRITE, &kit->archive, &kit->text) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	archive_close(kit->archive);
	scratch_remove(&kit->scratch);
	free((char *)(uintptr_t)kit->path);
	free(kit);
	return 0;
}

static void put(struct kit *kit, const struct archive_finding *f)
{
	assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
	assert_int_equal(archive_put(kit->archive, f, &kit->text), ERR_OK);
	assert_int_equal(archive_commit(kit->archive, &kit->text), ERR_OK);
}

/* The number that a question of another connection gives. */
static int64_t ask(const struct kit *kit, const char *sql)
{
	sqlite3_stmt *q;
	sqlite3 *db;
	int64_t number;

	assert_int_equal(sqlite3_open_v2(kit->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	number = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return number;
}

/* The sums that are kept are those of the findings. */
static void assert_sums(const struct kit *kit)
{
	static const char sums[] = "SELECT client, count(*), min(first_s), max(last_s), sum(count),"
				   " sum(proven), sum(merged) FROM finding GROUP BY client";
	char sql[1024];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM (%s EXCEPT SELECT * FROM total)", sums);
	assert_int_equal(ask(kit, sql), 0);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT * FROM total EXCEPT %s)", sums);
	assert_int_equal(ask(kit, sql), 0);
}

static void test_the_same_is_merged(void **state)
{
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);

	put(kit, &f);
	f.first_s = 50;
	f.last_s = 300;
	f.proven = 2;
	f.types = 6;
	f.ways = 4;
	put(kit, &f);
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding"), 1);
	assert_int_equal(ask(kit, "SELECT first_s FROM finding"), 50);
	assert_int_equal(ask(kit, "SELECT last_s FROM finding"), 300);
	assert_int_equal(ask(kit, "SELECT count FROM finding"), 6);
	assert_int_equal(ask(kit, "SELECT proven FROM finding"), 2);
	assert_int_equal(ask(kit, "SELECT merged FROM finding"), 4);
	assert_int_equal(ask(kit, "SELECT types FROM finding"), 7);
	assert_int_equal(ask(kit, "SELECT ways FROM finding"), 5);
	assert_sums(kit);
}

static void test_what_differs_stands_apart(void **state)
{
	const struct archive_finding findings[] = {
		finding("192.0.2.1", "a", "c2.example", 1),
		finding("192.0.2.1", "b", "c2.example", 1),
		finding("192.0.2.1", "a", "c3.example", 1),
		finding("192.0.2.2", "a", "c2.example", 1),
	};
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
		put(kit, &findings[i]);
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding"), 4);
	assert_int_equal(ask(kit, "SELECT count(*) FROM client"), 2);
	assert_int_equal(ask(kit, "SELECT count(*) FROM list"), 2);
}

static void test_nothing_of_a_batch_without_commit(void **state)
{
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);

	assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
	assert_int_equal(archive_put(kit->archive, &f, &kit->text), ERR_OK);
	archive_close(kit->archive);
	kit->archive = NULL;
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding"), 0);
}

static void test_its_owner_alone_reads_it(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct kit *kit = *state;
	char path[128];
	struct stat st;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", kit->path, ends[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void test_what_is_no_ledger(void **state)
{
	struct kit *kit = *state;
	struct archive *archive;
	const char *path;

	assert_int_equal(archive_open("/nonexistent/x.db", ARCHIVE_WRITE, &archive, &kit->text),
			 ERR_SYS);
	assert_string_equal(kit->text.text, "/nonexistent/x.db: No such file or directory");
	assert_int_equal(archive_open("/nonexistent/x.db", ARCHIVE_READ, &archive, &kit->text),
			 ERR_SYS);
	path = scratch_write(&kit->scratch, "text",
			     "this is no database, but long enough for one: "
			     "it is to be left as it is, whoever comes by.");
	assert_int_equal(archive_open(path, ARCHIVE_READ, &archive, &kit->text), ERR_SYNTAX);
	assert_non_null(strstr(kit->text.text, "not a database"));
	path = scratch_write(&kit->scratch, "empty", "");
	assert_int_equal(archive_open(path, ARCHIVE_EDIT, &archive, &kit->text), ERR_REFUSED);
}

static void prune(struct kit *kit, const struct archive_limits *limits, uint64_t wanted)
{
	uint64_t removed = 0;
	int64_t cursor = 0;
	unsigned int steps = 0;

	do {
		assert_int_equal(
			archive_prune(kit->archive, limits, 2, &cursor, &removed, &kit->text),
			ERR_OK);
		assert_true(++steps < 10);
	} while (cursor != 0);
	assert_int_equal(removed, wanted);
}

static void test_prune(void **state)
{
	struct kit *kit = *state;
	struct archive_finding f;
	char client[32];

	for (unsigned int i = 0; i < 5; i++) { /* last seen at 105, 205 ... */
		snprintf(client, sizeof(client), "192.0.2.%u", i);
		f = finding(client, "a", "c2.example", 100 * (i + 1));
		f.proven = i % 2;
		put(kit, &f);
	}
	prune(kit, &(struct archive_limits){.before_s = 105}, 0);
	prune(kit, &(struct archive_limits){.before_s = 106}, 1);
	assert_int_equal(ask(kit, "SELECT count(*) FROM client"), 4);
	prune(kit, &(struct archive_limits){.unproven_before_s = 1000}, 2);
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding WHERE proven = 0"), 0);
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding"), 2);
	assert_true(archive_size(kit->archive) >= 4096);
	assert_sums(kit);
}

static bool add_up(void *arg, const struct archive_row *row)
{
	uint64_t *sums = arg;

	sums[0]++;
	sums[1] += row->names;
	sums[2] += row->finding.count;
	return true;
}

/* A store of before there were sums is read all the same, and has them once it was written to. */
static void test_sums_of_an_earlier_version(void **state)
{
	const struct archive_filter all = {.client = NULL};
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);
	sqlite3 *db;

	put(kit, &f);
	f.name = "c3.example";
	put(kit, &f);
	f.client = "192.0.2.2";
	put(kit, &f);
	archive_close(kit->archive);
	assert_int_equal(sqlite3_open(kit->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "DROP TABLE total; DROP TABLE visit;"
				      "ALTER TABLE finding DROP COLUMN rule_family;"
				      "ALTER TABLE finding DROP COLUMN rule_ticket;"
				      "PRAGMA user_version=1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	for (int pass = 0; pass < 3; pass++) {
		uint64_t sums[3] = {0};

		assert_int_equal(archive_open(kit->path, pass == 1 ? ARCHIVE_WRITE : ARCHIVE_READ,
					      &kit->archive, &kit->text),
				 ERR_OK);
		assert_int_equal(archive_each_client(kit->archive, &all, add_up, sums, &kit->text),
				 ERR_OK);
		assert_int_equal(sums[0], 2);
		assert_int_equal(sums[1], 3);
		assert_int_equal(sums[2], 9);
		if (pass < 2)
			archive_close(kit->archive);
	}
	assert_sums(kit);
}

struct noted {
	uint64_t rows;
	char last[256];
};

static bool keep_note(void *arg, const struct archive_row *row)
{
	struct noted *noted = arg;

	noted->rows++;
	snprintf(noted->last, sizeof(noted->last), "%s %s", row->list.family, row->finding.ticket);
	return true;
}

/* Families and tickets of rows came with version 3: a store of before has none, is read without
 * being changed, and takes them once it is written to. */
static void test_notes_of_an_earlier_version(void **state)
{
	const struct archive_filter fox = {.family = "fox"};
	const struct archive_filter all = {.client = NULL};
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);
	sqlite3 *db;

	put(kit, &f);
	archive_close(kit->archive);
	assert_int_equal(sqlite3_open(kit->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "ALTER TABLE finding DROP COLUMN rule_family;"
				      "ALTER TABLE finding DROP COLUMN rule_ticket;"
				      "PRAGMA user_version=2",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	for (int pass = 0; pass < 3; pass++) {
		struct noted of_all = {.rows = 0};
		struct noted of_fox = {.rows = 0};

		assert_int_equal(archive_open(kit->path, pass == 1 ? ARCHIVE_WRITE : ARCHIVE_READ,
					      &kit->archive, &kit->text),
				 ERR_OK);
		f.family = "fox";
		f.ticket = "T-1";
		if (pass == 1)
			put(kit, &f);
		assert_int_equal(archive_each(kit->archive, &all, keep_note, &of_all, &kit->text),
				 ERR_OK);
		assert_int_equal(archive_each(kit->archive, &fox, keep_note, &of_fox, &kit->text),
				 ERR_OK);
		assert_int_equal(of_all.rows, 1);
		assert_int_equal(of_fox.rows, pass > 0);
		assert_string_equal(of_all.last, pass > 0 ? "fox T-1" : " ");
		if (pass < 2)
			archive_close(kit->archive);
	}
}

static bool keep_visit(void *arg, const struct archive_row *row)
{
	uint64_t *seen = arg;

	seen[0]++;
	seen[1] += row->visit.visits;
	seen[2] += row->visit.count;
	return true;
}

/* Connections within five seconds are one visit; a finding has those of its client to its name. */
static void test_visits(void **state)
{
	const struct archive_filter all = {.client = NULL};
	const struct archive_filter other = {.name = "other.example"};
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);
	struct archive_visit v = {.client = "192.0.2.1",
				  .port = 80,
				  .host = "c2.example",
				  .method = "GET",
				  .path = "/a",
				  .agent = "bot",
				  .ja4 = "",
				  .count = 1};
	const uint32_t times[] = {100, 104, 109, 120};
	uint64_t seen[3] = {0};
	uint64_t of_finding[3] = {0};

	put(kit, &f);
	for (size_t i = 0; i < 4; i++) {
		v.first_s = v.last_s = times[i];
		assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
		assert_int_equal(archive_put_visit(kit->archive, &v, &kit->text), ERR_OK);
		assert_int_equal(archive_commit(kit->archive, &kit->text), ERR_OK);
	}
	assert_int_equal(archive_each_visit(kit->archive, &all, keep_visit, seen, &kit->text),
			 ERR_OK);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 2);
	assert_int_equal(seen[2], 4);
	assert_int_equal(archive_each(kit->archive, &all, keep_visit, of_finding, &kit->text),
			 ERR_OK);
	assert_int_equal(of_finding[1], 2);
	assert_int_equal(archive_each_visit(kit->archive, &other, keep_visit, seen, &kit->text),
			 ERR_OK);
	assert_int_equal(seen[0], 1);
	prune(kit, &(struct archive_limits){.before_s = 50, .unproven_before_s = 121}, 2);
	assert_int_equal(ask(kit, "SELECT count(*) FROM client"), 0);
}

static void test_erasure_and_hold(void **state)
{
	const struct archive_finding findings[] = {
		finding("192.0.2.1", "a", "c2.example", 1),
		finding("192.0.2.1", "b", "c2.example", 1),
		finding("192.0.2.200", "a", "c2.example", 1),
		finding("198.51.100.1", "a", "secret-word.example", 1),
	};
	struct kit *kit = *state;
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
		put(kit, &findings[i]);
	assert_int_equal(archive_act(kit->archive, ARCHIVE_HOLD, "192.0.2.0/25", "me", "court", &n,
				     &kit->text),
			 ERR_OK);
	assert_int_equal(n, 2);
	prune(kit, &(struct archive_limits){.before_s = 3}, 0);
	assert_int_equal(archive_act(kit->archive, ARCHIVE_ERASE, "192.0.2.0/24", "me", "asked", &n,
				     &kit->text),
			 ERR_REFUSED);
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding"), 4);
	assert_int_equal(archive_act(kit->archive, ARCHIVE_ERASE, "198.51.100.1", "me", "asked", &n,
				     &kit->text),
			 ERR_OK);
	assert_int_equal(n, 1);
	prune(kit, &(struct archive_limits){.before_s = 100}, 1); /* the one under no hold */
	assert_int_equal(archive_act(kit->archive, ARCHIVE_RELEASE, "192.0.2.0/24", "me", "over",
				     &n, &kit->text),
			 ERR_NOTFOUND);
	assert_int_equal(archive_act(kit->archive, ARCHIVE_RELEASE, "192.0.2.0/25", "me", "over",
				     &n, &kit->text),
			 ERR_OK);
	prune(kit, &(struct archive_limits){.before_s = 100}, 2);
	assert_int_equal(ask(kit, "SELECT count(*) FROM audit"), 3);
	assert_int_equal(ask(kit,
			     "SELECT count(*) FROM audit WHERE act = 'erase' AND"
			     " subject = '' AND findings = 1 AND who = 'me' AND why = 'asked'"),
			 1);
}

/* Opens the ledger of the working directory as somebody who may not enter what is above it. */
static int open_shut_out(void)
{
	struct archive *archive;
	struct err_text text;

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return -1;
	if (archive_open("inner/ledger.db", ARCHIVE_WRITE, &archive, &text) != ERR_OK)
		return 1;
	archive_close(archive);
	return 0;
}

static void test_below_what_may_not_be_entered(void **state)
{
	struct kit *kit = *state;
	char *outer = strdup(scratch_path(&kit->scratch, "outer"));
	int status = -1;
	pid_t child;

	assert_int_equal(mkdir(outer, 0755), 0);
	child = fork();
	if (child == 0) {
		if (chdir(outer) != 0 || mkdir("middle", 0755) != 0 || chdir("middle") != 0 ||
		    mkdir("inner", 0777) != 0 || chmod("inner", 0777) != 0 || chmod(outer, 0) != 0)
			_exit(2);
		_exit(open_shut_out());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(outer, 0755), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	free(outer);
}

/* True when the octets of `word` stand in the file. */
static bool has_word(const char *path, const char *word)
{
	static char buf[1 << 20];
	long len = scratch_read(path, buf, sizeof(buf));

	return len > 0 && memmem(buf, (size_t)len, word, strlen(word)) != NULL;
}

static void test_what_is_erased_is_nowhere(void **state)
{
	const struct archive_finding f = finding("198.51.100.1", "a", "secret-word.example", 1);
	struct kit *kit = *state;
	char log[128];
	uint64_t n;

	snprintf(log, sizeof(log), "%s-wal", kit->path);
	put(kit, &f);
	assert_true(has_word(kit->path, "secret-word") || has_word(log, "secret-word"));
	assert_int_equal(archive_act(kit->archive, ARCHIVE_ERASE, "198.51.100.1", "me", "asked", &n,
				     &kit->text),
			 ERR_OK);
	assert_false(has_word(kit->path, "secret-word"));
	assert_false(has_word(log, "secret-word"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_is_merged),
		TEST(test_what_differs_stands_apart),
		TEST(test_nothing_of_a_batch_without_commit),
		TEST(test_its_owner_alone_reads_it),
		TEST(test_what_is_no_ledger),
		TEST(test_below_what_may_not_be_entered),
		TEST(test_prune),
		TEST(test_sums_of_an_earlier_version),
		TEST(test_notes_of_an_earlier_version),
		TEST(test_visits),
		TEST(test_erasure_and_hold),
		TEST(test_what_is_erased_is_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
