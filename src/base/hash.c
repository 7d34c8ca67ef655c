/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <string.h>
#include <sys/random.h>

#include "base/octets.h"

enum err hash_key_random(struct hash_key *ret_key)
{
	struct hash_key key;

	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return ERR_SYS;
	*ret_key = key;
	return ERR_OK;
}

static void absorb_two_rounds(struct hash_state *s, uint64_t word)
{
	s->v3 ^= word;
	hash_round(s);
	hash_round(s);
	s->v0 ^= word;
}

uint64_t hash_siphash24(const struct hash_key *key, const void *data, size_t len)
{
	struct hash_state s = hash_begin(key);
	const uint8_t *p = data;
	uint8_t tail[8] = {0};
	size_t whole = len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		absorb_two_rounds(&s, octets_le64(p + i));
	memcpy(tail, p + whole, len - whole);
	tail[7] = (uint8_t)len;
	absorb_two_rounds(&s, octets_le64(tail));
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		hash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
