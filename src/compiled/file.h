/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file: a head, what is known of the lists, the octets of the set, and the seal of all these.
 */
#ifndef COMPILED_FILE_H
#define COMPILED_FILE_H

#include <limits.h>
#include <stdint.h>

#include "base/mac.h"
#include "compiled/compiled.h"

#define COMPILED_MAGIC "sinkholed set\n\r\n" /* 16 octets with its NUL */
#define COMPILED_FORMAT 3U
#define COMPILED_ORDER 0x01020304U /* as this machine has its octets */

struct compiled_head {
	char magic[16];
	uint32_t order;
	uint32_t format;
	struct compiled_by by;
	uint64_t set_octets;
	uint32_t list_count;
	uint32_t unused;
};

/* The head of a file that is made now, but for the octets of its set. */
struct compiled_head compiled_head(const struct compiled_by *by, uint32_t list_count);

void compiled_path(const char *directory, char path[PATH_MAX]);

/* By a key that is made of the set's, and is used for nothing else. */
struct compiled_seal {
	uint8_t nonce[MAC_NONCE_OCTETS];
	uint8_t code[MAC_OCTETS];
};

/* Begins the code of a seal that has its nonce.  ERR_NOMEM. */
enum err compiled_seal_begin(const struct hash_key *key, const struct compiled_seal *seal,
			     const struct compiled_head *head, const struct compiled_list *lists,
			     struct mac **ret_mac) MUST_CHECK;

#endif
