/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/rewrite.h"

#include <string.h>

#include "dns/rdata.h"

void rewrite_begin(struct rewrite *w, const uint8_t *msg, size_t question_end, size_t len)
{
	size_t reach = len < REWRITE_REACH ? len : REWRITE_REACH;

	w->msg = msg;
	w->len = w->question_end = question_end;
	w->cap = len;
	w->full = false;
	memset(w->moved, 0, reach * sizeof(w->moved[0]));
}

void rewrite_begin_behind(struct rewrite *w, const uint8_t *msg, const uint8_t *other, size_t begin,
			  size_t name_at)
{
	w->msg = msg;
	w->question_end = WIRE_HEADER; /* its question does not stay */
	w->len = begin;
	w->cap = WIRE_MESSAGE_MAX;
	w->full = false;
	memset(w->moved, 0, sizeof(w->moved));
	if (name_at == 0)
		return;
	for (size_t at = WIRE_HEADER; msg[at]; at += (size_t)msg[at] + 1) {
		while (other[name_at] > NAME_LABEL_MAX)
			name_at = wire_get16(other + name_at) & (REWRITE_REACH - 1);
		if (name_at < REWRITE_REACH)
			w->moved[at] = (uint16_t)name_at;
		name_at += (size_t)other[name_at] + 1;
	}
}

static void put(struct rewrite *w, const uint8_t *octets, size_t len)
{
	if (w->full || w->cap - w->len < len) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, octets, len);
	w->len += len;
}

static size_t where(const struct rewrite *w, size_t at)
{
	if (at < w->question_end)
		return at; /* the label stays where it is */
	return at < REWRITE_REACH ? w->moved[at] : 0;
}

static void put_name(struct rewrite *w, size_t at)
{
	while (w->msg[at]) {
		size_t label = w->msg[at];
		size_t there = where(w, at);
		uint8_t pointer[2];

		if (label > NAME_LABEL_MAX) {
			at = wire_get16(w->msg + at) & (REWRITE_REACH - 1);
			continue;
		}
		if (there) {
			wire_put16(pointer, (uint16_t)(0xc000U | there));
			put(w, pointer, sizeof(pointer));
			return;
		}
		if (at < REWRITE_REACH && w->len < REWRITE_REACH)
			w->moved[at] = (uint16_t)w->len;
		put(w, w->msg + at, label + 1);
		at += label + 1;
	}
	put(w, w->msg + at, 1);
}

static void put_rdata(struct rewrite *w, const struct wire_rr *rr)
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

void rewrite_record(struct rewrite *w, const struct wire_rr *rr)
{
	size_t rdata;

	put_name(w, rr->owner);
	put(w, w->msg + rr->rdata - WIRE_RR_FIXED, WIRE_RR_FIXED);
	rdata = w->len;
	put_rdata(w, rr);
	if (!w->full)
		wire_put16(w->out + rdata - 2, (uint16_t)(w->len - rdata));
}
