/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/rules.h"

#include <string.h>

#include "base/moment.h"
#include "base/reach.h"

void conf_for_each(const struct items *outer, const struct conf_node *section, const char *key,
		   const void *array, size_t count, item_rule *rule)
{
	struct items items = *outer;
	const struct conf_node *node;
	size_t outside = conf_place_enter(outer->place, key);

	items.nodes = conf_node_at(section, key);
	items.array = array;
	node = conf_node_item(items.nodes, 0);
	for (size_t i = 0; i < count; i++) {
		size_t before = conf_place_index(outer->place, i);

		if (is_sound(node))
			rule(&items, node, i);
		node = node ? node->next : NULL;
		conf_place_leave(outer->place, before);
	}
	conf_place_leave(outer->place, outside);
}

/* ---- what is given twice */

bool conf_same_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b) == 0;
}

static bool same_endpoint(const void *a, const void *b)
{
	return endpoint_equal(a, b);
}

static bool same_type(const void *a, const void *b)
{
	return *(const uint16_t *)a == *(const uint16_t *)b;
}

size_t conf_first_with(const void *values, size_t stride, size_t index, same_fn *same)
{
	const char *at = values;
	size_t i = 0;

	while (i < index && !same(at + i * stride, at + index * stride))
		i++;
	return i;
}

/* ---- the cache */

/* No type has its limits given twice. */
static void rule_cache_type(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_cachetype *types = items->array;

	if (FIRST_WITH(types, type, index, same_type) < index)
		fail_key(items->place, node, "type", "the type is given twice");
}

static void rule_cache(struct conf_place *place, const struct conf_node *node,
		       const struct conf *conf)
{
	if (conf->cache.min_ttl_s > conf->cache.max_ttl_s)
		fail_key(place, node, "min-ttl", "expected at most max-ttl, %us, got %us",
			 conf->cache.max_ttl_s, conf->cache.min_ttl_s);
}

/* ---- who is asked */

static void rule_outgoing(struct conf_place *place, const struct conf_node *node,
			  const struct conf *conf)
{
	const struct conf_outgoing *outgoing = &conf->outgoing;

	if (outgoing->retransmit_ms >= outgoing->timeout_ms)
		fail_key(place, node, "retransmit", "expected less than timeout, %ums, got %ums",
			 outgoing->timeout_ms, outgoing->retransmit_ms);
}

/* No address is listened on twice. */
static void rule_listen(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct endpoint *listen = items->array;
	char buf[ADDR_TEXT_MAX];

	if (conf_first_with(listen, sizeof(*listen), index, same_endpoint) < index)
		conf_fail(items->place, conf_node_mark(node), "%s is given twice",
			  endpoint_text(&listen[index], buf, sizeof(buf)));
}

/* Nobody else's packets come there, and the token goes over no wire. */
static void rule_control(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct endpoint *listen = items->array;
	char buf[ADDR_TEXT_MAX];

	if (!reach_is_loopback(&listen[index]))
		conf_fail(items->place, conf_node_mark(node), "expected a loopback address, got %s",
			  endpoint_text(&listen[index], buf, sizeof(buf)));
}

#define UPSTREAMS_OF(owner)                                                                        \
	(struct conf_upstreams)                                                                    \
	{                                                                                          \
		(owner)->upstreams, (owner)->upstreams_count                                       \
	}

bool conf_upstreams_at(const struct conf *conf, size_t index, struct conf_upstreams *ret_set)
{
	size_t groups_from = 1 + conf->forward_count;

	if (index >= groups_from + conf->groups_count)
		return false;
	if (index == 0)
		*ret_set = UPSTREAMS_OF(conf);
	else if (index < groups_from)
		*ret_set = UPSTREAMS_OF(&conf->forward[index - 1]);
	else
		*ret_set = UPSTREAMS_OF(&conf->groups[index - groups_from]);
	return true;
}

bool conf_listens_on(const struct conf *conf, const struct endpoint *address)
{
	for (size_t i = 0; i < conf->server.listen_count; i++) {
		if (reach_is_same(address, &conf->server.listen[i]))
			return true;
	}
	return false;
}

/* What is to be proved of the server and how the server is asked go together. */
static void rule_transport(struct conf_place *place, const struct conf_node *node,
			   const struct conf_upstream *upstream)
{
	bool proof = *upstream->tls_name || upstream->tls_pins_count > 0;

	if (upstream->transport == CONF_TRANSPORT_TLS && !proof)
		fail_key(place, node, "transport",
			 "expected tls-name or tls-pins as well, by which the upstream of "
			 "a TLS connection is known");
	if (proof && (upstream->transport == CONF_TRANSPORT_UDP ||
		      upstream->transport == CONF_TRANSPORT_TCP))
		fail_key(place, node, "transport",
			 "expected tls or auto, as tls-name or tls-pins is given");
}

void conf_rule_upstream(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_upstream *upstreams = items->array;
	const struct endpoint *address = &upstreams[index].address;
	bool self = conf_listens_on(items->conf, address);
	char buf[ADDR_TEXT_MAX];

	if (self || FIRST_WITH(upstreams, address, index, same_endpoint) < index)
		fail_key(items->place, node, "address", "%s is %s",
			 endpoint_text(address, buf, sizeof(buf)),
			 self ? "what server.listen answers on" : "given twice");
	rule_transport(items->place, node, &upstreams[index]);
}

/* No two zones have the same name, and each has an upstream to ask. */
static void rule_forward(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_forward *zones = items->array;
	const struct conf_forward *zone = &zones[index];

	if (FIRST_WITH(zones, zone, index, conf_same_text) < index)
		fail_key(items->place, node, "zone", "the zone %s is given twice", zone->zone);
	if (zone->upstreams_count == 0)
		fail_key(items->place, node, "upstreams", "expected one upstream at least");
	FOR_EACH(items, node, "upstreams", zone->upstreams, conf_rule_upstream);
}

/* ---- lists */

/* A list of these names would be taken for what was said by command. */
static bool is_manual(const char *name)
{
	return strcmp(name, POLICY_MANUAL_BLOCK_NAME) == 0 ||
	       strcmp(name, POLICY_MANUAL_PASS_NAME) == 0;
}

static void need_addresses(struct conf_place *place, const struct conf_node *node,
			   enum action action, const struct conf_sinkhole *sinkhole)
{
	if (action == ACTION_SINKHOLE && !sinkhole->ipv4.family && !sinkhole->ipv6.family)
		fail_key(place, node, "sinkhole",
			 "expected ipv4, ipv6 or both, which action sinkhole answers");
}

static void rule_manual(struct conf_place *place, const struct conf_node *node,
			const struct conf *conf)
{
	const struct conf_manual *manual = &conf->manual;

	need_addresses(place, node, manual->action, &manual->sinkhole);
	if (!action_blocks(manual->action) || manual->action == ACTION_GIVEN)
		fail_key(place, node, "action", "expected one that blocks");
}

static const char *mandatory_contradicts(const struct conf_list *list)
{
	if (list->dry_run)
		return "dry-run is true, by which nothing is blocked";
	if (list->lapse == LAPSE_LOG)
		return "lapse is log, by which nothing is blocked once its order has lapsed";
	return NULL;
}

/* An order ends after it has begun, and what holds against all holds until it ends by itself. */
static void rule_term(const struct items *items, const struct conf_node *node,
		      const struct conf_list *list)
{
	const char *contradiction = mandatory_contradicts(list);
	uint64_t from_s;
	uint64_t to_s;

	if (list->mandatory && contradiction)
		fail_key(items->place, node, "mandatory", "expected false, as %s", contradiction);
	if (*list->valid_from && *list->expires &&
	    moment_parse(list->valid_from, &from_s) == ERR_OK &&
	    moment_parse(list->expires, &to_s) == ERR_OK && to_s <= from_s)
		fail_key(items->place, node, "expires",
			 "expected a time after valid-from, %s, got %s", list->valid_from,
			 list->expires);
}

static bool may_log(const struct conf_list *list)
{
	return list->dry_run || list->action == ACTION_LOG ||
	       (*list->expires && list->lapse == LAPSE_LOG);
}

/* What lists log of a name has room for so many. */
static void rule_logs(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_list *lists = items->array;
	size_t before = 0;

	for (size_t i = 0; i < index && may_log(&lists[index]); i++)
		before += may_log(&lists[i]);
	if (before == POLICY_BITS_MAX)
		fail_key(items->place, node, "name",
			 "expected at most %u lists that log: by action log, by dry-run, or by "
			 "lapse log of an order that expires",
			 POLICY_BITS_MAX);
}

static void rule_list(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_list *lists = items->array;
	const struct conf_list *list = &lists[index];
	size_t first = FIRST_WITH(lists, name, index, conf_same_text);

	if (first < index) {
		fail_key(items->place, node, "name",
			 "the name \"%s\" is taken, by the list in line %zu", list->name,
			 mark_in(conf_node_item(items->nodes, first), "name").line);
		return;
	}
	if (is_manual(list->name))
		fail_key(items->place, node, "name",
			 "the name \"%s\" is that of what is said by command", list->name);
	conf_rule_public_record(items, node, list);
	need_addresses(items->place, node, conf_list_action(list), &list->sinkhole);
	if (list->mandatory && !action_blocks(list->action))
		fail_key(items->place, node, "mandatory",
			 "expected false, as the list's action is %s, which gives the true answer",
			 list->action == ACTION_PASS  ? "pass"
			 : list->action == ACTION_LOG ? "log"
						      : "tcp-only");
	rule_term(items, node, list);
	conf_rule_columns(items->place, node, list);
	rule_logs(items, node, index);
	if (list->expect_entries > 0 && list->expect_entries < list->min_entries)
		fail_key(items->place, node, "expect-entries",
			 "expected at least min-entries, %u, got %u", list->min_entries,
			 list->expect_entries);
}

static size_t ports_of(const struct port_range *ranges, size_t count)
{
	size_t ports = 0;

	for (size_t i = 0; i < count; i++)
		ports += ranges[i].last - ranges[i].first + 1U;
	return ports;
}

static void rule_landing(struct conf_place *place, const struct conf_node *node,
			 const struct conf *conf)
{
	const struct conf_landing *landing = &conf->landing;
	size_t sockets =
		landing->listen_count * (ports_of(landing->http_ports, landing->http_ports_count) +
					 ports_of(landing->tls_ports, landing->tls_ports_count) +
					 ports_of(landing->ports, landing->ports_count));

	if (sockets > CONF_LANDING_SOCKETS_MAX)
		fail_key(place, node, "ports",
			 "expected at most %u addresses times ports to listen on, got %zu",
			 CONF_LANDING_SOCKETS_MAX, sockets);
}

/* A password would be shown wherever the configuration is. */
static void rule_store(struct conf_place *place, const struct conf_node *node,
		       const struct conf *conf)
{
	const char *store = conf->evidence.store;
	const char *user = strstr(store, "://");
	const char *host = strrchr(store, '@');

	if (!*store)
		return;
	if (strncmp(store, "postgresql://", 13) != 0 && strncmp(store, "postgres://", 11) != 0) {
		fail_key(place, node, "store", "expected postgresql://...");
		return;
	}
	/* one in which signs stand that libpq would have written otherwise is no less a secret */
	if (strstr(store, "password=") ||
	    (host && memchr(user + 3, ':', (size_t)(host - user - 3))))
		fail_key(place, node, "store",
			 "a password stands in it: it belongs in a file, see password-file");
	else if (!*conf->state.directory)
		fail_key(place, node, "store", "it needs state.directory, for what waits");
}

/* Who has something erased is to find all of it, and an audit of that. */
static void rule_evidence(struct conf_place *place, const struct conf_node *node,
			  const struct conf *conf)
{
	if (conf->evidence.hunt_days > 0 && !(conf->evidence.ledger && *conf->state.directory))
		fail_key(place, node, "hunt-days",
			 "expected 0, as no ledger is kept: it needs ledger, and state.directory");
	rule_store(place, node, conf);
}

static void judge_sections(struct conf_place *place, const struct conf_node *root,
			   const struct conf *conf)
{
	static const struct {
		const char *key;
		void (*rule)(struct conf_place *place, const struct conf_node *node,
			     const struct conf *conf);
	} sections[] = {
		{"cache", rule_cache},	     {"outgoing", rule_outgoing},
		{"evidence", rule_evidence}, {"manual", rule_manual},
		{"landing", rule_landing},   {"structured-errors", conf_rules_structured},
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const struct conf_node *node = conf_node_find(root, sections[i].key);
		size_t before = conf_place_enter(place, sections[i].key);

		if (is_sound(node))
			sections[i].rule(place, node, conf);
		conf_place_leave(place, before);
	}
}

void conf_rules(struct conf_place *place, const struct conf_node *root, const struct conf *conf)
{
	const struct items all = {.place = place, .conf = conf};

	judge_sections(place, root, conf);
	FOR_EACH(&all, root, "cache.types", conf->cache.types, rule_cache_type);
	FOR_EACH(&all, root, "server.listen", conf->server.listen, rule_listen);
	FOR_EACH(&all, root, "control.listen", conf->control.listen, rule_control);
	FOR_EACH(&all, root, "upstreams", conf->upstreams, conf_rule_upstream);
	FOR_EACH(&all, root, "forward", conf->forward, rule_forward);
	FOR_EACH(&all, root, "lists", conf->lists, rule_list);
}
