/* SPDX-License-Identifier: BSD-2-Clause */
/* The resolvers that the machine uses itself, resolv.conf(5). */
#ifndef SYSTEM_RESOLV_H
#define SYSTEM_RESOLV_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "option/options.h"

#define RESOLV_SERVERS_MAX CONF_UPSTREAMS_MAX

/*
 * The name servers of the file at `path`, in its order, on port 53, RESOLV_SERVERS_MAX at most.
 * Other lines are skipped, and as the C library does also those whose address cannot be read.
 * Whether one of them is this daemon is not looked at.  Any thread.
 * ERR_SYS: the file cannot be read.  ERR_CONFIG: the file names none, or is too large.  ERR_NOMEM.
 * `text` (may be NULL) then says so as "FILE: reason".
 */
enum err resolv_read(const char *path, struct endpoint ret_servers[RESOLV_SERVERS_MAX],
		     size_t *ret_count, struct err_text *text) MUST_CHECK;

#endif
