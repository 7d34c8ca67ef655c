/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a server: its round trips, its failures, and the state that they lead to.  One
 * set aside is asked after others, and from time to time, more seldom each time, a question is
 * doubled to learn whether it is well.
 */
#include "base/log.h"
#include "base/table.h"
#include "remote/remote.h"

#define ASIDE_MIN_MS 1000U
#define ASIDE_MAX_SHIFT 5U /* at most 32 seconds */
#define MEASURE_MS 5000U
#define AWAY_US 250000U	   /* silent for longer, a server may have been away */
#define SECOND_US 1000000U /* to answer what it is asked anew */

static void log_text(const struct server *server, const char *text)
{
	char name[ADDR_TEXT_MAX];

	log_limited(LOG_LEVEL_WARNING, "upstream %s %s",
		    endpoint_text(&server->address, name, sizeof(name)), text);
}

#define TRANSPORTS(X) X(SERVER_UDP, "udp") X(SERVER_TCP, "tcp") X(SERVER_TLS, "tls")

static const char *const transports[] = {TRANSPORTS(TABLE_ROW)};
TABLE_COMPLETE(TRANSPORTS, SERVER_TRANSPORT_COUNT);

const char *server_transport_word(enum server_transport transport)
{
	return transports[transport];
}

void health_log(const struct server *server, const char *who)
{
	const struct conf *conf = server->upstreams->loop->env.snapshot->conf;
	const struct rtt *rtt = &server->health.rtt;
	char name[ADDR_TEXT_MAX];

	log_notice("upstream %s %s, %s: %s rtt_us=%u p95_us=%u timeout_ms=%u strikes=%u",
		   endpoint_text(&server->address, name, sizeof(name)),
		   server_transport_word(server->transport), who,
		   server_states[server->health.state].name, rtt->smoothed_us, rtt_p95_us(rtt),
		   rtt_timeout_ms(rtt, conf->outgoing.retransmit_ms), server->health.strikes);
}

static void log_move(const struct server *server, enum server_state before, enum server_event event)
{
	const struct health *h = &server->health;
	const char *text = server_states[h->state].log;

	if (text)
		log_text(server,
			 h->state == STATE_DEAD && h->unreached ? "cannot be reached" : text);
	else if (server_states[before].log && event != SERVER_EVENT_REST)
		log_text(server, "answers again");
}

/* watch.c looks at once. */
static void look_soon(struct server *server)
{
	static const struct timeval now = {0};

	(void)evtimer_add(&server->timer, &now); /* no memory: when it is asked next */
}

void health_event(struct server *server, enum server_event event)
{
	struct health *h = &server->health;
	struct upstreams *up = server->upstreams;
	enum server_state before = h->state;

	h->state = server_state_after(before, event);
	if (h->state == before)
		return;
	log_move(server, before, event);
	if (before == STATE_DEAD)
		h->rtt = (struct rtt){0}; /* what was waited for in vain was no round trip */
	if (h->state == STATE_ASIDE)
		h->measure_at_ms = up->loop->env.now_ms;
	h->probing_since_us = 0;
	h->probe_wait_ms = 0;
	up->changed = true;
	upstreams_wake(up);
	look_soon(server);
}

void health_asked(struct server *server)
{
	struct health *h = &server->health;
	const struct loop *loop = server->upstreams->loop;

	if (h->silent_since_us == 0)
		h->silent_since_us = loop->now_us;
	h->asked_ms = loop->env.now_ms;
}

/* The server was silent for so long that what it was sent may be lost: try.c has that asked anew.
 * Where our own questions were not answered either, the server has a second to answer them. */
static void come_back(struct server *server)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	if (h->probing_since_us && now_us - h->probing_since_us >= AWAY_US &&
	    h->unanswered_since_us < now_us - SECOND_US)
		h->unanswered_since_us = now_us - SECOND_US;
	h->back = true;
	server->upstreams->changed = true;
	upstreams_wake(server->upstreams);
}

void health_heard(struct server *server)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	if (h->silent_since_us && now_us - h->silent_since_us >= AWAY_US)
		come_back(server);
	h->silent_since_us = 0;
	h->unheard = 0;
	h->probing_since_us = 0;
	h->unreached = false;
	h->heard_us = now_us;
	health_event(server, SERVER_EVENT_HEARD);
}

void health_answered(struct server *server, const struct attempt *a)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	health_heard(server);
	if (a->sent_us && now_us >= a->sent_us)
		rtt_sample(&h->rtt, now_us - a->sent_us);
	h->answered_us = now_us;
	h->unanswered = 0;
	health_event(server, SERVER_EVENT_ANSWERED);
}

/* One that has answered others since is not slow: this question, or the answer, was lost. */
void health_unanswered(struct server *server, const struct attempt *a)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	if (a->sent_us && now_us > a->sent_us && h->answered_us < a->sent_us)
		rtt_at_least(&h->rtt, now_us - a->sent_us);
}

void health_measured(struct server *server)
{
	server->health.measure_at_ms = server->upstreams->loop->env.now_ms + MEASURE_MS;
}

void health_good(struct server *server)
{
	server->health.strikes = 0;
	server->health.aside_until_ms = 0;
	health_event(server, SERVER_EVENT_GOOD);
	health_measured(server);
}

void health_bad(struct server *server, enum failure failure)
{
	struct health *h = &server->health;
	uint64_t now_ms = server->upstreams->loop->env.now_ms;
	uint32_t shift;

	h->unreached = failure == FAILURE_NETWORK;
	if (h->aside_until_ms > now_ms)
		return; /* all that failed together counts once */
	h->strikes++;
	if (h->strikes < STRIKES_OUT)
		return;
	health_event(server, h->unreached ? SERVER_EVENT_UNREACHED : SERVER_EVENT_STRUCK);
	shift = h->strikes - STRIKES_OUT;
	if (shift > ASIDE_MAX_SHIFT)
		shift = ASIDE_MAX_SHIFT;
	h->aside_until_ms = now_ms + ((uint64_t)ASIDE_MIN_MS << shift);
	h->measure_at_ms = h->aside_until_ms;
}
