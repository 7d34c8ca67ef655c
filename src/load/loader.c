/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/loader.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "group/groups.h"
#include "list/begun.h"
#include "keep/accept.h"
#include "keep/before.h"
#include "keep/keep.h"
#include "keep/move.h"
#include "load/load.h"
#include "group/rates.h"

/* A check tells all that is wrong: what fails with `err` is noted, and the lists are looked at. */
static enum err note_failure(struct load *load, enum err err)
{
	if (err == ERR_OK || err == ERR_NOMEM || !load->options.strict)
		return err;
	(void)err_set(loader_next_refusal(load, LOAD_NO_LIST), err, "%s", load->text->text);
	load->options.draft = true;
	return ERR_OK;
}

/* Who may ask, and whose word on who asks is taken. */
static enum err set_networks(struct snapshot *s, const struct conf_server *conf)
{
	enum err err = prefix_set_create(conf->allow, conf->allow_count, &s->allow);

	if (err == ERR_OK && conf->proxies_count > 0)
		err = prefix_set_create(conf->proxies, conf->proxies_count, &s->proxies);
	if (err == ERR_OK && conf->forwarders_count > 0)
		err = prefix_set_create(conf->forwarders, conf->forwarders_count, &s->forwarders);
	if (err == ERR_OK && conf->mac_forwarders_count > 0)
		err = prefix_set_create(conf->mac_forwarders, conf->mac_forwarders_count,
					&s->mac_forwarders);
	return err;
}

/* Fills in what does not come from lists. */
static enum err set_up(struct load *load, const struct snapshot *old)
{
	struct snapshot *s = load->snapshot;
	const struct conf *conf = s->conf;
	bool strict = load->options.strict;
	enum err err = note_failure(load, loader_check_tls_ca(conf, load->text));

	if (err != ERR_OK)
		return err;
	s->generation = old ? old->generation + 1 : 1;
	s->ttl = snapshot_ttl_limits(&conf->cache);
	if (set_networks(s, &conf->server) != ERR_OK ||
	    rates_create(&conf->rate_limit, &s->rates) != ERR_OK)
		return ERR_NOMEM;
	err = note_failure(load, groups_create(conf, &s->groups, load->text));
	err = err == ERR_OK ? note_failure(load, loader_set_ports(s, load->text)) : err;
	if (err == ERR_OK)
		err = note_failure(load, loader_set_pools(s, old, strict, load->text));
	return err == ERR_OK ? note_failure(load, loader_set_names(s, load->name_key,
								   !old && !strict, load->text))
			     : err;
}

/* Of a configuration with mistakes only what may be wrong with the files that it names. */
static enum err set_up_draft(struct load *load)
{
	return *load->conf->outgoing.tls_ca
		       ? note_failure(load, loader_check_tls_ca(load->conf, load->text))
		       : ERR_OK;
}

/* At the first start that is as it should be; at another the state directory was emptied. */
static void tell_unknown(const struct load *load)
{
	unsigned int index;

	for (size_t i = 0; i < load->conf->lists_count; i++) {
		const struct conf_list *list = &load->conf->lists[i];

		if (list->mandatory && !loader_former_list(load, list->name, &index))
			log_notice("list %s: mandatory, and new here: %s knows no earlier version "
				   "that this one could be held against",
				   list->name, load->conf->state.directory);
	}
}

/* What was in force before; at a start the state directory knows what mandatory lists held. */
static enum err find_former(struct load *load, const struct snapshot *old)
{
	const struct conf *conf = load->conf;
	const char *before = old ? old->conf->state.directory : load->options.state_before;
	bool mandatory = false;
	enum err err = ERR_OK;

	if (*conf->state.directory)
		err = accept_digest(conf, load->conf_digest);
	if (err == ERR_OK && before && loader_writes(load))
		err = keep_move(before, conf->state.directory, old != NULL, load->text);
	if (err == ERR_OK && !old && *conf->state.directory)
		err = loader_read_orders(load);
	load->former = old ? old->policy : load->kept;
	if (err == ERR_OK && !old && *conf->state.directory)
		tell_unknown(load);
	for (size_t i = 0; i < conf->lists_count; i++)
		mandatory = mandatory || conf->lists[i].mandatory;
	if (mandatory && !old && !*conf->state.directory && !load->options.alone)
		log_warning("no state.directory is configured: what mandatory lists held before "
			    "cannot be told, nor whether they are weakened by this start");
	return err;
}

enum err loader_load(struct conf *conf, const struct hash_key *name_key, const struct snapshot *old,
		     const struct load_options *options, struct snapshot **ret_snapshot,
		     struct load_result *ret_result, struct err_text *text)
{
	struct load load = {
		.conf = conf, .now_s = clock_unix_s(), .name_key = name_key, .text = text};
	struct snapshot *s = calloc(1, sizeof(*s));
	uint64_t start_ms = clock_ms();
	enum err err = ERR_NOMEM;

	if (options)
		load.options = *options;
	err_set(text, ERR_NOMEM, "out of memory");
	if (s) {
		s->conf = conf;
		load.snapshot = s;
		err = load.options.draft ? set_up_draft(&load) : set_up(&load, old);
	}
	if (err == ERR_OK)
		err = find_former(&load, old);
	if (err == ERR_OK)
		err = loader_load_lists(&load);
	if (err == ERR_OK)
		err = groups_apply(s->groups, load.now_s, load.policy);
	policy_free(load.kept);
	compiled_free(&load.compiled);
	loader_free_over(&load);
	loader_free_gates(&load.gates);
	rules_fini(&load.rules);
	if (err != ERR_OK && load.options.judged)
		*load.options.judged = load.result;
	if (err != ERR_OK) {
		loader_drop_copies(&load);
		policy_free(load.policy);
		if (s)
			snapshot_free(s);
		else
			conf_free(conf);
		return err;
	}
	s->policy = load.policy;
	s->ttl.servers = s->policy->prefixes[TRIGGER_SERVER_ADDRESS] != NULL;
	loader_describe_manual(&conf->manual, s->policy);
	loader_describe_structured(conf, s->policy);
	load.result.began_s = load.now_s;
	load.result.took_ms = (uint32_t)(clock_ms() - start_ms);
	*ret_snapshot = s;
	*ret_result = load.result;
	return ERR_OK;
}

/* False: what is kept of list `index` is not what is in force of it. */
static bool keep_list(const struct snapshot *snapshot, unsigned int index,
		      const struct load_source *source)
{
	const struct conf *conf = snapshot->conf;
	const char *name = conf->lists[index].name;
	struct err_text text;

	if (source->copied && keep_commit(conf->state.directory, name, &text) != ERR_OK) {
		log_warning("list %s: its last good version is not kept: %s", name, text.text);
		return false;
	}
	return loader_keep_order(snapshot, index, source);
}

/* What is to change stays beside, in all lists, before it changes in the first; but no more of it
 * than a start takes beside what the lists themselves have. */
static void keep_before(const struct conf *conf, const struct load_source *sources,
			const bool *same)
{
	const char *directory = conf->state.directory;
	unsigned int room =
		before_room(directory, POLICY_LISTS_MAX - (unsigned int)conf->lists_count);
	unsigned int left = 0;

	for (unsigned int i = 0; i < conf->lists_count; i++) {
		if (same[i] || sources[i].unkept)
			continue;
		if (room > 0) {
			before_keep(directory, conf->lists[i].name);
			room--;
		} else {
			left++;
		}
	}
	if (left > 0)
		log_warning("%s: there is no room to keep what %u lists held before this load: "
			    "should it be cut short, a restart may not know of it",
			    directory, left);
}

static void keep_lists(const struct snapshot *snapshot, const struct load_source *sources)
{
	struct policy_list *lists = snapshot->policy->lists;
	bool same[POLICY_LISTS_MAX];

	for (unsigned int i = 0; i < snapshot->conf->lists_count; i++)
		same[i] = !sources[i].unkept && loader_order_is_kept(snapshot, i, &sources[i]);
	keep_before(snapshot->conf, sources, same);
	for (unsigned int i = 0; i < snapshot->conf->lists_count; i++)
		if (!same[i])
			lists[i].unkept |=
				sources[i].unkept || !keep_list(snapshot, i, &sources[i]);
}

static bool is_all_kept(const struct policy *policy)
{
	for (size_t i = 0; i < policy->list_count; i++)
		if (policy->lists[i].mandatory && policy->lists[i].unkept)
			return false;
	return true;
}

/* What is no longer there may be in another list now: it is forgotten once that is kept. */
void loader_keep(const struct snapshot *snapshot, const struct load_result *result)
{
	const char *directory = snapshot->conf->state.directory;
	struct policy *policy = snapshot->policy;

	if (!*directory)
		return;
	keep_lists(snapshot, result->sources);
	begun_note(directory, policy);
	if (is_all_kept(policy))
		loader_forget_orders(directory, policy);
}

const struct snapshot *loader_note_begun(const struct snapshot *snapshot)
{
	if (*snapshot->conf->state.directory)
		begun_note(snapshot->conf->state.directory, snapshot->policy);
	return snapshot;
}
