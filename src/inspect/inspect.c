/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect/inspect.h"

#include "base/apart.h"
#include "dns/hints.h"
#include "inspect/embedded.h"
#include "inspect/judgement.h"

/* As for a question of the type. */
static void judge_name_for(struct judgement *j, const struct name *name, uint16_t qtype,
			   struct policy_leave *leave)
{
	struct verdict v = judgement_name(j->rules, name, qtype, *leave);

	*leave = policy_leave_behind(*leave, &v);
	judgement_note(j, &v);
}

static void judge_name(struct judgement *j, const struct name *name, struct policy_leave *leave)
{
	judge_name_for(j, name, j->qtype, leave);
}

/* Addresses that a service's record gives are the name's as much as if they were asked for: rules
 * for such questions alone hold for the name. */
static void judge_hinted(struct judgement *j, const uint8_t *msg, const struct wire_rr *rr,
			 const struct name *name, struct policy_leave leave)
{
	bool seen[2] = {false, false};
	struct hints_walk hints;
	struct ip ip;

	if (domset_types(j->rules->policy->set) == 0)
		return;
	hints_begin(&hints, msg, rr);
	while (hints_next(&hints, &ip)) {
		const bool ipv6 = ip.family == AF_INET6;

		if (!seen[ipv6])
			judge_name_for(j, name, ipv6 ? TYPE_AAAA : TYPE_A, &leave);
		seen[ipv6] = true;
	}
}

/* ---- what is there */

static bool asks_for_addresses(const struct inspect_rules *rules)
{
	return rules->policy->prefixes[TRIGGER_ADDRESS] || rules->rebind;
}

#define NO_TARGET 255U

/* Octets of rdata before the name of another host that the record gives. */
static unsigned int target_at(uint16_t type)
{
	switch (type) {
	case TYPE_NS:
		return 0;
	case TYPE_MX:
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return 2;
	case TYPE_SRV:
		return 6;
	default:
		return NO_TARGET;
	}
}

/* Keeps a record with addresses, the `number`-th, as long as there is room. */
static void keep(struct inspection *in, const struct wire_rr *rr, unsigned int number,
		 size_t behind)
{
	bool wanted = judgement_has_address(rr->type);

	in->addresses |= wanted;
	if (in->kept_until + 1 != number || (wanted && in->kept_count == KEPT_MAX))
		return;
	if (wanted)
		in->kept[in->kept_count++] = *rr;
	in->kept_until = number;
	in->behind_kept = behind;
}

/* Keeps the CNAMEs and DNAMEs of the answer section, as many as reply_parse has followed. */
static void collect(struct inspection *in, const struct reply *reply)
{
	const bool asked = asks_for_addresses(in->judgement.rules);
	size_t pos = reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = 0; i < reply->ancount; i++) {
		struct bailiwick_link *link = &in->links[in->link_count];
		size_t owner = pos;
		size_t target;

		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		in->targets |= target_at(rr.type) != NO_TARGET;
		if (asked)
			keep(in, &rr, i + 1, pos);
		target = rr.rdata;
		if (in->link_count == BAILIWICK_LINKS_MAX ||
		    (rr.type != TYPE_CNAME && rr.type != TYPE_DNAME) ||
		    name_unpack(in->msg, in->len, &owner, &link->owner) != ERR_OK ||
		    name_unpack(in->msg, in->len, &target, &link->target) != ERR_OK)
			continue;
		link->type = rr.type;
		in->link_count++;
	}
}

/* ---- names */

/* Judges the names that CNAMEs and DNAMEs lead to, each with the leave of the one that led to it.
 */
static void judge_names(struct inspection *in)
{
	struct bailiwick *b = &in->bailiwick;

	for (unsigned int i = 1; i < b->count; i++) {
		in->leave[i] = policy_leave_led(in->leave[b->parent[i]]);
		judge_name(&in->judgement, &b->names[i], &in->leave[i]);
	}
}

/* The leave of a record's owner; NULL: the question does not lead there.  Most owners point to the
 * question's name. */
static const struct policy_leave *leave_of(const struct inspection *in, size_t at)
{
	struct name owner;
	unsigned int place;

	if (wire_get16(in->msg + at) == ANSWER_QNAME_POINTER)
		return &in->leave[0];
	if (name_unpack(in->msg, in->len, &at, &owner) != ERR_OK)
		return NULL;
	place = bailiwick_find(&in->bailiwick, &owner);
	return place < in->bailiwick.count ? &in->leave[place] : NULL;
}

/* A service at its own name, by which it was judged for questions as this one. */
static void judge_itself(struct inspection *in, const struct wire_rr *rr, struct policy_leave leave)
{
	size_t at = rr->owner;
	struct name owner;

	if (name_unpack(in->msg, in->len, &at, &owner) == ERR_OK)
		judge_hinted(&in->judgement, in->msg, rr, &owner, leave);
}

static void judge_target(struct inspection *in, const struct wire_rr *rr)
{
	size_t pos = rr->rdata + target_at(rr->type);
	const struct policy_leave *owner = leave_of(in, rr->owner);
	struct policy_leave leave;
	struct name name;

	if (!owner || pos >= rr->end || name_unpack(in->msg, in->len, &pos, &name) != ERR_OK)
		return;
	if (name.len <= 1) {
		judge_itself(in, rr, *owner);
		return;
	}
	leave = policy_leave_led(*owner);
	judge_name(&in->judgement, &name, &leave);
	judge_hinted(&in->judgement, in->msg, rr, &name, leave);
}

static void judge_targets(struct inspection *in, const struct reply *reply)
{
	size_t pos = reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = 0; i < reply->ancount; i++)
		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		else if (target_at(rr.type) != NO_TARGET)
			judge_target(in, &rr);
}

/* ---- addresses */

/* False for nearly all addresses, at little cost. */
static bool may_be_listed(const struct addrset *addrs, const struct ip *ip)
{
	struct ip ipv4;

	return addrs && (addrset_first(addrs, ip) != ADDRSET_NONE || embedded_ipv4(ip, &ipv4));
}

static APART void judge_listed(struct judgement *j, const struct ip *ip, struct policy_leave leave)
{
	struct verdict v = judgement_address(j->rules->policy, TRIGGER_ADDRESS, ip, leave);

	judgement_note(j, &v);
}

static void judge_address(struct judgement *j, const struct ip *ip, struct policy_leave leave)
{
	if (may_be_listed(j->rules->policy->prefixes[TRIGGER_ADDRESS], ip))
		judge_listed(j, ip, leave);
	j->rebound |= j->rules->rebind && rebind_is_private(j->rules->rebind, ip);
}

/* Of a record that is an address, or has hints. */
static void judge_record(struct judgement *j, const uint8_t *msg, const struct wire_rr *rr,
			 struct policy_leave leave)
{
	const bool ipv6 = rr->type == TYPE_AAAA;
	struct hints_walk hints;
	struct ip ip;

	if (rr->type == TYPE_A || ipv6) {
		if (rr->rdlen != (ipv6 ? 16 : 4))
			return;
		ip = ip_from_octets(msg + rr->rdata, ipv6);
		judge_address(j, &ip, leave);
		return;
	}
	hints_begin(&hints, msg, rr);
	while (hints_next(&hints, &ip))
		judge_address(j, &ip, leave);
}

#define POINTER 0xc0U

/* Owners that are written alike, by a pointer to the same place, are looked up once. */
static bool is_same_owner(const struct inspection *in, size_t a, size_t b)
{
	return a > 0 && in->msg[a] >= POINTER && in->msg[a] == in->msg[b] &&
	       in->msg[a + 1] == in->msg[b + 1];
}

/* Zones have said already what they say. */
static void judge_owned(struct inspection *in, const struct wire_rr *rr,
			const struct policy_leave *owner)
{
	struct policy_leave leave;

	if (!owner)
		return;
	leave = *owner;
	leave.done = in->done;
	judge_record(&in->judgement, in->msg, rr, leave);
}

/* Those that were kept when the records were walked; further ones are walked to. */
static void judge_addresses(struct inspection *in, const struct reply *reply)
{
	const struct policy_leave *leave = NULL;
	size_t pos = in->behind_kept;
	size_t owner = 0;
	struct wire_rr rr;

	for (unsigned int i = 0; i < in->kept_count; i++) {
		const struct wire_rr *kept = &in->kept[i];

		if (!is_same_owner(in, owner, kept->owner))
			leave = leave_of(in, kept->owner);
		owner = kept->owner;
		judge_owned(in, kept, leave);
	}
	for (unsigned int i = in->kept_until; i < reply->ancount; i++) {
		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		leave = judgement_has_address(rr.type) ? leave_of(in, rr.owner) : NULL;
		judge_owned(in, &rr, leave);
	}
}

/* A name of the operator's choice may have private addresses: looked up for those alone. */
static bool is_rebound(const struct judgement *j, const struct name *qname)
{
	return j->rebound && !rebind_is_excepted(j->rules->rebind, qname);
}

/* What a list blocks is blocked as it says. */
static bool is_open(const struct verdict *v)
{
	return !v->matched || v->action == ACTION_TCP_ONLY;
}

static void set_rebound(struct verdict *v)
{
	v->matched = true;
	v->action = ACTION_NODATA;
	v->list = POLICY_REBINDING;
}

static void judge_rebinding(struct judgement *j, const struct name *qname)
{
	if (is_open(&j->verdict) && is_rebound(j, qname))
		set_rebound(&j->verdict);
}

/* ---- what stands beside */

/* Nor is a name given that is to be asked for over TCP: an answer to another question is as much
 * over TCP as its client likes. */
static bool is_listed(const void *arg, const struct name *owner, const uint8_t *msg,
		      const struct wire_rr *rr)
{
	const struct inspection *in = arg;
	struct judgement beside = {.rules = in->judgement.rules};
	struct policy_leave leave = policy_leave_led(in->leave[0]);

	judge_name_for(&beside, owner, rr->type, &leave);
	judge_hinted(&beside, msg, rr, owner, leave);
	if (judgement_has_address(rr->type) && !beside.verdict.matched)
		judge_record(&beside, msg, rr, leave);
	return beside.verdict.matched || is_rebound(&beside, &in->bailiwick.names[0]);
}

/* ---- all of it */

#define PLAIN_FIXED 12U /* octets before the address: a pointer, and what each record has */

/* The octets of the address of a record as most are, its owner a pointer; 0: it is another. */
static size_t plain_address(const uint8_t *rr, size_t room)
{
	const uint32_t type_a = (uint32_t)TYPE_A << 16 | CLASS_IN;
	const uint32_t type_aaaa = (uint32_t)TYPE_AAAA << 16 | CLASS_IN;
	uint32_t type;
	size_t len;

	if (room < PLAIN_FIXED || rr[0] < POINTER)
		return 0;
	type = wire_get32(rr + 2);
	len = wire_get16(rr + 10);
	if (room - PLAIN_FIXED < len)
		return 0;
	return (type == type_a && len == 4) || (type == type_aaaa && len == 16) ? len : 0;
}

static APART void judge_next(struct judgement *j, const uint8_t *msg, size_t len, size_t *pos,
			     struct policy_leave leave)
{
	struct wire_rr rr;

	if (wire_next_rr(msg, len, pos, &rr) == ERR_OK && judgement_has_address(rr.type))
		judge_record(j, msg, &rr, leave);
}

/* Most replies: all that they lead to are addresses of the question's own name. */
static FLAT struct verdict inspect_simple(const struct inspect_rules *rules, const uint8_t *msg,
					  size_t len, const struct reply *reply,
					  struct policy_leave leave)
{
	struct judgement j = {.rules = rules};
	size_t pos = reply->question_end;
	struct name qname;

	for (unsigned int i = 0; i < reply->ancount; i++) {
		size_t octets = plain_address(msg + pos, len - pos);

		if (octets > 0) {
			struct ip ip = ip_from_octets(msg + pos + PLAIN_FIXED, octets == 16);

			judge_address(&j, &ip, leave);
			pos += PLAIN_FIXED + octets;
		} else {
			judge_next(&j, msg, len, &pos, leave);
		}
	}
	if (!j.rebound)
		return j.verdict;
	name_copy_lower(&qname, msg + WIRE_HEADER, reply->question_end - WIRE_HEADER - 4U);
	judge_rebinding(&j, &qname);
	return j.verdict;
}

/* The pass of a zone is told, since it goes before what a later one says of the question's name. */
static struct verdict with_pass(const struct inspection *in)
{
	struct verdict v = in->judgement.verdict.matched ? in->judgement.verdict : in->pass;

	v.logged = in->judgement.verdict.logged;
	v.listed = in->judgement.verdict.listed;
	return v;
}

static bool is_unfinished(const struct inspect_lookup *lookup)
{
	return lookup && !lookup->last && lookup->wanted_count > 0;
}

static struct verdict inspect_all(const struct inspect_rules *rules, uint8_t *msg, size_t len,
				  struct reply *reply, struct policy_leave leave)
{
	struct inspection in; /* of which the room for names is not cleared */

	in.judgement = (struct judgement){.rules = rules,
					  .qtype = wire_get16(msg + reply->question_end - 4)};
	in.msg = msg;
	in.len = len;
	in.targets = false;
	in.addresses = false;
	in.kept_count = 0;
	in.kept_until = 0;
	in.behind_kept = reply->question_end;
	in.link_count = 0;
	bailiwick_begin(&in.bailiwick, msg + WIRE_HEADER, reply->question_end - WIRE_HEADER);
	in.leave[0] = leave;
	in.done = false;
	in.passed = false;
	collect(&in, reply);
	bailiwick_follow(&in.bailiwick, in.links, in.link_count);
	if (policy_has_answers(rules->policy))
		inspect_links(&in, reply);
	else
		judge_names(&in);
	if (in.targets)
		judge_targets(&in, reply);
	if (in.addresses)
		judge_addresses(&in, reply);
	judge_rebinding(&in.judgement, &in.bailiwick.names[0]);
	if (is_open(&in.judgement.verdict) && !is_unfinished(rules->lookup))
		(void)reply_drop_additional(msg, reply, is_listed, &in);
	reply->passed = in.passed;
	return in.passed && leave.itself ? with_pass(&in) : in.judgement.verdict;
}

struct verdict inspect_reply(const struct inspect_rules *rules, uint8_t *msg, size_t len,
			     struct reply *reply, struct policy_leave leave)
{
	reply->passed = false;
	if (!reply->simple || policy_has_answers(rules->policy))
		return inspect_all(rules, msg, len, reply, leave);
	if (!asks_for_addresses(rules))
		return (struct verdict){.matched = false};
	return inspect_simple(rules, msg, len, reply, leave);
}

struct verdict inspect_address(const struct inspect_rules *rules, const struct ip *ip)
{
	struct judgement j = {.rules = rules};

	judge_address(&j, ip, POLICY_NO_LEAVE);
	if (j.rebound && is_open(&j.verdict))
		set_rebound(&j.verdict);
	return j.verdict;
}
