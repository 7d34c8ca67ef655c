/* SPDX-License-Identifier: BSD-2-Clause */
/* The gates that the entries of lists go through. */
#include <stdlib.h>
#include <string.h>

#include "load/load.h"

static enum err read_names(char *const *texts, size_t count, struct name *names)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = name_from_text(texts[i], strlen(texts[i]), &names[i]);
	return err;
}

enum err loader_make_guard(const struct conf_guard *conf, struct guard **ret_guard)
{
	size_t count = conf->protected_count + conf->dnsbl_zones_count;
	struct name *names = calloc(count + 1, sizeof(*names));
	struct guard_config config = {
		.names = names,
		.name_count = conf->protected_count,
		.zone_count = conf->dnsbl_zones_count,
		.hold_suffixes = conf->public_suffixes,
	};
	enum err err;

	if (!names)
		return ERR_NOMEM;
	config.zones = names + config.name_count;
	err = read_names(conf->protected, config.name_count, names);
	if (err == ERR_OK)
		err = read_names(conf->dnsbl_zones, config.zone_count, names + config.name_count);
	if (err == ERR_OK)
		err = guard_create(&config, ret_guard);
	free(names);
	return err;
}

/* ---- addresses */

/* Networks that no list may block, as many as there is room for. */
struct networks {
	struct addrguard_network *list;
	size_t count;
};

static void add(struct networks *n, const struct prefix *prefix, const char *reason)
{
	n->list[n->count++] = (struct addrguard_network){*prefix, reason};
}

static void add_ip(struct networks *n, const struct ip *ip, const char *reason)
{
	const struct prefix whole = {.ip = *ip, .len = ip->family == AF_INET ? 32 : 128};

	if (ip->family != 0)
		add(n, &whole, reason);
}

static void add_endpoint(struct networks *n, const struct endpoint *endpoint, const char *reason)
{
	const struct ip ip = ip_from_sockaddr(&endpoint->u.sa);

	if (!endpoint_is_wildcard(endpoint))
		add_ip(n, &ip, reason);
}

static size_t servers_of(const struct snapshot *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->pool_count; i++)
		count += s->pools[i].count;
	return count;
}

static void add_own(struct networks *n, const struct snapshot *s)
{
	const struct conf *conf = s->conf;

	for (size_t i = 0; i < conf->server.listen_count; i++)
		add_endpoint(n, &conf->server.listen[i], "has an address of server.listen");
	for (size_t i = 0; i < s->pool_count; i++)
		for (size_t k = 0; k < s->pools[i].count; k++)
			add_endpoint(n, &s->pools[i].servers[k].address,
				     "has the address of an upstream");
	for (size_t i = 0; i < conf->lists_count; i++) {
		add_ip(n, &conf->lists[i].sinkhole.ipv4, "has an address that a list answers with");
		add_ip(n, &conf->lists[i].sinkhole.ipv6, "has an address that a list answers with");
	}
	for (size_t i = 0; i < conf->groups_count; i++) {
		add_ip(n, &conf->groups[i].sinkhole_ipv4, "has an address of a group's sinkhole");
		add_ip(n, &conf->groups[i].sinkhole_ipv6, "has an address of a group's sinkhole");
	}
}

/* All of them; `s` NULL: those of the configuration alone.  The caller frees the list. */
static enum err collect(const struct conf_guard *conf, const struct snapshot *s,
			struct networks *ret_networks)
{
	size_t own = s ? s->conf->server.listen_count + servers_of(s) + 2 * s->conf->lists_count +
				     2 * s->conf->groups_count
		       : 0;
	struct networks n = {
		.list = calloc(conf->protected_addresses_count + own + 1, sizeof(*n.list))};

	if (!n.list)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->protected_addresses_count; i++)
		add(&n, &conf->protected_addresses[i],
		    "is in guard.protected-addresses, or around them");
	if (s)
		add_own(&n, s);
	*ret_networks = n;
	return ERR_OK;
}

static enum err make_addrguard(const struct conf_guard *conf, const struct snapshot *s,
			       struct addrguard **ret_guard)
{
	struct networks n;
	struct addrguard_config config = {
		.shortest_ipv4 = conf->shortest_ipv4,
		.shortest_ipv6 = conf->shortest_ipv6,
	};
	enum err err = collect(conf, s, &n);

	if (err != ERR_OK)
		return err;
	config.networks = n.list;
	config.network_count = n.count;
	err = addrguard_create(&config, ret_guard);
	free(n.list);
	return err;
}

static bool is_among(const struct conf_guard *guard, const struct prefix *prefix)
{
	for (size_t i = 0; i < guard->protected_addresses_count; i++)
		if (guard->protected_addresses[i].len == prefix->len &&
		    ip_equal(&guard->protected_addresses[i].ip, &prefix->ip))
			return true;
	return false;
}

enum err loader_guard_with_own(const struct conf_guard *conf, const struct snapshot *s,
			       struct conf_guard *ret_guard)
{
	struct conf_guard guard = *conf;
	struct networks n;
	enum err err = collect(conf, s, &n);

	if (err != ERR_OK)
		return err;
	guard.protected_addresses = calloc(n.count + 1, sizeof(*guard.protected_addresses));
	guard.protected_addresses_count = 0;
	for (size_t i = 0; guard.protected_addresses && i < n.count; i++)
		if (guard.protected_addresses_count < CONF_PREFIXES_MAX &&
		    !is_among(&guard, &n.list[i].prefix))
			guard.protected_addresses[guard.protected_addresses_count++] =
				n.list[i].prefix;
	free(n.list);
	if (!guard.protected_addresses)
		return ERR_NOMEM;
	*ret_guard = guard;
	return ERR_OK;
}

enum err loader_make_gates(const struct conf_guard *conf, const struct snapshot *s,
			   struct gates *ret_gates)
{
	struct gates gates = {.names = NULL};
	enum err err = loader_make_guard(conf, &gates.names);

	if (err == ERR_OK)
		err = make_addrguard(conf, s, &gates.addresses);
	if (err == ERR_OK)
		*ret_gates = gates;
	else
		loader_free_gates(&gates);
	return err;
}

void loader_free_gates(struct gates *gates)
{
	guard_free(gates->names);
	addrguard_free(gates->addresses);
	*gates = (struct gates){.names = NULL};
}

bool loader_lists_nothing(enum action action)
{
	return action == ACTION_NXDOMAIN || action == ACTION_NODATA || !action_blocks(action);
}

static bool has_addresses(const struct conf_list *conf)
{
	return conf->addresses || conf->format == LIST_FORMAT_ADDRESSES;
}

/* Of a mandatory list a date ends something only where its order may lapse. */
static struct listfile_rows rows_of(const struct conf_list *conf)
{
	const struct conf_columns *c = &conf->columns;

	return (struct listfile_rows){
		.map = {.preset = c->preset,
			.columns = {[TABLE_NAME] = c->name,
				    [TABLE_ADDRESS] = c->address,
				    [TABLE_INSERT] = c->insert,
				    [TABLE_DELETE] = c->delete,
				    [TABLE_SCORE] = c->score,
				    [TABLE_SINKHOLE] = c->sinkhole,
				    [TABLE_FAMILY] = c->family,
				    [TABLE_TICKET] = c->ticket},
			.separator = strcmp(c->separator, "tab") == 0 ? '\t' : *c->separator},
		.urls = c->urls,
		.least_score = c->least_score,
		.below_score = c->below_score,
		.keeps = conf->mandatory && conf->lapse != LAPSE_LIFT,
	};
}

void loader_describe_reading(const struct conf_list *conf, enum list_format format,
			     struct policy_list *list)
{
	const struct listfile_rows rows = rows_of(conf);

	list->reading.format = (uint8_t)format;
	list->reading.exact = conf->match == CONF_MATCH_EXACT;
	list->reading.addresses = conf->addresses;
	list->reading.suffixes = conf->allow_public_suffixes;
	list->reading.answers = conf->answers;
	list->reading.nearest = conf->wildcards == CONF_WILDCARDS_NEAREST;
	list->reading.columns = table_map_mark(&rows.map);
}

struct listfile_options loader_reading_of(const struct conf_list *conf, const struct gates *gates,
					  const struct rules *rules, unsigned int index)
{
	struct listfile_rows rows_read = rows_of(conf);

	rows_read.notes = rules->data;
	return (struct listfile_options){
		.format = conf->format,
		.rows = rows_read,
		.exact = conf->match == CONF_MATCH_EXACT,
		.pass = conf->action == ACTION_PASS,
		.guard = gates->names,
		.allowed = (conf->allow_public_suffixes ? GUARD_ALLOW_SUFFIXES : 0) |
			   (loader_lists_nothing(conf->action) ? GUARD_ALLOW_ZONES : 0),
		.addresses = has_addresses(conf) ? rules->addresses[TRIGGER_ADDRESS] : NULL,
		.list = index,
		.answers = {.data = conf->answers ? rules->data : NULL,
			    .ttl_s = conf->sinkhole.ttl_s},
		.addrguard = gates->addresses,
	};
}
