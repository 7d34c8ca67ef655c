/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/part.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define COMPARED_OCTETS (64U * 1024)

void part_init(struct part *part, const char *path, const char *copy)
{
	*part = (struct part){.fd = -1};
	snprintf(part->path, sizeof(part->path), "%s", path);
	snprintf(part->copy, sizeof(part->copy), "%s", copy);
}

/* The directory is made by the first that needs it. */
static enum err begin(struct part *part)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s", part->path);
	if (mkdir(dirname(directory), 0700) != 0 && errno != EEXIST)
		return ERR_SYS;
	part->fd = open(part->path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return part->fd >= 0 ? ERR_OK : ERR_SYS;
}

enum err part_add(struct part *part, const void *data, size_t len)
{
	enum err err = part->fd < 0 ? begin(part) : ERR_OK;

	if (err == ERR_OK)
		err = file_write(part->fd, data, len);
	if (err == ERR_OK)
		part->size += len;
	return err;
}

/* Of two files of one size; what cannot be read is another one. */
static bool has_same_octets(int a, int b, uint64_t size)
{
	static const size_t most = COMPARED_OCTETS;
	char a_buf[COMPARED_OCTETS];
	char b_buf[COMPARED_OCTETS];

	for (uint64_t at = 0; at < size;) {
		size_t len = size - at < most ? (size_t)(size - at) : most;
		ssize_t got = pread(a, a_buf, len, (off_t)at);

		if (got <= 0 || pread(b, b_buf, (size_t)got, (off_t)at) != got ||
		    memcmp(a_buf, b_buf, (size_t)got) != 0)
			return false;
		at += (uint64_t)got;
	}
	return true;
}

static bool is_copy(const struct part *part)
{
	struct stat st;
	bool same;
	int fd;

	if (file_open(part->copy, &fd) != ERR_OK)
		return false;
	same = fstat(fd, &st) == 0 && (uint64_t)st.st_size == part->size &&
	       has_same_octets(part->fd, fd, part->size);
	close(fd);
	return same;
}

static enum err take_place(struct part *part)
{
	if (fsync(part->fd) != 0)
		return ERR_SYS;
	return file_rename(part->path, part->copy);
}

enum err part_finish(struct part *part, bool *ret_new, struct stat *ret_st)
{
	bool same = is_copy(part);
	struct stat st;

	if ((!same && take_place(part) != ERR_OK) || stat(part->copy, &st) != 0)
		return ERR_SYS;
	if (!same) {
		close(part->fd);
		part->fd = -1;
	}
	part_drop(part);
	*ret_new = !same;
	*ret_st = st;
	return ERR_OK;
}

void part_drop(struct part *part)
{
	if (part->fd < 0)
		return;
	close(part->fd);
	unlink(part->path);
	part->fd = -1;
	part->size = 0;
}
