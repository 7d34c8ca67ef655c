/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/patience.h"

static struct ip network_of(const struct ip *ip)
{
	return ip_masked(ip, ip->family == AF_INET ? PATIENCE_BITS_IPV4 : PATIENCE_BITS_IPV6);
}

/* PATIENCE_NETWORKS: it is none that is known. */
static unsigned int find(const struct patience *p, const struct ip *network)
{
	unsigned int i = 0;

	while (i < PATIENCE_NETWORKS && !ip_equal(&p->networks[i].network, network))
		i++;
	return i;
}

bool patience_is_over(const struct patience *p, const struct ip *ip, uint64_t now_ms)
{
	struct ip network = network_of(ip);
	unsigned int i = find(p, &network);

	return i < PATIENCE_NETWORKS && p->networks[i].slow >= PATIENCE_SLOW_MAX &&
	       now_ms < p->networks[i].until_ms;
}

void patience_note(struct patience *p, const struct ip *ip, uint64_t took_ms, uint64_t now_ms)
{
	struct ip network = network_of(ip);
	unsigned int i = find(p, &network);
	bool slow = took_ms >= PATIENCE_SLOW_MS;

	if (i == PATIENCE_NETWORKS) {
		if (!slow)
			return;
		i = p->next;
		p->next = (p->next + 1) % PATIENCE_NETWORKS;
		p->networks[i].network = network;
		p->networks[i].slow = 0;
	}
	p->networks[i].slow = slow ? p->networks[i].slow + 1 : 0;
	p->networks[i].until_ms = now_ms + PATIENCE_PAUSE_MS;
}
