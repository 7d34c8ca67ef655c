/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/beside.h"
#include "support/scratch.h"

#define WORKERS 2U

static struct conf *configured(const char *state, const char *more)
{
	char yaml[1024];
	struct conf *conf = NULL;
	struct err_text text = {""};

	snprintf(yaml, sizeof(yaml),
		 "upstreams: [{address: 192.0.2.53}]\nstate: {directory: \"%s\"}\n%s", state, more);
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return conf;
}

/* Opens and begins what `conf` wants, and ends it again. */
static void run(const struct conf *conf, bool has_ledger)
{
	struct workers_config config = {.in_flight = 1};
	struct inherited inherited = {.count = 0};
	struct beside beside = {.ledger = NULL};

	assert_int_equal(beside_open(&beside, conf, &inherited), ERR_OK);
	beside_begin(&beside, conf, WORKERS, &config);
	assert_int_equal(beside.ledger != NULL, has_ledger);
	assert_int_equal(config.findings != NULL, has_ledger);
	assert_non_null(config.feeds);
	beside_configure(&beside, conf);
	beside_end_service(&beside);
	beside_stop(&beside);
	beside_free(&beside);
	beside_free(&beside); /* once more does nothing */
}

static void test_ledger_where_there_is_a_state_directory(void **state)
{
	const struct scratch *s = *state;
	struct conf *conf = configured(s->path, "");

	run(conf, true);
	assert_int_equal(access(scratch_path(s, "ledger.db"), F_OK), 0);
	conf_free(conf);
	conf = configured("", "");
	run(conf, false);
	conf_free(conf);
}

/* A ledger that cannot be written yet is told, tried again, and keeps nothing from serving. */
static void test_ledger_that_cannot_be(void **state)
{
	struct scratch *s = *state;
	struct conf *conf = configured("/nonexistent/state", "");

	scratch_take_stderr(s);
	run(conf, true);
	scratch_give_stderr(s);
	assert_true(scratch_logged(s, "/nonexistent/state/ledger.db: No such file or directory"));
	conf_free(conf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ledger_where_there_is_a_state_directory),
		TEST(test_ledger_that_cannot_be),
	};

	return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
