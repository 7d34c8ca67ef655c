/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set of listed names: exact, frozen, asked by suffix.
 *
 * A builder takes rules, list after list, and is frozen into a `domset` that never changes again
 * and may be read by any thread without a lock.  A rule is an owner name, a scope, a list, and
 * the line of its source.  Names are stored and compared, never only their hashes; the hash is
 * keyed, so that nobody can choose names that fall together.
 *
 * A list is known by its index, which the caller gives; what an index means is the caller's.
 *
 * Beside names a list may have patterns (pattern/pattern.h), which are asked along with them.  A
 * pattern names no owner: one that is an exception is as good as an exception of the very name, and
 * one that blocks gives way to every other rule of its list.
 */
#ifndef SET_DOMSET_H
#define SET_DOMSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"
#include "dns/typeset.h"
#include "pattern/pattern.h"
#include "pattern/patternset.h"

#define DOMSET_LISTS_MAX 4100U /* lists of a set: indices 0..4099 */
/* Distinct kinds of a list, of which one mostly uses one to four; and of all lists of a set. */
#define DOMSET_KINDS_MAX 255U
#define DOMSET_CLASSES_MAX 32768U

/* What a rule covers, as bits. */
enum domset_scope {
	DOMSET_SCOPE_ITSELF = 1,
	DOMSET_SCOPE_BELOW = 2,
	DOMSET_SCOPE_BOTH = 3,
};

/* What is answered for a rule's names. */
enum domset_answer {
	DOMSET_ANSWER_LIST, /* what the list says */
	DOMSET_ANSWER_NXDOMAIN,
	DOMSET_ANSWER_NODATA,
	DOMSET_ANSWER_REFUSED,
	DOMSET_ANSWER_DROP,
	DOMSET_ANSWER_PASS,
	DOMSET_ANSWER_TCP_ONLY,
	DOMSET_ANSWER_DATA,    /* records of the rule's own, which its data number tells */
	DOMSET_ANSWER_NOTHING, /* none: of an exception that names behind the name do not share */
	DOMSET_ANSWER_COUNT
};

/* What a rule says, its owner and its list aside. */
struct domset_kind {
	uint8_t scope;	/* enum domset_scope */
	bool exception; /* the rule lifts the list for the names it covers */
	bool important; /* the rule beats those not important, however specific */
	uint8_t answer; /* enum domset_answer */
	uint32_t types; /* of questions that the rule is for (dns/typeset.h); 0: for all */
};

/* A rule as told to a person. */
struct domset_rule {
	struct domset_kind kind;
	uint16_t list;
	uint32_t line; /* in the list's source, from 1 */
	uint32_t data; /* the number that the caller gave with it; 0: none */
	struct name owner;
	struct pattern *pattern; /* the rule is one; NULL: it has an owner */
};

/* True for a rule by which what it covers is not blocked: an exception, or one that lets pass. */
static inline bool domset_kind_lifts(const struct domset_kind *kind)
{
	return kind->exception || kind->answer == DOMSET_ANSWER_PASS ||
	       kind->answer == DOMSET_ANSWER_TCP_ONLY;
}

/* What a rule is for, as a person reads it: its owner, or its pattern.  In `buf`, or as long as the
 * pattern is held. */
const char *domset_rule_text(const struct name *owner, const struct pattern *pattern,
			     char buf[NAME_TEXT_MAX]);

/* The strongest rule of one list for a name. */
struct domset_hit {
	uint32_t record; /* for domset_rule(); good as long as the set is */
	uint16_t list;
	uint8_t owner_labels; /* of the rule's owner, of a pattern the name's: 0 the root, 1 "com"
			       */
	uint8_t scope;	      /* enum domset_scope */
	bool exception;
	bool important;
	uint8_t answer; /* enum domset_answer */
};

/*
 * One hit a list, in ascending order of the list index, in the caller's memory.  `count` may be
 * more than there is `room` for: then the hits are of no use, and the caller looks up again with
 * room for DOMSET_LISTS_MAX, which is always enough.
 */
struct domset_hits {
	uint32_t count;
	uint32_t room;
	struct domset_hit *hit;
};

struct domset_builder;
struct domset;

/* Where a builder stood; plain data, good for the builder it was taken from. */
struct domset_mark {
	size_t arena_bytes;
	uint32_t records;
	uint32_t checkpoints;
	uint32_t last_line;
	uint32_t patterns;
	uint16_t suffixes;
	uint16_t classes;
	uint16_t lists;
	bool at_list_start;
};

/*
 * An empty builder, whose set will hash with `key`.  One thread at a time.  ERR_NOMEM.
 */
enum err domset_builder_create(const struct hash_key *key,
			       struct domset_builder **ret_builder) MUST_CHECK;
void domset_builder_free(struct domset_builder *builder);

/* Has the set take less memory, about three fifths, for a freezing that takes longer and look-ups
 * that take more instructions where a name is found (set/phrase.h); or not, as at first. */
void domset_builder_compact(struct domset_builder *builder, bool compact);

/*
 * Begins list `list`: the rules added from here on are its own.  A list is begun once, unless
 * it was rolled back.  ERR_RANGE when `list` is not below DOMSET_LISTS_MAX, ERR_EXISTS when it
 * was begun before.
 */
enum err domset_builder_begin(struct domset_builder *builder, unsigned int list) MUST_CHECK;

/*
 * Adds a rule to the list begun last.  `owner` is in lower case.  `line` is not below the line
 * of the list's rule before.  A rule that is there already (same owner, list and kind) may be
 * added: it is found and counted when the set is frozen.
 * ERR_NOMEM (out of memory, or the rules take 4 GiB), ERR_REFUSED (over DOMSET_KINDS_MAX of the
 * list or DOMSET_CLASSES_MAX),
 * ERR_RANGE (no list was begun, a line that goes back, or a kind without a scope); then nothing
 * was added.
 */
enum err domset_builder_add(struct domset_builder *builder, const struct name *owner,
			    const struct domset_kind *kind, uint32_t line) MUST_CHECK;

/*
 * As domset_builder_add, of a rule with a number of the caller's.  Of two such rules of an owner,
 * list and kind the first holds, but with DOMSET_ANSWER_DATA the later one.
 */
enum err domset_builder_add_data(struct domset_builder *builder, const struct name *owner,
				 const struct domset_kind *kind, uint32_t data,
				 uint32_t line) MUST_CHECK;

/* A spelt owner, and how many octets behind it may be read. */
#define DOMSET_SPELT_MAX (8U + NAME_WIRE_MAX)
#define DOMSET_SPELT_PAD 32U

/*
 * Spells an owner as its record will have it, into DOMSET_SPELT_MAX + DOMSET_SPELT_PAD octets, and
 * returns how many it takes.  Any thread, while the builder's thread adds rules, but not while it
 * goes back to a mark or freezes.
 */
size_t domset_builder_spell(const struct domset_builder *builder, const struct name *owner,
			    uint8_t *out);

/* Adds a rule, as domset_builder_add, whose owner was spelt in `len` octets for this builder, which
 * did not go back since then.  What comes of it is the same. */
enum err domset_builder_add_spelt(struct domset_builder *builder, const uint8_t *spelt, size_t len,
				  const struct domset_kind *kind, uint32_t line) MUST_CHECK;

/* The owner that was spelt so. */
void domset_builder_read(const struct domset_builder *builder, const uint8_t *spelt,
			 struct name *ret_owner);

/* The record of the rule that would be added next, good for the builder alone. */
uint32_t domset_builder_next(const struct domset_builder *builder);

/*
 * The rule of such a record, without its line; returns the record of the one added after it, or
 * domset_builder_next when that is the last.
 */
uint32_t domset_builder_rule(const struct domset_builder *builder, uint32_t record,
			     struct domset_rule *ret_rule);

/*
 * Adds the rule, which is a pattern, to the list begun last, which takes a reference of its own.
 * What the rule says of the list, the owner and the scope does not matter, nor where the line
 * stands among those of names.
 * ERR_NOMEM; ERR_REFUSED and ERR_RANGE as patternset_add, ERR_RANGE as above, and ERR_EXISTS: too
 * many kinds.
 */
enum err domset_builder_add_pattern(struct domset_builder *builder,
				    const struct domset_rule *rule) MUST_CHECK;

/*
 * Marks the builder's state, and goes back to it: rules and lists since then are as if never
 * added.  A list refused half way is taken out like so: mark, begin, add ..., rollback.
 */
struct domset_mark domset_builder_mark(const struct domset_builder *builder);
void domset_builder_rollback(struct domset_builder *builder, const struct domset_mark *mark);

/* Asked of each rule that is carried over: false leaves it out; its kind and its
 * data may be changed. */
struct domset_filter {
	bool (*takes)(void *arg, struct domset_rule *rule);
	void *arg;
};

/*
 * Begins list `list` and carries the rules of `old`'s list `old_list` over to it, with their
 * line numbers and without duplicates: the last good rules of a list that cannot be loaded now.
 * Those that `filter` (NULL: takes all) takes.  A list that `old` does not have gives none.  Errors
 * as of begin and add; then the caller rolls back.
 */
enum err domset_builder_copy_list(struct domset_builder *builder, const struct domset *old,
				  unsigned int old_list, unsigned int list,
				  const struct domset_filter *filter) MUST_CHECK;

/* Called for each rule of a list that is there already, when the set is frozen. */
typedef void domset_again_fn(void *arg, unsigned int list, uint32_t line, const struct name *owner);

/* Has `again` called; of patterns it is not told. */
void domset_builder_tell_again(struct domset_builder *builder, domset_again_fn *again, void *arg);

/*
 * Freezes the builder's rules.  The builder is empty afterwards (and still to be freed) when
 * ERR_OK is returned, and unchanged when not.  ERR_NOMEM.
 */
enum err domset_builder_freeze(struct domset_builder *builder, struct domset **ret_set) MUST_CHECK;
void domset_free(struct domset *set);

/* The key that names are to be hashed with before they are looked up. */
const struct hash_key *domset_key(const struct domset *set);

/*
 * Ask the processor to bring in what domset_lookup will read: first the places in the table,
 * then, when those are there, the rules themselves.  For a batch of queries: domset_prefetch
 * for all, domset_prefetch_rules for all, domset_lookup for all.  Either may be left out.
 * Any thread.
 */
void domset_prefetch(const struct domset *set, const struct name_suffixes *suffixes);
void domset_prefetch_rules(const struct domset *set, const struct name_suffixes *suffixes);

/*
 * For each list, the strongest of its rules that cover `name` and are for one of `types`: an
 * important one before one that is not, then the most specific owner, then an exception before a
 * block, then what has an answer of its own before what has the list's, then the first line.
 * `name` is in lower case; `suffixes` are its own, hashed with domset_key().  `hits` has room for
 * some, and gets its count.  No list is ever left out.  No allocation, no lock, any thread.
 */
void domset_lookup(const struct domset *set, const struct name *name,
		   const struct name_suffixes *suffixes, uint32_t types, struct domset_hits *hits);

/*
 * The same of all names below `name` that lie below no other owner.  Patterns are not asked: which
 * of these names they match cannot be told.
 */
void domset_lookup_below(const struct domset *set, const struct name *name,
			 const struct name_suffixes *suffixes, uint32_t types,
			 struct domset_hits *hits);

/* The types that rules are for, of those that are not for all; 0: they are all for any. */
uint32_t domset_types(const struct domset *set);

/* Divides `parts` by the types that the set's rules, patterns among them, tell apart. */
void domset_divide_types(const struct domset *set, struct typeset_parts *parts);

/* The number of patterns of all lists, and one of them; its owner is the root. */
uint32_t domset_patterns(const struct domset *set);
void domset_pattern(const struct domset *set, uint32_t index, struct domset_rule *ret_rule);

/*
 * The rule of `record`, which came from a hit or an iterator of this very set.  Takes about a
 * microsecond: the line is counted from a checkpoint.  Any thread.
 */
void domset_rule(const struct domset *set, uint32_t record, struct domset_rule *ret_rule);

/* The number that the rule of a hit's record was added with; 0: it has none.  Any thread. */
uint32_t domset_data(const struct domset *set, uint32_t record);

/* Distinct rules of a list, and those that were given more than once. */
struct domset_count {
	uint32_t rules;
	uint32_t duplicates;
};

/* `list` may be any number; a list that the set does not have counts nothing. */
struct domset_count domset_count(const struct domset *set, unsigned int list);
struct domset_count domset_count_all(const struct domset *set);

/* True when the list has rules by which something is not blocked. */
bool domset_has_exceptions(const struct domset *set, unsigned int list);

/*
 * Walks all rules that are no patterns in the order they were added, without duplicates.  The
 * caller's memory; several may walk at once.
 */
struct domset_iter {
	const struct domset *set;
	uint32_t record; /* of the rule returned last */
	uint32_t next;
	uint32_t line;
	int32_t list;
};

void domset_iter_init(struct domset_iter *iter, const struct domset *set);

/* Begins at the first rule of `list` (the lists behind it come after), or at the end. */
void domset_iter_init_list(struct domset_iter *iter, const struct domset *set, unsigned int list);

/* Sets `ret_rule` and returns true, or returns false at the end. */
bool domset_iter_next(struct domset_iter *iter, struct domset_rule *ret_rule);

#endif
