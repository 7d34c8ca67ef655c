/* SPDX-License-Identifier: BSD-2-Clause */
/* Things said by command, for tests. */
#ifndef SUPPORT_SAID_H
#define SUPPORT_SAID_H

#include <stdio.h>
#include <string.h>

#include "manual/manual.h"

/* An entry about the name or the list that `of` is. */
static inline struct manual_entry said(enum manual_kind kind, const char *of, uint64_t until_s)
{
	struct manual_entry entry = {.kind = kind, .since_s = 1, .until_s = until_s};

	if (kind == MANUAL_LIST_OFF)
		snprintf(entry.list, sizeof(entry.list), "%s", of);
	else
		assert_int_equal(name_from_text(of, strlen(of), &entry.name), ERR_OK);
	snprintf(entry.ticket, sizeof(entry.ticket), "T-1");
	snprintf(entry.by, sizeof(entry.by), "user 0");
	return entry;
}

static inline void say(struct manual *manual, enum manual_kind kind, const char *of,
		       uint64_t until_s)
{
	struct manual_entry entry = said(kind, of, until_s);

	assert_int_equal(manual_put(manual, &entry), ERR_OK);
}

#endif
