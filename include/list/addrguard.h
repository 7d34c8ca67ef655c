/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate for addresses, as list/guard is for names: what would block too much, or what is our
 * own.
 */
#ifndef LIST_ADDRGUARD_H
#define LIST_ADDRGUARD_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "list/addrline.h"

/* Networks that no entry may overlap, and why: a phrase that goes behind the entry, static. */
struct addrguard_network {
	struct prefix prefix;
	const char *reason;
};

struct addrguard_config {
	unsigned int shortest_ipv4; /* bits of the shortest prefix that may be listed */
	unsigned int shortest_ipv6;
	const struct addrguard_network *networks;
	size_t network_count;
};

struct addrguard;

/* What `config` points to is copied.  ERR_NOMEM. */
enum err addrguard_create(const struct addrguard_config *config,
			  struct addrguard **ret_guard) MUST_CHECK;

/* NULL is fine. */
void addrguard_free(struct addrguard *guard);

/* Why the entry is to be held back, as "is wider than ..."; NULL: it is not.  The phrase is static.
 * Any thread. */
const char *addrguard_entry(const struct addrguard *guard, const struct addrline_range *range);

#endif
