/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row of a table says of its rule: for whoever tells why a name is listed.  Not on the path
 * of an answer.  Any thread. */
#ifndef MATCH_NOTE_H
#define MATCH_NOTE_H

#include "match/policy.h"

/* The note of the rule by which `verdict` has its name, which is good with this very policy; false:
 * it has none. */
bool policy_note(const struct policy *policy, const struct verdict *verdict,
		 struct localdata_note *ret_note);

/* The strongest rule that `list` has for a question, whether it decides or not, as a verdict would
 * tell it; false: it has none. */
bool policy_rule_of(const struct policy *policy, unsigned int list, const struct name *name,
		    const struct name_suffixes *suffixes, uint16_t qtype,
		    struct verdict *ret_verdict);

#endif
