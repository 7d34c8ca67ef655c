/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/hints.h"

#include <string.h>

#include "dns/rewrite.h"

#define KEY_MANDATORY 0U
#define KEY_IPV4HINT 4U
#define KEY_IPV6HINT 6U
#define PARAM_FIXED 4U /* octets of a parameter without its value: key, length */

static bool is_hint(uint16_t key, unsigned int which)
{
	return (key == KEY_IPV4HINT && (which & HINTS_IPV4)) ||
	       (key == KEY_IPV6HINT && (which & HINTS_IPV6));
}

/* Where the parameters begin: behind the priority and the name; 0: there are none, or no end. */
static size_t params_at(const uint8_t *msg, const struct wire_rr *rr)
{
	size_t at = rr->rdata + 2U;

	if ((rr->type != TYPE_SVCB && rr->type != TYPE_HTTPS) || rr->rdlen < 3 ||
	    name_skip(msg, rr->end, &at) != ERR_OK)
		return 0;
	return at;
}

/* The octets of the parameter at `at`; 0: it is not whole. */
static size_t param_len(const uint8_t *msg, const struct wire_rr *rr, size_t at)
{
	size_t len;

	if (rr->end - at < PARAM_FIXED)
		return 0;
	len = PARAM_FIXED + wire_get16(msg + at + 2);
	return len <= rr->end - at ? len : 0;
}

static bool is_mandatory(const uint8_t *value, size_t len, unsigned int which)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		if (is_hint(wire_get16(value + i), which))
			return true;
	return false;
}

/* True when the record is well made, has such hints, and may be without them. */
static bool has_hints(const uint8_t *msg, const struct wire_rr *rr, unsigned int which)
{
	size_t at = params_at(msg, rr);
	bool found = false;
	size_t len;

	for (; at > 0 && at < rr->end; at += len) {
		uint16_t key;

		len = param_len(msg, rr, at);
		if (len == 0)
			return false;
		key = wire_get16(msg + at);
		if (key == KEY_MANDATORY &&
		    is_mandatory(msg + at + PARAM_FIXED, len - PARAM_FIXED, which))
			return false;
		found |= is_hint(key, which);
	}
	return found;
}

/* Moves the other parameters together; behind them is what was there before. */
static void strip(uint8_t *msg, struct wire_rr *rr, unsigned int which)
{
	size_t at = params_at(msg, rr);
	size_t to = at;
	size_t len;

	for (; at < rr->end; at += len) {
		len = param_len(msg, rr, at);
		if (is_hint(wire_get16(msg + at), which))
			continue;
		memmove(msg + to, msg + at, len);
		to += len;
	}
	rr->rdlen = (uint16_t)(to - rr->rdata);
}

static unsigned int record_count(const struct reply *reply)
{
	return (unsigned int)reply->ancount + reply->nscount + reply->arcount;
}

static bool any_has_hints(const uint8_t *msg, const struct reply *reply, unsigned int which)
{
	size_t len = reply->question_end + (size_t)reply->body_len;
	size_t pos = reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = record_count(reply); i > 0; i--)
		if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return false;
		else if (has_hints(msg, &rr, which))
			return true;
	return false;
}

/* Writes the records of `msg` without the hints; `msg` is spoilt.  False: they take more room than
 * before, as they pointed to names that are no more shared. */
static bool rewrite(struct rewrite *out, uint8_t *msg, const struct reply *reply,
		    unsigned int which)
{
	size_t len = reply->question_end + (size_t)reply->body_len;
	size_t pos = reply->question_end;
	struct wire_rr rr;

	rewrite_begin(out, msg, pos, len);
	for (unsigned int i = record_count(reply); i > 0; i--) {
		if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return false;
		if (has_hints(msg, &rr, which))
			strip(msg, &rr, which);
		rewrite_record(out, &rr);
	}
	return !out->full;
}

bool hints_remove(uint8_t *msg, struct reply *reply, unsigned int which)
{
	uint8_t *body = msg + reply->question_end;
	uint8_t before[WIRE_MESSAGE_MAX];
	struct rewrite out;

	if (!any_has_hints(msg, reply, which))
		return false;
	memcpy(before, body, reply->body_len);
	if (!rewrite(&out, msg, reply, which)) {
		memcpy(body, before, reply->body_len);
		return false;
	}
	memcpy(body, out.out + reply->question_end, out.len - reply->question_end);
	reply->body_len = (uint16_t)(out.len - reply->question_end);
	reply->ad = false;
	return true;
}

void hints_begin(struct hints_walk *walk, const uint8_t *msg, const struct wire_rr *rr)
{
	*walk = (struct hints_walk){.msg = msg, .param = params_at(msg, rr), .end = rr->end};
}

/* Goes on to the next parameter that is a hint. */
static bool next_param(struct hints_walk *walk)
{
	const struct wire_rr rest = {.end = walk->end};

	while (walk->param > 0 && walk->param < walk->end) {
		size_t at = walk->param;
		size_t len = param_len(walk->msg, &rest, at);
		uint16_t key = len > 0 ? wire_get16(walk->msg + at) : 0;

		walk->param = len > 0 ? at + len : 0;
		walk->value = at + PARAM_FIXED;
		walk->value_end = at + len;
		walk->ipv6 = key == KEY_IPV6HINT;
		if (len > 0 && is_hint(key, HINTS_IPV4 | HINTS_IPV6))
			return true;
	}
	return false;
}

bool hints_next(struct hints_walk *walk, struct ip *ret_ip)
{
	size_t octets = walk->ipv6 ? 16 : 4;

	while (walk->value + octets > walk->value_end) {
		if (!next_param(walk))
			return false;
		octets = walk->ipv6 ? 16 : 4;
	}
	*ret_ip = ip_from_octets(walk->msg + walk->value, walk->ipv6);
	walk->value += octets;
	return true;
}
