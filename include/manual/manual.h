/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said by command while the daemon runs: names that are blocked or let pass, lists that are
 * not asked for a while.  Each has an end or none, and the ticket it was said under.
 *
 * A value of the caller's: plain data, of which the caller sees to it that one thread at a time
 * writes.
 */
#ifndef MANUAL_MANUAL_H
#define MANUAL_MANUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"
#include "match/policy.h"

#define MANUAL_MAX 4096U      /* entries; more are refused */
#define MANUAL_TICKET_MAX 65U /* with the NUL */
#define MANUAL_BY_MAX 32U

/* X(kind, word): what an entry says. */
#define MANUAL_KINDS(X)                                                                            \
	X(MANUAL_BLOCK, "block")       /* a name, and all below it */                              \
	X(MANUAL_PASS, "unblock")      /* likewise */                                              \
	X(MANUAL_LIST_OFF, "list-off") /* the list is not asked */

#define MANUAL_ENUM(kind, word) kind,
enum manual_kind { MANUAL_KINDS(MANUAL_ENUM) MANUAL_KIND_COUNT };
#undef MANUAL_ENUM

struct manual_entry {
	enum manual_kind kind;
	struct name name;		 /* lower case; of the first two kinds */
	char list[POLICY_LIST_NAME_MAX]; /* of the last; else "" */
	uint64_t since_s;		 /* Unix time */
	uint64_t until_s;		 /* 0: for ever */
	char ticket[MANUAL_TICKET_MAX];	 /* UTF-8 without control characters; may be "" */
	char by[MANUAL_BY_MAX];		 /* who said it, in words of our own */
	bool held;			 /* the guard keeps it out of force: see manual_compile */
};

struct manual {
	size_t count;
	struct manual_entry *entries; /* owned; in the order they were said */
};

void manual_free(struct manual *manual);

/* Copies `from` into `ret_manual`, which is overwritten.  ERR_NOMEM. */
enum err manual_copy(const struct manual *from, struct manual *ret_manual) MUST_CHECK;

/* Adds a copy of `entry`, in the place of one of the same kind about the same, if there is one.
 * ERR_RANGE: there are MANUAL_MAX.  ERR_NOMEM. */
enum err manual_put(struct manual *manual, const struct manual_entry *entry) MUST_CHECK;

/* Removes what is of the kind of `entry` and about the same.  ERR_NOTFOUND. */
enum err manual_remove(struct manual *manual, const struct manual_entry *entry) MUST_CHECK;

/* manual_put, or manual_remove to take back, with `text` where that fails. */
enum err manual_change(struct manual *manual, const struct manual_entry *entry, bool take_back,
		       struct err_text *text) MUST_CHECK;

/* Removes what has ended at `now_s`, calling `tell` (may be NULL) for each; returns how many. */
typedef void manual_tell_fn(void *arg, const struct manual_entry *entry);
size_t manual_expire(struct manual *manual, uint64_t now_s, manual_tell_fn *tell, void *arg);

/* When the next one ends; UINT64_MAX: none ever does. */
uint64_t manual_next_s(const struct manual *manual);

size_t manual_count(const struct manual *manual, enum manual_kind kind);

/* The word of the kind. */
const char *manual_word(enum manual_kind kind);

/* What the entry is about, the name or the list, as text; returns `buf`. */
const char *manual_subject(const struct manual_entry *entry, char buf[NAME_TEXT_MAX]);

/* True for a ticket that can be kept: it fits, and has no control characters. */
bool manual_is_ticket(const char *text);

#endif
