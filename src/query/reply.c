/* SPDX-License-Identifier: BSD-2-Clause */
/* How answers come about: from a list's verdict, from a reply, or from the configuration. */
#include <string.h>

#include "base/apart.h"
#include "dns/plain.h"
#include "query/job.h"

/* A sinkhole's addresses; NULL: it has none of the kind. */
struct addresses {
	const uint8_t *ipv4;
	const uint8_t *ipv6;
};

/* Those of the client's group go before the list's own. */
static inline struct addresses addresses_of(const struct policy *policy,
					    const struct verdict *verdict)
{
	const struct policy_list *list = &policy->lists[verdict->list];
	const struct policy_view *view = policy_sinkhole_of(policy, verdict->view, verdict->list);

	if (view)
		return (struct addresses){view->has_ipv4 ? view->ipv4 : NULL,
					  view->has_ipv6 ? view->ipv6 : NULL};
	return (struct addresses){list->has_ipv4 ? list->ipv4 : NULL,
				  list->has_ipv6 ? list->ipv6 : NULL};
}

static bool has_record(const struct policy_list *list, struct addresses own, uint16_t qtype)
{
	return (own.ipv4 && query_wants(qtype, TYPE_A)) ||
	       (own.ipv6 && query_wants(qtype, TYPE_AAAA)) || (list->null_mx && qtype == TYPE_MX);
}

static size_t answer_sinkhole(struct answer_job *job, const struct policy_list *list,
			      struct addresses own)
{
	static const uint8_t null_mx[] = {0, 0, 0}; /* preference 0, the root */
	uint16_t qtype = job->wire->qtype;

	answer_job_forged(job, list);
	answer_job_begin(job);
	if (own.ipv4 && query_wants(qtype, TYPE_A))
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_A, CLASS_IN,
			   list->ttl_s, own.ipv4, sizeof(list->ipv4));
	if (own.ipv6 && query_wants(qtype, TYPE_AAAA))
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_AAAA, CLASS_IN,
			   list->ttl_s, own.ipv6, sizeof(list->ipv6));
	if (list->null_mx && qtype == TYPE_MX)
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_MX, CLASS_IN,
			   list->ttl_s, null_mx, sizeof(null_mx));
	return answer_end(&job->answer, RCODE_NOERROR, 0);
}

/* Nothing is given; a negative answer has an SOA, so that it is kept (RFC 2308). */
static size_t answer_denial(struct answer_job *job, const struct policy_list *list, uint16_t rcode,
			    uint8_t apex)
{
	answer_job_denied(job, list);
	answer_job_begin(job);
	if (rcode != RCODE_REFUSED)
		answer_add_soa(&job->answer, SECTION_AUTHORITY,
			       (uint16_t)(ANSWER_QNAME_POINTER + apex), list->ttl_s);
	return answer_end(&job->answer, rcode, 0);
}

APART size_t query_answer_truncated(struct answer_job *job)
{
	job->opt.ede = NULL;
	job->opt.last = NULL;
	answer_job_begin(job);
	return answer_end(&job->answer, RCODE_NOERROR, FLAG_TC);
}

/*
 * Where in the qname the SOA's owner of an NXDOMAIN begins: above the name that is listed, since an
 * owner says that its name exists, which dnsmasq 2.90 takes for no data at the next query.
 */
static uint8_t above_listed(const struct answer_job *job, const struct verdict *verdict,
			    uint8_t apex)
{
	uint8_t label = job->msg[WIRE_HEADER + apex];

	if ((verdict->below_only && apex > 0) || label == 0)
		return apex;
	return (uint8_t)(apex + label + 1);
}

enum query_outcome query_answer_verdict(struct answer_job *job, const struct verdict *verdict,
					uint8_t apex, size_t *ret_len)
{
	const struct policy *policy = job->env->snapshot->policy;
	const struct policy_list *list = &policy->lists[verdict->list];
	struct addresses own;

	if (verdict->list < POLICY_PLACES)
		stats_inc(job->env->stats, list_hits[verdict->list]);
	switch (verdict->action) {
	case ACTION_DROP:
		stats_inc(job->env->stats, dropped);
		return QUERY_DROPPED;
	case ACTION_TCP_ONLY:
		*ret_len = query_answer_truncated(job);
		break;
	case ACTION_NXDOMAIN:
		*ret_len =
			answer_denial(job, list, RCODE_NXDOMAIN, above_listed(job, verdict, apex));
		break;
	case ACTION_REFUSED:
		*ret_len = answer_denial(job, list, RCODE_REFUSED, apex);
		break;
	case ACTION_GIVEN:
		if (!query_answer_given(job, verdict, ret_len))
			*ret_len = answer_denial(job, list, RCODE_NOERROR, apex);
		break;
	case ACTION_SINKHOLE:
		own = addresses_of(policy, verdict);
		if (has_record(list, own, job->wire->qtype)) {
			*ret_len = answer_sinkhole(job, list, own);
			break;
		}
		__attribute__((fallthrough));
	default:
		*ret_len = answer_denial(job, list, RCODE_NOERROR, apex);
	}
	return QUERY_ANSWERED;
}

/* AD is for clients that know the bit, and so set DO or AD itself (RFC 6840, 5.7 and 5.8). */
static uint16_t reply_flags(const struct wire_query *wire, const struct reply *reply)
{
	bool wanted = wire->edns.dnssec_ok || (wire->flags & FLAG_AD);

	return reply->ad && wanted ? FLAG_AD : 0;
}

/* The records as they stand: their pointers are good in every message with this question. */
static void add_body(struct answer_job *job, const struct reply *reply, uint32_t age_s)
{
	unsigned int records = (unsigned int)reply->ancount + reply->nscount + reply->arcount;
	size_t body_at = job->wire->question_end;
	struct answer *a = &job->answer;

	if (reply->body == job->buf + body_at && reply->body_len > 0)
		answer_adopt_body(a, reply->body_len, reply->ancount, reply->nscount,
				  reply->arcount);
	else if (reply->body)
		answer_add_body(a, reply->body, reply->body_len, reply->ancount, reply->nscount,
				reply->arcount);
	else
		a->full = true;
	if (!a->full && age_s > 0)
		reply_age(job->buf, a->len, body_at, records, age_s);
}

/* The operator's CNAME is not signed: AD is not set, whatever is said of its target. */
static APART size_t answer_alias(struct answer_job *job, const struct reply *reply, uint32_t age_s)
{
	struct edes ede;

	if (!query_add_alias(job, reply, age_s)) {
		answer_job_begin(job);
		return answer_end(&job->answer, RCODE_SERVFAIL, 0);
	}
	if (job->answer.full && job->transport == TRANSPORT_TCP) { /* no answer can be longer */
		edes_set(&ede, EDE_OTHER, "the answer is too large");
		job->opt.ede = &ede;
		answer_job_begin(job);
		return answer_end(&job->answer, RCODE_SERVFAIL, 0);
	}
	if (job->answer.full)
		stats_inc(job->env->stats, truncated);
	return answer_end(&job->answer, reply->rcode, 0);
}

size_t query_answer_reply(struct answer_job *job, const struct reply *reply, uint32_t age_s)
{
	struct answer *a = &job->answer;

	if (reply->ede.len > 0)
		job->opt.ede = &reply->ede;
	answer_job_begin(job);
	if (job->alias && reply->kind != REPLY_FAILURE)
		return answer_alias(job, reply, age_s);
	add_body(job, reply, age_s);
	if (a->full)
		stats_inc(job->env->stats, truncated);
	return answer_end(a, reply->rcode, reply_flags(job->wire, reply));
}

/* A TXT record of one string in class CH; "" is hidden. */
static size_t answer_chaos_text(struct answer_job *job, const char *text)
{
	uint8_t rdata[256];
	size_t len = strlen(text);

	if (len > 255)
		len = 255;
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	answer_job_begin(job);
	if (job->wire->qtype == TYPE_TXT || job->wire->qtype == TYPE_ANY)
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_TXT, CLASS_CH,
			   0, rdata, (uint16_t)(len + 1));
	return answer_end(&job->answer, RCODE_NOERROR, 0);
}

APART size_t query_answer_chaos(struct answer_job *job, const struct name *qname)
{
	static const struct {
		const char *wire;
		bool version;
	} served[] = {
		{"\7version\4bind", true},
		{"\7version\6server", true},
		{"\2id\6server", false},
		{"\10hostname\4bind", false},
	};
	const struct conf_server *conf = &job->env->snapshot->conf->server;

	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		const char *text = served[i].version ? conf->version : conf->identity;

		if (strcmp((const char *)qname->wire, served[i].wire) == 0 && *text &&
		    qname->len == strlen(served[i].wire) + 1)
			return answer_chaos_text(job, text);
	}
	answer_job_begin(job);
	return answer_end(&job->answer, RCODE_REFUSED, 0);
}

size_t query_truncate(const struct query *q, const struct query_env *env, uint8_t *buf, size_t cap)
{
	struct answer_job job;

	answer_job_init(&job, env, &q->wire, q->transport, q->has_cookie ? q->cookie : NULL, buf,
			buf, cap);
	if (q->told)
		answer_opt_give(&job.opt, &q->subnet);
	return query_answer_truncated(&job);
}

/* Appends an option with room for its data, which is returned. */
static uint8_t *add_option(uint8_t *opt, size_t *len, uint16_t code, uint16_t data_len)
{
	uint8_t *at = opt + *len;

	wire_put16(at, code);
	wire_put16(at + 2, data_len);
	*len += (size_t)data_len + WIRE_OPTION_FIXED;
	return at + WIRE_OPTION_FIXED;
}

/* The OPT of a query to an upstream, behind `before` octets of the message; returns its length. */
static size_t put_opt(const struct query_key *key, const struct query_form *form, size_t before,
		      uint8_t *opt)
{
	size_t len = EDNS_OPT_FIXED;

	memset(opt, 0, EDNS_OPT_FIXED);
	wire_put16(opt + 1, TYPE_OPT);
	wire_put16(opt + 3, form->udp_size);
	wire_put32(opt + 5, key->flags & CACHE_FLAG_PLAIN ? 0 : 0x8000U);
	if (form->cookie_len)
		memcpy(add_option(opt, &len, OPTION_COOKIE, form->cookie_len), form->cookie,
		       form->cookie_len);
	if (form->block) {
		size_t over = (before + len + WIRE_OPTION_FIXED) % form->block;
		uint16_t padding = (uint16_t)(over ? form->block - over : 0);

		memset(add_option(opt, &len, OPTION_PADDING, padding), 0, padding);
	}
	wire_put16(opt + 9, (uint16_t)(len - EDNS_OPT_FIXED));
	return len;
}

size_t query_upstream_message(const struct query_key *key, const struct query_form *form,
			      uint8_t *buf)
{
	uint16_t flags = (uint16_t)(FLAG_RD | FLAG_AD | (key->flags & CACHE_FLAG_CD ? FLAG_CD : 0));
	size_t len = WIRE_HEADER + (size_t)key->question_len;

	memset(buf, 0, WIRE_HEADER);
	wire_put16(buf, form->id);
	wire_put16(buf + 2, flags);
	wire_put16(buf + 4, 1);
	memcpy(buf + WIRE_HEADER, key->question, key->question_len);
	if (form->udp_size == 0)
		return len;
	wire_put16(buf + 10, 1);
	return len + put_opt(key, form, len, buf + len);
}
