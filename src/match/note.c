/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/note.h"

#include "dns/typeset.h"

bool policy_note(const struct policy *policy, const struct verdict *verdict,
		 struct localdata_note *ret_note)
{
	if (verdict->list >= POLICY_LISTS_MAX || !localdata_has_notes(policy->data))
		return false;
	return localdata_note_of(policy->data, policy_data(policy, verdict), ret_note);
}

bool policy_rule_of(const struct policy *policy, unsigned int list, const struct name *name,
		    const struct name_suffixes *suffixes, uint16_t qtype,
		    struct verdict *ret_verdict)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	domset_lookup(policy->set, name, suffixes, typeset_of(qtype), &hits);
	for (uint32_t i = 0; i < hits.count; i++) {
		if (hits.hit[i].list != list)
			continue;
		*ret_verdict = (struct verdict){
			.matched = true,
			.list = hits.hit[i].list,
			.owner_labels = hits.hit[i].owner_labels,
			.record = hits.hit[i].record,
		};
		return true;
	}
	return false;
}
