/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
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

bool keep_has(const char *directory, const char *name, const struct stat *file)
{
	char path[PATH_MAX];
	struct stat kept;

	keep_path(directory, name, path);
	return stat(path, &kept) == 0 && kept.st_size == file->st_size &&
	       kept.st_mtim.tv_sec == file->st_mtim.tv_sec &&
	       kept.st_mtim.tv_nsec == file->st_mtim.tv_nsec;
}

bool keep_ends_well(const char *directory, const char *name)
{
	char path[PATH_MAX];
	char last = '\0';
	int fd;

	keep_path(directory, name, path);
	if (file_open(path, &fd) != ERR_OK)
		return false;
	if (lseek(fd, -1, SEEK_END) >= 0 && read(fd, &last, 1) != 1)
		last = '\0';
	close(fd);
	return last == '\n';
}

/* Where a version is written before it is the kept one. */
static void new_path(const char *directory, const char *name, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%s.list.new", directory, name);
}

enum err keep_begin(const char *directory, const char *name, int *ret_fd, struct err_text *text)
{
	char path[PATH_MAX];
	int fd;

	new_path(directory, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	*ret_fd = fd;
	return ERR_OK;
}

enum err keep_end(const char *directory, const char *name, int fd, const struct stat *version,
		  struct err_text *text)
{
	const struct timespec times[2] = {version->st_atim, version->st_mtim};
	char path[PATH_MAX];
	enum err err = ERR_OK;

	new_path(directory, name, path);
	if (futimens(fd, times) != 0 || fsync(fd) != 0)
		err = err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	close(fd);
	if (err != ERR_OK)
		unlink(path);
	return err;
}

enum err keep_commit(const char *directory, const char *name, struct err_text *text)
{
	char path[PATH_MAX];
	char from[PATH_MAX];
	enum err err;

	keep_path(directory, name, path);
	new_path(directory, name, from);
	err = file_rename(from, path);
	if (err != ERR_OK) {
		err_set(text, err, "%s: %s", path, strerror(errno));
		unlink(from);
	}
	return err;
}

void keep_drop(const char *directory, const char *name)
{
	char path[PATH_MAX];

	new_path(directory, name, path);
	unlink(path);
}
