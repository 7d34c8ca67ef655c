/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the lists, looked for among the hashes that are stored.  All names are gone through,
 * whenever other lists are in force, and not only those that are new: a name that was listed when
 * somebody asked for it was not written down, so what is found was asked for before.  The hashes
 * are read a million at a time; the names are gone through in slices, for each of which the lists
 * are held for less than a millisecond.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "dns/wire.h"
#include "hunt/hunter.h"

#define REST_MS 250U
#define SETTLE_MS 5000U /* at most, until what was asked before the lists came is written */
#define SETTLED 2U	/* times that all was written */
#define PLACES (1U << 21)
#define HASHES_MAX (PLACES / 2)
#define SLICE 1024U /* rules */
#define QUARRY_MAX 4096U
#define TURN 4096U /* hashes read between two turns of others */

/* Which rules are gone through. */
enum walked { WALKED_LISTS, WALKED_COMMANDS, WALKED_ALL };

struct search {
	struct hunt *hunt;
	uint64_t generation;
	bool stale; /* other lists are in force */

	uint32_t days[DAYS_MAX];
	size_t day_count;
	size_t next_day; /* whose hashes are read next, and from which on */
	int64_t next_hash;
	uint64_t hashes; /* of all days */

	uint64_t *places; /* hashes of this turn; 0: none */
	uint32_t count;
	bool has_zero;

	enum walked walked;
	bool begun;
	struct domset_iter iter;
	uint64_t names;
	struct quarry *quarry; /* QUARRY_MAX */
	size_t quarry_count;
	uint64_t found;
};

/* ---- the hashes of a turn */

static void put(struct search *s, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (PLACES - 1);

	if (hash == 0) {
		s->has_zero = true;
		return;
	}
	while (s->places[i] && s->places[i] != hash)
		i = (i + 1) & (PLACES - 1);
	s->count += s->places[i] == 0;
	s->places[i] = hash;
}

static bool has(const struct search *s, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (PLACES - 1);

	if (hash == 0)
		return s->has_zero;
	while (s->places[i] && s->places[i] != hash)
		i = (i + 1) & (PLACES - 1);
	return s->places[i] == hash;
}

static bool on_hash(void *arg, uint64_t hash)
{
	struct search *s = arg;

	if (s->count == HASHES_MAX) {
		s->next_hash = (int64_t)hash;
		return false;
	}
	put(s, hash);
	if (++s->hashes % TURN == 0)
		priority_give_way();
	return !s->hunt->searcher.ending;
}

/* Reads of a day's hashes what there is room for.  False: there was none for all of them. */
static bool read_day(struct search *s, uint32_t number)
{
	int64_t from = s->next_hash;
	char path[PATH_MAX];
	struct err_text text;
	struct day *day = NULL;
	enum err err;

	s->next_hash = INT64_MIN;
	err = day_open(days_path(s->hunt->folder, number, path), DAY_READ, &day, &text);
	if (err == ERR_OK)
		err = day_each_hash(day, from, on_hash, s, &text);
	day_close(day);
	if (err != ERR_OK && err != ERR_NOTFOUND)
		log_limited(LOG_LEVEL_ERROR, "hunt: not searched: %s", text.text);
	return s->next_hash == INT64_MIN;
}

/* The next hashes; false: there are no more. */
static bool read_hashes(struct search *s)
{
	memset(s->places, 0, PLACES * sizeof(*s->places));
	s->has_zero = false;
	s->count = 0;
	while (s->next_day < s->day_count && !s->hunt->searcher.ending &&
	       read_day(s, s->days[s->next_day]))
		s->next_day++;
	return s->count > 0 || s->has_zero;
}

/* ---- the names of the lists */

/* The name that a rule is asked with: its owner, or where it is for what lies below alone, one
 * there; false: there is none so short. */
static bool probe_of(const struct domset_rule *rule, struct name *ret_name)
{
	*ret_name = rule->owner;
	if (rule->kind.scope & DOMSET_SCOPE_ITSELF)
		return true;
	if (rule->owner.len + 2U > NAME_WIRE_MAX)
		return false;
	memmove(ret_name->wire + 2, rule->owner.wire, rule->owner.len);
	ret_name->wire[0] = 1;
	ret_name->wire[1] = 0; /* no list can write that */
	ret_name->len = (uint8_t)(rule->owner.len + 2);
	return true;
}

/* True when the list decides on the name that the rule is for, or logs it, so that who asks for it
 * now is a finding, and who asked without that list is not one yet. */
static bool is_sought(const struct policy *policy, const struct domset_rule *rule)
{
	const struct policy_list *list = &policy->lists[rule->list];
	struct name_suffixes suffixes;
	struct name name;
	struct verdict v;

	if (!list->findings || domset_kind_lifts(&rule->kind) || rule->kind.types != 0 ||
	    rule->owner.len == 1 || !probe_of(rule, &name))
		return false;
	name_hash_suffixes(domset_key(policy->set), &name, &suffixes);
	v = policy_match(policy, &name, &suffixes, TYPE_A, POLICY_NO_LEAVE);
	return (v.matched && v.list == rule->list && v.action != ACTION_PASS) ||
	       (v.logged & list->bit);
}

static void look_for(struct search *s, const struct policy *policy, const struct domset_rule *rule)
{
	uint64_t hash = hunt_hash_of(&s->hunt->hash, rule->owner.wire, rule->owner.len);
	struct quarry *q = &s->quarry[s->quarry_count];

	s->names++;
	if (!has(s, hash) || !is_sought(policy, rule))
		return;
	*q = (struct quarry){.name = rule->owner, .scope = rule->kind.scope, .hash = hash};
	memcpy(q->list, policy->lists[rule->list].name, sizeof(q->list));
	s->quarry_count++;
}

static const struct domset *set_of(const struct policy *policy, enum walked walked)
{
	if (walked == WALKED_LISTS)
		return policy->set;
	return policy->manual ? policy->manual->set : NULL;
}

/* Goes on to the rules that come next. */
static void begin_walk(struct search *s, const struct policy *policy)
{
	const struct domset *set = set_of(policy, s->walked);

	s->begun = set != NULL;
	if (set)
		domset_iter_init(&s->iter, set);
	else
		s->walked++;
}

static void walk(void *arg, const struct policy *policy, uint64_t generation)
{
	struct search *s = arg;
	struct domset_rule rule;

	s->stale = generation != s->generation;
	for (unsigned int i = 0;
	     i < SLICE && !s->stale && s->walked < WALKED_ALL && s->quarry_count < QUARRY_MAX;
	     i++) {
		if (!s->begun) {
			begin_walk(s, policy);
		} else if (domset_iter_next(&s->iter, &rule)) {
			look_for(s, policy, &rule);
		} else {
			s->begun = false;
			s->walked++;
		}
	}
}

static void tell(struct search *s)
{
	s->found += hunt_tell(s->hunt, s->days, s->day_count, s->quarry, s->quarry_count);
	s->quarry_count = 0;
}

/* Looks for all names among the hashes that were read.  False: to be given up. */
static bool search_turn(struct search *s)
{
	struct hunt *h = s->hunt;

	s->walked = WALKED_LISTS;
	s->begun = false;
	s->names = 0;
	while (s->walked < WALKED_ALL && !s->stale && !h->searcher.ending) {
		h->lists(h->daemon, walk, s);
		priority_give_way();
		if (s->quarry_count == QUARRY_MAX)
			tell(s);
	}
	tell(s);
	return !s->stale && !h->searcher.ending;
}

/* ---- the thread */

static void tell_end(const struct search *s)
{
	if (s->found == 0)
		return;
	log_notice(
		"hunt: of %llu listed names and %llu hashes of names asked for, at most %.1g are "
		"expected to be the same by chance",
		(unsigned long long)s->names, (unsigned long long)s->hashes,
		hunt_hash_false(s->hunt->hash.bits, s->names, s->hashes));
}

static void search(struct hunt *h, uint64_t generation)
{
	struct search *s = calloc(1, sizeof(*s));
	bool whole = true;

	if (s) {
		s->places = malloc(PLACES * sizeof(*s->places));
		s->quarry = malloc(QUARRY_MAX * sizeof(*s->quarry));
	}
	if (s && s->places && s->quarry) {
		s->hunt = h;
		s->generation = generation;
		s->next_hash = INT64_MIN;
		s->day_count = days_list(h->folder, s->days);
		while (whole && read_hashes(s))
			whole = search_turn(s);
		tell_end(s);
	} else {
		log_error("hunt: out of memory: the lists are not searched for");
	}
	if (whole)
		h->searched = generation;
	if (s) {
		free(s->places);
		free(s->quarry);
	}
	free(s);
}

static void note_generation(void *arg, const struct policy *policy, uint64_t generation)
{
	uint64_t *now = arg;

	(void)policy;
	*now = generation;
}

/* What was asked before the lists came is written first. */
static void settle(const struct hunt *h)
{
	uint64_t until = h->written_until + SETTLED;
	uint64_t end_ms = clock_ms() + SETTLE_MS;

	while (h->written_until < until && clock_ms() < end_ms && !h->searcher.ending)
		hunt_thread_rest(&h->searcher, REST_MS);
}

void *hunt_seek(void *arg)
{
	struct hunt *h = arg;
	uint64_t recoveries = 0;
	uint64_t now = 0;

	priority_step_back();
	while (!h->searcher.ending) {
		h->lists(h->daemon, note_generation, &now);
		if (now != h->searched || h->recoveries != recoveries) {
			recoveries = h->recoveries;
			settle(h);
			search(h, now);
		}
		hunt_thread_rest(&h->searcher, REST_MS);
	}
	return NULL;
}
