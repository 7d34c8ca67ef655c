/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiled set: the frozen set of all lists in a file of the state directory, beside what it
 * was made of and a seal.  A start whose lists and configuration are those of the file takes the
 * set from there instead of reading the lists anew.
 *
 * The file is a saving and nothing else: one that is damaged, stale, or another's is as good as
 * none.  The seal is a digest with the key that names are hashed by, so that a file is good with
 * its key alone; the key stands in a file of its own, mode 0600.
 */
#ifndef COMPILED_COMPILED_H
#define COMPILED_COMPILED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/hash.h"
#include "set/domset.h"

/* A version of a file, as far as its inode tells. */
struct compiled_version {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t mtime_s;
	int64_t mtime_ns;
	int64_t ctime_s;
	int64_t ctime_ns;
};

/* What is known of one list besides its rules. */
struct compiled_list {
	struct compiled_version version; /* of its file, as that was read */
	uint32_t format;		 /* enum list_format, as it was read */
	uint32_t entries;
	uint32_t skipped;
	uint32_t bad;
	uint32_t held;
	uint32_t open_end;		  /* 0, 1 */
	char digest[DIGEST_TEXT_MAX + 7]; /* of the file's octets; NULs behind it */
};

#define COMPILED_LIBRARIES_MAX 64

/*
 * By what rules are made of lists: of two that are the same the same lists give the same set.  What
 * is shorter than its field has NULs behind it.
 */
struct compiled_by {
	char program[DIGEST_TEXT_MAX + 7];	/* its build: a version has many */
	char libraries[COMPILED_LIBRARIES_MAX]; /* the versions of those that judge names */
	char conf[DIGEST_TEXT_MAX + 7];		/* of the configuration with all its values */
	struct compiled_version suffixes[2];	/* of the files of public suffixes; zeros: none */
};

/* A set with what it was made of; zero-filled, it is none. */
struct compiled {
	struct domset *set;	     /* owned */
	struct compiled_list *lists; /* owned, by their places in the configuration */
	uint32_t list_count;
};

struct compiled_version compiled_version(const struct stat *seen);
bool compiled_same_version(const struct compiled_version *a, const struct compiled_version *b);

/* The key of the state directory, if there is one that nobody else may read; else `key` is
 * untouched, and false. */
bool compiled_read_key(const char *directory, struct hash_key *key);

/* Has the next start find `key`: of a set that is to be written.  ERR_SYS with `text`. */
enum err compiled_keep_key(const char *directory, const struct hash_key *key,
			   struct err_text *text) MUST_CHECK;

/*
 * Reads what the state directory has, if it was made `by` this very program of `list_count` lists
 * and with `key`.  The caller frees it.  ERR_NOTFOUND: there is no file; ERR_REFUSED with `text`:
 * it is another's, or of something else; ERR_SYNTAX with `text`: it is damaged.  ERR_NOMEM.
 * `fits` is asked first, when only the lists were read: false makes it ERR_REFUSED.
 */
typedef bool compiled_fits_fn(void *arg, const struct compiled_list *lists);
enum err compiled_read(const char *directory, const struct hash_key *key,
		       const struct compiled_by *by, uint32_t list_count, compiled_fits_fn *fits,
		       void *arg, struct compiled *ret_compiled, struct err_text *text) MUST_CHECK;
void compiled_free(struct compiled *compiled);

/*
 * Puts the set, which fits (set/image.h), in the place of what the directory has: whole or not at
 * all.  ERR_SYS with `text`, ERR_CANCELLED, ERR_NOMEM; then nothing is left but the file before.
 */
enum err compiled_write(const char *directory, const struct compiled_by *by,
			const struct compiled *compiled, const atomic_bool *cancelled,
			struct err_text *text) MUST_CHECK;

/* Removes what the directory has, if there is anything. */
void compiled_remove(const char *directory);

/* What tells the builds of this program apart: the linker's build ID, else the digest of its file.
 * ERR_SYS, ERR_NOMEM. */
enum err compiled_program(char ret_program[DIGEST_TEXT_MAX]) MUST_CHECK;

/* The digest of the file at `path`.  ERR_SYS: it cannot be read; ERR_CANCELLED, ERR_NOMEM. */
enum err compiled_digest(const char *path, const atomic_bool *cancelled,
			 char ret_digest[DIGEST_TEXT_MAX]) MUST_CHECK;

#endif
