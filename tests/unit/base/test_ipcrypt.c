/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ipcrypt.h"
#include "support/scratch.h"

/* The vectors of draft-denis-ipcrypt for ipcrypt-deterministic. */
static const struct {
	const char *key;
	const char *plain;
	const char *encrypted;
} vectors[] = {
	{"0123456789abcdeffedcba9876543210", "0.0.0.0", "bde9:6789:d353:824c:d7c6:f58a:6bd2:26eb"},
	{"1032547698BADCFEEFCDAB8967452301", "255.255.255.255",
	 "aed2:92f6:ea23:58c3:48fd:8b8:74e8:45d8"},
	{"2b7e151628aed2a6abf7158809cf4f3c", "192.0.2.1",
	 "1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777"},
};

static struct ipcrypt *read_key(const struct scratch *s, const char *text, enum err wanted)
{
	struct err_text reason;
	struct ipcrypt *c = NULL;

	assert_int_equal(ipcrypt_read(scratch_write(s, "key", text), &c, &reason), wanted);
	return c;
}

static void test_vectors(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct ipcrypt *c = read_key(*state, vectors[i].key, ERR_OK);
		struct ip plain;
		struct ip encrypted;
		struct ip ip;
		char text[INET6_ADDRSTRLEN];

		assert_int_equal(ip_parse(vectors[i].plain, &plain), ERR_OK);
		encrypted = ipcrypt_encrypt(c, &plain);
		assert_string_equal(ip_text(&encrypted, text, sizeof(text)), vectors[i].encrypted);
		ip = ipcrypt_decrypt(c, &encrypted);
		assert_true(ip_equal(&ip, &plain));
		ipcrypt_free(c);
	}
}

static void test_ipv6_comes_back(void **state)
{
	struct ipcrypt *c = read_key(*state, " 0123456789abcdeffedcba9876543210\n", ERR_OK);
	struct ip plain;
	struct ip ip;

	assert_int_equal(ip_parse("2001:db8::1", &plain), ERR_OK);
	ip = ipcrypt_encrypt(c, &plain);
	assert_false(ip_equal(&ip, &plain));
	ip = ipcrypt_decrypt(c, &ip);
	assert_true(ip_equal(&ip, &plain));
	ipcrypt_free(c);
}

static void test_keys_that_are_none(void **state)
{
	static const char *const keys[] = {
		"",
		"0123456789abcdeffedcba987654321",
		"0123456789abcdeffedcba98765432100",
		"0123456789abcdeffedcba987654321g",
		"0123456789abcdef fedcba9876543210",
	};
	struct err_text text;
	struct ipcrypt *c;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_null(read_key(*state, keys[i], ERR_SYNTAX));
	assert_int_equal(ipcrypt_read(scratch_path(*state, "none"), &c, &text), ERR_SYS);
	assert_non_null(strstr(text.text, "none: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(test_ipv6_comes_back, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(test_keys_that_are_none, scratch_set_up,
						scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
