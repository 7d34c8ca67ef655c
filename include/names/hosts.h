/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a hosts file (hosts(5)): lines of an address and its names.  The form of a line is
 * line/listline's: what it says of the machine itself (localhost, ip6-...) is skipped.
 */
#ifndef NAMES_HOSTS_H
#define NAMES_HOSTS_H

#include "base/addr.h"
#include "base/err.h"
#include "dns/name.h"
#include "list/report.h"

#define HOSTS_FILE_MAX (16U * 1024 * 1024) /* octets; a larger file is refused */
#define HOSTS_NAMES_MAX 65536U		   /* with more the file is refused */

/* Called for each name with its address, in the order of the file; a failure ends the reading. */
typedef enum err hosts_fn(void *arg, const struct ip *ip, const struct name *name);

/*
 * Calls `fn` for what the file at `path` says.  Bad lines are told in `ret_report`, and skipped,
 * as are the addresses of one link ("fe80::1%eth0"), which mean nothing elsewhere.
 * ERR_SYS: it cannot be read, or is not a regular file.  ERR_REFUSED: it is too large.  Both with
 * `text`.  ERR_NOMEM, and what `fn` failed with.
 */
enum err hosts_read(const char *path, hosts_fn *fn, void *arg, struct list_report *ret_report,
		    struct err_text *text) MUST_CHECK;

#endif
