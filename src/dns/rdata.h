/* SPDX-License-Identifier: BSD-2-Clause */
/* Where names that may be compressed stand in rdata (RFC 1035, 3.3; RFC 3597, 4). */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/wire.h"

/* All of an rdata of such a type. */
struct rdata_form {
	uint8_t before; /* octets */
	uint8_t names;	/* 0: the rdata is but octets, and nothing else here holds */
	uint8_t after;	/* octets */
};

static inline struct rdata_form rdata_form(uint16_t type)
{
	switch (type) {
	case TYPE_NS:
	case TYPE_MD:
	case TYPE_MF:
	case TYPE_CNAME:
	case TYPE_MB:
	case TYPE_MG:
	case TYPE_MR:
	case TYPE_PTR:
	case TYPE_DNAME:
		return (struct rdata_form){0, 1, 0};
	case TYPE_SOA:
		return (struct rdata_form){0, 2, 20};
	case TYPE_MINFO:
	case TYPE_RP:
		return (struct rdata_form){0, 2, 0};
	case TYPE_MX:
	case TYPE_AFSDB:
	case TYPE_RT:
		return (struct rdata_form){2, 1, 0};
	case TYPE_PX:
		return (struct rdata_form){2, 2, 0};
	case TYPE_SRV:
		return (struct rdata_form){6, 1, 0};
	default:
		return (struct rdata_form){0, 0, 0};
	}
}

/* True for a type whose rdata, behind `*ret_before` octets, has a name that an asker goes on to. */
static inline bool rdata_target(uint16_t type, uint8_t *ret_before)
{
	switch (type) {
	case TYPE_CNAME:
	case TYPE_DNAME:
	case TYPE_NS:
	case TYPE_MX:
	case TYPE_AFSDB:
	case TYPE_SRV:
		*ret_before = rdata_form(type).before;
		return true;
	case TYPE_SVCB:
	case TYPE_HTTPS:
		*ret_before = 2; /* its name is never compressed (RFC 9460, 2.2) */
		return true;
	default:
		return false;
	}
}

#endif
