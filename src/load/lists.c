/* SPDX-License-Identifier: BSD-2-Clause */
/* All lists of a load, and what keeps the mandatory ones among them from being weakened. */
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <string.h>

#include "base/log.h"
#include "load/load.h"
#include "load/notes.h"
#include "match/term.h"
#include "match/weaken.h"

/* The list's place in the configuration, or POLICY_LISTS_MAX. */
static unsigned int place_of(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->lists_count; i++)
		if (strcmp(conf->lists[i].name, name) == 0)
			return i;
	return POLICY_LISTS_MAX;
}

/* List `index` of the configuration, or what it was before if that stays. */
static enum err take_list(struct load *load, unsigned int index)
{
	unsigned int former;

	if (loader_former_list(load, load->conf->lists[index].name, &former) && load->stays[former])
		return loader_restore_list(load, index, former);
	return loader_load_list(load, index);
}

/* Those that stay though the configuration has them no longer come last. */
static enum err take_removed(struct load *load)
{
	struct policy *policy = load->policy;

	for (unsigned int i = 0; load->former && i < load->former->list_count; i++) {
		const struct policy_list *list = &load->former->lists[i];
		enum err err;

		if (!load->stays[i] || place_of(load->conf, list->name) < POLICY_LISTS_MAX)
			continue;
		if (policy->list_count == POLICY_LISTS_MAX)
			return err_set(load->text, ERR_REFUSED,
				       "list %s is mandatory and has to stay, and there is no room "
				       "for it beside %u others",
				       list->name, POLICY_LISTS_MAX);
		err = loader_restore_list(load, (unsigned int)policy->list_count, i);
		if (err != ERR_OK)
			return err;
		policy->list_count++;
	}
	return ERR_OK;
}

/* What the pass before has made is of no use. */
static enum err begin_pass(struct load *load)
{
	struct notes *notes = load->options.notes;
	enum err err;

	loader_drop_copies(load);
	rules_fini(&load->rules);
	policy_free(load->policy);
	load->policy = calloc(1, sizeof(*load->policy));
	memset(&load->result, 0, sizeof(load->result));
	if (!load->policy)
		return ERR_NOMEM;
	load->policy->list_count = load->conf->lists_count;
	policy_describe_rebinding(load->policy);
	err = rules_init(load->name_key, &load->rules);
	if (err == ERR_OK)
		domset_builder_compact(load->rules.names, load->conf->server.compact_names);
	if (err == ERR_OK && notes) {
		notes_begin(notes, load->conf);
		notes_listen(notes, load->rules.names);
	}
	return err;
}

/* Where no list is read there is nothing to go through gates, and these take as long as all else
 * that such a start does besides. */
static enum err begin_reading(struct load *load)
{
	loader_find_compiled(load);
	return load->compiled.set
		       ? ERR_OK
		       : loader_make_gates(&load->conf->guard, load->snapshot, &load->gates);
}

/* Compiles all lists into a set. */
static enum err compile(struct load *load)
{
	enum err err = begin_pass(load);

	if (err == ERR_OK && load->pass == 0)
		err = begin_reading(load);
	for (unsigned int i = 0; i < load->conf->lists_count && err == ERR_OK; i++)
		err = take_list(load, i);
	if (err == ERR_OK)
		err = take_removed(load);
	if (err == ERR_OK && loader_is_cancelled(load))
		err = err_set(load->text, ERR_CANCELLED, "%s", err_str(ERR_CANCELLED));
	if (err == ERR_OK)
		err = rules_freeze(&load->rules, load->policy);
	if (err == ERR_OK)
		loader_put_compiled(load);
	if (err == ERR_OK)
		term_apply(load->policy, load->now_s);
	if (err == ERR_OK && load->policy->without_bit > 0)
		log_warning(
			"lists: %zu more than %u have exceptions or log: exceptions of the last "
			"of these hold for the names themselves, not for what they lead to",
			load->policy->without_bit, POLICY_BITS_MAX);
	if (err == ERR_OK && localdata_without_note(load->policy->data) > 0)
		log_warning("lists: rows of tables have more different families and tickets than "
			    "%u MiB: at least %u are in force without theirs",
			    LOCALDATA_NOTES_BYTES_MAX >> 20,
			    localdata_without_note(load->policy->data));
	return err;
}

/* Tells what would be lifted of the former list; a line of its own says what becomes of it. */
static void tell_names(const struct policy_list *former, const struct weakening *weakening)
{
	char text[NAME_TEXT_MAX];

	for (uint64_t i = 0; i < weakening->count && i < WEAKEN_NAMES_MAX; i++) {
		const struct weakened_name *name = &weakening->names[i];

		log_error("list %s: would no longer be blocked: %s%s%s", former->name,
			  name->server ? "zones of the name server "
			  : name->led  ? "what is led to by "
				       : "",
			  name->below ? "*." : "",
			  domset_rule_text(&name->owner, name->pattern, text));
	}
	for (uint64_t i = 0; i < weakening->range_count && i < WEAKEN_NAMES_MAX; i++) {
		const struct weakened_range *range = &weakening->ranges[i];
		char first[INET6_ADDRSTRLEN];
		char last[INET6_ADDRSTRLEN];

		log_error("list %s: would no longer be blocked: %s%s-%s", former->name,
			  range->trigger == TRIGGER_CLIENT	     ? "clients "
			  : range->trigger == TRIGGER_SERVER_ADDRESS ? "name servers at "
								     : "",
			  ip_text(&range->first, first, sizeof(first)),
			  ip_text(&range->last, last, sizeof(last)));
	}
}

#define WEAKENED_TEXT_MAX 96

/* "12 of the names that it blocks", "2 ranges of the addresses that it blocks". */
static void describe(const struct weakening *w, char text[WEAKENED_TEXT_MAX])
{
	size_t len = 0;

	if (w->count > 0)
		len = (size_t)snprintf(text, WEAKENED_TEXT_MAX, "%llu of the names%s",
				       (unsigned long long)w->count,
				       w->range_count > 0 ? " and " : "");
	if (w->range_count > 0)
		len += (size_t)snprintf(text + len, WEAKENED_TEXT_MAX - len,
					"%llu %s of the addresses",
					(unsigned long long)w->range_count,
					w->range_count == 1 ? "range" : "ranges");
	snprintf(text + len, WEAKENED_TEXT_MAX - len, " that it blocks");
}

static enum err tell_refusal(struct load *load, const char *name, const char *gone,
			     const char *what)
{
	(void)err_set(loader_next_refusal(load, LOAD_NO_LIST), ERR_REFUSED,
		      "list %s is mandatory%s, and %s would not be "
		      "blocked any more; if it is meant: sinkholed --accept %s",
		      name, gone, what, name);
	return ERR_OK;
}

/* What becomes of a list in force that would be weakened: it stays, unless that was accepted. */
static enum err meet_weakening(struct load *load, unsigned int former,
			       const struct weakening *weakening)
{
	const struct policy_list *list = &load->former->lists[former];
	unsigned int place = place_of(load->conf, list->name);
	const char *gone = place == POLICY_LISTS_MAX ? " and no longer configured" : "";
	char what[WEAKENED_TEXT_MAX];

	describe(weakening, what);
	tell_names(list, weakening);
	if (loader_is_accepted(load, list->name, place)) {
		log_notice("list %s: that %s are not blocked any more was accepted", list->name,
			   what);
		return ERR_OK;
	}
	if (load->options.strict)
		return tell_refusal(load, list->name, gone, what);
	load->stays[former] = true;
	log_error("list %s: REFUSED: it is mandatory%s, and %s would not be blocked any more; it "
		  "stays as it was; if it is meant: sinkholed --accept %s",
		  list->name, gone, what, list->name);
	return ERR_OK;
}

/* Looks at each mandatory list in force; those that would be weakened are to stay. */
static enum err find_weakened(struct load *load, bool *ret_found)
{
	enum err err = ERR_OK;

	*ret_found = false;
	for (unsigned int i = 0; load->former && i < load->former->list_count; i++) {
		struct weakening weakening;
		struct domset *over;

		if (!load->former->lists[i].mandatory || load->stays[i] ||
		    term_is_over(&load->former->lists[i], load->now_s))
			continue;
		err = loader_take_over(load, i, place_of(load->conf, load->former->lists[i].name),
				       &over);
		if (err != ERR_OK)
			return err;
		weaken_compare(load->former, i, load->policy, over, load->options.cancelled,
			       &weakening);
		domset_free(over);
		if (loader_is_cancelled(load))
			return err_set(load->text, ERR_CANCELLED, "%s", err_str(ERR_CANCELLED));
		if (weakening.count + weakening.range_count > 0)
			err = meet_weakening(load, i, &weakening);
		if (err != ERR_OK)
			return err;
		*ret_found = *ret_found || load->stays[i];
	}
	return ERR_OK;
}

/* A list that need not be there may go. */
static void tell_removed(const struct load *load)
{
	for (size_t i = 0; load->former && i < load->former->list_count; i++)
		if (!load->stays[i] &&
		    place_of(load->conf, load->former->lists[i].name) == POLICY_LISTS_MAX)
			log_warning("list %s is no longer configured and blocks nothing any more",
				    load->former->lists[i].name);
}

static void note_list(struct load *load, const struct policy_list *list)
{
	load->result.held += list->held;
	load->result.lapsing += term_lapses_soon(list, load->now_s);
}

/* A pass more for each time that a list has to stay: what it lets go may have been another's.  What
 * a configuration with mistakes would lift says nothing: they may be why. */
enum err loader_load_lists(struct load *load)
{
	bool again = true;
	enum err err = ERR_OK;

	while (err == ERR_OK && again) {
		err = compile(load);
		again = false;
		if (err == ERR_OK && !load->options.draft)
			err = find_weakened(load, &again);
		load->pass++;
	}
	if (load->refusals > 0) {
		if (err != ERR_OK || load->options.refusals)
			loader_tell_refusal(load);
		if (err == ERR_OK)
			return err_set(load->text, ERR_REFUSED, "%s", load->refusal.text.text);
	}
	if (err == ERR_OK)
		err = loader_end_acceptances(load);
	if (err != ERR_OK)
		return err;
	tell_removed(load);
	for (size_t i = 0; i < load->policy->list_count; i++)
		note_list(load, &load->policy->lists[i]);
	load->result.names = domset_count_all(load->policy->set).rules;
	load->result.prefixes = addrset_records(load->policy->prefixes[TRIGGER_ADDRESS]);
	loader_log_lists(load);
	return ERR_OK;
}
