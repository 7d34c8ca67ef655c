/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIST_SUFFIXES_H
#define LIST_SUFFIXES_H

#include "list/guard.h"

/* As guard_create, with the public suffix list of `path`, or libpsl's own if there is no such
 * file. */
enum err guard_create_from(const char *path, const struct guard_config *config,
			   struct guard **ret_guard) MUST_CHECK;

#endif
