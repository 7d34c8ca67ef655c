/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metrics and control over HTTP: a thread of its own, with its own event loop, so that whoever asks
 * here makes no query wait.
 *
 * Three kinds of doors lead in.  The Unix socket is for whom its mode lets in.  A loopback address
 * is for who has the token, in a header alone.  The metrics' address shows /metrics to anybody, and
 * nothing else.  Connections, their time, their headers and bodies are bounded at each.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/err.h"
#include "conf/conf.h"
#include "web/view.h"

struct web;

/*
 * Opens the doors that `conf` names, and starts the thread.  A door that cannot be opened is logged
 * as an error, and the others are opened: names are answered whatever becomes of them.  With none,
 * there is no thread.  `view` has to last.  ERR_NOMEM, ERR_SYS: no thread.  Main thread, signals
 * that the process handles are blocked meanwhile.
 */
enum err web_start(const struct conf *conf, const struct web_view *view,
		   struct web **ret_web) MUST_CHECK;

/* Ends the thread and closes the doors; NULL is fine.  Main thread. */
void web_stop(struct web *web);

#endif
