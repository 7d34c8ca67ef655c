/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define COPY_OCTETS (64U * 1024)

static bool is_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

/*
 * Gives a directory that was just made to the user: by its descriptor, since whoever may write
 * beside it could have put a link to something else in its place.  A directory of our own is given
 * to nobody else: chown() may be forbidden even for that.
 */
static bool give_to(const char *path, uid_t uid, gid_t gid)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool given;

	if (fd < 0)
		return false;
	errno = EPERM;
	given = fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		((uid == geteuid() && gid == getegid()) || fchown(fd, uid, gid) == 0);
	close(fd);
	return given;
}

static enum err cannot_make(const char *path, uid_t uid, struct err_text *text)
{
	return err_set(text, ERR_SYS, "%s: %s (state.directory has to be one that user %u can use)",
		       path, strerror(errno), (unsigned int)uid);
}

/* Those above the directory stay of whoever started us: the user may pass, and exchange nothing. */
static enum err make_parents(char *path, uid_t uid, struct err_text *text)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) != 0 && !is_directory(path))
			return cannot_make(path, uid, text);
		*slash = '/';
	}
	return ERR_OK;
}

enum err keep_prepare(const char *directory, uid_t uid, gid_t gid, struct err_text *text)
{
	char path[PATH_MAX];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s", directory);
	enum err err;

	if (len >= sizeof(path))
		return err_set(text, ERR_SYS, "%s: the path is too long", directory);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	err = make_parents(path, uid, text);
	if (err != ERR_OK)
		return err;
	if (mkdir(path, 0700) == 0)
		return give_to(path, uid, gid) ? ERR_OK : cannot_make(path, uid, text);
	return errno == EEXIST && is_directory(path) ? ERR_OK : cannot_make(path, uid, text);
}

void keep_check(const char *directory)
{
	struct stat st;

	if (eaccess(directory, R_OK | W_OK | X_OK) == 0)
		return;
	if (errno == EACCES && stat(directory, &st) == 0)
		log_warning("state.directory %s belongs to user %u and cannot be used by user %u: "
			    "no last good version of a list is kept or found; remove it, or give "
			    "it to that user",
			    directory, (unsigned int)st.st_uid, (unsigned int)geteuid());
	else
		log_warning("state.directory %s: %s: no last good version of a list is kept or "
			    "found",
			    directory, strerror(errno));
}

void keep_path(const char *directory, const char *name, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%s.list", directory, name);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool keep_same_version(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

static bool kept_already(const char *path, const struct stat *seen)
{
	struct stat kept;

	return stat(path, &kept) == 0 && kept.st_size == seen->st_size &&
	       same_time(&kept.st_mtim, &seen->st_mtim);
}

static bool copy(int from, int to)
{
	char buf[COPY_OCTETS];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(to, buf + done, (size_t)(n - done));

			if (w < 0)
				return false;
			done += w;
		}
	return n == 0;
}

/* Copies into the open temporary file, which then has the source's time and is on the disk. */
static enum err copy_version(int from, int to, const struct stat *seen, const char *file,
			     struct err_text *text)
{
	const struct timespec times[2] = {seen->st_atim, seen->st_mtim};
	struct stat now;

	if (!copy(from, to))
		return err_set(text, ERR_SYS, "cannot copy %s: %s", file, strerror(errno));
	if (fstat(from, &now) != 0 || !keep_same_version(&now, seen))
		return err_set(text, ERR_REFUSED, "%s changed while it was loaded", file);
	if (futimens(to, times) != 0 || fsync(to) != 0)
		return err_set(text, ERR_SYS, "cannot copy %s: %s", file, strerror(errno));
	return ERR_OK;
}

static enum err store(const char *path, const char *file, const struct stat *seen,
		      struct err_text *text)
{
	char temporary[PATH_MAX + 8];
	int from = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int to;
	enum err err;

	if (from < 0)
		return err_set(text, ERR_SYS, "%s: %s", file, strerror(errno));
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0) {
		err = err_set(text, ERR_SYS, "%s: %s", temporary, strerror(errno));
		close(from);
		return err;
	}
	err = copy_version(from, to, seen, file, text);
	close(from);
	close(to);
	if (err == ERR_OK && rename(temporary, path) != 0)
		err = err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	if (err != ERR_OK)
		unlink(temporary);
	return err;
}

enum err keep_store(const char *directory, const char *name, const char *file,
		    const struct stat *seen, struct err_text *text)
{
	char path[PATH_MAX];

	keep_path(directory, name, path);
	if (kept_already(path, seen))
		return ERR_OK;
	return store(path, file, seen, text);
}
