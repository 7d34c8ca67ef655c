/* SPDX-License-Identifier: BSD-2-Clause */
#include "order/minutes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/table.h"
#include "match/term.h"

struct minutes {
	struct audit *audit;
	json_t *lists; /* what was told of each list last, by its name */
};

struct minutes *minutes_open(const struct conf *conf)
{
	struct minutes *minutes;
	struct err_text text = {"out of memory"};

	if (!*conf->state.directory)
		return NULL;
	minutes = calloc(1, sizeof(*minutes));
	if (minutes && audit_open(conf->state.directory, &minutes->audit, &text) == ERR_OK) {
		minutes->lists = json_object();
		return minutes;
	}
	free(minutes);
	log_error("%s: no audit log is kept", text.text);
	return NULL;
}

void minutes_close(struct minutes *minutes)
{
	if (!minutes)
		return;
	audit_close(minutes->audit);
	json_decref(minutes->lists);
	free(minutes);
}

void minutes_write(struct minutes *minutes)
{
	if (minutes)
		audit_commit(minutes->audit);
}

void minutes_life(struct minutes *minutes, const char *event)
{
	if (minutes)
		audit_note(minutes->audit, event,
			   json_pack("{s:s, s:I}", "version", SINKHOLED_VERSION, "pid",
				     (json_int_t)getpid()));
}

/* ---- loads */

/* All that is to be told when it changes; NULL: out of memory. */
static json_t *describe(const struct policy_list *list, const struct load_source *source)
{
	bool refused = *source->reason != '\0';
	json_t *root = json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I}", "list", list->name,
				 "mandatory", list->mandatory, "refused", refused, "entries",
				 (json_int_t)list->entries, "skipped", (json_int_t)source->skipped,
				 "bad", (json_int_t)source->bad, "held", (json_int_t)list->held);

	if (refused)
		json_object_set_new(root, "reason", json_string(source->reason));
	if (source->own) {
		json_object_set_new(root, "octets", json_integer((json_int_t)source->seen.st_size));
		json_object_set_new(root, "modified",
				    json_integer((json_int_t)source->seen.st_mtime));
	}
	return root;
}

static void note_list(struct minutes *minutes, const struct policy_list *list,
		      const struct load_source *source)
{
	json_t *now = describe(list, source);

	if (now && !json_equal(now, json_object_get(minutes->lists, list->name))) {
		json_object_set(minutes->lists, list->name, now);
		audit_note(minutes->audit, *source->reason ? "list-refused" : "list-loaded",
			   json_deep_copy(now));
	}
	json_decref(now);
}

static bool has(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->list_count; i++)
		if (strcmp(policy->lists[i].name, name) == 0)
			return true;
	return false;
}

static void note_removed(struct minutes *minutes, const struct policy *policy)
{
	const char *name;
	json_t *row;
	void *next;

	json_object_foreach_safe(minutes->lists, next, name, row)
	{
		if (has(policy, name))
			continue;
		audit_note(minutes->audit, "list-removed", json_pack("{s:s}", "list", name));
		json_object_del(minutes->lists, name);
	}
}

void minutes_load(struct minutes *minutes, const struct snapshot *snapshot,
		  const struct load_result *result)
{
	const struct policy *policy;

	if (!minutes)
		return;
	policy = snapshot->policy;
	note_removed(minutes, policy);
	for (size_t i = 0; i < policy->list_count; i++)
		note_list(minutes, &policy->lists[i], &result->sources[i]);
	audit_note(minutes->audit, "load",
		   json_pack("{s:I, s:I, s:I, s:I, s:I}", "generation",
			     (json_int_t)snapshot->generation, "names", (json_int_t)result->names,
			     "prefixes", (json_int_t)result->prefixes, "lists",
			     (json_int_t)result->lists, "refused", (json_int_t)result->refused));
}

void minutes_failure(struct minutes *minutes, const char *reason)
{
	if (minutes)
		audit_note(minutes->audit, "load-failed", json_pack("{s:s}", "reason", reason));
}

/* ---- orders */

#define TERM_EVENTS(X)                                                                             \
	X(TERM_NONE, "without a term")                                                             \
	X(TERM_WAITS, "waits")                                                                     \
	X(TERM_HOLDS, "in force")                                                                  \
	X(TERM_KEPT, "lapsed, kept")                                                               \
	X(TERM_LOGS, "lapsed, logs")                                                               \
	X(TERM_LIFTED, "lapsed, lifted")

static void note_order(struct minutes *minutes, const struct policy_list *list)
{
	static const char *const words[] = {TERM_EVENTS(TABLE_ROW)};
	char from[MOMENT_TEXT_MAX];
	char to[MOMENT_TEXT_MAX];

	TABLE_COMPLETE(TERM_EVENTS, TERM_COUNT);
	audit_note(minutes->audit, "order",
		   json_pack("{s:s, s:s, s:s, s:s}", "list", list->name, "state",
			     words[term_state(list)], "valid_from",
			     moment_text(list->term.valid_from_s, from), "expires",
			     moment_text(list->term.expires_s, to)));
}

void minutes_orders(struct minutes *minutes, const struct policy *before,
		    const struct policy *after)
{
	for (size_t i = 0; minutes && i < after->list_count; i++)
		if (term_state(&after->lists[i]) != term_state_before(before, &after->lists[i]))
			note_order(minutes, &after->lists[i]);
}

void minutes_proof(struct minutes *minutes, const char *list, uint32_t asked, uint32_t blocked)
{
	if (minutes)
		audit_note(minutes->audit, "in-force",
			   json_pack("{s:s, s:I, s:I}", "list", list, "asked", (json_int_t)asked,
				     "blocked", (json_int_t)blocked));
}

/* ---- commands */

void minutes_command(struct minutes *minutes, const char *what, const struct manual_entry *entry)
{
	char subject[NAME_TEXT_MAX];
	char until[MOMENT_TEXT_MAX];

	if (!minutes)
		return;
	audit_note(minutes->audit, "command",
		   json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "what", what, "command",
			     manual_word(entry->kind), "about", manual_subject(entry, subject),
			     "until", moment_text(entry->until_s, until), "ticket", entry->ticket,
			     "by", entry->by));
}
