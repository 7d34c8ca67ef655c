/* SPDX-License-Identifier: BSD-2-Clause */
/* Eight octets as one word, wherever they lie. */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* The first octet is in the lowest bits. */
static inline uint64_t octets_le64(const uint8_t *octets)
{
	uint64_t word;

	memcpy(&word, octets, sizeof(word));
	return le64toh(word);
}

/* The first octet is in the highest bits: words compare as the octets do. */
static inline uint64_t octets_be64(const uint8_t *octets)
{
	uint64_t word;

	memcpy(&word, octets, sizeof(word));
	return be64toh(word);
}

#endif
