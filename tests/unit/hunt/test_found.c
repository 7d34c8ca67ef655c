/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "hunt/found.h"
#include "support/scratch.h"

struct got {
	char text[1024];
	unsigned int most;
};

static bool on_row(void *arg, const struct found_row *row)
{
	struct got *got = arg;
	char client[CLIENT_TEXT_MAX];
	size_t len = strlen(got->text);

	snprintf(got->text + len, sizeof(got->text) - len, "%s %s %s %llu %u;", row->list,
		 row->name, day_client_text(&row->client, client), (unsigned long long)row->at_s,
		 row->how);
	return --got->most > 0;
}

static const char *all(struct found *found, const char *list, uint64_t since_s, struct got *got)
{
	struct err_text text;

	*got = (struct got){.most = 9};
	assert_int_equal(found_each(found, list, since_s, on_row, got, &text), ERR_OK);
	return got->text;
}

static bool put(struct found *found, const char *list, const char *name, const char *client,
		uint64_t at_s, uint64_t found_s)
{
	struct found_row row = {
		.list = list, .name = name, .at_s = at_s, .how = DAY_ITSELF, .found_s = found_s};
	struct err_text text;
	bool new = false;

	row.client.bits = DAY_WHOLE;
	assert_int_equal(ip_parse(client, &row.client.ip), ERR_OK);
	assert_int_equal(found_put(found, &row, &new, &text), ERR_OK);
	return new;
}

static void test_found(void **state)
{
	struct scratch scratch;
	struct err_text text;
	struct found *found;
	struct found *reader;
	uint64_t rows = 0;
	char path[512];
	struct got got;

	scratch_make(&scratch);
	snprintf(path, sizeof(path), "%s/" FOUND_FILE, scratch.path);
	assert_int_equal(found_open(path, DAY_READ, &reader, &text), ERR_NOTFOUND);
	assert_int_equal(found_open(path, DAY_WRITE, &found, &text), ERR_OK);
	assert_int_equal(found_begin(found, &text), ERR_OK);
	assert_true(put(found, "bots", "evil.example", "192.0.2.1", 100000, 500000));
	assert_false(
		put(found, "bots", "evil.example", "192.0.2.1", 100001, 500001)); /* that day */
	assert_true(put(found, "bots", "evil.example", "192.0.2.1", 200000, 500001));
	assert_true(put(found, "bots", "evil.example", "192.0.2.2", 100000, 600000));
	assert_true(put(found, "spam", "evil.example", "192.0.2.1", 100000, 600000));
	assert_int_equal(found_end(found, &text), ERR_OK);
	assert_int_equal(found_open(path, DAY_READ, &reader, &text), ERR_OK);
	assert_string_equal(all(reader, "spam", 0, &got), "spam evil.example 192.0.2.1 100000 1;");
	assert_string_equal(all(reader, NULL, 150000, &got),
			    "bots evil.example 192.0.2.1 200000 1;");
	assert_string_equal(all(reader, "bots", 0, &got), "bots evil.example 192.0.2.1 200000 1;"
							  "bots evil.example 192.0.2.1 100000 1;"
							  "bots evil.example 192.0.2.2 100000 1;");
	assert_int_equal(found_prune(found, 500001, &text), ERR_OK);
	assert_string_equal(all(reader, "bots", 0, &got), "bots evil.example 192.0.2.1 200000 1;"
							  "bots evil.example 192.0.2.2 100000 1;");
	found_close(reader);
	assert_int_equal(found_erase(found, "192.0.2.1", &rows, &text), ERR_OK);
	assert_int_equal(rows, 2);
	assert_string_equal(all(found, NULL, 0, &got), "bots evil.example 192.0.2.2 100000 1;");
	found_close(found);
	found_close(NULL);
	assert_int_equal(file_replace(path, "no database, whatever its name", 30), ERR_OK);
	assert_int_equal(found_open(path, DAY_READ, &found, &text), ERR_SYNTAX);
	scratch_remove(&scratch);
}

/* ---- beside a writer */

struct writing {
	const char *path;
	atomic_bool ended;
};

/* Begins and ends a store again and again, as each search does. */
static void *write_rounds(void *arg)
{
	enum { ROUNDS = 300 };
	struct writing *w = arg;
	struct err_text text;
	struct found *found;
	char name[32];

	for (unsigned int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		assert_int_equal(found_open(w->path, DAY_WRITE, &found, &text), ERR_OK);
		assert_int_equal(found_begin(found, &text), ERR_OK);
		assert_true(put(found, "bots", name, "192.0.2.1", 100000, 500000));
		assert_int_equal(found_end(found, &text), ERR_OK);
		found_close(found);
	}
	atomic_store(&w->ended, true);
	return NULL;
}

static bool on_counted(void *arg, const struct found_row *row)
{
	unsigned int *count = arg;

	(void)row;
	(*count)++;
	return true;
}

static unsigned int count_rows(const char *path)
{
	struct found *found;
	struct err_text text;
	unsigned int count = 0;
	enum err err = found_open(path, DAY_READ, &found, &text);

	if (err == ERR_NOTFOUND)
		return 0;
	assert_int_equal(err, ERR_OK);
	assert_int_equal(found_each(found, "bots", 0, on_counted, &count, &text), ERR_OK);
	found_close(found);
	return count;
}

/* Whoever reads sees all that was written before, at whatever moment: no reading is of a file that
 * is just written. */
static void test_read_beside_a_writer(void **state)
{
	struct scratch scratch;
	struct writing w;
	char path[512];
	unsigned int before = 0;
	pthread_t writer;

	(void)state;
	scratch_make(&scratch);
	snprintf(path, sizeof(path), "%s/" FOUND_FILE, scratch.path);
	w.path = path;
	atomic_init(&w.ended, false);
	assert_int_equal(pthread_create(&writer, NULL, write_rounds, &w), 0);
	while (!atomic_load(&w.ended)) {
		unsigned int rows = count_rows(path);

		assert_true(rows >= before);
		before = rows;
	}
	pthread_join(writer, NULL);
	assert_int_equal(count_rows(path), 300);
	scratch_remove(&scratch);
}

static void test_reading_leaves_nothing(void **state)
{
	struct scratch scratch;
	struct err_text text;
	struct found *found;
	char path[512];
	char log[520];

	(void)state;
	scratch_make(&scratch);
	snprintf(path, sizeof(path), "%s/" FOUND_FILE, scratch.path);
	snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(found_open(path, DAY_WRITE, &found, &text), ERR_OK);
	found_close(found);
	assert_int_equal(count_rows(path), 0);
	assert_int_not_equal(access(log, F_OK), 0);
	/* nor is anything needed where nothing may be written */
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(chmod(scratch.path, 0500), 0);
	assert_int_equal(count_rows(path), 0);
	assert_int_not_equal(access(log, F_OK), 0);
	assert_int_equal(chmod(scratch.path, 0700), 0);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_read_beside_a_writer),
		cmocka_unit_test(test_reading_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
