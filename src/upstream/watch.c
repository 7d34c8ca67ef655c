/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a server is there.  That nobody answers a question may be the fault of its name, so it
 * is only a reason to look: we ask a question of our own, which any server answers at once, the
 * root's NS or, where it is asked of a zone alone, the zone's SOA.
 */
#include <string.h>

#include "upstream/engine.h"

#define OWED_MIN 3U /* questions: that they all are of silent names is less likely */
#define QUIET_US 1000000U
#define UNANSWERED_US 2000000U
#define REST_MS 10000U
#define LOOK_MS 250U /* between two looks at a server that is not probed */
#define PROBE_OFTEN_MS 100U
#define PROBE_SELDOM_MS 1000U
#define PROBE_WAIT_MAX_MS 5000U
#define PROBE_TIMEOUT_MIN_MS 300U
#define WANTED_MS 5000U /* no question waits for longer */
#define PROBES 4U	/* whose replies are known as such; others are heard all the same */
#define NEVER UINT32_MAX

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- probes */

static void set_probe(struct question *q, const struct name *zone)
{
	uint8_t *type = q->key.question + zone->len;

	memcpy(q->key.question, zone->wire, zone->len);
	wire_put16(type, zone->len == 1 ? TYPE_NS : TYPE_SOA);
	wire_put16(type + 2, CLASS_IN);
	q->key.question_len = (uint16_t)(zone->len + 4U);
}

/* Over a connection they are all sent as soon as it is open: one is enough. */
static bool is_queued(const struct question *probe)
{
	for (uint32_t i = 0; i < PROBES; i++)
		if (probe->attempts[i].link && probe->attempts[i].sent_us == 0)
			return true;
	return false;
}

static enum err send_probe(struct server *server)
{
	struct question *q = &server->probe;
	struct attempt *a = &q->attempts[q->attempt_count++ % PROBES];
	enum err err;

	attempt_end(a);
	*a = (struct attempt){.question = q, .server = server};
	if (server->transport == SERVER_UDP)
		err = udp_send(server->upstreams, a);
	else
		err = uplink_send(server->upstreams, a);
	if (err != ERR_OK)
		a->server = NULL;
	return err;
}

static void probe(struct server *server)
{
	struct health *h = &server->health;
	const struct loop *loop = server->upstreams->loop;

	if (h->probing_since_us == 0)
		h->probing_since_us = loop->now_us;
	if (h->silent_since_us == 0)
		h->silent_since_us = loop->now_us;
	h->probed_ms = loop->env.now_ms;
	if (is_queued(&server->probe))
		return;
	stats_inc(loop->env.stats, upstream_looks);
	if (send_probe(server) != ERR_OK)
		health_event(server, SERVER_EVENT_PROBE_LOST);
}

/* A connection may have to be opened first. */
static uint32_t probe_timeout_ms(const struct server *server)
{
	const struct conf *conf = server->upstreams->loop->env.snapshot->conf;
	uint32_t ms = rtt_timeout_ms(&server->health.rtt, conf->outgoing.retransmit_ms);

	if (server->transport != SERVER_UDP || ms > RTT_TIMEOUT_MAX_MS)
		return RTT_TIMEOUT_MAX_MS;
	return ms > PROBE_TIMEOUT_MIN_MS ? ms : PROBE_TIMEOUT_MIN_MS;
}

/* ---- looks */

/* Questions that it owes an answer: under way, or sent since.  What was given up is still owed. */
static uint32_t owed(const struct server *server, uint32_t since)
{
	return server->owed > since ? server->owed : since;
}

static void look(struct server *server)
{
	struct health *h = &server->health;
	const struct loop *loop = server->upstreams->loop;
	uint64_t now_us = loop->now_us;

	if (loop->env.now_ms - h->asked_ms >= REST_MS) {
		h->unheard = h->unanswered = 0;
		health_event(server, SERVER_EVENT_REST);
	}
	if (owed(server, h->unheard) >= OWED_MIN &&
	    now_us - latest(h->heard_us, h->unheard_since_us) >= QUIET_US)
		health_event(server, SERVER_EVENT_QUIET);
	else if (owed(server, h->unanswered) >= OWED_MIN &&
		 now_us - latest(h->answered_us, h->unanswered_since_us) >= UNANSWERED_US)
		health_event(server, SERVER_EVENT_UNANSWERED);
	if (h->probing_since_us &&
	    now_us - h->probing_since_us >= 1000ULL * probe_timeout_ms(server))
		health_event(server, SERVER_EVENT_PROBE_LOST);
}

/* The wait for the next probe of one that is dead: it grows while nobody waits for it. */
static uint32_t dead_wait_ms(struct health *h, uint64_t now_ms)
{
	h->probe_wait_ms = h->probe_wait_ms ? 2 * h->probe_wait_ms : PROBE_OFTEN_MS;
	if (now_ms - h->wanted_ms < WANTED_MS)
		h->probe_wait_ms = PROBE_OFTEN_MS;
	if (h->probe_wait_ms > PROBE_WAIT_MAX_MS)
		h->probe_wait_ms = PROBE_WAIT_MAX_MS;
	return h->probe_wait_ms;
}

static uint32_t next_look_ms(struct server *server)
{
	struct health *h = &server->health;

	switch (server_states[h->state].probes) {
	case PROBES_OFTEN:
		return PROBE_OFTEN_MS;
	case PROBES_SELDOM:
		return PROBE_SELDOM_MS;
	case PROBES_WANTED:
		return dead_wait_ms(h, server->upstreams->loop->env.now_ms);
	case PROBES_NONE:
		break;
	}
	return owed(server, h->unanswered) >= OWED_MIN ? LOOK_MS : NEVER;
}

/* No memory for it: the next question has it armed. */
static void arm(struct server *server, uint64_t ms)
{
	struct timeval t = {.tv_sec = (time_t)(ms / 1000),
			    .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)evtimer_add(&server->timer, &t);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	uint32_t wait_ms;

	(void)fd;
	(void)what;
	loop_tick(server->upstreams->loop);
	look(server);
	if (server_states[server->health.state].probes != PROBES_NONE)
		probe(server);
	wait_ms = next_look_ms(server);
	if (wait_ms != NEVER)
		arm(server, wait_ms);
	else
		event_del(&server->timer); /* what look() has changed is looked at already */
}

/* ---- for those above */

void watch_begin(struct server *server, const struct name *zone)
{
	struct question *q = &server->probe;

	if (!event_initialized(&server->timer)) {
		q->kind = QUESTION_PROBE;
		q->upstreams = server->upstreams;
		evtimer_assign(&server->timer, server->upstreams->loop->base, on_timer, server);
	}
	if (zone->len == 1 || server->pools == 0)
		set_probe(q, zone);
}

/* One more is owed; from the third on it is looked at since when. */
static void count(const struct server *server, uint32_t *sent, uint64_t *since_us, uint32_t before)
{
	if (owed(server, ++*sent) >= OWED_MIN && before < OWED_MIN)
		*since_us = server->upstreams->loop->now_us;
}

void watch_asked(struct server *server)
{
	struct health *h = &server->health;
	uint32_t unheard = owed(server, h->unheard);
	uint32_t unanswered = owed(server, h->unanswered);

	if (server->upstreams->loop->env.now_ms - h->asked_ms >= REST_MS)
		unheard = unanswered = h->unheard = h->unanswered = 0; /* that is long ago */
	server->owed++;
	count(server, &h->unheard, &h->unheard_since_us, unheard);
	count(server, &h->unanswered, &h->unanswered_since_us, unanswered);
	if (h->unanswered >= OWED_MIN && !evtimer_pending(&server->timer, NULL))
		arm(server, LOOK_MS);
}

void watch_wanted(struct server *server)
{
	struct health *h = &server->health;
	uint64_t now_ms = server->upstreams->loop->env.now_ms;

	h->wanted_ms = now_ms;
	if (h->probe_wait_ms <= PROBE_OFTEN_MS)
		return;
	h->probe_wait_ms = PROBE_OFTEN_MS;
	arm(server, now_ms - h->probed_ms < PROBE_OFTEN_MS ? PROBE_OFTEN_MS : 0);
}
