/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trial/trial.h"
#include "support/scratch.h"

static struct conf *configured(const struct scratch *s, const char *state)
{
	char yaml[1024];
	struct conf *conf = NULL;
	struct err_text text = {""};

	snprintf(yaml, sizeof(yaml),
		 "server: {user: root}\nupstreams: [{address: 192.0.2.53}]\n"
		 "guard: {public-suffixes: false}\nstate: {directory: \"%s\"}\n"
		 "lists: [{name: a, file: %s, action: nxdomain}]\n",
		 state, scratch_write(s, "names", "listed.example\n"));
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return conf;
}

static void test_accept(void **state)
{
	struct scratch *s = *state;

	scratch_take_stderr(s);
	assert_int_equal(trial_accept(configured(s, ""), "f", "a"), EXIT_FAILURE);
	assert_int_equal(trial_accept(configured(s, s->path), "f", "b"), EXIT_FAILURE);
	assert_int_equal(trial_accept(configured(s, s->path), "f", "a"), EXIT_SUCCESS);
	scratch_give_stderr(s);
	assert_true(scratch_logged(s, "no state.directory is configured to keep it in"));
	assert_true(scratch_logged(s, "no list b is configured or was in force"));
}

static void test_explain(void **state)
{
	static const struct explain_text asked = {"listed.example", NULL, NULL};
	static const struct explain_text wrong = {"a..b", NULL, NULL};
	struct scratch *s = *state;

	scratch_take_stderr(s);
	assert_int_equal(trial_explain(configured(s, ""), "f", &asked), EXIT_SUCCESS);
	assert_int_equal(trial_explain(configured(s, ""), "f", &wrong), EXIT_FAILURE);
	scratch_give_stderr(s);
	assert_true(scratch_logged(s, "a..b"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_accept),
		TEST(test_explain),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
