/* SPDX-License-Identifier: BSD-2-Clause */
/* What groups ask of one another, and of the lists that they name. */
#include "conf/rules.h"

#include <string.h>

static const struct conf_list *list_of(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->lists_count; i++)
		if (strcmp(conf->lists[i].name, name) == 0)
			return &conf->lists[i];
	return NULL;
}

static bool is_all(const char *name)
{
	return strcmp(name, CONF_GROUP_LISTS_ALL) == 0;
}

/* Names lists that there are. */
static void rule_named(const struct items *items, const struct conf_node *node, size_t index)
{
	char *const *names = items->array;

	if (!is_all(names[index]) && !list_of(items->conf, names[index]))
		conf_fail(items->place, conf_node_mark(node), "there is no list \"%s\"",
			  names[index]);
}

/* And takes none of an order's away. */
static void rule_without(const struct items *items, const struct conf_node *node, size_t index)
{
	char *const *names = items->array;
	const struct conf_list *list = list_of(items->conf, names[index]);

	if (!list)
		conf_fail(items->place, conf_node_mark(node), "there is no list \"%s\"",
			  names[index]);
	else if (list->mandatory)
		conf_fail(items->place, conf_node_mark(node),
			  "the list %s is mandatory, and holds for every client", list->name);
}

static void rule_lists(const struct items *items, const struct conf_node *node, const char *key,
		       char *const *names, size_t count, item_rule *rule)
{
	const struct items named = {items->place, items->conf, conf_node_find(node, key), names,
				    NULL};

	conf_for_each(&named, count, key, rule);
}

static bool has_client(const struct conf_group *group, const struct prefix *client)
{
	for (size_t i = 0; i < group->clients_count; i++)
		if (group->clients[i].len == client->len &&
		    ip_equal(&group->clients[i].ip, &client->ip))
			return true;
	return false;
}

/* No network is given to two groups: which of them its clients are in could not be told. */
static void rule_clients(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_group *groups = items->array;
	const struct conf_group *group = &groups[index];
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < group->clients_count; i++)
		for (size_t other = 0; other < index; other++)
			if (has_client(&groups[other], &group->clients[i]))
				fail_key(items->place, node, "clients",
					 "%s/%u is given to the group %s as well",
					 ip_text(&group->clients[i].ip, text, sizeof(text)),
					 group->clients[i].len, groups[other].name);
}

static void rule_group(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_group *groups = items->array;
	const struct conf_group *group = &groups[index];

	for (size_t i = 0; i < index; i++)
		if (strcmp(groups[i].name, group->name) == 0)
			fail_key(items->place, node, "name", "the name \"%s\" is given twice",
				 group->name);
	if (group->clients_count == 0)
		fail_key(items->place, node, "clients", "expected one network at least");
	rule_clients(items, node, index);
	rule_lists(items, node, "lists", group->lists, group->lists_count, rule_named);
	rule_lists(items, node, "without", group->without, group->without_count, rule_without);
}

/* A list that is for groups only is no order's, and its name is not the word for all. */
static void rule_list(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_list *lists = items->array;

	if (lists[index].groups_only && lists[index].mandatory)
		fail_key(items->place, node, "groups-only",
			 "expected false, as the list is mandatory: it holds for every client");
	if (items->conf->groups_count > 0 && is_all(lists[index].name))
		fail_key(items->place, node, "name",
			 "expected another name: groups say " CONF_GROUP_LISTS_ALL " of all lists");
}

void conf_rules_groups(struct conf_place *place, const struct conf_node *root,
		       const struct conf *conf)
{
	const struct items lists = {place, conf, conf_node_find(root, "lists"), conf->lists, NULL};
	const struct items groups = {place, conf, conf_node_find(root, "groups"), conf->groups,
				     NULL};

	if (!is_sound(lists.nodes))
		return; /* which lists there are is not known */
	conf_for_each(&lists, conf->lists_count, "lists", rule_list);
	conf_for_each(&groups, conf->groups_count, "groups", rule_group);
}
