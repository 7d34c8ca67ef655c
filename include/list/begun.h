/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which orders have begun, over a restart by a clock that was set back: the times of the records
 * of mandatory lists tell, "NAME.order" of the state directory.  Any thread, one at a time; blocks.
 */
#ifndef LIST_BEGUN_H
#define LIST_BEGUN_H

#include <dirent.h>
#include <stdint.h>

#include "match/policy.h"

/* `now_s`, but not before what the clock was when one of the `count` records of `directory` was
 * written: a machine whose clock has begun anew does not take for too early what has begun. */
uint64_t begun_latest(const char *directory, struct dirent **files, int count, uint64_t now_s);

/* No record of an order of `policy` that has begun is older than that.  Failures are logged. */
void begun_note(const char *directory, const struct policy *policy);

#endif
