/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system's list of public suffixes, read for what libpsl does not tell: all that is in it.
 * https://publicsuffix.org/list/ has its form.
 */
#ifndef LIST_PUBLICSUFFIX_H
#define LIST_PUBLICSUFFIX_H

#include <stdbool.h>

#include "base/err.h"
#include "dns/name.h"

#define PUBLICSUFFIX_FILE "/usr/share/publicsuffix/public_suffix_list.dat"
#define PUBLICSUFFIX_DAFSA "/usr/share/publicsuffix/public_suffix_list.dafsa" /* libpsl's form */

/* Called for each line of the ICANN section: "com", "*.ck" (`below`: all names right below the
 * name are suffixes), "!www.ck". */
typedef void publicsuffix_fn(void *arg, const struct name *name, bool below);

/*
 * Calls `fn` for the lines of the file at `path`, in its order.  ERR_NOTFOUND when it is not there,
 * or has no whole ICANN section; ERR_NOMEM.  `fn` may have been called all the same.  Any thread.
 */
enum err publicsuffix_read(const char *path, publicsuffix_fn *fn, void *arg) MUST_CHECK;

#endif
