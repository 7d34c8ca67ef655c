/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the section rate-limit of the configuration says of an address, found by its prefix.
 * Immutable: a part of the snapshot.
 */
#ifndef GROUP_RATES_H
#define GROUP_RATES_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "conf/conf.h"

struct rates;

/* How often a client may ask. */
struct rate {
	uint32_t per_second;
	uint32_t burst; /* at once after a pause; at least 1 */
};

/* Compiles `conf`, of which nothing is kept.  `*ret_rates` is NULL when it limits nobody; the
 * caller frees it.  ERR_NOMEM. */
enum err rates_create(const struct conf_ratelimit *conf, struct rates **ret_rates) MUST_CHECK;

/* NULL is fine. */
void rates_free(struct rates *rates);

/* The rate of `address`; NULL: it is not limited.  Any thread. */
const struct rate *rates_find(const struct rates *rates, const struct ip *address);

#endif
