/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as an upstream's reply to the question that they hold.
 *
 * What reply_parse takes is a body of exactly the records it counts, its TTLs within the limits,
 * and stays so behind another header and the question in other letters; ldns then reads it, and
 * counts the same.  Each record of its answer section is at the question's name, or at one that
 * those records lead to.  Where ldns rightly does not:
 *
 * - It looks into the rdata of every type it knows, where we read only those whose names may be
 *   compressed and A and AAAA; and where an rdata is not what it should be it may go on in the
 *   middle of it.  So ldns is asked only about bodies of types that we read as well, and of types
 *   that it does not know.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/hints.h"
#include "dns/reply.h"
#include "fuzz.h"
#include "ldns_read.h"

static const struct reply_ttl_limits limits = {.min_s = 5, .max_s = 86400, .max_negative_s = 900};

/* True when ldns reads records of this type as we do, or as octets. */
static bool comparable(const struct wire_rr *rr)
{
	switch (rr->type) {
	case TYPE_A:
	case TYPE_AAAA:
		return rr->rrclass == CLASS_IN;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_SOA:
	case TYPE_PTR:
	case TYPE_MX:
	case TYPE_SRV:
	case TYPE_DNAME:
	case TYPE_MD:
	case TYPE_MF:
	case TYPE_MB:
	case TYPE_MG:
	case TYPE_MR:
	case TYPE_MINFO:
	case TYPE_RP:
	case TYPE_AFSDB:
	case TYPE_RT:
	case TYPE_PX:
		return true;
	default:
		return rr->type >= 65280; /* private use */
	}
}

/* Walks the body of a message, and checks what holds of each record. */
static bool walk(const uint8_t *msg, size_t len, const struct reply *reply)
{
	unsigned int records = (unsigned int)reply->ancount + reply->nscount + reply->arcount;
	size_t pos = reply->question_end;
	bool all_comparable = true;
	struct wire_rr rr;

	for (unsigned int i = 0; i < records; i++) {
		require(wire_next_rr(msg, len, &pos, &rr) == ERR_OK);
		require(rr.type != TYPE_OPT);
		require(rr.ttl_s <= limits.max_s && rr.ttl_s >= reply->ttl_s);
		if (rr.type == TYPE_CNAME || rr.type == TYPE_DNAME) {
			struct name target;
			size_t at = rr.rdata;

			require(name_unpack(msg, rr.end, &at, &target) == ERR_OK && at == rr.end);
		}
		all_comparable = all_comparable && comparable(&rr);
	}
	require(pos == len);
	return all_comparable;
}

#define REACHED_MAX 64U

/* Names that the answer section leads to, the qname first. */
struct reached {
	unsigned int count;
	struct name names[REACHED_MAX];
};

static bool has_reached(const struct reached *r, const struct name *name)
{
	for (unsigned int i = 0; i < r->count; i++)
		if (name_equal(&r->names[i], name))
			return true;
	return false;
}

static void reach(struct reached *r, const struct name *name)
{
	if (r->count < REACHED_MAX && !has_reached(r, name))
		r->names[r->count++] = *name;
}

/* What the record leads to from the names reached so far; true: it has a place among them. */
static bool follow(struct reached *r, uint16_t type, uint16_t signs, const struct name *owner,
		   const struct name *target)
{
	bool below = false;

	if (type == TYPE_CNAME && has_reached(r, owner))
		reach(r, target);
	for (unsigned int i = 0; i < r->count && (type == TYPE_DNAME || signs == TYPE_DNAME); i++) {
		struct name made = r->names[i];
		size_t above = (size_t)made.len - owner->len;

		if (made.len <= owner->len || !name_is_below(&made, owner))
			continue;
		below = true;
		if (type != TYPE_DNAME || above + target->len > NAME_WIRE_MAX)
			continue;
		memcpy(made.wire + above, target->wire, target->len);
		made.len = (uint8_t)(above + target->len);
		reach(r, &made);
	}
	return below || has_reached(r, owner);
}

/* Every answer is reached from the question, and is of its class. */
static void require_reached(const uint8_t *msg, size_t len, const struct reply *reply)
{
	static struct reached r;
	bool all = false;

	name_copy_lower(&r.names[0], msg + WIRE_HEADER, reply->question_end - WIRE_HEADER - 4U);
	r.count = 1;
	for (unsigned int before = 0; before < r.count && !all;) {
		size_t pos = reply->question_end;

		before = r.count;
		all = true;
		for (unsigned int i = 0; i < reply->ancount; i++) {
			struct name owner = {.len = 0};
			struct name target = {.len = 0};
			size_t at = pos;
			struct wire_rr rr;

			require(name_unpack(msg, len, &at, &owner) == ERR_OK);
			require(wire_next_rr(msg, len, &pos, &rr) == ERR_OK);
			require(rr.rrclass == wire_get16(msg + reply->question_end - 2));
			at = rr.rdata;
			if (rr.type == TYPE_CNAME || rr.type == TYPE_DNAME)
				require(name_unpack(msg, len, &at, &target) == ERR_OK);
			all = follow(&r, rr.type,
				     rr.type == TYPE_RRSIG && rr.rdlen > 1
					     ? wire_get16(msg + rr.rdata)
					     : 0,
				     &owner, &target) &&
			      all;
		}
	}
	require(all);
}

/* Header, question in capitals, and body: what a client would be sent. */
static size_t compose(uint8_t *msg, const uint8_t *data, const struct reply *reply)
{
	size_t qname_len = reply->question_end - WIRE_HEADER - 4U;

	memcpy(msg, data, reply->question_end);
	for (size_t i = 0; i < qname_len; i++)
		if (msg[WIRE_HEADER + i] >= 'a' && msg[WIRE_HEADER + i] <= 'z')
			msg[WIRE_HEADER + i] = (uint8_t)(msg[WIRE_HEADER + i] - 'a' + 'A');
	memcpy(msg + reply->question_end, reply->body, reply->body_len);
	wire_put16(msg, 0xffff);
	wire_put16(msg + 2, FLAG_QR | FLAG_RD | FLAG_RA);
	wire_put16(msg + 6, reply->ancount);
	wire_put16(msg + 8, reply->nscount);
	wire_put16(msg + 10, reply->arcount);
	return (size_t)reply->question_end + reply->body_len;
}

static void require_read_by_ldns(const uint8_t *msg, size_t len, const struct reply *reply)
{
	ldns_pkt *pkt = NULL;

	require(ldns_read(&pkt, msg, len) == LDNS_STATUS_OK);
	require(ldns_rr_list_rr_count(ldns_pkt_answer(pkt)) == reply->ancount);
	require(ldns_rr_list_rr_count(ldns_pkt_authority(pkt)) == reply->nscount);
	require(ldns_rr_list_rr_count(ldns_pkt_additional(pkt)) == reply->arcount);
	ldns_pkt_free(pkt);
}

/* Each TTL is less by the age, or 0. */
static void require_aged(uint8_t *msg, size_t len, const struct reply *reply)
{
	unsigned int records = (unsigned int)reply->ancount + reply->nscount + reply->arcount;
	uint8_t *old = malloc(len);
	size_t pos = reply->question_end;

	require(old != NULL);
	memcpy(old, msg, len);
	reply_age(msg, len, pos, records, 100);
	for (unsigned int i = 0; i < records; i++) {
		struct wire_rr before;
		struct wire_rr after;
		size_t old_pos = pos;

		require(wire_next_rr(old, len, &old_pos, &before) == ERR_OK);
		require(wire_next_rr(msg, len, &pos, &after) == ERR_OK);
		require(pos == old_pos);
		require(after.ttl_s == (before.ttl_s > 100 ? before.ttl_s - 100 : 0));
	}
	free(old);
}

/* They are options of the OPT, and can be read again as they are: nothing in them is unclean. */
static void require_edes(const struct edes *edes)
{
	struct edes again = {.len = 0};

	require(edes->len <= EDES_OCTETS_MAX);
	edes_read(&again, edes->data, edes->len);
	require(again.len == edes->len && memcmp(again.data, edes->data, edes->len) == 0);
}

static void require_good(const uint8_t *data, size_t size, const struct reply *reply)
{
	uint8_t *msg = malloc(size);
	size_t len;

	require(msg != NULL);
	require_edes(&reply->ede);
	if (reply->has_soa && reply->kind != REPLY_ANSWER)
		require(reply->ttl_s <= limits.max_negative_s);
	len = compose(msg, data, reply);
	require(len <= size);
	require_reached(msg, len, reply);
	if (walk(msg, len, reply))
		require_read_by_ldns(msg, len, reply);
	require_aged(msg, len, reply);
	free(msg);
}

/* A reply without a question tells that the server failed, and nothing more. */
static void require_failure(uint8_t *copy, size_t size, size_t question_len)
{
	struct reply reply;

	if (reply_parse(copy, size, question_len, &limits, &reply) != ERR_OK)
		return;
	require(reply.kind == REPLY_FAILURE && reply.body_len == 0);
	require(reply.ancount + reply.nscount + reply.arcount == 0);
}

/* The question as it stands in the reply. */
static size_t question_of(const uint8_t *data, size_t size)
{
	size_t qname_len =
		size < WIRE_HEADER ? 0 : name_check(data + WIRE_HEADER, size - WIRE_HEADER);

	if (qname_len == 0 || size - WIRE_HEADER - qname_len < 4)
		return 0;
	return qname_len + 4;
}

/* Without hints of addresses the reply is as well made, and no longer. */
static void require_good_without_hints(uint8_t *msg, struct reply *reply)
{
	uint16_t before = reply->body_len;

	if (hints_remove(msg, reply, HINTS_IPV4 | HINTS_IPV6))
		require(reply->body_len < before && !reply->ad);
	(void)walk(msg, (size_t)reply->question_end + reply->body_len, reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t question_len = question_of(data, size);
	struct reply reply;
	uint8_t *copy;

	if (question_len == 0 || size > WIRE_MESSAGE_MAX)
		return 0;
	if (!reply_matches(data, size, data + WIRE_HEADER, question_len))
		return 0;
	copy = malloc(size);
	require(copy != NULL);
	memcpy(copy, data, size);
	if (wire_get16(data + 4) == 0) {
		require_failure(copy, size, question_len);
		free(copy);
		return 0;
	}
	if (reply_parse(copy, size, question_len, &limits, &reply) == ERR_OK) {
		require(reply.question_end == WIRE_HEADER + question_len);
		require(reply.tc == ((data[2] & 2) != 0));
		if (reply.tc)
			require(reply.body_len == 0);
		require_good(copy, size, &reply);
		require_good_without_hints(copy, &reply);
	}
	/* nothing but TTLs was changed */
	require(memcmp(copy, data, WIRE_HEADER + question_len) == 0);
	free(copy);
	return 0;
}
