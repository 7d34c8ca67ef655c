/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/conf_rules_p.h"

#include <string.h>

/* The mark of `key` in a section, that of the section when the key is not given. */
static struct conf_mark mark_in(const struct conf_node *section, const char *key)
{
	const struct conf_node *node = conf_node_find(section, key);

	return conf_node_mark(node ? node : section);
}

/* A failure of `section`.`key`. */
#define fail_key(place, section, key, ...)                                                         \
	(conf_place_enter(place, key), conf_fail(place, mark_in(section, key), __VA_ARGS__))

static enum err rule_cache(struct conf_place *place, const struct conf_node *root,
			   const struct conf *conf)
{
	const struct conf_node *node = conf_node_find(root, "cache");

	if (conf->cache.min_ttl_s <= conf->cache.max_ttl_s)
		return ERR_OK;
	conf_place_enter(place, "cache");
	return fail_key(place, node, "min-ttl", "expected at most max-ttl, %us, got %us",
			conf->cache.max_ttl_s, conf->cache.min_ttl_s);
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
		if (endpoint_equal(&conf->server.listen[i], endpoint))
			return true;
	}
	return false;
}

static bool is_given_before(const struct conf *conf, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (endpoint_equal(&conf->upstreams[i].address, &conf->upstreams[index].address))
			return true;
	}
	return false;
}

static enum err rule_upstreams(struct conf_place *place, const struct conf_node *root,
			       const struct conf *conf)
{
	const struct conf_node *nodes = conf_node_find(root, "upstreams");
	char buf[ADDR_TEXT_MAX];

	for (size_t i = 0; i < conf->upstreams_count; i++) {
		const struct endpoint *address = &conf->upstreams[i].address;
		bool self = is_listened_on(conf, address);

		if (!self && !is_given_before(conf, i))
			continue;
		conf_place_enter(place, "upstreams");
		conf_place_index(place, i);
		return fail_key(place, conf_node_item(nodes, i), "address", "%s is %s",
				endpoint_text(address, buf, sizeof(buf)),
				self ? "what server.listen answers on" : "given twice");
	}
	return ERR_OK;
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
		err = rule_upstreams(place, root, conf);
	if (!err)
		err = rule_lists(place, root, conf);
	return err;
}
