/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/groups.h"

#include <stdlib.h>

#include "group/schedule.h"

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

static enum err make_prefixes(const struct conf *conf, struct addrset **ret_prefixes)
{
	struct addrset_builder *builder;
	enum err err = addrset_builder_create(&builder);

	if (err != ERR_OK)
		return err;
	err = add_clients(conf, builder);
	if (err == ERR_OK)
		err = addrset_builder_freeze(builder, ret_prefixes);
	addrset_builder_free(builder);
	return err;
}

static enum err make_members(const struct conf *conf, struct members **ret_members)
{
	struct addrset *prefixes;
	enum err err = make_prefixes(conf, &prefixes);

	if (err != ERR_OK)
		return err;
	err = members_create(prefixes, ret_members);
	if (err != ERR_OK)
		addrset_free(prefixes);
	return err;
}

static uint8_t days_of(const struct conf_schedule *schedule)
{
	uint8_t days = 0;

	for (size_t i = 0; i < schedule->days_count; i++)
		days |= (uint8_t)(1U << schedule->days[i]);
	return days;
}

static enum err add_hours(struct groups *groups, const struct conf_group *group,
			  const struct conf_schedule *schedule, struct err_text *text)
{
	struct group_hours *h = &groups->hours[groups->hours_count];
	enum err err = zone_read(schedule->time_zone, &h->zone, text);

	if (err != ERR_OK)
		return err;
	h->group = group;
	h->conf = schedule;
	h->hours = (struct hours){.days = days_of(schedule),
				  .from_min = (uint16_t)schedule->from_min,
				  .to_min = (uint16_t)schedule->to_min,
				  .zone = h->zone};
	groups->hours_count++;
	return ERR_OK;
}

static enum err make_hours(struct groups *groups, struct err_text *text)
{
	const struct conf *conf = groups->conf;
	enum err err = ERR_OK;
	size_t count = 0;

	for (size_t i = 0; i < conf->groups_count; i++)
		count += conf->groups[i].schedule_count;
	groups->hours = calloc(count + 1, sizeof(*groups->hours));
	if (!groups->hours)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->groups_count; i++)
		for (size_t k = 0; k < conf->groups[i].schedule_count && err == ERR_OK; k++)
			err = add_hours(groups, &conf->groups[i], &conf->groups[i].schedule[k],
					text);
	return err;
}

enum err groups_create(const struct conf *conf, struct groups **ret_groups, struct err_text *text)
{
	struct groups *groups;
	enum err err;

	if (!is_wanted(conf)) {
		*ret_groups = NULL;
		return ERR_OK;
	}
	groups = calloc(1, sizeof(*groups) +
				   (GROUPS_FIRST + conf->groups_count) * sizeof(groups->pools[0]));
	if (!groups)
		return ERR_NOMEM;
	groups->conf = conf;
	err = make_members(conf, &groups->members);
	if (err == ERR_OK)
		err = make_hours(groups, text);
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
	members_free(groups->members);
	for (size_t i = 0; i < groups->hours_count; i++)
		zone_free(groups->hours[i].zone);
	free(groups->hours);
	free(groups);
}
