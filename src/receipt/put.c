/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in a list, held against what is kept of it: both sorted, so that a list that has not
 * changed is read once, and nothing is written.
 */
#include <stdlib.h>
#include <string.h>

#include "receipt/store.h"

#define ANSWER_MAX 64U

/* Numbers that are gathered before anything is written. */
struct numbers {
	int64_t *of;
	size_t count;
	size_t room;
};

struct putting {
	struct receipts *receipts;
	struct receipt_list *list;
	int64_t id;		/* the list's */
	struct numbers gone;	/* receipts that end */
	struct numbers passed;	/* receipts that end since their entry is let pass by command */
	struct numbers new;	/* places among the entries of those that begin */
	struct numbers renamed; /* receipts that end since their entry has another ticket */
	struct numbers again;	/* the places of those entries */
	struct numbers named;	/* receipts whose entry has come to a ticket */
	struct numbers named_at;
	size_t asked;
	struct err_text *text;
};

static enum err add(struct numbers *numbers, int64_t number)
{
	size_t room = numbers->room ? numbers->room * 2 : 64;
	int64_t *of = numbers->of;

	if (numbers->count == numbers->room) {
		of = reallocarray(numbers->of, room, sizeof(*of));
		if (!of)
			return ERR_NOMEM;
		numbers->of = of;
		numbers->room = room;
	}
	of[numbers->count++] = number;
	return ERR_OK;
}

static int compare(const void *a, const void *b)
{
	const struct receipt_entry *x = a;
	const struct receipt_entry *y = b;
	int order = strcmp(x->entry, y->entry);

	return order != 0 ? order : (int)x->state - (int)y->state;
}

/* Sorts the entries, of which each is there once then: the first line of each. */
static void sort(struct receipt_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->entries, list->count, sizeof(*list->entries), compare);
	for (size_t i = 0; i < list->count; i++) {
		struct receipt_entry *last = kept > 0 ? &list->entries[kept - 1] : NULL;

		if (!last || compare(last, &list->entries[i]) != 0)
			list->entries[kept++] = list->entries[i];
		else if (list->entries[i].line < last->line)
			*last = list->entries[i];
	}
	list->count = kept;
}

/* ---- what has changed */

/* Where the row stands to the entry: before, at, or behind it. */
static int place(sqlite3_stmt *row, const struct receipt_entry *entry)
{
	const char *text = (const char *)sqlite3_column_text(row, 1);
	int order = strcmp(text ? text : "", entry->entry);

	return order != 0 ? order : (int)sqlite3_column_int64(row, 2) - (int)entry->state;
}

/* Of the whole list each version has a receipt. */
static bool is_same_whole(sqlite3_stmt *row, const struct receipt_entry *entry)
{
	const char *reason = (const char *)sqlite3_column_text(row, 4);

	return (uint64_t)sqlite3_column_int64(row, 3) == entry->entries && reason &&
	       strcmp(reason, entry->reason) == 0;
}

static const char *ticket_of(const struct receipt_entry *entry)
{
	return entry->ticket ? entry->ticket : "";
}

static enum err add_both(struct numbers *rows, int64_t id, struct numbers *places, size_t place)
{
	enum err err = add(rows, id);

	return err == ERR_OK ? add(places, (int64_t)place) : err;
}

/* The row is the entry's: it goes on, or ends and another begins.  One whose ticket was not known
 * goes on with it. */
static enum err meet_same(struct putting *p, sqlite3_stmt *row, size_t at)
{
	const struct receipt_entry *entry = &p->list->entries[at];
	const char *ticket = (const char *)sqlite3_column_text(row, 5);
	int64_t id = sqlite3_column_int64(row, 0);

	if (*entry->entry == '\0')
		return is_same_whole(row, entry) ? ERR_OK : add_both(&p->gone, id, &p->new, at);
	if (!ticket || strcmp(ticket, ticket_of(entry)) == 0)
		return ERR_OK;
	return *ticket ? add_both(&p->renamed, id, &p->again, at)
		       : add_both(&p->named, id, &p->named_at, at);
}

/* The row is none of the entries, of which the one at `at` would follow it. */
static enum err meet_none(struct putting *p, sqlite3_stmt *row, size_t at)
{
	const struct receipt_list *list = p->list;
	const char *text = (const char *)sqlite3_column_text(row, 1);
	int64_t id = sqlite3_column_int64(row, 0);
	int64_t state = sqlite3_column_int64(row, 2);

	if (state == RECEIPT_IN_FORCE && text && at < list->count &&
	    list->entries[at].state == RECEIPT_PASSED && strcmp(text, list->entries[at].entry) == 0)
		return add(&p->passed, id);
	if (list->unread && state > RECEIPT_WAITS && state != RECEIPT_PASSED)
		return ERR_OK;
	return add(&p->gone, id);
}

/* Holds a row against the entries from `at` on, of which it returns the next. */
static enum err meet(struct putting *p, sqlite3_stmt *row, size_t *at)
{
	const struct receipt_list *list = p->list;
	enum err err = ERR_OK;

	while (err == ERR_OK && *at < list->count && place(row, &list->entries[*at]) > 0)
		err = add(&p->new, (int64_t)(*at)++);
	if (err != ERR_OK)
		return err;
	if (*at == list->count || place(row, &list->entries[*at]) != 0)
		return meet_none(p, row, *at);
	return meet_same(p, row, (*at)++);
}

static enum err find_changes(struct putting *p)
{
	sqlite3_stmt *s =
		store_prepare(p->receipts, "SELECT id, entry, state, entries, reason, ticket"
					   " FROM receipt"
					   " WHERE list = ?1 AND left_s = 0 ORDER BY entry, state");
	enum err err = ERR_OK;
	int rc = SQLITE_ROW;
	size_t at = 0;

	if (!s)
		return store_fail(p->receipts, p->text);
	sqlite3_bind_int64(s, 1, p->id);
	while (err == ERR_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = meet(p, s, &at);
	while (err == ERR_OK && at < p->list->count)
		err = add(&p->new, (int64_t)at++);
	sqlite3_finalize(s);
	if (err != ERR_OK)
		return err_set(p->text, err, "out of memory");
	return rc == SQLITE_DONE ? ERR_OK : store_fail(p->receipts, p->text);
}

/* ---- written */

static const char *ask(struct putting *p, const struct receipt_entry *entry, char buf[ANSWER_MAX])
{
	if (!p->list->ask || !*entry->entry || entry->state != RECEIPT_IN_FORCE ||
	    p->asked++ >= RECEIPT_ASKED_MAX)
		return "";
	return p->list->ask(p->list->ask_arg, entry->entry, buf, ANSWER_MAX);
}

static bool begin_one(struct putting *p, sqlite3_stmt *s, const struct receipt_entry *entry)
{
	bool in_force = entry->state == RECEIPT_IN_FORCE;
	char answer[ANSWER_MAX];

	sqlite3_bind_int64(s, 1, p->id);
	sqlite3_bind_text(s, 2, entry->entry, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, entry->line);
	sqlite3_bind_int64(s, 4, (int64_t)entry->entries);
	sqlite3_bind_int64(s, 5, entry->state);
	sqlite3_bind_int64(s, 6, (int64_t)p->list->came_s);
	sqlite3_bind_int64(s, 7, in_force ? (int64_t)p->list->in_force_s : 0);
	sqlite3_bind_text(s, 8, entry->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 9, ask(p, entry, answer), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 10, ticket_of(entry), -1, SQLITE_STATIC);
	return store_step(s);
}

/* What waited, or was held back, came when it came first.  Of `places` those of entries, or of the
 * whole. */
static enum err begin_all(struct putting *p, const struct numbers *places, bool whole)
{
	sqlite3_stmt *s = store_prepare(
		p->receipts,
		"INSERT INTO receipt(list, entry, line, entries, state, came_s, in_force_s,"
		" left_s, reason, answered, ticket) VALUES(?1, ?2, ?3, ?4, ?5,"
		" iif(?2 = '' OR ?5 > 1, ?6, coalesce((SELECT min(came_s) FROM receipt"
		" WHERE list = ?1 AND entry = ?2 AND left_s = 0 AND state IN (1, 3)), ?6)),"
		" ?7, 0, ?8, ?9, ?10)");
	bool good = s != NULL;

	for (size_t i = 0; good && i < places->count; i++) {
		const struct receipt_entry *entry = &p->list->entries[places->of[i]];

		if (whole == (*entry->entry == '\0'))
			good = begin_one(p, s, entry);
	}
	sqlite3_finalize(s);
	return good ? ERR_OK : store_fail(p->receipts, p->text);
}

static enum err end_all(struct putting *p, const struct numbers *gone, const char *left)
{
	sqlite3_stmt *s = store_prepare(p->receipts, "UPDATE receipt SET left_s = ?2, reason ="
						     " iif(reason = '', ?3, reason) WHERE id = ?1");
	bool good = s != NULL;

	for (size_t i = 0; good && i < gone->count; i++) {
		sqlite3_bind_int64(s, 1, gone->of[i]);
		sqlite3_bind_int64(s, 2, (int64_t)p->list->in_force_s);
		sqlite3_bind_text(s, 3, left, -1, SQLITE_STATIC);
		good = store_step(s);
	}
	sqlite3_finalize(s);
	return good ? ERR_OK : store_fail(p->receipts, p->text);
}

static enum err name_all(struct putting *p)
{
	sqlite3_stmt *s =
		store_prepare(p->receipts, "UPDATE receipt SET ticket = ?2 WHERE id = ?1");
	bool good = s != NULL;

	for (size_t i = 0; good && i < p->named.count; i++) {
		sqlite3_bind_int64(s, 1, p->named.of[i]);
		sqlite3_bind_text(s, 2, ticket_of(&p->list->entries[p->named_at.of[i]]), -1,
				  SQLITE_STATIC);
		good = store_step(s);
	}
	sqlite3_finalize(s);
	return good ? ERR_OK : store_fail(p->receipts, p->text);
}

/* Lets the oldest of the list go that are over, when there are too many. */
static enum err prune(struct receipts *receipts, int64_t list, struct err_text *text)
{
	sqlite3_stmt *s =
		store_prepare(receipts, "DELETE FROM receipt WHERE id IN (SELECT id FROM receipt"
					" WHERE list = ?1 AND left_s > 0"
					" ORDER BY left_s DESC LIMIT -1 OFFSET ?2)");
	bool good;

	sqlite3_bind_int64(s, 1, list);
	sqlite3_bind_int64(s, 2, RECEIPT_PAST_MAX);
	good = s && store_step(s);
	sqlite3_finalize(s);
	return good ? ERR_OK : store_fail(receipts, text);
}

static enum err find_list(struct putting *p)
{
	sqlite3_stmt *s =
		store_prepare(p->receipts, "INSERT INTO list(name, case_id) VALUES(?1, ?2)"
					   " ON CONFLICT(name) DO UPDATE SET case_id = ?2"
					   " RETURNING id");
	bool good;

	sqlite3_bind_text(s, 1, p->list->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, p->list->case_id, -1, SQLITE_STATIC);
	good = s && sqlite3_step(s) == SQLITE_ROW;
	if (good)
		p->id = sqlite3_column_int64(s, 0);
	good = good && sqlite3_step(s) == SQLITE_DONE;
	sqlite3_finalize(s);
	return good ? ERR_OK : store_fail(p->receipts, p->text);
}

static enum err put(struct putting *p)
{
	enum err err = find_list(p);

	if (err == ERR_OK)
		err = find_changes(p);
	if (err == ERR_OK)
		err = begin_all(p, &p->new, false);
	if (err == ERR_OK)
		err = end_all(p, &p->gone, p->list->left);
	if (err == ERR_OK)
		err = end_all(p, &p->passed, RECEIPT_LET_PASS);
	if (err == ERR_OK)
		err = end_all(p, &p->renamed, "the same entry has another ticket");
	if (err == ERR_OK)
		err = begin_all(p, &p->again, false);
	if (err == ERR_OK)
		err = name_all(p);
	if (err == ERR_OK)
		err = begin_all(p, &p->new, true);
	if (err == ERR_OK && p->gone.count + p->passed.count + p->renamed.count > 0)
		err = prune(p->receipts, p->id, p->text);
	return err == ERR_OK ? store_run(p->receipts, "COMMIT", p->text) : err;
}

enum err receipts_put(struct receipts *receipts, struct receipt_list *list, struct err_text *text)
{
	struct putting p = {.receipts = receipts, .list = list, .text = text};
	enum err err = store_run(receipts, "BEGIN IMMEDIATE", text);

	if (err != ERR_OK)
		return err;
	sort(list);
	err = put(&p);
	if (err != ERR_OK)
		(void)sqlite3_exec(receipts->db, "ROLLBACK", NULL, NULL, NULL);
	free(p.gone.of);
	free(p.passed.of);
	free(p.new.of);
	free(p.renamed.of);
	free(p.again.of);
	free(p.named.of);
	free(p.named_at.of);
	return err;
}

/* ---- lists that are there no more */

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static enum err find_gone(struct receipts *receipts, const char *const *names, size_t count,
			  struct numbers *gone)
{
	sqlite3_stmt *s = store_prepare(receipts, "SELECT id, name FROM list");
	enum err err = s ? ERR_OK : ERR_SYS;

	while (err == ERR_OK && sqlite3_step(s) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 1);

		if (name && !is_among(name, names, count))
			err = add(gone, sqlite3_column_int64(s, 0));
	}
	sqlite3_finalize(s);
	return err;
}

enum err receipts_keep_lists(struct receipts *receipts, const char *const *names, size_t count,
			     uint64_t now_s, const char *left, struct err_text *text)
{
	struct numbers gone = {.count = 0};
	enum err err = find_gone(receipts, names, count, &gone);
	sqlite3_stmt *s = NULL;

	if (err == ERR_OK)
		s = store_prepare(receipts,
				  "UPDATE receipt SET left_s = ?2, reason ="
				  " iif(reason = '', ?3, reason) WHERE list = ?1 AND left_s = 0");
	for (size_t i = 0; s && i < gone.count; i++) {
		sqlite3_bind_int64(s, 1, gone.of[i]);
		sqlite3_bind_int64(s, 2, (int64_t)now_s);
		sqlite3_bind_text(s, 3, left, -1, SQLITE_STATIC);
		if (!store_step(s))
			err = ERR_SYS;
	}
	err = err == ERR_OK && s ? ERR_OK : store_fail(receipts, text);
	sqlite3_finalize(s);
	free(gone.of);
	return err;
}
