/* SPDX-License-Identifier: BSD-2-Clause */
/* The upstreams: of the root, from the configuration or resolv.conf, and of zones. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "group/groups.h"
#include "load/load.h"
#include "remote/tls.h"
#include "system/resolv.h"

/* Has the `count` servers asked, but those that are ourselves, as if they had been configured by
 * their addresses alone. */
static enum err use_servers(struct snapshot *s, const struct endpoint *servers, size_t count)
{
	char *none = (char *)(uintptr_t) ""; /* never written to, as no text of a configuration */
	struct upstream_pool *pool = &s->pools[0];

	s->resolv = calloc(count, sizeof(*s->resolv));
	if (!s->resolv)
		return ERR_NOMEM;
	for (size_t i = 0; i < count; i++)
		if (!conf_listens_on(s->conf, &servers[i]))
			s->resolv[pool->count++] = (struct conf_upstream){
				.address = servers[i],
				.tls_name = none,
			};
	pool->servers = s->resolv;
	return ERR_OK;
}

/* The servers of resolv.conf.  ERR_CONFIG, ERR_SYS: none of them can be used. */
static enum err read_resolv(struct snapshot *s, struct err_text *text)
{
	struct endpoint servers[RESOLV_SERVERS_MAX];
	size_t count;
	enum err err = resolv_read(LOADER_RESOLV_CONF, servers, &count, text);

	if (err != ERR_OK)
		return err;
	err = use_servers(s, servers, count);
	if (err == ERR_OK && s->pools[0].count == 0)
		err_set(text, err = ERR_CONFIG,
			LOADER_RESOLV_CONF ": no other nameserver than our own address");
	return err;
}

/* A network that is being set up, or set up anew, has no nameserver for a while. */
static enum err wait_for_resolv(struct snapshot *s, const struct snapshot *old,
				const struct err_text *why)
{
	struct upstream_pool *pool = &s->pools[0];
	size_t count = old && old->resolv ? old->pools[0].count : 0;

	if (count == 0) {
		log_warning("%s: none is asked until one is there; names that are blocked or our "
			    "own are answered",
			    why->text);
		return ERR_OK;
	}
	free(s->resolv);
	s->resolv = calloc(count, sizeof(*s->resolv));
	if (!s->resolv)
		return ERR_NOMEM;
	memcpy(s->resolv, old->resolv, count * sizeof(*s->resolv));
	pool->servers = s->resolv;
	pool->count = count;
	log_warning("%s: those that it named before are asked", why->text);
	return ERR_OK;
}

/* The first pool is for what no zone of its own has. */
static enum err set_root_pool(struct snapshot *s, const struct snapshot *old, bool strict,
			      struct err_text *text)
{
	struct upstream_pool *pool = &s->pools[0];
	struct err_text why;
	enum err err;

	pool->zone = (struct name){.len = 1};
	pool->servers = s->conf->upstreams;
	pool->count = s->conf->upstreams_count;
	if (pool->count > 0)
		return ERR_OK;
	err = read_resolv(s, &why);
	if (err == ERR_OK || err == ERR_NOMEM)
		return err;
	if (!strict)
		return wait_for_resolv(s, old, &why);
	return err_set(text, err, "%s", why.text);
}

static enum err set_zone_pools(struct snapshot *s)
{
	const struct conf *conf = s->conf;
	enum err err = ERR_OK;

	for (size_t i = 0; i < conf->forward_count && err == ERR_OK; i++) {
		const struct conf_forward *forward = &conf->forward[i];
		struct upstream_pool *pool = &s->pools[i + 1];

		pool->servers = forward->upstreams;
		pool->count = forward->upstreams_count;
		err = name_from_text(forward->zone, strlen(forward->zone), &pool->zone);
	}
	s->pool_count = conf->forward_count + 1;
	return err;
}

static void set_group_pools(struct snapshot *s)
{
	for (size_t i = 0; s->groups && i < s->conf->groups_count; i++) {
		const struct conf_group *group = &s->conf->groups[i];

		if (group->upstreams_count == 0)
			continue;
		s->groups->pools[GROUPS_FIRST + i] = (uint16_t)s->pool_count;
		s->group_pools++;
		s->pools[s->pool_count++] = (struct upstream_pool){
			.zone = {.len = 1},
			.group = group->name,
			.zones_too = group->zones_too,
			.servers = group->upstreams,
			.count = group->upstreams_count,
		};
	}
}

enum err loader_set_pools(struct snapshot *s, const struct snapshot *old, bool strict,
			  struct err_text *text)
{
	const struct conf *conf = s->conf;
	enum err err;

	s->pools = calloc(conf->forward_count + 1 + conf->groups_count, sizeof(*s->pools));
	if (!s->pools)
		return ERR_NOMEM;
	err = set_root_pool(s, old, strict, text);
	if (err == ERR_OK)
		err = set_zone_pools(s);
	if (err == ERR_OK)
		set_group_pools(s);
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
	const struct conf_upstream *named = NULL;
	struct conf_upstreams set;

	for (size_t i = 0; !named && conf_upstreams_at(conf, i, &set); i++)
		named = named_one(set.servers, set.count);
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
