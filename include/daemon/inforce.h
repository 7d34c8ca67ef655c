/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in force: where loads put it, and where what is said by command changes it.  Whoever
 * looks at it sees it at one moment.  Any thread, unless a function says otherwise.
 */
#ifndef DAEMON_INFORCE_H
#define DAEMON_INFORCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "order/minutes.h"
#include "load/loader.h"
#include "manual/manual.h"
#include "net/worker.h"
#include "web/view.h"

struct inforce;

/* Takes on what `workers` have, which `first` tells of, and what was said by command before, as
 * another process has `handed` it on (and is copied), or as it stands in the state directory
 * (NULL): an entry whose time is over ends at once.  `workers` and `minutes` (NULL: none are kept)
 * stay the caller's.  ERR_NOMEM; ERR_SYS, ERR_SYNTAX with `text`.  Main thread. */
enum err inforce_create(struct workers *workers, const struct load_result *first,
			struct minutes *minutes, const struct manual *handed,
			struct inforce **ret_inforce, struct err_text *text) MUST_CHECK;

/* No load may be under way.  NULL is fine. */
void inforce_free(struct inforce *f);

/* Puts a load's snapshot (taken over) in force, with what is said by command.  ERR_CANCELLED: it
 * was forbidden, ERR_NOMEM; then the snapshot is freed, and nothing has changed.  The loader's
 * thread. */
enum err inforce_put(struct inforce *f, struct snapshot *snapshot,
		     const struct load_result *result) MUST_CHECK;

/* Those that inforce_create was given. */
struct minutes *inforce_minutes(const struct inforce *f);

/* A load has failed for `reason`. */
void inforce_failed(struct inforce *f, const char *reason);

/* While another process takes over, nothing is said: that one is told what was said before.  What
 * begins and ends by the calendar goes on. */
void inforce_pause(struct inforce *f, bool pause);

/* True when another process takes over, or nothing is put in force any more. */
bool inforce_is_leaving(struct inforce *f);

/* What is said, for manual_from_memory in another process; -1: out of memory, or of files. */
int inforce_said(struct inforce *f);

/* From now on nothing is put in force, and `cancelled` of a load says so. */
void inforce_forbid(struct inforce *f);
const atomic_bool *inforce_forbidden(const struct inforce *f);

/* What is in force; the loader's thread may read it as long as a load is said to be under way. */
const struct snapshot *inforce_snapshot(struct inforce *f);

/* True once, when something began or ended by command or by its term since the last call. */
bool inforce_has_changed(struct inforce *f);

/* The number of a reload that somebody wants, as loads.covered_of will tell that it is over. */
uint64_t inforce_want(struct inforce *f, enum web_reload kind);

/* True when one of that kind is wanted that is not over. */
bool inforce_is_wanted(struct inforce *f, enum web_reload kind);

/* The kind that was wanted first of those that are not over: it begins now, and `ret_covers` is
 * what inforce_cover is to be told at its end.  WEB_RELOAD_COUNT: none. */
enum web_reload inforce_begin(struct inforce *f, uint64_t *ret_covers,
			      const struct snapshot **ret_former);
void inforce_cover(struct inforce *f, enum web_reload kind, uint64_t covers);

/* A dry run has made `snapshot` (stays the caller's, and is changed) after `former`, which is told;
 * or has failed for `reason`.  The loader's thread. */
void inforce_compare(struct inforce *f, struct snapshot *snapshot, const struct snapshot *former);
void inforce_dry_failed(struct inforce *f, const char *reason);

/* Calls `look` once, with what stays so meanwhile. */
typedef void inforce_look_fn(void *arg, const struct snapshot *snapshot,
			     const struct web_loads *loads, const struct manual *manual);
void inforce_look(struct inforce *f, inforce_look_fn *look, void *arg);

/*
 * Says `entry`, or takes back what was said of its kind about the same: in force and on the disk
 * when this returns, and told in the log.  Where the disk does not take it, it holds until the
 * next restart, and over hand-overs, unless the disk takes it later; then `ret_kept` is false.
 * ERR_REFUSED, ERR_RANGE, ERR_NOTFOUND, ERR_CANCELLED, ERR_NOMEM with `text`; then nothing has
 * changed.  Blocks for a turn of the workers.
 */
enum err inforce_say(struct inforce *f, const struct manual_entry *entry, bool take_back,
		     bool *ret_kept, struct err_text *text) MUST_CHECK;

/* Once a second: ends what has ended, and frees what nobody reads any more; `loading`: a load is
 * under way, which may read what was in force when it began.  Main thread. */
void inforce_tick(struct inforce *f, bool loading);

#endif
