/* SPDX-License-Identifier: BSD-2-Clause */
/* The watchdog of systemd (WatchdogSec=): fed for as long as the workers move. */
#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include <event2/event.h>

#include "base/err.h"
#include "net/board.h"

/* Begins to feed it from `base`, if there is one (WATCHDOG_USEC); `*ret_event` is the caller's to
 * free, and NULL without.  `board` has to last as long.  ERR_NOMEM.  Main thread. */
enum err watchdog_begin(struct event_base *base, struct board *board,
			struct event **ret_event) MUST_CHECK;

#endif
