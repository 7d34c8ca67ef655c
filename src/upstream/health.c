/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a server is well.  One that keeps failing is set aside: others are asked before it, and
 * from time to time, more seldom each time, a question is doubled to learn whether it is well.
 * One that has said nothing at all for long is dead: where there is no other, it is asked a few
 * questions a second until it answers.
 */
#include "base/log.h"
#include "upstream/engine.h"

#define ASIDE_MIN_MS 1000U
#define ASIDE_MAX_SHIFT 5U /* at most 32 seconds */
#define DEAD_AFTER_US 2000000U
#define TRICKLE_MS 100U
#define MEASURE_MS 5000U

static void log_state(const struct server *server, const char *text)
{
	char name[ADDR_TEXT_MAX];

	log_warning("upstream %s %s", endpoint_text(&server->address, name, sizeof(name)), text);
}

static const char *state_of(const struct health *h)
{
	if (h->dead)
		return "dead";
	return health_is_aside(h) ? "aside" : "well";
}

void health_log(const struct server *server, const char *who)
{
	static const char *const transports[] = {
		[SERVER_UDP] = "udp", [SERVER_TCP] = "tcp", [SERVER_TLS] = "tls"};
	const struct conf *conf = server->upstreams->loop->env.snapshot->conf;
	const struct rtt *rtt = &server->health.rtt;
	char name[ADDR_TEXT_MAX];

	log_notice("upstream %s %s, %s: %s rtt_us=%u p95_us=%u timeout_ms=%u strikes=%u",
		   endpoint_text(&server->address, name, sizeof(name)),
		   transports[server->transport], who, state_of(&server->health), rtt->smoothed_us,
		   rtt_p95_us(rtt), rtt_timeout_ms(rtt, conf->outgoing.retransmit_ms),
		   server->health.strikes);
}

void health_asked(struct server *server)
{
	struct health *h = &server->health;
	const struct loop *loop = server->upstreams->loop;

	if (h->silent_since_us == 0)
		h->silent_since_us = loop->now_us;
	if (h->dead)
		h->trickle_at_ms = loop->env.now_ms + TRICKLE_MS;
}

void health_heard(struct server *server, const struct attempt *a)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	if (h->dead) {
		h->dead = false;
		h->rtt = (struct rtt){0}; /* what was waited for in vain was no round trip */
		log_state(server, "answers again");
	}
	if (a->sent_us && now_us >= a->sent_us)
		rtt_sample(&h->rtt, now_us - a->sent_us);
	h->silent_since_us = 0;
	h->heard_us = now_us;
}

/* One that has answered others since is not slow: this question, or the answer, was lost. */
void health_unanswered(struct server *server, const struct attempt *a)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	if (a->sent_us && now_us > a->sent_us && h->heard_us < a->sent_us)
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
	health_measured(server);
}

/* What does not answer at all, for so long and so often, is taken for dead. */
static void look_if_dead(struct server *server, enum failure failure)
{
	struct health *h = &server->health;
	uint64_t now_us = server->upstreams->loop->now_us;

	if (h->dead || h->strikes < STRIKES_OUT || h->silent_since_us == 0 ||
	    now_us - h->silent_since_us < DEAD_AFTER_US)
		return;
	h->dead = true;
	h->trickle_at_ms = server->upstreams->loop->env.now_ms + TRICKLE_MS;
	log_state(server, failure == FAILURE_NETWORK ? "cannot be reached" : "does not answer");
}

void health_bad(struct server *server, enum failure failure)
{
	struct health *h = &server->health;
	uint64_t now_ms = server->upstreams->loop->env.now_ms;
	uint32_t shift;

	if (failure == FAILURE_TIMEOUT || failure == FAILURE_NETWORK)
		look_if_dead(server, failure);
	if (h->aside_until_ms > now_ms)
		return; /* all that failed together counts once */
	h->strikes++;
	if (h->strikes < STRIKES_OUT)
		return;
	shift = h->strikes - STRIKES_OUT;
	if (shift > ASIDE_MAX_SHIFT)
		shift = ASIDE_MAX_SHIFT;
	h->aside_until_ms = now_ms + ((uint64_t)ASIDE_MIN_MS << shift);
	h->measure_at_ms = h->aside_until_ms;
}
