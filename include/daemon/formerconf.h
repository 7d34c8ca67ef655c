/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration that was in force before the one that is, to return to; in former.yaml of the
 * state directory, over restarts. */
#ifndef DAEMON_FORMERCONF_H
#define DAEMON_FORMERCONF_H

#include "base/err.h"
#include "conf/conf.h"

/* Notes `before`, if `after` says anything else.  A failure is logged. */
void formerconf_note(const struct conf *before, const struct conf *after);

/* The former configuration of one that has that state directory.  ERR_NOTFOUND, ERR_SYS,
 * ERR_CONFIG, ERR_NOMEM with `text`. */
enum err formerconf_read(const char *directory, struct conf **ret_conf,
			 struct err_text *text) MUST_CHECK;

#endif
