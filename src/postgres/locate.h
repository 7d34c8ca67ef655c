/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the hosts of a URL are, so that libpq, which would wait for the system, need not ask: the
 * system may well ask us. */
#ifndef POSTGRES_LOCATE_H
#define POSTGRES_LOCATE_H

#include "store/store.h"

#define LOCATED_TEXT_MAX 4096U

/* What is told to libpq beside the URL, by commas; all "": nothing has to be. */
struct located {
	char host[LOCATED_TEXT_MAX];
	char hostaddr[LOCATED_TEXT_MAX];
	char port[LOCATED_TEXT_MAX];
};

/* Looks up what stands in the URL of `place`, by its find_host.  ERR_SYS: of no host is it known,
 * ERR_RANGE: there are too many, ERR_CANCELLED, with `text`. */
enum err locate_hosts(const struct archive_place *place, const atomic_bool *ending,
		      struct located *ret_hosts, struct err_text *text) MUST_CHECK;

#endif
