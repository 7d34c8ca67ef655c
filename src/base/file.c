/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
