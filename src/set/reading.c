/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/reading.h"

#include "base/pastcache.h"

#define AT_ONCE 16U /* records; there is room for as many, or more */

_Static_assert(sizeof(struct reading) % PASTCACHE_STEP == 0, "it is copied by steps");

enum err batch_hash_ends(const struct domset *set, struct pages *ret_ends)
{
	const struct dict_view *dict = &set->ends.dict;
	struct hash_state *ends;
	enum err err = pages_map(ret_ends, dict->count * sizeof(*ends));

	if (err != ERR_OK)
		return err;
	ends = (void *)ret_ends->base;
	for (uint32_t i = 0; i < dict->count; i++) {
		uint8_t wire[DICT_SUFFIX_MAX + NAME_PAD] = {0};
		uint8_t offset[DICT_SUFFIX_MAX];
		uint32_t labels = 0;

		memcpy(wire, dict->entries[i].wire, dict->entries[i].len);
		for (uint32_t at = 0; wire[at]; at += wire[at] + 1U)
			offset[labels++] = (uint8_t)at;
		ends[i] = hash_begin(&set->key);
		while (labels-- > 0)
			name_hash_label(&ends[i], wire + offset[labels]);
	}
	return ERR_OK;
}

static uint32_t count_labels(const struct name *name)
{
	uint32_t labels = 0;

	for (uint32_t pos = 0; name->wire[pos]; pos += name->wire[pos] + 1U)
		labels++;
	return labels;
}

/* Reads the owner by its name; returns where the next record begins. */
static const uint8_t *read_name(const struct batch *batch, const uint8_t *owner,
				struct reading *reading)
{
	const struct domset *set = batch->set;
	struct name name;
	const uint8_t *end = record_owner(owner, &reading->head, &set->ends, &name);

	reading->labels = count_labels(&name) & NAME_LABELS_MAX;
	reading->hash = name_hash(&set->key, &name);
	return end;
}

/* As read_name, of an owner that is no stream, where it lies.  As of a stream, some octets behind
 * it may be read (PHRASE_READ_BEHIND). */
_Static_assert(NAME_PAD <= PHRASE_READ_BEHIND, "who reads them is who writes them");
static const uint8_t *read_labels(const struct batch *batch, const uint8_t *owner,
				  struct reading *reading)
{
	const struct domset *set = batch->set;
	uint8_t offset[NAME_LABELS_MAX];
	const uint8_t *at = owner;
	uint32_t labels = 0;
	uint32_t more = 0; /* in the dictionary */
	struct hash_state s;

	for (; *at != 0 && *at < RECORD_CODE; at += *at + 1)
		offset[labels++] = (uint8_t)(at - owner);
	if (*at == 0) {
		s = hash_begin(&set->key);
	} else {
		uint32_t code = record_code(at);

		s = batch->ends[code];
		more = set->ends.dict.entries[code].labels;
	}
	reading->labels = (labels + more) & NAME_LABELS_MAX;
	while (labels-- > 0)
		name_hash_label(&s, owner + offset[labels]);
	reading->hash = hash_end(s);
	return at + (*at < RECORD_CODE_TWO ? 1 : 2);
}

void batch_rewrite(const struct batch *batch, struct reading *reading)
{
	uint8_t *owner = batch->set->arena_pages.base + reading_owner(reading);
	uint32_t octets = reading->octets;

	if (!batch->coder || reading->head.stream ||
	    !domset_write_stream(batch->coder, owner, &octets))
		return;
	reading->octets = (uint16_t)octets;
	reading->rewritten = reading->head.stream = true;
}

/* Returns where the next record begins. */
static inline uint32_t read_record(const struct batch *batch, uint32_t record,
				   struct reading *reading)
{
	const uint8_t *at = batch->set->arena_pages.base + record;
	const uint8_t *owner = record_head(at, &reading->head);
	const uint8_t *end = batch->ends && !reading->head.stream
				     ? read_labels(batch, owner, reading)
				     : read_name(batch, owner, reading);

	reading->record = record;
	reading->head_octets = (uint8_t)(owner - at);
	reading->octets = (uint16_t)(end - owner);
	reading->rewritten = false;
	if (batch->coder && record + (uint32_t)(owner - at) >= batch->own)
		batch_rewrite(batch, reading);
	return record + (uint32_t)(end - at);
}

/* What was written field by field can be copied by steps only once it has come to the cache: so
 * several are, after the last of them was read. */
static void put(const struct batch *batch, uint32_t place, const struct reading *some,
		uint32_t count)
{
	if (batch->handed)
		pastcache_copy(&batch->readings[place], some, count * sizeof(*some));
	else
		memcpy(&batch->readings[place], some, count * sizeof(*some));
}

void batch_read(void *batch)
{
	struct reading some[AT_ONCE];
	struct batch *b = batch;
	uint32_t in = b->in;
	uint32_t count = 0;
	uint32_t i;

	while (count + AT_ONCE <= b->room && in < b->until) {
		for (i = 0; i < AT_ONCE && in < b->until; i++)
			in = read_record(b, in, &some[i]);
		put(b, count, some, i);
		count += i;
	}
	pastcache_end();
	b->in = in;
	b->count = count;
}
