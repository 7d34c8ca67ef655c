/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done when no connection can be accepted, as for want of files: who waits keeps the socket
 * ready, and its loop would come back at once, for nothing.
 */
#ifndef LOOP_ACCEPTING_H
#define LOOP_ACCEPTING_H

#include <event2/listener.h>

#define ACCEPTING_REST_MS 50

/*
 * To be called by the error callback of `listener`: it rests for ACCEPTING_REST_MS, and is enabled
 * again.  It may be freed meanwhile only when its loop is not run any more.  The loop's thread.
 */
void accepting_rest(struct evconnlistener *listener);

#endif
