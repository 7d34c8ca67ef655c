/* SPDX-License-Identifier: BSD-2-Clause */
/* By whose order a name is cut off: what the page tells its reader. */
#ifndef LANDING_ORDER_H
#define LANDING_ORDER_H

#include <stdbool.h>

#include "dns/name.h"
#include "given/localdata.h"

#define ORDER_TEXT_MAX 256U
#define ORDER_URL_MAX 1024U

/* "": not known. */
struct order {
	bool listed;			     /* a list blocks the name */
	bool ordered;			     /* for an authority's reason */
	char family[LOCALDATA_NOTE_MAX + 1]; /* a list's own is shorter */
	char court[ORDER_TEXT_MAX];
	char case_id[128];
	char date[16];
	char contact[ORDER_TEXT_MAX];
	char url[ORDER_URL_MAX];
	char remedy[ORDER_URL_MAX];
};

/* Fills in what is known of `host` (NULL: no name is).  Called in the thread of the landing. */
typedef void order_fn(void *arg, const struct name *host, struct order *ret_order);

#endif
