/* SPDX-License-Identifier: BSD-2-Clause */
/* One list of a load: from its file, or what stands in for it when that is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "keep/keep.h"
#include "load/load.h"
#include "list/guard.h"
#include "list/listfile.h"

static uint64_t time_of(const char *text)
{
	uint64_t s;

	return *text && moment_parse(text, &s) == ERR_OK ? s : 0;
}

static void describe_term(const struct conf_list *conf, struct policy_list *list)
{
	if (conf->dry_run)
		list->action = ACTION_LOG;
	list->term = (struct policy_term){
		.valid_from_s = time_of(conf->valid_from),
		.expires_s = time_of(conf->expires),
		.warning_s = conf->lapse_warning_s,
		.lapse = conf->lapse,
		.action = list->action,
	};
}

void loader_describe_list(const struct conf_list *conf, struct policy_list *list)
{
	*list = (struct policy_list){
		.action = conf_list_action(conf),
		.mandatory = conf->mandatory,
		.findings = conf->findings,
		.adds_soa = conf->add_soa,
		.has_ipv4 = conf->sinkhole.ipv4.family != 0,
		.has_ipv6 = conf->sinkhole.ipv6.family != 0,
		.null_mx = conf->sinkhole.null_mx,
		.ttl_s = conf->sinkhole.ttl_s,
	};
	strncpy(list->name, conf->name, sizeof(list->name) - 1);
	memcpy(list->ipv4, conf->sinkhole.ipv4.bytes, sizeof(list->ipv4));
	memcpy(list->ipv6, conf->sinkhole.ipv6.bytes, sizeof(list->ipv6));
	policy_list_describe(list, conf->reason, conf->authority.case_id);
	describe_term(conf, list);
}

void loader_describe_manual(const struct conf_manual *conf, struct policy *policy)
{
	struct conf_list block = {
		.name = (char[]){POLICY_MANUAL_BLOCK_NAME},
		.action = conf->action,
		.reason = REASON_OPERATOR,
		.sinkhole = conf->sinkhole,
		.mandatory = true,
		.findings = true,
		.authority.case_id = (char[]){""},
		.valid_from = (char[]){""},
		.expires = (char[]){""},
	};
	struct conf_list pass = {
		.name = (char[]){POLICY_MANUAL_PASS_NAME},
		.action = ACTION_PASS,
		.authority.case_id = (char[]){""},
		.valid_from = (char[]){""},
		.expires = (char[]){""},
	};

	loader_describe_list(&block, &policy->lists[POLICY_MANUAL_BLOCK]);
	loader_describe_list(&pass, &policy->lists[POLICY_MANUAL_PASS]);
}

/* One that lets pass may be empty: nothing is unblocked by that. */
static struct guard_limits limits_of(const struct conf_list *conf)
{
	bool passes = conf->action == ACTION_PASS;

	return (struct guard_limits){
		.min_entries = passes && conf->min_entries == 1 ? 0 : conf->min_entries,
		.expect_entries = conf->expect_entries,
		.max_bad_percent = conf->max_bad_percent,
		.max_skipped_percent = conf->max_skipped_percent,
		.max_shrink_percent = conf->max_change_percent,
		.max_grow_percent = conf->max_change_percent,
		.has_to_block = !passes,
		.may_be_empty = conf->min_entries == 0 && !conf->mandatory,
	};
}

/* A change over the limit may have been accepted. */
static enum err check_change(struct load *load, unsigned int index, uint32_t former_entries,
			     uint32_t entries, struct err_text *text)
{
	const struct conf_list *conf = &load->conf->lists[index];
	const struct guard_limits limits = limits_of(conf);
	struct err_text reason;
	enum err err = guard_change(&limits, former_entries, entries, &reason);

	if (err == ERR_OK || loader_is_accepted(load, conf->name, index))
		return ERR_OK;
	return err_set(text, err, "%s; if it is meant: sinkholed --accept %s", reason.text,
		       conf->name);
}

/*
 * A last line without its newline is how a file looks that was cut off, but also how some lists are
 * written: it is taken of those that had none before.
 */
static enum err check_end(struct load *load, unsigned int index, const struct list_report *report,
			  struct err_text *text)
{
	const struct conf *conf = load->conf;
	const char *name = conf->lists[index].name;
	unsigned int old;
	const struct policy_list *former = loader_former_list(load, name, &old);
	bool ended_well = former && former->entries > 0 ? !former->open_end
			  : *conf->state.directory ? keep_ends_well(conf->state.directory, name)
						   : false;

	if (!report->open_end || !ended_well || loader_is_accepted(load, name, index))
		return ERR_OK;
	return err_set(text, ERR_REFUSED,
		       "is cut off: its last line has no newline, which it had before; if it is "
		       "meant: sinkholed --accept %s",
		       name);
}

static enum err judge(struct load *load, unsigned int index, bool own, uint32_t former_entries,
		      const struct list_report *report, struct err_text *text)
{
	const struct conf_list *conf = &load->conf->lists[index];
	struct guard_limits limits = limits_of(conf);
	enum err err;

	limits.refuse_held = own && conf->on_held == CONF_ONHELD_REFUSE;
	limits.has_to_block &= report->format != LIST_FORMAT_RPZ; /* one may let pass alone */
	err = guard_list(&limits, report, text);
	if (err == ERR_OK && own)
		err = check_end(load, index, report, text);
	if (err == ERR_OK)
		err = check_change(load, index, former_entries, report->entries, text);
	return err;
}

static void note(struct load_source *source, const struct list_report *report)
{
	source->seen = report->version;
	source->format = report->format;
	source->entries = report->entries;
	source->skipped = report->skipped;
	source->bad = report->bad;
	source->held = report->held;
}

/*
 * Reads `file` as list `index` and holds it against its limits.  On failure the builder is as
 * it was.
 */
static enum err try_file(struct load *load, unsigned int index, const char *file, bool own,
			 uint32_t former_entries, struct err_text *text)
{
	struct load_source *source = &load->result.sources[index];
	struct rules_mark mark = rules_mark(&load->rules);
	struct err_text reason = {"out of memory"};
	struct err_text fault = {""};
	uint64_t start_ms = clock_ms();
	struct list_report report;
	enum err err = own ? loader_read_own(load, index, &report, &reason)
			   : loader_read_file(load, index, file, &report, &reason);

	if (load->pass == 0)
		loader_log_report(file, &report);
	if (err == ERR_OK) {
		err = judge(load, index, own, former_entries, &report, &fault);
		err = err_set(&reason, err, "%s: %s", file, fault.text);
	}
	if (err != ERR_OK) {
		rules_rollback(&load->rules, &mark);
		return err_set(text, err, "%s", reason.text);
	}
	load->policy->lists[index].entries = report.entries;
	load->policy->lists[index].held = report.held;
	load->policy->lists[index].open_end = report.open_end;
	loader_describe_reading(&load->conf->lists[index], report.format,
				&load->policy->lists[index]);
	load->policy->lists[index].unkept = source->unkept;
	note(source, &report);
	source->took_ms = (uint32_t)(clock_ms() - start_ms);
	return ERR_OK;
}

static enum err from_state(struct load *load, unsigned int index, struct err_text *text)
{
	const struct conf *conf = load->conf;
	char path[PATH_MAX];

	if (!*conf->state.directory)
		return err_set(text, ERR_NOTFOUND, "no state.directory is configured");
	keep_path(conf->state.directory, conf->lists[index].name, path);
	return try_file(load, index, path, false, 0, text);
}

/* A strict load goes on, to find what else is refused; the list is what it was, or empty. */
static enum err refuse(struct load *load, unsigned int index, const char *reason)
{
	const char *name = load->conf->lists[index].name;
	unsigned int old;
	enum err err = ERR_OK;

	(void)err_set(loader_next_refusal(load, index), ERR_REFUSED, "list %s: %s", name, reason);
	if (loader_former_list(load, name, &old))
		err = loader_carry_over(load, index, old);
	return err == ERR_REFUSED ? ERR_OK : err;
}

static void tell_carried(const struct load *load, unsigned int index, const char *reason)
{
	const struct policy_list *list = &load->policy->lists[index];

	if (load->kept)
		log_error("list %s: REFUSED: %s; its last good version is in force instead",
			  list->name, reason);
	else
		log_error("list %s: REFUSED: %s; its %u former entries stay in force", list->name,
			  reason, list->entries);
	if (list->unkept)
		log_warning(
			"list %s: these could not be kept: a restart takes up an earlier version",
			list->name);
}

/* What stands in for a list whose file was refused for `reason`. */
static enum err stand_in(struct load *load, unsigned int index, const char *reason)
{
	const struct conf_list *conf = &load->conf->lists[index];
	unsigned int old_index = 0;
	const struct policy_list *former = loader_former_list(load, conf->name, &old_index);
	struct err_text none;

	load->result.refused++;
	snprintf(load->result.sources[index].reason, sizeof(load->result.sources[index].reason),
		 "%s", reason);
	if (load->options.strict)
		return refuse(load, index, reason);
	if (former && former->entries > 0 && loader_carry_over(load, index, old_index) == ERR_OK) {
		tell_carried(load, index, reason);
		return ERR_OK;
	}
	if (from_state(load, index, &none) == ERR_OK) {
		log_error("list %s: REFUSED: %s; its last good version is in force instead",
			  conf->name, reason);
		return ERR_OK;
	}
	if ((conf->mandatory && !*conf->url) || (former && former->entries > 0))
		return err_set(load->text, ERR_REFUSED,
			       "list %s is %s and cannot be loaded: %s; no last good version: %s",
			       conf->name, conf->mandatory ? "mandatory" : "in force", reason,
			       none.text);
	log_error("list %s: REFUSED: %s; no last good version: %s; it blocks nothing", conf->name,
		  reason, none.text);
	load->result.sources[index].absent = true;
	load->result.lists--;
	return ERR_OK;
}

/* True when the list is one that is fetched, and never was. */
static bool is_awaited(const struct conf_list *conf)
{
	return conf->url && *conf->url && access(conf->file, F_OK) != 0 && errno == ENOENT;
}

/* The load does not wait: nobody can be kept from names for want of a network. */
static enum err await_copy(struct load *load, unsigned int index)
{
	if (!load->options.strict)
		return stand_in(load, index, "nothing was fetched yet from its url");
	log_warning("list %s: nothing was fetched yet from its url: it would block nothing until "
		    "then",
		    load->conf->lists[index].name);
	load->result.lists--;
	return ERR_OK;
}

/* What the first load of a list is measured against: the entries of its kept version, if its
 * change has a limit.  0: there is none. */
static uint32_t kept_entries(struct load *load, unsigned int index)
{
	struct rules_mark mark = rules_mark(&load->rules);
	struct err_text none;
	uint32_t entries = 0;

	if (load->conf->lists[index].max_change_percent == 0)
		return 0;
	if (from_state(load, index, &none) == ERR_OK)
		entries = load->policy->lists[index].entries;
	rules_rollback(&load->rules, &mark);
	load->policy->lists[index].entries = 0;
	return entries;
}

enum err loader_load_list(struct load *load, unsigned int index)
{
	const struct conf_list *conf = &load->conf->lists[index];
	unsigned int old_index;
	const struct policy_list *former = loader_former_list(load, conf->name, &old_index);
	struct load_source *source = &load->result.sources[index];
	struct err_text reason;
	uint32_t before;

	loader_describe_list(conf, &load->policy->lists[index]);
	if (load->options.draft && (!conf->name || !*conf->name || !conf->file || !*conf->file))
		return ERR_OK;
	load->policy->lists[index].term.begun =
		former && former->term.begun &&
		former->term.valid_from_s == load->policy->lists[index].term.valid_from_s;
	if (load->pass == 0)
		loader_warn_of_action(conf);
	load->result.lists++;
	if (load->compiled.set) {
		loader_take_compiled(load, index);
		return ERR_OK;
	}
	if (is_awaited(conf))
		return await_copy(load, index);
	before = former && former->entries > 0 ? former->entries : kept_entries(load, index);
	source->own = true;
	if (try_file(load, index, conf->file, true, before, &reason) == ERR_OK)
		return ERR_OK;
	source->own = false;
	source->unkept = false; /* the version that is kept is what stands in, or as good */
	loader_drop_copy(load, index);
	load->file_digests[index][0] = '\0';
	if (loader_is_cancelled(load))
		return err_set(load->text, ERR_CANCELLED, "%s", err_str(ERR_CANCELLED));
	return stand_in(load, index, reason.text);
}
