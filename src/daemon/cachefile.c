/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/cachefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define FILE_NAME "cache.dump"

/* By the clocks of the workers. */
static struct cache_dump_env make_env(const struct snapshot *s, const struct hash_key *name_key)
{
	return (struct cache_dump_env){
		.conf = &s->conf->cache,
		.ttl = &s->ttl,
		.name_key = *name_key,
		.now_ms = clock_ms(),
		.now_s = clock_unix_s(),
	};
}

static bool is_wanted(const struct snapshot *s)
{
	return s->conf->cache.keep && *s->conf->state.directory && s->conf->cache.size_bytes > 0;
}

static void file_path(const struct snapshot *s, const char *suffix, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/" FILE_NAME "%s", s->conf->state.directory, suffix);
}

/* Reads the file that is open, and closes it. */
static void load(const struct snapshot *snapshot, struct cache *cache,
		 const struct hash_key *name_key, int fd, const char *name)
{
	const struct cache_dump_env env = make_env(snapshot, name_key);
	FILE *in = fdopen(fd, "r");
	uint64_t start_ms = clock_ms();
	struct err_text text;
	uint64_t entries = 0;

	if (!in) {
		log_warning("cache: %s: ignored: %s", name, strerror(errno));
		close(fd);
		return;
	}
	if (cache_load(cache, &env, in, &entries, &text) == ERR_OK)
		log_notice("cache: %s: %llu entries read in %llu ms", name,
			   (unsigned long long)entries,
			   (unsigned long long)(clock_ms() - start_ms));
	else
		log_warning("cache: %s: ignored: %s", name, text.text);
	fclose(in);
}

void cachefile_load(const struct snapshot *snapshot, struct cache *cache,
		    const struct hash_key *name_key)
{
	char path[PATH_MAX];
	int fd;

	if (!is_wanted(snapshot))
		return;
	file_path(snapshot, "", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd >= 0)
		load(snapshot, cache, name_key, fd, path);
	else if (errno != ENOENT)
		log_warning("cache: %s: ignored: %s", path, strerror(errno));
}

/* Not synced to the disk: checksums tell of one that a loss of power has torn. */
static bool store(const struct cache_dump_env *env, struct cache *cache, const char *temporary,
		  const char *path, uint64_t *ret_entries)
{
	FILE *out;
	bool done;
	int fd;

	(void)unlink(temporary); /* a file that a crash has left, or anybody */
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	done = cache_dump(cache, env, out, ret_entries) == ERR_OK;
	done = fclose(out) == 0 && done;
	return done && rename(temporary, path) == 0;
}

void cachefile_store(const struct snapshot *snapshot, struct cache *cache,
		     const struct hash_key *name_key)
{
	const struct cache_dump_env env = make_env(snapshot, name_key);
	char temporary[PATH_MAX];
	uint64_t entries = 0;
	char path[PATH_MAX];

	if (!is_wanted(snapshot))
		return;
	file_path(snapshot, "", path);
	file_path(snapshot, ".new", temporary);
	if (store(&env, cache, temporary, path, &entries)) {
		log_notice("cache: %llu entries written to %s", (unsigned long long)entries, path);
	} else {
		log_error("cache: %s: cannot be written: %s", path, strerror(errno));
		unlink(temporary);
	}
}

/* ---- in memory */

static bool store_open(const struct cache_dump_env *env, struct cache *cache, int fd)
{
	FILE *out = fdopen(dup(fd), "w");
	uint64_t entries;
	bool done;

	if (!out)
		return false;
	done = cache_dump(cache, env, out, &entries) == ERR_OK;
	return fclose(out) == 0 && done;
}

int cachefile_to_memory(const struct snapshot *snapshot, struct cache *cache,
			const struct hash_key *name_key)
{
	const struct cache_dump_env env = make_env(snapshot, name_key);
	int fd;

	if (snapshot->conf->cache.size_bytes == 0)
		return -1;
	fd = memfd_create("cache", MFD_CLOEXEC);
	if (fd >= 0 && store_open(&env, cache, fd))
		return fd;
	log_warning("cache: it is not handed over: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void cachefile_from_memory(const struct snapshot *snapshot, struct cache *cache,
			   const struct hash_key *name_key, int fd)
{
	if (snapshot->conf->cache.size_bytes == 0 || lseek(fd, 0, SEEK_SET) != 0)
		close(fd);
	else
		load(snapshot, cache, name_key, fd, "from the process before");
}
