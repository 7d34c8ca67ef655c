/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receipts: of each entry of an order, when it came, when it was in force on every worker, when it
 * left, or why it is not in force.  For whoever has ordered it.
 *
 * They are kept in a database of their own (receipts.db of the state directory), over restarts.  A
 * list has a receipt as a whole, of each of its versions, and, unless it is longer than
 * RECEIPT_ENTRIES_MAX, one for each entry.  What is over is kept as long as there are no more than
 * RECEIPT_PAST_MAX such receipts of the list; then the oldest ones go.
 */
#ifndef RECEIPT_RECEIPT_H
#define RECEIPT_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define RECEIPT_FILE "receipts.db"
#define RECEIPT_LET_PASS "let pass by command" /* why an entry has left, and is not in force */
#define RECEIPT_ENTRIES_MAX 1000000U /* of a list; of a longer one there are none for each */
#define RECEIPT_PAST_MAX 1000000U
#define RECEIPT_PAGE 5000U	 /* receipts that are read at once */
#define RECEIPT_ASKED_MAX 10000U /* new entries of a list that are asked for at once */

/* X(state, word): what became of an entry. */
#define RECEIPT_STATES(X)                                                                          \
	X(RECEIPT_IN_FORCE, "in force")                                                            \
	X(RECEIPT_WAITS, "waits")	  /* the list is not in force: its order has not begun */  \
	X(RECEIPT_AGAIN, "already there") /* the same entry stands in a line before */             \
	X(RECEIPT_HELD, "held back")	  /* by the over-block gate */                             \
	X(RECEIPT_MALFORMED, "malformed")                                                          \
	X(RECEIPT_SKIPPED, "skipped") /* a valid line that is no rule for whole hosts */           \
	X(RECEIPT_REFUSED, "refused") /* the whole list; what it had before stays */               \
	X(RECEIPT_PASSED, "let pass") /* by command: unblock, where the list is not mandatory */

#define RECEIPT_ENUM(state, word) state,
enum receipt_state { RECEIPT_STATES(RECEIPT_ENUM) RECEIPT_STATE_COUNT };
#undef RECEIPT_ENUM

/* What stands in a list now; the texts are the caller's. */
struct receipt_entry {
	const char *entry; /* "": the list as a whole */
	uint32_t line;	   /* of its file; 0: none */
	enum receipt_state state;
	uint64_t entries;   /* of the whole; else 1 */
	const char *reason; /* why it is not in force; "": it is */
	const char
		*ticket; /* what the row of a table says that it is known by; "" or NULL: nothing */
};

/* Tells what a client is answered who asks for the entry, in `buf`; "": it cannot be asked for. */
typedef const char *receipt_ask_fn(void *arg, const char *entry, char *buf, size_t size);

/* A list, and all that stands in it. */
struct receipt_list {
	const char *name;
	const char *case_id;	       /* of the order; may be "" */
	struct receipt_entry *entries; /* in any order; is sorted, and may have some twice */
	size_t count;
	uint64_t came_s;     /* Unix time: when it was read */
	uint64_t in_force_s; /* when every worker had it */
	const char *left;    /* why entries have left that are not there any more */
	bool unread;	     /* only what is in force is known: receipts of the rest stay */
	receipt_ask_fn *ask; /* NULL: nobody is asked */
	void *ask_arg;
};

/* As it is kept.  Texts are valid during the call that is handed it. */
struct receipt {
	uint64_t number; /* rises; a receipt keeps its own */
	const char *list;
	const char *case_id;
	const char *entry; /* "": the list as a whole */
	uint32_t line;
	uint64_t entries;
	enum receipt_state state;
	uint64_t came_s;
	uint64_t in_force_s;  /* 0: it is not, and was not */
	uint64_t left_s;      /* 0: it has not */
	const char *reason;   /* why it is not in force; "": it is */
	const char *answered; /* what a client was answered then; "": nobody has asked */
	const char *ticket;   /* of the entry's row; "": it has none */
};

struct receipts;

/* Opens the store of `directory`, or makes it when `write`.  ERR_NOTFOUND: there is none.  ERR_SYS,
 * ERR_NOMEM, with `text`.  Used by one thread; each opens its own. */
enum err receipts_open(const char *directory, bool write, struct receipts **ret_receipts,
		       struct err_text *text) MUST_CHECK;
void receipts_close(struct receipts *receipts); /* NULL is fine */

/* What stands in `list` now: receipts begin and end by that, in one transaction.  Reads as many
 * receipts as the list has, and writes those that change.  ERR_SYS, ERR_NOMEM, with `text`; then
 * nothing has changed.  Blocks. */
enum err receipts_put(struct receipts *receipts, struct receipt_list *list,
		      struct err_text *text) MUST_CHECK;

/* All lists but those of `names` are there no more since `now_s`, for the reason `left`.  As
 * receipts_put. */
enum err receipts_keep_lists(struct receipts *receipts, const char *const *names, size_t count,
			     uint64_t now_s, const char *left, struct err_text *text) MUST_CHECK;

/* Calls `each` for the receipts of `list` (NULL: of all) with a number above `after`, at most
 * RECEIPT_PAGE of them, by number.  ERR_SYS with `text`. */
typedef void receipt_fn(void *arg, const struct receipt *receipt);
enum err receipts_each(struct receipts *receipts, const char *list, uint64_t after,
		       receipt_fn *each, void *arg, struct err_text *text) MUST_CHECK;

/* Calls `each` for the receipts of any of `entries`, a JSON array of texts, that were in force at
 * Unix time `at_s`.  Reads all receipts.  ERR_SYS with `text`. */
enum err receipts_at(struct receipts *receipts, const char *entries, uint64_t at_s,
		     receipt_fn *each, void *arg, struct err_text *text) MUST_CHECK;

/* When the first receipt came that is kept: what was in force before cannot be told; 0: there is
 * none.  ERR_SYS with `text`. */
enum err receipts_began(struct receipts *receipts, uint64_t *ret_s,
			struct err_text *text) MUST_CHECK;

/* Writes the names of the columns, and a receipt, as CSV (RFC 4180; no spreadsheet takes what
 * stands there for a formula), or the receipt as a JSON object of one line, by json_dumps. */
void receipt_csv_head(FILE *out);
void receipt_csv(FILE *out, const struct receipt *receipt);
struct json_t *receipt_json(const struct receipt *receipt);

#endif
