/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "landing/hello.h"

#define ROOM 4096U

/* A hello that is put together. */
struct build {
	uint8_t octets[ROOM];
	size_t len;
};

static void put(struct build *b, uint32_t value, size_t octets)
{
	assert_true(b->len + octets <= ROOM);
	for (size_t i = octets; i-- > 0;)
		b->octets[b->len++] = (uint8_t)(value >> (8 * i));
}

static void put_text(struct build *b, const char *text)
{
	for (; *text; text++)
		put(b, (uint8_t)*text, 1);
}

/* Writes the length of what stands from `from` on before it. */
static void close_vector(struct build *b, size_t from, size_t octets)
{
	size_t len = b->len - from;

	for (size_t i = 0; i < octets; i++)
		b->octets[from - 1 - i] = (uint8_t)(len >> (8 * i));
}

static void put_numbers(struct build *b, size_t length_octets, const uint16_t *values, size_t count)
{
	put(b, (uint32_t)(count * 2), length_octets);
	for (size_t i = 0; i < count; i++)
		put(b, values[i], 2);
}

static void put_extension(struct build *b, uint16_t type, const struct build *content)
{
	put(b, type, 2);
	put(b, (uint32_t)content->len, 2);
	for (size_t i = 0; i < content->len; i++)
		put(b, content->octets[i], 1);
}

static void put_name_extension(struct build *b, const char *name)
{
	struct build content = {.len = 0};

	put(&content, (uint32_t)strlen(name) + 3, 2);
	put(&content, 0, 1);
	put(&content, (uint32_t)strlen(name), 2);
	put_text(&content, name);
	put_extension(b, 0, &content);
}

static const uint16_t ciphers[] = {0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
				   0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
static const uint16_t plain[] = {0x001b, 0x0033, 0x0012, 0xff01, 0x0017, 0x000a,
				 0x000b, 0x0023, 0x4469, 0x0005, 0x002d, 0x0015};
static const uint16_t signatures[] = {0x0403, 0x0804, 0x0401, 0x0503,
				      0x0805, 0x0501, 0x0806, 0x0601};
static const uint16_t versions[] = {0x7a7a, 0x0304, 0x0303};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void put_extensions(struct build *b, const char *name)
{
	struct build content = {.len = 0};

	put_extension(b, 0x2a2a, &content);
	if (name)
		put_name_extension(b, name);
	for (size_t i = 0; i < COUNT(plain); i++)
		put_extension(b, plain[i], &content);
	put_numbers(&content, 2, signatures, COUNT(signatures));
	put_extension(b, 13, &content);
	content.len = 0;
	put_numbers(&content, 1, versions, COUNT(versions));
	put_extension(b, 43, &content);
	content.len = 0;
	put(&content, 12, 2);
	put(&content, 2, 1);
	put_text(&content, "h2");
	put(&content, 8, 1);
	put_text(&content, "http/1.1");
	put_extension(b, 16, &content);
}

/* The handshake message; `name` may be NULL. */
static struct build message(const char *name)
{
	struct build b = {.len = 0};
	size_t start;
	size_t from;

	put(&b, 1, 1);
	put(&b, 0, 3);
	start = b.len;
	put(&b, 0x0303, 2);
	for (int i = 0; i < 32; i++)
		put(&b, 0xee, 1);
	put(&b, 0, 1);
	put_numbers(&b, 2, ciphers, COUNT(ciphers));
	put(&b, 0x0100, 2);
	put(&b, 0, 2);
	from = b.len;
	put_extensions(&b, name);
	close_vector(&b, from, 2);
	close_vector(&b, start, 3);
	return b;
}

/* In records of at most `each` octets. */
static struct build records(const struct build *m, size_t each)
{
	struct build b = {.len = 0};

	for (size_t at = 0; at < m->len; at += each) {
		size_t len = m->len - at < each ? m->len - at : each;

		put(&b, 0x160301, 3);
		put(&b, (uint32_t)len, 2);
		for (size_t i = 0; i < len; i++)
			put(&b, m->octets[at + i], 1);
	}
	return b;
}

/* The example that the algorithm is published with. */
static void test_name_and_fingerprint(void **state)
{
	const struct build m = message("C2.Example");
	struct hello hello;

	(void)state;
	for (size_t each = 1; each < 800; each += 37) {
		const struct build b = records(&m, each);

		assert_int_equal(hello_read(b.octets, b.len, &hello), ERR_OK);
		assert_string_equal(hello.name, "C2.Example");
		assert_string_equal(hello.ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	}
}

static void test_without_a_name(void **state)
{
	const struct build m = message(NULL);
	const struct build b = records(&m, 4000);
	struct hello hello;

	(void)state;
	assert_int_equal(hello_read(b.octets, b.len, &hello), ERR_OK);
	assert_string_equal(hello.name, "");
	assert_string_equal(hello.ja4, "t13i1515h2_8daaf6152771_e5627efa2ab1");
}

/* What is not printed is no name, but the extension was there. */
static void test_a_name_that_is_none(void **state)
{
	static const char *const names[] = {"a b", "\x01", "\xff\xfe", ""};
	struct hello hello;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct build m = message(names[i]);
		const struct build b = records(&m, 4000);

		assert_int_equal(hello_read(b.octets, b.len, &hello), ERR_OK);
		assert_string_equal(hello.name, "");
		assert_memory_equal(hello.ja4, "t13d1516h2", 10);
	}
}

static void test_before_extensions(void **state)
{
	struct build b = {.len = 0};
	struct hello hello;

	(void)state;
	put(&b, 0, 4);
	put(&b, 0, 1);
	put(&b, 1, 1);
	put(&b, 0, 3);
	put(&b, 0x0301, 2);
	for (int i = 0; i < 32; i++)
		put(&b, 0, 1);
	put(&b, 0, 1);
	put(&b, 2, 2);
	put(&b, 0x002f, 2);
	put(&b, 0x0100, 2);
	close_vector(&b, 9, 3);
	close_vector(&b, 5, 2);
	memcpy(b.octets, "\x16\x03\x01", 3);
	assert_int_equal(hello_read(b.octets, b.len, &hello), ERR_OK);
	assert_string_equal(hello.ja4, "t10i010000_ba72b8082249_000000000000");
}

/* Each beginning is one, of which more is to come; and it is copied to its end, for the sanitizer.
 */
static void test_beginnings(void **state)
{
	const struct build m = message("c2.example");
	const struct build b = records(&m, 100);
	struct hello hello;

	(void)state;
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, b.octets, len);
		assert_int_equal(hello_read(copy, len, &hello), ERR_TRUNCATED);
		free(copy);
	}
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} cases[] = {
		{"GET / HTTP/1.1\r\n", 16},
		{"\x15\x03\x01\0\2\2\x28", 7},
		{"\x16\x02", 2},
		{"\x16\x03\x01\0\0", 5},
		{"\x16\x03\x01\xff\xff", 5},
		{"\x16\x03\x01\0\4\2\0\0\0", 9},
		{"\x16\x03\x01\0\4\1\xff\xff\xff", 9},
		{"\x16\x03\x01\0\4\1\0\0\0", 9},
		{"\x16\x03\x01\0\1\1\x17", 7},
	};
	struct hello hello;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(hello_read((const uint8_t *)cases[i].octets, cases[i].len, &hello),
				 ERR_SYNTAX);
}

/* Whatever octet is another one, it is read within its bounds. */
static void test_one_octet_changed(void **state)
{
	const struct build m = message("c2.example");
	struct build b = records(&m, 4000);
	struct hello hello;

	(void)state;
	for (size_t i = 0; i < b.len; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			uint8_t *copy = malloc(b.len);
			enum err err;

			assert_non_null(copy);
			memcpy(copy, b.octets, b.len);
			copy[i] ^= (uint8_t)(1U << bit);
			err = hello_read(copy, b.len, &hello);
			assert_true(err == ERR_OK || err == ERR_SYNTAX || err == ERR_TRUNCATED);
			free(copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_and_fingerprint),
		cmocka_unit_test(test_without_a_name),
		cmocka_unit_test(test_a_name_that_is_none),
		cmocka_unit_test(test_before_extensions),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_one_octet_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
