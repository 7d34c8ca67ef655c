/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fixed text of a regular expression: some strings of which one is in every text that it
 * matches.
 *
 * The text is taken with a dot before and a dot behind it, so that the anchors '^' and '$' are dots
 * themselves: "(^|\.)ads" has ".ads".
 */
#ifndef PATTERN_LITERAL_H
#define PATTERN_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

#include "pattern/literals.h"

/* Finds them; they are in lower case.  Whatever is not understood is taken for what has none. */
void literal_find(const char *regex, size_t len, struct literals *ret_literals);

#endif
