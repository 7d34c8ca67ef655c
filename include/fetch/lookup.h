/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a host is, or what else a name has, asked of the upstreams themselves, as each is asked for
 * queries too (UDP, TCP, TLS): no list is in between, by which a list could block what it is
 * fetched from.  With a library's patience: the caller's thread waits.
 */
#ifndef FETCH_LOOKUP_H
#define FETCH_LOOKUP_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "query/snapshot.h"

#define LOOKUP_ADDRESSES_MAX 8
#define LOOKUP_REPLY_MAX 65535U /* octets */

struct lookup;

/* Takes on whom `snapshot` has asked for which zone.  Any thread.  ERR_NOMEM. */
enum err lookup_create(const struct snapshot *snapshot, struct lookup **ret_lookup) MUST_CHECK;

/* NULL is fine. */
void lookup_free(struct lookup *lookup);

/*
 * The addresses of `host`.  ERR_NOTFOUND: there is no upstream, or they know no address of it: the
 * system is to be asked, which may have a name that is its own.  ERR_SYS: none of them answers, nor
 * have they some seconds ago the last questions, or what they say is of no use.  ERR_SYNTAX: this
 * is no name.  ERR_CANCELLED: `ending` was set. ERR_NOMEM.  One thread at a time has a lookup;
 * blocks for seconds.
 */
enum err lookup_host(struct lookup *lookup, const char *host, const atomic_bool *ending,
		     struct ip ret_ips[LOOKUP_ADDRESSES_MAX], size_t *ret_count) MUST_CHECK;

/* True when the name, in lower case, is in a zone that has upstreams of its own. */
bool lookup_is_forwarded(const struct lookup *lookup, const struct name *name);

/*
 * The reply to a question for the records of that type of `name`, in lower case: a message whose
 * rcode is NOERROR or NXDOMAIN, of which nothing else was looked at but ID and question.
 * ERR_NOTFOUND: there is no upstream.  Otherwise as lookup_host.
 */
enum err lookup_records(struct lookup *lookup, const struct name *name, uint16_t type,
			const atomic_bool *ending, uint8_t ret_reply[LOOKUP_REPLY_MAX],
			size_t *ret_len) MUST_CHECK;

#endif
