/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "order/minutes.h"
#include "support/rig.h"
#include "support/said.h"
#include "support/scratch.h"

#define LOG_MAX 32768

/* A configuration with a state directory and these lists, loaded. */
static struct snapshot *loaded(const struct scratch *s, const char *lists,
			       struct load_result *ret_result)
{
	struct snapshot *snapshot = NULL;
	struct conf *conf = NULL;
	struct err_text text = {""};
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "upstreams: [{address: 192.0.2.53}]\nguard: {public-suffixes: false}\n"
		 "state: {directory: %s}\nlists:\n%s",
		 s->path, lists);
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK ||
	    loader_load(conf, &rig_key, NULL, NULL, &snapshot, ret_result, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return snapshot;
}

static size_t told(const struct scratch *s, const char *what)
{
	static char log[LOG_MAX];
	size_t count = 0;

	assert_true(scratch_read(scratch_path(s, AUDIT_LOG), log, sizeof(log)) >= 0);
	for (const char *at = log; (at = strstr(at, what)); at++)
		count++;
	return count;
}

/* A list is told when it has changed, a load each time. */
static void test_loads(void **state)
{
	const struct scratch *s = *state;
	struct load_result result;
	struct snapshot *snapshot;
	struct minutes *minutes;
	char lists[512];

	snprintf(lists, sizeof(lists),
		 "  - {name: a, file: %s, action: nxdomain}\n  - {name: b, file: %s, action: "
		 "drop}\n",
		 scratch_write(s, "one", "a.example\n"), scratch_write(s, "two", "b.example\n"));
	snapshot = loaded(s, lists, &result);
	minutes = minutes_open(snapshot->conf);
	assert_non_null(minutes);
	minutes_life(minutes, "start");
	for (int i = 0; i < 3; i++)
		minutes_load(minutes, snapshot, &result);
	minutes_write(minutes);
	assert_int_equal(told(s, "\"event\":\"start\""), 1);
	assert_int_equal(told(s, "\"event\":\"list-loaded\",\"list\":\"a\""), 1);
	assert_int_equal(told(s, "\"event\":\"list-loaded\",\"list\":\"b\""), 1);
	assert_int_equal(told(s, "\"event\":\"load\""), 3);
	snapshot_free(snapshot);
	snprintf(lists, sizeof(lists), "  - {name: a, file: %s, action: nxdomain}\n",
		 scratch_write(s, "one", "a.example\nc.example\n"));
	snapshot = loaded(s, lists, &result);
	minutes_load(minutes, snapshot, &result);
	minutes_close(minutes);
	assert_int_equal(told(s, "\"event\":\"list-removed\",\"list\":\"b\""), 1);
	assert_int_equal(told(s, "\"event\":\"list-loaded\",\"list\":\"a\""), 2);
	snapshot_free(snapshot);
}

static void test_what_else_is_noted(void **state)
{
	const struct scratch *s = *state;
	struct manual_entry entry = said(MANUAL_BLOCK, "bad.example", 0);
	struct load_result result;
	struct snapshot *snapshot = loaded(s, "", &result);
	struct minutes *minutes = minutes_open(snapshot->conf);

	strcpy(entry.ticket, "T-\"1\"");
	minutes_failure(minutes, "no such file\n");
	minutes_command(minutes, "said", &entry);
	minutes_proof(minutes, "court", 273, 273);
	minutes_close(minutes);
	assert_int_equal(told(s, "\"event\":\"load-failed\",\"reason\":\"no such file\\n\""), 1);
	assert_int_equal(
		told(s, "\"about\":\"bad.example\",\"until\":\"\",\"ticket\":\"T-\\\"1\\\"\""), 1);
	assert_int_equal(told(s, "\"list\":\"court\",\"asked\":273,\"blocked\":273"), 1);
	snapshot_free(snapshot);
}

static void test_none(void **state)
{
	const struct manual_entry entry = said(MANUAL_BLOCK, "bad.example", 0);
	struct conf *conf;

	assert_int_equal(conf_default(&conf), ERR_OK);
	assert_null(minutes_open(conf)); /* there is no state directory */
	conf_free(conf);
	minutes_life(NULL, "start");
	minutes_load(NULL, NULL, NULL);
	minutes_failure(NULL, "");
	minutes_orders(NULL, NULL, NULL);
	minutes_command(NULL, "said", &entry);
	minutes_proof(NULL, "a", 1, 1);
	minutes_write(NULL);
	minutes_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loads),
		TEST(test_what_else_is_noted),
		TEST(test_none),
	};

	return cmocka_run_group_tests_name("minutes", tests, NULL, NULL);
}
