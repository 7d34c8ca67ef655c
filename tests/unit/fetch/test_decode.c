/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "fetch/decode.h"

#define ROOM ((size_t)300 * 1000)

/* What came out. */
struct out {
	size_t len;
	size_t most;
	uint8_t *octets;
};

static enum err take(void *arg, const void *data, size_t len)
{
	struct out *out = arg;

	if (len > out->most - out->len)
		return ERR_RANGE;
	memcpy(out->octets + out->len, data, len);
	out->len += len;
	return ERR_OK;
}

static size_t compress_it(const uint8_t *data, size_t len, uint8_t *ret_gzip, size_t room)
{
	z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)data, .avail_in = (uInt)len};

	assert_int_equal(
		deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	z.next_out = ret_gzip;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

/* Decodes it in pieces of so many octets. */
static enum err decode_in(const uint8_t *data, size_t len, size_t piece, struct out *out,
			  bool *ret_whole)
{
	struct decode decode;
	enum err err = decode_init(&decode, true);

	out->len = 0;
	for (size_t at = 0; at < len && err == ERR_OK; at += piece)
		err = decode_add(&decode, data + at, len - at < piece ? len - at : piece, take,
				 out);
	*ret_whole = decode_is_whole(&decode);
	decode_fini(&decode);
	return err;
}

static void test_in_any_pieces(void **state)
{
	static const size_t pieces[] = {1, 7, 1000, ROOM};
	static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 32768, 200000};
	uint8_t *plain = test_calloc(1, ROOM);
	uint8_t *gzip = test_calloc(1, ROOM);
	struct out out = {.most = ROOM, .octets = test_calloc(1, ROOM)};

	(void)state;
	for (size_t i = 0; i < ROOM; i++)
		plain[i] = (uint8_t)(i * i / 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len = compress_it(plain, sizes[i], gzip, ROOM);

		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			bool whole;

			assert_int_equal(decode_in(gzip, len, pieces[k], &out, &whole), ERR_OK);
			assert_true(whole);
			assert_int_equal(out.len, sizes[i]);
			assert_memory_equal(out.octets, plain, sizes[i]);
			/* cut off anywhere it is not whole */
			assert_int_equal(decode_in(gzip, len - 1, pieces[k], &out, &whole), ERR_OK);
			assert_false(whole);
		}
	}
	test_free(plain);
	test_free(gzip);
	test_free(out.octets);
}

static void test_members_and_what_is_none(void **state)
{
	static const uint8_t a[] = "a.example\n";
	uint8_t octets[200];
	uint8_t found[100];
	struct out out = {.most = sizeof(found), .octets = found};
	size_t len = compress_it(a, 10, octets, sizeof(octets));
	bool whole;

	(void)state;
	/* two members are both the list */
	memcpy(octets + len, octets, len);
	assert_int_equal(decode_in(octets, 2 * len, 5, &out, &whole), ERR_OK);
	assert_true(whole);
	assert_int_equal(out.len, 20);
	/* with something else behind it */
	memset(octets + len, 'x', 5);
	assert_int_equal(decode_in(octets, len + 5, 500, &out, &whole), ERR_SYNTAX);
	/* a wrong sum */
	octets[len - 8] ^= 1;
	assert_int_equal(decode_in(octets, len, 500, &out, &whole), ERR_SYNTAX);
	assert_int_equal(decode_in(a, 10, 500, &out, &whole), ERR_SYNTAX);
	/* nothing at all */
	assert_int_equal(decode_in(a, 0, 500, &out, &whole), ERR_OK);
	assert_false(whole);
}

static void test_what_the_taker_fails_with_ends_it(void **state)
{
	static const uint8_t plain[60000];
	uint8_t gzip[1000];
	uint8_t found[20000];
	struct out out = {.most = sizeof(found), .octets = found};
	size_t len = compress_it(plain, sizeof(plain), gzip, sizeof(gzip));
	bool whole;

	(void)state;
	assert_int_equal(decode_in(gzip, len, 1000, &out, &whole), ERR_RANGE);
	assert_true(out.len <= sizeof(found));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_any_pieces),
		cmocka_unit_test(test_members_and_what_is_none),
		cmocka_unit_test(test_what_the_taker_fails_with_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
