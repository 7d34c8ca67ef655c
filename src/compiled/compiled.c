/* SPDX-License-Identifier: BSD-2-Clause */
#include "compiled/compiled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/priority.h"
#include "compiled/file.h"

#define KEY_OCTETS sizeof(struct hash_key)
#define OCTETS_AT_ONCE (64U * 1024)

/* ---- what a file is known by */

struct compiled_version compiled_version(const struct stat *seen)
{
	return (struct compiled_version){
		.device = seen->st_dev,
		.inode = seen->st_ino,
		.size = (uint64_t)seen->st_size,
		.mtime_s = seen->st_mtim.tv_sec,
		.mtime_ns = seen->st_mtim.tv_nsec,
		.ctime_s = seen->st_ctim.tv_sec,
		.ctime_ns = seen->st_ctim.tv_nsec,
	};
}

bool compiled_same_version(const struct compiled_version *a, const struct compiled_version *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

struct compiled_head compiled_head(const struct compiled_by *by, uint32_t list_count)
{
	struct compiled_head head;

	memset(&head, 0, sizeof(head));
	memcpy(head.magic, COMPILED_MAGIC, sizeof(head.magic));
	head.order = COMPILED_ORDER;
	head.format = COMPILED_FORMAT;
	head.by = *by;
	head.list_count = list_count;
	return head;
}

void compiled_path(const char *directory, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/compiled.set", directory);
}

void compiled_remove(const char *directory)
{
	char path[PATH_MAX];

	compiled_path(directory, path);
	if (unlink(path) != 0 && errno != ENOENT)
		return; /* it is found out by what it was made of */
}

void compiled_free(struct compiled *compiled)
{
	domset_free(compiled->set);
	free(compiled->lists);
	*compiled = (struct compiled){.set = NULL};
}

/* The digest of the set's key and of what the other is for. */
static enum err seal_key(const struct hash_key *key, uint8_t ret_key[MAC_KEY_OCTETS])
{
	static const char purpose[] = "seal of a compiled set";
	char text[DIGEST_TEXT_MAX];
	struct digest *digest;
	enum err err = digest_create(&digest);

	if (err != ERR_OK)
		return err;
	digest_add(digest, key, sizeof(*key));
	digest_add(digest, purpose, sizeof(purpose));
	err = digest_text(digest, text);
	digest_free(digest);
	for (unsigned int i = 0; i < MAC_KEY_OCTETS && err == ERR_OK; i++) {
		const char octet[3] = {text[2 * i], text[2 * i + 1], '\0'};

		ret_key[i] = (uint8_t)strtoul(octet, NULL, 16);
	}
	return err;
}

enum err compiled_seal_begin(const struct hash_key *key, const struct compiled_seal *seal,
			     const struct compiled_head *head, const struct compiled_list *lists,
			     struct mac **ret_mac)
{
	uint8_t made[MAC_KEY_OCTETS];
	enum err err = seal_key(key, made);

	if (err == ERR_OK)
		err = mac_create(made, seal->nonce, ret_mac);
	if (err != ERR_OK)
		return err;
	mac_add(*ret_mac, head, sizeof(*head));
	mac_add(*ret_mac, lists, head->list_count * sizeof(*lists));
	return ERR_OK;
}

enum err compiled_digest(const char *path, const atomic_bool *cancelled,
			 char ret_digest[DIGEST_TEXT_MAX])
{
	struct digest *digest;
	char buf[OCTETS_AT_ONCE];
	enum err err;
	int fd;

	if (file_open(path, &fd) != ERR_OK)
		return ERR_SYS;
	err = digest_create(&digest);
	if (err != ERR_OK) {
		close(fd);
		return err;
	}
	while (err == ERR_OK) {
		ssize_t got = read(fd, buf, sizeof(buf));

		if (got == 0)
			break;
		if (got > 0)
			digest_add(digest, buf, (size_t)got);
		else if (errno != EINTR)
			err = ERR_SYS;
		if (cancelled && atomic_load(cancelled))
			err = ERR_CANCELLED;
		priority_give_way();
	}
	if (err == ERR_OK)
		err = digest_text(digest, ret_digest);
	digest_free(digest);
	close(fd);
	return err;
}

/* ---- the key */

static void key_path(const char *directory, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/compiled.key", directory);
}

bool compiled_read_key(const char *directory, struct hash_key *key)
{
	static const struct hash_key lost; /* as a file system may leave it, and anybody knows it */
	struct hash_key found;
	char path[PATH_MAX];
	struct stat seen;
	bool good;
	int fd;

	key_path(directory, path);
	if (file_open(path, &fd) != ERR_OK)
		return false;
	good = fstat(fd, &seen) == 0 && seen.st_uid == geteuid() &&
	       (seen.st_mode & (S_IRWXG | S_IRWXO)) == 0 && seen.st_size == (off_t)KEY_OCTETS &&
	       read(fd, &found, KEY_OCTETS) == (ssize_t)KEY_OCTETS &&
	       memcmp(&found, &lost, KEY_OCTETS) != 0;
	close(fd);
	if (good)
		*key = found;
	return good;
}

enum err compiled_keep_key(const char *directory, const struct hash_key *key, struct err_text *text)
{
	struct hash_key kept;
	char path[PATH_MAX];

	if (compiled_read_key(directory, &kept) && memcmp(&kept, key, sizeof(kept)) == 0)
		return ERR_OK;
	key_path(directory, path);
	return err_set(text, file_replace(path, key, sizeof(*key)), "%s: %s", path,
		       strerror(errno));
}
