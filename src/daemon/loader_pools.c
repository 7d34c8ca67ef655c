/* SPDX-License-Identifier: BSD-2-Clause */
/* The upstreams: of the root, from the configuration or resolv.conf, and of zones. */
#include <stdlib.h>
#include <string.h>

#include "base/reach.h"
#include "daemon/load.h"
#include "remote/tls.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* The upstreams must not be ourselves: every question would go round until it dies. */
static enum err check_no_loop(const struct conf *conf, const struct upstream_pool *pool,
			      struct err_text *text)
{
	char name[ADDR_TEXT_MAX];

	for (size_t i = 0; i < pool->count; i++)
		for (size_t j = 0; j < conf->server.listen_count; j++)
			if (reach_is_same(&pool->servers[i].address, &conf->server.listen[j]))
				return err_set(text, ERR_CONFIG,
					       "the upstream %s is our own address (server.listen)",
					       endpoint_text(&pool->servers[i].address, name,
							     sizeof(name)));
	return ERR_OK;
}

/* The servers of resolv.conf, as if they had been configured by their addresses alone. */
static enum err read_resolv(struct snapshot *s, size_t *ret_count, struct err_text *text)
{
	char *none = (char *)(uintptr_t) ""; /* never written to, as no text of a configuration */
	struct endpoint *endpoints;
	size_t count;
	enum err err = conf_read_resolv(RESOLV_CONF, &endpoints, &count, text);

	if (err != ERR_OK)
		return err;
	s->resolv = calloc(count, sizeof(*s->resolv));
	for (size_t i = 0; s->resolv && i < count; i++)
		s->resolv[i] = (struct conf_upstream){.address = endpoints[i], .tls_name = none};
	free(endpoints);
	*ret_count = count;
	return s->resolv ? ERR_OK : ERR_NOMEM;
}

/* The first pool is for what no zone of its own has. */
static enum err set_root_pool(const struct conf *conf, struct snapshot *s, struct err_text *text)
{
	struct upstream_pool *pool = &s->pools[0];
	enum err err = ERR_OK;

	pool->zone = (struct name){.len = 1};
	pool->servers = conf->upstreams;
	pool->count = conf->upstreams_count;
	if (pool->count == 0) {
		err = read_resolv(s, &pool->count, text);
		pool->servers = s->resolv;
	}
	return err;
}

enum err loader_set_pools(struct snapshot *s, struct err_text *text)
{
	const struct conf *conf = s->conf;
	enum err err;

	s->pools = calloc(conf->forward_count + 1, sizeof(*s->pools));
	if (!s->pools)
		return ERR_NOMEM;
	err = set_root_pool(conf, s, text);
	for (size_t i = 0; i < conf->forward_count && err == ERR_OK; i++) {
		const struct conf_forward *forward = &conf->forward[i];
		struct upstream_pool *pool = &s->pools[i + 1];

		pool->servers = forward->upstreams;
		pool->count = forward->upstreams_count;
		err = name_from_text(forward->zone, strlen(forward->zone), &pool->zone);
	}
	s->pool_count = conf->forward_count + 1;
	for (size_t i = 0; i < s->pool_count && err == ERR_OK; i++)
		err = check_no_loop(conf, &s->pools[i], text);
	return err;
}

/* The first of the upstreams that is known by its name; NULL when there is none. */
static const struct conf_upstream *named_one(const struct conf_upstream *upstreams, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (*upstreams[i].tls_name)
			return &upstreams[i];
	}
	return NULL;
}

/* A name is proved by a certificate that leads to a trusted one: there has to be one at all. */
static enum err check_system_trust(const struct conf *conf, struct err_text *text)
{
	const struct conf_upstream *named = named_one(conf->upstreams, conf->upstreams_count);

	for (size_t i = 0; i < conf->forward_count && !named; i++)
		named = named_one(conf->forward[i].upstreams, conf->forward[i].upstreams_count);
	if (!named || tls_system_trusts())
		return ERR_OK;
	return err_set(text, ERR_CONFIG,
		       "upstream with tls-name %s: this system trusts no certificates, so none can "
		       "prove the name; install them (ca-certificates), or name a file of them as "
		       "outgoing.tls-ca",
		       named->tls_name);
}

/* What upstreams that are asked over TLS have to prove, they prove by this file. */
enum err loader_check_tls_ca(const struct conf *conf, struct err_text *text)
{
	struct tls_client *client;
	struct err_text reason;
	enum err err;

	if (!*conf->outgoing.tls_ca)
		return check_system_trust(conf, text);
	err = tls_client_create(conf->outgoing.tls_ca, &client, &reason);
	if (err != ERR_OK)
		return err_set(text, err, "outgoing.tls-ca: %s", reason.text);
	tls_client_free(client);
	return ERR_OK;
}
