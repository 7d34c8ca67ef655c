/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 addresses behind which an IPv4 address is reached. */
#ifndef INSPECT_EMBEDDED_H
#define INSPECT_EMBEDDED_H

#include <stdbool.h>

#include "base/addr.h"

/*
 * The IPv4 address in one of 64:ff9b::/96 (NAT64, RFC 6052), 2002::/16 (6to4, RFC 3056) or ::/96
 * (IPv4-compatible, RFC 4291, 2.5.5.1) but :: and ::1.  False: there is none.  A mapped one is an
 * IPv4 address already (base/addr.h).
 */
bool embedded_ipv4(const struct ip *ip, struct ip *ret_ipv4);

#endif
