/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory by whole pages, straight from the kernel.  It grows without a copy and without the old
 * and the new being there at once, costs nothing where it was not touched, and goes back to the
 * kernel when it is freed: a reload leaves no hole behind.  All memory of domsets, of their
 * builders and of list reading comes from here.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Zero-filled, page-aligned.  {NULL, 0} is empty, and fine for all functions. */
struct pages {
	uint8_t *base;
	size_t size;
};

/* Maps `size` octets.  ERR_NOMEM. */
enum err pages_map(struct pages *ret_pages, size_t size) MUST_CHECK;

/* As pages_map, for what is read at random: in huge pages as far as it fills them. */
enum err pages_map_huge(struct pages *ret_pages, size_t size) MUST_CHECK;

/*
 * Makes `pages` at least `need` octets large, at most `max`; what was there keeps its content,
 * but may move; what is large comes to lie in huge pages.  ERR_NOMEM, with `pages` as it was; also
 * when `need` is over `max`.
 */
enum err pages_grow(struct pages *pages, size_t need, size_t max) MUST_CHECK;

/* Gives back the pages behind the first `used` octets. */
void pages_trim(struct pages *pages, size_t used);

/* Gives back all; `pages` is empty afterwards. */
void pages_free(struct pages *pages);

#endif
