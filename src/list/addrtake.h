/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of addresses, from their line through the gate into the builder. */
#ifndef LIST_ADDRTAKE_H
#define LIST_ADDRTAKE_H

#include "list/addrline.h"
#include "list/listfile.h"
#include "line/word.h"

/* Adds a range, which stands in the last of the report's lines, or holds it back; `data` as of
 * addrset_rule.  Errors as of addrset_builder_add. */
enum err addrtake_range(const struct listfile_options *options, struct list_report *report,
			const struct addrline_range *range, uint32_t data,
			struct word line) MUST_CHECK;

/* True when addresses are taken, and the line, among names, is one; "||192.0.2.1^" is as well. */
bool addrtake_is_range(const struct listfile_options *options, struct word line,
		       struct addrline_range *ret_range);

#endif
