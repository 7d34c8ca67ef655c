/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#define USER_DEFAULT "sinkholed"
#define USER_FALLBACK "nobody"
#define USER_RECORD_MAX 4096

/* False when there is no such user, or the user cannot be looked up. */
static bool look_up(const char *name, struct privilege_user *ret_user)
{
	char buf[USER_RECORD_MAX];
	struct passwd pw;
	struct passwd *found;

	if (getpwnam_r(name, &pw, buf, sizeof(buf), &found) != 0 || !found)
		return false;
	*ret_user = (struct privilege_user){.uid = pw.pw_uid, .gid = pw.pw_gid};
	return true;
}

enum err privilege_find(const char *name, struct privilege_user *ret_user, struct err_text *text)
{
	if (geteuid() != 0) {
		*ret_user = (struct privilege_user){.uid = getuid(), .gid = getgid()};
		return ERR_OK;
	}
	if (look_up(name, ret_user))
		return ERR_OK;
	if (strcmp(name, USER_DEFAULT) == 0 && look_up(USER_FALLBACK, ret_user)) {
		log_warning("there is no user %s: running as %s", name, USER_FALLBACK);
		return ERR_OK;
	}
	return err_set(text, ERR_NOTFOUND, "server.user: there is no user %s", name);
}

enum err privilege_check(const char *name, struct err_text *text)
{
	struct privilege_user user;

	if (look_up(name, &user) ||
	    (strcmp(name, USER_DEFAULT) == 0 && look_up(USER_FALLBACK, &user)))
		return ERR_OK;
	return err_set(text, ERR_NOTFOUND, "server.user: there is no user %s", name);
}

/* Gives up what a service manager may have lent, such as CAP_NET_BIND_SERVICE.  Giving up can be
 * refused only where there is nothing to give up, or by a filter that makes it useless. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) != 0)
		log_debug("capset: %s", strerror(errno));
}

enum err privilege_drop(const struct privilege_user *user, struct err_text *text)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (user->uid == 0)
		return ERR_OK; /* root was asked for */
	if (geteuid() != 0) {
		drop_capabilities();
		return ERR_OK;
	}
	if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
	    setresuid(user->uid, user->uid, user->uid) != 0)
		return err_set(text, ERR_SYS, "cannot become user %u: %s", (unsigned int)user->uid,
			       strerror(errno));
	if (setuid(0) == 0)
		return err_set(text, ERR_SYS, "privileges could be had back: not going on");
	return ERR_OK;
}
