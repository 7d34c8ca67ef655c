/* SPDX-License-Identifier: BSD-2-Clause */
/* The records that do not belong are left out, and the others moved together. */
#include <string.h>

#include "dns/bailiwick.h"
#include "dns/rdata.h"
#include "dns/rewrite.h"

/* One record as it is looked at. */
struct record {
	struct wire_rr rr;
	enum section section;
	struct name owner;
	struct name target;
};

/* A walk over the body's records, of all sections. */
struct walk {
	const uint8_t *msg;
	const struct bailiwick_body *body;
	size_t pos;
	unsigned int index;
};

static void walk_begin(struct walk *w, const uint8_t *msg, const struct bailiwick_body *body)
{
	*w = (struct walk){.msg = msg, .body = body, .pos = body->begin};
}

static enum section section_of(const struct bailiwick_body *body, unsigned int index)
{
	if (index < body->count[SECTION_ANSWER])
		return SECTION_ANSWER;
	if (index < (unsigned int)body->count[SECTION_ANSWER] + body->count[SECTION_AUTHORITY])
		return SECTION_AUTHORITY;
	return SECTION_ADDITIONAL;
}

/* False at the end.  The message was checked: no record can fail to be read. */
static bool walk_next(struct walk *w, struct record *r)
{
	size_t at = w->pos;
	size_t end = w->body->end;
	uint8_t before;

	if (at >= end || wire_next_rr(w->msg, end, &w->pos, &r->rr) != ERR_OK ||
	    name_unpack(w->msg, end, &at, &r->owner) != ERR_OK)
		return false;
	r->section = section_of(w->body, w->index++);
	if (!rdata_target(r->rr.type, &before))
		return true;
	at = r->rr.rdata + before;
	return name_unpack(w->msg, r->rr.end, &at, &r->target) == ERR_OK;
}

static bool take(struct bailiwick *b, const uint8_t *msg, const struct record *r)
{
	return bailiwick_take(b, r->section, msg, &r->rr, &r->owner, &r->target);
}

static bool is_link(const struct bailiwick *b, const struct record *r)
{
	return r->section == SECTION_ANSWER && r->rr.rrclass == b->rrclass &&
	       (r->rr.type == TYPE_CNAME || r->rr.type == TYPE_DNAME);
}

/* Finds all names that the question leads to. */
static void find_names(struct bailiwick *b, const uint8_t *msg, const struct bailiwick_body *body)
{
	struct bailiwick_link links[BAILIWICK_LINKS_MAX];
	unsigned int count = 0;
	struct record r;
	struct walk w;

	walk_begin(&w, msg, body);
	while (count < BAILIWICK_LINKS_MAX && walk_next(&w, &r)) {
		if (is_link(b, &r))
			links[count++] = (struct bailiwick_link){r.rr.type, r.owner, r.target};
	}
	bailiwick_follow(b, links, count);
}

/* Three walks, whatever the message holds: for the names, for the zones above them, and for what
 * belongs to both.  True when all records belong. */
static bool settle(struct bailiwick *b, const uint8_t *msg, const struct bailiwick_body *body)
{
	bool all = true;
	struct record r;
	struct walk w;

	find_names(b, msg, body);
	walk_begin(&w, msg, body);
	while (walk_next(&w, &r)) {
		(void)take(b, msg, &r);
	}
	b->settled = true;
	walk_begin(&w, msg, body);
	while (walk_next(&w, &r)) {
		all = take(b, msg, &r) && all;
	}
	return all;
}

enum err bailiwick_prune(struct bailiwick *b, uint8_t *msg, struct bailiwick_body *body)
{
	struct bailiwick_body rest = {.begin = body->begin};
	struct rewrite out;
	struct record r;
	struct walk w;

	if (settle(b, msg, body))
		return ERR_OK;
	rewrite_begin(&out, msg, body->begin, body->end);
	walk_begin(&w, msg, body);
	while (walk_next(&w, &r)) {
		if (!take(b, msg, &r))
			continue;
		rewrite_record(&out, &r.rr);
		rest.count[r.section]++;
	}
	if (out.full)
		return ERR_TRUNCATED;
	memcpy(msg + body->begin, out.out + body->begin, out.len - body->begin);
	rest.end = out.len;
	*body = rest;
	return ERR_OK;
}
