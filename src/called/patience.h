/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Networks whose names take long to be asked for.  There is one turn for all clients: who has the
 * servers of a reverse zone, or of the names in it, be silent, or answer late, has others wait as
 * often as he has an address that is asked for.  So of a network of which SLOW_MAX in a row were
 * slow one more is asked for each PAUSE_MS.  As many networks are known as there is room; of others
 * the first gives way.  It asks nobody; the time is given.  One thread.
 */
#ifndef CALLED_PATIENCE_H
#define CALLED_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define PATIENCE_SLOW_MS 1000U
#define PATIENCE_SLOW_MAX 2U
#define PATIENCE_PAUSE_MS 60000U
#define PATIENCE_NETWORKS 64U
#define PATIENCE_BITS_IPV4 24U
#define PATIENCE_BITS_IPV6 48U

struct patience {
	struct {
		struct ip network;
		unsigned int slow; /* in a row */
		uint64_t until_ms; /* nobody of it is asked for before, if these are too many */
	} networks[PATIENCE_NETWORKS];
	unsigned int next; /* gives way */
};

/* True when the address is not to be asked for at `now_ms`. */
bool patience_is_over(const struct patience *patience, const struct ip *ip, uint64_t now_ms);

/* To ask for the address took so long, until `now_ms`. */
void patience_note(struct patience *patience, const struct ip *ip, uint64_t took_ms,
		   uint64_t now_ms);

#endif
