/* SPDX-License-Identifier: BSD-2-Clause */
/* Which UDP ports may be drawn as source ports: those from 1024 on, without such as others need. */
#ifndef BASE_PORTS_H
#define BASE_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"

#define PORT_MIN 1024U
#define PORTS_ALL (65536U - PORT_MIN)
#define PORTS_LEAST 1024U /* with fewer, forgers would have an easy guess */

/* All ports from `first` to `last`. */
struct port_range {
	uint16_t first;
	uint16_t last;
};

struct ports;

/* Reads "8053" or "8000-8100".  ERR_SYNTAX, ERR_RANGE (no port, or the last is below the first). */
enum err port_range_parse(const char *text, struct port_range *ret_range) MUST_CHECK;

/*
 * All ports but those of the `count` ranges of `avoid`, and those that `reserved` names: ranges
 * with commas between, as net.ipv4.ip_local_reserved_ports has them; NULL or empty: none.
 * What of `reserved` is no range is passed over.  The caller frees `*ret_ports`.
 * ERR_RANGE: fewer than PORTS_LEAST would be left.  ERR_NOMEM.  Any thread.
 */
enum err ports_create(const struct port_range *avoid, size_t count, const char *reserved,
		      struct ports **ret_ports) MUST_CHECK;

/* One of them, each as likely; of all from PORT_MIN on when `ports` is NULL. */
uint16_t ports_draw(const struct ports *ports, struct random_pool *random);

/* NULL is fine. */
void ports_free(struct ports *ports);

#endif
