/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keep/accept.h"
#include "support/scratch.h"

static enum err write_one(const struct scratch *s, const char *file, const char *conf)
{
	struct err_text text;

	return accept_write(s->path, "orders", file, conf, &text);
}

/* What was accepted is this list, of this file, under this configuration, and nothing else. */
static void test_precisely_this(void **state)
{
	struct scratch *s = *state;

	assert_false(accept_exists(s->path, "orders"));
	assert_false(accept_matches(s->path, "orders", "aa", "bb"));
	assert_int_equal(write_one(s, "aa", "bb"), ERR_OK);
	assert_true(accept_exists(s->path, "orders"));
	assert_true(accept_matches(s->path, "orders", "aa", "bb"));
	assert_false(accept_matches(s->path, "orders", "ab", "bb"));
	assert_false(accept_matches(s->path, "orders", "aa", "ba"));
	assert_false(accept_matches(s->path, "orders", ACCEPT_NO_FILE, "bb"));
	assert_false(accept_exists(s->path, "other"));
	assert_false(accept_matches(s->path, "other", "aa", "bb"));
}

/* A later word takes the place of an earlier one. */
static void test_last_word(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(write_one(s, "aa", "bb"), ERR_OK);
	assert_int_equal(write_one(s, "cc", "bb"), ERR_OK);
	assert_false(accept_matches(s->path, "orders", "aa", "bb"));
	assert_true(accept_matches(s->path, "orders", "cc", "bb"));
}

static void test_removed(void **state)
{
	struct scratch *s = *state;
	struct err_text text;

	assert_int_equal(write_one(s, "aa", "bb"), ERR_OK);
	assert_int_equal(accept_remove(s->path, "orders", &text), ERR_OK);
	assert_false(accept_exists(s->path, "orders"));
	assert_false(accept_matches(s->path, "orders", "aa", "bb"));
	assert_int_equal(scratch_count(s->path), 0);
}

/* A file that another hand has written, cut short or added to, accepts nothing. */
static void test_other_text(void **state)
{
	static const char *const texts[] = {"", "x", "sinkholed accepts, once\n"};
	struct scratch *s = *state;
	char whole[1024];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scratch_write(s, "orders.accept", texts[i]);
		assert_false(accept_matches(s->path, "orders", "aa", "bb"));
	}
	assert_int_equal(write_one(s, "aa", "bb"), ERR_OK);
	assert_true(scratch_read(scratch_path(s, "orders.accept"), whole, sizeof(whole) - 1) > 0);
	strcat(whole, "\n");
	scratch_write(s, "orders.accept", whole);
	assert_false(accept_matches(s->path, "orders", "aa", "bb"));
}

static void test_fails(void **state)
{
	struct err_text text;

	(void)state;
	assert_int_equal(accept_write("/nonexistent", "orders", "aa", "bb", &text), ERR_SYS);
	assert_non_null(strstr(text.text, "/nonexistent/orders.accept: "));
	assert_false(accept_exists("/nonexistent", "orders"));
}

/* Each value of the configuration has a part in its digest. */
static void test_digest_of_the_configuration(void **state)
{
	static const char *const texts[] = {"", "cache: {max-ttl: 1h}", "cache: {max-ttl: 2h}",
					    "server: {workers: 2}"};
	char digests[4][DIGEST_TEXT_MAX];
	char again[DIGEST_TEXT_MAX];
	struct conf *conf;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(conf_parse("t", texts[i], strlen(texts[i]), &conf, NULL), ERR_OK);
		assert_int_equal(accept_digest(conf, digests[i]), ERR_OK);
		assert_int_equal(accept_digest(conf, again), ERR_OK);
		assert_string_equal(again, digests[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(digests[i], digests[j]);
		conf_free(conf);
	}
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(test_precisely_this), IN_SCRATCH(test_last_word),
		IN_SCRATCH(test_removed),	 IN_SCRATCH(test_other_text),
		cmocka_unit_test(test_fails),	 cmocka_unit_test(test_digest_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
