/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/before.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "keep/keep.h"
#include "match/policy.h"

#define MARK '~'
#define RECORD ".order"
#define NUMBERS 9 /* of loads that were cut short one after the other */

static void make_name(const char *name, int number, char ret_name[POLICY_LIST_NAME_MAX])
{
	snprintf(ret_name, POLICY_LIST_NAME_MAX, "%.*s%c%d", (int)POLICY_LIST_NAME_MAX - 3, name,
		 MARK, number);
}

static int is_record(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(RECORD) && strcmp(entry->d_name + len - strlen(RECORD), RECORD) == 0;
}

unsigned int before_room(const char *directory, unsigned int most)
{
	struct dirent **files;
	int count = scandir(directory, &files, is_record, alphasort);

	if (count < 0)
		return 0;
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	return (unsigned int)count < most ? most - (unsigned int)count : 0;
}

/* A name whose record is not there; false: all are. */
static bool find_free(const char *directory, const char *name, char ret_name[POLICY_LIST_NAME_MAX])
{
	char path[PATH_MAX];

	for (int number = 1; number <= NUMBERS; number++) {
		make_name(name, number, ret_name);
		keep_record_path(directory, ret_name, path);
		if (access(path, F_OK) != 0)
			return true;
	}
	return false;
}

/* The record last: what has none is nothing. */
static bool link_both(const char *directory, const char *name, const char *as)
{
	char from[PATH_MAX];
	char to[PATH_MAX];

	keep_path(directory, name, from);
	keep_path(directory, as, to);
	if ((unlink(to) != 0 && errno != ENOENT) || link(from, to) != 0)
		return false;
	keep_record_path(directory, name, from);
	keep_record_path(directory, as, to);
	return link(from, to) == 0;
}

void before_keep(const char *directory, const char *name)
{
	char as[POLICY_LIST_NAME_MAX];
	char path[PATH_MAX];

	keep_record_path(directory, name, path);
	if (access(path, F_OK) != 0 || before_is_name(name))
		return;
	errno = EEXIST;
	if (!find_free(directory, name, as) || !link_both(directory, name, as))
		log_warning("%s: %s: should this load be cut short, a restart may not know what "
			    "list %s held before it",
			    path, strerror(errno), name);
}

bool before_is_name(const char *name)
{
	return strchr(name, MARK);
}

void before_forget(const char *directory, const char *name)
{
	char path[PATH_MAX];

	if (!before_is_name(name))
		return;
	keep_path(directory, name, path);
	if (unlink(path) != 0 && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
}
