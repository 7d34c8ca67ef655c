/* SPDX-License-Identifier: BSD-2-Clause */
/* The records that do not belong are left out, and the others moved together. */
#include <string.h>

#include "dns/bailiwick.h"
#include "dns/rdata.h"

#define POINTER_REACH 0x4000U /* a compression pointer's (RFC 1035, 4.1.4) */

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

	if (at >= end || wire_next_rr(w->msg, end, &w->pos, &r->rr) != ERR_OK ||
	    name_unpack(w->msg, end, &at, &r->owner) != ERR_OK)
		return false;
	r->section = section_of(w->body, w->index++);
	at = r->rr.rdata;
	if (r->rr.type == TYPE_CNAME || r->rr.type == TYPE_DNAME)
		return name_unpack(w->msg, r->rr.end, &at, &r->target) == ERR_OK;
	return true;
}

static bool take(struct bailiwick *b, const uint8_t *msg, const struct record *r)
{
	return bailiwick_take(b, r->section, msg, &r->rr, &r->owner, &r->target);
}

/* Each round finds at least one more name, or is the last; the authority section of the last one
 * was seen with all names known.  True when all records belong. */
static bool settle(struct bailiwick *b, const uint8_t *msg, const struct bailiwick_body *body)
{
	bool all = true;
	struct record r;
	struct walk w;
	unsigned int before;

	do {
		before = b->count;
		walk_begin(&w, msg, body);
		while (walk_next(&w, &r))
			(void)take(b, msg, &r);
	} while (b->count > before);
	b->settled = true;
	walk_begin(&w, msg, body);
	while (walk_next(&w, &r))
		all = take(b, msg, &r) && all;
	return all;
}

/*
 * The message that is written.  A label of the old one is written at most once: `moved` has where
 * it went, so that what was shared by pointers stays so, and the rest takes no more room.
 */
struct writer {
	const uint8_t *msg;
	size_t question_end;
	size_t len;
	size_t cap;
	bool full;
	uint16_t moved[POINTER_REACH]; /* by old offset; 0: not yet */
	uint8_t out[WIRE_MESSAGE_MAX];
};

static void put(struct writer *w, const uint8_t *octets, size_t len)
{
	if (w->full || w->cap - w->len < len) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, octets, len);
	w->len += len;
}

static size_t where(const struct writer *w, size_t at)
{
	if (at < w->question_end)
		return at; /* the label stays where it is */
	return at < POINTER_REACH ? w->moved[at] : 0;
}

static void put_name(struct writer *w, size_t at)
{
	while (w->msg[at]) {
		size_t label = w->msg[at];
		size_t there = where(w, at);
		uint8_t pointer[2];

		if (label > NAME_LABEL_MAX) {
			at = wire_get16(w->msg + at) & (POINTER_REACH - 1);
			continue;
		}
		if (there) {
			wire_put16(pointer, (uint16_t)(0xc000U | there));
			put(w, pointer, sizeof(pointer));
			return;
		}
		if (at < POINTER_REACH && w->len < POINTER_REACH)
			w->moved[at] = (uint16_t)w->len;
		put(w, w->msg + at, label + 1);
		at += label + 1;
	}
	put(w, w->msg + at, 1);
}

static void put_rdata(struct writer *w, const struct wire_rr *rr)
{
	struct rdata_form form = rdata_form(rr->type);
	size_t at = rr->rdata;

	if (form.names == 0) {
		put(w, w->msg + at, rr->rdlen);
		return;
	}
	put(w, w->msg + at, form.before);
	at += form.before;
	for (unsigned int i = 0; i < form.names; i++) {
		put_name(w, at);
		if (name_skip(w->msg, rr->end, &at) != ERR_OK)
			w->full = true;
	}
	put(w, w->msg + at, form.after);
}

static void put_record(struct writer *w, const struct wire_rr *rr)
{
	size_t rdata;

	put_name(w, rr->owner);
	put(w, w->msg + rr->rdata - WIRE_RR_FIXED, WIRE_RR_FIXED);
	rdata = w->len;
	put_rdata(w, rr);
	if (!w->full)
		wire_put16(w->out + rdata - 2, (uint16_t)(w->len - rdata));
}

enum err bailiwick_prune(struct bailiwick *b, uint8_t *msg, struct bailiwick_body *body)
{
	struct bailiwick_body rest = {.begin = body->begin};
	struct writer out;
	struct record r;
	struct walk w;

	if (settle(b, msg, body))
		return ERR_OK;
	out.msg = msg;
	out.len = out.question_end = body->begin;
	out.cap = body->end;
	out.full = false;
	memset(out.moved, 0, sizeof(out.moved));
	walk_begin(&w, msg, body);
	while (walk_next(&w, &r)) {
		if (!take(b, msg, &r))
			continue;
		put_record(&out, &r.rr);
		rest.count[r.section]++;
	}
	if (out.full)
		return ERR_TRUNCATED;
	memcpy(msg + body->begin, out.out + body->begin, out.len - body->begin);
	rest.end = out.len;
	*body = rest;
	return ERR_OK;
}
