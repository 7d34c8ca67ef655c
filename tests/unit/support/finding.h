/* SPDX-License-Identifier: BSD-2-Clause */
/* A finding for tests of stores. */
#ifndef SUPPORT_FINDING_H
#define SUPPORT_FINDING_H

#include "store/store.h"

/* Three queries, of which two were merged, over UDP for A within five seconds. */
static inline struct archive_finding finding(const char *client, const char *list, const char *name,
					     uint32_t at_s)
{
	return (struct archive_finding){
		.client = client,
		.list = list,
		.name = name,
		.owner_labels = 2,
		.types = 1,
		.ways = 1,
		.first_s = at_s,
		.last_s = at_s + 5,
		.count = 3,
		.merged = 2,
	};
}

#endif
