/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/record.h"

#define OWNER_COPIED 32U /* of most all: copied without a loop */

/* By 7 bits an octet, the low ones first. */
static uint8_t *write_number(uint8_t *out, uint32_t number)
{
	for (; number >= 0x80; number >>= 7)
		*out++ = (uint8_t)(number | 0x80);
	*out++ = (uint8_t)number;
	return out;
}

static const uint8_t *read_number(const uint8_t *at, uint32_t *ret_number)
{
	*ret_number = *at & 0x7fU;
	for (unsigned int shift = 7; *at++ & 0x80; shift += 7)
		*ret_number |= (*at & 0x7fU) << shift;
	return at;
}

size_t record_write_head(uint8_t *out, const struct record_head *head)
{
	bool has_delta = head->delta != 1 || head->data > 0;
	uint8_t flags =
		RECORD_HEAD | (head->stream ? RECORD_STREAM : 0) | (has_delta ? RECORD_DELTA : 0);
	uint8_t *at = out;

	if (head->stream && head->class == 0 && !has_delta)
		return 0;
	if (head->class < RECORD_WITH_DATA && head->data == 0) {
		*at++ = (uint8_t)(flags | head->class);
	} else {
		*at++ = flags | (head->data > 0 ? RECORD_WITH_DATA : RECORD_CLASS);
		at = write_number(at, head->class);
	}
	if (has_delta)
		at = write_number(at, head->delta);
	if (head->data > 0)
		at = write_number(at, head->data);
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

/* As memcpy, but by words, of which the last two may overlap: what lies behind may be another
 * thread's. */
static inline void copy_octets(uint8_t *to, const uint8_t *from, size_t octets)
{
	size_t i = 0;

	for (; i + 8 <= octets; i += 8)
		memcpy(to + i, from + i, 8);
	if (octets >= 8)
		memcpy(to + octets - 8, from + octets - 8, 8);
	else
		for (; i < octets; i++)
			to[i] = from[i];
}

size_t record_write_owner(uint8_t *out, const struct name *owner, const struct dict_match *end)
{
	size_t octets = end ? end->offset : owner->len;

	memcpy(out, owner->wire, OWNER_COPIED);
	if (octets > OWNER_COPIED)
		memcpy(out, owner->wire, octets);
	if (!end)
		return octets;
	return (size_t)(write_code(out + octets, end->index) - out);
}

size_t record_write(uint8_t *out, const struct record_head *head, const struct name *owner,
		    const struct dict_match *end)
{
	size_t octets = record_write_head(out, head);

	return octets + record_write_owner(out + octets, owner, end);
}

const uint8_t *record_head(const uint8_t *record, struct record_head *ret_head)
{
	uint8_t first = *record;

	*ret_head = (struct record_head){.delta = 1, .stream = true};
	if (!(first & RECORD_HEAD))
		return record;
	record++;
	ret_head->class = first & RECORD_CLASS;
	ret_head->stream = first & RECORD_STREAM;
	if (ret_head->class >= RECORD_WITH_DATA)
		record = read_number(record, &ret_head->class);
	if (!(first & RECORD_DELTA))
		return record;
	record = read_number(record, &ret_head->delta);
	if ((first & RECORD_CLASS) == RECORD_WITH_DATA)
		record = read_number(record, &ret_head->data);
	return record;
}

static const uint8_t *skip_labels(const uint8_t *owner)
{
	while (*owner != 0 && *owner < RECORD_CODE)
		owner += *owner + 1;
	return owner;
}

static const uint8_t *skip_code(const uint8_t *code)
{
	return code + (*code < RECORD_CODE_TWO ? 1 : 2);
}

size_t record_labels(const uint8_t *owner, uint32_t *ret_end)
{
	const uint8_t *code = skip_labels(owner);

	*ret_end = *code == 0 ? PHRASE_NO_END : record_code(code);
	return (size_t)(code - owner);
}

const uint8_t *record_owner(const uint8_t *owner, const struct record_head *head,
			    const struct record_ends *ends, struct name *ret_owner)
{
	const struct dict_entry *entry;
	const uint8_t *code;
	size_t octets;

	if (head->stream)
		return phrases_read(ends->phrases, &ends->dict, owner, ret_owner);
	code = skip_labels(owner);
	octets = (size_t)(code - owner);
	copy_octets(ret_owner->wire, owner, octets);
	if (*code == 0) {
		ret_owner->wire[octets] = 0;
		ret_owner->len = (uint8_t)(octets + 1);
		return code + 1;
	}
	entry = &ends->dict.entries[record_code(code)];
	memcpy(ret_owner->wire + octets, entry->wire, entry->len);
	ret_owner->len = (uint8_t)(octets + entry->len);
	return skip_code(code);
}

const uint8_t *record_skip_owner(const uint8_t *owner, const struct record_head *head,
				 const struct record_ends *ends)
{
	return head->stream ? phrases_skip(ends->phrases, owner) : skip_code(skip_labels(owner));
}

/* What is read is compared with what the name has there.  No phrase has an octet 0 in it, so that
 * none goes beyond the root label; an octet that stands alone may be one. */
bool record_stream_is(const uint8_t *owner, const struct record_ends *ends,
		      const struct record_asked *asked)
{
	const struct phrases *phrases = ends->phrases;
	const uint8_t *wire = asked->name->wire + asked->offset;
	const uint8_t *root = wire + asked->len - 1;
	const uint8_t *at = wire;
	struct phrase_reader r = phrase_reader(owner);
	uint64_t found;
	uint32_t end;

	for (;;) {
		found = phrase_next(&r, phrases);
		if (phrase_octets(found) > 0) {
			if ((octets_le64(at) ^ found) << (64 - 8 * phrase_octets(found)))
				return false;
			at += phrase_octets(found);
		} else if ((uint16_t)found != PHRASE_LITERAL) {
			break;
		} else if (phrase_number(&r, 8) != *at || at++ == root) {
			return false;
		}
	}
	end = phrase_end(&r, phrases, found);
	if (end == PHRASE_NO_END)
		return at == root;
	return end < ends->dict.count &&
	       record_ends_so(asked, (size_t)(at - wire), &ends->dict.entries[end]);
}
