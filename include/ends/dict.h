/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends that many listed names share ("com", "blogspot.com"), each stored once, so that a
 * record may name one by a code of one or two octets.  The dictionary learns while names are
 * added: a top-level domain at once, anything longer when it has come a few times.
 */
#ifndef ENDS_DICT_H
#define ENDS_DICT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pages.h"
#include "dns/name.h"

#define DICT_SUFFIX_MAX 30		  /* octets of a suffix, the root label included */
#define DICT_ENTRIES_MAX (128 + 64 * 256) /* 128 codes of one octet, the rest of two */
#define DICT_SLOTS 32768
#define DICT_CANDIDATES 4096

struct dict_entry {
	uint8_t wire[DICT_SUFFIX_MAX]; /* zeros behind the name */
	uint8_t len;
	uint8_t labels;
};

/* A suffix seen lately but not stored, by its hash. */
struct dict_candidate {
	uint32_t tag;
	uint32_t seen;
};

/* Zeroed memory is an empty dictionary.  What is stored stays in its place until dict_truncate, so
 * that others may look while one thread learns. */
struct dict {
	struct pages pages; /* of struct dict_entry, `count` of them */
	uint32_t count;
	_Atomic uint16_t slot[DICT_SLOTS]; /* hash table: index of an entry + 1, or 0 */
	struct dict_candidate candidate[DICT_CANDIDATES];
};

/* The entries alone: what is left of a dictionary when it learns no more. */
struct dict_view {
	const struct dict_entry *entries;
	uint32_t count;
};

/* An end of a name that is in the dictionary. */
struct dict_match {
	uint32_t index;	 /* of the entry */
	uint32_t offset; /* where in the name it begins */
};

/*
 * Learns from `name` and finds the longest end of it that is stored; false when there is none.
 * A lack of memory costs only the saving.
 */
bool dict_match(struct dict *dict, const struct name *name, struct dict_match *ret_match);

/*
 * The same without learning, and what there is to be learned of the name, for dict_pass; any
 * thread, while another one learns, but not while it truncates.
 */
bool dict_look(const struct dict *dict, const struct name *name, struct dict_match *ret_match,
	       uint64_t *ret_next);

/*
 * Learns from a name that dict_look has left `next` of.  False, and nothing is learned: there is a
 * longer end of it by now, or there has to be, and dict_match is to be asked.
 */
bool dict_pass(struct dict *dict, uint64_t next);

/* Forgets all entries from `count` on. */
void dict_truncate(struct dict *dict, uint32_t count);

#endif
