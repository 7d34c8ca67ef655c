/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of record types in one word: the types that people name in rules have a bit each, all others
 * share one.
 */
#ifndef DNS_TYPESET_H
#define DNS_TYPESET_H

#include <stdint.h>

#define TYPESET_OTHER 1U /* the bit of all types that have none of their own */
#define TYPESET_ALL UINT32_MAX

/* The bit of a type: TYPESET_OTHER where others have it too.  0, which no record has (RFC
 * 6895, 3.1), stands for all types.  Any thread. */
uint32_t typeset_of(uint16_t type);

#define TYPESET_BITS 32U

/* All types in parts, no two of which have a type in common.  Plain data. */
struct typeset_parts {
	unsigned int count;
	uint32_t part[TYPESET_BITS];
};

#define TYPESET_UNDIVIDED ((struct typeset_parts){.count = 1, .part = {TYPESET_ALL}})

/* Divides the parts, so that each lies in `types` or outside. */
void typeset_divide(struct typeset_parts *parts, uint32_t types);

/* A type of each part: rules for the sets that divided them treat all of the part as they do
 * this one. */
uint32_t typeset_of_each(const struct typeset_parts *parts);

#endif
