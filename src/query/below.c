/* SPDX-License-Identifier: BSD-2-Clause */
/* There is nothing below a name that does not exist (RFC 8020). */
#include <string.h>

#include "base/apart.h"
#include "dns/rewrite.h"
#include "query/job.h"

#define ABOVE_MAX 16U /* names that are looked for: those nearest to the root */

/* Looks for what is known of the name that the query's has from label `label` on: that it does not
 * exist, as its own pool says, which is the query's too or else not found here. */
static bool find_above(const struct query *q, const struct query_env *env, unsigned int label,
		       uint8_t *msg, struct reply *ret_reply)
{
	const uint64_t salt = query_cache_salt(env->snapshot, q);
	const size_t skip = q->suffixes.offset[label];
	struct name above = {.len = (uint8_t)(q->qname.len - skip)};
	const struct cache_key key = {
		.qname = &above,
		.hash = cache_hash(q->suffixes.hash[label] ^ salt, CACHE_ALL_TYPES),
		.qtype = CACHE_ALL_TYPES,
		.flags = query_cache_flags(&q->wire),
	};

	memcpy(above.wire, q->qname.wire + skip, above.len);
	memcpy(msg + WIRE_HEADER, above.wire, above.len);
	return query_cached_reply(env, &key, WIRE_HEADER + above.len + 4U, msg, ret_reply) &&
	       reply_is_for_all_types(ret_reply) && !ret_reply->stale && ret_reply->body;
}

/* The reply as one to the question for the query's name, in whose message `buf` it stands then. */
static bool put_below(const struct query *q, unsigned int label, struct reply *reply, uint8_t *buf)
{
	const uint8_t *from = reply->body - reply->question_end;
	const size_t begin = WIRE_HEADER + q->qname.len + 4U;
	const size_t end = reply->question_end + (size_t)reply->body_len;
	size_t pos = reply->question_end;
	struct rewrite out;
	struct wire_rr rr;

	memcpy(buf + WIRE_HEADER, q->qname.wire, q->qname.len);
	rewrite_begin_behind(&out, from, buf, begin, WIRE_HEADER + q->suffixes.offset[label]);
	while (pos < end && wire_next_rr(from, end, &pos, &rr) == ERR_OK)
		rewrite_record(&out, &rr);
	if (out.full)
		return false;
	memcpy(buf + begin, out.out + begin, out.len - begin);
	reply->question_end = (uint16_t)begin;
	reply->body_len = (uint16_t)(out.len - begin);
	reply->body = buf + begin;
	return true;
}

APART bool query_find_below(const struct query *q, struct answer_job *job, size_t *ret_len)
{
	const unsigned int labels = q->suffixes.labels;
	uint8_t above[WIRE_MESSAGE_MAX];
	uint8_t msg[WIRE_MESSAGE_MAX];
	struct reply reply;

	for (unsigned int i = 1; i < labels && i <= ABOVE_MAX; i++) {
		if (!find_above(q, job->env, labels - i, above, &reply) ||
		    !put_below(q, labels - i, &reply, msg))
			continue;
		stats_inc(job->env->stats, cache_hits);
		*ret_len = query_answer_reply(job, &reply, 0);
		return true;
	}
	return false;
}
