/* SPDX-License-Identifier: BSD-2-Clause */
/* Zones with rules for what an answer has: which they are, and whether one has yet to be asked. */
#include "match/policy.h"

static uint8_t bit_of(enum trigger trigger)
{
	return (uint8_t)(1U << trigger);
}

static uint8_t server_rules(const struct policy *policy, unsigned int index)
{
	const struct addrset *addrs = policy->prefixes[TRIGGER_SERVER_ADDRESS];
	uint8_t bits = 0;

	if (policy->servers && domset_count(policy->servers, index).rules > 0)
		bits |= bit_of(TRIGGER_SERVER);
	if (addrset_count(addrs, index).rules > 0)
		bits |= bit_of(TRIGGER_SERVER_ADDRESS);
	return bits;
}

/* True for a list that is in force for who asks, and says something of the name. */
static bool speaks(const struct policy *policy, unsigned int index, struct policy_leave leave)
{
	const struct policy_list *list = &policy->lists[index];

	return !list->silent && !(leave.excepted & list->bit) &&
	       !(policy->manual && policy->manual->off[index]) &&
	       policy_holds(policy, leave.view, index);
}

void policy_note_zones(struct policy *policy)
{
	policy->first_answers = POLICY_PLACES;
	policy->server_rules = 0;
	for (unsigned int i = (unsigned int)policy->list_count; i-- > 0;) {
		struct policy_list *list = &policy->lists[i];

		list->servers = list->zone ? server_rules(policy, i) : 0;
		list->answers = list->servers ||
				(list->zone &&
				 addrset_count(policy->prefixes[TRIGGER_ADDRESS], i).rules > 0);
		policy->server_rules |= list->servers;
		if (list->answers)
			policy->first_answers = (uint16_t)i;
	}
}

/* True for a zone that decides something by what an answer has. */
static bool may_decide(const struct policy *policy, unsigned int index, struct policy_leave leave)
{
	const struct policy_list *list = &policy->lists[index];
	return list->answers && list->action != ACTION_LOG && speaks(policy, index, leave);
}

bool policy_waits_for_answer(const struct policy *policy, const struct verdict *verdict,
			     struct policy_leave leave)
{
	const struct policy_list *list = &policy->lists[verdict->list];

	if (!verdict->matched || leave.passed || !list->zone || list->hasty ||
	    (list->mandatory && action_blocks(verdict->action)))
		return false;
	for (unsigned int i = policy->first_answers; i < verdict->list; i++)
		if (may_decide(policy, i, leave))
			return true;
	return false;
}

/* ---- name servers */

/* True where a rule of the zone for a server of this kind would go before what was said. */
static bool goes_before(const struct policy *policy, unsigned int index, enum trigger trigger,
			const struct verdict *best)
{
	const bool enforced = policy->lists[index].mandatory;
	const bool best_enforced =
		policy->lists[best->list].mandatory && action_blocks(best->action);

	if (enforced != best_enforced)
		return enforced;
	if (index != best->list)
		return index < best->list;
	/* the longest of a kind decides, and names of servers go before their addresses */
	return best->trigger == TRIGGER_SERVER_ADDRESS ||
	       (best->trigger == TRIGGER_SERVER && trigger == TRIGGER_SERVER);
}

/* True for a list that is asked though something was said of a name before this one. */
static bool is_stronger(const struct policy *policy, unsigned int index, const struct verdict *said)
{
	return !said->matched || said->action == ACTION_TCP_ONLY ||
	       (policy->lists[index].mandatory && !policy->lists[said->list].mandatory);
}

bool policy_asks_server(const struct policy *policy, enum trigger trigger,
			struct policy_leave leave, const struct verdict *best,
			const struct verdict *said)
{
	if (!(policy->server_rules & bit_of(trigger)))
		return false;
	for (unsigned int i = policy->first_answers; i < policy->list_count; i++) {
		const struct policy_list *list = &policy->lists[i];

		if ((list->servers & bit_of(trigger)) && (!leave.passed || list->mandatory) &&
		    !policy_is_left_out(list, i, leave) && speaks(policy, i, leave) &&
		    is_stronger(policy, i, said) &&
		    (!best->matched || goes_before(policy, i, trigger, best)))
			return true;
	}
	return false;
}
