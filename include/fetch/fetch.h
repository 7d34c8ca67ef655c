/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists that are fetched by HTTP: one thread asks for each when it is due, puts what comes in the
 * place of the list's file, whole or not at all, and says so.  What is made of the file is a load's
 * business, which reads and guards it as any other.  Queries know nothing of this.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fetch/view.h"
#include "query/snapshot.h"

struct fetch;

/* The file of list `list` is another now.  Called by the thread of the fetches; before it is over
 * the list is told to be under way. */
typedef void fetch_changed_fn(void *arg, const char *list);

/* Starts the thread, with all signals blocked; nothing is fetched yet.  Main thread, as all below
 * but what says otherwise.  ERR_NOMEM, ERR_SYS. */
enum err fetch_create(fetch_changed_fn *changed, void *arg, struct fetch **ret_fetch) MUST_CHECK;

/* Fetches the lists of `snapshot`, of which what is needed is copied, from now on, and asks its
 * upstreams for their hosts.  A fetch under way of a list that is still the same goes on.
 * Any thread, one at a time.  ERR_NOMEM: those before are fetched. */
enum err fetch_configure(struct fetch *fetch, const struct snapshot *snapshot) MUST_CHECK;

/* While another process takes over, nothing is fetched: what was under way is given up, and begun
 * anew if that process is not to be. */
void fetch_pause(struct fetch *fetch, bool pause);

/* Has the list, or all (NULL), fetched at once; returns how many that are.  Any thread. */
size_t fetch_now(struct fetch *fetch, const char *list);

/* False: no list of that name is fetched.  Any thread; NULL is fine. */
bool fetch_look(struct fetch *fetch, const char *list, struct fetch_view *ret_view);

/* Has the thread end, and does not wait for it.  NULL is fine. */
void fetch_end(struct fetch *fetch);

/* As fetch_end, and waits for it.  What any thread may call may yet be called.  NULL is fine. */
void fetch_wait(struct fetch *fetch);

/* Ends the thread, and frees all; what was under way leaves nothing behind.  NULL is fine. */
void fetch_free(struct fetch *fetch);

#endif
