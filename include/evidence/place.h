/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the configuration wants the ledger to be. */
#ifndef EVIDENCE_PLACE_H
#define EVIDENCE_PLACE_H

#include <limits.h>

#include "conf/conf.h"
#include "store/store.h"

#define LEDGER_FILE "ledger.db" /* in the state directory */
#define LEDGER_SPOOL "spool"	/* a folder there */

/* The texts of a store's place. */
struct place {
	char store[PATH_MAX];
	char password_file[PATH_MAX];
	char resolver[256];
	char spool[PATH_MAX];
	uint64_t spool_bytes;
};

/* The place that the configuration names. */
void place_make(const struct conf *conf, struct place *ret_place);

/* The same as a store is opened by; good as long as `place`. */
struct archive_place place_of(const struct place *place);

#endif
