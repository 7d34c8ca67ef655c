/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domain names in wire form (RFC 1035, 3.1): checked, lower-cased, walked, hashed, and to and
 * from text.  "Wire" here means labels with their length octets, ended by the root label's
 * zero, not compressed unless said.
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"

#define NAME_WIRE_MAX 255	    /* octets of a name, its root label included */
#define NAME_LABEL_MAX 63	    /* octets of a label */
#define NAME_LABELS_MAX 127	    /* labels of a name, the root not counted */
#define NAME_POINTERS_MAX 127	    /* compression pointers followed in a name */
#define NAME_TEXT_MAX (255 * 4 + 1) /* every octet escaped as \DDD, and NUL */
#define NAME_PAD 8		    /* octets that may be read behind a name in a buffer */

/* A wire name in a buffer that may be read (not written) NAME_PAD octets past its end. */
struct name {
	uint8_t len; /* octets, 1..255 */
	uint8_t wire[NAME_WIRE_MAX + NAME_PAD];
};

/*
 * A name's suffixes, from the whole name (index 0) to its top-level domain (index labels - 1):
 * where each begins, and its hash.  The root is no suffix of another name here (see
 * name_hash_root); of the root itself the first hash is its own.
 */
struct name_suffixes {
	uint64_t hash[NAME_LABELS_MAX];
	uint8_t offset[NAME_LABELS_MAX];
	uint8_t labels;
};

/*
 * The length of the wire name at `wire`, of which `avail` octets can be read; 0 when it is cut
 * off, over 255 octets, or has a compression pointer or a label type of another kind.
 */
size_t name_check(const uint8_t *wire, size_t avail);

/*
 * An octet of a name in lower case.  Octets that are no letters, the lengths of labels among them
 * (63 at most), stay as they are.
 */
static inline uint8_t name_lower(uint8_t octet)
{
	return (uint8_t)(octet - 'A') < 26U ? (uint8_t)(octet | 0x20U) : octet;
}

/* Copies a checked name in lower case (ASCII alone, RFC 4343). */
void name_copy_lower(struct name *dst, const uint8_t *wire, size_t len);

/* Copies a checked name that is in lower case already. */
static inline void name_copy(struct name *dst, const uint8_t *wire, size_t len)
{
	memcpy(dst->wire, wire, len);
	dst->len = (uint8_t)len;
}

/*
 * Reads the possibly compressed name at `*pos` of a message of `len` octets, writes it in lower
 * case to `ret_name`, and moves `*pos` behind it.  Pointers must point before the label
 * sequence they stand in, so that every walk ends (RFC 1035, 4.1.4), and there are
 * NAME_POINTERS_MAX at most: a name has no more labels.
 * ERR_TRUNCATED, ERR_LABEL, ERR_NAME, ERR_POINTER; then nothing is written.
 */
enum err name_unpack(const uint8_t *msg, size_t len, size_t *pos, struct name *ret_name) MUST_CHECK;

/* As name_unpack, and adds the pointers that were followed to `*pointers`, on failure too: whoever
 * reads a whole message bounds them all together. */
enum err name_unpack_counted(const uint8_t *msg, size_t len, size_t *pos, unsigned int *pointers,
			     struct name *ret_name) MUST_CHECK;

/* As name_unpack, but only checks and skips the octets at `*pos` itself: pointers are checked
 * to point backward, what they point to is not read. */
enum err name_skip(const uint8_t *msg, size_t len, size_t *pos) MUST_CHECK;

/*
 * Text to wire, in lower case: labels by dots, a dot at the end or not, "." the root, escapes
 * \X and \DDD (RFC 1035, 5.1).  Any octet may stand in a label.
 * ERR_LABEL, ERR_NAME, ERR_SYNTAX.
 */
enum err name_from_text(const char *text, size_t len, struct name *ret_name) MUST_CHECK;

/* As name_from_text, but only what can be a host name or a service's owner name: letters,
 * digits, hyphen and underscore; no escapes.  ERR_CHAR also.  Fast: lists are read by it, and
 * `ret_name` is written while reading, so that after a failure it holds no name. */
enum err name_from_host(const char *text, size_t len, struct name *ret_name) MUST_CHECK;

/* Wire to text with escapes, without the final dot ("." for the root), into `buf` of at least
 * NAME_TEXT_MAX octets, which it returns. */
const char *name_to_text(const uint8_t *wire, char *buf, size_t size);

/* Offsets and hashes of all suffixes of a lower-case name, in one pass from the right. */
void name_hash_suffixes(const struct hash_key *key, const struct name *name,
			struct name_suffixes *ret_suffixes);

/* The hash of the whole lower-case name alone: equal to the first of name_hash_suffixes. */
uint64_t name_hash(const struct hash_key *key, const struct name *name);

/*
 * Takes a lower-case label with its length octet into the hash of the name behind it, in words of 8
 * octets; the last word keeps only the octets that are the label's.  The length octet makes the
 * sequence prefix-free.  Up to NAME_PAD - 1 octets behind the label are read.
 */
static inline void name_hash_label(struct hash_state *s, const uint8_t *label)
{
	size_t octets = (size_t)label[0] + 1;

	for (; octets > 8; octets -= 8, label += 8)
		hash_word(s, octets_le64(label));
	hash_word(s, octets_le64(label) & (~0ULL >> (64 - 8 * octets)));
}

/* The hash of the root, which is the same for all names. */
uint64_t name_hash_root(const struct hash_key *key);

/* Writes some letters of a lower-case name in capitals: one that is the first octet of the name
 * where bit 0 of `bits` is set, one that is the second where bit 1 is, and so on, after bit 63 by
 * bit 0 again. */
void name_mix_case(uint8_t *wire, size_t len, uint64_t bits);

/* True when lower-case wire name `a` is `b` or lies below it. */
bool name_is_below(const struct name *a, const struct name *b);

bool name_equal(const struct name *a, const struct name *b);

/* True when `len` octets of a name are, but for the letters' case, those at `lower`, which are in
 * lower case. */
bool name_equal_lowered(const uint8_t *wire, const uint8_t *lower, size_t len);

#endif
