/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"

#define MAGIC 0x31706b73U /* "skp1" */
#define BLOCK_MAX 65536U  /* of a file system, in octets */

/* ---- files */

/* False: errno says why. */
static bool path_of(const struct spool *s, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", s->folder, name) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static bool is_name(const char *name)
{
	return strlen(name) == SPOOL_NAME_LEN && strspn(name, "0123456789abcdef") == SPOOL_NAME_LEN;
}

/* Locks a file.  False: another process has it, or had it and has removed it; errno says so. */
static bool lock(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0)
		return false;
	errno = ESTALE;
	return S_ISREG(st.st_mode) && st.st_nlink > 0;
}

/* Opens a file of the folder and locks it.  -1: it is not to be had. */
static int open_locked(const struct spool *s, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd = path_of(s, name, path)
			 ? open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600)
			 : -1;

	if (fd >= 0 && !lock(fd)) {
		int reason = errno;

		close(fd);
		errno = reason;
		fd = -1;
	}
	return fd;
}

enum err spool_init(struct spool *s, const char *folder, uint64_t bytes_max, struct err_text *text)
{
	struct hash_key name;

	*s = (struct spool){.fd = -1, .bytes_max = bytes_max};
	if (hash_key_random(&name) != ERR_OK)
		return err_set(text, ERR_SYS, "no random numbers");
	snprintf(s->name, sizeof(s->name), "%016llx%016llx", (unsigned long long)name.k0,
		 (unsigned long long)name.k1);
	if (snprintf(s->folder, sizeof(s->folder), "%s", folder) >= PATH_MAX)
		return err_set(text, ERR_SYS, "the path of the spool is too long");
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_set(text, ERR_SYS, "%s: %s", folder, strerror(errno));
	return ERR_OK;
}

void spool_fini(struct spool *s)
{
	char path[PATH_MAX];

	if (s->fd >= 0 && s->sent == s->end && path_of(s, s->name, path))
		unlink(path);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	parcel_fini(&s->held);
}

/* ---- adding */

static uint64_t check_of(const struct spool_frame *f, const uint8_t *octets)
{
	static const struct hash_key fixed = {0x73696e6b, 0x686f6c65};
	uint64_t parts[] = {((uint64_t)f->magic << 32) | f->len, f->number, f->findings, f->hits,
			    hash_siphash24(&fixed, octets, f->len)};

	return hash_siphash24(&fixed, parts, sizeof(parts));
}

static struct spool_frame frame_of(uint64_t number, const struct parcel *b)
{
	struct spool_frame f = {
		.magic = MAGIC,
		.len = (uint32_t)b->len,
		.number = number,
		.findings = b->findings,
		.hits = b->hits,
	};

	f.check = check_of(&f, b->octets);
	return f;
}

static bool write_at(int fd, const void *octets, size_t len, uint64_t at)
{
	const uint8_t *from = octets;

	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, (off_t)at);

		if (n <= 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* False: nothing of it is on the disk; errno says why, 0: it would be over the bound. */
static bool add_to_file(struct spool *s, const struct spool_frame *f, const struct parcel *b)
{
	errno = 0;
	if (spool_octets(s) + sizeof(*f) + b->len > s->bytes_max)
		return false;
	if (s->fd < 0)
		s->fd = open_locked(s, s->name, O_CREAT | O_EXCL);
	if (s->fd < 0)
		return false;
	if (write_at(s->fd, f, sizeof(*f), s->end) &&
	    write_at(s->fd, b->octets, b->len, s->end + sizeof(*f))) {
		s->end += sizeof(*f) + b->len;
		return true;
	}
	int reason = errno;

	if (ftruncate(s->fd, (off_t)s->end) != 0)
		log_debug("spool: what was half written is written over");
	errno = reason;
	return false;
}

static bool hold(struct spool *s, const struct spool_frame *f, const struct parcel *b)
{
	parcel_clear(&s->held);
	if (!parcel_append(&s->held, b->octets, b->len)) {
		parcel_clear(&s->held);
		return false;
	}
	s->held_frame = *f;
	return true;
}

static void tell_disk(struct spool *s, bool written, int reason)
{
	if (!written && reason != 0 && !s->disk_failing)
		log_error("ledger: %s: %s: a batch of findings at a time is kept in memory",
			  s->folder, strerror(reason));
	else if (written && s->disk_failing)
		log_notice("ledger: %s is written again", s->folder);
	s->disk_failing = !written && (reason != 0 || s->disk_failing);
}

enum err spool_add(struct spool *s, const struct parcel *batch, struct err_text *text)
{
	struct spool_frame frame = frame_of(s->number + 1, batch);
	bool written;
	int reason;

	/* what comes later has the higher number, and is sent later */
	if (s->held.len > 0)
		return err_set(text, ERR_SYS,
			       "%s: nothing can be added, and the database takes nothing",
			       s->folder);
	written = add_to_file(s, &frame, batch);
	reason = errno;
	tell_disk(s, written, reason);
	if (!written && (reason == 0 || !hold(s, &frame, batch)))
		return err_set(text, ERR_SYS, "%s: %s", s->folder,
			       reason ? strerror(reason)
				      : "full up to evidence.spool-size, and the database takes "
					"nothing");
	s->number++;
	s->waiting += batch->findings;
	return ERR_OK;
}

bool spool_has(const struct spool *s)
{
	return s->sent < s->end || s->held.len > 0;
}

/* ---- reading */

static bool read_at(int fd, void *octets, size_t len, uint64_t at)
{
	uint8_t *to = octets;

	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* Adds the batch at `at` to the load.  False: there is none that is whole. */
static bool load_one(const struct spool *s, uint64_t at, uint64_t end, struct parcel *load)
{
	struct spool_frame f;
	size_t before = load->len;
	static const uint8_t zero[4096];
	size_t left;

	if (end - at < sizeof(f) || !read_at(s->fd, &f, sizeof(f), at) || f.magic != MAGIC ||
	    f.len > PARCEL_MAX || end - at - sizeof(f) < f.len)
		return false;
	parcel_append(load, &f, sizeof(f));
	for (left = f.len; left > 0 && !load->full; left -= left < 4096 ? left : 4096)
		parcel_append(load, zero, left < 4096 ? left : 4096);
	if (!load->full &&
	    read_at(s->fd, load->octets + before + sizeof(f), f.len, at + sizeof(f)) &&
	    f.check == check_of(&f, load->octets + before + sizeof(f)))
		return true;
	load->len = before;
	return false;
}

enum err spool_load(const struct spool *s, bool singly, struct spool_load *ret_load,
		    struct err_text *text)
{
	struct spool_load *l = ret_load;
	uint64_t end = s->end;

	parcel_clear(&l->octets);
	l->from = l->to = s->sent;
	l->held = s->sent == end;
	if (l->held) {
		if (parcel_append(&l->octets, &s->held_frame, sizeof(s->held_frame)) &&
		    parcel_append(&l->octets, s->held.octets, s->held.len))
			return ERR_OK;
		return err_set(text, ERR_NOMEM, "out of memory");
	}
	while (l->to < end && (l->octets.len == 0 || (!singly && l->octets.len < SPOOL_LOAD_MAX)) &&
	       load_one(s, l->to, end, &l->octets))
		l->to = s->sent + l->octets.len;
	if (l->octets.len > 0)
		return ERR_OK;
	if (l->octets.full)
		return err_set(text, ERR_NOMEM, "out of memory");
	return err_set(text, ERR_NOTFOUND, "%s/%s is broken, or cut off", s->folder, s->name);
}

bool spool_next(const struct spool_load *l, size_t *at, struct spool_frame *ret_frame,
		const uint8_t **ret_octets)
{
	if (*at >= l->octets.len)
		return false;
	memcpy(ret_frame, l->octets.octets + *at, sizeof(*ret_frame));
	*ret_octets = l->octets.octets + *at + sizeof(*ret_frame);
	*at += sizeof(*ret_frame) + ret_frame->len;
	return true;
}

/* ---- taken */

/* All of the file is taken. */
static void empty(struct spool *s)
{
	if (s->fd >= 0 && ftruncate(s->fd, 0) == 0)
		s->sent = s->end = s->freed = 0;
	s->waiting = s->held.len > 0 ? s->held_frame.findings : 0;
}

/* Where batches come as fast as they go there is no moment at which all are taken. */
static void free_sent(struct spool *s)
{
	/* only whole blocks are freed: the one that the last hole ended in is now */
	uint64_t from = s->freed - s->freed % BLOCK_MAX;

	if (fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
		      (off_t)(s->sent - from)) == 0)
		s->freed = s->sent;
}

uint64_t spool_octets(const struct spool *s)
{
	return s->end - s->freed + s->others;
}

void spool_taken(struct spool *s, const struct spool_load *l, uint64_t findings)
{
	s->waiting -= findings < s->waiting ? findings : s->waiting;
	if (l->held) {
		parcel_fini(&s->held);
		return;
	}
	s->sent = l->to;
	if (s->sent == s->end)
		empty(s);
	else
		free_sent(s);
}

/* ---- what is broken */

/* Where a batch begins that can be read, behind `at`; the end: nowhere. */
static uint64_t next_batch(const struct spool *s, uint64_t at, struct parcel *batch)
{
	static const uint32_t magic = MAGIC;
	uint8_t octets[16384];

	while (s->end - at > sizeof(magic) && !batch->full) {
		size_t len = s->end - at < sizeof(octets) ? (size_t)(s->end - at) : sizeof(octets);
		const uint8_t *found = NULL;

		if (read_at(s->fd, octets, len, at))
			found = memmem(octets, len, &magic, sizeof(magic));
		at += found ? (uint64_t)(found - octets) : len - sizeof(magic) + 1;
		if (found && load_one(s, at, s->end, batch))
			return at;
		at += found != NULL;
	}
	return s->end;
}

uint64_t spool_skip(struct spool *s)
{
	struct parcel batch = {.octets = NULL};
	uint64_t from = s->sent;
	uint64_t to = next_batch(s, from + 1, &batch);
	bool full = batch.full;

	parcel_fini(&batch);
	if (full)
		return 0;
	s->sent = to;
	if (s->sent == s->end)
		empty(s);
	return to - from;
}

/* ---- what others have left */

/* Where what was not taken begins: before it there is nothing but zeros (free_sent). */
static uint64_t first_octet(const struct spool *s)
{
	off_t data = lseek(s->fd, 0, SEEK_DATA);
	uint64_t at = data > 0 ? (uint64_t)data : 0;
	uint8_t octets[4096];

	while (at < s->end) {
		size_t len = s->end - at < sizeof(octets) ? (size_t)(s->end - at) : sizeof(octets);
		size_t i = 0;

		if (!read_at(s->fd, octets, len, at))
			break;
		while (i < len && octets[i] == 0)
			i++;
		at += i;
		if (i < len)
			break;
	}
	return at;
}

static bool adopt(const struct spool *s, const char *name, struct spool *ret_other)
{
	int fd = open_locked(s, name, 0);
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;

	if (end < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	*ret_other = (struct spool){.fd = fd, .end = (uint64_t)end};
	ret_other->sent = first_octet(ret_other);
	memcpy(ret_other->folder, s->folder, sizeof(s->folder));
	memcpy(ret_other->name, name, SPOOL_NAME_LEN + 1);
	return true;
}

static uint64_t size_of(const struct spool *s, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (!path_of(s, name, path) || lstat(path, &st) != 0 || st.st_size < 0)
		return 0;
	return st.st_blocks * 512 < st.st_size ? (uint64_t)st.st_blocks * 512
					       : (uint64_t)st.st_size;
}

static int is_spool(const struct dirent *entry)
{
	return is_name(entry->d_name);
}

bool spool_adopt(struct spool *s, struct spool *ret_other)
{
	struct dirent **files = NULL;
	int count = scandir(s->folder, &files, is_spool, alphasort);
	bool found = false;

	s->others = 0;
	for (int i = 0; i < count; i++) {
		if (strcmp(files[i]->d_name, s->name) != 0) {
			s->others += size_of(s, files[i]->d_name);
			found = found || adopt(s, files[i]->d_name, ret_other);
		}
		free(files[i]);
	}
	free(files);
	return found;
}
