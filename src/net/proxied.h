/* SPDX-License-Identifier: BSD-2-Clause */
/* What both front ends do about PROXY headers (who/proxy.h): counted and told of when they are not
 * as they have to be. */
#ifndef NET_PROXIED_H
#define NET_PROXIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "query/query.h"
#include "who/proxy.h"

/* One front end's.  All zero at first. */
struct proxied {
	uint64_t quiet_until_ms; /* no further warning before */
};

/* As query_begin, of a datagram of `len` octets that may come from a proxy: it is moved to where
 * its header was, and is dropped when that is bad.  Returns its length without it. */
size_t proxied_begin(struct proxied *proxied, struct query *q, const struct query_env *env,
		     uint8_t *msg, size_t len, const struct sockaddr *peer);

/* As proxy_read, of octets that came from a proxy at `address`.  What is bad is counted and warned
 * of. `whole`: nothing follows, so that PROXY_PARTIAL is bad. */
enum proxy_verdict proxied_read(struct proxied *proxied, const struct query_env *env,
				const struct ip *address, const uint8_t *octets, size_t len,
				bool whole, struct proxy_header *ret_header);

/* True when the octets, which are no query, begin a PROXY header: it came from who is no proxy,
 * or is a second one.  `peer` is the struct sockaddr.  Counts it, and warns of it. */
bool proxied_look(struct proxied *proxied, const struct query_env *env, const void *peer,
		  const uint8_t *octets, size_t len);

#endif
