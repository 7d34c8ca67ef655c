/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The course of a question.  It is put to one server; when that one takes longer than it nearly
 * always does, to a second (a hedge); when an answer is overdue, to the next, or to the same
 * again; when a server fails, to the next at once.  It ends with an answer, when no server can
 * give one any more, or when its time is up.
 */
#include <string.h>

#include "upstream/engine.h"

#define NEVER UINT64_MAX
#define AT_ONCE 0U
#define EXTRA_PRICE 1000000U	     /* of an extra question, in what the budget counts */
#define EXTRA_MAX (10 * EXTRA_PRICE) /* that can be saved up */
#define EXTRA_PERCENT (EXTRA_PRICE / 100)
#define PROBE_MS 2000U		 /* how long a server that is measured is waited for */
#define AWAIT_DEAD_MS 800U	 /* how long a question waits for those dead for long to be back */
#define DEAD_LONG_US 10000000ULL /* that is: silent for longer */

/* They may ask others at once. */
static void tell(struct upstream_waiter *waiters, const struct upstream_result *result)
{
	while (waiters) {
		struct upstream_waiter *next = waiters->next;

		waiters->done(waiters, result);
		waiters = next;
	}
}

/* Another has answered well: what these said was their own fault, and not the name's. */
static void blame_unhelpful(const struct question *q)
{
	for (uint32_t i = 0; i < q->pool->count; i++)
		if (q->unhelpful & place_bit(i))
			health_bad(q->pool->servers[i], FAILURE_ANSWER);
}

/* The server did not answer in time: held against it once for each question. */
static void blame_overdue(struct question *q, struct server *server)
{
	uint64_t bit = place_bit(question_place(q, server));

	if (!(q->overdue & bit))
		health_bad(server, FAILURE_TIMEOUT);
	q->overdue |= bit;
}

void try_finish(struct question *q, const struct upstream_result *result)
{
	struct upstream_waiter *waiters = q->waiters;

	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server)
			health_unanswered(q->attempts[i].server, &q->attempts[i]);
	if (result->reply && result->reply->kind != REPLY_FAILURE)
		blame_unhelpful(q);
	question_end(q);
	tell(waiters, result);
}

/* Those who have waited long get what is left in the cache, if there is anything (RFC 8767, 5);
 * the question goes on. */
static void give_stale(struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct upstream_result result = {.reply = NULL};
	struct upstream_waiter *waiters = q->waiters;
	struct reply reply;

	q->stale_ms = NEVER;
	if (!waiters ||
	    !query_stale(&up->loop->env, &q->key, false, up->message, &reply, &result.verdict))
		return;
	result.reply = &reply;
	q->waiters = NULL;
	tell(waiters, &result);
}

/* Nobody answers: what is left in the cache is better than nothing, and an upstream's word on why
 * it failed is better than ours. */
static void give_up(struct question *q, enum query_failure failure)
{
	struct upstreams *up = q->upstreams;
	const struct query_env *env = &up->loop->env;
	struct upstream_result result = {.failure = failure};
	struct reply reply = {.kind = REPLY_FAILURE, .rcode = RCODE_SERVFAIL};
	bool told_why = q->answered_badly && q->ede.len;

	if (q->probe) {
		try_finish(q, &result);
		return;
	}
	if (query_stale(env, &q->key, failure != QUERY_FAIL_OVERLOAD, up->message, &reply,
			&result.verdict)) {
		result.reply = &reply;
	} else if (told_why) {
		reply.ede_len = q->ede.len;
		memcpy(reply.ede, q->ede.data, q->ede.len);
		reply.body = q->ede.data;
		result.reply = &reply;
	}
	query_remember_failure(env, &q->key, failure, q->answered_badly ? &q->ede : NULL);
	try_finish(q, &result);
}

/* ---- the timer */

static void arm(struct question *q)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;
	uint64_t due_ms = q->deadline_ms;
	struct timeval tv;

	due_ms = q->retry_ms < due_ms ? q->retry_ms : due_ms;
	due_ms = q->hedge_ms < due_ms ? q->hedge_ms : due_ms;
	due_ms = q->stale_ms < due_ms ? q->stale_ms : due_ms;
	due_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	tv = (struct timeval){.tv_sec = (time_t)(due_ms / 1000),
			      .tv_usec = (suseconds_t)(due_ms % 1000 * 1000)};
	if (event_add(&q->timer, &tv) == 0)
		return;
	q->deadline_ms = now_ms; /* no memory: its time is up, rather than never */
	event_active(&q->timer, EV_TIMEOUT, 0);
}

/* Ends the question from the loop, not from where we are. */
static void end_soon(struct question *q)
{
	q->deadline_ms = AT_ONCE;
	event_active(&q->timer, EV_TIMEOUT, 0);
}

/* When it is tried again: each round through the servers waits longer than the last, by as much
 * again.  Doubling would leave a question that is lost a few times too little of its time. */
static void set_retry(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	uint32_t initial_ms = loop->env.snapshot->conf->outgoing.retransmit_ms;
	uint32_t rounds = q->retries / (q->pool->count ? q->pool->count : 1);
	uint32_t wait_ms = q->last ? rtt_timeout_ms(&q->last->health.rtt, initial_ms) : initial_ms;

	if (wait_ms < initial_ms && q->last && q->last->transport != SERVER_UDP)
		wait_ms = initial_ms; /* the connection may have to be opened first */
	wait_ms *= rounds + 1;
	if (wait_ms > initial_ms && q->last && q->last->health.dead)
		wait_ms = initial_ms; /* it may be back at any time */
	q->retry_ms = loop->env.now_ms + wait_ms;
}

/* ---- tries */

/* Where the next attempt is kept.  NULL: it has been sent too often. */
static struct attempt *unused_place(struct question *q)
{
	return q->attempt_count < ATTEMPTS_MAX ? &q->attempts[q->attempt_count] : NULL;
}

/* The same; what was sent so long ago that it is waited for no more makes room. */
static struct attempt *next_place(struct question *q)
{
	uint64_t now_us = q->upstreams->loop->now_us;
	struct attempt *place = unused_place(q);

	for (uint32_t i = 0; i < ATTEMPTS_MAX && !place; i++)
		if (q->attempts[i].sent_us &&
		    now_us - q->attempts[i].sent_us >= 1000ULL * RTT_TIMEOUT_MAX_MS)
			place = &q->attempts[i];
	return place;
}

/* Sends `q` to `server`, over its own transport, or over a connection in any case, as attempt `a`.
 * ERR_REFUSED: that is NULL, or connections are full.  ERR_NOMEM, ERR_SYS. */
static enum err send_to(struct question *q, struct server *server, bool over_connection,
			struct attempt *a)
{
	struct upstreams *up = q->upstreams;
	enum err err;

	if (!a)
		return ERR_REFUSED;
	attempt_end(a);
	*a = (struct attempt){.question = q, .server = server};
	a->edns = q->stumbled == server ? q->edns : EDNS_WHOLE;
	if (over_connection || server->transport != SERVER_UDP)
		err = uplink_send(up, a);
	else
		err = udp_send(up, a);
	if (err != ERR_OK) {
		a->server = NULL;
		return err;
	}
	if (a == &q->attempts[q->attempt_count])
		q->attempt_count++;
	server_busy(server);
	health_asked(server);
	return ERR_OK;
}

/*
 * Sends the question to the best server left; one that cannot be sent to has failed.  False:
 * there is none left, or no attempt to spare; what is under way decides then.
 */
static bool send_next(struct question *q)
{
	struct attempt *a = next_place(q);
	struct server *server;

	if (!a)
		return false;
	question_renew(q);
	while ((server = pick_next(q))) {
		size_t place = question_place(q, server);

		q->last = server;
		q->tried |= place_bit(place);
		if (send_to(q, server, false, a) == ERR_OK)
			return true;
		q->failed |= place_bit(place);
		health_bad(server, FAILURE_NETWORK);
		if (q->probe)
			return false;
	}
	return false;
}

/* Has it retried when the first of the dead may be asked.  False: there is none left. */
static bool retry_when_due(struct question *q)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;
	uint64_t due_ms = pick_due_ms(q);

	if (due_ms == NEVER)
		return false;
	q->retry_ms = due_ms > now_ms ? due_ms : now_ms + 1;
	return true;
}

/* True when some server of the pool fell silent a short while ago.  What was restarted, or cut off
 * for a moment, is back in seconds; the longer it has been away, the longer it will be. */
static bool may_be_back_soon(const struct question *q)
{
	uint64_t now_us = q->upstreams->loop->now_us;

	for (uint32_t i = 0; i < q->pool->count; i++)
		if (q->pool->servers[i]->health.silent_since_us + DEAD_LONG_US > now_us)
			return true;
	return false;
}

/*
 * Nothing is under way, and the servers left are dead.  One that has come back will have told so
 * before long, by what little it is asked; till then the question waits, but those who can be
 * given what is stale do not.  Nor do, for long, those who come when no server has spoken for long:
 * they may know another resolver.  False: no such server.
 */
static bool await_dead(struct question *q)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;

	if (!retry_when_due(q))
		return false;
	if (!q->awaits_dead) {
		q->stale_ms = now_ms;
		if (q->deadline_ms > now_ms + AWAIT_DEAD_MS && !may_be_back_soon(q))
			q->deadline_ms = now_ms + AWAIT_DEAD_MS;
	}
	q->awaits_dead = true;
	arm(q);
	return true;
}

/* It was sent: its answer has the time that any has. */
static void await_answer(struct question *q)
{
	const struct query_env *env = &q->upstreams->loop->env;

	if (q->awaits_dead)
		q->deadline_ms = q->begun_ms + env->snapshot->conf->outgoing.timeout_ms;
	q->awaits_dead = false;
	set_retry(q);
	arm(q);
}

/* After a failure: the next server at once, or the end when no other can answer any more.  While
 * another is asked already, only one that was not: it is not yet late. */
static void go_on(struct question *q)
{
	question_renew(q);
	if (question_under_way(q) && !pick_second(q))
		return;
	if (send_next(q)) {
		await_answer(q);
	} else if (!question_under_way(q) && !await_dead(q)) {
		give_up(q, QUERY_FAIL_NETWORK);
	}
}

bool try_again(struct question *q, struct server *server, bool over_connection)
{
	if (over_connection && question_over_link(q, server))
		return true;
	if (send_to(q, server, over_connection, unused_place(q)) != ERR_OK)
		return false;
	if (over_connection)
		stats_inc(q->upstreams->loop->env.stats, upstream_tcp);
	return true;
}

void try_failed(struct question *q, struct server *server, enum failure failure)
{
	struct stats *stats = q->upstreams->loop->env.stats;
	uint64_t bit = place_bit(question_place(q, server));

	if (failure == FAILURE_FORGED) {
		stats_inc(stats, upstream_forged);
		if (try_again(q, server, true))
			return;
	}
	stats_inc(stats, upstream_retries);
	q->failed |= bit;
	if (failure == FAILURE_ANSWER) {
		q->answered_badly = true;
		q->unhelpful |= bit;
	} else {
		health_bad(server, failure);
	}
	go_on(q);
}

/* An extra question, if the budget has it. */
static bool spend(struct upstreams *up)
{
	if (up->extra_budget < EXTRA_PRICE)
		return false;
	up->extra_budget -= EXTRA_PRICE;
	return true;
}

static void hedge(struct question *q)
{
	struct server *server;

	question_renew(q);
	server = pick_second(q);
	q->hedge_ms = NEVER;
	if (!server || !spend(q->upstreams))
		return;
	q->tried |= place_bit(question_place(q, server));
	if (send_to(q, server, false, unused_place(q)) == ERR_OK)
		stats_inc(q->upstreams->loop->env.stats, upstream_hedges);
}

static void retry(struct question *q)
{
	struct stats *stats = q->upstreams->loop->env.stats;

	q->hedge_ms = NEVER;
	if (!question_under_way(q)) {
		go_on(q); /* it has waited for a dead one */
		return;
	}
	if (q->last)
		blame_overdue(q, q->last);
	if (send_next(q)) {
		stats_inc(stats, upstream_retries);
	} else if (retry_when_due(q)) { /* all have fallen silent: as soon as they are back */
		arm(q);
		return;
	}
	stats_inc(stats, upstream_timeouts);
	q->retries++;
	set_retry(q);
	arm(q);
}

/* Nobody could be asked, or nobody has answered; one that has come back may be asked yet. */
static void time_is_up(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	uint32_t timeout_ms = loop->env.snapshot->conf->outgoing.timeout_ms;

	if (q->awaits_dead && q->begun_ms + timeout_ms > loop->env.now_ms && send_next(q)) {
		await_answer(q);
		return;
	}
	if (q->deadline_ms == AT_ONCE) {
		give_up(q, QUERY_FAIL_NETWORK);
		return;
	}
	if (q->last)
		blame_overdue(q, q->last);
	stats_inc(loop->env.stats, upstream_timeouts);
	give_up(q, QUERY_FAIL_NO_REPLY);
}

void try_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;
	struct loop *loop = q->upstreams->loop;

	(void)fd;
	(void)what;
	loop_tick(loop);
	if (q->crowded_out) {
		give_up(q, QUERY_FAIL_OVERLOAD);
		return;
	}
	if (loop->env.now_ms >= q->deadline_ms) {
		time_is_up(q);
		return;
	}
	if (loop->env.now_ms >= q->stale_ms)
		give_stale(q);
	if (loop->env.now_ms >= q->hedge_ms)
		hedge(q);
	if (loop->env.now_ms >= q->retry_ms)
		retry(q);
	else
		arm(q);
}

/* ---- the beginning */

/* The budget grows with each question; a second server is asked when the first takes longer than
 * it does for 95 in 100. */
static void plan_hedge(struct question *q)
{
	struct upstreams *up = q->upstreams;
	uint32_t percent = up->loop->env.snapshot->conf->outgoing.hedge_percent;
	uint32_t p95_us = rtt_p95_us(&q->last->health.rtt);

	up->extra_budget += (uint64_t)percent * EXTRA_PERCENT;
	if (up->extra_budget > EXTRA_MAX)
		up->extra_budget = EXTRA_MAX;
	if (percent > 0 && p95_us > 0 && q->pool->count > 1)
		q->hedge_ms = up->loop->env.now_ms + p95_us / 1000 + 1;
}

/* One that is set aside comes back by being measured, whatever the budget; the others are measured
 * where it matters who is faster. */
static struct server *next_to_measure(const struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct server *server = pick_to_measure(q, true);

	if (server || up->loop->env.snapshot->conf->outgoing.policy != CONF_POLICY_FASTEST)
		return server;
	server = pick_to_measure(q, false);
	return server && spend(up) ? server : NULL;
}

/* Puts the question to one more server, of which it is time to learn how it is; nobody waits for
 * what it says. */
static void measure(struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct server *server = next_to_measure(q);
	struct question *probe;

	if (!server)
		return;
	health_measured(server);
	probe = question_begin(up, &q->key, server);
	if (!probe)
		return;
	stats_inc(up->loop->env.stats, upstream_probes);
	probe->deadline_ms = up->loop->env.now_ms + PROBE_MS;
	if (send_next(probe))
		arm(probe);
	else
		question_end(probe);
}

static void plan_stale(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	const struct conf_cache *conf = &loop->env.snapshot->conf->cache;

	if (conf->serve_stale_s > 0 && conf->stale_timeout_ms > 0)
		q->stale_ms = loop->env.now_ms + conf->stale_timeout_ms;
}

void try_begin(struct question *q)
{
	plan_stale(q);
	if (!send_next(q)) {
		if (!await_dead(q))
			end_soon(q);
		return;
	}
	plan_hedge(q);
	set_retry(q);
	arm(q);
	if (q->last && q->pool->count > 1)
		measure(q);
}

void try_crowd_out(struct question *q)
{
	struct question_queue *queue = &q->upstreams->queue;

	TAILQ_REMOVE(queue, q, age);
	TAILQ_INSERT_TAIL(queue, q, age);
	q->crowded_out = true;
	end_soon(q);
}
