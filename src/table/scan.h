/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a JSON value ends that cannot be read: by its brackets and texts alone (RFC 8259), octet by
 * octet.
 */
#ifndef TABLE_SCAN_H
#define TABLE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in a value one is; zero-filled: before its first octet. */
struct scan {
	uint32_t depth;
	uint64_t square; /* of the outer brackets: a bit for each that is square */
	bool in_text;
	bool escaped;
	bool cut; /* a text ended with its line, which none may: the value ends there as well */
};

/* Goes over the next octet of the value. */
void scan_octet(struct scan *scan, char c);

/* True behind the last octet of a value. */
bool scan_is_over(const struct scan *scan);

/* True when the value that the text begins with is followed by an object, without a comma. */
bool scan_is_before_another(const char *text, size_t len);

#endif
