/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JA4: what a TLS client offers, as a text that programs of one build have in common: the protocol,
 * the version, whether a name is asked for, how many ciphers and extensions there are, the first
 * protocol above; then a digest of the ciphers, and one of the extensions and signatures.
 */
#ifndef LANDING_FINGERPRINT_H
#define LANDING_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "landing/hello.h"

#define FINGERPRINT_VALUES 512U /* what is beyond is not told apart */

/* Numbers that were offered, without those of RFC 8701 (GREASE). */
struct offered {
	size_t count;
	uint16_t values[FINGERPRINT_VALUES];
};

struct fingerprint {
	uint16_t version; /* the highest */
	bool named;	  /* a server's name is asked for */
	bool has_protocol;
	uint8_t protocol[2]; /* first and last octet of the first one's name */
	struct offered ciphers;
	struct offered extensions;
	struct offered signatures;
};

/* True for a number that means nothing (RFC 8701). */
static inline bool fingerprint_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Adds a number, unless that is grease. */
static inline void fingerprint_add(struct offered *offered, uint16_t value)
{
	if (!fingerprint_is_grease(value) && offered->count < FINGERPRINT_VALUES)
		offered->values[offered->count++] = value;
}

/* Sorts the ciphers and extensions, and writes the text.  ERR_NOMEM. */
enum err fingerprint_text(struct fingerprint *fingerprint,
			  char ret_text[HELLO_FINGERPRINT_MAX]) MUST_CHECK;

#endif
