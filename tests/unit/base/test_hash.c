/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

/* The key 00 01 .. 0f, and messages 00 01 .. of 0 to 63 octets. */
static const struct hash_key vector_key = {0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

/* Of the paper's authors (Aumasson and Bernstein): what vectors.h has, as numbers. */
static const uint64_t siphash24[64] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
	0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
	0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
	0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
	0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
	0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
	0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
	0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
	0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
	0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
	0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
	0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
	0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

/* SipHash-1-3 of the first of the same messages. */
static const uint64_t siphash13[18] = {
	0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
	0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
	0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
	0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956,
	0xcc4fdd1a7d908b66, 0x9cf2689063dbd80c,
};

static void test_siphash24_vectors(void **state)
{
	uint8_t message[64 + 1];

	for (size_t len = 0; len < 64; len++) {
		/* of exactly this length, and not aligned */
		for (size_t i = 0; i < len; i++)
			message[i + 1] = (uint8_t)i;
		assert_true(hash_siphash24(&vector_key, message + 1, len) == siphash24[len]);
	}
}

static uint64_t word_of(size_t from, size_t octets)
{
	uint64_t word = 0;

	for (size_t i = 0; i < octets; i++)
		word |= (uint64_t)(from + i) << (8 * i);
	return word;
}

/* Fed as the paper has it (the length in the last word), the running hash is the published. */
static void test_siphash13_vectors(void **state)
{
	for (size_t len = 0; len < sizeof(siphash13) / sizeof(siphash13[0]); len++) {
		struct hash_state s = hash_begin(&vector_key);
		size_t at = 0;

		for (; at + 8 <= len; at += 8)
			hash_word(&s, word_of(at, 8));
		hash_word(&s, word_of(at, len - at) | (uint64_t)len << 56);
		assert_true(hash_end(s) == siphash13[len]);
	}
}

/* hash_end takes nothing from the stream, and a copy goes its own way. */
static void test_fork(void **state)
{
	struct hash_state a = hash_begin(&vector_key);
	struct hash_state b;
	uint64_t one;

	hash_word(&a, 1);
	one = hash_end(a);
	assert_true(hash_end(a) == one);
	b = a;
	hash_word(&a, 2);
	assert_true(hash_end(b) == one);
	hash_word(&b, 2);
	assert_true(hash_end(a) == hash_end(b));
	hash_word(&b, 0);
	assert_true(hash_end(a) != hash_end(b));
}

static void test_random_keys_differ(void **state)
{
	struct hash_key a;
	struct hash_key b;

	assert_int_equal(hash_key_random(&a), ERR_OK);
	assert_int_equal(hash_key_random(&b), ERR_OK);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_true(hash_siphash24(&a, "x", 1) != hash_siphash24(&b, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash24_vectors),
		cmocka_unit_test(test_siphash13_vectors),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_random_keys_differ),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
