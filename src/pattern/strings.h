/* SPDX-License-Identifier: BSD-2-Clause */
/* Small sets of short strings. */
#ifndef PATTERN_STRINGS_H
#define PATTERN_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "pattern/literals.h"

/* How much the set tells of a name that has one of its strings: by that which tells least. */
uint32_t strings_worth(const struct literals *set);

/* Makes `best` the set that tells more. */
void strings_consider(struct literals *best, const struct literals *set);

/* Adds the strings of `more`; false when there is no room, and then some may have been. */
bool strings_unite(struct literals *set, const struct literals *more);

/* All of `a` with all of `b` behind; false when there is no room. */
bool strings_multiply(const struct literals *a, const struct literals *b, struct literals *ret);

#endif
