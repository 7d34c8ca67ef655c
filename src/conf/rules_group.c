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

	FOR_EACH(items, node, "lists", h->lists, rule_named);
	FOR_EACH(items, node, "without", h->without, rule_without);
}

static void rule_group(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_group *groups = items->array;
	const struct conf_group *group = &groups[index];

	if (FIRST_WITH(groups, name, index, conf_same_text) < index)
		fail_key(items->place, node, "name", "the name \"%s\" is given twice", group->name);
	if (group->clients_count == 0)
		fail_key(items->place, node, "clients", "expected one network at least");
	rule_clients(items, node, index);
	FOR_EACH(items, node, "lists", group->lists, rule_named);
	FOR_EACH(items, node, "without", group->without, rule_without);
	FOR_EACH(items, node, "schedule", group->schedule, rule_schedule);
	FOR_EACH(items, node, "upstreams", group->upstreams, conf_rule_upstream);
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

	FOR_EACH(&all, root, "lists", conf->lists, rule_list);
	FOR_EACH(&all, root, "groups", conf->groups, rule_group);
}
