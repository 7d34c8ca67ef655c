/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/conf_file_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/conf.h"

static const struct conf_mark nowhere;

/* Tells why `errno` says it failed. */
static enum err fail_sys(const struct conf_place *place)
{
	int failure = errno;

	(void)conf_fail(place, nowhere, "%s", strerror(failure));
	errno = failure;
	return ERR_SYS;
}

/* ERR_SYS unless it is a regular file: reading a pipe or a terminal may never end. */
static enum err check_regular(const struct conf_place *place, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail_sys(place);
	if (S_ISREG(status.st_mode))
		return ERR_OK;
	if (S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return fail_sys(place);
	}
	(void)conf_fail(place, nowhere, "Not a regular file");
	errno = EINVAL;
	return ERR_SYS;
}

/* Reads until the end, or until `size` octets are read. */
static enum err read_all(const struct conf_place *place, int fd, char *buf, size_t size,
			 size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, buf + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_sys(place);
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return ERR_OK;
}

static enum err check_text(const struct conf_place *place, const char *text, size_t len)
{
	if (len > CONF_FILE_MAX)
		return conf_fail(place, nowhere, "larger than %u KiB", CONF_FILE_MAX / 1024);
	if (memchr(text, '\0', len))
		return conf_fail(place, nowhere, "not a text file");
	return ERR_OK;
}

/* Ends what is read by NUL, for which `buf` has room. */
static enum err file_read(const struct conf_place *place, int fd, char *buf, size_t *ret_len)
{
	size_t len = 0;
	enum err err = check_regular(place, fd);

	if (!err)
		err = read_all(place, fd, buf, CONF_FILE_MAX + 1, &len);
	if (!err)
		err = check_text(place, buf, len);
	if (err)
		return err;
	buf[len] = '\0';
	*ret_len = len;
	return ERR_OK;
}

enum err conf_file_read(const struct conf_place *place, char **ret_text, size_t *ret_len)
{
	char *buf;
	int fd = open(place->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum err err;

	if (fd < 0)
		return fail_sys(place);
	buf = malloc(CONF_FILE_MAX + 2);
	err = buf ? file_read(place, fd, buf, ret_len) : conf_fail_nomem(place);
	close(fd);
	if (err)
		free(buf);
	else
		*ret_text = buf;
	return err;
}
