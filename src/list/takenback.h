/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of a list that others of it take back ($badfilter), wherever they stand. */
#ifndef LIST_TAKENBACK_H
#define LIST_TAKENBACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "dns/name.h"
#include "set/domset.h"
#include "base/pages.h"

#define TAKENBACK_MAX 65536U /* of a list; with more it is refused */

struct takenback_rule {
	struct name owner;
	struct domset_kind kind;
};

/* Zero-filled, it is empty.  First all are added, then they are asked for. */
struct takenback {
	struct pages pages;
	size_t count;
};

/* ERR_REFUSED: they are too many.  ERR_NOMEM. */
enum err takenback_add(struct takenback *t, const struct name *owner,
		       const struct domset_kind *kind) MUST_CHECK;

/* To be called between the last that is added and the first that is asked for. */
void takenback_sort(struct takenback *t);

bool takenback_has(const struct takenback *t, const struct name *owner,
		   const struct domset_kind *kind);

void takenback_fini(struct takenback *t);

#endif
