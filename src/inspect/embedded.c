/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect/embedded.h"

#include "base/octets.h"

#define NAT64_HI 0x0064ff9b00000000ULL
#define SIX_TO_FOUR 0x2002U

static bool take(const uint8_t *octets, struct ip *ret_ipv4)
{
	*ret_ipv4 = (struct ip){.family = AF_INET};
	memcpy(ret_ipv4->bytes, octets, 4);
	return true;
}

bool embedded_ipv4(const struct ip *ip, struct ip *ret_ipv4)
{
	uint64_t hi;
	uint64_t lo;

	if (ip->family != AF_INET6)
		return false;
	hi = octets_be64(ip->bytes);
	lo = octets_be64(ip->bytes + 8);
	if (hi >> 48 == SIX_TO_FOUR)
		return take(ip->bytes + 2, ret_ipv4);
	if (lo >> 32 != 0 || (hi != NAT64_HI && (hi != 0 || lo <= 1)))
		return false;
	return take(ip->bytes + 12, ret_ipv4);
}
