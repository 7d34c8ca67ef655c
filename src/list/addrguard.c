/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/addrguard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct network {
	struct addrline_range range;
	const char *reason;
};

struct addrguard {
	unsigned int shortest_ipv4;
	unsigned int shortest_ipv6;
	bool ipv4[256]; /* by an address's first octet: some network may have it */
	bool ipv6[256];
	size_t count;
	struct network networks[];
};

static bool *octets_of(struct addrguard *guard, uint8_t family)
{
	return family == AF_INET ? guard->ipv4 : guard->ipv6;
}

static void add(struct addrguard *guard, const struct addrguard_network *network)
{
	struct network *n = &guard->networks[guard->count++];
	unsigned int octet;

	*n = (struct network){addrline_range_of(&network->prefix), network->reason};
	for (octet = n->range.first.bytes[0]; octet <= n->range.last.bytes[0]; octet++)
		octets_of(guard, n->range.first.family)[octet] = true;
}

enum err addrguard_create(const struct addrguard_config *config, struct addrguard **ret_guard)
{
	struct addrguard *guard =
		calloc(1, sizeof(*guard) + config->network_count * sizeof(guard->networks[0]));

	if (!guard)
		return ERR_NOMEM;
	guard->shortest_ipv4 = config->shortest_ipv4;
	guard->shortest_ipv6 = config->shortest_ipv6;
	for (size_t i = 0; i < config->network_count; i++)
		add(guard, &config->networks[i]);
	*ret_guard = guard;
	return ERR_OK;
}

void addrguard_free(struct addrguard *guard)
{
	free(guard);
}

/* In network order addresses compare as their octets do. */
static bool is_before(const struct ip *a, const struct ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) < 0;
}

static bool overlap(const struct addrline_range *a, const struct addrline_range *b)
{
	return a->first.family == b->first.family && !is_before(&a->last, &b->first) &&
	       !is_before(&b->last, &a->first);
}

/* True when the largest prefix in the range has fewer bits. */
static bool is_wider(const struct addrline_range *range, unsigned int bits)
{
	struct addrline_range rest = *range;
	struct prefix prefix;

	while (addrline_next_prefix(&rest, &prefix))
		if (prefix.len < bits)
			return true;
	return false;
}

const char *addrguard_entry(const struct addrguard *guard, const struct addrline_range *range)
{
	bool ipv4 = range->first.family == AF_INET;

	if (is_wider(range, ipv4 ? guard->shortest_ipv4 : guard->shortest_ipv6))
		return ipv4 ? "is wider than guard.shortest-ipv4"
			    : "is wider than guard.shortest-ipv6";
	if (range->first.bytes[0] == range->last.bytes[0] &&
	    !(ipv4 ? guard->ipv4 : guard->ipv6)[range->first.bytes[0]])
		return NULL;
	for (size_t i = 0; i < guard->count; i++)
		if (overlap(range, &guard->networks[i].range))
			return guard->networks[i].reason;
	return NULL;
}
