/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The course of a question.  It is put to one server; when an answer is overdue, to the next, or
 * to the same again; when a server fails, to the next at once.  It ends with an answer, when no
 * server can give one any more, or when its time is up.
 */
#include "upstream/engine.h"

#define NEVER UINT64_MAX
#define AT_ONCE 0U
#define RELEASE_MAX 64U	  /* questions that waited, sent together */
#define SILENT_MS 500U	  /* without an answer, of one that gives way */
#define LATELY_US 100000U /* beyond its round trip: what a server was sent before is late */
#define RELEASE_MS 2U	  /* between two such turns: a server's socket takes no more */

/* ---- blame */

/* True when the server has answered another question since it was sent this one first: then that
 * it does not answer this one is the name's fault. */
static bool has_spoken_since(const struct question *q, const struct server *server)
{
	for (uint32_t i = 0; i < q->attempt_count; i++) {
		const struct attempt *a = &q->attempts[i];

		if (a->server == server && a->sent_us && server->health.answered_us > a->sent_us)
			return true;
	}
	return false;
}

/* The server did not answer in time: held against it once for each question. */
static void blame_overdue(struct question *q, struct server *server)
{
	uint64_t bit = place_bit(question_place(q, server));

	if (!(q->overdue & bit) && !has_spoken_since(q, server))
		health_bad(server, FAILURE_TIMEOUT);
	q->overdue |= bit;
}

/* ---- tries */

/*
 * Sends the question to the best server left; one that cannot be sent to has failed.  False:
 * there is none left, or no attempt to spare; what is under way decides then.
 */
static bool send_next(struct question *q)
{
	struct attempt *a = send_any_place(q);
	struct server *server;

	if (!a)
		return false;
	question_renew(q);
	while ((server = pick_next(q))) {
		size_t place = question_place(q, server);

		q->last = server;
		q->tried |= place_bit(place);
		if (send_to(q, server, false, a) == ERR_OK) {
			client_wait_no_more(q);
			return true;
		}
		q->failed |= place_bit(place);
		health_bad(server, FAILURE_NETWORK);
	}
	return false;
}

/* Waits for the answer to what was sent. */
static void await_answer(struct question *q)
{
	wait_plan(q);
	wait_set_retry(q);
	wait_arm(q);
}

/* The next server at once; or, when none can be asked now, its turn; or else the end, unless what
 * is under way may still be answered. */
static void send_or_wait(struct question *q)
{
	if (send_next(q))
		await_answer(q);
	else if (!wait_turn(q) && !question_under_way(q))
		finish_failed(q, QUERY_FAIL_NETWORK);
}

/* After a failure.  While another is asked already, only one that was not: it is not yet late. */
static void go_on(struct question *q)
{
	question_renew(q);
	if (!question_under_way(q) || pick_second(q))
		send_or_wait(q);
}

bool try_again(struct question *q, struct server *server, bool over_connection)
{
	if (over_connection && question_over_link(q, server))
		return true;
	if (send_to(q, server, over_connection, send_place(q)) != ERR_OK)
		return false;
	if (over_connection)
		stats_inc(q->upstreams->loop->env.stats, upstream_tcp);
	return true;
}

static bool is_dnssec_wanted(const struct question *q)
{
	const struct upstream_waiter *w;
	const struct party *p;

	LIST_FOREACH(p, &q->parties, entry) {
		STAILQ_FOREACH(w, &p->waiters, entry) {
			if (w->wait.wire.edns.dnssec_ok)
				return true;
		}
	}
	return false;
}

bool try_plain(struct question *q, struct server *server)
{
	if ((q->key.flags & CACHE_FLAG_PLAIN) || server->transport != SERVER_UDP ||
	    is_dnssec_wanted(q))
		return false;
	q->key.flags |= CACHE_FLAG_PLAIN; /* so that who sets DO does not join it */
	return try_again(q, server, false);
}

static bool is_under_way_at(const struct question *q, const struct server *server)
{
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server == server)
			return true;
	return false;
}

/* Where a connection is not to be had: another server, or the same from another port. */
static void ask_elsewhere(struct question *q, struct server *server)
{
	uint64_t bit = place_bit(question_place(q, server));

	if (pick_second(q) && send_next(q)) {
		await_answer(q);
	} else if (bit & ~q->renewed) {
		q->renewed |= bit;
		(void)try_again(q, server, false);
	}
}

/* Whoever guesses at the ports that the question was sent from must not meet it there again. */
static void leave_ports(struct question *q, const struct server *server)
{
	for (uint32_t i = 0; i < q->attempt_count; i++) {
		struct attempt *a = &q->attempts[i];

		if (a->server == server && a->source)
			source_retire(a->source);
	}
}

void try_suspect(struct question *q, struct server *server)
{
	uint64_t bit;

	if (q->kind != QUESTION_CLIENT)
		return;
	question_renew(q);
	bit = place_bit(question_place(q, server));
	if (bit && (q->suspected & bit))
		return;
	q->suspected |= bit;
	leave_ports(q, server);
	if (!bit || !uplink_is_worth_it(server) || !try_again(q, server, true))
		ask_elsewhere(q, server);
}

void try_failed(struct question *q, struct server *server, enum failure failure)
{
	struct stats *stats = q->upstreams->loop->env.stats;
	uint64_t bit = place_bit(question_place(q, server));

	if (failure == FAILURE_NETWORK && (q->suspected & bit) && is_under_way_at(q, server)) {
		ask_elsewhere(q, server); /* it was asked beside */
		return;
	}
	stats_inc(stats, upstream_retries);
	if (failure == FAILURE_NETWORK && q->truncated == server && !pick_second(q) &&
	    try_plain(q, server))
		return;
	q->failed |= bit;
	if (failure == FAILURE_ANSWER) {
		q->answered_badly = true;
		q->unhelpful |= bit;
	} else {
		health_bad(server, failure);
	}
	go_on(q);
}

/* ---- when something is due */

/* True while another try is worth it: one in a silent zone is sent twice, and one to servers that
 * answer nothing once. */
static bool worth_a_try(const struct question *q)
{
	return q->time != TIME_SECOND && (!q->in_silence || q->retries == 0);
}

static void retry(struct question *q)
{
	struct stats *stats = q->upstreams->loop->env.stats;

	q->hedge_ms = NEVER;
	if (q->last)
		blame_overdue(q, q->last);
	stats_inc(stats, upstream_timeouts);
	if (worth_a_try(q)) {
		if (send_next(q))
			stats_inc(stats, upstream_retries);
		else if (wait_turn(q))
			return;
	}
	q->retries++;
	wait_set_retry(q);
	wait_arm(q);
}

/* Nobody has answered; where servers are well it may be the zone's silence. */
static void note_silence(struct question *q)
{
	if (q->kind == QUESTION_CLIENT && !q->answered_badly && question_under_way(q) &&
	    q->time == TIME_WHOLE)
		silence_note(q->upstreams, &q->key);
}

static void give_up(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;

	if (q->last)
		blame_overdue(q, q->last);
	stats_inc(loop->env.stats, upstream_timeouts);
	note_silence(q);
	finish_failed(q, QUERY_FAIL_NO_REPLY);
}

/* Another takes its place.  Where that is so all the time, no question is given up for its age. */
static void give_way(struct question *q)
{
	if (q->begun_ms + SILENT_MS <= q->upstreams->loop->env.now_ms)
		note_silence(q);
	finish_failed(q, QUERY_FAIL_OVERLOAD);
}

void try_on_time(struct question *q)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;

	if (q->crowded_out) {
		give_way(q);
		return;
	}
	if (q->deadline_ms == AT_ONCE) {
		finish_failed(q, QUERY_FAIL_NETWORK);
		return;
	}
	if (q->unsent) {
		q->unsent = false;
		try_begin(q);
		return;
	}
	if (now_ms >= q->deadline_ms) {
		if (!chase_goes_on(q) && !seek_on_time(q))
			give_up(q);
		return;
	}
	if (now_ms >= q->stale_ms)
		finish_stale(q);
	if (now_ms >= q->hedge_ms)
		extra_hedge(q);
	if (now_ms >= q->retry_ms)
		retry(q);
	else
		wait_arm(q);
}

/* ---- when a server is heard of */

/* True when `q` is overdue, and `server`, which is back after a silence, has not been sent it but
 * in that silence. */
static bool is_missed_by(const struct question *q, const struct server *server)
{
	uint64_t lately_us = server->health.rtt.smoothed_us + LATELY_US;
	bool overdue = q->retries > 0;

	for (uint32_t i = 0; i < q->attempt_count && server->health.back; i++) {
		const struct attempt *a = &q->attempts[i];

		if (a->server != server)
			continue;
		if (a->link || a->sent_us + lately_us > q->upstreams->loop->now_us)
			return false; /* that may be answered yet */
		overdue = true;
	}
	return overdue && server->health.back;
}

/* Where a server of its pool is back, the question is asked anew in its turn, as if that one had
 * not been asked. */
static void ask_anew(struct question *q)
{
	if (q->kind != QUESTION_CLIENT || q->time == TIME_SECOND || !question_under_way(q))
		return;
	for (uint32_t i = 0; i < q->pool->count; i++) {
		const struct server *server = q->pool->servers[i];

		if (!is_missed_by(q, server))
			continue;
		q->tried &= ~place_bit(i);
		if (q->last == server)
			q->last = NULL;
		client_wait(q);
	}
}

void try_on_change(struct upstreams *up)
{
	static const struct timeval now = {0};
	struct server *server;
	struct question *q;

	TAILQ_FOREACH(q, &up->queue, age) {
		wait_plan(q);
		ask_anew(q);
		wait_arm(q);
	}
	TAILQ_FOREACH(server, &up->servers, entry) {
		server->health.back = false;
	}
	up->release_left = up->clients.waiting;
	if (up->release_left > 0 && evtimer_add(&up->release, &now) != 0)
		event_active(&up->release, EV_TIMEOUT, 0);
}

void try_on_release(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {.tv_usec = RELEASE_MS * 1000};
	struct upstreams *up = arg;
	struct question *q;

	(void)fd;
	(void)what;
	loop_tick(up->loop);
	for (uint32_t i = 0; i < RELEASE_MAX && up->release_left > 0; i++) {
		up->release_left--;
		q = client_next(&up->clients);
		if (!q)
			up->release_left = 0;
		else
			send_or_wait(q);
	}
	if (up->release_left > 0 && evtimer_add(&up->release, &soon) != 0)
		event_active(&up->release, EV_TIMEOUT, 0);
}

/* ---- the beginning */

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
		if (!wait_turn(q))
			wait_end_soon(q);
		return;
	}
	extra_plan_hedge(q);
	await_answer(q);
	if (q->last && q->pool->count > 1)
		extra_measure(q);
}
