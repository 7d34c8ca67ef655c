/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/successor.h"
#include "support/scratch.h"
#include "system/succession.h"

/* The two ends; what the process before says is said ahead, and waits in the channel. */
struct pair {
	struct successor successor;
	int before;
};

static struct pair paired(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	return (struct pair){.successor = {.channel = ends[0]}, .before = ends[1]};
}

static void expect_word(int channel, enum succession_word word)
{
	enum succession_word heard = SUCCESSION_END;

	assert_int_equal(succession_hear(channel, 0, &heard, NULL), ERR_OK);
	assert_int_equal(heard, word);
}

/* In a process that succeeds nobody all of it does nothing. */
static void test_nobody(void **state)
{
	struct inherited inherited = {0};
	struct hash_key secret = {.k0 = 3, .k1 = 4};
	struct successor s = {.channel = 7};
	struct err_text text;

	unsetenv(SUCCESSION_VARIABLE);
	assert_int_equal(successor_begin(&s, &inherited, &secret, &text), ERR_OK);
	assert_false(successor_is_one(&s));
	assert_int_equal(inherited.count, 0);
	assert_int_equal(secret.k0, 3);
	assert_null(successor_manual(&s));
	assert_int_equal(successor_take_cache(&s, NULL, NULL, &secret), ERR_OK);
	successor_serves(&s);
	successor_answers(&s);
	assert_false(successor_is_one(&s));
}

/* Both say their words in their order, and then it is the one that serves. */
static void test_words(void **state)
{
	struct pair p = paired();

	assert_true(successor_is_one(&p.successor));
	assert_int_equal(succession_say(p.before, SUCCESSION_GO, -1), ERR_OK);
	assert_int_equal(successor_take_cache(&p.successor, NULL, NULL, NULL), ERR_OK);
	expect_word(p.before, SUCCESSION_LOADED);
	assert_int_equal(succession_say(p.before, SUCCESSION_MAIN, -1), ERR_OK);
	successor_serves(&p.successor);
	expect_word(p.before, SUCCESSION_SERVING);
	assert_true(successor_is_one(&p.successor));
	successor_answers(&p.successor);
	expect_word(p.before, SUCCESSION_END);
	assert_false(successor_is_one(&p.successor));
	close(p.before);
}

/* The process before has ended meanwhile: somebody has to serve. */
static void test_gone(void **state)
{
	struct scratch *s = *state;
	struct pair p = paired();

	close(p.before);
	scratch_take_stderr(s);
	assert_int_equal(successor_take_cache(&p.successor, NULL, NULL, NULL), ERR_OK);
	assert_true(scratch_logged(s, "the process before is gone: going on without its cache"));
	successor_serves(&p.successor);
	successor_answers(&p.successor);
	scratch_give_stderr(s);
	assert_false(successor_is_one(&p.successor));
}

/* One that says something else is none of ours. */
static void test_other_word(void **state)
{
	struct pair p = paired();

	assert_int_equal(succession_say(p.before, SUCCESSION_MAIN, -1), ERR_OK);
	assert_int_equal(successor_take_cache(&p.successor, NULL, NULL, NULL), ERR_SYS);
	close(p.before);
	close(p.successor.channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_words),
		cmocka_unit_test_setup_teardown(test_gone, scratch_set_up, scratch_tear_down),
		cmocka_unit_test(test_other_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
