/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that neither a list nor an upstream gives: the operator's own names, special-use ones,
 * and what is kept from clients or from the upstreams. */
#include <string.h>

#include "base/apart.h"
#include "group/groups.h"
#include "map/namemap.h"
#include "dns/hints.h"
#include "query/job.h"
#include "names/special.h"

static size_t end(struct answer_job *job, uint16_t rcode)
{
	if (job->answer.full)
		stats_inc(job->env->stats, truncated);
	return answer_end(&job->answer, rcode, 0);
}

/* ---- the operator's own names */

bool query_answer_local(struct answer_job *job, const struct local_name *found,
			struct name *ret_target, uint16_t *ret_list, enum query_outcome *outcome,
			size_t *ret_len)
{
	const struct snapshot *s = job->env->snapshot;
	struct query_chain c = {.owner = ANSWER_QNAME_POINTER, .is_own = true, .found = *found};
	struct answer *a = &job->answer;
	uint16_t answers = 0;
	struct verdict v;

	answer_job_begin(job);
	while (c.is_own) {
		answers = a->count[SECTION_ANSWER];
		if (!query_chain_add(job, &c))
			break;
		v = policy_match(s->policy, &c.target, &c.suffixes, job->wire->qtype,
				 POLICY_MANDATORY_ONLY);
		if (query_verdict_ends(&v, job->transport)) {
			stats_inc(job->env->stats, blocked_cname);
			*ret_list = v.list;
			*outcome = query_answer_verdict(job, &v, 0, ret_len);
			return true;
		}
	}
	if (!c.is_own && (job->wire->flags & FLAG_RD)) {
		*ret_target = c.target;
		return false;
	}
	if (a->count[SECTION_ANSWER] == answers && !a->full)
		answer_add_soa(a, SECTION_AUTHORITY, c.owner, s->conf->local.ttl_s);
	stats_inc(job->env->stats, local_answers);
	*ret_len = end(job, RCODE_NOERROR);
	*outcome = QUERY_ANSWERED;
	return true;
}

/* ---- special-use names */

static bool add_loopback(struct answer_job *job, uint16_t owner)
{
	static const uint8_t ipv4[] = {127, 0, 0, 1};
	static const uint8_t ipv6[16] = {[15] = 1};
	uint16_t before = job->answer.count[SECTION_ANSWER];
	uint16_t qtype = job->wire->qtype;

	if (query_wants(qtype, TYPE_A))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_A, CLASS_IN, SPECIAL_TTL_S,
			   ipv4, sizeof(ipv4));
	if (query_wants(qtype, TYPE_AAAA))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_AAAA, CLASS_IN, SPECIAL_TTL_S,
			   ipv6, sizeof(ipv6));
	return job->answer.count[SECTION_ANSWER] > before;
}

/* What an empty zone has at its apex: SOA and NS, both of the zone itself (RFC 6303, 3). */
static bool add_apex(struct answer_job *job, uint16_t owner, enum special_kind kind)
{
	static const uint8_t localhost[] = "\11localhost";
	uint16_t before = job->answer.count[SECTION_ANSWER];
	uint16_t qtype = job->wire->qtype;
	uint8_t self[2];

	wire_put16(self, owner);
	if (query_wants(qtype, TYPE_SOA))
		answer_add_soa(&job->answer, SECTION_ANSWER, owner, SPECIAL_TTL_S);
	if (query_wants(qtype, TYPE_NS))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_NS, CLASS_IN, SPECIAL_TTL_S,
			   self, sizeof(self));
	if (kind == SPECIAL_LOOPBACK && query_wants(qtype, TYPE_PTR))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_PTR, CLASS_IN, SPECIAL_TTL_S,
			   localhost, sizeof(localhost));
	return job->answer.count[SECTION_ANSWER] > before;
}

/* True for names that exist because something of ours lies below them (RFC 8020). */
static APART bool lies_above(const struct query *q, const struct snapshot *s)
{
	return namemap_has(s->zones, &q->qname, &q->suffixes) ||
	       local_has(s->local, &q->qname, &q->suffixes);
}

/* Begins the answer; returns where the name that it is for stands. */
static uint16_t begin(struct answer_job *job, const struct name *name)
{
	struct query_chain c;

	answer_job_begin(job);
	if (job->alias && query_chain_begin(job, name, &c))
		return c.owner;
	return ANSWER_QNAME_POINTER;
}

/* The name is not there, for `why`: of the zone that begins at `apex` in it. */
static APART size_t answer_absent(struct answer_job *job, const struct name *name, uint8_t apex,
				  uint32_t ttl_s, const char *why)
{
	struct edes ede;
	uint16_t owner;

	edes_set(&ede, EDE_OTHER, why);
	job->opt.ede = &ede;
	owner = begin(job, name);
	answer_add_soa(&job->answer, SECTION_AUTHORITY, (uint16_t)(owner + apex), ttl_s);
	return end(job, RCODE_NXDOMAIN);
}

static APART size_t answer_nodata(struct answer_job *job, const struct name *name, uint8_t apex,
				  uint32_t ttl_s)
{
	uint16_t owner = begin(job, name);

	answer_add_soa(&job->answer, SECTION_AUTHORITY, (uint16_t)(owner + apex), ttl_s);
	return end(job, RCODE_NOERROR);
}

/* A name exists if it is a zone, in one that has all names, or above what is there. */
static bool exists(const struct query *q, const struct snapshot *s, const struct namemap_hit *hit)
{
	if (hit->value == SPECIAL_LOCALHOST || hit->value == SPECIAL_EMPTY || lies_above(q, s))
		return true;
	if (hit->suffix == 0)
		return hit->value != SPECIAL_ABSENT;
	return namemap_has(s->special, &q->qname, &q->suffixes);
}

static APART size_t answer_special(const struct query *q, struct answer_job *job,
				   const struct namemap_hit *hit)
{
	enum special_kind kind = (enum special_kind)hit->value;
	uint8_t apex = q->suffixes.offset[hit->suffix];
	bool given = false;
	uint16_t owner;

	if (!exists(q, job->env->snapshot, hit))
		return answer_absent(job, &q->qname, apex, SPECIAL_TTL_S, "special-use name");
	owner = begin(job, &q->qname);
	if (kind == SPECIAL_LOCALHOST)
		given = add_loopback(job, owner);
	else if (hit->suffix == 0)
		given = add_apex(job, owner, kind);
	if (!given)
		answer_add_soa(&job->answer, SECTION_AUTHORITY, (uint16_t)(owner + apex),
			       SPECIAL_TTL_S);
	return end(job, RCODE_NOERROR);
}

/* ---- names that are not to be asked for elsewhere, though they could be */

static bool is_canary(const struct query *q, const struct snapshot *s)
{
	return s->conf->local.canaries && special_is_canary(&q->qname) && !q->leave.passed;
}

/* What else is asked about such a name is for the root to tell, or validators behind us break. */
static bool is_host_type(uint16_t qtype)
{
	return qtype == TYPE_A || qtype == TYPE_AAAA || qtype == TYPE_HTTPS;
}

static bool is_single_label(const struct query *q, const struct snapshot *s)
{
	return q->suffixes.labels == 1 && s->tlds && is_host_type(q->wire.qtype) &&
	       !namemap_has(s->tlds, &q->qname, &q->suffixes);
}

static bool answer_kept(const struct query *q, struct answer_job *job, size_t *ret_len)
{
	const struct snapshot *s = job->env->snapshot;
	uint32_t ttl_s = s->conf->local.ttl_s;
	uint8_t above = (uint8_t)(q->qname.wire[0] + 1);

	if (is_canary(q, s))
		*ret_len = answer_absent(job, &q->qname, above, ttl_s, "canary name");
	else if (!is_single_label(q, s))
		return false;
	else if (lies_above(q, s))
		*ret_len = answer_nodata(job, &q->qname, 0, ttl_s);
	else
		*ret_len = answer_absent(job, &q->qname, above, ttl_s, "no top-level domain");
	return true;
}

bool query_answer_special_use(const struct query *q, struct answer_job *job, size_t *ret_len)
{
	struct namemap_hit hit;

	if (q->in_zone)
		return false;
	hit = namemap_find(job->env->snapshot->special, &q->qname, &q->suffixes, 0);
	if (!hit.found) {
		if (!answer_kept(q, job, ret_len))
			return false;
		stats_inc(job->env->stats, special_use);
		return true;
	}
	/* for a validator: that such a zone is not signed, only its parent can tell (RFC 8375, 4)
	 */
	if (q->wire.qtype == TYPE_DS && hit.suffix == 0 && hit.value >= SPECIAL_ZONE)
		return false;
	stats_inc(job->env->stats, special_use);
	*ret_len = answer_special(q, job, &hit);
	return true;
}

/* ---- types that clients are told there are none of */

static bool has_type(const uint16_t *types, size_t count, uint16_t type)
{
	for (size_t i = 0; i < count; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* For all, or for the client's group. */
static bool is_filtered(const struct query *q, const struct snapshot *s)
{
	const struct conf_server *conf = &s->conf->server;
	const struct conf_group *group = groups_of_view(s->groups, q->view);

	return has_type(conf->filter_types, conf->filter_types_count, q->wire.qtype) ||
	       (group && has_type(group->filter_types, group->filter_types_count, q->wire.qtype));
}

static APART size_t answer_filtered(const struct query *q, struct answer_job *job)
{
	struct edes ede;

	stats_inc(job->env->stats, filtered_types);
	if (groups_of_view(job->env->snapshot->groups, q->view))
		stats_inc(job->env->stats, views[q->view].filtered);
	edes_set(&ede, EDE_FILTERED, "filter-types");
	job->opt.ede = &ede;
	return answer_nodata(job, &q->qname, 0, job->env->snapshot->conf->local.ttl_s);
}

bool query_answer_filtered(const struct query *q, struct answer_job *job, size_t *ret_len)
{
	if (!is_filtered(q, job->env->snapshot))
		return false;
	*ret_len = answer_filtered(q, job);
	return true;
}

bool query_is_answered_here(const struct query *q, const struct query_env *env)
{
	const struct snapshot *s = env->snapshot;

	return is_filtered(q, s) ||
	       (!q->in_zone && (namemap_find(s->special, &q->qname, &q->suffixes, 0).found ||
				is_canary(q, s) || is_single_label(q, s)));
}

bool query_filter_hints(const struct query_env *env, uint8_t *msg, struct reply *reply)
{
	const struct conf_server *conf = &env->snapshot->conf->server;
	unsigned int hints = 0;

	if (conf->filter_types_count == 0 || !reply->body)
		return false;
	hints |= has_type(conf->filter_types, conf->filter_types_count, TYPE_A) ? HINTS_IPV4 : 0;
	hints |= has_type(conf->filter_types, conf->filter_types_count, TYPE_AAAA) ? HINTS_IPV6 : 0;
	return hints && hints_remove(msg, reply, hints);
}
