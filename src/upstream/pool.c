/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools, and the servers in them.  A server that several pools name, or that a new snapshot names
 * again, stays one server, with all that is known of it.  What is no longer named lasts until
 * nothing is under way at it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "upstream/engine.h"

/* ---- servers */

static enum server_transport transport_of(const struct conf_upstream *conf)
{
	if (conf->transport == CONF_TRANSPORT_TCP)
		return SERVER_TCP;
	if (conf->transport == CONF_TRANSPORT_TLS || *conf->tls_name || conf->tls_pins_count > 0)
		return SERVER_TLS;
	return SERVER_UDP;
}

/* What a server has to prove, and to whom. */
static bool same_identity(const struct server *server, const struct conf_upstream *conf)
{
	if (server->tls && server->tls_serial != server->upstreams->tls_serial)
		return false;
	if (strcmp(server->tls_name, conf->tls_name) != 0 ||
	    server->tls_pins_count != conf->tls_pins_count)
		return false;
	for (size_t i = 0; i < conf->tls_pins_count; i++)
		if (strcmp(server->tls_pins[i], conf->tls_pins[i]) != 0)
			return false;
	return true;
}

static struct server *server_find(struct upstreams *up, const struct conf_upstream *conf)
{
	struct server *server;

	TAILQ_FOREACH(server, &up->servers, entry)
	if (endpoint_equal(&server->address, &conf->address) &&
	    server->transport == transport_of(conf) && same_identity(server, conf))
		return server;
	return NULL;
}

static void server_free(struct server *server)
{
	TAILQ_REMOVE(&server->upstreams->servers, server, entry);
	sources_close(server);
	server->upstreams->free_links(server->uplinks);
	tls_peer_free(server->tls);
	free(server->tls_name);
	for (size_t i = 0; i < server->tls_pins_count; i++)
		free(server->tls_pins[i]);
	free(server->tls_pins);
	free(server);
}

static void free_if_unused(struct server *server)
{
	if (server->pools == 0 && server->busy == 0)
		server_free(server);
}

void server_busy(struct server *server)
{
	server->busy++;
}

void server_done(struct server *server)
{
	server->busy--;
	free_if_unused(server);
}

static enum err copy_identity(struct server *server, const struct conf_upstream *conf)
{
	server->tls_name = strdup(conf->tls_name);
	server->tls_pins = calloc(conf->tls_pins_count + 1, sizeof(*server->tls_pins));
	if (!server->tls_name || !server->tls_pins)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->tls_pins_count; i++) {
		server->tls_pins[i] = strdup(conf->tls_pins[i]);
		if (!server->tls_pins[i])
			return ERR_NOMEM;
		server->tls_pins_count++;
	}
	return ERR_OK;
}

/* Our part of the cookie is drawn for each server: none can be told by another's. */
static void draw_cookie(struct server *server)
{
	for (size_t i = 0; i < EDNS_COOKIE_CLIENT; i += sizeof(uint32_t)) {
		uint32_t word = random_u32(&server->upstreams->random);

		memcpy(server->cookie + i, &word, sizeof(word));
	}
	server->cookie_len = EDNS_COOKIE_CLIENT;
}

static enum err server_create(struct upstreams *up, const struct conf_upstream *conf,
			      struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server) + up->ports * sizeof(struct source));
	enum err err;

	if (!server)
		return ERR_NOMEM;
	server->upstreams = up;
	server->tls_serial = up->tls_serial;
	server->address = conf->address;
	server->transport = transport_of(conf);
	server->source_count = up->ports;
	TAILQ_INSERT_TAIL(&up->servers, server, entry);
	sources_init(server);
	draw_cookie(server);
	err = copy_identity(server, conf);
	if (err == ERR_OK && server->transport == SERVER_TLS)
		err = tls_peer_create(up->tls, conf->tls_name, conf->tls_pins, conf->tls_pins_count,
				      &server->tls);
	if (err != ERR_OK) {
		server_free(server);
		return err;
	}
	*ret_server = server;
	return ERR_OK;
}

/* ---- pools */

static void pool_free(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->count; i++) {
		pool->servers[i]->pools--;
		free_if_unused(pool->servers[i]);
	}
	free(pool);
}

void pool_give(struct upstreams *up, struct pool *pool)
{
	(void)up;
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

static void pools_give(struct upstreams *up, struct pool **pools, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pool_give(up, pools[i]);
	free(pools);
}

static bool any_over_tls(const struct upstream_pool *conf, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < conf[i].count; j++)
			if (transport_of(&conf[i].servers[j]) == SERVER_TLS)
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
			pools_give(up, fresh, made);
		return err;
	}
	pools_give(up, up->pools, up->pool_count);
	up->pools = fresh;
	up->pool_count = count;
	return ERR_OK;
}

void pools_free(struct upstreams *up)
{
	pools_give(up, up->pools, up->pool_count);
	tls_client_free(up->tls);
}

static struct pool *pool_find(const struct upstreams *up, uint64_t salt)
{
	for (size_t i = 0; i < up->pool_count; i++)
		if (up->pools[i]->salt == salt)
			return up->pools[i];
	return NULL;
}

/* Its place tells it in all but one case: the pools in force are a former snapshot's. */
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
	pool_give(up, pool);
	return now;
}
