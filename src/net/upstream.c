/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "net/upstream_p.h"

/* Ends what a question has under way, and hands its place back.  Its waiters are the caller's. */
static void question_end(struct question *q)
{
	struct upstreams *up = q->upstreams;

	for (uint32_t i = 0; i < q->attempt_count; i++)
		attempt_end(&q->attempts[i]);
	tcp_try_end(q->tcp);
	event_del(&q->timer);
	LIST_REMOVE(q, chain);
	LIST_INSERT_HEAD(&up->unused, q, chain);
	up->in_flight--;
}

/* Ends the question and tells its waiters, who may ask others at once. */
static void question_finish(struct question *q, const struct upstream_result *result)
{
	struct upstream_waiter *w = q->waiters;

	question_end(q);
	while (w) {
		struct upstream_waiter *next = w->next;

		w->done(w, result);
		w = next;
	}
}

static void give_up(struct question *q, enum query_failure failure)
{
	struct upstream_result result = {.failure = failure};
	struct reply reply = {.kind = REPLY_FAILURE, .rcode = RCODE_SERVFAIL};

	if (q->answered_badly && q->ede.len) { /* what an upstream said why is worth more */
		reply.ede_len = q->ede.len;
		memcpy(reply.ede, q->ede.data, q->ede.len);
		reply.body = q->ede.data;
		result.reply = &reply;
	}
	question_finish(q, &result);
}

static void arm(struct question *q, uint64_t delay_ms)
{
	struct timeval tv = {.tv_sec = (time_t)(delay_ms / 1000),
			     .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000)};

	if (event_add(&q->timer, &tv) == 0)
		return;
	q->last_wait = true; /* no memory: its time is up, rather than never */
	event_active(&q->timer, EV_TIMEOUT, 0);
}

/* Arms the timer for the next try, each wait twice the last, or for the end.  Which of the two it
 * is must be known then: when it fires, the loop's clock may be a little ahead of ours. */
static void arm_next(struct question *q)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;
	uint64_t left_ms = q->deadline_ms > now_ms ? q->deadline_ms - now_ms : 0;

	q->last_wait = q->wait_ms >= left_ms;
	arm(q, q->last_wait ? left_ms : q->wait_ms);
	q->wait_ms *= 2;
}

static bool nothing_under_way(const struct question *q)
{
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].source)
			return false;
	return !q->tcp;
}

/*
 * Sends the question to the best server left; one that cannot be sent to has failed.  False:
 * there is none left, or no attempt to spare; what is under way decides then.
 */
static bool send_next(struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct server *server;

	if (q->attempt_count == ATTEMPTS_MAX)
		return false;
	while ((server = server_choose(up, q))) {
		struct attempt *a = &q->attempts[q->attempt_count];

		q->tried |= 1ULL << server->slot;
		q->last = server;
		q->plain = false; /* that was another's */
		if (attempt_send(up, q, server, a) == ERR_OK) {
			q->attempt_count++;
			return true;
		}
		q->failed |= 1ULL << server->slot;
		server_bad(server);
	}
	return false;
}

/* After a failure: the next server at once, or the end when no other can answer any more. */
static void go_on(struct question *q)
{
	if (send_next(q)) {
		arm_next(q);
		return;
	}
	if (nothing_under_way(q))
		give_up(q, QUERY_FAIL_NETWORK);
}

static void question_failed(struct question *q, struct server *server, enum failure failure)
{
	struct upstreams *up = q->upstreams;

	server_bad(server);
	stats_inc(up->loop->env.stats, upstream_retries);
	if (failure == FAILURE_ANSWER)
		q->answered_badly = true;
	if (!server->retired)
		q->failed |= 1ULL << server->slot;
	go_on(q);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;
	struct upstreams *up = q->upstreams;
	struct stats *stats = up->loop->env.stats;

	(void)fd;
	(void)what;
	loop_tick(up->loop);
	if (q->last_wait) {
		stats_inc(stats, upstream_timeouts);
		give_up(q, q->attempt_count ? QUERY_FAIL_NO_REPLY : QUERY_FAIL_NETWORK);
		return;
	}
	if (q->last && q->set_serial == up->set_serial)
		server_bad(q->last);
	stats_inc(stats, upstream_timeouts);
	if (send_next(q))
		stats_inc(stats, upstream_retries);
	arm_next(q);
}

static void ask_over_tcp(struct question *q, struct server *server)
{
	stats_inc(q->upstreams->loop->env.stats, upstream_tcp);
	if (!q->tcp && tcp_try_start(q, server) != ERR_OK)
		question_failed(q, server, FAILURE_NETWORK);
}

/* Keeps what an unusable answer says of its cause. */
static void keep_ede(struct question *q, const struct reply *reply)
{
	q->ede.len = (uint8_t)reply->ede_len;
	memcpy(q->ede.data, reply->ede, reply->ede_len);
}

/* A server that does not know EDNS says FORMERR (RFC 6891, 7): it is asked without, once. */
static bool ask_plainly(struct question *q, struct server *server)
{
	struct upstreams *up = q->upstreams;

	if (q->plain || server->retired || q->attempt_count == ATTEMPTS_MAX)
		return false;
	q->plain = true;
	stats_inc(up->loop->env.stats, upstream_retries);
	if (attempt_send(up, q, server, &q->attempts[q->attempt_count]) != ERR_OK)
		return false;
	q->attempt_count++;
	return true;
}

static void question_answered(struct question *q, struct server *server, size_t len, bool over_tcp)
{
	struct upstreams *up = q->upstreams;
	const struct query_env *env = &up->loop->env;
	struct upstream_result result = {.reply = NULL};
	struct reply reply;

	if (reply_parse(up->message, len, q->key.question_len, &env->snapshot->ttl, &reply) !=
	    ERR_OK) {
		stats_inc(env->stats, upstream_bad);
		question_failed(q, server, FAILURE_ANSWER);
		return;
	}
	if (reply.rcode == RCODE_FORMERR && !reply.has_opt && ask_plainly(q, server))
		return;
	if (reply.kind == REPLY_FAILURE || (reply.tc && over_tcp)) {
		stats_inc(env->stats, upstream_failures);
		keep_ede(q, &reply);
		question_failed(q, server, FAILURE_ANSWER);
		return;
	}
	server_good(server);
	if (reply.tc) {
		ask_over_tcp(q, server);
		return;
	}
	result.verdict = query_resolve(env, &q->key, up->message, len, &reply);
	result.reply = &reply;
	question_finish(q, &result);
}

static struct question *find(struct upstreams *up, const struct query_key *key)
{
	struct question *q;

	LIST_FOREACH(q, &up->buckets[key->hash & up->bucket_mask], chain)
	if (query_key_equal(&q->key, key))
		return q;
	return NULL;
}

static struct question *question_begin(struct upstreams *up, const struct query_key *key)
{
	const struct conf_outgoing *conf = &up->loop->env.snapshot->conf->outgoing;
	struct question *q = LIST_FIRST(&up->unused);

	LIST_REMOVE(q, chain);
	q->key = *key;
	q->upstreams = up;
	q->waiters = NULL;
	q->deadline_ms = up->loop->env.now_ms + conf->timeout_ms;
	q->wait_ms = conf->retransmit_ms;
	q->tried = 0;
	q->failed = 0;
	q->set_serial = up->set_serial;
	q->last = NULL;
	q->tcp = NULL;
	q->last_wait = false;
	q->plain = false;
	q->answered_badly = false;
	q->ede.len = 0;
	q->attempt_count = 0;
	evtimer_assign(&q->timer, up->loop->base, on_timer, q);
	LIST_INSERT_HEAD(&up->buckets[key->hash & up->bucket_mask], q, chain);
	up->in_flight++;
	return q;
}

/* Puts the question to the upstreams; NULL when there are too many. */
static struct question *question_ask(struct upstreams *up, const struct query_key *key)
{
	struct question *q;

	if (LIST_EMPTY(&up->unused))
		return NULL;
	q = question_begin(up, key);
	stats_inc(up->loop->env.stats, forwarded);
	q->last_wait = !send_next(q);
	if (q->last_wait)
		arm(q, 0); /* the waiters are told from the loop */
	else
		arm_next(q);
	return q;
}

void upstream_refresh(struct upstreams *up, const struct query_key *key)
{
	if (!find(up, key))
		(void)question_ask(up, key);
}

enum err upstream_ask(struct upstreams *up, const struct query_key *key,
		      struct upstream_waiter *waiter)
{
	struct question *q = find(up, key);

	if (q)
		stats_inc(up->loop->env.stats, joined);
	else
		q = question_ask(up, key);
	if (!q)
		return ERR_REFUSED;
	waiter->next = q->waiters;
	q->waiters = waiter;
	return ERR_OK;
}

static uint32_t power_of_two_at_least(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

enum err upstreams_create(struct loop *loop, const struct upstream_pool *pools, size_t count,
			  uint32_t in_flight, uint32_t ports, struct upstreams **ret_upstreams)
{
	struct upstreams *up = calloc(1, sizeof(*up));
	uint32_t buckets = power_of_two_at_least(in_flight);

	if (!up)
		return ERR_NOMEM;
	up->loop = loop;
	up->on_answered = question_answered;
	up->on_failed = question_failed;
	up->on_readable = attempts_on_readable;
	up->ports = ports;
	up->in_flight_max = in_flight;
	up->bucket_mask = buckets - 1;
	TAILQ_INIT(&up->servers);
	TAILQ_INIT(&up->retired);
	up->questions = calloc(in_flight, sizeof(*up->questions));
	up->buckets = calloc(buckets, sizeof(*up->buckets));
	if (!up->questions || !up->buckets || servers_replace(up, pools, count) != ERR_OK) {
		upstreams_free(up);
		return ERR_NOMEM;
	}
	for (uint32_t i = in_flight; i-- > 0;)
		LIST_INSERT_HEAD(&up->unused, &up->questions[i], chain);
	*ret_upstreams = up;
	return ERR_OK;
}

void upstreams_free(struct upstreams *up)
{
	if (!up)
		return;
	for (uint32_t i = 0; up->buckets && i <= up->bucket_mask; i++)
		while (!LIST_EMPTY(&up->buckets[i]))
			question_end(LIST_FIRST(&up->buckets[i]));
	servers_free(up);
	free(up->buckets);
	free(up->questions);
	free(up);
}

enum err upstreams_set(struct upstreams *up, const struct upstream_pool *pools, size_t count)
{
	return servers_replace(up, pools, count);
}

uint32_t upstreams_in_flight(const struct upstreams *up)
{
	return up->in_flight;
}
