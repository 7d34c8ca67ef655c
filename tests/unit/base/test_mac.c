/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* As openssl's command tells them: `openssl mac -cipher AES-256-GCM -macopt hexkey:... GMAC`. */
static const struct {
	uint8_t key; /* of all octets */
	uint8_t nonce;
	const char *text;
	const char *code;
} vectors[] = {
	{0, 0, "abc", "\xdd\xb8\x2e\xac\x2f\x69\x8d\xc1\x56\x9b\xb9\xd6\xc9\x21\x47\xfa"},
	{0, 0, "", "\x53\x0f\x8a\xfb\xc7\x45\x36\xb9\xa9\x63\xb4\xf1\xc4\xcb\x73\x8b"},
};

static void make(uint8_t key, uint8_t nonce, const char *text, size_t piece,
		 uint8_t code[MAC_OCTETS])
{
	uint8_t keys[MAC_KEY_OCTETS];
	uint8_t nonces[MAC_NONCE_OCTETS];
	size_t len = strlen(text);
	struct mac *mac;

	memset(keys, key, sizeof(keys));
	memset(nonces, nonce, sizeof(nonces));
	assert_int_equal(mac_create(keys, nonces, &mac), ERR_OK);
	for (size_t at = 0; at < len; at += piece)
		mac_add(mac, text + at, len - at < piece ? len - at : piece);
	assert_int_equal(mac_end(mac, code), ERR_OK);
	mac_free(mac);
}

static void test_vectors(void **state)
{
	uint8_t code[MAC_OCTETS];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		for (size_t piece = 1; piece < 5; piece++) {
			make(vectors[i].key, vectors[i].nonce, vectors[i].text, piece, code);
			assert_memory_equal(code, vectors[i].code, MAC_OCTETS);
		}
}

/* Of another key, another nonce, or other octets the code is another. */
static void test_what_is_another(void **state)
{
	static const char text[] = "more than one block of sixteen octets, and a piece of one";
	uint8_t code[MAC_OCTETS];
	uint8_t other[MAC_OCTETS];

	(void)state;
	make(1, 2, text, 100, code);
	make(1, 2, text, 7, other);
	assert_memory_equal(code, other, MAC_OCTETS);
	make(2, 2, text, 100, other);
	assert_memory_not_equal(code, other, MAC_OCTETS);
	make(1, 3, text, 100, other);
	assert_memory_not_equal(code, other, MAC_OCTETS);
	make(1, 2, text + 1, 100, other);
	assert_memory_not_equal(code, other, MAC_OCTETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_what_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
