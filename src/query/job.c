/* SPDX-License-Identifier: BSD-2-Clause */
#include "query/job.h"

#include "base/apart.h"
#include "base/table.h"

/* How long the client may keep the connection open without a question (RFC 7828, 3.3.2). */
static APART void tell_keepalive(struct answer_job *job)
{
	job->opt.keepalive = true;
	job->opt.keepalive_ds =
		(uint16_t)(job->env->snapshot->conf->server.tcp_idle_timeout_ms / 100);
}

void answer_job_init(struct answer_job *job, const struct query_env *env,
		     const struct wire_query *wire, enum transport transport, const uint8_t *cookie,
		     const uint8_t *msg, uint8_t *buf, size_t cap)
{
	uint16_t udp_size = (uint16_t)env->snapshot->conf->server.udp_size;
	size_t limit = cap;

	if (transport == TRANSPORT_UDP) {
		limit = answer_udp_limit(wire, udp_size);
		if (limit > cap)
			limit = cap;
	}
	job->env = env;
	job->wire = wire;
	job->transport = transport;
	job->alias = false;
	job->led = false;
	job->msg = msg;
	job->buf = buf;
	job->room = cap;
	job->limit = limit;
	job->opt = (struct answer_opt){.udp_size = udp_size, .cookie = cookie};
	if (wire->edns.keepalive && transport == TRANSPORT_TCP)
		tell_keepalive(job);
	if (wire->edns.nsid && *env->snapshot->conf->server.identity) {
		job->opt.nsid = env->snapshot->conf->server.identity;
		job->opt.more = true;
	}
}

APART void answer_job_add_soa(struct answer_job *job, const struct policy_list *list)
{
	struct localdata_record soa;

	if (list->soa == 0 ||
	    !localdata_find(job->env->snapshot->policy->data, list->soa, TYPE_SOA, &soa))
		return;
	job->opt.last = soa.rdata;
	job->opt.last_len = soa.rdlen;
}

void answer_job_begin(struct answer_job *job)
{
	answer_begin(&job->answer, job->buf, job->limit, job->msg, job->wire, &job->opt);
}

#define CAUSES(X)                                                                                  \
	X(QUERY_FAIL_NO_REPLY, {EDE_NO_REACHABLE_AUTHORITY, "no upstream answered in time"})       \
	X(QUERY_FAIL_NETWORK, {EDE_NETWORK_ERROR, "every upstream failed"})                        \
	X(QUERY_FAIL_OVERLOAD, {EDE_OTHER, "too many questions in flight"})

static const struct {
	enum ede_code code;
	const char *text;
} causes[] = {CAUSES(TABLE_ROW)};
TABLE_COMPLETE(CAUSES, QUERY_FAIL_COUNT);

void query_failure_ede(enum query_failure failure, struct edes *ret_ede)
{
	edes_set(ret_ede, causes[failure].code, causes[failure].text);
}
