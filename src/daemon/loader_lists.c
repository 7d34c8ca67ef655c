/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of a load, each from its file, or what stands in for one that is refused. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/keep.h"
#include "daemon/load.h"
#include "list/guard.h"
#include "list/listfile.h"

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

/* One that lets pass may be empty: nothing is unblocked by that. */
static struct guard_limits limits_of(const struct conf_list *conf)
{
	bool passes = conf->action == ACTION_PASS;

	return (struct guard_limits){
		.min_entries = passes && conf->min_entries == 1 ? 0 : conf->min_entries,
		.expect_entries = conf->expect_entries,
		.max_bad_percent = conf->max_bad_percent,
		.max_shrink_percent = conf->max_change_percent,
		.max_grow_percent = conf->max_change_percent,
		.has_to_block = !passes,
		.may_be_empty = conf->min_entries == 0 && !conf->mandatory,
	};
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
	const struct guard_limits limits = limits_of(conf);
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
		err = guard_list(&limits, &report, &reason);
	if (err == ERR_OK)
		err = guard_change(&limits, former_entries, report.entries, &reason);
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
	loader_warn_of_action(conf);
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

enum err loader_load_lists(struct load *load, const struct hash_key *name_key)
{
	struct conf *conf = load->conf;
	enum err err = check_no_list_lost(conf, load->old, load->text);

	if (err != ERR_OK)
		return err;
	err = domset_builder_create(name_key, &load->builder);
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
	loader_log_lists(load);
	return ERR_OK;
}
