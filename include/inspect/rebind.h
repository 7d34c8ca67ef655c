/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rebinding: a public name whose address is one of the network's own, by which a page from outside
 * has a browser speak to what is inside.
 */
#ifndef INSPECT_REBIND_H
#define INSPECT_REBIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"

struct rebind;

/* Of these networks, which may overlap.  ERR_NOMEM. */
enum err rebind_create(const struct prefix *networks, size_t count, const struct hash_key *name_key,
		       struct rebind **ret_rebind) MUST_CHECK;

/* NULL is fine. */
void rebind_free(struct rebind *rebind);

/* The lower-case name and all below it may have such addresses.  Before the first look-up; a name
 * may be given twice.  ERR_NOMEM. */
enum err rebind_except(struct rebind *rebind, const struct name *name) MUST_CHECK;

/* True when the name is one of those, or below.  Any thread. */
bool rebind_is_excepted(const struct rebind *rebind, const struct name *name);

/* True when the address is in the networks, or has one of them in it (see inspect/embedded.h). Any
 * thread. */
bool rebind_is_private(const struct rebind *rebind, const struct ip *ip);

#endif
