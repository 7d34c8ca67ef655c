/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers, and what is under way at them.  One that no pool names lasts until nothing is. */
#include <stdlib.h>
#include <string.h>

#include "remote/remote.h"

enum server_transport server_transport_of(const struct conf_upstream *conf)
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

struct server *server_find(struct upstreams *up, const struct conf_upstream *conf)
{
	struct server *server;

	TAILQ_FOREACH(server, &up->servers, entry) {
		if (endpoint_equal(&server->address, &conf->address) &&
		    server->transport == server_transport_of(conf) && same_identity(server, conf))
			return server;
	}
	return NULL;
}

bool attempt_is_doubled(const struct attempt *a)
{
	const struct question *q = a->question;

	for (uint32_t i = 0; i < ATTEMPTS_MAX; i++)
		if (&q->attempts[i] != a && q->attempts[i].server == a->server)
			return true;
	return false;
}

/* Takes it off where it is listed; its server is not told. */
static void attempt_take_off(struct attempt *a)
{
	struct server *server = a->server;

	if (a->link)
		uplink_forget(a);
	else
		LIST_REMOVE(a, entry);
	if (a->question->kind == QUESTION_CLIENT && !attempt_is_doubled(a))
		server->owed--;
	a->server = NULL;
	a->source = NULL;
	a->link = NULL;
}

static void server_free(struct server *server)
{
	TAILQ_REMOVE(&server->upstreams->servers, server, entry);
	server->upstreams->server_count--;
	for (uint32_t i = 0; i < ATTEMPTS_MAX; i++)
		if (server->probe.attempts[i].server)
			attempt_take_off(&server->probe.attempts[i]);
	if (event_initialized(&server->timer))
		event_del(&server->timer);
	sources_close(server);
	uplinks_free(server->uplinks);
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

void server_leave_pool(struct server *server)
{
	server->pools--;
	free_if_unused(server);
}

/* A probe is the server's own: it does not keep the server. */
void attempt_end(struct attempt *a)
{
	struct server *server = a->server;

	if (!server)
		return;
	attempt_take_off(a);
	if (a->question->kind != QUESTION_PROBE)
		server_done(server);
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

enum err server_create(struct upstreams *up, const struct conf_upstream *conf,
		       struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server) + up->ports * sizeof(struct source));
	enum err err;

	if (!server)
		return ERR_NOMEM;
	server->upstreams = up;
	server->tls_serial = up->tls_serial;
	server->address = conf->address;
	server->transport = server_transport_of(conf);
	server->source_count = up->ports;
	TAILQ_INSERT_TAIL(&up->servers, server, entry);
	up->server_count++;
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
