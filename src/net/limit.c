/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/limit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"

#define QUIET_MS 60000 /* between two lines in the log */
#define HELD_MS 100U   /* an answer that was waited for for longer was held back */
#define PREFIX_TEXT_MAX (INET6_ADDRSTRLEN + 4)

/* Which of those beyond the rate are answered cannot be foreseen: one who asks in step with
 * another could have all of these for itself. */
static bool slips(const struct limit *limit, const struct query_env *env, uint32_t slip)
{
	struct hash_state h = hash_begin(&env->name_key);

	if (slip < 2)
		return slip == 1;
	hash_word(&h, env->now_ms);
	hash_word(&h, limit->over.total);
	return hash_end(h) % slip == 0;
}

static enum limited beyond(struct limit *limit, struct loop *loop, const struct query *q,
			   const struct ip *client)
{
	const struct conf_ratelimit *conf = &loop->env.snapshot->conf->rate_limit;

	heavy_add(&limit->over, client);
	stats_inc(loop->env.stats, rate_exceeded);
	if (conf->dry_run)
		return LIMITED_NOT;
	if (q->parsed == WIRE_QUERY && slips(limit, &loop->env, conf->slip))
		return LIMITED_TRUNCATED;
	stats_inc(loop->env.stats, rate_dropped);
	return LIMITED_DROPPED;
}

enum limited limit_query(struct limit *limit, struct loop *loop, const struct query *q)
{
	const struct rate *rate;
	struct ip client;

	if (q->good_cookie)
		return LIMITED_NOT;
	rate = rates_find(loop->env.snapshot->rates, query_sender(q));
	if (!rate)
		return LIMITED_NOT;
	client = loop_client(loop, query_sender(q));
	switch (bucket_take(&loop->shared->rate.buckets, &loop->env.name_key, &client, rate,
			    loop->now_us)) {
	case BUCKET_OVER:
		return beyond(limit, loop, q, &client);
	case BUCKET_NEAR:
		heavy_add(&limit->near, &client);
		return LIMITED_NOT;
	case BUCKET_WELL:
		break;
	}
	return LIMITED_NOT;
}

bool limit_burst(struct limit *limit, struct loop *loop, const struct ip *client,
		 const struct query_wait *wait, uint64_t since_ms, size_t len)
{
	const struct query_env *env = &loop->env;
	uint64_t most = env->snapshot->conf->server.burst_bytes;
	uint32_t window = (uint32_t)(env->now_ms / HELD_MS) + 1;
	struct burst *burst;

	if (most == 0 || wait->good_cookie || env->now_ms - since_ms <= HELD_MS)
		return true;
	burst = &limit->bursts[ip_hash(&env->name_key, client) % BURST_CLIENTS];
	if (burst->window != window)
		*burst = (struct burst){.window = window};
	if (burst->octets + len > most) {
		stats_inc(env->stats, burst_truncated);
		return false;
	}
	burst->octets += (uint32_t)len;
	return true;
}

/* ---- what the log is told */

static const char *prefix_text(const struct loop *loop, const struct ip *client, char *buf)
{
	const struct conf_server *conf = &loop->env.snapshot->conf->server;
	bool v4 = client->family == AF_INET;
	uint32_t bits = v4 ? conf->client_prefix_ipv4 : conf->client_prefix_ipv6;
	char address[INET6_ADDRSTRLEN];

	snprintf(buf, PREFIX_TEXT_MAX, bits < (v4 ? 32U : 128U) ? "%s/%u" : "%s",
		 ip_text(client, address, sizeof(address)), bits);
	return buf;
}

static void tell_over(const struct loop *loop, const struct heavy *heavy)
{
	const struct heavy_place *first = heavy_first(heavy);
	char client[PREFIX_TEXT_MAX];

	log_warning("rate limit: %" PRIu64 " queries were over it%s, at least %" PRIu64
		    " of them of client %s, who had most; see rate-limit",
		    heavy->total,
		    loop->env.snapshot->conf->rate_limit.dry_run
			    ? " (dry run: they were answered all the same)"
			    : "",
		    first->count - first->inherited, prefix_text(loop, &first->client, client));
}

static void tell_near(const struct loop *loop, const struct heavy *heavy)
{
	const struct heavy_place *first = heavy_first(heavy);
	char client[PREFIX_TEXT_MAX];

	log_warning(
		"rate limit: client %s is near it, with less than a fifth of its burst left after "
		"%" PRIu64 " queries or more; see rate-limit",
		prefix_text(loop, &first->client, client), first->count - first->inherited);
}

/* True when the minute is over and there is something to tell. */
static bool is_due(struct loop_watch *watch, struct heavy *from, uint64_t now_ms)
{
	heavy_move(&watch->heavy, from);
	if (watch->heavy.total == 0 || now_ms < watch->quiet_until_ms)
		return false;
	watch->quiet_until_ms = now_ms + QUIET_MS;
	return true;
}

static void watch(struct limit *limit, struct loop *loop)
{
	struct loop_rate *rate = &loop->shared->rate;
	uint64_t now_ms = loop->env.now_ms;

	if (is_due(&rate->near, &limit->near, now_ms)) {
		tell_near(loop, &rate->near.heavy);
		rate->near.heavy = (struct heavy){0};
	}
	if (is_due(&rate->over, &limit->over, now_ms)) {
		tell_over(loop, &rate->over.heavy);
		rate->over.heavy = (struct heavy){0};
	}
}

void limit_look(struct limit *limit, struct loop *loop)
{
	struct loop_rate *rate = &loop->shared->rate;

	if (!loop->env.snapshot->rates)
		return;
	bucket_sweep(&rate->buckets, (uint32_t)limit->looks++, loop->now_us);
	if (atomic_exchange(&rate->is_watched, true))
		return; /* by another worker; a second later is soon enough */
	watch(limit, loop);
	atomic_store(&rate->is_watched, false);
}
