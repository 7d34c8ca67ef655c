/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/keep.h"

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

void keep_record_path(const char *directory, const char *name, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%s.order", directory, name);
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

void keep_begin(const char *directory, const char *name, struct keep_copy *ret_copy)
{
	char path[PATH_MAX];

	*ret_copy = (struct keep_copy){
		.directory = directory,
		.name = name,
		.kept_fd = -1,
		.fd = -1,
	};
	keep_path(directory, name, path);
	if (file_open(path, &ret_copy->kept_fd) != ERR_OK)
		ret_copy->kept_fd = -1; /* there is none, or all of it is new */
}

static void fail(struct keep_copy *copy)
{
	copy->failed = errno ? errno : EIO;
}

static void write_on(struct keep_copy *copy, const char *from, size_t len)
{
	while (!copy->failed && len > 0) {
		ssize_t done = write(copy->fd, from, len);

		if (done < 0 && errno != EINTR)
			fail(copy);
		from += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
}

/* Reads the kept version at `at`; 0 at its end, or when it cannot be read any more. */
static size_t read_kept(const struct keep_copy *copy, off_t at, char *buf, size_t size)
{
	ssize_t got = pread(copy->kept_fd, buf, size, at);

	return got > 0 ? (size_t)got : 0;
}

/* What was compared is the beginning of the new version. */
static void begin_new(struct keep_copy *copy)
{
	char buf[COPY_OCTETS];
	char path[PATH_MAX];

	new_path(copy->directory, copy->name, path);
	copy->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (copy->fd < 0)
		fail(copy);
	for (off_t at = 0; !copy->failed && at < copy->compared;) {
		off_t left = copy->compared - at;
		size_t got = read_kept(copy, at, buf,
				       left < (off_t)sizeof(buf) ? (size_t)left : sizeof(buf));

		if (got == 0)
			fail(copy);
		write_on(copy, buf, got);
		at += (off_t)got;
	}
	if (copy->kept_fd >= 0)
		close(copy->kept_fd);
	copy->kept_fd = -1;
}

/* How many octets of `data` are the next of the kept version. */
static size_t count_same(struct keep_copy *copy, const char *data, size_t len)
{
	char buf[COPY_OCTETS];
	size_t same = 0;

	while (copy->kept_fd >= 0 && same < len) {
		size_t wanted = len - same < sizeof(buf) ? len - same : sizeof(buf);
		size_t got = read_kept(copy, copy->compared, buf, wanted);

		if (got == 0 || memcmp(buf, data + same, got) != 0)
			break;
		same += got;
		copy->compared += (off_t)got;
	}
	return same;
}

void keep_take(struct keep_copy *copy, const void *data, size_t len)
{
	const char *from = data;
	size_t same;

	if (copy->failed)
		return;
	same = copy->fd < 0 ? count_same(copy, from, len) : 0;
	if (same < len && copy->fd < 0)
		begin_new(copy);
	write_on(copy, from + same, len - same);
}

/* What was read may be the beginning of what is kept, or nothing. */
static bool is_kept_whole(const struct keep_copy *copy)
{
	struct stat kept;

	return copy->kept_fd >= 0 && fstat(copy->kept_fd, &kept) == 0 &&
	       kept.st_size == copy->compared;
}

enum err keep_end(struct keep_copy *copy, bool wanted, bool *ret_new, struct err_text *text)
{
	char path[PATH_MAX];

	if (wanted && !copy->failed && copy->fd < 0 && !is_kept_whole(copy))
		begin_new(copy);
	if (wanted && !copy->failed && copy->fd >= 0 && fsync(copy->fd) != 0)
		fail(copy);
	if (copy->kept_fd >= 0)
		close(copy->kept_fd);
	if (copy->fd >= 0)
		close(copy->fd);
	new_path(copy->directory, copy->name, path);
	if (copy->fd >= 0 && (copy->failed || !wanted))
		unlink(path);
	if (copy->failed)
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(copy->failed));
	*ret_new = wanted && copy->fd >= 0;
	return ERR_OK;
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
