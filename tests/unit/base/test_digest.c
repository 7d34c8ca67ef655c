/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* FIPS 180-4's examples, as NIST has published them. */
static const struct {
	const char *text;
	const char *digest;
} vectors[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

/* Each vector in one piece, and octet by octet, by one digest that begins anew each time. */
static void test_vectors(void **state)
{
	char text[DIGEST_TEXT_MAX];
	struct digest *digest;

	(void)state;
	assert_int_equal(digest_create(&digest), ERR_OK);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *of = vectors[i].text;

		digest_reset(digest);
		digest_add(digest, of, strlen(of));
		assert_int_equal(digest_text(digest, text), ERR_OK);
		assert_string_equal(text, vectors[i].digest);
		digest_reset(digest);
		for (; *of; of++)
			digest_add(digest, of, 1);
		assert_int_equal(digest_text(digest, text), ERR_OK);
		assert_string_equal(text, vectors[i].digest);
	}
	digest_free(digest);
}

static void test_of_nothing_at_first(void **state)
{
	char text[DIGEST_TEXT_MAX];
	struct digest *digest;

	(void)state;
	assert_int_equal(digest_create(&digest), ERR_OK);
	assert_int_equal(digest_text(digest, text), ERR_OK);
	assert_string_equal(text, vectors[0].digest);
	digest_free(digest);
	digest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_of_nothing_at_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
