/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/groups.h"

#include <stdlib.h>
#include <string.h>

static bool is_wanted(const struct conf *conf)
{
	for (size_t i = 0; i < conf->lists_count; i++)
		if (conf->lists[i].groups_only)
			return true;
	return conf->groups_count > 0;
}

static enum err add_clients(const struct conf *conf, struct addrset_builder *builder)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < conf->groups_count; i++) {
		const struct conf_group *group = &conf->groups[i];

		for (size_t k = 0; k < group->clients_count && err == ERR_OK; k++)
			err = addrset_builder_add(builder, &(struct addrset_rule){
								   .prefix = group->clients[k],
								   .list = i,
							   });
	}
	return err;
}

static enum err make_clients(const struct conf *conf, struct addrset **ret_clients)
{
	struct addrset_builder *builder;
	enum err err = addrset_builder_create(&builder);

	if (err != ERR_OK)
		return err;
	err = add_clients(conf, builder);
	if (err == ERR_OK)
		err = addrset_builder_freeze(builder, ret_clients);
	addrset_builder_free(builder);
	return err;
}

enum err groups_create(const struct conf *conf, struct groups **ret_groups)
{
	struct groups *groups;
	enum err err;

	if (!is_wanted(conf)) {
		*ret_groups = NULL;
		return ERR_OK;
	}
	groups = calloc(1, sizeof(*groups));
	if (!groups)
		return ERR_NOMEM;
	groups->conf = conf;
	err = make_clients(conf, &groups->clients);
	if (err == ERR_OK)
		*ret_groups = groups;
	else
		groups_free(groups);
	return err;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	addrset_free(groups->clients);
	free(groups);
}

/* ---- views */

static bool has(char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_for_groups(const struct conf *conf, const char *list)
{
	for (size_t i = 0; i < conf->lists_count; i++)
		if (strcmp(conf->lists[i].name, list) == 0)
			return conf->lists[i].groups_only;
	return false;
}

/* Of the policy's list, which is not mandatory; `group` NULL: clients that are in none. */
static bool holds(const struct conf *conf, const struct conf_group *group, const char *list)
{
	if (!group)
		return !is_for_groups(conf, list);
	if (has(group->without, group->without_count, list))
		return false;
	return has(group->lists, group->lists_count, list) ||
	       (!is_for_groups(conf, list) &&
		has(group->lists, group->lists_count, CONF_GROUP_LISTS_ALL));
}

static void turn_off(struct policy_view *view, unsigned int place)
{
	view->off[place / 64] |= 1ULL << (place % 64);
}

static void set_sinkhole(const struct conf_group *group, struct policy_view *view)
{
	view->has_ipv4 = group->sinkhole_ipv4.family != 0;
	view->has_ipv6 = group->sinkhole_ipv6.family != 0;
	view->sinkhole = view->has_ipv4 || view->has_ipv6;
	memcpy(view->ipv4, group->sinkhole_ipv4.bytes, sizeof(view->ipv4));
	memcpy(view->ipv6, group->sinkhole_ipv6.bytes, sizeof(view->ipv6));
}

/* What is said by command has places behind those of the lists, and holds for all. */
static void set_view(const struct conf *conf, const struct conf_group *group,
		     const struct policy *policy, struct policy_view *view)
{
	for (unsigned int i = 0; i < policy->list_count; i++)
		if (!policy->lists[i].mandatory && !holds(conf, group, policy->lists[i].name))
			turn_off(view, i);
	if (group)
		set_sinkhole(group, view);
}

enum err groups_apply(const struct groups *groups, struct policy *policy)
{
	size_t count = groups ? GROUPS_FIRST + groups->conf->groups_count - 1 : 0;
	struct policy_views *views = NULL;

	if (groups) {
		views = calloc(1, sizeof(*views) + count * sizeof(views->view[0]));
		if (!views)
			return ERR_NOMEM;
		views->count = count;
		for (size_t i = 0; i < count; i++)
			set_view(groups->conf, groups_of_view(groups, (uint16_t)(i + 1)), policy,
				 &views->view[i]);
	}
	free(policy->views);
	policy->views = views;
	return ERR_OK;
}
