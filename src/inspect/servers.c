/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The servers of the zones that a name lies in, from the zone that is nearest to it up to those
 * below the top-level domains: what is known of them is judged, what is missing is told.  Where
 * zones begin is told by the NS that a name has, or by the SOA of the reply that it has none.
 */
#include <string.h>

#include "inspect/judgement.h"

#define ZONES_MAX 16U	 /* names that are looked at, from a name up */
#define SERVERS_MAX 256U /* of a zone */

/* From a name up. */
struct walk {
	struct link *link;
	struct inspect_lookup *lookup;
	struct name zone; /* that is looked at, or a name that may be one */
	bool unknown;
	bool more;
};

/* True where rules for servers may yet say something that counts. */
static bool is_asked(const struct link *l, enum trigger trigger)
{
	const struct judgement *j = &l->in->judgement;

	return policy_asks_server(j->rules->policy, trigger, l->leave, &l->best, &j->verdict);
}

static bool is_asked_at_all(const struct link *l)
{
	return is_asked(l, TRIGGER_SERVER) || is_asked(l, TRIGGER_SERVER_ADDRESS);
}

/* ---- what is known */

static bool is_wanted(const struct inspect_lookup *lookup, const struct name *name, uint16_t type)
{
	for (unsigned int i = 0; i < lookup->wanted_count; i++)
		if (lookup->wanted[i].type == type && name_equal(&lookup->wanted[i].name, name))
			return true;
	return false;
}

static void want(struct walk *w, const struct name *name, uint16_t type)
{
	struct inspect_lookup *lookup = w->lookup;

	if (is_wanted(lookup, name, type))
		return;
	if (lookup->wanted_count == INSPECT_WANTED_MAX) {
		w->more = true;
		return;
	}
	lookup->wanted[lookup->wanted_count].name = *name;
	lookup->wanted[lookup->wanted_count++].type = type;
}

/* The reply that is judged may be what is looked for. */
static bool is_own_question(const struct inspection *in, const struct name *name, uint16_t type)
{
	return in->judgement.qtype == type && name_equal(&in->bailiwick.names[0], name);
}

static enum inspect_known find(struct walk *w, const struct name *name, uint16_t type,
			       const uint8_t **ret_msg, struct reply *ret_reply)
{
	const struct link *l = w->link;
	enum inspect_known known;

	if (is_own_question(l->in, name, type)) {
		*ret_msg = l->in->msg;
		*ret_reply = *l->reply;
		return INSPECT_KNOWN;
	}
	known = w->lookup->find(w->lookup, l->name, name, type, ret_msg, ret_reply);
	if (known == INSPECT_MISSING)
		want(w, name, type);
	w->unknown |= known == INSPECT_FAILED;
	return known;
}

static size_t end_of(const struct reply *reply)
{
	return reply->question_end + (size_t)reply->body_len;
}

/* ---- addresses */

static void judge_addresses_in(struct link *l, const uint8_t *msg, const struct reply *reply)
{
	size_t pos = reply->question_end;
	struct wire_rr rr;
	struct ip ip;

	for (unsigned int i = 0; i < reply->ancount; i++) {
		if (wire_next_rr(msg, end_of(reply), &pos, &rr) != ERR_OK)
			return;
		if (!judgement_is_address(&rr))
			continue;
		ip = ip_from_octets(msg + rr.rdata, rr.type == TYPE_AAAA);
		link_take_address(l, TRIGGER_SERVER_ADDRESS, &ip);
	}
}

static void judge_addresses(struct walk *w, const struct name *server)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
	const uint8_t *msg;
	struct reply reply;

	for (unsigned int i = 0; i < 2; i++)
		if (is_asked(w->link, TRIGGER_SERVER_ADDRESS) &&
		    find(w, server, types[i], &msg, &reply) == INSPECT_KNOWN)
			judge_addresses_in(w->link, msg, &reply);
}

/* ---- zones */

static void judge_server(struct walk *w, const struct name *server)
{
	const struct policy *policy = w->link->in->judgement.rules->policy;
	struct verdict v;

	if (policy->servers) {
		v = policy_match_server(policy, server, w->link->leave);
		link_take(w->link, &v);
	}
	if (policy->prefixes[TRIGGER_SERVER_ADDRESS])
		judge_addresses(w, server);
}

/* Judges the servers that the reply has of the zone; false: it has none. */
static bool judge_servers(struct walk *w, const uint8_t *msg, const struct reply *reply)
{
	size_t pos = reply->question_end;
	unsigned int servers = 0;
	struct name owner;
	struct name server;
	struct wire_rr rr;

	for (unsigned int i = 0; i < reply->ancount && servers < SERVERS_MAX; i++) {
		size_t at;

		if (wire_next_rr(msg, end_of(reply), &pos, &rr) != ERR_OK)
			break;
		at = rr.owner;
		if (rr.type != TYPE_NS || name_unpack(msg, end_of(reply), &at, &owner) != ERR_OK ||
		    !name_equal(&owner, &w->zone))
			continue;
		at = rr.rdata;
		servers++;
		if (name_unpack(msg, end_of(reply), &at, &server) == ERR_OK && server.len > 1)
			judge_server(w, &server);
	}
	w->unknown |= servers == SERVERS_MAX;
	return servers > 0;
}

/* The zone that lies above all that a reply without answers is for; false: it does not say. */
static bool find_apex(const uint8_t *msg, const struct reply *reply, const struct name *name,
		      struct name *ret_apex)
{
	size_t pos = reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = 0; reply->ancount == 0 && i < reply->nscount; i++) {
		size_t at;

		if (wire_next_rr(msg, end_of(reply), &pos, &rr) != ERR_OK)
			return false;
		at = rr.owner;
		if (rr.type == TYPE_SOA && name_unpack(msg, end_of(reply), &at, ret_apex) == ERR_OK)
			return name_is_below(name, ret_apex);
	}
	return false;
}

/* To the name above, which is not the root. */
static void go_up(struct walk *w)
{
	const size_t first = w->zone.wire[0] + 1U;

	w->zone.len = (uint8_t)(w->zone.len - first);
	memmove(w->zone.wire, w->zone.wire + first, w->zone.len);
}

/* Goes on to the next zone above; false: there the walk ends. */
static bool look_at_zone(struct walk *w)
{
	const uint8_t *msg;
	struct reply reply;
	struct name apex;
	enum inspect_known known = find(w, &w->zone, TYPE_NS, &msg, &reply);

	if (known == INSPECT_MISSING || known == INSPECT_NOBODY)
		return false;
	if (known == INSPECT_KNOWN && !judge_servers(w, msg, &reply) &&
	    find_apex(msg, &reply, &w->zone, &apex) && !name_equal(&apex, &w->zone))
		w->zone = apex;
	else
		go_up(w);
	return true;
}

/* Nothing is gained by questions for what goes behind that which was said by now. */
static void forget_wanted(struct walk *w, unsigned int before)
{
	struct inspect_lookup *lookup = w->lookup;
	const bool zones = is_asked_at_all(w->link);
	const bool addresses = zones && is_asked(w->link, TRIGGER_SERVER_ADDRESS);
	unsigned int kept = before;

	for (unsigned int i = before; i < lookup->wanted_count; i++)
		if (lookup->wanted[i].type == TYPE_NS ? zones : addresses)
			lookup->wanted[kept++] = lookup->wanted[i];
	lookup->wanted_count = kept;
	lookup->unknown |= w->unknown && zones;
	lookup->more |= w->more && zones;
}

void link_seek_servers(struct link *l)
{
	struct inspect_lookup *lookup = l->in->judgement.rules->lookup;
	const unsigned int before = lookup->wanted_count;
	struct walk w = {.link = l, .lookup = lookup};
	unsigned int zones = 0;

	if (!is_asked_at_all(l))
		return;
	if (l->in->bailiwick.count > 1 || !find_apex(l->in->msg, l->reply, l->name, &w.zone))
		w.zone = *l->name;
	while (judgement_has_servers(&w.zone) && zones < ZONES_MAX && look_at_zone(&w))
		zones++;
	w.unknown |= zones == ZONES_MAX;
	forget_wanted(&w, before);
}
