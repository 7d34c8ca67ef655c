/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a start would take a configuration and its lists as they are: all that is wrong with both
 * is told at once, and nothing is put in force.
 */
#ifndef TRIAL_CHECK_H
#define TRIAL_CHECK_H

#include <stdbool.h>

/*
 * Checks the file at `conf_path`; fails, too, where a start would take a stand-in for a list that
 * is refused.  What is wrong is logged or, with `json`, printed to standard output as one object:
 *
 *   ok        true, or false when there is a mistake
 *   names     in force if it were started
 *   mistakes  a row each: file, line and column (null and 0: its message names the place), message
 *   lists     a row each: name, file, format, entries, skipped, bad, held, refused (why, or null)
 *
 * Returns the process's exit status.  Main thread, without workers.
 */
int check_configuration(const char *conf_path, bool json);

#endif
