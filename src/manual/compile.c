/* SPDX-License-Identifier: BSD-2-Clause */
#include "manual/compile.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "list/guard.h"
#include "load/loader.h"
#include "manual/store.h"

static const struct domset_kind subtree = {.scope = DOMSET_SCOPE_BOTH};

/* ---- what may not be said */

/* A name by which an upstream's certificate is known is one that must go on working. */
static bool covers_upstream(const struct name *owner, const struct conf_upstream *servers,
			    size_t count)
{
	struct name name;

	for (size_t i = 0; i < count; i++)
		if (*servers[i].tls_name &&
		    name_from_text(servers[i].tls_name, strlen(servers[i].tls_name), &name) ==
			    ERR_OK &&
		    name_is_below(&name, owner))
			return true;
	return false;
}

static bool covers_any_upstream(const struct name *owner, const struct conf *conf)
{
	struct conf_upstreams set;
	bool covers = false;

	for (size_t i = 0; !covers && conf_upstreams_at(conf, i, &set); i++)
		covers = covers_upstream(owner, set.servers, set.count);
	return covers;
}

static enum err check_block(const struct manual_entry *entry, const struct conf *conf,
			    const struct guard *guard, struct err_text *text)
{
	bool denies =
		conf->manual.action == ACTION_NXDOMAIN || conf->manual.action == ACTION_NODATA;
	const char *why =
		guard_entry(guard, &entry->name, &subtree, denies ? GUARD_ALLOW_ZONES : 0);
	char name[NAME_TEXT_MAX];

	if (!why && covers_any_upstream(&entry->name, conf))
		why = "covers the name of an upstream";
	if (!why)
		return ERR_OK;
	return err_set(text, ERR_REFUSED, "%s %s", manual_subject(entry, name), why);
}

/* The list's index; POLICY_LISTS_MAX: there is none. */
static unsigned int find_list(const struct policy *policy, const char *name)
{
	for (unsigned int i = 0; i < policy->list_count; i++)
		if (strcmp(policy->lists[i].name, name) == 0)
			return i;
	return POLICY_LISTS_MAX;
}

static enum err check_off(const struct manual_entry *entry, const struct policy *policy,
			  struct err_text *text)
{
	unsigned int list = find_list(policy, entry->list);

	if (list == POLICY_LISTS_MAX)
		return err_set(text, ERR_REFUSED, "there is no list %s", entry->list);
	if (policy->lists[list].mandatory)
		return err_set(text, ERR_REFUSED, "list %s is mandatory", entry->list);
	return ERR_OK;
}

static enum err check(const struct manual_entry *entry, const struct snapshot *s,
		      const struct guard *guard, struct err_text *text)
{
	switch (entry->kind) {
	case MANUAL_BLOCK:
		return check_block(entry, s->conf, guard, text);
	case MANUAL_LIST_OFF:
		return check_off(entry, s->policy, text);
	default:
		return ERR_OK;
	}
}

enum err manual_check(const struct manual_entry *entry, const struct snapshot *snapshot,
		      struct err_text *text)
{
	struct guard *guard = NULL;
	enum err err = loader_make_guard(&snapshot->conf->guard, &guard);

	if (err == ERR_OK)
		err = check(entry, snapshot, guard, text);
	else
		err_set(text, err, "out of memory");
	guard_free(guard);
	return err;
}

/* ---- what is asked */

/* Adds the names of a kind as the list at `place`.  A rule's line is its entry's number. */
static enum err add_names(struct domset_builder *builder, const struct manual *manual,
			  enum manual_kind kind, unsigned int place)
{
	enum err err = domset_builder_begin(builder, place);

	for (size_t i = 0; i < manual->count && err == ERR_OK; i++) {
		const struct manual_entry *entry = &manual->entries[i];

		if (entry->kind == kind && !entry->held)
			err = domset_builder_add(builder, &entry->name, &subtree, (uint32_t)i + 1);
	}
	return err;
}

static enum err make_set(const struct manual *manual, const struct hash_key *key,
			 struct domset **ret_set)
{
	struct domset_builder *builder = NULL;
	enum err err = domset_builder_create(key, &builder);

	if (err == ERR_OK)
		err = add_names(builder, manual, MANUAL_BLOCK, POLICY_MANUAL_BLOCK);
	if (err == ERR_OK)
		err = add_names(builder, manual, MANUAL_PASS, POLICY_MANUAL_PASS);
	if (err == ERR_OK)
		err = domset_builder_freeze(builder, ret_set);
	domset_builder_free(builder);
	return err == ERR_OK ? ERR_OK : ERR_NOMEM;
}

static void mark_lists_off(const struct manual *manual, const struct policy *policy, bool *off)
{
	for (size_t i = 0; i < manual->count; i++) {
		const struct manual_entry *entry = &manual->entries[i];
		unsigned int list = find_list(policy, entry->list);

		if (entry->kind == MANUAL_LIST_OFF && !entry->held && list < POLICY_LISTS_MAX)
			off[list] = true;
	}
}

/* Marks what may not be said; how many may. */
static size_t hold(struct manual *manual, const struct snapshot *s, const struct guard *guard)
{
	size_t good = 0;

	for (size_t i = 0; i < manual->count; i++) {
		struct manual_entry *entry = &manual->entries[i];

		entry->held = check(entry, s, guard, NULL) != ERR_OK;
		good += !entry->held;
	}
	return good;
}

enum err manual_compile(struct manual *manual, const struct snapshot *snapshot,
			struct policy_manual **ret_compiled)
{
	struct policy_manual *compiled = NULL;
	struct guard *guard = NULL;
	enum err err = ERR_OK;
	size_t good = 0;

	if (manual->count > 0)
		err = loader_make_guard(&snapshot->conf->guard, &guard);
	if (err == ERR_OK)
		good = hold(manual, snapshot, guard);
	guard_free(guard);
	if (good > 0) {
		compiled = calloc(1, sizeof(*compiled));
		err = compiled ? make_set(manual, domset_key(snapshot->policy->set), &compiled->set)
			       : ERR_NOMEM;
	}
	if (err != ERR_OK) {
		policy_manual_free(compiled);
		return err;
	}
	if (compiled)
		mark_lists_off(manual, snapshot->policy, compiled->off);
	*ret_compiled = compiled;
	return ERR_OK;
}

enum err manual_apply(struct snapshot *snapshot, const struct manual *handed, struct err_text *text)
{
	struct policy_manual *compiled = NULL;
	struct manual manual;
	const char *directory = snapshot->conf->state.directory;
	enum err err = manual_begin(handed, directory, &manual, text);

	if (err != ERR_OK)
		return err;
	if (!handed && !manual_can_read(directory))
		log_warning("state.directory %s: Permission denied: what was blocked or let pass "
			    "by command "
			    "cannot be told",
			    directory);
	(void)manual_expire(&manual, clock_unix_s(), NULL, NULL);
	err = err_set(text, manual_compile(&manual, snapshot, &compiled), "out of memory");
	manual_free(&manual);
	if (err == ERR_OK)
		policy_set_manual(snapshot->policy, compiled);
	return err;
}
