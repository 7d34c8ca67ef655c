/* SPDX-License-Identifier: BSD-2-Clause */
/* Additional records taken out of a reply that was checked. */
#include <string.h>

#include "dns/reply.h"
#include "dns/rewrite.h"

/* A walk over all records of the reply. */
struct walk {
	const uint8_t *msg;
	const struct reply *reply;
	size_t end;
	size_t pos;
	unsigned int index;
	struct wire_rr rr; /* at hand */
};

static void walk_begin(struct walk *w, const uint8_t *msg, const struct reply *reply)
{
	*w = (struct walk){.msg = msg, .reply = reply, .pos = reply->question_end};
	w->end = w->pos + reply->body_len;
}

/* False at the end. */
static bool walk_next(struct walk *w)
{
	if (w->pos >= w->end || wire_next_rr(w->msg, w->end, &w->pos, &w->rr) != ERR_OK)
		return false;
	w->index++;
	return true;
}

static bool is_additional(const struct walk *w)
{
	return w->index > (unsigned int)w->reply->ancount + w->reply->nscount;
}

/* True for an additional record that has to go. */
static bool has_to_go(const struct walk *w, reply_unwanted_fn *unwanted, const void *arg)
{
	size_t at = w->rr.owner;
	struct name owner;

	return is_additional(w) && (name_unpack(w->msg, w->end, &at, &owner) != ERR_OK ||
				    unwanted(arg, &owner, w->msg, &w->rr));
}

static bool any_has_to_go(const uint8_t *msg, const struct reply *reply,
			  reply_unwanted_fn *unwanted, const void *arg)
{
	struct walk w;

	walk_begin(&w, msg, reply);
	while (walk_next(&w))
		if (has_to_go(&w, unwanted, arg))
			return true;
	return false;
}

/* Where names cannot be written anew, the whole section goes: nothing before it points into it. */
static void drop_section(const uint8_t *msg, struct reply *reply)
{
	size_t end = reply->question_end;
	struct walk w;

	walk_begin(&w, msg, reply);
	while (walk_next(&w) && !is_additional(&w))
		end = w.pos;
	reply->body_len = (uint16_t)(end - reply->question_end);
	reply->arcount = 0;
}

bool reply_drop_additional(uint8_t *msg, struct reply *reply, reply_unwanted_fn *unwanted,
			   const void *arg)
{
	size_t begin = reply->question_end;
	struct rewrite out;
	uint16_t kept = 0;
	struct walk w;

	if (reply->arcount == 0 || !any_has_to_go(msg, reply, unwanted, arg))
		return false;
	rewrite_begin(&out, msg, begin, begin + reply->body_len);
	walk_begin(&w, msg, reply);
	while (walk_next(&w)) {
		if (has_to_go(&w, unwanted, arg))
			continue;
		rewrite_record(&out, &w.rr);
		kept = (uint16_t)(kept + is_additional(&w));
	}
	if (out.full) {
		drop_section(msg, reply);
		return true;
	}
	memcpy(msg + begin, out.out + begin, out.len - begin);
	reply->body_len = (uint16_t)(out.len - begin);
	reply->arcount = kept;
	return true;
}
