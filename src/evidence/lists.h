/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options say of the lists, copied to be written to the store by another thread. */
#ifndef EVIDENCE_LISTS_H
#define EVIDENCE_LISTS_H

#include "conf/conf.h"
#include "evidence/archive.h"

struct lists {
	size_t count;
	struct archive_list lists[CONF_LISTS_MAX]; /* of `texts` */
	char texts[];
};

/* NULL: out of memory. */
struct lists *lists_copy(const struct conf *conf);

#endif
