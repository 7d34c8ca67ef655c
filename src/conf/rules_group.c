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

	rule_named(items, node, index);
	if (list && list->mandatory)
		conf_fail(items->place, conf_node_mark(node),
			  "the list %s is mandatory, and holds for every client", list->name);
}

static void rule_each(const struct items *items, const struct conf_node *node, const char *key,
		      const void *array, size_t count, item_rule *rule)
{
	const struct items of = {items->place, items->conf, conf_node_find(node, key), array, NULL};

	conf_for_each(&of, count, key, rule);
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
	const struct prefix *client = groups[index].clients;
	const struct prefix *end = client + groups[index].clients_count;
	char text[INET6_ADDRSTRLEN];

	for (; client < end; client++)
		for (size_t i = 0; i < index; i++)
			if (has_client(&groups[i], client))
				fail_key(items->place, node, "clients",
					 "%s/%u is given to the group %s as well",
					 ip_text(&client->ip, text, sizeof(text)), client->len,
					 groups[i].name);
}

/* Hours name lists as their group does. */
static void rule_schedule(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_schedule *h = (const struct conf_schedule *)items->array + index;

	rule_each(items, node, "lists", h->lists, h->lists_count, rule_named);
	rule_each(items, node, "without", h->without, h->without_count, rule_without);
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
	rule_each(items, node, "lists", group->lists, group->lists_count, rule_named);
	rule_each(items, node, "without", group->without, group->without_count, rule_without);
	rule_each(items, node, "schedule", group->schedule, group->schedule_count, rule_schedule);
	rule_each(items, node, "upstreams", group->upstreams, group->upstreams_count,
		  conf_rule_upstream);
	if (group->zones_too && group->upstreams_count == 0)
		fail_key(items->place, node, "zones-too",
			 "expected upstreams as well, which the zones are asked of");
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
	const struct items all = {.place = place, .conf = conf};

	if (!is_sound(conf_node_find(root, "lists")))
		return; /* which lists there are is not known */
	rule_each(&all, root, "lists", conf->lists, conf->lists_count, rule_list);
	rule_each(&all, root, "groups", conf->groups, conf->groups_count, rule_group);
}
