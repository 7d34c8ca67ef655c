/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/ptr.h"

#include <ldns/ldns.h>
#include <string.h>

#define CNAMES_MAX 8U

bool ptr_host(const uint8_t *wire, char ret_name[LEASE_NAME_MAX])
{
	char name[NAME_WIRE_MAX];
	size_t len = 0;

	for (; *wire != 0; wire += *wire + 1U) {
		if (memchr(wire + 1, '.', *wire) || memchr(wire + 1, '\0', *wire))
			return false;
		memcpy(name + len, wire + 1, *wire);
		len += *wire;
		name[len++] = '.';
	}
	if (len == 0)
		return false;
	name[len - 1] = '\0';
	return lease_name(name, ret_name);
}

/* ---- the reply */

/* A record's own name of that kind, as a checked wire name; NULL: it is no such record. */
static const uint8_t *target_of(const ldns_rr *rr, ldns_rr_type type)
{
	const ldns_rdf *rdf = ldns_rr_get_type(rr) == type ? ldns_rr_rdf(rr, 0) : NULL;

	if (!rdf || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN ||
	    ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME ||
	    name_check(ldns_rdf_data(rdf), ldns_rdf_size(rdf)) == 0)
		return NULL;
	return ldns_rdf_data(rdf);
}

static bool is_of(const ldns_rr *rr, const ldns_rdf *owner)
{
	return owner && ldns_rr_owner(rr) && ldns_dname_compare(ldns_rr_owner(rr), owner) == 0;
}

static void lower_ttl(struct ptr *p, uint32_t ttl_s)
{
	if (p->ttl_s == 0 || ttl_s < p->ttl_s)
		p->ttl_s = ttl_s > 0 ? ttl_s : 1;
}

/* Where a CNAME of `owner` leads to; NULL: there is none. */
static const ldns_rdf *follow(const ldns_rr_list *answer, const ldns_rdf *owner, struct ptr *p)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (!target_of(rr, LDNS_RR_TYPE_CNAME) || !is_of(rr, owner))
			continue;
		lower_ttl(p, ldns_rr_ttl(rr));
		return ldns_rr_rdf(rr, 0);
	}
	return NULL;
}

/* Where the CNAMEs lead that begin at `owner`; NULL: too many follow. */
static const ldns_rdf *end_of(const ldns_rr_list *answer, const ldns_rdf *owner, struct ptr *p)
{
	const ldns_rdf *next = owner;

	for (unsigned int i = 0; i <= CNAMES_MAX && next; i++) {
		owner = next;
		next = follow(answer, owner, p);
	}
	return next ? NULL : owner;
}

static void take_names(const ldns_rr_list *answer, const ldns_rdf *owner, const char *after,
		       struct ptr *p)
{
	char name[LEASE_NAME_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		const uint8_t *target = target_of(rr, LDNS_RR_TYPE_PTR);

		if (!target || !is_of(rr, owner))
			continue;
		lower_ttl(p, ldns_rr_ttl(rr));
		if (ptr_host(target, name) && strcmp(name, after) > 0 &&
		    (!*p->name || strcmp(name, p->name) < 0))
			memcpy(p->name, name, sizeof(name));
	}
}

/* How long it is known that there is none (RFC 2308, 5). */
static void take_absence(const ldns_pkt *reply, struct ptr *p)
{
	const ldns_rr_list *authority = ldns_pkt_authority(reply);

	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);
		const ldns_rdf *minimum =
			ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA ? ldns_rr_rdf(rr, 6) : NULL;

		if (!minimum || ldns_rdf_size(minimum) != 4)
			continue;
		lower_ttl(p, ldns_rr_ttl(rr));
		lower_ttl(p, ldns_rdf2native_int32(minimum));
	}
}

/* The reply, and where the CNAMEs in it lead that begin at its owner. */
struct read {
	ldns_pkt *reply;
	ldns_rdf *first;
	const ldns_rdf *at; /* in the two; NULL: nowhere, they go round */
};

static void let_go(struct read *r)
{
	ldns_rdf_deep_free(r->first);
	ldns_pkt_free(r->reply);
}

static enum err read_reply(const uint8_t *octets, size_t len, const struct name *owner,
			   struct read *r, struct ptr *p)
{
	if (ldns_wire2pkt(&r->reply, octets, len) != LDNS_STATUS_OK)
		return ERR_SYNTAX;
	r->first = ldns_dname_new_frm_data(owner->len, owner->wire);
	if (!r->first) {
		ldns_pkt_free(r->reply);
		return ERR_NOMEM;
	}
	r->at = end_of(ldns_pkt_answer(r->reply), r->first, p);
	return ERR_OK;
}

enum err ptr_read(const uint8_t *reply, size_t len, const struct name *owner, const char *after,
		  struct ptr *ret_ptr)
{
	struct ptr p = {.ttl_s = 0};
	struct read r;
	enum err err = read_reply(reply, len, owner, &r, &p);

	if (err != ERR_OK)
		return err;
	if (ldns_pkt_get_rcode(r.reply) == LDNS_RCODE_NOERROR)
		take_names(ldns_pkt_answer(r.reply), r.at, after, &p);
	if (!*p.name)
		take_absence(r.reply, &p);
	let_go(&r);
	*ret_ptr = p;
	return ERR_OK;
}

/* ---- back */

static bool has_address(const ldns_rr *rr, const struct ip *ip)
{
	ldns_rr_type type = ip->family == AF_INET ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA;
	size_t size = ip->family == AF_INET ? 4 : 16;
	const ldns_rdf *rdf = ldns_rr_get_type(rr) == type ? ldns_rr_rdf(rr, 0) : NULL;

	return rdf && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN && ldns_rdf_size(rdf) == size &&
	       memcmp(ldns_rdf_data(rdf), ip->bytes, size) == 0;
}

enum err ptr_leads_to(const uint8_t *reply, size_t len, const struct name *owner,
		      const struct ip *ip, bool *ret_leads, struct ptr *ret_ptr)
{
	struct ptr p = {.ttl_s = 0};
	bool leads = false;
	struct read r;
	enum err err = read_reply(reply, len, owner, &r, &p);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_answer(r.reply)); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(r.reply), i);

		if (ldns_pkt_get_rcode(r.reply) != LDNS_RCODE_NOERROR || !is_of(rr, r.at) ||
		    !has_address(rr, ip))
			continue;
		lower_ttl(&p, ldns_rr_ttl(rr));
		leads = true;
	}
	if (!leads)
		take_absence(r.reply, &p);
	let_go(&r);
	*ret_leads = leads;
	*ret_ptr = p;
	return ERR_OK;
}
