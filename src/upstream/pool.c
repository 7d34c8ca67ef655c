/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools of servers.  A server that several pools name, or that a new snapshot names again, stays
 * one server, with all that is known of it.
 */
#include <stdlib.h>

#include "base/log.h"
#include "upstream/engine.h"

static void pool_free(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->count; i++)
		server_leave_pool(pool->servers[i]);
	free(pool);
}

void pool_give(struct pool *pool)
{
	if (--pool->users == 0)
		pool_free(pool);
}

static bool is_in(const struct pool *pool, const struct server *server)
{
	for (uint32_t i = 0; i < pool->count; i++)
		if (pool->servers[i] == server)
			return true;
	return false;
}

/* One that is named twice, as resolv.conf may do, is there once: it has one place. */
static enum err pool_add(struct upstreams *up, struct pool *pool, const struct conf_upstream *conf)
{
	struct server *server = server_find(up, conf);
	enum err err = server ? ERR_OK : server_create(up, conf, &server);

	if (err != ERR_OK || is_in(pool, server))
		return err;
	watch_begin(server, &pool->zone);
	server->pools++;
	pool->servers[pool->count++] = server;
	return ERR_OK;
}

static enum err pool_create(struct upstreams *up, const struct upstream_pool *conf,
			    struct pool **ret_pool)
{
	size_t count = conf->count < SERVERS_MAX ? conf->count : SERVERS_MAX;
	struct pool *pool = calloc(1, sizeof(*pool) + count * sizeof(struct server *));
	enum err err = pool ? ERR_OK : ERR_NOMEM;

	if (err != ERR_OK)
		return err;
	pool->zone = conf->zone;
	pool->salt = conf->salt;
	pool->users = 1;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = pool_add(up, pool, &conf->servers[i]);
	if (err != ERR_OK) {
		pool_free(pool);
		return err;
	}
	*ret_pool = pool;
	return ERR_OK;
}

static void pools_give(struct pool **pools, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pool_give(pools[i]);
	free(pools);
}

static bool any_over_tls(const struct upstream_pool *conf, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < conf[i].count; j++)
			if (server_transport_of(&conf[i].servers[j]) == SERVER_TLS)
				return true;
	return false;
}

/* Whom servers are to prove themselves to; when that has changed, all of them anew. */
static enum err renew_tls(struct upstreams *up, const struct upstream_pool *conf, size_t count)
{
	const char *ca_file = up->loop->env.snapshot->conf->outgoing.tls_ca;
	struct tls_client *client;
	struct err_text text;
	enum err err;

	if (!any_over_tls(conf, count) || (up->tls && tls_client_current(up->tls, ca_file)))
		return ERR_OK;
	err = tls_client_create(ca_file, &client, &text);
	if (err != ERR_OK) {
		log_error("outgoing.tls-ca: %s", text.text);
		return err;
	}
	tls_client_free(up->tls);
	up->tls = client;
	up->tls_serial++;
	return ERR_OK;
}

enum err pools_replace(struct upstreams *up, const struct upstream_pool *pools, size_t count)
{
	struct pool **fresh = calloc(count + 1, sizeof(struct pool *));
	size_t made = 0;
	enum err err = fresh ? renew_tls(up, pools, count) : ERR_NOMEM;

	while (made < count && err == ERR_OK) {
		err = pool_create(up, &pools[made], &fresh[made]);
		made += err == ERR_OK;
	}
	if (err != ERR_OK) {
		if (fresh)
			pools_give(fresh, made);
		return err;
	}
	pools_give(up->pools, up->pool_count);
	up->pools = fresh;
	up->pool_count = count;
	return ERR_OK;
}

void pools_free(struct upstreams *up)
{
	pools_give(up->pools, up->pool_count);
	tls_client_free(up->tls);
}

static struct pool *pool_find(const struct upstreams *up, uint64_t salt)
{
	for (size_t i = 0; i < up->pool_count; i++)
		if (up->pools[i]->salt == salt)
			return up->pools[i];
	return NULL;
}

/* The place tells the pool in all but one case: the pools in force are a former snapshot's. */
struct pool *pool_take(struct upstreams *up, const struct query_key *key)
{
	struct pool *pool = key->pool < up->pool_count ? up->pools[key->pool] : NULL;

	if (!pool || pool->salt != key->pool_salt)
		pool = pool_find(up, key->pool_salt);
	if (pool)
		pool->users++;
	return pool;
}

struct pool *pool_renew(struct upstreams *up, struct pool *pool)
{
	struct pool *now = pool_find(up, pool->salt);

	if (!now || now == pool)
		return pool;
	now->users++;
	pool_give(pool);
	return now;
}
