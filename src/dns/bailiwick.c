/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/bailiwick.h"

#include <string.h>

#include "dns/rdata.h"

void bailiwick_begin(struct bailiwick *b, const uint8_t *question, size_t len)
{
	b->count = 0;
	b->links = 0;
	b->target_count = 0;
	b->circle = false;
	b->followed = false;
	b->settled = false;
	b->servers = false;
	if (len == 0)
		return;
	name_copy_lower(&b->names[0], question, len - 4);
	b->qtype = wire_get16(question + len - 4);
	b->rrclass = wire_get16(question + len - 2);
	b->zone[0] = 0;
	b->parent[0] = 0;
	b->count = 1;
}

unsigned int bailiwick_find(const struct bailiwick *b, const struct name *name)
{
	for (unsigned int i = 0; i < b->count; i++) {
		if (&b->names[i] == name || name_equal(&b->names[i], name))
			return i;
	}
	return BAILIWICK_NAMES_MAX;
}

static void set_name(struct name *dst, const struct name *src)
{
	dst->len = src->len;
	memcpy(dst->wire, src->wire, src->len);
}

/* Takes in a name that the one at `parent` leads to.  A CNAME circle leads back to a name that was
 * there before: the next one is found behind its parent. */
static void add(struct bailiwick *b, const struct name *name, unsigned int parent)
{
	unsigned int at = bailiwick_find(b, name);

	b->circle |= at <= parent && b->qtype != TYPE_CNAME && b->qtype != TYPE_ANY;
	if (b->count == BAILIWICK_NAMES_MAX || at < b->count)
		return;
	set_name(&b->names[b->count], name);
	b->parent[b->count] = (uint8_t)parent;
	b->zone[b->count++] = 0;
}

static bool is_target(const struct bailiwick *b, const struct name *name)
{
	for (unsigned int i = 0; i < b->target_count; i++) {
		if (name_equal(&b->targets[i], name))
			return true;
	}
	return false;
}

/* The root stands for the owner itself (RFC 9460, 2.5). */
static void add_target(struct bailiwick *b, const struct name *owner, const struct name *target)
{
	const struct name *name = target->len == 1 ? owner : target;

	if (b->target_count < BAILIWICK_TARGETS_MAX && !is_target(b, name))
		set_name(&b->targets[b->target_count++], name);
}

/* Adds what the DNAME makes of the name at `parent`, below its owner (RFC 6672, 2.2). */
static void add_substituted(struct bailiwick *b, unsigned int parent, const struct name *owner,
			    const struct name *target)
{
	const struct name *name = &b->names[parent];
	size_t above = (size_t)name->len - owner->len;
	struct name made;

	if (above + target->len > NAME_WIRE_MAX)
		return; /* the server has said YXDOMAIN */
	memcpy(made.wire, name->wire, above);
	memcpy(made.wire + above, target->wire, target->len);
	made.len = (uint8_t)(above + target->len);
	add(b, &made, parent);
}

static bool is_substituted(const struct name *name, const struct name *owner)
{
	return name->len > owner->len && name_is_below(name, owner);
}

/* What the DNAME does to the names that are known.  True: it stands above one. */
static bool take_dname(struct bailiwick *b, const struct name *owner, const struct name *target)
{
	bool any = false;

	for (unsigned int i = 0; i < b->count; i++) {
		if (!is_substituted(&b->names[i], owner))
			continue;
		if (b->followed)
			return true;
		any = true;
		add_substituted(b, i, owner, target);
	}
	return any;
}

void bailiwick_follow(struct bailiwick *b, const struct bailiwick_link *links, unsigned int count)
{
	for (unsigned int i = 0; i < b->count; i++) {
		const struct name *name = &b->names[i];

		for (const struct bailiwick_link *link = links; link < links + count; link++) {
			if (link->type == TYPE_DNAME && is_substituted(name, &link->owner))
				add_substituted(b, i, &link->owner, &link->target);
			if (link->type == TYPE_CNAME && name_equal(name, &link->owner))
				add(b, &link->target, i);
		}
	}
	b->followed = true;
}

/* True when the name is one of those that count, or above it; `zone`: the name is the apex of a
 * zone. */
static bool is_above(struct bailiwick *b, const struct name *name, bool zone)
{
	bool any = false;

	for (unsigned int i = 0; i < b->count; i++) {
		if (!name_is_below(&b->names[i], name))
			continue;
		any = true;
		if (zone && (b->zone[i] == 0 || b->zone[i] > name->len))
			b->zone[i] = name->len;
	}
	return any;
}

static size_t top_level_octets(const struct name *name)
{
	size_t at = 0;

	for (size_t next = 0; name->wire[next]; next += (size_t)name->wire[next] + 1)
		at = next;
	return name->len - at;
}

/* True when the name is at or below the last `octets` of another. */
static bool is_below_part(const struct name *name, const struct name *of, size_t octets)
{
	struct name part = {.len = (uint8_t)octets};

	memcpy(part.wire, of->wire + of->len - octets, octets);
	return name_is_below(name, &part);
}

static bool is_denial_within(const struct bailiwick *b, const struct name *owner)
{
	for (unsigned int i = 0; i < b->count; i++) {
		size_t octets = b->zone[i];

		if (octets == 0 && b->settled)
			octets = top_level_octets(&b->names[i]);
		if (octets > 0 && is_below_part(owner, &b->names[i], octets))
			return true;
	}
	return false;
}

/* The types that an answer may have: what was asked for, and what leads to it. */
static bool is_asked_for(const struct bailiwick *b, uint16_t type)
{
	return type == b->qtype || type == TYPE_CNAME || type == TYPE_DNAME ||
	       b->qtype == TYPE_ANY || b->qtype == TYPE_RRSIG;
}

static bool take_answer(struct bailiwick *b, uint16_t type, const struct wire_rr *rr,
			const struct name *owner, const struct name *target)
{
	unsigned int at = bailiwick_find(b, owner);
	bool link = rr->type == TYPE_CNAME || rr->type == TYPE_DNAME;
	uint8_t before;

	if (!is_asked_for(b, type))
		return false;
	if (link && !b->followed && ++b->links > BAILIWICK_LINKS_MAX)
		return false;
	if (rr->type == TYPE_DNAME)
		return take_dname(b, owner, target) || at < b->count;
	if (type == TYPE_DNAME)
		return is_above(b, owner, false);
	if (at >= b->count)
		return false;
	if (link && !b->followed)
		add(b, target, at);
	else if (!link && rdata_target(rr->type, &before))
		add_target(b, owner, target);
	return true;
}

static bool take_authority(struct bailiwick *b, uint16_t type, const struct wire_rr *rr,
			   const struct name *owner, const struct name *target)
{
	switch (type) {
	case TYPE_NS:
		if (b->servers && rr->type == TYPE_NS)
			add_target(b, owner, target);
		return is_above(b, owner, true);
	case TYPE_SOA:
		return is_above(b, owner, true);
	case TYPE_NSEC:
	case TYPE_NSEC3:
	case TYPE_DS:
		return is_denial_within(b, owner);
	default:
		return false;
	}
}

bool bailiwick_take(struct bailiwick *b, enum section section, const uint8_t *msg,
		    const struct wire_rr *rr, const struct name *owner, const struct name *target)
{
	uint16_t type = rr->type;

	if (b->count == 0 || rr->rrclass != b->rrclass)
		return false;
	if (type == TYPE_RRSIG && rr->rdlen >= 2)
		type = wire_get16(msg + rr->rdata); /* what it signs (RFC 4034, 3.1) */
	switch (section) {
	case SECTION_ANSWER:
		return take_answer(b, type, rr, owner, target);
	case SECTION_AUTHORITY:
		return take_authority(b, type, rr, owner, target);
	default:
		return is_target(b, owner);
	}
}
