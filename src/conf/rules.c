/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/rules.h"

#include <string.h>

#include "base/reach.h"

/* No type has its limits given twice. */
static enum err rule_cache_types(struct conf_place *place, const struct conf_node *nodes,
				 const struct conf_cache *cache)
{
	for (size_t i = 1; i < cache->types_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (cache->types[j].type != cache->types[i].type)
				continue;
			conf_place_enter(place, "cache.types");
			conf_place_index(place, i);
			return fail_key(place, conf_node_item(nodes, i), "type",
					"the type is given twice");
		}
	}
	return ERR_OK;
}

static enum err rule_cache(struct conf_place *place, const struct conf_node *root,
			   const struct conf *conf)
{
	const struct conf_node *node = conf_node_find(root, "cache");

	if (conf->cache.min_ttl_s > conf->cache.max_ttl_s) {
		conf_place_enter(place, "cache");
		return fail_key(place, node, "min-ttl", "expected at most max-ttl, %us, got %us",
				conf->cache.max_ttl_s, conf->cache.min_ttl_s);
	}
	return rule_cache_types(place, conf_node_find(node, "types"), &conf->cache);
}

static enum err rule_outgoing(struct conf_place *place, const struct conf_node *root,
			      const struct conf *conf)
{
	const struct conf_node *node = conf_node_find(root, "outgoing");

	if (conf->outgoing.retransmit_ms < conf->outgoing.timeout_ms)
		return ERR_OK;
	conf_place_enter(place, "outgoing");
	return fail_key(place, node, "retransmit", "expected less than timeout, %ums, got %ums",
			conf->outgoing.timeout_ms, conf->outgoing.retransmit_ms);
}

/* No address is listened on twice. */
static enum err rule_listen(struct conf_place *place, const struct conf_node *root,
			    const struct conf *conf)
{
	const struct conf_server *server = &conf->server;
	const struct conf_node *node = conf_node_find(conf_node_find(root, "server"), "listen");
	char buf[ADDR_TEXT_MAX];

	for (size_t i = 1; i < server->listen_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!endpoint_equal(&server->listen[i], &server->listen[j]))
				continue;
			conf_place_enter(place, "server.listen");
			conf_place_index(place, i);
			return conf_fail(place, conf_node_mark(conf_node_item(node, i)),
					 "%s is given twice",
					 endpoint_text(&server->listen[i], buf, sizeof(buf)));
		}
	}
	return ERR_OK;
}

/* An upstream that is ourselves would be asked for ever. */
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

/* What is to be proved of the server and how it is asked go together. */
static enum err rule_transport(struct conf_place *place, const struct conf_node *node,
			       const struct conf_upstream *upstream)
{
	bool proof = *upstream->tls_name || upstream->tls_pins_count > 0;

	if (upstream->transport == CONF_TRANSPORT_TLS && !proof)
		return fail_key(place, node, "transport",
				"expected tls-name or tls-pins as well, by which the upstream of "
				"a TLS connection is known");
	if (proof && (upstream->transport == CONF_TRANSPORT_UDP ||
		      upstream->transport == CONF_TRANSPORT_TCP))
		return fail_key(place, node, "transport",
				"expected tls or auto, as tls-name or tls-pins is given");
	return ERR_OK;
}

static enum err rule_upstream(struct conf_place *place, const struct conf_node *node,
			      const struct conf *conf, const struct conf_upstream *upstreams,
			      size_t index)
{
	const struct endpoint *address = &upstreams[index].address;
	bool self = is_listened_on(conf, address);
	char buf[ADDR_TEXT_MAX];

	if (self || is_given_before(upstreams, index))
		return fail_key(place, node, "address", "%s is %s",
				endpoint_text(address, buf, sizeof(buf)),
				self ? "what server.listen answers on" : "given twice");
	return rule_transport(place, node, &upstreams[index]);
}

/* The upstreams of `parent`: the whole file, or a zone of its own. */
static enum err rule_upstreams(struct conf_place *place, const struct conf_node *parent,
			       const struct conf *conf, const struct conf_upstream *upstreams,
			       size_t count)
{
	const struct conf_node *nodes = conf_node_find(parent, "upstreams");
	size_t before = conf_place_enter(place, "upstreams");
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && !err; i++) {
		size_t list = conf_place_index(place, i);

		err = rule_upstream(place, conf_node_item(nodes, i), conf, upstreams, i);
		conf_place_leave(place, list);
	}
	conf_place_leave(place, before);
	return err;
}

/* No two zones have the same name, and each has someone to ask. */
static enum err rule_forward(struct conf_place *place, const struct conf_node *nodes,
			     const struct conf *conf, size_t index)
{
	const struct conf_forward *forward = &conf->forward[index];
	const struct conf_node *node = conf_node_item(nodes, index);

	for (size_t i = 0; i < index; i++) {
		if (strcmp(conf->forward[i].zone, forward->zone) == 0)
			return fail_key(place, node, "zone", "the zone %s is given twice",
					forward->zone);
	}
	if (forward->upstreams_count == 0)
		return fail_key(place, node, "upstreams", "expected one upstream at least");
	return rule_upstreams(place, node, conf, forward->upstreams, forward->upstreams_count);
}

static enum err rule_forwards(struct conf_place *place, const struct conf_node *root,
			      const struct conf *conf)
{
	const struct conf_node *nodes = conf_node_find(root, "forward");
	size_t before = conf_place_enter(place, "forward");
	enum err err = ERR_OK;

	for (size_t i = 0; i < conf->forward_count && !err; i++) {
		size_t list = conf_place_index(place, i);

		err = rule_forward(place, nodes, conf, i);
		conf_place_leave(place, list);
	}
	conf_place_leave(place, before);
	return err;
}

/* No two lists have the same name. */
static enum err rule_list_name(struct conf_place *place, const struct conf_node *lists,
			       const struct conf *conf, size_t index)
{
	const char *name = conf->lists[index].name;

	for (size_t i = 0; i < index; i++) {
		if (strcmp(conf->lists[i].name, name) != 0)
			continue;
		return fail_key(place, conf_node_item(lists, index), "name",
				"the name \"%s\" is taken, by the list in line %zu", name,
				mark_in(conf_node_item(lists, i), "name").line);
	}
	return ERR_OK;
}

static enum err rule_list(struct conf_place *place, const struct conf_node *node,
			  const struct conf_list *list)
{
	bool addresses = list->sinkhole.ipv4.family != 0 || list->sinkhole.ipv6.family != 0;

	if (list->action == ACTION_SINKHOLE && !addresses)
		return fail_key(place, node, "sinkhole",
				"expected ipv4, ipv6 or both, which action sinkhole answers");
	if (list->action == ACTION_PASS && list->mandatory)
		return fail_key(place, node, "mandatory",
				"expected false, as the list's action is pass");
	if (list->expect_entries > 0 && list->expect_entries < list->min_entries)
		return fail_key(place, node, "expect-entries",
				"expected at least min-entries, %u, got %u", list->min_entries,
				list->expect_entries);
	return ERR_OK;
}

static enum err rule_lists(struct conf_place *place, const struct conf_node *root,
			   const struct conf *conf)
{
	const struct conf_node *lists = conf_node_find(root, "lists");
	size_t before = conf_place_enter(place, "lists");
	enum err err = ERR_OK;

	for (size_t i = 0; i < conf->lists_count && !err; i++) {
		size_t list = conf_place_index(place, i);

		err = rule_list_name(place, lists, conf, i);
		if (!err)
			err = rule_list(place, conf_node_item(lists, i), &conf->lists[i]);
		conf_place_leave(place, list);
	}
	conf_place_leave(place, before);
	return err;
}

enum err conf_rules(struct conf_place *place, const struct conf_node *root, const struct conf *conf)
{
	enum err err = rule_cache(place, root, conf);

	if (!err)
		err = rule_outgoing(place, root, conf);
	if (!err)
		err = rule_listen(place, root, conf);
	if (!err)
		err = rule_upstreams(place, root, conf, conf->upstreams, conf->upstreams_count);
	if (!err)
		err = rule_forwards(place, root, conf);
	if (!err)
		err = conf_rules_local(place, root, conf);
	if (!err)
		err = rule_lists(place, root, conf);
	return err;
}
