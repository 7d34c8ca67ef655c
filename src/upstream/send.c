/* SPDX-License-Identifier: BSD-2-Clause */
/* A question is sent to a server: an attempt more. */
#include "upstream/engine.h"

struct attempt *send_place(struct question *q)
{
	return q->attempt_count < ATTEMPTS_MAX ? &q->attempts[q->attempt_count] : NULL;
}

struct attempt *send_any_place(struct question *q)
{
	uint64_t now_us = q->upstreams->loop->now_us;
	struct attempt *place = send_place(q);

	for (uint32_t i = 0; i < ATTEMPTS_MAX && !place; i++)
		if (q->attempts[i].sent_us &&
		    now_us - q->attempts[i].sent_us >= 1000ULL * RTT_TIMEOUT_MAX_MS)
			place = &q->attempts[i];
	return place;
}

/* With how much of EDNS the question is put to the server. */
static enum edns_use edns_for(const struct question *q, struct server *server)
{
	if (q->stumbled == server)
		return q->edns;
	return trait_try(&server->edns, q->upstreams->loop->env.now_ms) ? EDNS_WHOLE : EDNS_NONE;
}

enum err send_to(struct question *q, struct server *server, bool over_connection, struct attempt *a)
{
	struct upstreams *up = q->upstreams;
	enum err err;

	if (!a)
		return ERR_REFUSED;
	attempt_end(a);
	*a = (struct attempt){.question = q, .server = server};
	a->edns = edns_for(q, server);
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
	if (q->kind == QUESTION_CLIENT && !attempt_is_doubled(a))
		watch_asked(server);
	health_asked(server);
	return ERR_OK;
}
