/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/plain.h"

#include <string.h>

#include "dns/answer.h"
#include "dns/rewrite.h"

#define SECTIONS 3

/* How many records of each section are plain, and how many are not. */
struct tally {
	uint16_t plain[SECTIONS];
	uint16_t more[SECTIONS];
};

/* A walk over the reply's records. */
struct walk {
	const uint8_t *msg;
	const struct reply *reply;
	size_t pos;
	unsigned int index;
	uint16_t qtype;
	/* of the record at hand */
	struct wire_rr rr;
	enum section section;
	bool plain;
};

static void walk_begin(struct walk *w, const uint8_t *msg, const struct reply *reply)
{
	w->msg = msg;
	w->reply = reply;
	w->pos = reply->question_end;
	w->index = 0;
	w->qtype = wire_get16(msg + reply->question_end - 4);
}

/* What is asked for by name is given, and to ANY all there is. */
static bool is_plain(uint16_t type, uint16_t qtype, enum section section)
{
	if (section == SECTION_ANSWER && (type == qtype || qtype == TYPE_ANY))
		return true;
	return type != TYPE_RRSIG && type != TYPE_NSEC && type != TYPE_NSEC3 && type != TYPE_DS;
}

static bool walk_next(struct walk *w)
{
	const struct reply *reply = w->reply;
	unsigned int additional = (unsigned int)reply->ancount + reply->nscount;
	size_t end = reply->question_end + (size_t)reply->body_len;

	if (w->pos >= end || wire_next_rr(w->msg, end, &w->pos, &w->rr) != ERR_OK)
		return false;
	w->section = w->index < reply->ancount ? SECTION_ANSWER
		     : w->index < additional   ? SECTION_AUTHORITY
					       : SECTION_ADDITIONAL;
	w->plain = is_plain(w->rr.type, w->qtype, w->section);
	w->index++;
	return true;
}

static struct tally count(const uint8_t *msg, const struct reply *reply)
{
	struct tally t = {.plain = {0}};
	struct walk w;

	walk_begin(&w, msg, reply);
	while (walk_next(&w)) {
		t.plain[w.section] = (uint16_t)(t.plain[w.section] + w.plain);
		t.more[w.section] = (uint16_t)(t.more[w.section] + !w.plain);
	}
	return t;
}

static bool any(const uint16_t count[SECTIONS])
{
	return count[0] || count[1] || count[2];
}

/* True when no plain record stands in a section behind one that has others. */
static bool can_begin(const struct tally *t)
{
	return !(t->more[SECTION_ANSWER] &&
		 (t->plain[SECTION_AUTHORITY] || t->plain[SECTION_ADDITIONAL])) &&
	       !(t->more[SECTION_AUTHORITY] && t->plain[SECTION_ADDITIONAL]);
}

static void write_records(struct rewrite *out, const uint8_t *msg, const struct reply *reply,
			  enum section section, bool plain)
{
	struct walk w;

	walk_begin(&w, msg, reply);
	while (walk_next(&w))
		if (w.section == section && w.plain == plain)
			rewrite_record(out, &w.rr);
}

/* Puts the plain records first; returns the octets that they take, 0 when it cannot be. */
static size_t reorder(uint8_t *msg, struct reply *reply, const struct tally *t)
{
	size_t begin = reply->question_end;
	struct rewrite out;
	size_t plain_end = begin;

	rewrite_begin(&out, msg, begin, begin + reply->body_len);
	for (unsigned int s = 0; s < SECTIONS; s++) {
		write_records(&out, msg, reply, (enum section)s, true);
		if (t->plain[s])
			plain_end = out.len;
		write_records(&out, msg, reply, (enum section)s, false);
	}
	if (out.full)
		return 0;
	memcpy(msg + begin, out.out + begin, out.len - begin);
	reply->body_len = (uint16_t)(out.len - begin);
	reply->plain.body = reply->body;
	return plain_end - begin;
}

/* Writes a message of the plain records behind the whole; returns the octets they take. */
static size_t write_apart(uint8_t *msg, size_t room, struct reply *reply)
{
	size_t begin = reply->question_end;
	size_t end = begin + reply->body_len;
	struct rewrite out;

	rewrite_begin(&out, msg, begin, end);
	for (unsigned int s = 0; s < SECTIONS; s++)
		write_records(&out, msg, reply, (enum section)s, true);
	if (out.full || room - end < out.len)
		return 0;
	memcpy(msg + end, msg, begin);
	memcpy(msg + end + begin, out.out + begin, out.len - begin);
	reply->plain.body = msg + end + begin;
	return out.len - begin;
}

void plain_separate(uint8_t *msg, size_t room, struct reply *reply)
{
	struct tally t;
	size_t len;

	reply->plain.body = NULL;
	if (reply->simple || reply->question_end <= WIRE_HEADER)
		return;
	t = count(msg, reply);
	if (!any(t.more))
		return;
	len = can_begin(&t) ? reorder(msg, reply, &t) : write_apart(msg, room, reply);
	reply->plain.ancount = t.plain[SECTION_ANSWER];
	reply->plain.nscount = t.plain[SECTION_AUTHORITY];
	reply->plain.arcount = t.plain[SECTION_ADDITIONAL];
	reply->plain.body_len = (uint16_t)len;
}
