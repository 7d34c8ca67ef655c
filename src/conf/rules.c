/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/rules.h"

#include <string.h>

#include "base/reach.h"
#include "conf/items.h"

/* ---- the cache */

/* No type has its limits given twice. */
static void rule_cache_type(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_cachetype *types = items->array;

	for (size_t i = 0; i < index; i++) {
		if (types[i].type == types[index].type) {
			fail_key(items->place, node, "type", "the type is given twice");
			return;
		}
	}
}

static void rule_cache(struct conf_place *place, const struct conf_node *root,
		       const struct conf *conf)
{
	const struct conf_cache *cache = &conf->cache;
	const struct conf_node *node = conf_node_find(root, "cache");
	const struct items types = {
		.place = place,
		.conf = conf,
		.nodes = conf_node_find(node, "types"),
		.array = cache->types,
	};
	size_t before = conf_place_enter(place, "cache");

	if (is_sound(node) && cache->min_ttl_s > cache->max_ttl_s)
		fail_key(place, node, "min-ttl", "expected at most max-ttl, %us, got %us",
			 cache->max_ttl_s, cache->min_ttl_s);
	conf_for_each(&types, cache->types_count, "types", rule_cache_type);
	conf_place_leave(place, before);
}

/* ---- who is asked */

static void rule_outgoing(struct conf_place *place, const struct conf_node *root,
			  const struct conf *conf)
{
	const struct conf_outgoing *outgoing = &conf->outgoing;
	const struct conf_node *node = conf_node_find(root, "outgoing");
	size_t before = conf_place_enter(place, "outgoing");

	if (is_sound(node) && outgoing->retransmit_ms >= outgoing->timeout_ms)
		fail_key(place, node, "retransmit", "expected less than timeout, %ums, got %ums",
			 outgoing->timeout_ms, outgoing->retransmit_ms);
	conf_place_leave(place, before);
}

/* No address is listened on twice. */
static void rule_listen(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct endpoint *listen = items->array;
	char buf[ADDR_TEXT_MAX];

	for (size_t i = 0; i < index; i++) {
		if (endpoint_equal(&listen[i], &listen[index])) {
			conf_fail(items->place, conf_node_mark(node), "%s is given twice",
				  endpoint_text(&listen[i], buf, sizeof(buf)));
			return;
		}
	}
}

static bool is_loopback(const struct endpoint *endpoint)
{
	struct ip ip = ip_from_sockaddr(&endpoint->u.sa);

	return ip.family == AF_INET ? ip.bytes[0] == 127
				    : IN6_IS_ADDR_LOOPBACK(&endpoint->u.in6.sin6_addr);
}

/* Nobody else's packets come there, and the token goes over no wire. */
static void rule_control(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct endpoint *listen = items->array;
	char buf[ADDR_TEXT_MAX];

	if (!is_loopback(&listen[index]))
		conf_fail(items->place, conf_node_mark(node), "expected a loopback address, got %s",
			  endpoint_text(&listen[index], buf, sizeof(buf)));
}

/* An upstream that is this daemon would be asked for ever. */
static bool is_listened_on(const struct conf *conf, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < conf->server.listen_count; i++) {
		if (reach_is_same(endpoint, &conf->server.listen[i]))
			return true;
	}
	return false;
}

static bool is_given_before(const struct conf_upstream *upstreams, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (endpoint_equal(&upstreams[i].address, &upstreams[index].address))
			return true;
	}
	return false;
}

/* What is to be proved of the server and how the server is asked go together. */
static void rule_transport(struct conf_place *place, const struct conf_node *node,
			   const struct conf_upstream *upstream)
{
	bool proof = *upstream->tls_name || upstream->tls_pins_count > 0;

	if (upstream->transport == CONF_TRANSPORT_TLS && !proof)
		fail_key(place, node, "transport",
			 "expected tls-name or tls-pins as well, by which the upstream of "
			 "a TLS connection is known");
	if (proof && (upstream->transport == CONF_TRANSPORT_UDP ||
		      upstream->transport == CONF_TRANSPORT_TCP))
		fail_key(place, node, "transport",
			 "expected tls or auto, as tls-name or tls-pins is given");
}

static void rule_upstream(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_upstream *upstreams = items->array;
	const struct endpoint *address = &upstreams[index].address;
	bool self = is_listened_on(items->conf, address);
	char buf[ADDR_TEXT_MAX];

	if (self || is_given_before(upstreams, index))
		fail_key(items->place, node, "address", "%s is %s",
			 endpoint_text(address, buf, sizeof(buf)),
			 self ? "what server.listen answers on" : "given twice");
	rule_transport(items->place, node, &upstreams[index]);
}

/* No two zones have the same name, and each has an upstream to ask. */
static void rule_forward(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_forward *zones = items->array;
	const struct conf_forward *zone = &zones[index];
	const struct items upstreams = {
		.place = items->place,
		.conf = items->conf,
		.nodes = conf_node_find(node, "upstreams"),
		.array = zone->upstreams,
	};

	for (size_t i = 0; i < index; i++) {
		if (strcmp(zones[i].zone, zone->zone) == 0) {
			fail_key(items->place, node, "zone", "the zone %s is given twice",
				 zone->zone);
			break;
		}
	}
	if (zone->upstreams_count == 0)
		fail_key(items->place, node, "upstreams", "expected one upstream at least");
	conf_for_each(&upstreams, zone->upstreams_count, "upstreams", rule_upstream);
}

/* ---- lists */

/* No two lists have the same name; false when the list's is taken. */
static bool rule_list_name(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_list *lists = items->array;
	const char *name = lists[index].name;

	for (size_t i = 0; i < index; i++) {
		if (strcmp(lists[i].name, name) == 0) {
			fail_key(items->place, node, "name",
				 "the name \"%s\" is taken, by the list in line %zu", name,
				 mark_in(conf_node_item(items->nodes, i), "name").line);
			return false;
		}
	}
	return true;
}

static void rule_list(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_list *lists = items->array;
	const struct conf_list *list = &lists[index];
	bool addresses = list->sinkhole.ipv4.family != 0 || list->sinkhole.ipv6.family != 0;

	if (!rule_list_name(items, node, index))
		return;
	if (list->action == ACTION_SINKHOLE && !addresses)
		fail_key(items->place, node, "sinkhole",
			 "expected ipv4, ipv6 or both, which action sinkhole answers");
	if (list->mandatory && !action_blocks(list->action))
		fail_key(items->place, node, "mandatory",
			 "expected false, as the list's action is %s, which gives the true answer",
			 list->action == ACTION_PASS ? "pass" : "tcp-only");
	if (list->expect_entries > 0 && list->expect_entries < list->min_entries)
		fail_key(items->place, node, "expect-entries",
			 "expected at least min-entries, %u, got %u", list->min_entries,
			 list->expect_entries);
}

void conf_rules(struct conf_place *place, const struct conf_node *root, const struct conf *conf)
{
	const struct items upstreams = {
		.place = place,
		.conf = conf,
		.nodes = conf_node_find(root, "upstreams"),
		.array = conf->upstreams,
	};
	const struct items zones = {
		.place = place,
		.conf = conf,
		.nodes = conf_node_find(root, "forward"),
		.array = conf->forward,
	};
	const struct items lists = {
		.place = place,
		.conf = conf,
		.nodes = conf_node_find(root, "lists"),
		.array = conf->lists,
	};
	const struct items listen = {
		.place = place,
		.conf = conf,
		.nodes = conf_node_find(conf_node_find(root, "server"), "listen"),
		.array = conf->server.listen,
	};
	const struct items control = {
		.place = place,
		.conf = conf,
		.nodes = conf_node_find(conf_node_find(root, "control"), "listen"),
		.array = conf->control.listen,
	};

	rule_cache(place, root, conf);
	rule_outgoing(place, root, conf);
	conf_for_each(&listen, conf->server.listen_count, "server.listen", rule_listen);
	conf_for_each(&control, conf->control.listen_count, "control.listen", rule_control);
	conf_for_each(&upstreams, conf->upstreams_count, "upstreams", rule_upstream);
	conf_for_each(&zones, conf->forward_count, "forward", rule_forward);
	conf_rules_local(place, root, conf);
	conf_for_each(&lists, conf->lists_count, "lists", rule_list);
}
