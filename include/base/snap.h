/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One immutable object, published to many readers and replaced under them.
 *
 * A reader takes the current object with snap_current and uses it as long as it likes, up to
 * its next snap_quiesce, by which it says that it has let go of all it took before.  A publisher
 * exchanges the object, asks each reader to come by, waits until each has, and gives the old one
 * back to be freed.  Nothing is counted or locked on the reader's side.
 */
#ifndef BASE_SNAP_H
#define BASE_SNAP_H

#include <stddef.h>

#include "base/err.h"

struct snap;

/* Asks reader `reader` to call snap_quiesce soon; called by snap_publish. */
typedef void snap_wake_fn(void *arg, size_t reader);

/* For `readers` readers, numbered from 0, all of them away at first.  ERR_NOMEM. */
enum err snap_create(size_t readers, snap_wake_fn *wake, void *arg,
		     struct snap **ret_snap) MUST_CHECK;
void snap_free(struct snap *snap);

/* The object published last; NULL before the first.  Any reader thread. */
const void *snap_current(const struct snap *snap);

/* Reader: here I am (a reader that is away is not waited for), and holding nothing older than
 * what snap_current gives now. */
void snap_quiesce(struct snap *snap, size_t reader);

/* Reader: I hold nothing, and will take nothing before the next snap_quiesce. */
void snap_leave(struct snap *snap, size_t reader);

/* Puts `object` in the place of the old one, which is returned once no reader can hold it.
 * One publisher at a time; blocks. */
const void *snap_publish(struct snap *snap, const void *object);

#endif
