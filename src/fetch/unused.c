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
	bool foreign;	 /* it may be another daemon's */
	size_t count;
	struct {
		char *name; /* "": it is no list */
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

static bool add(struct unused *unused, const char *name, const char *file)
{
	const size_t i = unused->count++;

	unused->lists[i].name = strdup(name);
	unused->lists[i].file = strdup(file);
	return unused->lists[i].name && unused->lists[i].file;
}

static bool add_all(struct unused *unused, const struct conf *conf)
{
	bool good = add(unused, "", conf->local.hosts_file) &&
		    add(unused, "", conf->guard.protected_file);

	for (size_t i = 0; good && i < conf->server.client_names_count; i++)
		good = add(unused, "", conf->server.client_names[i]);
	for (size_t i = 0; good && i < conf->lists_count; i++)
		good = add(unused, conf->lists[i].name, conf->lists[i].file);
	return good;
}

enum err unused_create(const struct conf *conf, struct unused **ret_unused)
{
	const size_t most = 2 + conf->server.client_names_count + conf->lists_count;
	struct unused *unused = calloc(1, sizeof(*unused) + most * sizeof(unused->lists[0]));

	if (!unused || !(unused->directory = strdup(conf->state.directory)) ||
	    !add_all(unused, conf)) {
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

void unused_follow(struct unused *unused, const struct unused *former)
{
	unused->foreign = former->foreign || strcmp(unused->directory, former->directory) != 0;
}

/* ---- whose a copy is */

static bool is_listed(const struct unused *unused, const char *name)
{
	for (size_t i = 0; i < unused->count; i++)
		if (strcmp(unused->lists[i].name, name) == 0)
			return true;
	return false;
}

/* A file of which nothing can be told now may be any. */
static bool may_be(const char *file, const struct stat *copy)
{
	struct stat st;

	if (stat(file, &st) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return st.st_dev == copy->st_dev && st.st_ino == copy->st_ino;
}

/* A list, or what else reads files, may read the copy by another path. */
static bool is_read(const struct unused *unused, const struct stat *copy)
{
	for (size_t i = 0; i < unused->count; i++)
		if (may_be(unused->lists[i].file, copy))
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

/* True for a copy as it was when it came. */
static bool is_copy(struct found *found, struct stat *ret_st)
{
	return read_meta(found) &&
	       fstatat(found->directory_fd, found->copy, ret_st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(ret_st->st_mode) && kept_is_of(&found->kept, ret_st);
}

static bool is_used(const struct unused *unused, const char *name, const struct stat *copy)
{
	return is_listed(unused, name) || is_read(unused, copy) || has_record(unused, name);
}

/* ---- what becomes of it */

/* False: it is logged why nothing was written. */
static bool write_since(const struct unused *unused, struct found *found, uint64_t since_s)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/fetched/%s", unused->directory, found->meta);

	found->kept.unused_s = since_s;
	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	if (kept_write(path, &found->kept) == ERR_OK)
		return true;
	log_warning("list %s: %s: %s: since when no list has its copy is not kept", found->name,
		    path, strerror(errno));
	return false;
}

static void mark(const struct unused *unused, struct found *found, uint64_t now_s)
{
	if (write_since(unused, found, now_s))
		log_notice(
			"list %s is not fetched any more: its copy is removed in %u days, unless "
			"it is configured again",
			found->name, UNUSED_KEPT_S / DAY_S);
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

/* A clock that was put back has the time begin anew.  So has one that was behind, by which the copy
 * was without a list before it came. */
static void look_at_unused(const struct unused *unused, struct found *found, uint64_t now_s)
{
	const uint64_t since_s = found->kept.unused_s;
	const uint64_t came_s = found->kept.checked_s;

	if (since_s == 0 || since_s > now_s || (since_s < came_s && came_s <= now_s))
		mark(unused, found, now_s);
	else if (now_s - since_s >= UNUSED_KEPT_S)
		remove_copy(found);
}

static void look_at(const struct unused *unused, struct found *found, uint64_t now_s)
{
	struct stat st;

	if (!is_copy(found, &st))
		return;
	if (!is_used(unused, found->name, &st))
		look_at_unused(unused, found, now_s);
	else if (found->kept.unused_s > 0)
		(void)write_since(unused, found, 0); /* a list has it again */
}

void unused_sweep(const struct unused *unused, uint64_t now_s)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/fetched", unused->directory);
	struct found found = {.directory_fd = -1};
	const struct dirent *entry;
	DIR *directory;

	if (!*unused->directory || unused->foreign || len < 0 || (size_t)len >= sizeof(path))
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
		if (name_of(entry->d_name, &found))
			look_at(unused, &found, now_s);
	closedir(directory);
}
