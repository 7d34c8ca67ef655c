/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/record.h"

size_t record_write_head(uint8_t *out, const struct record_head *head)
{
	uint32_t delta = head->delta;
	uint8_t flag = delta == 1 ? 0 : RECORD_DELTA;
	uint8_t *at = out;

	if (head->class < RECORD_CLASS) {
		*at++ = (uint8_t)(flag | head->class);
	} else {
		*at++ = flag | RECORD_CLASS;
		*at++ = (uint8_t)head->class;
	}
	if (delta == 1)
		return (size_t)(at - out);
	for (; delta >= 0x80; delta >>= 7)
		*at++ = (uint8_t)(delta | 0x80);
	*at++ = (uint8_t)delta;
	return (size_t)(at - out);
}

static uint8_t *write_code(uint8_t *out, uint32_t index)
{
	if (index < 128) {
		*out++ = (uint8_t)(RECORD_CODE + index);
		return out;
	}
	*out++ = (uint8_t)(RECORD_CODE_TWO | (index - 128) >> 8);
	*out++ = (uint8_t)(index - 128);
	return out;
}

/* As memcpy, but by words: up to 7 octets behind are read and written too. */
static inline void copy_octets(uint8_t *to, const uint8_t *from, size_t octets)
{
	for (size_t i = 0; i < octets; i += 8)
		memcpy(to + i, from + i, 8);
}

size_t record_write(uint8_t *out, const struct record_head *head, const struct name *owner,
		    const struct dict_match *end)
{
	uint8_t *at = out + record_write_head(out, head);
	size_t octets = end ? end->offset : owner->len;

	copy_octets(at, owner->wire, octets);
	at += octets;
	if (end)
		at = write_code(at, end->index);
	return (size_t)(at - out);
}

const uint8_t *record_head(const uint8_t *record, struct record_head *ret_head)
{
	uint8_t first = *record++;

	ret_head->class = first & RECORD_CLASS;
	ret_head->delta = 1;
	if (ret_head->class == RECORD_CLASS)
		ret_head->class = *record++;
	if (!(first & RECORD_DELTA))
		return record;
	ret_head->delta = *record & 0x7fU;
	for (unsigned int shift = 7; *record++ & 0x80; shift += 7)
		ret_head->delta |= (*record & 0x7fU) << shift;
	return record;
}

const uint8_t *record_owner(const uint8_t *owner, const struct dict_view *dict,
			    struct name *ret_owner)
{
	const uint8_t *start = owner;
	const struct dict_entry *entry;
	size_t octets;

	while (*owner != 0 && *owner < RECORD_CODE)
		owner += *owner + 1;
	octets = (size_t)(owner - start);
	copy_octets(ret_owner->wire, start, octets);
	if (*owner == 0) {
		ret_owner->wire[octets] = 0;
		ret_owner->len = (uint8_t)(octets + 1);
		return owner + 1;
	}
	entry = &dict->entries[record_code(owner)];
	memcpy(ret_owner->wire + octets, entry->wire, entry->len);
	ret_owner->len = (uint8_t)(octets + entry->len);
	return owner + (*owner < RECORD_CODE_TWO ? 1 : 2);
}

const uint8_t *record_skip_owner(const uint8_t *owner)
{
	while (*owner != 0 && *owner < RECORD_CODE)
		owner += *owner + 1;
	return owner + (*owner < RECORD_CODE_TWO ? 1 : 2);
}
