/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <time.h>

#include "postgres/postgres.h"
#include "postgres/prune.h"
#include "support/dbserver.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	char url[256];
	char spool[256];
	struct archive_place place;
	struct err_text text;
	void *store;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	scratch_take_stderr(&kit->scratch);
	snprintf(kit->spool, sizeof(kit->spool), "%s", scratch_path(&kit->scratch, "spool"));
	kit->place = (struct archive_place){.store = dbserver_fresh(kit->url, sizeof(kit->url)),
					    .password_file = "",
					    .resolver = "one",
					    .spool = kit->spool,
					    .spool_bytes = 1U << 20};
	*state = kit;
	return postgres_open(&kit->place, ARCHIVE_WRITE, &kit->store, &kit->text) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	postgres_ops.close(kit->store);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static void commit(struct kit *kit, const char *name, int form)
{
	const struct archive_finding f = {.client = "192.0.2.1",
					  .form = form,
					  .list = "a",
					  .name = name,
					  .first_s = 1,
					  .last_s = 2,
					  .count = 3};

	assert_int_equal(postgres_ops.begin(kit->store, &kit->text), ERR_OK);
	assert_int_equal(postgres_ops.put(kit->store, &f, &kit->text), ERR_OK);
	assert_int_equal(postgres_ops.commit(kit->store, &kit->text), ERR_OK);
}

/* What the database will never take holds up nothing behind it, and is counted. */
static void test_a_batch_that_is_refused_for_good(void **state)
{
	struct kit *kit = *state;
	struct archive_state how;

	commit(kit, "a.example", 0);
	commit(kit, "b.example", 70000); /* its column has 16 bits */
	commit(kit, "c.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	assert_string_equal(dbserver_ask(kit->url, "SELECT string_agg(name, ' ' ORDER BY name)"
						   " FROM sinkholed.finding"),
			    "a.example c.example");
	postgres_ops.state(kit->store, &how);
	assert_int_equal(how.refused, 3);
	assert_int_equal(how.sent, 2);
	assert_int_equal(how.waiting, 0);
}

/* ---- what takes too long */

/* What comes to the table is ended as for its time: `many` findings at once, and b.example. */
static void slow_down(struct kit *kit, const char *many)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		 "CREATE FUNCTION sinkholed.slow() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
		 " IF (SELECT count(*) >= %s OR bool_or(name = 'b.example') FROM fresh) THEN"
		 " RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE ="
		 " '57014'; END IF; RETURN NULL; END $f$; CREATE TRIGGER slow AFTER INSERT ON"
		 " sinkholed.finding REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE"
		 " FUNCTION sinkholed.slow()",
		 many);
	assert_string_equal(dbserver_ask(kit->url, sql), "");
}

static struct archive_state state_of(struct kit *kit)
{
	struct archive_state how;

	postgres_ops.state(kit->store, &how);
	return how;
}

static const char *names_in(struct kit *kit)
{
	return dbserver_ask(kit->url, "SELECT string_agg(name, ' ' ORDER BY name)"
				      " FROM sinkholed.finding");
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* Of several batches that take too long together each is brought by itself. */
static void test_a_load_that_takes_too_long(void **state)
{
	static const char *const names[] = {"c.example", "d.example", "e.example", "f.example"};
	struct kit *kit = *state;

	commit(kit, "a.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	slow_down(kit, "1");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		commit(kit, names[i], 0);
	while (state_of(kit).failures == 0)
		rest();
	assert_string_equal(names_in(kit), "a.example");
	assert_string_equal(dbserver_ask(kit->url, "DROP FUNCTION sinkholed.slow() CASCADE"), "");
	slow_down(kit, "2");
	assert_true(postgres_ops.settle(kit->store, 30000));
	assert_string_equal(names_in(kit), "a.example c.example d.example e.example f.example");
	assert_int_equal(state_of(kit).refused, 0);
}

/* One that takes too long by itself holds up what waits behind it for a few tries, and is told. */
static void test_a_batch_that_always_takes_too_long(void **state)
{
	struct kit *kit = *state;

	commit(kit, "a.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	slow_down(kit, "1000");
	commit(kit, "b.example", 0);
	commit(kit, "c.example", 0);
	assert_true(postgres_ops.settle(kit->store, 60000));
	assert_string_equal(names_in(kit), "a.example c.example");
	assert_int_equal(state_of(kit).refused, 3);
	assert_int_equal(state_of(kit).sent, 2);
	assert_true(scratch_logged(&kit->scratch,
				   "refuses a batch of 1 findings for good: canceling statement"));
}

/* ---- lists */

static void commit_lists(struct kit *kit, unsigned int from, unsigned int count, const char *family)
{
	char name[16];
	const struct archive_list list = {.name = name,
					  .family = family,
					  .reason = "order",
					  .action = "nxdomain",
					  .court = "",
					  .case_id = "",
					  .date = "",
					  .contact = "",
					  .url = "",
					  .remedy = ""};

	assert_int_equal(postgres_ops.begin(kit->store, &kit->text), ERR_OK);
	for (unsigned int i = from; i < from + count; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		assert_int_equal(postgres_ops.put_list(kit->store, &list, &kit->text), ERR_OK);
	}
	assert_int_equal(postgres_ops.commit(kit->store, &kit->text), ERR_OK);
}

/* A load has all the lists there are, and more: those of several batches. */
static void test_more_lists_than_a_thousand(void **state)
{
	struct kit *kit = *state;

	commit_lists(kit, 0, 1500, "first");
	commit_lists(kit, 1000, 1500, "second");
	assert_true(postgres_ops.settle(kit->store, 60000));
	assert_string_equal(dbserver_ask(kit->url,
					 "SELECT count(*) || ' ' || sum((family = 'second')::int)"
					 " FROM sinkholed.list"),
			    "2500 1500");
}

/* ---- a hold that is being made */

static void tell(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);

	assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
}

static bool is_waited(struct kit *kit)
{
	return strcmp(dbserver_ask(kit->url, "SELECT count(*) FROM pg_stat_activity WHERE datname ="
					     " current_database() AND wait_event_type = 'Lock'"),
		      "0") != 0;
}

static void begin_to_hold(PGconn *conn)
{
	tell(conn, "BEGIN; LOCK TABLE sinkholed.hold IN ROW EXCLUSIVE MODE");
	tell(conn, "INSERT INTO sinkholed.hold(subject, network, who, why) VALUES('192.0.2.1',"
		   " '192.0.2.1', 'me', 'because')");
}

/* A removal waits for whoever is holding, and then knows of the hold, whatever level of isolation
 * the database has by default. */
static void test_a_removal_waits_for_a_hold(void **state)
{
	static const char level[] = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET"
				    " default_transaction_isolation = \"repeatable read\"',"
				    " current_database()); END $$";
	const struct archive_limits limits = {.before_s = 86400U * 300};
	struct kit *kit = *state;
	uint64_t removed = 0;
	int64_t cursor = 0;
	PGconn *conn;

	postgres_ops.close(kit->store);
	assert_string_equal(dbserver_ask(kit->url, level), "");
	assert_int_equal(postgres_open(&kit->place, ARCHIVE_WRITE, &kit->store, &kit->text),
			 ERR_OK);
	commit(kit, "a.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	conn = PQconnectdb(kit->url);
	begin_to_hold(conn);
	while (!is_waited(kit)) {
		assert_int_equal(
			postgres_ops.prune(kit->store, &limits, 1, &cursor, &removed, &kit->text),
			ERR_OK);
		rest();
	}
	tell(conn, "COMMIT");
	PQfinish(conn);
	while (is_waited(kit))
		rest();
	commit(kit, "c.example", 0); /* brought behind the removal */
	assert_true(postgres_ops.settle(kit->store, 30000));
	assert_string_equal(names_in(kit), "a.example c.example");
}

/* Two that begin at one time make one schema, whatever the schema that another owner is at. */
static void test_two_begin_together(void **state)
{
	struct kit *kit = *state;
	struct archive_place other = kit->place;
	struct archive_state how;
	void *second;

	other.resolver = "two";
	assert_int_equal(postgres_open(&other, ARCHIVE_WRITE, &second, &kit->text), ERR_OK);
	commit(kit, "a.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	postgres_ops.close(second);
	postgres_ops.state(kit->store, &how);
	assert_true(how.connected);
	assert_string_equal(
		dbserver_ask(kit->url, "SELECT max(version) = count(*) FROM sinkholed.version"),
		"t");
}

/* A database of before rows had families and tickets gets their columns, and keeps what it has. */
static void test_an_earlier_version(void **state)
{
	static const char back[] = "ALTER TABLE sinkholed.finding DROP COLUMN rule_family,"
				   " DROP COLUMN rule_ticket; DELETE FROM sinkholed.version"
				   " WHERE version = 2";
	struct kit *kit = *state;
	struct err_text text = {""};
	void *reader;

	commit(kit, "a.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	postgres_ops.close(kit->store);
	kit->store = NULL;
	assert_string_equal(dbserver_ask(kit->url, back), "");
	assert_int_equal(postgres_open(&kit->place, ARCHIVE_READ, &reader, &text), ERR_REFUSED);
	assert_non_null(strstr(text.text, "earlier version"));
	assert_int_equal(postgres_open(&kit->place, ARCHIVE_WRITE, &kit->store, &kit->text),
			 ERR_OK);
	commit(kit, "c.example", 0);
	assert_true(postgres_ops.settle(kit->store, 30000));
	assert_string_equal(names_in(kit), "a.example c.example");
	assert_string_equal(dbserver_ask(kit->url, "SELECT max(version) FROM sinkholed.version"),
			    "2");
}

/* Whose clock is wrong removes what is as old by the database's. */
static void test_a_wrong_clock(void **state)
{
	const struct archive_limits limits = {.before_s = 4000000, .unproven_before_s = 0};
	const struct archive_limits both = {.before_s = 1000, .unproven_before_s = 4000000000};

	(void)state;
	assert_int_equal(prune_judge(&limits, 5000000, 5000000 + 3599).before_s, 4000000);
	assert_int_equal(prune_judge(&limits, 5000000, 5000000 - 3599).before_s, 4000000);
	assert_int_equal(prune_judge(&limits, 5000000, 3000000).before_s, 2000000);
	assert_int_equal(prune_judge(&limits, 5000000, 7000000).before_s, 6000000);
	assert_int_equal(prune_judge(&limits, 5000000, 7000000).unproven_before_s, 0);
	assert_int_equal(prune_judge(&both, 5000000, 3000000).before_s, 0);
	assert_int_equal(prune_judge(&both, 0, 4000000000).unproven_before_s, UINT32_MAX);
}

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		enum err wanted;
	} cases[] = {
		{"postgresql://me@db/ledger?sslmode=verify-full", ERR_OK},
		{"postgresql:///?service=ledger", ERR_OK},
		{"postgresql://me:hush@db/ledger", ERR_REFUSED},
		{"postgresql://db/ledger?password=hush", ERR_REFUSED},
		{"postgresql://db/ledger?%70assword=hush", ERR_REFUSED},
		{"postgresql://db/ledger?sslpassword=hush", ERR_REFUSED},
		{"postgresql://db/ledger?hush=1", ERR_SYNTAX},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_text text = {""};

		assert_int_equal(postgres_check_url(cases[i].url, &text), cases[i].wanted);
		assert_null(strstr(text.text, "hush"));
	}
	assert_true(postgres_is_url("postgres://x"));
	assert_false(postgres_is_url("/var/lib/postgresql://x"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest alone[] = {cmocka_unit_test(test_urls),
					   cmocka_unit_test(test_a_wrong_clock)};
	const struct CMUnitTest tests[] = {
		TEST(test_a_batch_that_is_refused_for_good),
		TEST(test_two_begin_together),
		TEST(test_an_earlier_version),
		TEST(test_a_load_that_takes_too_long),
		TEST(test_a_batch_that_always_takes_too_long),
		TEST(test_more_lists_than_a_thousand),
		TEST(test_a_removal_waits_for_a_hold),
	};
	int failed = cmocka_run_group_tests_name("alone", alone, NULL, NULL);

	if (!dbserver_start())
		return failed;
	failed += cmocka_run_group_tests_name("database", tests, NULL, NULL);
	dbserver_stop();
	return failed;
}
