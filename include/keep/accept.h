/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the operator has said to be meant: a list, as its file and the configuration are now, may
 * come into force once though it lifts what is mandatory, or changes by more than its limit.  It is
 * a file of its own below the state directory, "NAME.accept", which the load that it is for
 * removes.
 */
#ifndef KEEP_ACCEPT_H
#define KEEP_ACCEPT_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "conf/conf.h"

/* In the place of a file's digest: the list's file is not what is taken, or it has none any more.
 */
#define ACCEPT_NO_FILE "none"

/* The digest of the configuration with all its values.  ERR_NOMEM. */
enum err accept_digest(const struct conf *conf, char ret_digest[DIGEST_TEXT_MAX]) MUST_CHECK;

/* Writes that list `name` is accepted with these digests.  ERR_SYS, ERR_NOMEM with `text`. */
enum err accept_write(const char *directory, const char *name, const char *file_digest,
		      const char *conf_digest, struct err_text *text) MUST_CHECK;

/* True when anything was accepted of the list. */
bool accept_exists(const char *directory, const char *name);

/* True when precisely this was accepted. */
bool accept_matches(const char *directory, const char *name, const char *file_digest,
		    const char *conf_digest);

/* Removes it, for good.  ERR_SYS with `text`. */
enum err accept_remove(const char *directory, const char *name, struct err_text *text) MUST_CHECK;

#endif
