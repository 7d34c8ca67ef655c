/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which server is asked.  They are asked in their order; one that keeps failing is set aside for
 * a while, longer each time, and is then asked only when no other is left.
 */
#include <stdlib.h>

#include "net/upstream_p.h"

#define STRIKES_OUT 3U /* failures in a row until a server is set aside */
#define ASIDE_MIN_MS 1000U
#define ASIDE_MAX_SHIFT 5U /* at most 32 seconds */

static void server_free(struct server *server)
{
	sources_close(server);
	free(server);
}

static enum err server_create(struct upstreams *up, const struct endpoint *address, uint32_t slot,
			      struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server) + up->ports * sizeof(struct source));

	if (!server)
		return ERR_NOMEM;
	server->upstreams = up;
	server->address = *address;
	server->slot = slot;
	server->source_count = up->ports;
	sources_init(server);
	*ret_server = server;
	return ERR_OK;
}

static void list_free(struct server_list *list)
{
	struct server *server;

	while ((server = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, server, entry);
		server_free(server);
	}
}

static bool same_addresses(const struct upstreams *up, const struct upstream_pool *pool)
{
	const struct server *server;
	size_t i = 0;

	TAILQ_FOREACH(server, &up->servers, entry)
	{
		if (i >= pool->count ||
		    !endpoint_equal(&server->address, &pool->servers[i].address))
			return false;
		i++;
	}
	return i == pool->count;
}

static void retire_all(struct upstreams *up)
{
	struct server *server;

	while ((server = TAILQ_FIRST(&up->servers))) {
		TAILQ_REMOVE(&up->servers, server, entry);
		if (server->busy == 0) {
			server_free(server);
			continue;
		}
		server->retired = true;
		TAILQ_INSERT_TAIL(&up->retired, server, entry);
	}
}

enum err servers_replace(struct upstreams *up, const struct upstream_pool *pools, size_t count)
{
	size_t servers = count > 0 ? pools[0].count : 0;
	struct server_list fresh = TAILQ_HEAD_INITIALIZER(fresh);
	struct server *server;
	enum err err;

	if (servers > SERVERS_MAX)
		servers = SERVERS_MAX;
	if (count > 0 && same_addresses(up, &pools[0]))
		return ERR_OK;
	for (size_t i = 0; i < servers; i++) {
		err = server_create(up, &pools[0].servers[i].address, (uint32_t)i, &server);
		if (err != ERR_OK) {
			list_free(&fresh);
			return err;
		}
		TAILQ_INSERT_TAIL(&fresh, server, entry);
	}
	retire_all(up);
	TAILQ_CONCAT(&up->servers, &fresh, entry);
	up->set_serial++;
	return ERR_OK;
}

void servers_free(struct upstreams *up)
{
	list_free(&up->servers);
	list_free(&up->retired);
}

void server_busy(struct server *server)
{
	server->busy++;
}

void server_done(struct server *server)
{
	server->busy--;
	if (!server->retired || server->busy > 0)
		return;
	TAILQ_REMOVE(&server->upstreams->retired, server, entry);
	server_free(server);
}

void server_good(struct server *server)
{
	server->strikes = 0;
	server->aside_until_ms = 0;
}

void server_bad(struct server *server)
{
	uint64_t now_ms = server->upstreams->loop->env.now_ms;
	uint32_t shift;

	if (server->aside_until_ms > now_ms)
		return; /* all that failed together counts once */
	server->strikes++;
	if (server->strikes < STRIKES_OUT)
		return;
	shift = server->strikes - STRIKES_OUT;
	if (shift > ASIDE_MAX_SHIFT)
		shift = ASIDE_MAX_SHIFT;
	server->aside_until_ms = now_ms + ((uint64_t)ASIDE_MIN_MS << shift);
}

/* How willingly a server is asked: less is better; -1 is not at all. */
static int reluctance(const struct server *server, const struct question *q, uint64_t now_ms)
{
	uint64_t bit = 1ULL << server->slot;

	if (q->failed & bit)
		return -1;
	return (q->tried & bit ? 2 : 0) + (server->aside_until_ms > now_ms ? 1 : 0) +
	       (server == q->last ? 4 : 0);
}

struct server *server_choose(struct upstreams *up, struct question *q)
{
	uint64_t now_ms = up->loop->env.now_ms;
	struct server *best = NULL;
	struct server *server;
	int least = 0;

	if (q->set_serial != up->set_serial) { /* the slots are those of other servers now */
		q->tried = 0;
		q->failed = 0;
		q->last = NULL;
		q->set_serial = up->set_serial;
	}
	TAILQ_FOREACH(server, &up->servers, entry)
	{
		int r = reluctance(server, q, now_ms);

		if (r >= 0 && (!best || r < least)) {
			best = server;
			least = r;
		}
	}
	return best;
}
