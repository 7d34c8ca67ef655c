/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/typeset.h"

#include <stddef.h>

/* From bit 1 on; what clients ask for most comes first. */
static const uint16_t own[] = {
	1 /* A */,	  28 /* AAAA */,       65 /* HTTPS */, 64 /* SVCB */,	5 /* CNAME */,
	15 /* MX */,	  16 /* TXT */,	       2 /* NS */,     6 /* SOA */,	12 /* PTR */,
	33 /* SRV */,	  35 /* NAPTR */,      43 /* DS */,    48 /* DNSKEY */, 255 /* ANY */,
	257 /* CAA */,	  256 /* URI */,       52 /* TLSA */,  44 /* SSHFP */,	13 /* HINFO */,
	39 /* DNAME */,	  46 /* RRSIG */,      47 /* NSEC */,  50 /* NSEC3 */,	29 /* LOC */,
	17 /* RP */,	  61 /* OPENPGPKEY */, 99 /* SPF */,   53 /* SMIMEA */, 59 /* CDS */,
	60 /* CDNSKEY */,
};

_Static_assert(sizeof(own) / sizeof(own[0]) == 31, "a bit each, and one for all others");

uint32_t typeset_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i] == type)
			return 2U << i;
	return type == 0 ? TYPESET_ALL : TYPESET_OTHER;
}

void typeset_divide(struct typeset_parts *parts, uint32_t types)
{
	const unsigned int count = parts->count;

	for (unsigned int i = 0; i < count; i++) {
		uint32_t outside = parts->part[i] & ~types;

		if (outside == 0 || outside == parts->part[i])
			continue;
		parts->part[i] &= types;
		parts->part[parts->count++] = outside;
	}
}

uint32_t typeset_of_each(const struct typeset_parts *parts)
{
	uint32_t types = 0;

	for (unsigned int i = 0; i < parts->count; i++)
		types |= parts->part[i] & -parts->part[i];
	return types;
}
