/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether what is sent to an address comes back to this process, however the address is written. */
#ifndef BASE_REACH_H
#define BASE_REACH_H

#include <stdbool.h>

#include "base/addr.h"

/*
 * True when what is sent to `to` arrives at a socket bound to `listen`, over IPv6 without IPv4
 * (IPV6_V6ONLY).  0.0.0.0 and :: stand for the loopback address where they are sent to, and for
 * all addresses of this machine where they are bound; a scope is compared where both have one.
 * Asks the kernel which addresses are this machine's: what cannot be asked is not its own.
 */
bool reach_is_same(const struct endpoint *to, const struct endpoint *listen);

/* True for an address of the loopback network: what is sent there never leaves the machine. */
bool reach_is_loopback(const struct endpoint *address);

#endif
