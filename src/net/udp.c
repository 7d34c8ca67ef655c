/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/udp.h"

#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/places.h"
#include "net/batch.h"
#include "net/limit.h"
#include "net/proxied.h"

#define ROUNDS 8 /* batches read of one socket before others get their turn */
#define DRAIN_ROUNDS 64
#define TIMED_MAX 250U /* batches in a second of which it is looked how long they took */
#define QUIET_MS 60000 /* between two warnings */
/* Datagrams of one turn: from so many on a socket is busy, below so many it no longer is. */
#define BUSY_FROM 32U
#define BUSY_TO 8U

/*
 * A socket that epoll watches is woken for by the kernel at each datagram that has left, a tenth of
 * what an answer takes.  So a busy one is not watched, but read from every turn of the loop.
 */
struct udp_socket {
	struct udp *udp;
	struct event event; /* readable */
	struct event turn;  /* instead, while it is busy */
	int fd;
	uint32_t drops; /* datagrams that the kernel dropped, when it was last looked */
	bool wildcard;	/* datagrams come with the address that was asked */
};

/* A client whose question is upstream. */
struct udp_waiter {
	struct upstream_waiter base;
	void *unused; /* of the places */
	struct udp_socket *socket;
	struct peer peer;
};

struct udp {
	struct loop *loop;
	struct upstreams *upstreams;
	struct batch in;
	struct query queries[BATCH];
	struct batch out; /* answers to clients that waited */
	struct udp_socket *out_socket[BATCH];
	size_t out_count;
	struct limit limit;
	struct proxied proxied;
	struct event flush; /* made active when `out` is not empty: runs later in the same turn */
	struct places waiters;
	uint32_t timed;		 /* batches since udp_look */
	uint64_t untold_drops;	 /* of the kernel's, that no warning told of */
	uint64_t quiet_until_ms; /* no further warning before */
	size_t socket_count;
	struct udp_socket sockets[];
};

/* Sends what is in `out`, in runs of the same socket. */
static void flush_out(struct udp *udp)
{
	size_t failed = 0;
	size_t first = 0;

	for (size_t i = 1; i <= udp->out_count; i++) {
		if (i < udp->out_count && udp->out_socket[i] == udp->out_socket[first])
			continue;
		failed += batch_send(&udp->out, udp->out_socket[first]->fd, first, i - first);
		first = i;
	}
	udp->out_count = 0;
	if (failed)
		stats_add(udp->loop->env.stats, send_errors, failed);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	flush_out(arg);
}

/* Builds the answer from a reply or a failure; truncated, when too much of what was held back
 * leaves for the client.  QUERY_FORWARD: the waiter waits again. */
static enum query_outcome answer_waiter(struct udp_waiter *w, const struct upstream_result *result,
					uint8_t *buf, size_t *ret_len)
{
	struct udp *udp = w->socket->udp;
	const struct query_env *env = &udp->loop->env;
	struct query_wait *wait = &w->base.wait;
	enum query_failure failure = result->reply ? QUERY_FAIL_OVERLOAD : result->failure;
	enum query_outcome outcome = QUERY_FORWARD;
	struct query_key key;

	if (result->elsewhere)
		return QUERY_DROPPED;
	if (result->reply)
		outcome = query_resume(env, wait, result->reply, &result->verdict, &key, buf,
				       DATAGRAM_MAX, ret_len);
	if (result->reply && outcome == QUERY_FORWARD &&
	    upstream_ask(udp->upstreams, &key, &w->base) == ERR_OK)
		return QUERY_FORWARD;
	if (outcome == QUERY_FORWARD)
		*ret_len = query_fail(env, wait, failure, buf, DATAGRAM_MAX);
	else if (outcome == QUERY_ANSWERED && !limit_burst(&udp->limit, udp->loop, &w->base.client,
							   wait, w->base.since_us / 1000, *ret_len))
		*ret_len = query_resume_truncated(env, wait, buf, DATAGRAM_MAX);
	return outcome == QUERY_FORWARD ? QUERY_ANSWERED : outcome;
}

static void on_done(struct upstream_waiter *base, const struct upstream_result *result)
{
	struct udp_waiter *w = (struct udp_waiter *)base;
	struct udp *udp = w->socket->udp;
	size_t i = udp->out_count;
	size_t len = 0;
	enum query_outcome outcome = answer_waiter(w, result, batch_buffer(&udp->out, i), &len);

	if (outcome == QUERY_FORWARD)
		return;
	if (outcome == QUERY_ANSWERED && len > 0) {
		udp->out.peers[i] = w->peer;
		udp->out_socket[i] = w->socket;
		batch_set_answer(&udp->out, i, len);
		udp->out_count++;
	}
	loop_waited(udp->loop, base->client_hash);
	places_give(&udp->waiters, w);
	if (udp->out_count == BATCH)
		flush_out(udp);
	else if (udp->out_count == 1)
		event_active(&udp->flush, EV_TIMEOUT, 0);
}

/* What a query shares with none but itself sent again: who sent it, from where to where, its ID;
 * of what a proxy hands on, for whom. */
static uint64_t origin_of(const struct udp_socket *s, const struct peer *peer,
			  const struct query *q)
{
	struct hash_state h = hash_begin(&s->udp->loop->env.name_key);

	hash_word(&h, (uint64_t)(s - s->udp->sockets) << 32 | (uint64_t)peer->control_len << 16 |
			      q->wire.id);
	if (s->udp->loop->env.snapshot->proxies)
		hash_octets(&h, &q->client, sizeof(q->client));
	hash_octets(&h, &peer->name, peer->name_len);
	hash_octets(&h, peer->control, peer->control_len);
	return hash_end(h) | 1ULL << 63;
}

/* Has message `i` wait for its question's reply; on failure it does not. */
static enum err wait_for_reply(struct udp_socket *s, size_t i, const uint8_t *msg)
{
	struct udp *udp = s->udp;
	struct udp_waiter *w = places_take(&udp->waiters);
	const struct query *q = &udp->queries[i];
	struct query_key key;
	enum err err;

	if (!w)
		return ERR_REFUSED;
	w->base.client = loop_client(udp->loop, query_sender(q));
	w->base.client_hash = loop_client_hash(udp->loop, &w->base.client);
	if (!loop_may_wait(udp->loop, w->base.client_hash)) {
		places_give(&udp->waiters, w);
		return ERR_REFUSED;
	}
	query_suspend(q, &udp->loop->env, msg, &key, &w->base.wait);
	w->base.origin = origin_of(s, &udp->in.peers[i], q);
	w->base.since_us = udp->loop->now_us;
	w->base.done = on_done;
	w->socket = s;
	w->peer = udp->in.peers[i];
	err = upstream_ask(udp->upstreams, &key, &w->base);
	if (err == ERR_OK)
		return ERR_OK;
	places_give(&udp->waiters, w);
	loop_waited(udp->loop, w->base.client_hash);
	return err;
}

/* Has the query asked upstream; true when there is no room for it and its answer was built. */
static bool forward(struct udp_socket *s, size_t i, uint8_t *msg, size_t *ret_len)
{
	const struct query_env *env = &s->udp->loop->env;
	enum err err = wait_for_reply(s, i, msg);
	struct query_wait wait;
	struct query_key key;

	if (err == ERR_OK || err == ERR_EXISTS || err == ERR_RANGE)
		return false;
	stats_inc(env->stats, overload);
	query_suspend(&s->udp->queries[i], env, msg, &key, &wait);
	*ret_len = query_fail(env, &wait, QUERY_FAIL_OVERLOAD, msg, DATAGRAM_MAX);
	return true;
}

/* Has a name asked upstream though its answer came from the cache. */
static void refresh(struct udp *udp, const struct query *q)
{
	struct query_key key;

	query_refresh_key(q, &udp->loop->env, &key);
	upstream_refresh(udp->upstreams, &key);
}

/* Counts message `i` against its client's rate.  True: it is within; else `ret_len` is the length
 * of the answer that it gets instead, 0 when it gets none. */
static bool is_within_rate(struct udp *udp, size_t i, size_t *ret_len)
{
	const struct query *q = &udp->queries[i];
	enum limited limited = limit_query(&udp->limit, udp->loop, q);

	if (limited == LIMITED_NOT)
		return true;
	*ret_len = 0;
	if (limited == LIMITED_TRUNCATED)
		*ret_len =
			query_truncate(q, &udp->loop->env, batch_buffer(&udp->in, i), DATAGRAM_MAX);
	return false;
}

/* Decides message `i` of the batch; true when its answer is to be sent. */
static bool answer_one(struct udp_socket *s, size_t i)
{
	struct udp *udp = s->udp;
	struct query *q = &udp->queries[i];
	const struct query_env *env = &udp->loop->env;
	uint8_t *msg = batch_buffer(&udp->in, i);
	size_t len = 0;
	enum query_outcome outcome = query_decide(q, env, msg, msg, DATAGRAM_MAX, &len);

	if (outcome == QUERY_DROPPED) {
		if (q->parsed == WIRE_DROP)
			proxied_look(&udp->proxied, env, &udp->in.peers[i].name, msg,
				     udp->in.msgs[i].msg_len);
		return false;
	}
	if (outcome == QUERY_ANSWERED && q->refresh)
		refresh(udp, q);
	if (env->snapshot->rates && !is_within_rate(udp, i, &len)) {
		if (len == 0)
			return false;
	} else if (outcome == QUERY_FORWARD && !forward(s, i, msg, &len)) {
		return false;
	}
	batch_set_answer(&udp->in, i, len);
	return true;
}

static void begin_batch(struct udp *udp, size_t count)
{
	const struct query_env *env = &udp->loop->env;
	struct batch *b = &udp->in;

	for (size_t i = 0; i < count && env->snapshot->proxies; i++)
		b->msgs[i].msg_len = (unsigned int)proxied_begin(
			&udp->proxied, &udp->queries[i], env, batch_buffer(b, i),
			b->msgs[i].msg_len, (const struct sockaddr *)&b->peers[i].name);
	for (size_t i = 0; i < count && !env->snapshot->proxies; i++)
		query_begin(&udp->queries[i], env, batch_buffer(b, i), b->msgs[i].msg_len,
			    (const struct sockaddr *)&b->peers[i].name, TRANSPORT_UDP);
}

/* All of a batch goes through each step before any goes on: memory is fetched for all at once. */
static void answer_batch(struct udp_socket *s, size_t count)
{
	struct udp *udp = s->udp;
	struct batch *b = &udp->in;
	size_t answers = 0;
	size_t failed;

	begin_batch(udp, count);
	for (size_t i = 0; i < count; i++)
		query_prefetch(&udp->queries[i], &udp->loop->env);
	for (size_t i = 0; i < count; i++)
		if (answer_one(s, i))
			batch_move(b, answers++, i);
	failed = batch_send(b, s->fd, 0, answers);
	if (udp->timed++ < TIMED_MAX)
		stats_took(&udp->loop->env.stats->took_direct, clock_us() - udp->loop->now_us,
			   answers);
	for (size_t i = answers; i < count; i++)
		batch_reset(b, i);
	if (failed)
		stats_add(udp->loop->env.stats, send_errors, failed);
}

/* Returns the number of datagrams read. */
static size_t serve(struct udp_socket *s, int rounds)
{
	size_t total = 0;
	size_t count;

	loop_tick(s->udp->loop);
	do {
		count = batch_receive(&s->udp->in, s->fd, s->wildcard);
		if (count > 0)
			answer_batch(s, count);
		total += count;
	} while (count == BATCH && --rounds > 0);
	return total;
}

static bool come_again(struct udp_socket *s)
{
	static const struct timeval at_once = {.tv_sec = 0};

	return event_add(&s->turn, &at_once) == 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct udp_socket *s = arg;

	(void)fd;
	(void)what;
	if (serve(s, ROUNDS) >= BUSY_FROM && come_again(s))
		event_del(&s->event);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct udp_socket *s = arg;

	(void)fd;
	(void)what;
	if (serve(s, ROUNDS) < BUSY_TO && event_add(&s->event, NULL) == 0)
		return;	     /* datagrams that have come since are told of at once */
	(void)come_again(s); /* the event has its place already */
}

/* On failure the sockets stay the caller's. */
static enum err open_sockets(struct udp *udp, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct udp_socket *s = &udp->sockets[i];

		s->udp = udp;
		s->fd = fds[i];
		s->wildcard = batch_is_told_address(s->fd);
		s->drops = udp_drops(s->fd); /* those are of who had the socket before */
		event_assign(&s->event, udp->loop->base, s->fd, EV_READ | EV_PERSIST, on_readable,
			     s);
		evtimer_assign(&s->turn, udp->loop->base, on_turn, s);
		if (event_add(&s->event, NULL) == 0)
			continue;
		while (i-- > 0)
			event_del(&udp->sockets[i].event);
		return ERR_NOMEM;
	}
	udp->socket_count = count;
	return ERR_OK;
}

enum err udp_create(struct loop *loop, struct upstreams *upstreams, const int *fds, size_t count,
		    uint32_t waiting, struct udp **ret_udp)
{
	struct udp *udp = calloc(1, sizeof(*udp) + count * sizeof(struct udp_socket));

	if (!udp)
		return ERR_NOMEM;
	udp->loop = loop;
	udp->upstreams = upstreams;
	evtimer_assign(&udp->flush, loop->base, on_flush, udp);
	if (PLACES_CREATE(&udp->waiters, struct udp_waiter, unused, waiting) != ERR_OK ||
	    batch_init(&udp->in) != ERR_OK || batch_init(&udp->out) != ERR_OK)
		goto fail;
	if (open_sockets(udp, fds, count) != ERR_OK)
		goto fail;
	*ret_udp = udp;
	return ERR_OK;
fail:
	udp_free(udp);
	return ERR_NOMEM;
}

void udp_free(struct udp *udp)
{
	if (!udp)
		return;
	flush_out(udp);
	for (size_t i = 0; i < udp->socket_count; i++) {
		event_del(&udp->sockets[i].event);
		event_del(&udp->sockets[i].turn);
		close(udp->sockets[i].fd);
	}
	event_del(&udp->flush);
	batch_fini(&udp->in);
	batch_fini(&udp->out);
	places_free(&udp->waiters);
	free(udp);
}

void udp_drain(struct udp *udp)
{
	for (size_t i = 0; i < udp->socket_count; i++) {
		(void)serve(&udp->sockets[i], DRAIN_ROUNDS);
		event_del(&udp->sockets[i].event);
		event_del(&udp->sockets[i].turn);
	}
}

/* What the kernel dropped of the socket's datagrams since it was last looked. */
static uint32_t new_drops(struct udp_socket *s)
{
	uint32_t before = s->drops;

	s->drops = udp_drops(s->fd);
	return s->drops - before;
}

void udp_look(struct udp *udp)
{
	uint64_t now_ms = udp->loop->env.now_ms;
	uint32_t drops = 0;

	udp->timed = 0;

	for (size_t i = 0; i < udp->socket_count; i++)
		drops += new_drops(&udp->sockets[i]);
	limit_look(&udp->limit, udp->loop);
	udp->untold_drops += drops;
	if (drops > 0)
		stats_add(udp->loop->env.stats, kernel_drops, drops);
	if (udp->untold_drops == 0 || now_ms < udp->quiet_until_ms)
		return;
	log_warning(
		"%" PRIu64 " queries were lost: they came faster than they could be read, and "
		"the receive buffer was full (sysctl net.core.rmem_max, as in 60-sinkholed.conf)",
		udp->untold_drops);
	udp->untold_drops = 0;
	udp->quiet_until_ms = now_ms + QUIET_MS;
}

size_t udp_pending(const struct udp *udp)
{
	return udp->out_count;
}
