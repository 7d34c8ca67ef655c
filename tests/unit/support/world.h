/* SPDX-License-Identifier: BSD-2-Clause */
/* Upstreams with scripted servers and those who ask them, in one event loop. */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "upstream/upstream.h"
#include "upstream/engine.h"
#include "support/mockns.h"
#include "support/rig.h"

#define WORLD_SERVERS 3U
#define WORLD_IN_FLIGHT 64U
#define WORLD_PORTS 16U

struct world {
	struct rig rig;
	struct mockns ns[WORLD_SERVERS];
	size_t count;
	struct upstreams *up;
};

/* A client's question, and what it was told. */
struct asker {
	struct upstream_waiter base;
	unsigned int told; /* how often */
	bool has_reply;
	bool elsewhere;
	struct reply reply;
	struct verdict verdict;
	enum query_failure failure;
	uint8_t mark; /* last octet of the first address: which server has answered */
	struct world *world;
	struct asker *then; /* asks when this one is told */
};

/* ---- the world; set up without servers, and so that no time-out comes and nothing is hedged */

struct world *world_open(void);
void world_close(struct world *w);

/* The same for a test's state. */
int world_set_up(void **state);
int world_tear_down(void **state);

struct conf_outgoing *world_outgoing(struct world *w);

/* One more server, that does `deed` over UDP; its mark is its number, from 1 on. */
struct mockns *world_add(struct world *w, enum mockns_deed deed);

/* Upstreams of all servers there are, in one pool. */
void world_create(struct world *w, uint32_t in_flight, uint32_t ports);

/* Adds two servers, or one, and creates the upstreams. */
void world_start(struct world *w, enum mockns_deed first, enum mockns_deed second);
void world_start_one(struct world *w, enum mockns_deed deed);

/* Has the upstreams be server `i` alone. */
void world_use_only(struct world *w, size_t i);

/* The server at a place of the first pool. */
struct server *world_server(const struct world *w, size_t place);

/* What is sent by now has been received. */
void world_settle(struct world *w);

/* ---- askers */

/* The key of a question, as `a` would ask it; `options` are DNSMSG_ bits. */
struct query_key asker_key(struct world *w, struct asker *a, const char *name, uint16_t type,
			   unsigned int options);
enum err asker_try(struct world *w, struct asker *a, const char *name, uint16_t type,
		   unsigned int options);

/* Asks for the address, with EDNS, which must be taken. */
void asker_ask(struct world *w, struct asker *a, const char *name);
void asker_await(struct world *w, const struct asker *a);

/* Asks and waits to be told, whatever. */
void world_ask(struct world *w, const char *name);

/* Told once, with an address of the server that has `mark`. */
void expect_answer(struct world *w, const struct asker *a, uint8_t mark);
void expect_failure(struct world *w, const struct asker *a, enum query_failure failure);

#endif
