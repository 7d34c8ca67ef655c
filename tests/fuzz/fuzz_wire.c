/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries, read by us and by ldns.
 *
 * What we take for a query, ldns reads too, and as the same: ID, flags, question, OPT.  The other
 * way round, what ldns has read and written again is a query to us.  Where the two differ, and
 * rightly so:
 *
 * - ldns looks into the rdata of every type it knows and refuses what does not fit, or goes on in
 *   the middle of it.  We do not read records other than the OPT, of which a query has none that
 *   matter.  So messages with other records are compared as far as their question.
 * - ldns takes, and we refuse: pointers forward or into the header; a compressed qname; a second
 * OPT, an OPT whose owner is not the root or that stands in another section (RFC 6891, 6.1.1);
 * options that are cut off; cookies of a length that cannot be (RFC 7873, 5.2.2).  Written again by
 * ldns all of these are gone, but for the options and OPTs in other sections.
 * - ldns stops one record early where it has met a TSIG, and counts wrongly what it writes then.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"
#include "fuzz.h"
#include "ldns_read.h"
#include "who/proxy.h"

/* True when the message has no records but OPTs. */
static bool only_opts(const uint8_t *data, size_t size, const struct wire_query *q)
{
	size_t pos = q->question_end;
	struct wire_rr rr;

	while (pos < size)
		if (wire_next_rr(data, size, &pos, &rr) != ERR_OK || rr.type != TYPE_OPT)
			return false;
	return true;
}

static void require_same_header(const struct wire_query *q, const ldns_pkt *pkt)
{
	require(ldns_pkt_id(pkt) == q->id);
	require(!ldns_pkt_qr(pkt) && ldns_pkt_get_opcode(pkt) == LDNS_PACKET_QUERY);
	require(ldns_pkt_rd(pkt) == ((q->flags & FLAG_RD) != 0));
	require(ldns_pkt_cd(pkt) == ((q->flags & FLAG_CD) != 0));
	require(ldns_pkt_ad(pkt) == ((q->flags & FLAG_AD) != 0));
	require(ldns_pkt_tc(pkt) == ((q->flags & FLAG_TC) != 0));
}

static void require_same_question(const uint8_t *data, const struct wire_query *q,
				  const ldns_pkt *pkt)
{
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);
	const ldns_rdf *owner = ldns_rr_owner(question);
	struct name theirs;
	struct name ours;

	require(ldns_pkt_qdcount(pkt) == 1);
	require((uint16_t)ldns_rr_get_type(question) == q->qtype);
	require((uint16_t)ldns_rr_get_class(question) == q->qclass);
	require(ldns_rdf_size(owner) == q->qname_len);
	name_copy_lower(&theirs, ldns_rdf_data(owner), ldns_rdf_size(owner));
	name_copy_lower(&ours, data + WIRE_HEADER, q->qname_len);
	require(name_equal(&ours, &theirs));
}

static void require_same_opt(const struct edns *edns, const ldns_pkt *pkt)
{
	require(ldns_pkt_edns(pkt) == edns->present);
	if (!edns->present)
		return;
	require(ldns_pkt_edns_udp_size(pkt) == edns->udp_size);
	require(ldns_pkt_edns_do(pkt) == edns->dnssec_ok);
	require(ldns_pkt_edns_version(pkt) == edns->version);
	require(ldns_pkt_edns_extended_rcode(pkt) == edns->ext_rcode);
}

/* What holds of the offsets, whatever the verdict. */
static void require_inside(const struct wire_query *q, size_t size)
{
	require(q->question_end >= WIRE_HEADER && q->question_end <= size);
	require(q->qname_len == 0 ? q->question_end == WIRE_HEADER
				  : q->question_end == WIRE_HEADER + q->qname_len + 4);
	require((q->edns.cookie == 0) == (q->edns.cookie_len == 0));
	require((size_t)q->edns.cookie + q->edns.cookie_len <= size);
	if (!q->edns.present)
		require(!q->edns.others && !q->edns.cookie && !q->edns.udp_size &&
			!q->edns.version);
}

static void require_read_by_ldns(const uint8_t *data, size_t size, const struct wire_query *q)
{
	bool compare_all = only_opts(data, size, q);
	ldns_pkt *pkt = NULL;
	ldns_status status = ldns_read(&pkt, data, size);

	if (status != LDNS_STATUS_OK) {
		require(!compare_all);
		return;
	}
	require_same_header(q, pkt);
	require_same_question(data, q, pkt);
	if (compare_all)
		require_same_opt(&q->edns, pkt);
	ldns_pkt_free(pkt);
}

static bool options_are_good(const uint8_t *data, size_t left)
{
	while (left >= 4) {
		unsigned int code = (unsigned int)data[0] << 8 | data[1];
		size_t len = (size_t)data[2] << 8 | data[3];

		if (len > left - 4)
			return false;
		if (code == LDNS_EDNS_COOKIE && len != 8 && (len < 16 || len > 40))
			return false;
		data += 4 + len;
		left -= 4 + len;
	}
	return left == 0;
}

static bool has_opt(const ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == LDNS_RR_TYPE_OPT)
			return true;
	return false;
}

/* The verdict that a message as ldns has read it deserves. */
static enum wire_verdict expected(const ldns_pkt *pkt)
{
	const ldns_rdf *options = ldns_pkt_edns_data(pkt);

	if (ldns_pkt_qr(pkt))
		return WIRE_DROP;
	if (ldns_pkt_get_opcode(pkt) != LDNS_PACKET_QUERY)
		return WIRE_NOTIMP;
	if (ldns_pkt_qdcount(pkt) > 1 || has_opt(ldns_pkt_answer(pkt)) ||
	    has_opt(ldns_pkt_authority(pkt)))
		return WIRE_FORMERR;
	if (ldns_pkt_edns_version(pkt) > 0)
		return WIRE_BADVERS;
	if (options && !options_are_good(ldns_rdf_data(options), ldns_rdf_size(options)))
		return WIRE_FORMERR;
	return ldns_pkt_qdcount(pkt) == 1 ? WIRE_QUERY : WIRE_FORMERR;
}

/* What ldns reads and writes again, we read as it does. */
static void require_read_by_us(const uint8_t *data, size_t size)
{
	ldns_pkt *pkt = NULL;
	uint8_t *wire = NULL;
	size_t len = 0;

	if (ldns_read(&pkt, data, size) != LDNS_STATUS_OK)
		return;
	if (!ldns_pkt_tsig(pkt) && ldns_pkt2wire(&wire, pkt, &len) == LDNS_STATUS_OK) {
		struct wire_query q;
		enum wire_verdict verdict = wire_parse_query(wire, len, &q);
		enum wire_verdict wanted = expected(pkt);

		/* a cookie may stand alone */
		require(verdict == wanted || (verdict == WIRE_COOKIE && wanted == WIRE_FORMERR &&
					      ldns_pkt_qdcount(pkt) == 0));
		if (verdict == WIRE_QUERY || verdict == WIRE_BADVERS)
			require_same_opt(&q.edns, pkt);
		if (verdict == WIRE_QUERY)
			require_same_question(wire, &q, pkt);
	}
	free(wire);
	ldns_pkt_free(pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_query q;
	enum wire_verdict verdict = wire_parse_query(data, size, &q);

	require((verdict == WIRE_DROP) ==
		(size < WIRE_HEADER || size > WIRE_MESSAGE_MAX || (data[2] & 0x80) != 0 ||
		 memcmp(data, PROXY_SIGNATURE, PROXY_SIGNATURE_LEN) == 0));
	if (verdict != WIRE_DROP)
		require_inside(&q, size);
	if (verdict == WIRE_QUERY)
		require_read_by_ldns(data, size, &q);
	require_read_by_us(data, size);
	return 0;
}
