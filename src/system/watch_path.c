/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/watch_path.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* of one path, as the kernel's */

struct walk {
	char dir[PATH_MAX];  /* so far; "" is the root */
	char rest[PATH_MAX]; /* what is behind it */
	int links;
};

/* Takes the next name of the rest; false at its end. */
static bool next_name(struct walk *w, char ret_name[NAME_MAX + 1])
{
	const char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(ret_name, from, len);
	ret_name[len] = '\0';
	memmove(w->rest, from + len, strlen(from + len) + 1);
	return true;
}

static void leave_directory(struct walk *w)
{
	char *slash = strrchr(w->dir, '/');

	if (slash)
		*slash = '\0';
}

/* Goes on with what the link at `path` says, in front of the rest.  False: too long, too many. */
static bool follow(struct walk *w, const char *path)
{
	char target[PATH_MAX];
	char rest[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	int whole;

	if (len <= 0 || ++w->links > LINKS_MAX)
		return false;
	target[len] = '\0';
	whole = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);
	if (whole < 0 || (size_t)whole >= sizeof(rest))
		return false;
	memcpy(w->rest, rest, (size_t)whole + 1);
	if (target[0] == '/')
		w->dir[0] = '\0';
	return true;
}

static bool enter(struct walk *w, const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(w->dir))
		return false;
	memcpy(w->dir, path, len + 1);
	return true;
}

/* False where the path ends. */
static bool step(struct walk *w, const char *name, watch_entry_fn *fn, void *arg)
{
	char path[PATH_MAX + NAME_MAX + 2];
	const char *dir = *w->dir ? w->dir : "/";
	struct stat st;

	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		leave_directory(w);
		return true;
	}
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return enter(w, path);
	fn(arg, dir, name);
	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && follow(w, path);
}

void watch_path_walk(const char *path, watch_entry_fn *fn, void *arg)
{
	struct walk w = {.links = 0};
	char name[NAME_MAX + 1];

	if (strlen(path) >= sizeof(w.rest))
		return;
	memcpy(w.rest, path, strlen(path) + 1);
	if (path[0] != '/' && !getcwd(w.dir, sizeof(w.dir)))
		return;
	if (strcmp(w.dir, "/") == 0)
		w.dir[0] = '\0';
	while (next_name(&w, name) && step(&w, name, fn, arg))
		continue;
}
