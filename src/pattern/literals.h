/* SPDX-License-Identifier: BSD-2-Clause */
/* Short strings of which one is in every text that a pattern matches. */
#ifndef PATTERN_LITERALS_H
#define PATTERN_LITERALS_H

#include <stdint.h>

#define LITERALS_MAX 12U       /* strings of a pattern */
#define LITERAL_OCTETS_MAX 22U /* of a string */
#define LITERAL_OCTETS_MIN 3U

struct literal {
	uint8_t len;
	char octets[LITERAL_OCTETS_MAX];
};

struct literals {
	uint32_t count; /* 0: there is no such text, or it is not worth to be looked for */
	struct literal at[LITERALS_MAX];
};

#endif
