/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keyed hashing: SipHash by Aumasson and Bernstein, in two strengths.
 *
 * SipHash-1-3, fed by 64-bit words, is for hash tables whose keys an adversary chooses; it is
 * inline because the packet path calls it per label.  SipHash-2-4 over octets is the published
 * function, as DNS cookies need it (RFC 9018, 4.4).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/octets.h"

struct hash_key {
	uint64_t k0;
	uint64_t k1;
};

/* A running SipHash-1-3; copy it to fork the stream. */
struct hash_state {
	uint64_t v0;
	uint64_t v1;
	uint64_t v2;
	uint64_t v3;
};

/* Fills `ret_key` from the kernel's generator.  ERR_SYS when that fails. */
enum err hash_key_random(struct hash_key *ret_key) MUST_CHECK;

/* SipHash-2-4 of `len` octets, the published function.  Any thread. */
uint64_t hash_siphash24(const struct hash_key *key, const void *data, size_t len);

/* `b` is at most 63. */
static inline uint64_t hash_rotl(uint64_t x, unsigned int b)
{
	return (x << b) | (x >> (-b & 63U));
}

static inline void hash_round(struct hash_state *s)
{
	s->v0 += s->v1;
	s->v1 = hash_rotl(s->v1, 13) ^ s->v0;
	s->v0 = hash_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = hash_rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = hash_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = hash_rotl(s->v1, 17) ^ s->v2;
	s->v2 = hash_rotl(s->v2, 32);
}

static inline struct hash_state hash_begin(const struct hash_key *key)
{
	struct hash_state s = {
		.v0 = key->k0 ^ 0x736f6d6570736575ULL,
		.v1 = key->k1 ^ 0x646f72616e646f6dULL,
		.v2 = key->k0 ^ 0x6c7967656e657261ULL,
		.v3 = key->k1 ^ 0x7465646279746573ULL,
	};
	return s;
}

/* Takes one word in.  The caller makes the sequence of words prefix-free. */
static inline void hash_word(struct hash_state *s, uint64_t word)
{
	s->v3 ^= word;
	hash_round(s);
	s->v0 ^= word;
}

/* Takes octets in, by words of which the last is filled up with zeros.  How many they are the
 * caller takes in as well. */
static inline void hash_octets(struct hash_state *s, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint64_t word = 0;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word))
		hash_word(s, octets_le64(at));
	memcpy(&word, at, len);
	if (len > 0)
		hash_word(s, le64toh(word));
}

/* The hash of the words so far; `s` itself goes on. */
static inline uint64_t hash_end(struct hash_state s)
{
	s.v2 ^= 0xff;
	hash_round(&s);
	hash_round(&s);
	hash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
