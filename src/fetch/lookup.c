/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/lookup.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/name.h"
#include "fetch/exchange.h"

#define SERVERS_MAX 3	 /* of a zone that are asked, one after the other */
#define SILENT_MS 10000U /* so long nobody is asked again of whom none has answered */
#define UDP_OCTETS 1232

struct lookup_pool {
	struct name zone;
	struct exchange_server servers[SERVERS_MAX];
	size_t count;
	uint64_t silent_ms; /* until then; 0: they answer */
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
	for (size_t i = 0; i < snapshot->pool_count; i++)
		for (size_t k = 0; k < snapshot->pools[i].count; k++)
			if (speaks_tls(&snapshot->pools[i].servers[k]))
				return true;
	return false;
}

enum err lookup_create(const struct snapshot *snapshot, struct lookup **ret_lookup)
{
	size_t count = snapshot->pool_count;
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

/* ---- asked */

struct found {
	struct ip *ips;
	size_t count;
};

static void take_addresses(const ldns_pkt *reply, struct found *found)
{
	const ldns_rr_list *answer = ldns_pkt_answer(reply);
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		const ldns_rdf *rdata = ldns_rr_rdf(rr, 0);
		int family = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A	 ? AF_INET
			     : ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA ? AF_INET6
									 : AF_UNSPEC;

		if (family == AF_UNSPEC || !rdata || found->count == LOOKUP_ADDRESSES_MAX)
			continue;
		if (ldns_rdf_size(rdata) != (family == AF_INET ? 4U : 16U) ||
		    !inet_ntop(family, ldns_rdf_data(rdata), text, sizeof(text)))
			continue;
		if (ip_parse(text, &found->ips[found->count]) == ERR_OK)
			found->count++;
	}
}

/* A question for the addresses of a host, as a message. */
static enum err make_query(const char *host, ldns_rr_type type, uint8_t **ret_query,
			   size_t *ret_len)
{
	ldns_pkt *query = NULL;
	ldns_rdf *name = ldns_dname_new_frm_str(host);
	ldns_status status = LDNS_STATUS_MEM_ERR;

	if (name)
		query = ldns_pkt_query_new(name, type, LDNS_RR_CLASS_IN, LDNS_RD);
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
static enum err take_reply(const uint8_t *octets, size_t len, struct found *found)
{
	ldns_pkt *reply;
	ldns_pkt_rcode rcode;

	if (ldns_wire2pkt(&reply, octets, len) != LDNS_STATUS_OK)
		return ERR_SYS;
	rcode = ldns_pkt_get_rcode(reply);
	if (rcode == LDNS_RCODE_NOERROR)
		take_addresses(reply, found);
	ldns_pkt_free(reply);
	return rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN ? ERR_OK : ERR_SYS;
}

static enum err ask_type(const struct exchange_server *server, const char *host, ldns_rr_type type,
			 const atomic_bool *ending, struct found *found)
{
	uint8_t reply[EXCHANGE_OCTETS_MAX];
	size_t reply_len;
	uint8_t *query;
	size_t query_len;
	enum err err = make_query(host, type, &query, &query_len);

	if (err != ERR_OK)
		return err;
	err = exchange(server, query, query_len, ending, reply, &reply_len);
	free(query);
	return err == ERR_OK ? take_reply(reply, reply_len, found) : err;
}

/* One kind of address is enough. */
static enum err ask_server(const struct exchange_server *server, const char *host,
			   const atomic_bool *ending, struct found *found)
{
	enum err err = ask_type(server, host, LDNS_RR_TYPE_A, ending, found);

	if (err == ERR_OK)
		err = ask_type(server, host, LDNS_RR_TYPE_AAAA, ending, found);
	return err == ERR_SYS && found->count > 0 ? ERR_OK : err;
}

static enum err ask_pool(struct lookup_pool *pool, const char *host, const atomic_bool *ending,
			 struct found *found)
{
	enum err err = pool->count > 0 ? ERR_SYS : ERR_NOTFOUND;

	if (clock_ms() < pool->silent_ms)
		return ERR_SYS;
	for (size_t i = 0; i < pool->count && err == ERR_SYS; i++)
		err = ask_server(&pool->servers[i], host, ending, found);
	pool->silent_ms = err == ERR_SYS ? clock_ms() + SILENT_MS : 0;
	return err == ERR_OK && found->count == 0 ? ERR_NOTFOUND : err;
}

enum err lookup_host(struct lookup *lookup, const char *host, const atomic_bool *ending,
		     struct ip ret_ips[LOOKUP_ADDRESSES_MAX], size_t *ret_count)
{
	struct found found = {.ips = ret_ips};
	struct name name;
	enum err err;

	if (name_from_host(host, strlen(host), &name) != ERR_OK)
		return ERR_SYNTAX;
	err = ask_pool(pool_for(lookup, &name), host, ending, &found);
	if (err == ERR_OK)
		*ret_count = found.count;
	return err;
}
