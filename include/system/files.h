/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the files that the process may have open are shared out.  Source ports and clients get no
 * more than their shares, however low the limit is: there are always some left to open a list, and
 * to take on a client.
 */
#ifndef SYSTEM_FILES_H
#define SYSTEM_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "loop/loop.h"

/* Raises the limit of open files as far as it goes, and returns it. */
uint64_t files_raise(void);

/* Holds `limit` against what no service can be without, `fixed` files of which are the workers' own
 * (their sockets and what they are woken by).  ERR_RANGE, and `text` tells how many it takes. */
enum err files_check(uint64_t limit, size_t fixed, struct err_text *text) MUST_CHECK;

/*
 * What source ports and clients may have, of `limit` files, `fixed` of which are the workers' own.
 * Warns when that is less than `conf` has them want.
 */
struct loop_files files_share(const struct conf *conf, uint64_t limit, size_t workers,
			      size_t fixed);

#endif
