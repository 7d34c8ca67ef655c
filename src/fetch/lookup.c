/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/lookup.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/name.h"
#include "fetch/exchange.h"

#define SERVERS_MAX 3 /* of a zone that are asked, one after the other */
#define UNANSWERED_MAX                                                                             \
	3U /* questions in a row: one may be of a name that its zone keeps silent of */
#define SILENT_MS 10000U /* so long nobody is asked again of whom none has answered these */
#define UDP_OCTETS 1232

struct lookup_pool {
	struct name zone;
	struct exchange_server servers[SERVERS_MAX];
	size_t count;
	unsigned int unanswered; /* questions in a row */
	uint64_t silent_ms;	 /* until then nobody is asked */
};

struct lookup {
	size_t count;
	struct lookup_pool pools[];
};

/* ---- whom to ask */

static bool speaks_tls(const struct conf_upstream *server)
{
	return server->transport == CONF_TRANSPORT_TLS || *server->tls_name ||
	       server->tls_pins_count > 0;
}

/* A server whose proof cannot be checked is not asked. */
static enum err take_server(const struct conf_upstream *from, const struct tls_client *client,
			    struct lookup_pool *pool)
{
	struct exchange_server *server = &pool->servers[pool->count];
	enum err err = ERR_OK;

	*server = (struct exchange_server){
		.address = from->address,
		.tcp = from->transport == CONF_TRANSPORT_TCP,
	};
	if (speaks_tls(from))
		err = client ? tls_peer_create(client, from->tls_name, from->tls_pins,
					       from->tls_pins_count, &server->tls)
			     : ERR_CONFIG;
	pool->count += err == ERR_OK;
	return err == ERR_NOMEM ? err : ERR_OK;
}

static enum err take_pool(const struct upstream_pool *from, const struct tls_client *client,
			  struct lookup_pool *pool)
{
	enum err err = ERR_OK;

	pool->zone = from->zone;
	for (size_t i = 0; i < from->count && pool->count < SERVERS_MAX && err == ERR_OK; i++)
		err = take_server(&from->servers[i], client, pool);
	return err;
}

static bool any_speaks_tls(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot_zone_pools(snapshot); i++)
		for (size_t k = 0; k < snapshot->pools[i].count; k++)
			if (speaks_tls(&snapshot->pools[i].servers[k]))
				return true;
	return false;
}

enum err lookup_create(const struct snapshot *snapshot, struct lookup **ret_lookup)
{
	size_t count =
		snapshot_zone_pools(snapshot); /* what is for a group's clients is for them alone */
	struct lookup *lookup = calloc(1, sizeof(*lookup) + count * sizeof(lookup->pools[0]));
	struct tls_client *client = NULL;
	struct err_text text;
	enum err err = ERR_OK;

	if (!lookup)
		return ERR_NOMEM;
	/* the upstreams have the same file, and have said what is wrong with it */
	if (any_speaks_tls(snapshot) &&
	    tls_client_create(snapshot->conf->outgoing.tls_ca, &client, &text) != ERR_OK)
		client = NULL;
	for (; lookup->count < count && err == ERR_OK; lookup->count++)
		err = take_pool(&snapshot->pools[lookup->count], client,
				&lookup->pools[lookup->count]);
	tls_client_free(client);
	if (err == ERR_OK)
		*ret_lookup = lookup;
	else
		lookup_free(lookup);
	return err;
}

void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	for (size_t i = 0; i < lookup->count; i++)
		for (size_t k = 0; k < lookup->pools[i].count; k++)
			tls_peer_free(lookup->pools[i].servers[k].tls);
	free(lookup);
}

/* True when `name` is `zone`, or below it: both are lower case. */
static bool is_in(const struct name *name, const struct name *zone)
{
	size_t at = 0;

	while (name->len - at > zone->len)
		at += name->wire[at] + 1U;
	return name->len - at == zone->len && memcmp(name->wire + at, zone->wire, zone->len) == 0;
}

static struct lookup_pool *pool_for(struct lookup *lookup, const struct name *name)
{
	struct lookup_pool *best = &lookup->pools[0];

	for (size_t i = 1; i < lookup->count; i++)
		if (lookup->pools[i].zone.len > best->zone.len &&
		    is_in(name, &lookup->pools[i].zone))
			best = &lookup->pools[i];
	return best;
}

bool lookup_is_forwarded(const struct lookup *lookup, const struct name *name)
{
	for (size_t i = 1; i < lookup->count; i++)
		if (is_in(name, &lookup->pools[i].zone))
			return true;
	return false;
}

/* ---- asked */

/* What is asked, and where the replies go. */
struct asked {
	const struct name *name;
	uint16_t type; /* of an exchange under way */
	const atomic_bool *ending;
	bool answered;	/* by somebody, whatever he said */
	uint8_t *reply; /* of a question for records: EXCHANGE_OCTETS_MAX octets */
	size_t reply_len;
	struct ip *ips; /* of a question for addresses */
	size_t count;
};

static void take_addresses(const ldns_pkt *reply, struct asked *a)
{
	const ldns_rr_list *answer = ldns_pkt_answer(reply);
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		const ldns_rdf *rdata = ldns_rr_rdf(rr, 0);
		int family = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A	 ? AF_INET
			     : ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA ? AF_INET6
									 : AF_UNSPEC;

		if (family == AF_UNSPEC || !rdata || a->count == LOOKUP_ADDRESSES_MAX)
			continue;
		if (ldns_rdf_size(rdata) != (family == AF_INET ? 4U : 16U) ||
		    !inet_ntop(family, ldns_rdf_data(rdata), text, sizeof(text)))
			continue;
		if (ip_parse(text, &a->ips[a->count]) == ERR_OK)
			a->count++;
	}
}

/* The question as a message. */
static enum err make_query(const struct asked *a, uint8_t **ret_query, size_t *ret_len)
{
	ldns_pkt *query = NULL;
	ldns_rdf *name = ldns_dname_new_frm_data(a->name->len, a->name->wire);
	ldns_status status = LDNS_STATUS_MEM_ERR;

	if (name)
		query = ldns_pkt_query_new(name, (ldns_rr_type)a->type, LDNS_RR_CLASS_IN, LDNS_RD);
	if (query) {
		ldns_pkt_set_random_id(query);
		ldns_pkt_set_edns_udp_size(query, UDP_OCTETS);
		status = ldns_pkt2wire(ret_query, query, ret_len);
		ldns_pkt_free(query);
	} else {
		ldns_rdf_deep_free(name);
	}
	return status == LDNS_STATUS_OK ? ERR_OK : ERR_NOMEM;
}

/* ERR_SYS: the reply says nothing of the name. */
static enum err ask(const struct exchange_server *server, struct asked *a, uint8_t *reply,
		    size_t *ret_len)
{
	uint8_t *query;
	size_t query_len;
	uint8_t rcode;
	enum err err = make_query(a, &query, &query_len);

	if (err != ERR_OK)
		return err;
	err = exchange(server, query, query_len, a->ending, reply, ret_len);
	free(query);
	if (err != ERR_OK)
		return err;
	a->answered = true;
	rcode = reply[3] & 0x0f;
	return rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN ? ERR_OK : ERR_SYS;
}

static enum err ask_type(const struct exchange_server *server, ldns_rr_type type, struct asked *a)
{
	uint8_t reply[EXCHANGE_OCTETS_MAX];
	size_t reply_len;
	ldns_pkt *read;
	enum err err;

	a->type = (uint16_t)type;
	err = ask(server, a, reply, &reply_len);
	if (err != ERR_OK)
		return err;
	if (ldns_wire2pkt(&read, reply, reply_len) != LDNS_STATUS_OK)
		return ERR_SYS;
	if (ldns_pkt_get_rcode(read) == LDNS_RCODE_NOERROR)
		take_addresses(read, a);
	ldns_pkt_free(read);
	return ERR_OK;
}

/* One kind of address is enough. */
static enum err ask_addresses(const struct exchange_server *server, struct asked *a)
{
	enum err err = ask_type(server, LDNS_RR_TYPE_A, a);

	if (err == ERR_OK)
		err = ask_type(server, LDNS_RR_TYPE_AAAA, a);
	return err == ERR_SYS && a->count > 0 ? ERR_OK : err;
}

static enum err ask_records(const struct exchange_server *server, struct asked *a)
{
	return ask(server, a, a->reply, &a->reply_len);
}

typedef enum err ask_fn(const struct exchange_server *server, struct asked *a);

/* What one name is answered says little of who answers: anybody may have a zone that fails. */
static void note_answer(struct lookup_pool *pool, enum err err, bool answered)
{
	if (err == ERR_SYS && !answered)
		pool->unanswered++;
	else
		pool->unanswered = 0;
	if (pool->unanswered >= UNANSWERED_MAX)
		pool->silent_ms = clock_ms() + SILENT_MS;
}

static enum err ask_pool(struct lookup_pool *pool, ask_fn *fn, struct asked *a)
{
	enum err err = pool->count > 0 ? ERR_SYS : ERR_NOTFOUND;

	if (clock_ms() < pool->silent_ms)
		return ERR_SYS;
	for (size_t i = 0; i < pool->count && err == ERR_SYS; i++)
		err = fn(&pool->servers[i], a);
	note_answer(pool, err, a->answered);
	return err;
}

enum err lookup_host(struct lookup *lookup, const char *host, const atomic_bool *ending,
		     struct ip ret_ips[LOOKUP_ADDRESSES_MAX], size_t *ret_count)
{
	struct name name;
	struct asked asked = {.name = &name, .ending = ending, .ips = ret_ips};
	enum err err;

	if (name_from_host(host, strlen(host), &name) != ERR_OK)
		return ERR_SYNTAX;
	err = ask_pool(pool_for(lookup, &name), ask_addresses, &asked);
	if (err == ERR_OK && asked.count == 0)
		return ERR_NOTFOUND;
	if (err == ERR_OK)
		*ret_count = asked.count;
	return err;
}

_Static_assert(LOOKUP_REPLY_MAX == EXCHANGE_OCTETS_MAX, "a reply has room");

enum err lookup_records(struct lookup *lookup, const struct name *name, uint16_t type,
			const atomic_bool *ending, uint8_t ret_reply[LOOKUP_REPLY_MAX],
			size_t *ret_len)
{
	struct asked asked = {.name = name, .type = type, .ending = ending, .reply = ret_reply};
	enum err err = ask_pool(pool_for(lookup, name), ask_records, &asked);

	if (err == ERR_OK)
		*ret_len = asked.reply_len;
	return err;
}
