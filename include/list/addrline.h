/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of a list of addresses: an address, a prefix (192.0.2.0/24, 192.0.2.0/255.255.255.0), or
 * a range (192.0.2.1-192.0.2.9, with blanks around the '-' or not), of either family.  '#', ';',
 * '!' begin a comment at the line's start or behind a blank; '#' also ends a word.  An IPv4-mapped
 * IPv6 address is the IPv4 address that it maps.  Pure.
 */
#ifndef LIST_ADDRLINE_H
#define LIST_ADDRLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "line/listline.h"
#include "list/report.h"

/* Addresses of one family, from the first to the last. */
struct addrline_range {
	struct ip first;
	struct ip last;
};

/* All addresses of a prefix. */
struct addrline_range addrline_range_of(const struct prefix *prefix);

/*
 * Reads a line of `len` octets without its newline.  LISTLINE_RULE: it was a range; LISTLINE_END:
 * it says nothing; LISTLINE_BAD: it is none of these, for `ret_reason`.  Any thread.
 */
enum listline_verdict addrline_parse(const char *text, size_t len, struct addrline_range *ret_range,
				     enum list_reason *ret_reason);

/* Takes the largest prefix off the start of a range; false: nothing is left of it (`range->first`
 * is of the family 0).  At most 62 prefixes make an IPv4 range, and 254 an IPv6 one. */
bool addrline_next_prefix(struct addrline_range *range, struct prefix *ret_prefix);

#endif
