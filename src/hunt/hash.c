/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/hash.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static enum err make_key(const char *path, struct hash_key *key, struct err_text *text)
{
	enum err err = hash_key_random(key);

	if (err == ERR_OK)
		err = file_replace(path, key, sizeof(*key));
	return err_set(text, err, "%s: %s", path, strerror(errno));
}

enum err hunt_hash_open(const char *folder, struct hunt_hash *ret_hash, struct err_text *text)
{
	struct hunt_hash hash = {.bits = HUNT_BITS};
	char path[PATH_MAX];
	char *octets;
	size_t len;
	enum err err;

	snprintf(path, sizeof(path), "%s/" HUNT_KEY_FILE, folder);
	err = file_read(path, sizeof(hash.key), &octets, &len);
	if (err == ERR_OK) {
		if (len == sizeof(hash.key))
			memcpy(&hash.key, octets, len);
		else
			err = err_set(text, ERR_SYNTAX, "%s: cut off", path);
		free(octets);
	} else if (err == ERR_SYS && errno == ENOENT) {
		err = make_key(path, &hash.key, text);
	} else {
		err = err_set(text, err == ERR_RANGE ? ERR_SYNTAX : err, "%s: %s", path,
			      err == ERR_SYS ? file_reason(errno) : err_str(err));
	}
	if (err == ERR_OK)
		*ret_hash = hash;
	return err;
}

uint64_t hunt_hash_of(const struct hunt_hash *hash, const uint8_t *wire, size_t len)
{
	return hash_siphash24(&hash->key, wire, len) >> (HUNT_BITS - hash->bits);
}

/* Where each label begins; returns how many. */
static size_t find_labels(const struct name *name, uint8_t ret_offsets[NAME_LABELS_MAX])
{
	size_t labels = 0;

	for (size_t at = 0; at < name->len && name->wire[at] > 0; at += name->wire[at] + 1U)
		ret_offsets[labels++] = (uint8_t)at;
	return labels;
}

size_t hunt_hash_all(const struct hunt_hash *hash, const struct name *name,
		     uint64_t ret_hashes[HUNT_HASHES_MAX])
{
	uint8_t offsets[NAME_LABELS_MAX];
	size_t labels = find_labels(name, offsets);
	size_t count = 0;

	for (size_t i = 0; i < labels; i++)
		if (i == 0 || labels - i <= HUNT_LABELS_MAX)
			ret_hashes[count++] = hunt_hash_of(hash, name->wire + offsets[i],
							   (size_t)name->len - offsets[i]);
	return count;
}

double hunt_hash_false(unsigned int bits, uint64_t names, uint64_t hashes)
{
	double all = 2.0 * (double)(1ULL << (bits - 1)); /* hashes that there can be */

	return (double)names * (double)hashes / all;
}
