/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/watchdog.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"

#define FEEDS 3		 /* in the time of the watchdog */
#define LEAST_US 2000000 /* a worker moves each second */

/* Not fed while a worker hangs: then systemd starts the daemon anew. */
static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct board *board = arg;

	(void)fd;
	(void)what;
	if (board_moved(board))
		sd_notify(0, "WATCHDOG=1");
	else
		log_error("a worker has not moved since the watchdog was fed");
}

/* WATCHDOG_PID is not looked at: a successor has the environment of the process before. */
enum err watchdog_begin(struct event_base *base, struct board *board, struct event **ret_event)
{
	const char *text = getenv("WATCHDOG_USEC");
	unsigned long long usec = text ? strtoull(text, NULL, 10) : 0;
	struct event *event;
	struct timeval often;

	*ret_event = NULL;
	if (usec == 0)
		return ERR_OK;
	usec = usec / FEEDS > LEAST_US ? usec / FEEDS : LEAST_US;
	often = (struct timeval){.tv_sec = (time_t)(usec / 1000000),
				 .tv_usec = (suseconds_t)(usec % 1000000)};
	event = event_new(base, -1, EV_PERSIST, on_watchdog, board);
	if (!event || event_add(event, &often) != 0) {
		if (event)
			event_free(event);
		return ERR_NOMEM;
	}
	*ret_event = event;
	return ERR_OK;
}
