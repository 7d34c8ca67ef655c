/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/begun.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

uint64_t begun_latest(const char *directory, struct dirent **files, int count, uint64_t now_s)
{
	uint64_t latest_s = now_s;
	char path[PATH_MAX];
	struct stat st;

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]->d_name);
		if (stat(path, &st) == 0 && st.st_mtime > (time_t)latest_s)
			latest_s = (uint64_t)st.st_mtime;
	}
	return latest_s;
}

static void note_begun(const char *directory, const struct policy_list *list)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT},
					 {.tv_sec = (time_t)list->term.valid_from_s}};
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s.order", directory, list->name);
	if (stat(path, &st) == 0 && st.st_mtime < times[1].tv_sec &&
	    utimensat(AT_FDCWD, path, times, 0) != 0)
		log_warning("%s: %s: if the clock goes back, a restart will not know that this "
			    "order has begun",
			    path, strerror(errno));
}

void begun_note(const char *directory, const struct policy *policy)
{
	for (size_t i = 0; i < policy->list_count; i++)
		if (policy->lists[i].term.begun)
			note_begun(directory, &policy->lists[i]);
}
