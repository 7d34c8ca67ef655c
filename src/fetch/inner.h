/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of machines and networks of one's own: what a server far away does not send us to. */
#ifndef FETCH_INNER_H
#define FETCH_INNER_H

#include "base/addr.h"

/* The networks of CONF_PRIVATE_NETWORKS; prefix_set_free is the caller's.  ERR_NOMEM. */
enum err inner_create(struct prefix_set **ret_set) MUST_CHECK;

#endif
