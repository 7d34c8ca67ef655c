/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/statelock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define TRY_MS 50U /* between two */

struct statelock {
	int fd;
};

static enum err try_until(int fd, unsigned int wait_ms)
{
	const struct timespec pause = {.tv_nsec = TRY_MS * 1000000L};

	for (unsigned int waited_ms = 0;; waited_ms += TRY_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return ERR_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ERR_SYS;
		if (waited_ms >= wait_ms)
			return ERR_EXISTS;
		nanosleep(&pause, NULL);
	}
}

/* Whose lock it is stands in the file. */
static void sign(int fd)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return; /* it is locked all the same */
}

static int holder_of(int fd)
{
	char text[24] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	return len > 0 ? (int)strtol(text, NULL, 10) : 0;
}

static enum err take(int fd, const char *path, unsigned int wait_ms, struct err_text *text)
{
	enum err err = try_until(fd, wait_ms);

	if (err == ERR_SYS)
		return err_set(text, err, "%s: %s", path, strerror(errno));
	if (err == ERR_EXISTS)
		return err_set(text, err,
			       "%s: process %d has this state.directory: each daemon needs one of "
			       "its own",
			       path, holder_of(fd));
	sign(fd);
	return ERR_OK;
}

enum err statelock_take(const char *directory, unsigned int wait_ms, struct statelock **ret_lock,
			struct err_text *text)
{
	struct statelock *lock = calloc(1, sizeof(*lock));
	char path[PATH_MAX];
	enum err err;

	if (!lock)
		return err_set(text, ERR_NOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/" STATELOCK_FILE, directory);
	lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = lock->fd < 0 ? err_set(text, ERR_SYS, "%s: %s", path, strerror(errno))
			   : take(lock->fd, path, wait_ms, text);
	if (err == ERR_OK)
		*ret_lock = lock;
	else
		statelock_free(lock);
	return err;
}

void statelock_free(struct statelock *lock)
{
	if (!lock)
		return;
	if (lock->fd >= 0)
		close(lock->fd);
	free(lock);
}
