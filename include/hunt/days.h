/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of the stores, one a day (hunt/day.h).  A day is counted from 1970-01-01 (UTC). */
#ifndef HUNT_DAYS_H
#define HUNT_DAYS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DAYS_FOLDER "hunt" /* in the state directory */
#define DAYS_MAX 400U	   /* that are looked at */
#define DAYS_TEXT_MAX 11U  /* "2026-11-28" */

/* Makes the folder of a state directory, if it is not there, for its owner alone.  ERR_SYS. */
enum err days_make(const char *state, char ret_folder[PATH_MAX], struct err_text *text) MUST_CHECK;

/* Where it is.  Returns `folder`. */
const char *days_folder(const char *state, char folder[PATH_MAX]);

/* "2026-11-28", as which a store is called as well.  Returns `buf`. */
const char *days_text(uint32_t day, char buf[DAYS_TEXT_MAX]);

/* The file of a day.  Returns `path`. */
const char *days_path(const char *folder, uint32_t day, char path[PATH_MAX]);

/* The days that there are stores of, the first first; returns how many.  A folder that cannot be
 * read has none. */
size_t days_list(const char *folder, uint32_t ret_days[DAYS_MAX]);

/* Octets of the files of all of them. */
uint64_t days_size(const char *folder);

/* Removes the files of a day.  ERR_SYS. */
enum err days_remove(const char *folder, uint32_t day) MUST_CHECK;

#endif
