/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the records go that rules of a list give as answers. */
#ifndef LIST_ANSWERS_H
#define LIST_ANSWERS_H

#include <stdint.h>

#include "base/hash.h"
#include "given/localdata.h"

struct list_answers {
	struct localdata *data;	    /* NULL: nowhere, and such rules are skipped */
	const struct hash_key *key; /* any, by which the owners are hashed meanwhile */
	uint32_t ttl_s;
};

#endif
