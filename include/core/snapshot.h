/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a load makes and the workers read: the lists, compiled, and the settings that may change
 * while running.  Immutable once published (see base/snap.h).
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/conf.h"
#include "dns/reply.h"
#include "match/policy.h"

struct snapshot {
	uint64_t generation;	    /* 1 for the first, one more each */
	struct conf *conf;	    /* owned */
	struct policy *policy;	    /* owned */
	struct prefix_set *allow;   /* owned */
	struct endpoint *upstreams; /* owned: configured, or those of resolv.conf */
	size_t upstream_count;
	struct reply_ttl_limits ttl;
};

/* Frees all it owns; NULL is fine. */
void snapshot_free(struct snapshot *snapshot);

#endif
