/* SPDX-License-Identifier: BSD-2-Clause */
/* From what was said by command to what the policy asks. */
#ifndef MANUAL_COMPILE_H
#define MANUAL_COMPILE_H

#include "base/err.h"
#include "manual/manual.h"
#include "query/snapshot.h"

/*
 * Why `entry` must not come into force under the configuration and the lists of `snapshot`, as
 * ERR_REFUSED with `text`: a block of what the guard holds back in a list (a public suffix, a
 * protected name), or of the name of an upstream; a list that is mandatory or not there.
 * ERR_NOMEM.  Any thread that may use the snapshot; takes some milliseconds.
 */
enum err manual_check(const struct manual_entry *entry, const struct snapshot *snapshot,
		      struct err_text *text) MUST_CHECK;

/*
 * Makes of `manual` what the policy of `snapshot` asks; NULL: there is nothing to ask.  What
 * manual_check refuses is left out, and marked `held`.  ERR_NOMEM.  As manual_check.
 */
enum err manual_compile(struct manual *manual, const struct snapshot *snapshot,
			struct policy_manual **ret_compiled) MUST_CHECK;

/*
 * Puts what was said by command before, as another process has `handed` it on, or as it stands
 * below the state directory of `snapshot` (NULL), which nobody reads yet, into its policy; what has
 * ended by now is left out.  ERR_SYS, ERR_SYNTAX, ERR_NOMEM with `text`.
 */
enum err manual_apply(struct snapshot *snapshot, const struct manual *handed,
		      struct err_text *text) MUST_CHECK;

#endif
