/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_OCTETS (64U * 1024)

static enum err check_regular(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return ERR_SYS;
	if (S_ISREG(status.st_mode))
		return ERR_OK;
	errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	return ERR_SYS;
}

const char *file_reason(int error)
{
	return error == EINVAL ? "Not a regular file" : strerror(error);
}

/* errno keeps what it said before this. */
static void close_quietly(int fd)
{
	int reason = errno;

	close(fd);
	errno = reason;
}

enum err file_open(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum err err;

	if (fd < 0)
		return ERR_SYS;
	err = check_regular(fd);
	if (err == ERR_OK)
		*ret_fd = fd;
	else
		close_quietly(fd);
	return err;
}

/* Reads until the end, which is to come before `buf` is full. */
static enum err read_all(int fd, char *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, buf + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_SYS;
		if (got == 0) {
			buf[len] = '\0';
			*ret_len = len;
			return ERR_OK;
		}
		len += (size_t)got;
	}
	return ERR_RANGE;
}

static enum err read_open(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	char *buf = malloc(max + 1);
	enum err err;

	if (!buf)
		return ERR_NOMEM;
	err = read_all(fd, buf, max + 1, ret_len);
	if (err == ERR_OK)
		*ret_text = buf;
	else
		free(buf);
	return err;
}

enum err file_read(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	int fd;
	enum err err = file_open(path, &fd);

	if (err != ERR_OK)
		return err;
	err = read_open(fd, max, ret_text, ret_len);
	close_quietly(fd);
	return err;
}

/* Has what became of the names in the directory of `path` written to the disk. */
static enum err sync_directory(const char *path)
{
	char copy[PATH_MAX];
	enum err err;
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return ERR_SYS;
	err = fsync(fd) == 0 ? ERR_OK : ERR_SYS;
	close_quietly(fd);
	return err;
}

enum err file_write(int fd, const void *data, size_t len)
{
	const char *from = data;

	while (len > 0) {
		ssize_t done = write(fd, from, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return ERR_SYS;
		from += done;
		len -= (size_t)done;
	}
	return ERR_OK;
}

static enum err write_all(int fd, const void *data, size_t len)
{
	enum err err = file_write(fd, data, len);

	return err == ERR_OK && fsync(fd) != 0 ? ERR_SYS : err;
}

bool file_each(int fd, void (*take)(void *arg, const void *data, size_t len), void *arg)
{
	char buf[PIECE_OCTETS];
	ssize_t got;

	do {
		got = read(fd, buf, sizeof(buf));
		if (got > 0)
			take(arg, buf, (size_t)got);
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0;
}

bool file_holds(const char *path, const void *data, size_t len)
{
	size_t found_len;
	char *found;
	bool same;

	if (file_read(path, len, &found, &found_len) != ERR_OK)
		return false;
	same = found_len == len && memcmp(found, data, len) == 0;
	free(found);
	return same;
}

enum err file_rename(const char *from, const char *path)
{
	return rename(from, path) == 0 ? sync_directory(path) : ERR_SYS;
}

enum err file_replace(const char *path, const void *data, size_t len)
{
	char temporary[PATH_MAX + 8];
	enum err err;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_SYS;
	err = write_all(fd, data, len);
	close_quietly(fd);
	if (err == ERR_OK)
		err = file_rename(temporary, path);
	if (err != ERR_OK) {
		int reason = errno;

		unlink(temporary);
		errno = reason;
	}
	return err;
}

enum err file_remove(const char *path)
{
	return unlink(path) == 0 ? sync_directory(path) : ERR_SYS;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_same_version(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/* A lease for reading is given as long as nobody has the file open for writing.  Who opens it while
 * the lease is held has us sent a signal: SIGURG is one that does nothing, SIGIO would end us. */
bool file_has_writer(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return false;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
		return errno == EAGAIN;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}
