/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
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

#include "base/clock.h"
#include "evidence/ledger.h"
#include "evidence/writer.h"
#include "support/await.h"
#include "support/bybuild.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	char directory[96];
	char path[128];
	struct conf *conf;
	struct ledger *ledger;
	struct policy policy;
	struct err_text text;
};

#define FLOOD_KEYS 20000 /* more than a table has */
#define FLOOD (BY_BUILD(4, 4, 2) * FLOOD_KEYS)
#define TOO_MANY BY_BUILD(20000U, 20000U, 10000U) /* for a store of 1 MiB */
#define MANY_LISTS 1000
/* those of which some have no room where findings wait */
#define OVERFLOWS BY_BUILD(true, false, false)
#define FLOOD_WAITING BY_BUILD(PENDING_MAX + 20000U, 2000U, 2000U)

/* A ledger by this configuration, whose state directory is `state` of the scratch. */
static void begin(struct kit *kit, const char *evidence)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml),
		 "lists: [{name: bots, file: x, action: nxdomain, family: waledac}]\n"
		 "state: {directory: %s}\nevidence: {%s}\n",
		 kit->directory, evidence);
	assert_int_equal(conf_parse("c", yaml, strlen(yaml), &kit->conf, &kit->text), ERR_OK);
	assert_true(ledger_is_wanted(kit->conf));
	assert_int_equal(ledger_create(kit->conf, 2, &kit->ledger, &kit->text), ERR_OK);
	assert_int_equal(ledger_start(kit->ledger), ERR_OK);
}

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	scratch_take_stderr(&kit->scratch);
	snprintf(kit->directory, sizeof(kit->directory), "%s/state", kit->scratch.path);
	snprintf(kit->path, sizeof(kit->path), "%s/" LEDGER_FILE, kit->directory);
	kit->policy.list_count = 1;
	strcpy(kit->policy.lists[0].name, "bots");
	*state = kit;
	return mkdir(kit->directory, 0700);
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	ledger_free(kit->ledger);
	conf_free(kit->conf);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static bool add_hit(struct kit *kit, size_t worker, const struct ip *client,
		    const struct name *name, uint16_t list)
{
	static const struct hash_key key = {1, 2};

	return findings_add(ledger_findings(kit->ledger)[worker], &kit->policy, 1,
			    &(struct findings_hit){
				    .client = client,
				    .name = name,
				    .name_hash = name_hash(&key, name),
				    .list = list,
			    },
			    &(struct findings_query){
				    .now_ms = clock_ms(),
				    .now_s = (uint32_t)clock_unix_s(),
				    .qtype = 1,
			    });
}

static bool add(struct kit *kit, size_t worker, const char *client, const char *text, uint16_t list)
{
	struct name name;
	struct ip ip;

	assert_int_equal(ip_parse(client, &ip), ERR_OK);
	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return add_hit(kit, worker, &ip, &name, list);
}

/* One of a flood: c2.example, asked for by client 10.0.0.0 and so many on. */
static bool add_of_many(struct kit *kit, size_t worker, uint32_t number)
{
	static const struct name name = {.len = 12, .wire = "\2c2\7example"};
	const struct ip client = {
		.family = AF_INET,
		.bytes = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number},
	};

	return add_hit(kit, worker, &client, &name, 0);
}

/* A number from the store; -1: it gives none. */
static int64_t ask(const struct kit *kit, const char *sql)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;
	int64_t number = -1;

	if (sqlite3_open_v2(kit->path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		number = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return number;
}

static void test_workers_are_merged(void **state)
{
	struct kit *kit = *state;

	begin(kit, "");
	for (size_t i = 0; i < 10; i++)
		assert_true(add(kit, i % 2, "192.0.2.1", "c2.example", 0));
	add(kit, 0, "192.0.2.1", "c3.example", FINDINGS_UPSTREAM);
	AWAIT(ask(kit, "SELECT sum(count) FROM finding") == 11, await_nap());
	assert_int_equal(ask(kit, "SELECT count(*) FROM finding"), 2);
	assert_int_equal(ask(kit, "SELECT count(*) FROM list WHERE name = ':blocked-upstream'"), 1);
	assert_int_equal(ask(kit, "SELECT count(*) FROM list WHERE family = 'waledac'"), 1);
	assert_in_range(ask(kit, "SELECT max(merged) FROM finding"), 1, 9);
}

/* The worker does not wait, and fills tables while batches are written. */
static void test_of_a_flood_nothing_is_lost_unseen(void **state)
{
	struct kit *kit = *state;
	int64_t lost = 0;

	begin(kit, "");
	for (unsigned int i = 0; i < FLOOD; i++)
		lost += !add_of_many(kit, 0, i % FLOOD_KEYS);
	ledger_stop(kit->ledger);
	assert_int_equal(ask(kit, "SELECT sum(count) FROM finding"), FLOOD - lost);
	assert_int_equal(ask(kit, "SELECT sum(count) FROM total"), FLOOD - lost);
	assert_int_equal(ledger_stats(kit->ledger)->ledger_lost, 0);
}

/* More than those that wait may be of at a time. */
static void test_lists_by_the_hundred(void **state)
{
	struct kit *kit = *state;

	begin(kit, "");
	kit->policy.list_count = MANY_LISTS;
	for (uint16_t i = 0; i < MANY_LISTS; i++)
		snprintf(kit->policy.lists[i].name, sizeof(kit->policy.lists[i].name), "l%u", i);
	for (uint16_t i = 0; i < MANY_LISTS; i++)
		assert_true(add(kit, 0, "192.0.2.1", "c2.example", i));
	ledger_stop(kit->ledger);
	assert_int_equal(ask(kit, "SELECT count(DISTINCT list) FROM finding"), MANY_LISTS);
	assert_int_equal(ledger_stats(kit->ledger)->ledger_lost, 0);
}

static void test_the_end_writes_what_is_there(void **state)
{
	struct kit *kit = *state;

	begin(kit, "clients: prefix, prefix-ipv4: 16");
	add(kit, 1, "192.0.2.1", "c2.example", 0);
	ledger_stop(kit->ledger);
	assert_int_equal(ask(kit, "SELECT count(*) FROM client WHERE address = '192.0.0.0/16'"), 1);
}

static void test_what_cannot_be_written_is_kept(void **state)
{
	struct kit *kit = *state;
	const struct stats *stats;

	assert_int_equal(rmdir(kit->directory), 0);
	begin(kit, "");
	stats = ledger_stats(kit->ledger);
	for (size_t i = 0; i < 5; i++)
		add(kit, 0, "192.0.2.1", "c2.example", 0);
	AWAIT(stats->ledger_failures > 0, await_nap());
	assert_int_equal(mkdir(kit->directory, 0700), 0);
	AWAIT(ask(kit, "SELECT sum(count) FROM finding") == 5, await_nap());
	assert_int_equal(stats->ledger_lost, 0);
	AWAIT(scratch_logged(&kit->scratch, "is written again"), await_nap());
}

/* What the log tells of at the end is what is counted. */
static void test_what_was_never_written_is_lost(void **state)
{
	struct kit *kit = *state;
	const struct stats *stats;

	assert_int_equal(rmdir(kit->directory), 0);
	begin(kit, "");
	stats = ledger_stats(kit->ledger);
	for (size_t i = 0; i < 5; i++)
		add(kit, 0, "192.0.2.1", "c2.example", 0);
	add(kit, 0, "192.0.2.2", "c2.example", 0);
	ledger_stop(kit->ledger);
	assert_true(scratch_logged(&kit->scratch, "2 findings could not be written and are lost"));
	assert_int_equal(stats->ledger_lost, 6);
	assert_int_equal(stats->ledger_written, 0);
	assert_int_equal(mkdir(kit->directory, 0700), 0);
}

/* More than can wait, while there is no store for half of it: it is written or lost, not both. */
static void test_of_a_flood_without_a_store_each_is_told(void **state)
{
	struct kit *kit = *state;
	const struct stats *stats;
	int64_t added = 0;

	assert_int_equal(rmdir(kit->directory), 0);
	begin(kit, "");
	stats = ledger_stats(kit->ledger);
	for (unsigned int i = 0; i < FLOOD_WAITING + 30000; i++) {
		while (!add_of_many(kit, i % 2, i % (FLOOD_WAITING + 10000)))
			await_nap();
		added++;
		if (i == FLOOD_WAITING)
			AWAIT(stats->ledger_failures > 0 && (!OVERFLOWS || stats->ledger_lost > 0),
			      await_nap());
		if (i == FLOOD_WAITING + 10000)
			assert_int_equal(mkdir(kit->directory, 0700), 0);
	}
	ledger_stop(kit->ledger);
	assert_int_equal(stats->findings, added);
	assert_int_equal(ask(kit, "SELECT sum(count) FROM finding") + (int64_t)stats->ledger_lost,
			 added);
	assert_int_equal(
		ask(kit, "SELECT sum(count <= 0 OR proven < 0 OR merged < 0) FROM finding"), 0);
	assert_int_equal(
		ask(kit, "SELECT sum(count) - (SELECT sum(count) FROM total) FROM finding"), 0);
}

static void test_a_file_that_was_removed_is_made_anew(void **state)
{
	struct kit *kit = *state;

	begin(kit, "");
	add(kit, 0, "192.0.2.1", "c2.example", 0);
	AWAIT(ask(kit, "SELECT count(*) FROM finding") == 1, await_nap());
	assert_int_equal(remove(kit->path), 0);
	add(kit, 0, "192.0.2.2", "c2.example", 0);
	AWAIT(ask(kit, "SELECT count(*) FROM finding") == 1, await_nap());
}

static void test_what_is_too_old_goes(void **state)
{
	struct kit *kit = *state;

	begin(kit, "retention: 1s");
	add(kit, 0, "192.0.2.1", "c2.example", 0);
	AWAIT(ask(kit, "SELECT count(*) FROM finding") == 1, await_nap());
	ledger_free(kit->ledger);
	kit->ledger = NULL;
	conf_free(kit->conf);
	AWAIT(ask(kit, "SELECT max(last_s) FROM finding") + 2 < (int64_t)clock_unix_s(),
	      await_nap());
	begin(kit, "retention: 1s");
	AWAIT(ask(kit, "SELECT count(*) FROM finding") == 0, await_nap());
	AWAIT(ledger_stats(kit->ledger)->ledger_removed == 1, await_nap());
}

/* A clock that is set on by years, and back: nothing is held to be that old. */
static void test_a_clock_that_is_set_on_ends_nothing(void **state)
{
	const uint64_t hour_ms = 3600000;
	struct ledger l = {.next_age_ms = 0};

	(void)state;
	ledger_watch_clock(&l, 1800000000, 1000);
	ledger_watch_clock(&l, 1800000000 + 7200, 1000 + 2 * hour_ms); /* it runs */
	ledger_watch_clock(&l, 1800000000 + 7260, 1000 + 2 * hour_ms); /* a bit is set right */
	assert_int_equal(l.next_age_ms, 0);
	ledger_watch_clock(&l, 1800000000 - 86400, 1000 + 2 * hour_ms); /* set back */
	assert_int_equal(l.next_age_ms, 0);
	ledger_watch_clock(&l, 2100000000, 1000 + 3 * hour_ms);
	assert_int_equal(l.next_age_ms, 1000 + 3 * hour_ms + 24 * hour_ms);
	ledger_watch_clock(&l, 2100000000 + 3600, 1000 + 4 * hour_ms);
	assert_int_equal(l.next_age_ms, 1000 + 3 * hour_ms + 24 * hour_ms);
}

/* A start with a clock that is ahead, by what the store's file says. */
static void test_a_start_with_a_wrong_clock_ends_nothing(void **state)
{
	struct kit *kit = *state;
	const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	begin(kit, "retention: 1s");
	add(kit, 0, "192.0.2.1", "c2.example", 0);
	AWAIT(ask(kit, "SELECT count(*) FROM finding") == 1, await_nap());
	ledger_free(kit->ledger);
	kit->ledger = NULL;
	conf_free(kit->conf);
	AWAIT(ask(kit, "SELECT max(last_s) FROM finding") + 2 < (int64_t)clock_unix_s(),
	      await_nap());
	assert_int_equal(utimensat(AT_FDCWD, kit->path, long_ago, 0), 0);
	begin(kit, "retention: 1s");
	add(kit, 0, "192.0.2.2", "c2.example", 0);
	AWAIT(ask(kit, "SELECT count(*) FROM finding") == 2, await_nap());
	assert_int_equal(ledger_stats(kit->ledger)->ledger_removed, 0);
}

static void test_the_size_has_a_bound(void **state)
{
	struct kit *kit = *state;
	const struct stats *stats;
	uint64_t added = 0;

	begin(kit, "size: 1MiB");
	stats = ledger_stats(kit->ledger);
	for (unsigned int i = 0; i < TOO_MANY; i++) {
		char client[32];

		snprintf(client, sizeof(client), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		added += add(kit, 0, client, "some-long-name-of-a-command-server.example", 0);
	}
	AWAIT(stats->ledger_written + stats->ledger_lost >= added, await_nap());
	AWAIT(stats->ledger_removed > 0, await_nap());
	AWAIT(ask(kit, "SELECT (SELECT count(*) FROM finding) * 80") < 1024 * 1024, await_nap());
}

static void test_without_its_key_nothing_is_written(void **state)
{
	struct kit *kit = *state;
	char yaml[256];

	snprintf(yaml, sizeof(yaml),
		 "state: {directory: %s}\nevidence: {clients: encrypted, key-file: /nonexistent}\n",
		 kit->directory);
	assert_int_equal(conf_parse("c", yaml, strlen(yaml), &kit->conf, &kit->text), ERR_OK);
	assert_int_equal(ledger_create(kit->conf, 1, &kit->ledger, &kit->text), ERR_SYS);
	assert_string_equal(kit->text.text, "/nonexistent: No such file or directory");
}

static void test_wanted_only_where_there_is_a_place(void **state)
{
	static const char *const without[] = {
		"server: {workers: 1}", "state: {directory: /tmp}\nevidence: {ledger: false}"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct conf *conf;

		assert_int_equal(conf_parse("c", without[i], strlen(without[i]), &conf, NULL),
				 ERR_OK);
		assert_false(ledger_is_wanted(conf));
		conf_free(conf);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_workers_are_merged),
		TEST(test_of_a_flood_nothing_is_lost_unseen),
		TEST(test_lists_by_the_hundred),
		TEST(test_the_end_writes_what_is_there),
		TEST(test_what_cannot_be_written_is_kept),
		TEST(test_what_was_never_written_is_lost),
		TEST(test_of_a_flood_without_a_store_each_is_told),
		TEST(test_a_file_that_was_removed_is_made_anew),
		TEST(test_what_is_too_old_goes),
		TEST(test_a_clock_that_is_set_on_ends_nothing),
		TEST(test_a_start_with_a_wrong_clock_ends_nothing),
		TEST(test_the_size_has_a_bound),
		TEST(test_without_its_key_nothing_is_written),
		cmocka_unit_test(test_wanted_only_where_there_is_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
