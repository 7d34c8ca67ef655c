/* SPDX-License-Identifier: BSD-2-Clause */
#include "receipt/acknowledge.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "base/table.h"
#include "explain/explain.h"
#include "dns/typeset.h"
#include "match/term.h"
#include "receipt/receipt.h"

#define TEXTS_BYTES 65536U  /* of a block of texts */
#define ENTRIES_A_TURN 256U /* about as long as a worker may wait */
#define ENTRY_TEXT_MAX (NAME_TEXT_MAX + 16U)

/* Texts of entries, block after block. */
struct texts {
	struct texts *before;
	size_t used;
	char octets[TEXTS_BYTES];
};

/* A list whose entries are gathered. */
struct gathering {
	const struct snapshot *snapshot;
	unsigned int list;
	enum receipt_state state; /* of what the policy has */
	struct receipt_entry *entries;
	size_t count;
	size_t room;
	size_t passed; /* of them, that are let pass by command */
	struct texts *texts;
};

/* ---- entries */

static enum err add(struct gathering *g, struct receipt_entry entry)
{
	size_t room = g->room ? g->room * 2 : 64;
	struct receipt_entry *entries = g->entries;

	if (g->count == g->room) {
		entries = reallocarray(entries, room, sizeof(*entries));
		if (!entries)
			return ERR_NOMEM;
		g->entries = entries;
		g->room = room;
	}
	entries[g->count++] = entry;
	return ERR_OK;
}

/* Keeps a copy of the text; NULL: out of memory. */
static const char *keep_text(struct gathering *g, const char *text)
{
	size_t size = strlen(text) + 1;
	struct texts *texts = g->texts;

	if (!texts || texts->used + size > TEXTS_BYTES) {
		texts = malloc(sizeof(*texts));
		if (!texts)
			return NULL;
		texts->before = g->texts;
		texts->used = 0;
		g->texts = texts;
	}
	memcpy(texts->octets + texts->used, text, size);
	texts->used += size;
	return texts->octets + texts->used - size;
}

/* As add, of an entry whose text is copied; `data` as of the rule. */
static enum err add_text(struct gathering *g, const char *text, uint32_t line, uint32_t data,
			 bool passed)
{
	struct receipt_entry entry = {
		.line = line,
		.state = passed ? RECEIPT_PASSED : g->state,
		.entries = 1,
		.reason = passed ? RECEIPT_LET_PASS : "",
		.ticket = "",
	};
	struct localdata_note note;

	entry.entry = keep_text(g, text);
	if (g->list < POLICY_LISTS_MAX &&
	    localdata_note_of(g->snapshot->policy->data, data, &note) && *note.ticket)
		entry.ticket = keep_text(g, note.ticket);
	g->passed += passed;
	return entry.entry && entry.ticket ? add(g, entry) : ERR_NOMEM;
}

static void free_gathered(struct gathering *g)
{
	while (g->texts) {
		struct texts *before = g->texts->before;

		free(g->texts);
		g->texts = before;
	}
	free(g->entries);
}

static const char *trigger_word(enum trigger trigger)
{
#define TRIGGERS(X)                                                                                \
	X(TRIGGER_NAME, "")                                                                        \
	X(TRIGGER_SERVER, "name server ")                                                          \
	X(TRIGGER_ADDRESS, "")                                                                     \
	X(TRIGGER_CLIENT, "client ")                                                               \
	X(TRIGGER_SERVER_ADDRESS, "name server ")
	static const char *const words[] = {TRIGGERS(TABLE_ROW)};

	TABLE_COMPLETE(TRIGGERS, TRIGGER_COUNT);
	return words[trigger];
}

/* True for a rule of which all names are let pass by command, and none is blocked by one. */
static bool is_let_pass(const struct gathering *g, const struct domset_rule *rule)
{
	const struct policy *policy = g->snapshot->policy;
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};
	struct name_suffixes suffixes;
	bool passed = false;

	if (!policy->manual || rule->pattern || g->list >= POLICY_LISTS_MAX ||
	    policy->lists[g->list].mandatory || g->state != RECEIPT_IN_FORCE)
		return false;
	name_hash_suffixes(domset_key(policy->set), &rule->owner, &suffixes);
	domset_lookup(policy->manual->set, &rule->owner, &suffixes, typeset_of(TYPE_A), &hits);
	for (uint32_t i = 0; i < hits.count; i++) {
		if (hits.hit[i].list == POLICY_MANUAL_BLOCK)
			return false;
		passed = passed || hits.hit[i].list == POLICY_MANUAL_PASS;
	}
	return passed;
}

/* An exception asks for nothing. */
static enum err gather_rule(struct gathering *g, enum trigger trigger,
			    const struct domset_rule *rule)
{
	char name[NAME_TEXT_MAX];
	char text[ENTRY_TEXT_MAX];
	bool itself = rule->pattern || (rule->kind.scope & DOMSET_SCOPE_ITSELF);

	if (rule->list != g->list || domset_kind_lifts(&rule->kind))
		return ERR_OK;
	snprintf(text, sizeof(text), "%s%s%s", trigger_word(trigger), itself ? "" : "*.",
		 domset_rule_text(&rule->owner, rule->pattern, name));
	if (g->count % ENTRIES_A_TURN == 0)
		priority_give_way();
	return add_text(g, text, rule->line, rule->data,
			trigger == TRIGGER_NAME && is_let_pass(g, rule));
}

static enum err gather_set(struct gathering *g, enum trigger trigger, const struct domset *set)
{
	struct domset_iter iter;
	struct domset_rule rule;
	enum err err = ERR_OK;

	if (!set)
		return ERR_OK;
	domset_iter_init_list(&iter, set, g->list);
	while (err == ERR_OK && domset_iter_next(&iter, &rule) && rule.list == g->list)
		err = gather_rule(g, trigger, &rule);
	for (uint32_t i = 0; err == ERR_OK && i < domset_patterns(set); i++) {
		domset_pattern(set, i, &rule);
		err = gather_rule(g, trigger, &rule);
	}
	return err;
}

static enum err gather_prefixes(struct gathering *g, enum trigger trigger)
{
	const struct addrset *set = g->snapshot->policy->prefixes[trigger];
	uint32_t count = set ? addrset_records(set) : 0;
	char ip[INET6_ADDRSTRLEN];
	char text[ENTRY_TEXT_MAX];
	enum err err = ERR_OK;

	for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
		struct addrset_rule rule;

		if (addrset_list(set, i) != g->list)
			continue;
		rule = addrset_rule(set, i);
		snprintf(text, sizeof(text), "%s%s/%u", trigger_word(trigger),
			 ip_text(&rule.prefix.ip, ip, sizeof(ip)), rule.prefix.len);
		err = add_text(g, text, rule.line, rule.data, false);
	}
	return err;
}

static enum err gather_policy(struct gathering *g)
{
	const struct policy *policy = g->snapshot->policy;
	enum err err;

	if (g->list >= POLICY_LISTS_MAX)
		return gather_set(g, TRIGGER_NAME, policy->manual ? policy->manual->set : NULL);
	err = gather_set(g, TRIGGER_NAME, policy->set);
	if (err == ERR_OK)
		err = gather_set(g, TRIGGER_SERVER, policy->servers);
	for (unsigned int t = TRIGGER_ADDRESS; err == ERR_OK && t < TRIGGER_COUNT; t++)
		err = gather_prefixes(g, (enum trigger)t);
	return err;
}

/* Lines that are not in force. */
static enum err gather_notes(struct gathering *g, const struct notes_list *notes)
{
#define FATES(X)                                                                                   \
	X(REPORT_MALFORMED, RECEIPT_MALFORMED)                                                     \
	X(REPORT_SKIPPED, RECEIPT_SKIPPED)                                                         \
	X(REPORT_HELD, RECEIPT_HELD)                                                               \
	X(REPORT_AGAIN, RECEIPT_AGAIN)
	static const enum receipt_state states[] = {FATES(TABLE_ROW)};
	enum err err = ERR_OK;

	TABLE_COMPLETE(FATES, REPORT_FATE_COUNT);
	for (size_t i = 0; err == ERR_OK && i < notes->count; i++) {
		const struct notes_line *line = &notes->lines[i];

		if (*line->text)
			err = add(g,
				  (struct receipt_entry){line->text, line->line, states[line->fate],
							 1, line->reason, ""});
	}
	return err;
}

/* ---- what is answered */

/* A name that the entry is for, or an address; NULL: it is for none that can be asked for. */
static const char *asked_of(const char *entry, char name[ENTRY_TEXT_MAX])
{
	size_t len = strcspn(entry, "/ ");

	if (entry[len] == ' ' || len == 0)
		return NULL;
	if (strncmp(entry, "*.", 2) == 0)
		snprintf(name, ENTRY_TEXT_MAX, "proof.%s", entry + 2);
	else
		snprintf(name, ENTRY_TEXT_MAX, "%.*s", (int)len, entry);
	return name;
}

static const char *ask(void *arg, const char *entry, char *buf, size_t size)
{
	const struct gathering *g = arg;
	char name[ENTRY_TEXT_MAX];
	const struct explain_text written = {.name = asked_of(entry, name)};
	struct explain_question question;
	struct explanation e;
	struct err_text none;

	if (!written.name || explain_read(&written, &question, &none) != ERR_OK ||
	    explain(g->snapshot, &question, &e) != ERR_OK)
		return "";
	if (strncmp(e.verdict, "blocked", strlen("blocked")) == 0)
		return explain_answer(&e, buf, size);
	snprintf(buf, size, "NOT BLOCKED: %s", e.verdict);
	return buf;
}

/* ---- lists */

static const struct conf_list *configured(const struct snapshot *s, unsigned int index)
{
	for (size_t i = 0; i < s->conf->lists_count; i++)
		if (strcmp(s->conf->lists[i].name, s->policy->lists[index].name) == 0)
			return &s->conf->lists[i];
	return NULL;
}

static bool is_wanted(const struct snapshot *s, unsigned int index)
{
	const struct conf_list *conf = configured(s, index);

	return s->policy->lists[index].mandatory || (conf && notes_are_wanted(conf));
}

/* Why the list says nothing now; "": it does. */
static const char *silence_of(const struct policy *policy, unsigned int index)
{
	const struct policy_manual *manual = policy->manual;

	if (index < POLICY_LISTS_MAX && manual && manual->off[index])
		return "switched off by command";
	if (!policy_is_silent(policy, index))
		return "";
	return term_state(&policy->lists[index]) == TERM_WAITS ? "its order has not begun"
							       : "its order has lapsed";
}

/* What is known of the list as a whole; `of` is set up to be put. */
static enum err gather_whole(struct gathering *g, const struct load_source *source,
			     struct receipt_list *of)
{
	const char *silence = silence_of(g->snapshot->policy, g->list);
	struct receipt_entry whole = {"", 0, g->state, g->count - g->passed, silence, ""};
	enum err err;

	if (*silence)
		of->left = silence;
	if (g->count > RECEIPT_ENTRIES_MAX)
		g->count = 0; /* too many for one each */
	if (*silence && g->state != RECEIPT_WAITS)
		return ERR_OK; /* what has left has left as a whole too */
	err = add(g, whole);
	if (err == ERR_OK && source && *source->reason)
		err = add(g, (struct receipt_entry){"", 0, RECEIPT_REFUSED, source->entries,
						    source->reason, ""});
	return err;
}

static enum err gather(struct gathering *g, const struct load_source *source,
		       const struct notes *notes, struct receipt_list *of)
{
	const struct policy *policy = g->snapshot->policy;
	bool silent = *silence_of(policy, g->list) != '\0';
	bool waits = silent && term_state(&policy->lists[g->list]) == TERM_WAITS;
	enum err err = ERR_OK;

	g->state = waits ? RECEIPT_WAITS : RECEIPT_IN_FORCE;
	of->unread = !source || !source->own;
	if (!silent || waits)
		err = gather_policy(g);
	if (err == ERR_OK)
		err = gather_whole(g, source, of);
	if (err == ERR_OK && !of->unread && g->list < g->snapshot->conf->lists_count)
		err = gather_notes(g, notes_of(notes, g->list));
	return err;
}

/* What is acknowledged. */
struct facts {
	const struct snapshot *snapshot;
	const struct load_result *result; /* NULL: nothing was read */
	const struct notes *notes;
	uint64_t in_force_s;
};

static enum err put_list(struct receipts *receipts, const struct facts *facts, unsigned int index,
			 struct err_text *text)
{
	const struct snapshot *s = facts->snapshot;
	const struct load_result *result = facts->result;
	const struct load_source *source =
		result && index < POLICY_LISTS_MAX ? &result->sources[index] : NULL;
	const struct conf_list *conf = configured(s, index);
	struct gathering g = {.snapshot = s, .list = index};
	struct receipt_list of = {
		.name = s->policy->lists[index].name,
		.case_id = conf ? conf->authority.case_id : "",
		.came_s = result ? result->began_s : facts->in_force_s,
		.in_force_s = facts->in_force_s,
		.left = "no longer in the list",
		.ask = ask,
		.ask_arg = &g,
	};
	enum err err = err_set(text, gather(&g, source, facts->notes, &of), "out of memory");

	if (err == ERR_OK) {
		of.entries = g.entries;
		of.count = g.count;
		err = receipts_put(receipts, &of, text);
	}
	free_gathered(&g);
	return err;
}

static enum err put_all(struct receipts *receipts, const struct facts *facts, struct err_text *text)
{
	const struct policy *policy = facts->snapshot->policy;
	const char **names = calloc(POLICY_PLACES, sizeof(*names));
	size_t count = 0;
	enum err err = ERR_OK;

	if (!names)
		return err_set(text, ERR_NOMEM, "out of memory");
	for (unsigned int i = policy_first_place(policy); err == ERR_OK && i < POLICY_PLACES;
	     i = policy_next_place(policy, i)) {
		if (!is_wanted(facts->snapshot, i))
			continue;
		names[count++] = policy->lists[i].name;
		err = put_list(receipts, facts, i, text);
	}
	if (err == ERR_OK)
		err = receipts_keep_lists(receipts, names, count, facts->in_force_s,
					  "the list is no longer configured", text);
	free(names);
	return err;
}

void acknowledge(const struct snapshot *snapshot, const struct load_result *result,
		 const struct notes *notes, uint64_t in_force_s)
{
	const struct facts facts = {snapshot, result, notes, in_force_s};
	const char *directory = snapshot->conf->state.directory;
	uint64_t start_ms = clock_ms();
	struct receipts *receipts;
	struct err_text text;
	enum err err;

	if (!*directory)
		return;
	err = receipts_open(directory, true, &receipts, &text);
	if (err == ERR_OK) {
		err = put_all(receipts, &facts, &text);
		receipts_close(receipts);
	}
	if (err != ERR_OK)
		log_error("receipts: not written, of what is in force since the last load: %s",
			  text.text);
	else
		log_debug("receipts: written in %u ms", (unsigned int)(clock_ms() - start_ms));
}
