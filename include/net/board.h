/* SPDX-License-Identifier: BSD-2-Clause */
/* Where each worker pins up once a second what others may see of it: that it moves, and how it
 * finds the upstreams.  Any thread, unless a function says otherwise. */
#ifndef NET_BOARD_H
#define NET_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "upstream/upstream.h"

#define BOARD_UPSTREAMS_MAX 64U /* of one worker; further ones are not shown */

struct board;

/* For `workers` workers.  ERR_NOMEM. */
enum err board_create(size_t workers, struct board **ret_board) MUST_CHECK;

/* NULL is fine. */
void board_free(struct board *board);

/* Worker `worker` has come by. */
void board_pin(struct board *board, size_t worker, const struct upstreams *upstreams);

/* True when every worker has come by since the last call, of use when that was some seconds ago.
 * One thread. */
bool board_moved(struct board *board);

/* The upstreams, at most `max`: each as the worker sees it that thinks worst of it, with the
 * longest round trip.  Returns how many there are. */
size_t board_upstreams(struct board *board, struct upstream_view *views, size_t max);

#endif
