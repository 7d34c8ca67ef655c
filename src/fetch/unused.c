/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/unused.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fetch/kept.h"
#include "keep/keep.h"

#define COPY_END ".list"
#define META_END ".meta"
#define DAY_S 86400U

struct unused {
	char *directory; /* of the state; "": there is none, and nothing is fetched */
	size_t count;
	struct {
		char *name;
		char *file;
	} lists[];
};

/* A copy, by what is known of it. */
struct found {
	int directory_fd;
	char name[NAME_MAX + 1]; /* of the list that it was of */
	char copy[NAME_MAX + sizeof(COPY_END)];
	char meta[NAME_MAX + sizeof(META_END)];
	struct kept kept;
};

enum err unused_create(const struct conf *conf, struct unused **ret_unused)
{
	struct unused *unused =
		calloc(1, sizeof(*unused) + conf->lists_count * sizeof(unused->lists[0]));
	bool good = unused && (unused->directory = strdup(conf->state.directory)) != NULL;

	for (size_t i = 0; good && i < conf->lists_count; i++) {
		unused->lists[i].name = strdup(conf->lists[i].name);
		unused->lists[i].file = strdup(conf->lists[i].file);
		unused->count++;
		good = unused->lists[i].name && unused->lists[i].file;
	}
	if (!good) {
		unused_free(unused);
		return ERR_NOMEM;
	}
	*ret_unused = unused;
	return ERR_OK;
}

void unused_free(struct unused *unused)
{
	if (!unused)
		return;
	for (size_t i = 0; i < unused->count; i++) {
		free(unused->lists[i].name);
		free(unused->lists[i].file);
	}
	free(unused->directory);
	free(unused);
}

/* ---- whose a copy is */

static bool is_listed(const struct unused *unused, const char *name)
{
	for (size_t i = 0; i < unused->count; i++)
		if (strcmp(unused->lists[i].name, name) == 0)
			return true;
	return false;
}

/* A list may read the file by another path. */
static bool is_read(const struct unused *unused, const struct stat *copy)
{
	struct stat st;

	for (size_t i = 0; i < unused->count; i++)
		if (stat(unused->lists[i].file, &st) == 0 && st.st_dev == copy->st_dev &&
		    st.st_ino == copy->st_ino)
			return true;
	return false;
}

/* A mandatory list that is to be lifted is compared with what was kept of it. */
static bool has_record(const struct unused *unused, const char *name)
{
	char path[PATH_MAX];

	keep_record_path(unused->directory, name, path);
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* The name of the list by that of a file; false: it is no copy's description. */
static bool name_of(const char *file, struct found *found)
{
	const size_t len = strlen(file);
	const size_t end = strlen(META_END);

	if (len <= end || len > NAME_MAX || strcmp(file + len - end, META_END) != 0)
		return false;
	snprintf(found->name, sizeof(found->name), "%.*s", (int)(len - end), file);
	snprintf(found->copy, sizeof(found->copy), "%s" COPY_END, found->name);
	snprintf(found->meta, sizeof(found->meta), "%s" META_END, found->name);
	return true;
}

/* Follows no link, and waits for nobody. */
static bool read_meta(struct found *found)
{
	int fd = openat(found->directory_fd, found->meta,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[KEPT_TEXT_MAX];
	struct stat st;
	ssize_t len = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		len = read(fd, text, sizeof(text));
	close(fd);
	return len > 0 && kept_parse(text, (size_t)len, &found->kept) == ERR_OK;
}

/* True for a copy that is no list's, as it was when it came. */
static bool is_unused(const struct unused *unused, struct found *found)
{
	struct stat st;

	return !is_listed(unused, found->name) && read_meta(found) &&
	       fstatat(found->directory_fd, found->copy, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && kept_is_of(&found->kept, &st) && !is_read(unused, &st) &&
	       !has_record(unused, found->name);
}

/* ---- what becomes of it */

static void mark(const struct unused *unused, struct found *found, uint64_t now_s)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/fetched/%s", unused->directory, found->meta);

	found->kept.unused_s = now_s;
	if (len < 0 || (size_t)len >= sizeof(path))
		return;
	if (kept_write(path, &found->kept) == ERR_OK)
		log_notice(
			"list %s is not fetched any more: its copy is removed in %u days, unless "
			"it is configured again",
			found->name, UNUSED_KEPT_S / DAY_S);
	else
		log_warning("list %s is not fetched any more, but its copy stays: %s: %s",
			    found->name, path, strerror(errno));
}

/* The copy first: without what is known of it, it would stay for ever. */
static void remove_copy(const struct found *found)
{
	if (unlinkat(found->directory_fd, found->copy, 0) == 0 &&
	    unlinkat(found->directory_fd, found->meta, 0) == 0)
		log_notice(
			"list %s: the copy of what was fetched from %.*s is removed: no list has "
			"it for %u days",
			found->name, (int)strcspn(found->kept.url, "?#"), found->kept.url,
			UNUSED_KEPT_S / DAY_S);
	else
		log_warning("list %s: its copy, which no list has, cannot be removed: %s",
			    found->name, strerror(errno));
}

/* A clock that was put back has the time begin anew. */
static void look_at(const struct unused *unused, struct found *found, uint64_t now_s)
{
	const uint64_t since_s = found->kept.unused_s;

	if (since_s == 0 || since_s > now_s)
		mark(unused, found, now_s);
	else if (now_s - since_s >= UNUSED_KEPT_S)
		remove_copy(found);
}

void unused_sweep(const struct unused *unused, uint64_t now_s)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/fetched", unused->directory);
	struct found found = {.directory_fd = -1};
	const struct dirent *entry;
	DIR *directory;

	if (!*unused->directory || len < 0 || (size_t)len >= sizeof(path))
		return;
	found.directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = found.directory_fd < 0 ? NULL : fdopendir(found.directory_fd);
	if (!directory) {
		if (found.directory_fd >= 0)
			close(found.directory_fd);
		return;
	}
	/* glibc's readdir is safe for a DIR that no other thread has */
	// cppcheck-suppress readdirCalled
	while ((entry = readdir(directory)) != NULL)
		if (name_of(entry->d_name, &found) && is_unused(unused, &found))
			look_at(unused, &found, now_s);
	closedir(directory);
}
