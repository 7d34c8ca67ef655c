/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "dns/wire.h"

#define REBINDING_TTL_S 60U

#define REASON_CODES(X)                                                                            \
	X(REASON_ORDER, EDE_CENSORED)                                                              \
	X(REASON_OPERATOR, EDE_BLOCKED)                                                            \
	X(REASON_REQUESTED, EDE_FILTERED)

static const enum ede_code reason_code[] = {REASON_CODES(TABLE_ROW)};
TABLE_COMPLETE(REASON_CODES, REASON_COUNT);

void policy_list_describe(struct policy_list *list, enum reason reason, const char *case_number)
{
	char text[2 * EDE_TEXT_MAX];

	if (*case_number)
		snprintf(text, sizeof(text), "%s; case %s", list->name, case_number);
	else
		snprintf(text, sizeof(text), "%s", list->name);
	edes_set(&list->forged, EDE_FORGED_ANSWER, text);
	edes_set(&list->denied, reason_code[reason], text);
}

void policy_describe_rebinding(struct policy *policy)
{
	struct policy_list *list = &policy->lists[POLICY_REBINDING];

	*list = (struct policy_list){
		.name = "rebinding", .action = ACTION_NODATA, .ttl_s = REBINDING_TTL_S};
	edes_set(&list->denied, EDE_BLOCKED,
		 "rebinding: the name has an address of a private network");
}

_Static_assert(POLICY_PLACES < DOMSET_LISTS_MAX, "each place has its rules");

/* Hits that lie at hand; a name of more lists is looked up once more. */
#define FEW_HITS 32U

/* A question, as the lists are asked. */
struct asked {
	const struct name *name;
	const struct name_suffixes *suffixes;
	uint32_t types;
	struct policy_leave leave;
};

static bool may_log(const struct policy_list *list)
{
	return list->action == ACTION_LOG || list->term.action == ACTION_LOG ||
	       list->term.lapse == LAPSE_LOG;
}

size_t policy_give_bits(struct policy *policy)
{
	unsigned int given = 0;
	size_t without = 0;

	for (unsigned int i = 0; i < policy->list_count; i++)
		policy->lists[i].bit = 0;
	for (unsigned int turn = 0; turn < 2; turn++) {
		for (unsigned int i = 0; i < policy->list_count; i++) {
			struct policy_list *list = &policy->lists[i];

			if (may_log(list) != (turn == 0) ||
			    (turn == 1 && !domset_has_exceptions(policy->set, i)))
				continue;
			without += given == POLICY_BITS_MAX;
			if (given == POLICY_BITS_MAX)
				continue;
			list->bit = 1ULL << given;
			policy->bit_list[given++] = (uint16_t)i;
		}
	}
	return without;
}

enum action policy_action(const struct policy_list *list, uint8_t answer)
{
	static const enum action actions[DOMSET_ANSWER_COUNT] = {
		[DOMSET_ANSWER_NXDOMAIN] = ACTION_NXDOMAIN,
		[DOMSET_ANSWER_NODATA] = ACTION_NODATA,
		[DOMSET_ANSWER_REFUSED] = ACTION_REFUSED,
		[DOMSET_ANSWER_DROP] = ACTION_DROP,
		[DOMSET_ANSWER_PASS] = ACTION_PASS,
		[DOMSET_ANSWER_TCP_ONLY] = ACTION_TCP_ONLY,
		[DOMSET_ANSWER_DATA] = ACTION_GIVEN,
	};

	return answer ? actions[answer] : list->action;
}

/* A zone that lets pass does so in its turn. */
static bool passes_first(const struct policy_list *list)
{
	return list->action == ACTION_PASS && !list->zone;
}

static struct verdict verdict_of(const struct policy *policy, const struct domset_hit *hit)
{
	return (struct verdict){
		.matched = true,
		.action = policy_action(&policy->lists[hit->list], hit->answer),
		.list = hit->list,
		.owner_labels = hit->owner_labels,
		.below_only = hit->scope == DOMSET_SCOPE_BELOW,
		.record = hit->record,
	};
}

/* One pass over the lists' strongest rules, which come in the order of the configuration. */
static struct verdict judge(const struct policy *policy, const struct domset_hits *hits,
			    struct policy_leave leave, const bool *off)
{
	const struct domset_hit *mandatory = NULL;
	const struct domset_hit *first = NULL;
	const struct domset_hit *pass = NULL;
	uint64_t excepted = 0;
	uint64_t logged = 0;
	struct verdict v = {.matched = false};

	for (uint32_t i = 0; i < hits->count; i++) {
		const struct domset_hit *hit = &hits->hit[i];
		const struct policy_list *list = &policy->lists[hit->list];

		if (hit->exception && hit->answer != DOMSET_ANSWER_NOTHING)
			excepted |= list->action != ACTION_PASS ? list->bit : 0;
		if (hit->exception || (leave.excepted & list->bit) || list->silent ||
		    (leave.passed && !list->mandatory) || (off && off[hit->list]))
			continue;
		if (list->action == ACTION_LOG)
			logged |= list->bit;
		else if (list->mandatory && policy_hit_blocks(policy, hit))
			mandatory = mandatory ? mandatory : hit;
		else if (passes_first(list))
			pass = pass ? pass : hit;
		else
			first = first ? first : hit;
	}
	first = mandatory ? mandatory : pass ? pass : first;
	if (first)
		v = verdict_of(policy, first);
	v.excepted = excepted;
	v.logged = first == pass && pass ? 0 : logged;
	return v;
}

/* The CNAME of a rule that gives the very name it is for lets that pass, as of old. */
static __attribute__((noinline)) bool
leads_to_itself(const struct policy *policy, const struct name *name, const struct verdict *verdict)
{
	uint32_t number = domset_data(policy->set, verdict->record);
	struct localdata_record cname;
	struct name target;

	if (number == 0 || !localdata_find(policy->data, number, TYPE_CNAME, &cname) ||
	    cname.rdlen != name->len)
		return false;
	name_copy_lower(&target, cname.rdata, cname.rdlen);
	return name_equal(&target, name);
}

/* What the lists say of the name. */
static inline struct verdict judge_name(const struct policy *policy, const struct asked *asked,
					const struct domset_hits *hits, const bool *off)
{
	struct verdict v = judge(policy, hits, asked->leave, off);

	if (v.action == ACTION_GIVEN && leads_to_itself(policy, asked->name, &v))
		v.action = ACTION_PASS;
	return v;
}

static const struct domset_hit *hit_of(const struct domset_hits *hits, unsigned int list)
{
	for (uint32_t i = 0; i < hits->count; i++)
		if (hits->hit[i].list == list)
			return &hits->hit[i];
	return NULL;
}

/* The verdict by command, and what the lists say besides. */
static struct verdict with_manual(struct verdict manual, const struct verdict *lists)
{
	manual.excepted = lists->excepted;
	manual.logged = lists->logged;
	return manual;
}

/* With what was said by command, which is seldom anything. */
static __attribute__((noinline, cold)) struct verdict
judge_with_manual(const struct policy *policy, const struct asked *asked,
		  const struct domset_hits *hits)
{
	const struct domset_hit *pass;
	const struct domset_hit *block;
	struct domset_hit hit[2];
	struct domset_hits manual = {.room = 2, .hit = hit};
	struct verdict v;

	domset_lookup(policy->manual->set, asked->name, asked->suffixes, asked->types, &manual);
	block = hit_of(&manual, POLICY_MANUAL_BLOCK);
	pass = asked->leave.passed ? NULL : hit_of(&manual, POLICY_MANUAL_PASS);
	v = judge_name(policy, asked, hits, policy->manual->off);
	if (block)
		return with_manual(verdict_of(policy, block), &v);
	if (!pass || (v.matched && policy->lists[v.list].mandatory && action_blocks(v.action)))
		return v;
	v.logged = 0;
	return with_manual(verdict_of(policy, pass), &v);
}

/* Many lists have the name: all of them are asked. */
static __attribute__((noinline, cold)) struct verdict match_many(const struct policy *policy,
								 const struct asked *asked)
{
	struct domset_hit many[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = many};

	domset_lookup(policy->set, asked->name, asked->suffixes, asked->types, &hits);
	if (policy->manual)
		return judge_with_manual(policy, asked, &hits);
	return judge_name(policy, asked, &hits, NULL);
}

/* Each query comes by here: the look-up is to be a part of it, whoever else calls that. */
__attribute__((flatten)) struct verdict policy_match(const struct policy *policy,
						     const struct name *name,
						     const struct name_suffixes *suffixes,
						     uint16_t qtype, struct policy_leave leave)
{
	struct domset_hit few[FEW_HITS];
	struct domset_hits hits = {.room = FEW_HITS, .hit = few};
	struct asked asked = {.name = name, .suffixes = suffixes, .leave = leave};

	if (domset_types(policy->set))
		asked.types = typeset_of(qtype);
	domset_lookup(policy->set, name, suffixes, asked.types, &hits);
	if (hits.count > FEW_HITS)
		return match_many(policy, &asked);
	if (policy->manual)
		return judge_with_manual(policy, &asked, &hits);
	if (hits.count == 0)
		return (struct verdict){.matched = false};
	return judge_name(policy, &asked, &hits, NULL);
}

/* A prefix of each length at most has the address, each once for a list that has it. */
#define ADDRESS_HITS DOMSET_LISTS_MAX

/* Adds the rule where its list belongs, unless the list has spoken: by a longer prefix. */
static void add_hit(struct domset_hits *hits, uint32_t list, uint32_t record)
{
	uint32_t at = hits->count;

	for (uint32_t i = 0; i < hits->count; i++)
		if (hits->hit[i].list == list)
			return;
	for (; at > 0 && hits->hit[at - 1].list > list; at--)
		hits->hit[at] = hits->hit[at - 1];
	hits->hit[at] = (struct domset_hit){.list = (uint16_t)list, .record = record};
	hits->count++;
}

/* `record` is of the longest prefix that has the address. */
static __attribute__((noinline)) struct verdict
match_prefixes(const struct policy *policy, uint32_t record, struct policy_leave leave)
{
	struct domset_hit hit[ADDRESS_HITS];
	struct domset_hits hits = {.room = ADDRESS_HITS, .hit = hit};
	struct verdict v;

	for (; record != ADDRSET_NONE; record = addrset_next(policy->addrs, record))
		add_hit(&hits, addrset_list(policy->addrs, record), record);
	v = judge(policy, &hits, leave, policy->manual ? policy->manual->off : NULL);
	v.address = true;
	return v;
}

struct verdict policy_match_address(const struct policy *policy, const struct ip *ip,
				    struct policy_leave leave)
{
	uint32_t record = policy->addrs ? addrset_first(policy->addrs, ip) : ADDRSET_NONE;

	if (record == ADDRSET_NONE)
		return (struct verdict){.matched = false};
	return match_prefixes(policy, record, leave);
}

struct domset_count policy_count(const struct policy *policy, unsigned int place)
{
	if (place < POLICY_LISTS_MAX)
		return domset_count(policy->set, place);
	if (policy->manual)
		return domset_count(policy->manual->set, place);
	return (struct domset_count){.rules = 0};
}

void policy_manual_free(struct policy_manual *manual)
{
	if (!manual)
		return;
	domset_free(manual->set);
	free(manual);
}

void policy_set_manual(struct policy *policy, struct policy_manual *manual)
{
	policy_manual_free(policy->manual);
	policy->manual = manual;
}

enum err policy_follow(const struct policy *policy, struct policy_manual *manual,
		       struct policy **ret_policy)
{
	struct policy *next = calloc(1, sizeof(*next));

	if (!next)
		return ERR_NOMEM;
	/* of the places, which take megabytes, those that are filled */
	memcpy(next, policy, offsetof(struct policy, lists));
	for (unsigned int i = policy_first_place(policy); i < POLICY_PLACES;
	     i = policy_next_place(policy, i))
		next->lists[i] = policy->lists[i];
	next->lists[POLICY_REBINDING] = policy->lists[POLICY_REBINDING];
	next->manual = manual;
	*ret_policy = next;
	return ERR_OK;
}

void policy_free_former(struct policy *policy)
{
	policy_manual_free(policy->manual);
	free(policy);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	domset_free(policy->set);
	addrset_free(policy->addrs);
	localdata_free(policy->data);
	policy_free_former(policy);
}
