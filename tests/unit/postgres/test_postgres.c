/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	assert_string_equal(dbserver_ask(kit->url, "SELECT count(*) FROM sinkholed.version"), "1");
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
	};
	int failed = cmocka_run_group_tests_name("alone", alone, NULL, NULL);

	if (!dbserver_start())
		return failed;
	failed += cmocka_run_group_tests_name("database", tests, NULL, NULL);
	dbserver_stop();
	return failed;
}
