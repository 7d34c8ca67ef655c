/* SPDX-License-Identifier: BSD-2-Clause */
/* The views of a policy: which lists hold for each group at a time. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "group/schedule.h"

/* A group, and which of its hours hold now. */
struct now {
	const struct groups *groups;
	const struct conf_group *group; /* NULL: clients that are in none */
	const struct group_hours *hours[CONF_SCHEDULE_MAX];
	size_t count;
	uint64_t until_s; /* till then */
};

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

/* By its name, or by the word for all. */
static bool names_list(const struct conf *conf, char *const *names, size_t count, const char *list)
{
	return has(names, count, list) ||
	       (has(names, count, CONF_GROUP_LISTS_ALL) && !is_for_groups(conf, list));
}

/* Of the policy's list, which is not mandatory. */
static bool holds(const struct now *now, const char *list)
{
	const struct conf_group *group = now->group;
	const struct conf *conf = now->groups->conf;
	bool on;

	if (!group)
		return !is_for_groups(conf, list);
	on = names_list(conf, group->lists, group->lists_count, list) &&
	     !names_list(conf, group->without, group->without_count, list);
	for (size_t i = 0; i < now->count; i++)
		on = on || names_list(conf, now->hours[i]->conf->lists,
				      now->hours[i]->conf->lists_count, list);
	for (size_t i = 0; i < now->count; i++)
		on = on && !names_list(conf, now->hours[i]->conf->without,
				       now->hours[i]->conf->without_count, list);
	return on;
}

static struct now find_now(const struct groups *groups, uint16_t view, uint64_t now_s)
{
	struct now now = {
		.groups = groups, .group = groups_of_view(groups, view), .until_s = HOURS_NEVER};

	for (size_t i = 0; i < groups->hours_count; i++) {
		const struct group_hours *h = &groups->hours[i];
		uint64_t change_s;

		if (h->group != now.group)
			continue;
		change_s = hours_change(&h->hours, now_s);
		now.until_s = change_s < now.until_s ? change_s : now.until_s;
		if (hours_hold(&h->hours, now_s))
			now.hours[now.count++] = h;
	}
	return now;
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
static void set_view(const struct now *now, const struct policy *policy, struct policy_view *view)
{
	for (unsigned int i = 0; i < policy->list_count; i++)
		if (!policy->lists[i].mandatory && !holds(now, policy->lists[i].name))
			view->off[i / 64] |= 1ULL << (i % 64);
	if (now->group) {
		set_sinkhole(now->group, view);
		view->group = now->group->name;
	}
	view->until_s = now->until_s;
}

static struct policy_views *make_views(const struct groups *groups, uint64_t now_s,
				       const struct policy *policy)
{
	size_t count = GROUPS_FIRST + groups->conf->groups_count - 1;
	struct policy_views *views = calloc(1, sizeof(*views) + count * sizeof(views->view[0]));

	if (!views)
		return NULL;
	views->count = count;
	views->made_s = now_s;
	views->until_s = HOURS_NEVER;
	for (size_t i = 0; i < count; i++) {
		const struct now now = find_now(groups, (uint16_t)(i + 1), now_s);

		set_view(&now, policy, &views->view[i]);
		if (now.until_s < views->until_s)
			views->until_s = now.until_s;
	}
	return views;
}

enum err groups_apply(const struct groups *groups, uint64_t now_s, struct policy *policy)
{
	struct policy_views *views = NULL;

	if (groups) {
		views = make_views(groups, now_s, policy);
		if (!views)
			return ERR_NOMEM;
	}
	policy_set_views(policy, views);
	return ERR_OK;
}

bool groups_are_due(const struct policy *policy, uint64_t now_s)
{
	const struct policy_views *views = policy->views;

	return views && views->until_s != HOURS_NEVER &&
	       (now_s >= views->until_s || now_s < views->made_s);
}

void groups_tell(const struct groups *groups, const struct policy *before,
		 const struct policy *after)
{
	if (!before->views || !after->views || before->views->count != after->views->count)
		return;
	for (size_t i = GROUPS_FIRST - 1; i < after->views->count; i++)
		if (memcmp(before->views->view[i].off, after->views->view[i].off,
			   sizeof(after->views->view[i].off)) != 0)
			log_notice("group %s: other lists hold from now on, by its schedule",
				   groups_of_view(groups, (uint16_t)(i + 1))->name);
}
