/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches, from the workers' tables to the store. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "evidence/database.h"
#include "evidence/writer.h"

#define RETRY_MS 2000U
#define FINDINGS_A_TURN 512U
#define ENTRIES_A_TURN 32U /* a tenth of a millisecond's work */

/* ---- the store */

static void close_archive(struct ledger *l)
{
	archive_close(l->archive);
	l->archive = NULL;
}

/* A file that was removed or exchanged would be written to its end, and never be seen. */
static bool is_ours(const struct ledger *l)
{
	struct stat st;

	return stat(l->place.store, &st) == 0 && st.st_dev == l->file.st_dev &&
	       st.st_ino == l->file.st_ino;
}

static void take_lists(struct ledger *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->next_lists) {
		free(l->lists);
		l->lists = l->next_lists;
		l->next_lists = NULL;
		l->lists_written = false;
	}
	pthread_mutex_unlock(&l->lock);
}

static enum err open_archive(struct ledger *l, struct err_text *text)
{
	struct stat before;
	enum err err = ERR_OK;

	if (l->remote) {
		struct archive_place place = place_of(&l->place);

		place.find_host = l->find_host;
		place.find_arg = l->find_arg;
		return l->archive ? ERR_OK
				  : archive_open_at(&place, ARCHIVE_WRITE, &l->archive, text);
	}
	if (l->archive && !is_ours(l)) {
		log_warning("%s is another file now, or gone: opened anew", l->place.store);
		close_archive(l);
	}
	if (!l->archive) {
		l->lists_written = false;
		if (stat(l->place.store, &before) == 0)
			ledger_judge_start(l, (uint64_t)before.st_mtime, clock_unix_s(),
					   clock_ms());
		err = archive_open(l->place.store, ARCHIVE_WRITE, &l->archive, text);
		if (err == ERR_OK && stat(l->place.store, &l->file) != 0)
			err = err_set(text, ERR_SYS, "%s: %s", l->place.store, strerror(errno));
	}
	return err;
}

/* ---- a table of a worker */

/* Queries that came meanwhile do not wait for all that is done here, unless a worker fills its
 * tables faster than they are taken. */
static void let_queries_go(struct ledger *l)
{
	l->pending.hurried = false;
	for (size_t i = 0; i < l->workers; i++)
		l->pending.hurried |= findings_waiting(l->findings[i]) > 0;
	if (!l->pending.hurried)
		priority_give_way();
}

/* False: it has none. */
static bool take(struct ledger *l, size_t worker,
		 struct findings_table *(*take_one)(struct findings *))
{
	l->table = take_one(l->findings[worker]);
	l->table_of = l->findings[worker];
	l->absorbed = 0;
	return l->table;
}

/* Takes what is left of the table, and gives it back.  False: there is no room for all. */
static bool absorb(struct ledger *l)
{
	const struct findings_table *t = l->table;

	for (; l->absorbed < t->count; l->absorbed++) {
		const struct finding *f = &t->entries[l->absorbed];
		struct ip client = client_hide(&l->form, &f->client);

		if (l->absorbed % FINDINGS_A_TURN == 0)
			let_queries_go(l);
		if (f->count > 0 && !pending_add(&l->pending, t, f, &client))
			return false;
		stats_add(&l->stats, findings, f->count);
	}
	findings_give(l->table_of, l->table);
	l->table = NULL;
	return true;
}

/* Between entries of a batch: a batch may take longer than workers need to fill their tables, which
 * are taken for the next. */
static void look_up(struct ledger *l)
{
	if (l->table && !absorb(l))
		return;
	for (size_t i = 0; i < l->workers; i++)
		for (size_t n = findings_waiting(l->findings[i]); n > 0; n--)
			if (take(l, i, findings_take_full) && !absorb(l))
				return;
	let_queries_go(l);
}

/* ---- a batch */

static enum err put_entry(struct ledger *l, const struct finding *e, struct err_text *text)
{
	char client[CLIENT_TEXT_MAX];
	char name[NAME_TEXT_MAX];
	const struct findings_note note = findings_note(e, pending_name(&l->pending, e));
	const struct archive_finding f = {
		.client = client_text(&l->form, &e->client, client),
		.form = client_kept_form(&l->form, &e->client),
		.list = l->pending.lists[e->list],
		.name = name_to_text(pending_name(&l->pending, e), name, sizeof(name)),
		.family = note.family,
		.ticket = note.ticket,
		.owner_labels = e->owner_labels,
		.types = e->types,
		.ways = e->ways,
		.first_s = e->first_s,
		.last_s = e->last_s,
		.count = e->count,
		.proven = e->proven,
		.merged = e->merged,
	};

	return archive_put(l->archive, &f, text);
}

static enum err put_visit(struct ledger *l, const struct visit *v, struct err_text *text)
{
	struct ip client = client_hide(&l->form, &v->key.client);
	char address[CLIENT_TEXT_MAX];
	const struct archive_visit visit = {
		.client = client_text(&l->form, &client, address),
		.form = client_kept_form(&l->form, &client),
		.port = v->key.port,
		.host = v->key.host,
		.method = v->key.method,
		.path = v->key.path,
		.agent = v->key.agent,
		.ja4 = v->key.ja4,
		.first_s = v->first_s,
		.last_s = v->last_s,
		.count = v->count,
	};

	return archive_put_visit(l->archive, &visit, text);
}

/* Far over the size there are none. */
static enum err put_visits(struct ledger *l, struct err_text *text)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < l->batch_count && !l->over; i++)
		err = put_visit(l, &l->batch[i], text);
	return err;
}

/* Far over the size, only what nobody can forge is written. */
static bool is_left_out(const struct ledger *l, uint64_t proven)
{
	return l->over && proven == 0;
}

static enum err put_next(struct ledger *l, uint32_t i, struct err_text *text)
{
	const struct finding *e;

	if (i % ENTRIES_A_TURN == 0)
		look_up(l);
	e = pending_next(&l->pending, i);
	return is_left_out(l, e->proven) ? ERR_OK : put_entry(l, e, text);
}

static enum err put_all(struct ledger *l, struct err_text *text)
{
	size_t lists = l->lists && !l->lists_written ? l->lists->count : 0;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < lists; i++)
		err = archive_put_list(l->archive, &l->lists->lists[i], text);
	for (uint32_t i = 0; err == ERR_OK && i < l->pending.batch; i++)
		err = put_next(l, i, text);
	return err == ERR_OK ? put_visits(l, text) : err;
}

static void tell_client(const struct ledger *l, const struct ip *client)
{
	if (l->met && client_form_of(&l->form, client) == CONF_CLIENTS_WHOLE)
		l->met(l->met_arg, client);
}

static void count_written(struct ledger *l)
{
	const struct pending *p = &l->pending;

	for (uint32_t i = 0; i < p->batch; i++) {
		const struct pending_put *put = pending_put(p, i);

		if (is_left_out(l, put->proven))
			stats_add(&l->stats, ledger_lost, put->count);
		else
			stats_inc(&l->stats, ledger_written);
		tell_client(l, &p->entries[p->order[i]].client);
	}
}

static void count_visits(struct ledger *l)
{
	for (size_t i = 0; i < l->batch_count && l->over; i++)
		stats_add(&l->stats, visits_lost, l->batch[i].count);
	visits_written(l->visits);
}

static enum err write_batch(struct ledger *l, struct err_text *text)
{
	enum err err = open_archive(l, text);

	if (err == ERR_OK)
		err = archive_begin(l->archive, text);
	if (err != ERR_OK)
		return err;
	pending_sort(&l->pending);
	err = put_all(l, text);
	if (err == ERR_OK)
		err = archive_commit(l->archive, text);
	return err;
}

static void fail(struct ledger *l, enum err err, const struct err_text *text)
{
	stats_inc(&l->stats, ledger_failures);
	if (!l->remote || !l->failing)
		log_limited(LOG_LEVEL_ERROR, "ledger: %s: %u findings wait to be written",
			    text->text, l->pending.unwritten);
	l->failing = true;
	l->try_again_ms = clock_ms() + RETRY_MS;
	if (l->remote) /* what it has in its spool goes on its way */
		return;
	close_archive(l); /* another try begins from what is on the disk */
	if (err == ERR_SYNTAX)
		database_set_aside(l->place.store);
}

/* Counts what has become of batches that were written to the spool. */
static void look_at_store(struct ledger *l)
{
	struct archive_state now;

	if (!l->remote || !l->archive)
		return;
	now = archive_state(l->archive);
	stats_add(&l->stats, ledger_sent, now.sent - l->state.sent);
	stats_add(&l->stats, ledger_again, now.again - l->state.again);
	stats_add(&l->stats, ledger_failures, now.failures - l->state.failures);
	stats_add(&l->stats, ledger_lost, now.refused - l->state.refused);
	pthread_mutex_lock(&l->lock);
	l->state = now;
	pthread_mutex_unlock(&l->lock);
}

static bool may_write(const struct ledger *l)
{
	return !l->failing || clock_ms() >= l->try_again_ms;
}

void ledger_write(struct ledger *l)
{
	struct err_text text;
	enum err err;

	look_at_store(l);
	take_lists(l);
	l->batch = visits_batch(l->visits, &l->batch_count);
	if ((l->pending.unwritten == 0 && l->batch_count == 0 && (!l->lists || l->lists_written)) ||
	    !may_write(l))
		return;
	err = write_batch(l, &text);
	if (err != ERR_OK) {
		fail(l, err, &text);
		return;
	}
	if (l->failing)
		log_notice("ledger: %s is written again", l->place.store);
	l->failing = false;
	count_written(l);
	pending_written(&l->pending);
	count_visits(l);
	l->lists_written = true;
}

void ledger_lose(struct ledger *l)
{
	const struct pending *p = &l->pending;

	pending_sort(&l->pending);
	for (uint32_t i = 0; i < p->batch; i++)
		stats_add(&l->stats, ledger_lost, p->entries[p->order[i]].count);
	for (size_t i = 0; l->failing && i < l->batch_count; i++)
		stats_add(&l->stats, visits_lost, l->batch[i].count);
}

/* ---- from the workers */

static void lose_next(struct ledger *l)
{
	uint64_t count = l->table->entries[l->absorbed++].count;

	stats_add(&l->stats, findings, count);
	stats_add(&l->stats, ledger_lost, count);
}

/* What is written and not asked for again makes room, in two batches at most: while the table does
 * not fit, no other is taken.  What can neither be written nor kept is lost. */
static void absorb_all(struct ledger *l)
{
	while (l->table && !absorb(l)) {
		if (may_write(l)) {
			ledger_write(l);
			pending_forget(&l->pending);
			continue;
		}
		lose_next(l);
	}
}

/* Of each worker those that wait now: one that goes on filling them holds up no other, nor what
 * keeps the store within its size. */
void ledger_collect(struct ledger *l, bool all)
{
	absorb_all(l);
	for (size_t i = 0; i < l->workers; i++) {
		for (size_t n = findings_waiting(l->findings[i]);
		     n > 0 && take(l, i, findings_take_full); n--)
			absorb_all(l);
		if (all && take(l, i, findings_take_current))
			absorb_all(l);
	}
}
