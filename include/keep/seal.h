/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seal of a kept version: its digest, in a comment of the record beside it (load/orders.c).  By
 * it one that a disk has damaged is known; it is set aside under another name.
 */
#ifndef KEEP_SEAL_H
#define KEEP_SEAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/digest.h"
#include "base/err.h"
#include "match/policy.h"

/* The digest of what is kept of list `name`; "" when that cannot be read. */
void seal_make(const char *directory, const char *name, char ret_seal[DIGEST_TEXT_MAX]);

/* What the record of list `name` has; false: none. */
bool seal_read(const char *directory, const char *name, char ret_seal[DIGEST_TEXT_MAX]);

/* Writes the seal into a record; "": none. */
void seal_write(FILE *out, const char *seal);

/* True when what is kept of list `name` is not what its record was written for. */
bool seal_is_broken(const char *directory, const char *name);

/* The name of what was set aside of list `name`; the same of that itself. */
void seal_aside_name(const char *name, char ret_name[POLICY_LIST_NAME_MAX]);

/* Tells that what is kept of list `name` is damaged and, where that `moves`, gives it and its
 * record the name `aside`: the record goes, and what is kept stays under the list's name as well,
 * as long as there is nothing better.  A failure is logged.  ERR_EXISTS: something was set aside
 * before. */
enum err seal_set_aside(const char *directory, const char *name, const char *aside,
			bool moves) MUST_CHECK;

#endif
