/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of a list of addresses gives a range, whose prefixes follow one another from its first
 * address to its last and leave none out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "list/addrline.h"
#include "fuzz.h"

/* The last address of a prefix whose host bits are zero, which is asked for as well. */
static struct ip last_of(const struct prefix *prefix)
{
	unsigned int bits = prefix->ip.family == AF_INET ? 32 : 128;
	struct ip last = prefix->ip;

	require(prefix->len <= bits);
	for (unsigned int i = prefix->len; i < bits; i++) {
		require(!(prefix->ip.bytes[i / 8] & 0x80U >> i % 8));
		last.bytes[i / 8] |= (uint8_t)(0x80U >> i % 8);
	}
	return last;
}

static struct ip behind(struct ip ip)
{
	for (unsigned int i = ip.family == AF_INET ? 4 : 16; i > 0; i--)
		if (++ip.bytes[i - 1] != 0)
			break;
	return ip;
}

static void check_range(const struct addrline_range *range)
{
	struct addrline_range rest = *range;
	struct ip next = range->first;
	struct prefix prefix;
	struct ip last = {0};
	unsigned int count = 0;

	require(range->first.family == AF_INET || range->first.family == AF_INET6);
	require(range->first.family == range->last.family);
	while (addrline_next_prefix(&rest, &prefix)) {
		require(++count <= 254 && ip_equal(&prefix.ip, &next));
		last = last_of(&prefix);
		next = behind(last);
	}
	require(count > 0 && ip_equal(&last, &range->last));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addrline_range range;
	enum list_reason reason;
	char *text = malloc(size > 0 ? size : 1); /* so that reading behind it is noticed */

	require(text != NULL);
	memcpy(text, data, size);
	switch (addrline_parse(text, size, &range, &reason)) {
	case LISTLINE_RULE:
		check_range(&range);
		break;
	case LISTLINE_BAD:
		require(reason < LIST_REASON_SKIP);
		break;
	default:
		break;
	}
	free(text);
	return 0;
}
