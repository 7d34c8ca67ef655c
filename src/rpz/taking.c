/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/taking.h"

#include "dns/wire.h"
#include "rpz/cuts.h"

/* ---- sets */

static bool is_scratch(enum trigger kind)
{
	return kind >= TRIGGER_ADDRESS;
}

static void set_init(struct taking_set *set, struct domset_builder *builder,
		     const struct hash_key *key)
{
	set->builder = builder;
	set->rules.first = domset_builder_next(builder);
	set->owners.key = key;
	set->owners.builder = builder;
}

enum err taking_init(struct taking *t, const struct rpz_options *options,
		     struct list_report *report)
{
	struct localdata_record cname = {.type = TYPE_CNAME, .ttl_s = options->ttl_s};
	struct localdata_draft *draft = &t->pending.draft;

	t->options = options;
	t->report = report;
	set_init(&t->sets[TRIGGER_NAME], options->rules->names, options->key);
	set_init(&t->sets[TRIGGER_SERVER], options->rules->servers, options->key);
	if (!options->cname)
		return ERR_OK;
	cname.rdata = options->cname->wire;
	cname.rdlen = options->cname->len;
	localdata_begin(draft);
	if (localdata_add(draft, &cname) != ERR_OK)
		return ERR_NOMEM;
	return localdata_put(options->rules->data, draft, &t->cname);
}

/* The set of a kind, which is made when the first rule of addresses comes. */
static enum err set_of(struct taking *t, enum trigger kind, struct taking_set **ret_set)
{
	struct taking_set *set = &t->sets[kind];
	struct domset_builder *builder;
	enum err err = ERR_OK;

	*ret_set = set;
	if (set->builder)
		return ERR_OK;
	err = domset_builder_create(t->options->key, &builder);
	if (err != ERR_OK)
		return err;
	set_init(set, builder, t->options->key);
	return domset_builder_begin(builder, 0);
}

void taking_fini(struct taking *t)
{
	for (unsigned int kind = 0; kind < TRIGGER_COUNT; kind++) {
		owners_fini(&t->sets[kind].owners);
		ruled_fini(&t->sets[kind].rules);
		if (is_scratch(kind))
			domset_builder_free(t->sets[kind].builder);
	}
}

/* ---- rules */

static enum err add_rule(struct taking_set *set, const struct name *owner, uint64_t hash,
			 const struct domset_kind *kind, uint32_t data, uint32_t line)
{
	uint32_t record = domset_builder_next(set->builder);
	enum err err = domset_builder_add_data(set->builder, owner, kind, data, line);

	if (err == ERR_OK)
		err = owners_put(&set->owners, hash, owner, kind->scope, record);
	return err == ERR_OK ? ruled_note(&set->rules, record, owner, kind->scope) : err;
}

static const char *held_address(const struct taking *t, const struct prefix *prefix,
				const struct domset_kind *kind)
{
	const struct addrline_range range = addrline_range_of(prefix);

	if (!t->options->addrguard || domset_kind_lifts(kind))
		return NULL;
	return addrguard_entry(t->options->addrguard, &range);
}

/* True when the gate holds the rule.  Clients are whom the operator means. */
static bool is_held(struct taking *t, const struct zone_trigger *trigger,
		    const struct domset_kind *kind, uint32_t line)
{
	const char *held = NULL;
	char text[INET6_ADDRSTRLEN];

	if (trigger->kind < TRIGGER_ADDRESS && t->options->guard)
		held = guard_entry(t->options->guard, &trigger->name, kind,
				   t->options->allowed | GUARD_ALLOW_ROOT);
	else if (trigger->kind >= TRIGGER_ADDRESS && trigger->kind != TRIGGER_CLIENT)
		held = held_address(t, &trigger->prefix, kind);
	if (!held)
		return false;
	if (trigger->kind < TRIGGER_ADDRESS)
		report_held(t->report, line, held, &trigger->name);
	else
		report_held_text(t->report, line, held,
				 ip_text(&trigger->prefix.ip, text, sizeof(text)), strlen(text));
	return true;
}

/* The pending records become a rule. */
static enum err flush(struct taking *t)
{
	struct taking_pending *p = &t->pending;
	const struct domset_kind kind = {.scope = p->scope, .answer = DOMSET_ANSWER_DATA};
	const struct zone_trigger trigger = {
		.kind = p->kind, .name = p->owner, .prefix = p->prefix};
	struct taking_set *set = p->set;
	uint32_t data;
	enum err err;

	p->set = NULL;
	if (!set || p->draft.count == 0 || is_held(t, &trigger, &kind, p->line))
		return ERR_OK;
	t->report->entries += !p->late;
	err = localdata_put(t->options->rules->data, &p->draft, &data);
	return err == ERR_OK ? add_rule(set, &p->owner, p->hash, &kind, data, p->line) : err;
}

/* What an owner is in its set. */
struct place {
	struct taking_set *set;
	const struct name *owner;
	uint64_t hash;
	uint8_t scope;
};

/* A rule that says all by its kind. */
static enum err take_plain(struct taking *t, const struct taking_line *line,
			   const struct place *place, uint8_t answer, enum list_reason *reason)
{
	const struct domset_kind kind = {.scope = place->scope, .answer = answer};
	uint32_t record = owners_find(&place->set->owners, place->hash, place->owner, place->scope);
	struct domset_rule rule;

	if (record != OWNERS_NONE) {
		(void)domset_builder_rule(place->set->builder, record, &rule);
		if (rule.kind.answer != answer)
			*reason = LINE_CLASH;
		return ERR_OK;
	}
	if (!line->passes && is_held(t, line->trigger, &kind, line->number))
		return ERR_OK;
	t->report->entries++;
	return add_rule(place->set, place->owner, place->hash, &kind,
			answer == DOMSET_ANSWER_DATA ? t->cname : 0, line->number);
}

/* Has the pending records be those of the owner.  False: it has a rule of another kind. */
static bool begin_pending(struct taking *t, const struct taking_line *line,
			  const struct place *place)
{
	uint32_t record = owners_find(&place->set->owners, place->hash, place->owner, place->scope);
	struct taking_pending *p = &t->pending;
	struct domset_rule rule;

	localdata_begin(&p->draft);
	if (record != OWNERS_NONE) {
		(void)domset_builder_rule(place->set->builder, record, &rule);
		if (rule.kind.answer != DOMSET_ANSWER_DATA)
			return false;
		localdata_reopen(t->options->rules->data, rule.data, &p->draft);
	}
	p->set = place->set;
	p->kind = line->trigger->kind;
	p->owner = *place->owner;
	p->prefix = line->trigger->prefix;
	p->hash = place->hash;
	p->scope = place->scope;
	p->line = line->number;
	p->late = record != OWNERS_NONE;
	return true;
}

/* Beside a CNAME nothing stands (RFC 2181, 10.1). */
static bool clashes(const struct localdata_draft *draft, uint16_t type)
{
	return draft->count > 0 && (type == TYPE_CNAME || localdata_has(draft, TYPE_CNAME));
}

static uint32_t capped(const struct rpz_options *options, uint32_t ttl_s)
{
	return options->max_ttl_s > 0 && ttl_s > options->max_ttl_s ? options->max_ttl_s : ttl_s;
}

static bool is_pending(const struct taking_pending *p, const struct place *place)
{
	return p->set == place->set && p->scope == place->scope &&
	       name_equal(&p->owner, place->owner);
}

/* A record that is given. */
static enum err take_data(struct taking *t, const struct taking_line *line,
			  const struct place *place, enum list_reason *reason)
{
	const struct master_record *r = line->record;
	const struct localdata_record record = {r->type, r->rdlen, capped(t->options, r->ttl_s),
						r->rdata};
	struct taking_pending *p = &t->pending;
	enum err err = ERR_OK;

	if (!is_pending(p, place)) {
		err = flush(t);
		if (err != ERR_OK)
			return err;
		if (!begin_pending(t, line, place)) {
			*reason = LINE_CLASH;
			return ERR_OK;
		}
	}
	if (localdata_holds(&p->draft, &record))
		return ERR_OK;
	if (clashes(&p->draft, r->type))
		*reason = LINE_CLASH;
	else if (localdata_add(&p->draft, &record) != ERR_OK)
		*reason = LINE_CROWD;
	return ERR_OK;
}

/* In a mandatory zone a pass for clients, addresses or servers would undo a block of its own. */
static bool would_lift(const struct taking *t, enum trigger kind, uint8_t answer)
{
	return t->options->mandatory && kind != TRIGGER_NAME &&
	       (answer == DOMSET_ANSWER_PASS || answer == DOMSET_ANSWER_TCP_ONLY);
}

enum err taking_add(struct taking *t, const struct taking_line *line, bool *ret_taken,
		    enum list_reason *ret_reason)
{
	const struct zone_trigger *trigger = line->trigger;
	const uint8_t answer = t->cname			? DOMSET_ANSWER_DATA
			       : t->options->overridden ? DOMSET_ANSWER_LIST
							: line->answer;
	struct place place = {
		.scope = trigger->wildcard ? DOMSET_SCOPE_BELOW : DOMSET_SCOPE_ITSELF,
		.owner = &trigger->name,
	};
	struct name scratch;
	enum list_reason reason = LIST_REASON_COUNT;
	enum err err = set_of(t, trigger->kind, &place.set);

	if (err != ERR_OK)
		return err;
	if (would_lift(t, trigger->kind, answer)) {
		*ret_reason = LINE_LIFTS;
		*ret_taken = false;
		return ERR_OK;
	}
	if (is_scratch(trigger->kind)) {
		trigger_name_of(&trigger->prefix, &scratch);
		place.owner = &scratch;
	}
	place.hash = line->looked_at
			     ? line->hash
			     : owners_hash(name_hash(t->options->key, place.owner), place.scope);
	if (answer == DOMSET_ANSWER_DATA && !t->cname) {
		err = take_data(t, line, &place, &reason);
	} else {
		err = flush(t);
		if (err == ERR_OK)
			err = take_plain(t, line, &place, answer, &reason);
	}
	*ret_reason = reason;
	*ret_taken = reason == LIST_REASON_COUNT;
	return err;
}

void taking_prefetch(const struct taking *t, uint64_t hash)
{
	owners_prefetch(&t->sets[TRIGGER_NAME].owners, hash);
}

/* ---- the end */

/* Rules for addresses go to the set of prefixes. */
static enum err pour(struct taking *t, enum trigger kind)
{
	struct domset_iter iter;
	struct domset_rule rule;
	struct domset *set;
	enum err err;

	if (!t->sets[kind].builder)
		return ERR_OK;
	err = domset_builder_freeze(t->sets[kind].builder, &set);
	if (err != ERR_OK)
		return err;
	domset_iter_init(&iter, set);
	while (err == ERR_OK && domset_iter_next(&iter, &rule)) {
		const struct addrset_rule prefix = {
			.prefix = trigger_prefix_of(&rule.owner),
			.list = t->options->list,
			.line = rule.line,
			.data = rule.data,
			.answer = rule.kind.answer,
		};

		err = addrset_builder_add(t->options->rules->addresses[kind], &prefix);
	}
	domset_free(set);
	return err;
}

static enum err cut(struct taking *t, enum trigger kind, struct rpz_summary *summary)
{
	const struct taking_set *set = &t->sets[kind];

	if (t->options->nearest)
		return ERR_OK;
	return cuts_add(set->builder, &set->owners, &set->rules, t->report->lines, summary);
}

enum err taking_end(struct taking *t, struct rpz_summary *summary)
{
	enum err err = flush(t);

	if (err == ERR_OK)
		err = cut(t, TRIGGER_NAME, summary);
	if (err == ERR_OK)
		err = cut(t, TRIGGER_SERVER, summary);
	for (unsigned int kind = TRIGGER_ADDRESS; kind < TRIGGER_COUNT && err == ERR_OK; kind++)
		err = pour(t, kind);
	return err;
}
