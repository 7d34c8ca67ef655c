/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/policy.h"

#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"

_Static_assert(POLICY_PLACES < DOMSET_LISTS_MAX, "each place has its rules");

/* Hits that lie at hand; a name of more lists is looked up once more. */
#define FEW_HITS 32U

/* A question, as the lists are asked. */
struct asked {
	const struct name *name;
	const struct name_suffixes *suffixes;
	uint32_t types;
	struct policy_leave leave;
	const struct domset_hits *clients; /* rules for the client; NULL: there are none */
};

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
	const struct policy_list *list = &policy->lists[hit->list];

	return (struct verdict){
		.matched = true,
		.noted = list->findings,
		.action = policy_action(list, hit->answer),
		.list = hit->list,
		.owner_labels = hit->owner_labels,
		.below_only = hit->scope == DOMSET_SCOPE_BELOW,
		.record = hit->record,
	};
}

/* True when the list's rule is one that counts. */
static inline bool is_asked(const struct policy *policy, const struct domset_hit *hit,
			    struct policy_leave leave, const bool *off)
{
	const struct policy_list *list = &policy->lists[hit->list];

	if (hit->exception || (leave.excepted & list->bit) || list->silent ||
	    (leave.passed && !list->mandatory) || (off && off[hit->list]) ||
	    (list->parted && !policy_holds(policy, leave.view, hit->list)))
		return false;
	return (leave.limit == 0 && !leave.done) || !policy_is_left_out(list, hit->list, leave);
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
		if (!is_asked(policy, hit, leave, off))
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
	v.listed = hits->count > 0;
	v.view = leave.view;
	return v;
}

uint32_t policy_data(const struct policy *policy, const struct verdict *verdict)
{
	if (verdict->trigger >= TRIGGER_ADDRESS)
		return addrset_data(policy->prefixes[verdict->trigger], verdict->record);
	if (verdict->list >= POLICY_LISTS_MAX)
		return 0;
	return domset_data(verdict->trigger == TRIGGER_SERVER ? policy->servers : policy->set,
			   verdict->record);
}

struct prefix policy_prefix(const struct policy *policy, const struct verdict *verdict)
{
	return addrset_rule(policy->prefixes[verdict->trigger], verdict->record).prefix;
}

/* The CNAME of a rule gives the very name it is for. */
static __attribute__((noinline)) bool
leads_to_itself(const struct policy *policy, const struct name *name, struct verdict verdict)
{
	uint32_t number = policy_data(policy, &verdict);
	struct localdata_record cname;
	struct name target;

	if (number == 0 || !localdata_find(policy->data, number, TYPE_CNAME, &cname) ||
	    cname.rdlen != name->len)
		return false;
	name_copy_lower(&target, cname.rdata, cname.rdlen);
	return name_equal(&target, name);
}

static const struct domset_hit *hit_of(const struct domset_hits *hits, unsigned int list)
{
	for (uint32_t i = 0; i < hits->count; i++)
		if (hits->hit[i].list == list)
			return &hits->hit[i];
	return NULL;
}

/* Such a rule lets the name pass, as of old; but not in a mandatory list, which counts it among
 * those that block. */
static enum action action_of_circle(const struct policy *policy, struct verdict verdict)
{
	return policy->lists[verdict.list].mandatory ? ACTION_NODATA : ACTION_PASS;
}

/* What the lists say of the name. */
static inline struct verdict judge_name(const struct policy *policy, const struct asked *asked,
					const struct domset_hits *hits, const bool *off)
{
	struct verdict v = judge(policy, hits, asked->leave, off);

	if (asked->clients && v.matched && hit_of(asked->clients, v.list))
		v.trigger = TRIGGER_CLIENT;
	if (v.action == ACTION_GIVEN && leads_to_itself(policy, asked->name, v))
		v.action = action_of_circle(policy, v);
	return v;
}

/* The verdict by command, and what the lists say besides. */
static struct verdict with_manual(struct verdict manual, const struct verdict *lists)
{
	manual.excepted = lists->excepted;
	manual.logged = lists->logged;
	manual.listed = lists->listed;
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

/* More is to be looked at than the hits. */
static __attribute__((noinline, cold)) struct verdict
judge_more(const struct policy *policy, struct asked asked, const struct domset_hits *hits)
{
	if (hits->count > FEW_HITS)
		return match_many(policy, &asked);
	return judge_with_manual(policy, &asked, hits);
}

/* Each query comes by here: the look-up is to be a part of it, whoever else calls that. */
__attribute__((flatten)) struct verdict policy_match(const struct policy *policy,
						     const struct name *name,
						     const struct name_suffixes *suffixes,
						     uint16_t qtype, struct policy_leave leave)
{
	struct domset_hit few[FEW_HITS];
	struct domset_hits hits = {.room = FEW_HITS, .hit = few};
	uint32_t types = domset_types(policy->set) ? typeset_of(qtype) : 0;
	struct asked asked = {name, suffixes, types, leave, NULL};

	domset_lookup(policy->set, name, suffixes, types, &hits);
	if (policy->manual || hits.count > FEW_HITS)
		return judge_more(policy, asked, &hits);
	if (hits.count == 0)
		return (struct verdict){.matched = false};
	return judge_name(policy, &asked, &hits, NULL);
}

/* Adds the rule where its list belongs, unless the list has spoken: by a longer prefix. */
static void add_hit(struct domset_hits *hits, const struct domset_hit *hit)
{
	uint32_t at = hits->count;

	for (uint32_t i = 0; i < hits->count; i++)
		if (hits->hit[i].list == hit->list)
			return;
	for (; at > 0 && hits->hit[at - 1].list > hit->list; at--)
		hits->hit[at] = hits->hit[at - 1];
	hits->hit[at] = *hit;
	hits->count++;
}

/* The strongest rule of each list for an address; `record` is of the longest prefix that has it. */
static void find_prefixes(const struct addrset *set, uint32_t record, struct domset_hits *hits)
{
	for (; record != ADDRSET_NONE; record = addrset_next(set, record)) {
		const struct domset_hit hit = {
			.list = (uint16_t)addrset_list(set, record),
			.answer = addrset_answer(set, record),
			.record = record,
		};

		add_hit(hits, &hit);
	}
}

static const bool *off_of(const struct policy *policy)
{
	return policy->manual ? policy->manual->off : NULL;
}

/* `record` is of the longest prefix that has the address. */
static __attribute__((noinline)) struct verdict match_prefixes(const struct policy *policy,
							       enum trigger trigger,
							       uint32_t record,
							       struct policy_leave leave)
{
	struct domset_hit hit[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = hit};
	struct verdict v;

	find_prefixes(policy->prefixes[trigger], record, &hits);
	v = judge(policy, &hits, leave, off_of(policy));
	v.trigger = (uint8_t)trigger;
	return v;
}

struct verdict policy_match_prefix(const struct policy *policy, enum trigger trigger,
				   const struct ip *ip, struct policy_leave leave)
{
	const struct addrset *set = policy->prefixes[trigger];
	uint32_t record = set ? addrset_first(set, ip) : ADDRSET_NONE;

	if (record == ADDRSET_NONE)
		return (struct verdict){.matched = false};
	return match_prefixes(policy, trigger, record, leave);
}

struct verdict policy_match_server(const struct policy *policy, const struct name *server,
				   struct policy_leave leave)
{
	struct domset_hit hit[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = hit};
	struct name_suffixes suffixes;
	struct verdict v;

	name_hash_suffixes(domset_key(policy->servers), server, &suffixes);
	domset_lookup(policy->servers, server, &suffixes, 0, &hits);
	v = judge(policy, &hits, leave, off_of(policy));
	v.trigger = TRIGGER_SERVER;
	return v;
}

/* ---- rules for clients */

/* The client's rules are the stronger ones of their lists: they are there before those of names. */
static __attribute__((noinline)) struct verdict match_client(const struct policy *policy,
							     struct asked asked, uint32_t record)
{
	struct domset_hit of_client[DOMSET_LISTS_MAX];
	struct domset_hit of_name[DOMSET_LISTS_MAX];
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits clients = {.room = DOMSET_LISTS_MAX, .hit = of_client};
	struct domset_hits names = {.room = DOMSET_LISTS_MAX, .hit = of_name};
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	find_prefixes(policy->prefixes[TRIGGER_CLIENT], record, &clients);
	asked.clients = &clients;
	domset_lookup(policy->set, asked.name, asked.suffixes, asked.types, &names);
	for (uint32_t i = 0; i < clients.count; i++)
		add_hit(&hits, &clients.hit[i]);
	for (uint32_t i = 0; i < names.count; i++)
		add_hit(&hits, &names.hit[i]);
	if (policy->manual)
		return judge_with_manual(policy, &asked, &hits);
	return judge_name(policy, &asked, &hits, NULL);
}

struct verdict policy_match_query(const struct policy *policy, const struct name *name,
				  const struct name_suffixes *suffixes, uint16_t qtype,
				  const struct ip *client, struct policy_leave leave)
{
	const struct addrset *set = policy->prefixes[TRIGGER_CLIENT];
	const struct asked asked = {
		.name = name,
		.suffixes = suffixes,
		.types = domset_types(policy->set) ? typeset_of(qtype) : 0,
		.leave = leave,
	};
	uint32_t record = set ? addrset_first(set, client) : ADDRSET_NONE;

	if (record == ADDRSET_NONE)
		return policy_match(policy, name, suffixes, qtype, leave);
	return match_client(policy, asked, record);
}

struct domset_count policy_count(const struct policy *policy, unsigned int place)
{
	if (place < POLICY_LISTS_MAX)
		return domset_count(policy->set, place);
	if (policy->manual)
		return domset_count(policy->manual->set, place);
	return (struct domset_count){.rules = 0};
}
