/* SPDX-License-Identifier: BSD-2-Clause */
#include "querylog/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define MODE 0640

static void tell_failure(struct logfile *file)
{
	if (!file->failing)
		log_error("query-log: %s: %s: lines are lost", file->path, strerror(errno));
	file->failing = true;
}

/* What a process before has left of a line that it could not end is ended. */
static bool end_last_line(struct logfile *file)
{
	char last = '\n';

	if (file->size > 0 && pread(file->fd, &last, 1, (off_t)file->size - 1) != 1)
		return false;
	if (last == '\n')
		return true;
	file->size++;
	return write(file->fd, "\n", 1) == 1;
}

static bool open_file(struct logfile *file)
{
	file->fd = open(file->path,
			O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, MODE);
	if (file->fd < 0)
		return false;
	if (fstat(file->fd, &file->opened) == 0 && S_ISREG(file->opened.st_mode)) {
		file->size = (uint64_t)file->opened.st_size;
		if (end_last_line(file))
			return true;
	} else {
		errno = EINVAL; /* a pipe, or a device */
	}
	logfile_close(file);
	return false;
}

void logfile_close(struct logfile *file)
{
	int saved = errno;

	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	errno = saved;
}

static void make_path(const struct logfile *file, unsigned int number, char path[PATH_MAX])
{
	if (number == 0)
		snprintf(path, PATH_MAX, "%s", file->path);
	else
		snprintf(path, PATH_MAX, "%s.%u", file->path, number);
}

/* PATH.2 becomes PATH.3, PATH.1 PATH.2, and PATH itself PATH.1. */
static void rotate(struct logfile *file)
{
	char from[PATH_MAX];
	char to[PATH_MAX];

	logfile_close(file);
	if (file->keep == 0)
		unlink(file->path);
	for (unsigned int i = file->keep; i > 0; i--) {
		make_path(file, i - 1, from);
		make_path(file, i, to);
		if (rename(from, to) != 0 && errno != ENOENT)
			tell_failure(file);
	}
}

/* Half a line is no line: what could be written of the rest is taken back. */
static bool write_whole(struct logfile *file, const char *lines, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(file->fd, lines + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int saved = errno;

			if (ftruncate(file->fd, (off_t)file->size) != 0)
				logfile_close(file);
			errno = saved;
			return false;
		}
		done += (size_t)n;
	}
	file->size += len;
	return true;
}

bool logfile_write(struct logfile *file, const char *lines, size_t len)
{
	bool good = file->fd >= 0 || open_file(file);

	if (good && file->size > 0 && file->size + len > file->size_max) {
		rotate(file);
		good = open_file(file);
	}
	if (!good || !write_whole(file, lines, len)) {
		tell_failure(file);
		return false;
	}
	if (file->failing)
		log_notice("query-log: %s: lines are written again", file->path);
	file->failing = false;
	return true;
}

void logfile_look(struct logfile *file)
{
	struct stat now;

	if (file->fd < 0)
		return;
	if (stat(file->path, &now) != 0 || now.st_dev != file->opened.st_dev ||
	    now.st_ino != file->opened.st_ino)
		logfile_close(file);
}
