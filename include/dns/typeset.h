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

#endif
