/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a load makes and the workers read: the lists, compiled, and the settings that may change
 * while running.  Immutable once published (see base/snap.h).
 */
#ifndef QUERY_SNAPSHOT_H
#define QUERY_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/ports.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/reply.h"
#include "match/policy.h"

/* The upstreams of a zone: names equal to it or below it are asked of these.  Or of a group of
 * clients, for whom it is the root. */
struct upstream_pool {
	struct name zone;  /* lower case */
	const char *group; /* NULL: for all clients */
	bool zones_too;	   /* of a group: asked for names in zones with a pool as well */
	const struct conf_upstream *servers;
	size_t count;
	uint64_t salt; /* sets its replies in the cache apart: from the zone's name or the group's,
			* 0 the root's for all */
};

struct groups;
struct local;
struct namemap;
struct rates;
struct rebind;

struct snapshot {
	uint64_t generation;	    /* 1 for the first, one more each */
	struct conf *conf;	    /* owned */
	struct policy *policy;	    /* owned */
	struct groups *groups;	    /* owned: of clients; NULL: all are alike */
	struct prefix_set *allow;   /* owned */
	struct prefix_set *proxies; /* owned: who says by a header whose query it is; NULL: none */
	struct prefix_set *forwarders; /* owned: who says by EDNS whose query it is; NULL: none */
	struct prefix_set *mac_forwarders; /* owned: who says so by a hardware address */
	struct ports *ports;		   /* owned: those that questions leave from; NULL: any */
	struct rates *rates;		   /* owned: of rate-limit; NULL: nobody is limited */
	struct conf_upstream *resolv;	   /* owned: of resolv.conf, where none are configured */
	struct upstream_pool *pools;	   /* owned; the first is the root's, for all other names */
	size_t pool_count;		   /* at least 1; the root's may have no server yet */
	size_t group_pools;	 /* the last so many of them are of groups; before are the zones' */
	struct namemap *zones;	 /* owned: the pool of each zone; NULL: there are none */
	struct local *local;	 /* owned: the operator's names; NULL: there are none */
	struct namemap *special; /* owned: of names/special; NULL: none is special */
	struct rebind *rebind;	 /* owned; NULL: any name may have any address */
	struct namemap *tlds;	 /* owned: top-level domains; NULL: any name may be one */
	struct reply_ttl_limits ttl;
};

/* How many pools, from the first on, are of the root and of zones. */
static inline size_t snapshot_zone_pools(const struct snapshot *snapshot)
{
	return snapshot->pool_count - snapshot->group_pools;
}

/* The bounds that `conf` sets to the TTLs of replies. */
struct reply_ttl_limits snapshot_ttl_limits(const struct conf_cache *conf);

/*
 * A snapshot as `snapshot`, one generation later, but with `manual` (taken over, if that succeeds;
 * may be NULL) in its policy, whose groups have the views of Unix time `now_s`.  All else is the
 * new one's from then on: of the former one snapshot_free_former frees what is left, which others
 * may read until then. ERR_NOMEM.
 */
enum err snapshot_follow(const struct snapshot *snapshot, struct policy_manual *manual,
			 uint64_t now_s, struct snapshot **ret_snapshot) MUST_CHECK;
void snapshot_free_former(struct snapshot *snapshot);

/* Frees all that the snapshot owns; NULL is fine. */
void snapshot_free(struct snapshot *snapshot);

#endif
