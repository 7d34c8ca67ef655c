/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/bailiwick.h"

#include <string.h>

void bailiwick_begin(struct bailiwick *b, const uint8_t *question, size_t len)
{
	b->count = 0;
	b->links = 0;
	b->followed = false;
	b->settled = false;
	if (len == 0)
		return;
	name_copy_lower(&b->names[0], question, len - 4);
	b->rrclass = wire_get16(question + len - 2);
	b->zone[0] = 0;
	b->count = 1;
}

static bool is_one(const struct bailiwick *b, const struct name *name)
{
	for (unsigned int i = 0; i < b->count; i++)
		if (&b->names[i] == name || name_equal(&b->names[i], name))
			return true;
	return false;
}

static void add(struct bailiwick *b, const struct name *name)
{
	if (b->count == BAILIWICK_NAMES_MAX || is_one(b, name))
		return;
	b->names[b->count].len = name->len;
	memcpy(b->names[b->count].wire, name->wire, name->len);
	b->zone[b->count++] = 0;
}

/* Adds what the DNAME makes of a name below its owner (RFC 6672, 2.2). */
static void add_substituted(struct bailiwick *b, const struct name *name, const struct name *owner,
			    const struct name *target)
{
	size_t above = (size_t)name->len - owner->len;
	struct name made;

	if (above + target->len > NAME_WIRE_MAX)
		return; /* the server has said YXDOMAIN */
	memcpy(made.wire, name->wire, above);
	memcpy(made.wire + above, target->wire, target->len);
	made.len = (uint8_t)(above + target->len);
	add(b, &made);
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
		add_substituted(b, &b->names[i], owner, target);
	}
	return any;
}

void bailiwick_follow(struct bailiwick *b, const struct bailiwick_link *links, unsigned int count)
{
	for (unsigned int i = 0; i < b->count; i++) {
		const struct name *name = &b->names[i];

		for (const struct bailiwick_link *link = links; link < links + count; link++) {
			if (link->type == TYPE_DNAME && is_substituted(name, &link->owner))
				add_substituted(b, name, &link->owner, &link->target);
			if (link->type == TYPE_CNAME && name_equal(name, &link->owner))
				add(b, &link->target);
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

static bool is_within(const struct bailiwick *b, const struct name *owner)
{
	for (unsigned int i = 0; i < b->count; i++)
		if (is_below_part(owner, &b->names[i], b->zone[i] ? b->zone[i] : b->names[i].len))
			return true;
	return false;
}

static bool take_answer(struct bailiwick *b, uint16_t type, const struct wire_rr *rr,
			const struct name *owner, const struct name *target)
{
	bool belongs = is_one(b, owner);
	bool link = rr->type == TYPE_CNAME || rr->type == TYPE_DNAME;

	if (link && !b->followed && ++b->links > BAILIWICK_LINKS_MAX)
		return false;
	if (rr->type == TYPE_DNAME)
		return take_dname(b, owner, target) || belongs;
	if (type == TYPE_DNAME)
		return is_above(b, owner, false);
	if (belongs && link && !b->followed)
		add(b, target);
	return belongs;
}

static bool take_authority(struct bailiwick *b, uint16_t type, const struct name *owner)
{
	switch (type) {
	case TYPE_SOA:
	case TYPE_NS:
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
		return take_authority(b, type, owner);
	default:
		return is_within(b, owner);
	}
}
