/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/news.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const struct web_list *find(const struct news *news, const char *name)
{
	for (size_t i = 0; i < news->lists.count; i++)
		if (strcmp(news->lists.names[i], name) == 0)
			return &news->loads.lists[i];
	return NULL;
}

/* What stands in for a list that was refused is as old as it was; what came from the state
 * directory is older than this process. */
static struct web_list list_news(const struct web_list *before, const struct load_source *source,
				 uint64_t now_s)
{
	struct web_list list = before ? *before : (struct web_list){.own = false};
	bool refused = *source->reason != '\0';

	list.refusals += refused;
	snprintf(list.reason, sizeof(list.reason), "%s", source->reason);
	list.own = !refused;
	if (refused)
		return list;
	list.loaded_s = now_s;
	list.skipped = source->skipped;
	list.bad = source->bad;
	list.held = source->held;
	list.took_ms = source->took_ms;
	return list;
}

void news_init(struct news *news)
{
	struct web_loads *loads = &news->loads;

	loads->wanted = clock_unix_us();
	for (unsigned int kind = 0; kind < WEB_RELOAD_COUNT; kind++)
		loads->wanted_of[kind] = loads->covered_of[kind] = loads->wanted;
	snprintf(loads->dry_reason, sizeof(loads->dry_reason),
		 "there was no dry run of this process");
}

uint64_t news_want(struct news *news, enum web_reload kind)
{
	return news->loads.wanted_of[kind] = ++news->loads.wanted;
}

bool news_is_wanted(const struct news *news, enum web_reload kind)
{
	return news->loads.wanted_of[kind] != news->loads.covered_of[kind];
}

enum web_reload news_begin(struct news *news, uint64_t *ret_covers)
{
	struct web_loads *loads = &news->loads;
	enum web_reload first = WEB_RELOAD_COUNT;

	*ret_covers = UINT64_MAX;
	for (unsigned int kind = 0; kind < WEB_RELOAD_COUNT; kind++) {
		if (!news_is_wanted(news, (enum web_reload)kind) ||
		    loads->wanted_of[kind] > *ret_covers)
			continue;
		first = (enum web_reload)kind;
		*ret_covers = loads->wanted_of[kind];
	}
	if (first != WEB_RELOAD_COUNT)
		loads->kind = first;
	return first;
}

void news_good(struct news *news, const struct snapshot *snapshot, const struct load_result *result)
{
	const struct policy *policy = snapshot->policy;
	struct web_list lists[POLICY_LISTS_MAX];
	uint64_t now_s = clock_unix_s();

	for (size_t i = 0; i < policy->list_count; i++)
		lists[i] = list_news(find(news, policy->lists[i].name), &result->sources[i], now_s);
	for (size_t i = 0; i < policy->list_count; i++)
		news->loads.lists[i] = lists[i];
	news->loads.lists[POLICY_MANUAL_BLOCK].own = true;
	news->loads.lists[POLICY_MANUAL_PASS].own = true;
	stats_note_lists(policy, &news->lists);
	news->loads.good++;
	news->loads.last_failed = false;
	news->loads.last_s = now_s;
	news->loads.took_ms = result->took_ms;
	news->loads.refused = (uint32_t)result->refused;
	news->loads.names = result->names;
	news->loads.reason[0] = '\0';
	news->loads.reason_of[news->loads.kind][0] = '\0';
}

void news_failed(struct news *news, const char *reason)
{
	news->loads.failed++;
	news->loads.last_failed = true;
	news->loads.last_s = clock_unix_s();
	snprintf(news->loads.reason, sizeof(news->loads.reason), "%s", reason);
	snprintf(news->loads.reason_of[news->loads.kind], sizeof(news->loads.reason), "%s", reason);
}
