/* SPDX-License-Identifier: BSD-2-Clause */
/* What only root may do, done early, and then given up. */
#ifndef SYSTEM_PRIVILEGE_H
#define SYSTEM_PRIVILEGE_H

#include <sys/types.h>

#include "base/err.h"

/* The user and the groups that the process is to have. */
struct privilege_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Whom to become: when started as root the user `name`, or "nobody" when `name` is the default
 * and there is no such user (a warning says so); otherwise who we are.
 * ERR_NOTFOUND with `text` when there is no such user.
 */
enum err privilege_find(const char *name, struct privilege_user *ret_user,
			struct err_text *text) MUST_CHECK;

/* Whether a start as root would find the user `name`.  ERR_NOTFOUND with `text`. */
enum err privilege_check(const char *name, struct err_text *text) MUST_CHECK;

/* Becomes `user` for good: groups, group, user, with no capability left.  ERR_SYS with `text`. */
enum err privilege_drop(const struct privilege_user *user, struct err_text *text) MUST_CHECK;

#endif
