/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "hunt/day.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	char path[512];
	struct err_text text;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	snprintf(kit->path, sizeof(kit->path), "%s/2026-11-28.db", kit->scratch.path);
	*state = kit;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static struct day_client client_of(const char *text, uint8_t bits)
{
	struct day_client client = {.bits = bits};

	assert_int_equal(ip_parse(text, &client.ip), ERR_OK);
	return client;
}

static void test_clients(void **state)
{
	static const struct row {
		const char *ip;
		uint8_t bits;
		size_t len;
		const char *text;
	} rows[] = {
		{"192.0.2.1", DAY_WHOLE, 4, "192.0.2.1"},
		{"192.0.2.0", 24, 5, "192.0.2.0/24"},
		{"0.0.0.0", 0, 5, "0.0.0.0/0"},
		{"2001:db8::1", DAY_WHOLE, 16, "2001:db8::1"},
		{"2001:db8::", 56, 17, "2001:db8::/56"},
	};
	uint8_t octets[DAY_CLIENT_MAX];
	char text[CLIENT_TEXT_MAX];
	struct day_client back;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct day_client client = client_of(rows[i].ip, rows[i].bits);

		assert_int_equal(day_client_write(&client, octets), rows[i].len);
		assert_int_equal(day_client_read(octets, rows[i].len, &back), ERR_OK);
		assert_string_equal(day_client_text(&back, text), rows[i].text);
	}
	for (size_t len = 0; len <= DAY_CLIENT_MAX; len++)
		assert_int_equal(day_client_read(octets, len, &back) == ERR_OK,
				 len == 4 || len == 16 || len == 17);
	octets[0] = 33;
	assert_int_equal(day_client_read(octets, 5, &back), ERR_SYNTAX);
	octets[0] = 129;
	assert_int_equal(day_client_read(octets, 17, &back), ERR_SYNTAX);
}

/* What a reading gives, as text. */
struct got {
	char text[512];
	unsigned int most;
};

static bool on_row(void *arg, const struct day_row *row)
{
	struct got *got = arg;
	char client[CLIENT_TEXT_MAX];
	size_t len = strlen(got->text);

	snprintf(got->text + len, sizeof(got->text) - len, "%s %u %u;",
		 day_client_text(&row->client, client), row->at_s, row->how);
	return --got->most > 0;
}

static const char *clients(struct day *day, uint64_t hash, struct got *got, unsigned int most)
{
	struct err_text text;

	*got = (struct got){.most = most};
	assert_int_equal(day_each_client(day, hash, on_row, got, &text), ERR_OK);
	return got->text;
}

static bool on_hash(void *arg, uint64_t hash)
{
	struct got *got = arg;
	size_t len = strlen(got->text);

	snprintf(got->text + len, sizeof(got->text) - len, "%llx;", (unsigned long long)hash);
	return --got->most > 0;
}

static struct day *write_some(struct kit *kit)
{
	const struct day_row rows[] = {
		{7, client_of("192.0.2.1", DAY_WHOLE), 100, DAY_ITSELF},
		{7, client_of("192.0.2.2", DAY_WHOLE), 200, DAY_BELOW},
		{7, client_of("2001:db8::1", DAY_WHOLE), 300, DAY_BELOW},
		{UINT64_MAX, client_of("192.0.2.1", DAY_WHOLE), 86399, DAY_BELOW},
		{1ULL << 63, client_of("192.0.2.0", 24), 0, DAY_ITSELF | DAY_BELOW},
	};
	struct day *day;
	uint64_t new = 0;

	assert_int_equal(day_open(kit->path, DAY_WRITE, &day, &kit->text), ERR_OK);
	assert_int_equal(day_put(day, rows, sizeof(rows) / sizeof(rows[0]), &new, &kit->text),
			 ERR_OK);
	assert_int_equal(new, 5);
	return day;
}

static void test_written_and_read(void **state)
{
	struct kit *kit = *state;
	struct day *day = write_some(kit);
	const struct day_row again[] = {
		{7, client_of("192.0.2.1", DAY_WHOLE), 500, DAY_ITSELF}, /* nothing new */
		{7, client_of("192.0.2.2", DAY_WHOLE), 500, DAY_ITSELF},
	};
	struct got got;
	struct stat st;
	struct day *reader;
	uint64_t new;

	assert_int_equal(day_put(day, again, 2, &new, &kit->text), ERR_OK);
	assert_int_equal(new, 1);
	/* by another at the same time */
	assert_int_equal(day_open(kit->path, DAY_READ, &reader, &kit->text), ERR_OK);
	assert_string_equal(clients(reader, 7, &got, 9),
			    "2001:db8::1 300 2;192.0.2.1 100 1;192.0.2.2 200 3;");
	assert_string_equal(clients(reader, 7, &got, 1), "2001:db8::1 300 2;");
	assert_string_equal(clients(reader, UINT64_MAX, &got, 9), "192.0.2.1 86399 2;");
	assert_string_equal(clients(reader, 1ULL << 63, &got, 9), "192.0.2.0/24 0 3;");
	assert_string_equal(clients(reader, 8, &got, 9), "");
	got = (struct got){.most = 9};
	assert_int_equal(day_each_hash(reader, INT64_MIN, on_hash, &got, &kit->text), ERR_OK);
	assert_string_equal(got.text, "8000000000000000;ffffffffffffffff;7;");
	got = (struct got){.most = 1};
	assert_int_equal(day_each_hash(reader, -1, on_hash, &got, &kit->text), ERR_OK);
	assert_string_equal(got.text, "ffffffffffffffff;");
	new = 0;
	assert_int_equal(day_rows_at_most(reader, &new, &kit->text), ERR_OK);
	assert_true(new >= 5);
	day_close(reader);
	day_close(day);
	day_close(NULL);
	assert_int_equal(stat(kit->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_erased(void **state)
{
	struct kit *kit = *state;
	struct day *day;
	struct got got;
	uint64_t rows = 0;
	char *octets;
	size_t len;

	day_close(write_some(kit));
	assert_int_equal(day_open(kit->path, DAY_EDIT, &day, &kit->text), ERR_OK);
	assert_int_equal(day_erase(day, "192.0.2.1", &rows, &kit->text), ERR_OK);
	assert_int_equal(rows, 2);
	assert_string_equal(clients(day, 7, &got, 9), "2001:db8::1 300 2;192.0.2.2 200 2;");
	assert_int_equal(day_erase(day, "192.0.2.0/24", &rows, &kit->text), ERR_OK);
	assert_int_equal(rows, 2); /* the second address, and the prefix itself */
	assert_int_equal(day_erase(day, "198.51.100.0/24", &rows, &kit->text), ERR_OK);
	assert_int_equal(rows, 0);
	assert_int_equal(day_erase(day, "2001:db8::/32", &rows, &kit->text), ERR_OK);
	assert_int_equal(rows, 1);
	day_close(day);
	/* overwritten, not only let go */
	assert_int_equal(file_read(kit->path, 1 << 20, &octets, &len), ERR_OK);
	assert_null(memmem(octets, len, "\xc0\x00\x02\x01", 4));
	free(octets);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_what_is_no_store(void **state)
{
	static const struct row {
		const char *sql;
		enum err err; /* of opening */
	} rows[] = {
		{"", ERR_NOTFOUND},
		{"CREATE TABLE asked(hash, client, at_s, how)", ERR_NOTFOUND},
		{"PRAGMA user_version=1", ERR_REFUSED},
		{"CREATE TABLE asked(hash, client, at_s, how); PRAGMA user_version=2", ERR_REFUSED},
		{"CREATE VIEW asked AS WITH RECURSIVE c(hash, client, at_s, how) AS (SELECT 1,2,3,4"
		 " UNION ALL SELECT 1,2,3,4 FROM c) SELECT * FROM c; PRAGMA user_version=1",
		 ERR_REFUSED},
	};
	struct kit *kit = *state;
	struct day *day;

	assert_int_equal(day_open(kit->path, DAY_READ, &day, &kit->text), ERR_NOTFOUND);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(file_replace(kit->path, "", 0), ERR_OK);
		run_sql(kit->path, rows[i].sql);
		assert_int_equal(day_open(kit->path, DAY_READ, &day, &kit->text), rows[i].err);
		assert_int_equal(day_open(kit->path, DAY_EDIT, &day, &kit->text), rows[i].err);
	}
	assert_int_equal(file_replace(kit->path, "Forbidden, and so on", 20), ERR_OK);
	assert_int_equal(day_open(kit->path, DAY_READ, &day, &kit->text), ERR_SYNTAX);
	assert_non_null(strstr(kit->text.text, kit->path));
	assert_int_equal(day_open(kit->path, DAY_WRITE, &day, &kit->text), ERR_SYNTAX);
	assert_int_equal(day_open("/nowhere/2026-11-28.db", DAY_WRITE, &day, &kit->text), ERR_SYS);
}

/* What others have put there is no finding. */
static void test_rows_that_are_none(void **state)
{
	static const char *const values[] = {
		"x'', 1, 1",	      "x'c00002', 1, 1",
		"NULL, 1, 1",	      "x'21c0000201', 1, 1",
		"x'c0000201', -1, 1", "x'c0000201', 86400, 1",
		"x'c0000201', 1, 0",  "x'c0000201', 1, 4",
		"'abcdefg', 1, 1",    "x'c0000201', 1, 9223372036854775807",
	};
	struct kit *kit = *state;
	struct got got = {.most = 9};
	char sql[256];
	struct day *day;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(file_replace(kit->path, "", 0), ERR_OK);
		snprintf(sql, sizeof(sql),
			 "CREATE TABLE asked(hash, client, at_s, how); PRAGMA user_version=1;"
			 "INSERT INTO asked VALUES(7, %s)",
			 values[i]);
		run_sql(kit->path, sql);
		assert_int_equal(day_open(kit->path, DAY_READ, &day, &kit->text), ERR_OK);
		assert_int_equal(day_each_client(day, 7, on_row, &got, &kit->text), ERR_SYNTAX);
		day_close(day);
	}
	assert_string_equal(got.text, "");
}

/* As documented: under 30 octets a row. */
static void test_size(void **state)
{
	enum { BATCH = 2000, BATCHES = 50 };
	struct kit *kit = *state;
	struct day_row *rows = calloc(BATCH, sizeof(*rows));
	uint64_t rng = 88172645463325252ULL;
	struct day *day;
	uint64_t new;
	struct stat st;

	assert_non_null(rows);
	assert_int_equal(day_open(kit->path, DAY_WRITE, &day, &kit->text), ERR_OK);
	for (unsigned int b = 0; b < BATCHES; b++) {
		for (unsigned int i = 0; i < BATCH; i++) {
			rng ^= rng << 13;
			rng ^= rng >> 7;
			rng ^= rng << 17;
			rows[i] = (struct day_row){rng, client_of("192.0.2.1", DAY_WHOLE),
						   b * 1000 + 30000, DAY_ITSELF};
		}
		assert_int_equal(day_put(day, rows, BATCH, &new, &kit->text), ERR_OK);
		assert_int_equal(new, BATCH);
	}
	day_close(day);
	free(rows);
	assert_int_equal(stat(kit->path, &st), 0);
	assert_true(st.st_size < 30L * BATCH * BATCHES);
	print_message("%.1f octets a row\n", (double)st.st_size / BATCH / BATCHES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test_setup_teardown(test_written_and_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_erased, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_no_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_size, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
