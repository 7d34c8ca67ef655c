/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "support/dnsmsg.h"
#include "support/world.h"

#define LONG_MS 60000 /* does not come while a test runs */
#define SHORT_MS 30

/* ---- askers */

static void on_told(struct upstream_waiter *base, const struct upstream_result *result);

struct query_key asker_key(struct world *w, struct asker *a, const char *name, uint16_t type,
			   unsigned int options)
{
	static const struct sockaddr_in client = {.sin_family = AF_INET};
	struct query_env *env = &w->rig.loop.env;
	struct query_key key;
	struct dnsmsg m;
	struct query q;

	loop_tick(&w->rig.loop);
	dnsmsg_query(&m, 1, name, type, options);
	query_begin(&q, env, m.octets, m.len, (const struct sockaddr *)&client, TRANSPORT_UDP);
	query_suspend(&q, env, m.octets, &key, &a->base.wait);
	a->base.done = on_told;
	a->world = w;
	return key;
}

enum err asker_try(struct world *w, struct asker *a, const char *name, uint16_t type,
		   unsigned int options)
{
	struct query_key key = asker_key(w, a, name, type, options);
	unsigned int told = a->told;
	enum err err = upstream_ask(w->up, &key, &a->base);

	assert_int_equal(a->told, told); /* never from within */
	return err;
}

void asker_ask(struct world *w, struct asker *a, const char *name)
{
	assert_int_equal(asker_try(w, a, name, TYPE_A, DNSMSG_EDNS), ERR_OK);
}

static void on_told(struct upstream_waiter *base, const struct upstream_result *result)
{
	struct asker *a = (struct asker *)base;

	a->told++;
	a->has_reply = result->reply != NULL;
	a->elsewhere = result->elsewhere;
	a->failure = result->failure;
	a->verdict = result->verdict;
	if (result->reply) {
		a->reply = *result->reply;
		if (a->reply.ancount > 0)
			a->mark = a->reply.body[15];
		a->reply.body = NULL; /* valid during the call only */
	}
	if (a->then)
		asker_ask(a->world, a->then, a->has_reply ? "then.example" : "now.example");
}

void asker_await(struct world *w, const struct asker *a)
{
	RIG_AWAIT(&w->rig, a->told > 0);
}

void expect_answer(struct world *w, const struct asker *a, uint8_t mark)
{
	asker_await(w, a);
	assert_int_equal(a->told, 1);
	assert_true(a->has_reply);
	assert_int_equal(a->reply.kind, REPLY_ANSWER);
	assert_int_equal(a->mark, mark);
}

void expect_failure(struct world *w, const struct asker *a, enum query_failure failure)
{
	asker_await(w, a);
	assert_int_equal(a->told, 1);
	assert_false(a->has_reply);
	assert_int_equal(a->failure, failure);
}

/* ---- the world */

struct conf_outgoing *world_outgoing(struct world *w)
{
	return &w->rig.snapshot->conf->outgoing;
}

struct world *world_open(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	rig_open(&w->rig);
	world_outgoing(w)->timeout_ms = LONG_MS;
	world_outgoing(w)->retransmit_ms = LONG_MS;
	world_outgoing(w)->policy = CONF_POLICY_IN_ORDER;
	world_outgoing(w)->hedge_percent = 0;
	world_outgoing(w)->connection_idle_ms = SHORT_MS; /* as some tests wait for */
	return w;
}

void world_close(struct world *w)
{
	upstreams_free(w->up);
	for (size_t i = 0; i < w->count; i++)
		mockns_close(&w->ns[i]);
	rig_close(&w->rig);
	free(w);
}

int world_set_up(void **state)
{
	*state = world_open();
	return 0;
}

int world_tear_down(void **state)
{
	world_close(*state);
	return 0;
}

struct mockns *world_add(struct world *w, enum mockns_deed deed)
{
	struct mockns *ns = &w->ns[w->count];

	assert_true(w->count < WORLD_SERVERS);
	w->count++;
	mockns_open(ns, w->rig.loop.base, (uint8_t)w->count, deed);
	return ns;
}

void world_create(struct world *w, uint32_t in_flight, uint32_t ports)
{
	struct endpoint addresses[WORLD_SERVERS];

	for (size_t i = 0; i < w->count; i++)
		addresses[i] = w->ns[i].address;
	assert_int_equal(upstreams_create(&w->rig.loop,
					  rig_pool(&(struct rig_pool){0}, addresses, w->count), 1,
					  in_flight, ports, &w->up),
			 ERR_OK);
}

void world_start(struct world *w, enum mockns_deed first, enum mockns_deed second)
{
	world_add(w, first);
	world_add(w, second);
	world_create(w, WORLD_IN_FLIGHT, WORLD_PORTS);
}

void world_start_one(struct world *w, enum mockns_deed deed)
{
	world_add(w, deed);
	world_create(w, WORLD_IN_FLIGHT, WORLD_PORTS);
}

void world_settle(struct world *w)
{
	for (int i = 0; i < 5; i++)
		rig_turn(&w->rig);
}

void world_use_only(struct world *w, size_t i)
{
	assert_int_equal(
		upstreams_set(w->up, rig_pool(&(struct rig_pool){0}, &w->ns[i].address, 1), 1),
		ERR_OK);
}

struct server *world_server(const struct world *w, size_t place)
{
	return w->up->pools[0]->servers[place];
}

void world_ask(struct world *w, const char *name)
{
	struct asker a = {0};

	asker_ask(w, &a, name);
	asker_await(w, &a);
	assert_int_equal(a.told, 1);
}
