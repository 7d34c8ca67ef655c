/* SPDX-License-Identifier: BSD-2-Clause */
/* Globs as regular expressions. */
#ifndef PATTERN_GLOB_H
#define PATTERN_GLOB_H

#include <stddef.h>

#include "base/err.h"
#include "pattern/pattern.h"

#define GLOB_REGEX_MAX 2048U

/*
 * Writes the regular expression, which is to be anchored, that matches what the glob does.  Each
 * part between two stars is found where it comes first and never looked for again, so that a name
 * costs no more than its length for each part.
 * ERR_SYNTAX: it has an octet that no host's name has, or nothing but stars and dots.  ERR_REFUSED:
 * it has no room.
 */
enum err glob_regex(const struct pattern_source *glob, char ret_regex[GLOB_REGEX_MAX],
		    size_t *ret_len) MUST_CHECK;

#endif
