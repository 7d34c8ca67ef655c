/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/json.h"

#include <string.h>

#include "base/clock.h"
#include "conf/conf.h"

json_t *json_text(const char *s)
{
	json_t *made = json_string(s);

	return made ? made : json_string("?");
}

static const char *action_word(enum action action)
{
	static const char *const words[ACTION_COUNT] = {
#define W(value, word) [value] = (word),
		CONF_WORDS_ACTION(W)
#undef W
	};

	return words[action];
}

static json_int_t number(uint64_t value)
{
	return (json_int_t)value;
}

/* What was said by command, in numbers, and which lists are not asked. */
static json_t *manual_state(const struct manual *manual)
{
	json_t *off = json_array();

	for (size_t i = 0; i < manual->count; i++)
		if (manual->entries[i].kind == MANUAL_LIST_OFF)
			json_array_append_new(off, json_text(manual->entries[i].list));
	return json_pack("{s:I, s:I, s:o}", "blocked", number(manual_count(manual, MANUAL_BLOCK)),
			 "unblocked", number(manual_count(manual, MANUAL_PASS)), "lists_off", off);
}

json_t *json_status(const struct web_now *now)
{
	const struct web_loads *loads = now->loads;

	return json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:I, s:I, s:I, s:b, s:o, s:I, s:I, "
		"s:i, s:I, s:I, s:o, s:o}}",
		"version", SINKHOLED_VERSION, "started", number(now->started_s), "uptime",
		number(clock_unix_s() - now->started_s), "generation",
		number(now->snapshot->generation), "lists",
		number(now->snapshot->policy->list_count), "names", number(loads->names), "manual",
		manual_state(now->manual), "load", "wanted", number(loads->wanted), "wanted_new",
		number(loads->wanted_of[WEB_RELOAD_NEW]), "covered",
		number(loads->covered_of[WEB_RELOAD_NEW]), "failed", loads->last_failed, "reason",
		json_text(loads->reason), "ended", number(loads->last_s), "refused",
		number(loads->refused), "took_ms", (int)loads->took_ms, "covered_dry_run",
		number(loads->covered_of[WEB_RELOAD_DRY]), "covered_back",
		number(loads->covered_of[WEB_RELOAD_BACK]), "reason_new",
		json_text(loads->reason_of[WEB_RELOAD_NEW]), "reason_back",
		json_text(loads->reason_of[WEB_RELOAD_BACK]));
}

static json_t *side(const struct difference_side *side)
{
	json_t *first = json_array();
	char name[NAME_TEXT_MAX];

	for (uint64_t i = 0; i < side->count && i < DIFFERENCE_NAMES_MAX; i++)
		json_array_append_new(first,
				      json_pack("{s:o, s:b, s:s}", "name",
						json_text(name_to_text(side->first[i].owner.wire,
								       name, sizeof(name))),
						"below", side->first[i].below, "list",
						side->first[i].list));
	return json_pack("{s:I, s:o}", "count", number(side->count), "first", first);
}

json_t *json_difference(const struct web_now *now)
{
	const struct web_loads *loads = now->loads;

	if (*loads->dry_reason)
		return json_pack("{s:o}", "reason", json_text(loads->dry_reason));
	return json_pack("{s:s, s:o, s:o}", "reason", "", "blocked",
			 side(&loads->difference.blocked), "lifted",
			 side(&loads->difference.lifted));
}

/* By our own names of them; metrics have those of Prometheus. */
json_t *json_stats(const struct web_now *now)
{
	const struct cache_stats *cache = &now->cache;
	json_t *root = json_object();

	for (size_t i = 0; i < stats_row_count; i++)
		json_object_set_new(root, stats_rows[i].name,
				    json_integer(number(stats_value(&now->stats, &stats_rows[i]))));
	json_object_set_new(root, "cache",
			    json_pack("{s:I, s:I, s:I, s:I, s:I}", "entries",
				      number(cache->entries), "bytes_used",
				      number(cache->bytes_used), "bytes_max",
				      number(cache->bytes_max), "evicted", number(cache->evicted),
				      "expired", number(cache->expired)));
	return root;
}

/* A mandatory list that the configuration names no more may still be in force: NULL. */
static const struct conf_list *configured(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->lists_count; i++)
		if (strcmp(conf->lists[i].name, name) == 0)
			return &conf->lists[i];
	return NULL;
}

/* Who has ordered the list. */
static json_t *order(const struct conf_list *list)
{
	const struct conf_authority *a = &list->authority;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "court", json_text(a->court), "case",
			 json_text(a->case_id), "date", json_text(a->date), "contact",
			 json_text(a->contact), "url", json_text(a->url), "family",
			 json_text(list->family));
}

/* How a list is fetched; NULL: it is not. */
static json_t *fetched(const struct web_now *now, const char *name)
{
	struct fetch_view view;

	if (!fetch_look(now->fetch, name, &view))
		return NULL;
	return json_pack("{s:o, s:b, s:I, s:I, s:I, s:b, s:o}", "url", json_text(view.url),
			 "under_way", view.under_way, "fetched", number(view.fetched_s), "changed",
			 number(view.changed_s), "failures", number(view.failures), "stale",
			 view.stale, "failed", json_text(view.reason));
}

static json_t *list(const struct web_now *now, size_t i)
{
	const struct policy_list *policy = &now->snapshot->policy->lists[i];
	const struct web_list *load = &now->loads->lists[i];
	const struct policy_manual *manual = now->snapshot->policy->manual;
	struct domset_count count = policy_count(now->snapshot->policy, (unsigned int)i);
	bool off = manual && i < POLICY_LISTS_MAX && manual->off[i];

	const struct conf_list *conf = configured(now->snapshot->conf, policy->name);
	json_t *fetch = fetched(now, policy->name);
	json_t *made;

	made = json_pack(
		"{s:s, s:o, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:o, s:b}",
		"name", policy->name, "file", json_text(conf ? conf->file : ""), "action",
		action_word(policy->action), "mandatory", policy->mandatory, "entries",
		number(i < POLICY_LISTS_MAX ? policy->entries : count.rules), "names",
		number(count.rules), "held", number(load->held), "bad", number(load->bad),
		"skipped", number(load->skipped), "hits", number(now->stats.list_hits[i]),
		"current", load->own, "loaded", number(load->loaded_s), "refusals",
		number(load->refusals), "reason", json_text(load->reason), "off", off);
	if (conf)
		json_object_set_new(made, "order", order(conf));
	if (fetch)
		json_object_set_new(made, "fetch", fetch);
	return made;
}

json_t *json_lists(const struct web_now *now)
{
	const struct policy *policy = now->snapshot->policy;
	json_t *lists = json_array();

	for (unsigned int i = policy_first_place(policy); i < POLICY_PLACES;
	     i = policy_next_place(policy, i))
		if (i < POLICY_LISTS_MAX || policy_count(policy, i).rules > 0)
			json_array_append_new(lists, list(now, i));
	return json_pack("{s:o}", "lists", lists);
}

json_t *json_upstreams(const struct web_now *now)
{
	json_t *upstreams = json_array();

	for (size_t i = 0; i < now->upstream_count; i++) {
		const struct web_upstream *upstream = &now->upstreams[i];

		json_array_append_new(
			upstreams, json_pack("{s:s, s:s, s:s, s:I}", "address", upstream->address,
					     "transport", upstream->transport, "state",
					     upstream->state, "rtt_us", number(upstream->rtt_us)));
	}
	return json_pack("{s:o}", "upstreams", upstreams);
}
