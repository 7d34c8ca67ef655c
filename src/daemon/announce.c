/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/announce.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "net/udp.h"

#define QUERY_OCTETS                                                                               \
	2304U /* in a receive buffer, as the kernel counts one that a network card brought */
#define SUMMARY_MAX 160
#define RULES_TRIED 100U /* of each list, in search of one that blocks its own name */

static void announce_pool(const struct upstream_pool *pool)
{
	char zone[NAME_TEXT_MAX];
	char name[ADDR_TEXT_MAX];

	name_to_text(pool->zone.wire, zone, sizeof(zone));
	for (size_t i = 0; i < pool->count; i++)
		log_info("upstream %s%s%s",
			 endpoint_text(&pool->servers[i].address, name, sizeof(name)),
			 pool->group	      ? " of the group "
			 : pool->zone.len > 1 ? " of "
					      : "",
			 pool->group	      ? pool->group
			 : pool->zone.len > 1 ? zone
					      : "");
}

static bool is_blocked(const struct policy *policy, const struct name *name)
{
	struct name_suffixes suffixes;
	struct verdict verdict;

	name_hash_suffixes(domset_key(policy->set), name, &suffixes);
	verdict = policy_match(policy, name, &suffixes, TYPE_A, POLICY_NO_LEAVE);
	return verdict.matched && action_blocks(verdict.action) && verdict.action != ACTION_DROP;
}

/* Finds a name that a list blocks, among the first rules of each. */
static bool find_listed_name(const struct policy *policy, char *buf, size_t size)
{
	struct domset_iter iter;
	struct domset_rule rule;

	for (unsigned int list = 0; list < policy->list_count; list++) {
		domset_iter_init_list(&iter, policy->set, list);
		for (unsigned int i = 0; i < RULES_TRIED; i++) {
			if (!domset_iter_next(&iter, &rule) || rule.list != list)
				break;
			if (!is_blocked(policy, &rule.owner))
				continue;
			name_to_text(rule.owner.wire, buf, size);
			return true;
		}
	}
	return false;
}

/* A command that asks for a listed name at `endpoint`, or at loopback where that is any address. */
static void suggest(const struct policy *policy, const struct endpoint *endpoint)
{
	char listed[NAME_TEXT_MAX];
	char address[ADDR_TEXT_MAX];
	size_t len;

	if (!find_listed_name(policy, listed, sizeof(listed)))
		return;
	endpoint_text(endpoint, address, sizeof(address));
	len = strcspn(address, "@");
	if (endpoint_is_wildcard(endpoint))
		log_notice("try: dig @%s -p %s %s", address[0] == ':' ? "::1" : "127.0.0.1",
			   address + len + 1, listed);
	else
		log_notice("try: dig @%.*s -p %s %s", (int)len, address, address + len + 1, listed);
}

/* What is in force and what is not: "273 names of 1 lists in force, 2 entries held back". */
static void describe(const struct load_result *result, size_t lists, char buf[SUMMARY_MAX])
{
	char held[LOADER_HELD_MAX];
	char refused[32] = "";

	if (result->refused > 0)
		snprintf(refused, sizeof(refused), ", %zu refused", result->refused);
	snprintf(buf, SUMMARY_MAX, "%llu names of %zu lists in force%s%s",
		 (unsigned long long)result->names, lists, refused, loader_held_text(result, held));
}

void announce_status(const struct load_result *result)
{
	char summary[SUMMARY_MAX];

	describe(result, result->lists, summary);
	sd_notifyf(0, "STATUS=%s", summary);
}

void announce(const struct snapshot *snapshot, const struct load_result *result,
	      const struct listeners *listeners, bool interactive)
{
	const struct endpoint *listen = listeners->endpoints;
	char name[ADDR_TEXT_MAX];
	char summary[SUMMARY_MAX];

	for (size_t i = 0; i < snapshot->pool_count; i++)
		announce_pool(&snapshot->pools[i]);
	for (size_t i = 0; i < listeners->addresses; i++)
		log_notice("listening on %s (UDP and TCP)",
			   endpoint_text(&listen[i], name, sizeof(name)));
	describe(result, snapshot->policy->list_count, summary);
	log_notice("sinkholed %s ready: %s, loaded in %u ms", SINKHOLED_VERSION, summary,
		   result->took_ms);
	announce_status(result);
	if (!interactive)
		return;
	suggest(snapshot->policy, &listen[0]);
	log_notice("reload: kill -HUP %d", (int)getpid());
}

void announce_restart(const int *sockets, const struct load_result *result)
{
	unsigned int octets = 0;
	socklen_t len = sizeof(octets);

	if (getsockopt(sockets[0], SOL_SOCKET, SO_RCVBUF, &octets, &len) != 0)
		return;
	log_info("restart: the sockets are kept meanwhile; each has room for %u queries at least, "
		 "and "
		 "a load takes %u ms",
		 octets / QUERY_OCTETS, result->took_ms);
}

void announce_lost(const int *sockets, size_t count, uint64_t before)
{
	uint64_t drops = 0;

	for (size_t i = 0; i < count; i++)
		drops += udp_drops(sockets[i]);
	if (drops > before)
		log_warning(
			"restart: %llu queries were lost: the receive buffers were full before the "
			"lists were loaded (sysctl net.core.rmem_max, as in 60-sinkholed.conf)",
			(unsigned long long)(drops - before));
}
