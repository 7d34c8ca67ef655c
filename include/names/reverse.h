/* SPDX-License-Identifier: BSD-2-Clause */
/* The name by which the names of an address are asked for. */
#ifndef NAMES_REVERSE_H
#define NAMES_REVERSE_H

#include "base/addr.h"
#include "base/err.h"
#include "dns/name.h"

/* That name (RFC 1035, 3.5; RFC 3596, 2.5), of a whole address.  Any thread. */
enum err reverse_name(const struct ip *ip, struct name *ret_name) MUST_CHECK;

#endif
