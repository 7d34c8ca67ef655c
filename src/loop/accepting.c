/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/accepting.h"

#include <event2/event.h>

static const struct timeval rest = {.tv_usec = ACCEPTING_REST_MS * 1000};

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)evconnlistener_enable(arg);
}

/* Without memory for the end of the rest there is none. */
void accepting_rest(struct evconnlistener *listener)
{
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_rested, listener,
			    &rest) == 0)
		(void)evconnlistener_disable(listener);
}
