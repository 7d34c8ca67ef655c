/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a host is, asked of the upstreams themselves, as each is asked for queries too (UDP, TCP,
 * TLS): no list is in between, by which a list could block what it is fetched from.  With a
 * library's patience: the caller's thread waits.
 */
#ifndef FETCH_LOOKUP_H
#define FETCH_LOOKUP_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "query/snapshot.h"

#define LOOKUP_ADDRESSES_MAX 8

struct lookup;

/* Takes on whom `snapshot` has asked for which zone.  Any thread.  ERR_NOMEM. */
enum err lookup_create(const struct snapshot *snapshot, struct lookup **ret_lookup) MUST_CHECK;

/* NULL is fine. */
void lookup_free(struct lookup *lookup);

/*
 * The addresses of `host`.  ERR_NOTFOUND: there is no upstream, or they know no address of it: the
 * system is to be asked, which may have a name that is its own.  ERR_SYS: none of them answers, nor
 * have they some seconds ago.  ERR_SYNTAX: this is no name.  ERR_CANCELLED: `ending` was set.
 * ERR_NOMEM.  One thread at a time has a lookup; blocks for seconds.
 */
enum err lookup_host(struct lookup *lookup, const char *host, const atomic_bool *ending,
		     struct ip ret_ips[LOOKUP_ADDRESSES_MAX], size_t *ret_count) MUST_CHECK;

#endif
