/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/loader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reach.h"
#include "daemon/keep.h"
#include "daemon/load.h"
#include "list/guard.h"
#include "list/listfile.h"
#include "upstream/tls.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* One load under way. */
struct load {
	struct conf *conf;
	const struct snapshot *old;
	struct load_options options;
	struct guard *guard;
	struct domset_builder *builder;
	struct policy *policy;
	struct load_result result;
	struct err_text *text;
};

/* The upstreams must not be ourselves: every question would go round until it dies. */
static enum err check_no_loop(const struct conf *conf, const struct upstream_pool *pool,
			      struct err_text *text)
{
	char name[ADDR_TEXT_MAX];

	for (size_t i = 0; i < pool->count; i++)
		for (size_t j = 0; j < conf->server.listen_count; j++)
			if (reach_is_same(&pool->servers[i].address, &conf->server.listen[j]))
				return err_set(text, ERR_CONFIG,
					       "the upstream %s is our own address (server.listen)",
					       endpoint_text(&pool->servers[i].address, name,
							     sizeof(name)));
	return ERR_OK;
}

/* The servers of resolv.conf, as if they had been configured by their addresses alone. */
static enum err read_resolv(struct snapshot *s, size_t *ret_count, struct err_text *text)
{
	char *none = (char *)(uintptr_t) ""; /* never written to, as no text of a configuration */
	struct endpoint *endpoints;
	size_t count;
	enum err err = conf_read_resolv(RESOLV_CONF, &endpoints, &count, text);

	if (err != ERR_OK)
		return err;
	s->resolv = calloc(count, sizeof(*s->resolv));
	for (size_t i = 0; s->resolv && i < count; i++)
		s->resolv[i] = (struct conf_upstream){.address = endpoints[i], .tls_name = none};
	free(endpoints);
	*ret_count = count;
	return s->resolv ? ERR_OK : ERR_NOMEM;
}

/* The first pool is for what no zone of its own has. */
static enum err set_root_pool(const struct conf *conf, struct snapshot *s, struct err_text *text)
{
	struct upstream_pool *pool = &s->pools[0];
	enum err err = ERR_OK;

	pool->zone = (struct name){.len = 1};
	pool->servers = conf->upstreams;
	pool->count = conf->upstreams_count;
	if (pool->count == 0) {
		err = read_resolv(s, &pool->count, text);
		pool->servers = s->resolv;
	}
	return err;
}

static enum err set_pools(const struct conf *conf, struct snapshot *s, struct err_text *text)
{
	enum err err;

	s->pools = calloc(conf->forward_count + 1, sizeof(*s->pools));
	if (!s->pools)
		return ERR_NOMEM;
	err = set_root_pool(conf, s, text);
	for (size_t i = 0; i < conf->forward_count && err == ERR_OK; i++) {
		const struct conf_forward *forward = &conf->forward[i];
		struct upstream_pool *pool = &s->pools[i + 1];

		pool->servers = forward->upstreams;
		pool->count = forward->upstreams_count;
		err = name_from_text(forward->zone, strlen(forward->zone), &pool->zone);
	}
	s->pool_count = conf->forward_count + 1;
	for (size_t i = 0; i < s->pool_count && err == ERR_OK; i++)
		err = check_no_loop(conf, &s->pools[i], text);
	return err;
}

static enum err set_guard(struct load *load)
{
	const struct conf_guard *conf = &load->conf->guard;
	struct name *names = calloc(conf->protected_count + 1, sizeof(*names));
	enum err err = ERR_OK;

	if (!names)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->protected_count && err == ERR_OK; i++)
		err = name_from_text(conf->protected[i], strlen(conf->protected[i]), &names[i]);
	if (err == ERR_OK)
		err = guard_create(names, conf->protected_count, conf->public_suffixes,
				   &load->guard);
	free(names);
	return err;
}

static void describe_list(const struct conf_list *conf, struct policy_list *list)
{
	*list = (struct policy_list){
		.action = conf->action,
		.mandatory = conf->mandatory,
		.has_ipv4 = conf->sinkhole.ipv4.family != 0,
		.has_ipv6 = conf->sinkhole.ipv6.family != 0,
		.ttl_s = conf->sinkhole.ttl_s,
	};
	strncpy(list->name, conf->name, sizeof(list->name) - 1);
	memcpy(list->ipv4, conf->sinkhole.ipv4.bytes, sizeof(list->ipv4));
	memcpy(list->ipv6, conf->sinkhole.ipv6.bytes, sizeof(list->ipv6));
	policy_list_describe(list, conf->reason, conf->authority.case_id);
}

/* The list of the same name in the snapshot before; NULL when there is none. */
static const struct policy_list *former_list(const struct load *load, const char *name,
					     unsigned int *ret_index)
{
	const struct policy *policy = load->old ? load->old->policy : NULL;

	for (size_t i = 0; policy && i < policy->list_count; i++)
		if (strcmp(policy->lists[i].name, name) == 0) {
			*ret_index = (unsigned int)i;
			return &policy->lists[i];
		}
	return NULL;
}

/*
 * Reads `file` as list `index` and holds it against its limits.  On failure the builder is as
 * it was.
 */
static enum err try_file(struct load *load, unsigned int index, const char *file,
			 uint32_t former_entries, struct err_text *text)
{
	const struct conf_list *conf = &load->conf->lists[index];
	const struct listfile_options options = {
		.path = file,
		.format = conf->format,
		.exact = conf->match == CONF_MATCH_EXACT,
		.guard = load->guard,
		.cancelled = load->options.cancelled,
	};
	const struct guard_limits limits = {
		.min_entries = conf->min_entries,
		.expect_entries = conf->expect_entries,
		.max_bad_percent = conf->max_bad_percent,
		.max_shrink_percent = conf->max_change_percent,
		.max_grow_percent = conf->max_change_percent,
	};
	struct load_source *source = &load->result.sources[index];
	struct domset_mark mark = domset_builder_mark(load->builder);
	struct list_report report;
	struct err_text reason = {"out of memory"};
	uint64_t start_ms = clock_ms();
	enum err err = domset_builder_begin(load->builder, index);

	report_init(&report, conf->format);
	if (err == ERR_OK)
		err = listfile_load(&options, load->builder, &report, &reason);
	loader_log_report(file, &report);
	if (err == ERR_OK)
		err = guard_list(&limits, &report, former_entries, &reason);
	if (err != ERR_OK) {
		domset_builder_rollback(load->builder, &mark);
		return err_set(text, err, "%s", reason.text);
	}
	load->policy->lists[index].entries = report.entries;
	source->format = report.format;
	source->skipped = report.skipped;
	source->bad = report.bad;
	source->held = report.held;
	source->took_ms = (uint32_t)(clock_ms() - start_ms);
	return ERR_OK;
}

/* The rules that are in force now stay. */
static enum err carry_over(struct load *load, unsigned int index, unsigned int old_index)
{
	struct domset_mark mark = domset_builder_mark(load->builder);
	enum err err =
		domset_builder_copy_list(load->builder, load->old->policy->set, old_index, index);

	if (err != ERR_OK)
		domset_builder_rollback(load->builder, &mark);
	return err;
}

static enum err from_state(struct load *load, unsigned int index, struct err_text *text)
{
	const struct conf *conf = load->conf;
	char path[PATH_MAX];

	if (!*conf->state.directory)
		return err_set(text, ERR_NOTFOUND, "no state.directory is configured");
	keep_path(conf->state.directory, conf->lists[index].name, path);
	return try_file(load, index, path, 0, text);
}

/* What stands in for a list whose file was refused for `reason`. */
static enum err stand_in(struct load *load, unsigned int index, const char *reason)
{
	const struct conf_list *conf = &load->conf->lists[index];
	unsigned int old_index = 0;
	const struct policy_list *former = former_list(load, conf->name, &old_index);
	struct err_text none;

	load->result.refused++;
	if (load->options.strict)
		return err_set(load->text, ERR_REFUSED, "list %s: %s", conf->name, reason);
	if (former && former->entries > 0 && carry_over(load, index, old_index) == ERR_OK) {
		load->policy->lists[index].entries = former->entries;
		log_error("list %s: REFUSED: %s; its %u former entries stay in force", conf->name,
			  reason, former->entries);
		return ERR_OK;
	}
	if (from_state(load, index, &none) == ERR_OK) {
		log_error("list %s: REFUSED: %s; its last good version is in force instead",
			  conf->name, reason);
		return ERR_OK;
	}
	if (conf->mandatory || (former && former->entries > 0))
		return err_set(load->text, ERR_REFUSED,
			       "list %s is %s and cannot be loaded: %s; no last good version: %s",
			       conf->name, conf->mandatory ? "mandatory" : "in force", reason,
			       none.text);
	log_error("list %s: REFUSED: %s; no last good version: %s; it blocks nothing", conf->name,
		  reason, none.text);
	load->result.lists--;
	return ERR_OK;
}

/* What the first load of a list is measured against: the entries of its kept version, if its
 * change has a limit.  0: there is none. */
static uint32_t kept_entries(struct load *load, unsigned int index)
{
	struct domset_mark mark = domset_builder_mark(load->builder);
	struct err_text none;
	uint32_t entries = 0;

	if (load->conf->lists[index].max_change_percent == 0)
		return 0;
	if (from_state(load, index, &none) == ERR_OK)
		entries = load->policy->lists[index].entries;
	domset_builder_rollback(load->builder, &mark);
	load->policy->lists[index].entries = 0;
	return entries;
}

static bool is_cancelled(const struct load *load)
{
	return load->options.cancelled && atomic_load(load->options.cancelled);
}

static enum err load_list(struct load *load, unsigned int index)
{
	const struct conf_list *conf = &load->conf->lists[index];
	unsigned int old_index;
	const struct policy_list *former = former_list(load, conf->name, &old_index);
	struct load_source *source = &load->result.sources[index];
	struct err_text reason;
	uint32_t before;

	describe_list(conf, &load->policy->lists[index]);
	before = former && former->entries > 0 ? former->entries : kept_entries(load, index);
	load->result.lists++;
	source->own = stat(conf->file, &source->seen) == 0;
	if (try_file(load, index, conf->file, before, &reason) == ERR_OK)
		return ERR_OK;
	source->own = false;
	if (is_cancelled(load))
		return err_set(load->text, ERR_CANCELLED, "%s", err_str(ERR_CANCELLED));
	return stand_in(load, index, reason.text);
}

/* What is known of each list once the set is frozen. */
static void log_lists(const struct load *load)
{
	const struct policy *policy = load->policy;

	for (unsigned int i = 0; i < policy->list_count; i++) {
		const struct load_source *source = &load->result.sources[i];
		struct domset_count count = domset_count(policy->set, i);

		if (source->own)
			log_info("list %s: %u names in force from %s (%s): %u entries, "
				 "%u duplicates, %u skipped, %u bad, %u held back; %u ms",
				 policy->lists[i].name, count.rules, load->conf->lists[i].file,
				 list_format_str(source->format), policy->lists[i].entries,
				 count.duplicates, source->skipped, source->bad, source->held,
				 source->took_ms);
		else
			log_info("list %s: %u names in force, not from %s", policy->lists[i].name,
				 count.rules, load->conf->lists[i].file);
	}
}

/* A list that is ordered does not go because a file was cut short: that takes a restart. */
static enum err check_no_list_lost(const struct conf *conf, const struct snapshot *old,
				   struct err_text *text)
{
	for (size_t i = 0; old && i < old->policy->list_count; i++) {
		const struct policy_list *list = &old->policy->lists[i];
		size_t found = 0;

		while (found < conf->lists_count &&
		       strcmp(conf->lists[found].name, list->name) != 0)
			found++;
		if (found < conf->lists_count)
			continue;
		if (list->mandatory)
			return err_set(text, ERR_REFUSED,
				       "list %s is mandatory and no longer configured: to give it "
				       "up takes a restart",
				       list->name);
		log_warning("list %s is no longer configured and blocks nothing any more",
			    list->name);
	}
	return ERR_OK;
}

static enum err load_lists(struct load *load, const struct hash_key *name_key)
{
	struct conf *conf = load->conf;
	enum err err = domset_builder_create(name_key, &load->builder);

	load->policy = calloc(1, sizeof(*load->policy));
	if (err != ERR_OK || !load->policy)
		return ERR_NOMEM;
	err = set_guard(load);
	load->policy->list_count = conf->lists_count;
	for (unsigned int i = 0; i < conf->lists_count && err == ERR_OK; i++)
		err = load_list(load, i);
	if (err == ERR_OK && is_cancelled(load))
		err = err_set(load->text, ERR_CANCELLED, "%s", err_str(ERR_CANCELLED));
	if (err == ERR_OK)
		err = domset_builder_freeze(load->builder, &load->policy->set);
	if (err != ERR_OK)
		return err;
	load->result.names = domset_count_all(load->policy->set).rules;
	log_lists(load);
	return ERR_OK;
}

/* What upstreams that are asked over TLS have to prove, they prove by this file. */
static enum err check_tls_ca(const struct conf *conf, struct err_text *text)
{
	struct tls_client *client;
	struct err_text reason;
	enum err err;

	if (!*conf->outgoing.tls_ca)
		return ERR_OK;
	err = tls_client_create(conf->outgoing.tls_ca, &client, &reason);
	if (err != ERR_OK)
		return err_set(text, err, "outgoing.tls-ca: %s", reason.text);
	tls_client_free(client);
	return ERR_OK;
}

/* Fills in what does not come from lists. */
static enum err set_up(struct snapshot *s, const struct snapshot *old, struct err_text *text)
{
	const struct conf *conf = s->conf;
	enum err err = check_tls_ca(conf, text);

	if (err != ERR_OK)
		return err;

	s->generation = old ? old->generation + 1 : 1;
	s->ttl = snapshot_ttl_limits(&conf->cache);
	if (prefix_set_create(conf->server.allow, conf->server.allow_count, &s->allow) != ERR_OK)
		return ERR_NOMEM;
	return set_pools(conf, s, text);
}

enum err loader_load(struct conf *conf, const struct hash_key *name_key, const struct snapshot *old,
		     const struct load_options *options, struct snapshot **ret_snapshot,
		     struct load_result *ret_result, struct err_text *text)
{
	struct load load = {.conf = conf, .old = old, .text = text};
	struct snapshot *s = calloc(1, sizeof(*s));
	uint64_t start_ms = clock_ms();
	enum err err = ERR_NOMEM;

	if (options)
		load.options = *options;
	err_set(text, ERR_NOMEM, "out of memory");
	if (s) {
		s->conf = conf;
		err = set_up(s, old, text);
	}
	if (err == ERR_OK)
		err = loader_set_names(s, name_key, !old && !load.options.strict, text);
	if (err == ERR_OK)
		err = check_no_list_lost(conf, old, text);
	if (err == ERR_OK)
		err = load_lists(&load, name_key);
	guard_free(load.guard);
	domset_builder_free(load.builder);
	if (err != ERR_OK) {
		policy_free(load.policy);
		if (s)
			snapshot_free(s);
		else
			conf_free(conf);
		return err;
	}
	s->policy = load.policy;
	load.result.took_ms = (uint32_t)(clock_ms() - start_ms);
	*ret_snapshot = s;
	*ret_result = load.result;
	return ERR_OK;
}

void loader_keep(const struct snapshot *snapshot, const struct load_result *result)
{
	const struct conf *conf = snapshot->conf;
	struct err_text text;

	if (!*conf->state.directory)
		return;
	for (size_t i = 0; i < conf->lists_count; i++) {
		const struct conf_list *list = &conf->lists[i];

		if (result->sources[i].own &&
		    keep_store(conf->state.directory, list->name, list->file,
			       &result->sources[i].seen, &text) != ERR_OK)
			log_warning("list %s: its last good version is not kept: %s", list->name,
				    text.text);
	}
}
