/* SPDX-License-Identifier: BSD-2-Clause */
/* What has come so far of a list, in a file beside its copy, whose place it takes when it is whole.
 */
#ifndef FETCH_PART_H
#define FETCH_PART_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct part {
	char path[PATH_MAX];
	char copy[PATH_MAX];
	int fd; /* -1: nothing has come */
	uint64_t size;
};

/* Nothing has come yet. */
void part_init(struct part *part, const char *path, const char *copy);

/* Adds what has come.  ERR_SYS with errno. */
enum err part_add(struct part *part, const void *data, size_t len) MUST_CHECK;

/*
 * All has come, and is on the disk: it takes the place of the copy, unless that has the same
 * octets. `ret_st` is the copy's then.  ERR_SYS with errno: the copy is as it was.
 */
enum err part_finish(struct part *part, bool *ret_new, struct stat *ret_st) MUST_CHECK;

/* Removes what has come. */
void part_drop(struct part *part);

#endif
