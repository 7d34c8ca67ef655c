/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/parcel.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/octets.h"

#define TEXT_MAX 1024U	    /* of what an index has: a name's presentation form has 1004 at most */
#define VISIT_TEXT_MAX 256U /* an index has five of them */
#define LIST_TEXT_MAX 8192U
#define NUMBER_MAX (1ULL << 53)

#define SHAPE(kind, t, n) [kind] = {.texts = (t), .numbers = (n)},
static const struct {
	size_t texts;
	size_t numbers;
} shapes[] = {PARCEL_KINDS(SHAPE)};
#undef SHAPE

void parcel_clear(struct parcel *b)
{
	b->len = 0;
	b->full = false;
	b->findings = 0;
	b->hits = 0;
}

void parcel_fini(struct parcel *b)
{
	free(b->octets);
	*b = (struct parcel){.octets = NULL};
}

static bool make_room(struct parcel *b, size_t len)
{
	size_t size = b->size ? b->size : 4096;
	uint8_t *octets;

	if (b->full || len > PARCEL_MAX - b->len)
		return false;
	while (size < b->len + len)
		size *= 2;
	if (size == b->size)
		return true;
	octets = realloc(b->octets, size);
	if (!octets)
		return false;
	b->octets = octets;
	b->size = size;
	return true;
}

bool parcel_append(struct parcel *b, const void *octets, size_t len)
{
	b->full = !make_room(b, len);
	if (!b->full && len > 0)
		memcpy(b->octets + b->len, octets, len);
	b->len += b->full ? 0 : len;
	return !b->full;
}

/* ---- texts */

/* How many octets the character at `s` has; 0: it is none. */
static size_t character(const uint8_t *s)
{
	static const struct {
		uint8_t mask, bits;
		uint32_t least;
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	uint32_t value;
	size_t n = 0;

	while (n < 4 && (s[0] & forms[n].mask) != forms[n].bits)
		n++;
	if (n == 0 || n == 4)
		return n == 0;
	value = s[0] & (uint8_t)~forms[n].mask;
	for (size_t i = 1; i <= n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3fU);
	}
	return value >= forms[n].least && value <= 0x10ffff && (value & ~0x7ffU) != 0xd800 ? n + 1
											   : 0;
}

static bool is_utf8(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t n = 1;

	for (; *s && n > 0; s += n)
		n = character(s);
	return n > 0;
}

/* Copies `text` so that it can stand in the database.  Returns the length. */
static size_t clean(const char *text, size_t max, char *ret_text)
{
	bool good = is_utf8(text);
	const uint8_t *s = (const uint8_t *)text;
	size_t len = 0;

	while (*s) {
		size_t n = good ? character(s) : 1;
		bool written = !good && *s >= 0x80;

		if (len + (written ? 4 : n) > max)
			break;
		if (written)
			snprintf(ret_text + len, 5, "\\%03u", *s);
		else
			memcpy(ret_text + len, s, n);
		len += written ? 4 : n;
		s += n;
	}
	ret_text[len] = '\0';
	return len;
}

static void put_text(struct parcel *b, const char *text, size_t max)
{
	char cleaned[LIST_TEXT_MAX + 1];
	size_t len = clean(text ? text : "", max, cleaned) + 1;
	uint16_t word = htole16((uint16_t)len);

	if (parcel_append(b, &word, sizeof(word)))
		parcel_append(b, cleaned, len);
}

static void put_number(struct parcel *b, uint64_t number)
{
	uint64_t word = htole64(number < NUMBER_MAX ? number : NUMBER_MAX);

	parcel_append(b, &word, sizeof(word));
}

static void put_kind(struct parcel *b, enum parcel_kind kind)
{
	uint8_t octet = (uint8_t)kind;

	parcel_append(b, &octet, 1);
}

/* ---- entries */

void parcel_put_list(struct parcel *b, const struct archive_list *l)
{
	const char *const texts[] = {l->name,	 l->family, l->reason,	l->action, l->court,
				     l->case_id, l->date,   l->contact, l->url,	   l->remedy};

	put_kind(b, PARCEL_LIST);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put_text(b, texts[i], i == 0 ? TEXT_MAX : LIST_TEXT_MAX);
}

void parcel_put_finding(struct parcel *b, const struct archive_finding *f)
{
#define VALUE(c, type, rule, value, field) (value),
	const uint64_t numbers[] = {(uint64_t)f->form, FINDING_COLUMNS(VALUE)};
#undef VALUE
	const bool noted = (f->family && *f->family) || (f->ticket && *f->ticket);

	put_kind(b, noted ? PARCEL_NOTED : PARCEL_FINDING);
	put_text(b, f->client, TEXT_MAX);
	put_text(b, f->list, TEXT_MAX);
	put_text(b, f->name, TEXT_MAX);
	if (noted) {
		put_text(b, f->family, TEXT_MAX);
		put_text(b, f->ticket, TEXT_MAX);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put_number(b, numbers[i]);
	b->findings++;
	b->hits += f->count;
}

void parcel_put_visit(struct parcel *b, const struct archive_visit *v)
{
	const char *const texts[] = {v->client, v->host, v->method, v->path, v->agent, v->ja4};
	const uint64_t numbers[] = {(uint64_t)v->form, v->port, v->first_s, v->last_s, v->count};

	put_kind(b, PARCEL_VISIT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put_text(b, texts[i], VISIT_TEXT_MAX);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put_number(b, numbers[i]);
}

/* ---- read again */

static const char *read_text(const uint8_t **at, const uint8_t *end)
{
	const char *text;
	uint16_t word;

	if (end - *at < (ptrdiff_t)sizeof(word))
		return NULL;
	memcpy(&word, *at, sizeof(word));
	word = le16toh(word);
	*at += sizeof(word);
	text = (const char *)*at;
	/* the text ends where it says, and is one that clean could have made */
	if (word == 0 || end - *at < word || memchr(*at, '\0', word) != *at + word - 1 ||
	    !is_utf8(text))
		return NULL;
	*at += word;
	return text;
}

static bool read_entry(const uint8_t **at, const uint8_t *end, struct parcel_entry *e)
{
	if (*at == end || **at >= PARCEL_KIND_COUNT)
		return false;
	e->kind = (enum parcel_kind)(*(*at)++);
	for (size_t i = 0; i < shapes[e->kind].texts; i++) {
		e->texts[i] = read_text(at, end);
		if (!e->texts[i])
			return false;
	}
	for (size_t i = 0; i < shapes[e->kind].numbers; i++) {
		if (end - *at < 8)
			return false;
		e->numbers[i] = octets_le64(*at);
		if (e->numbers[i] > NUMBER_MAX)
			return false;
		*at += 8;
	}
	return true;
}

bool parcel_next(const uint8_t **at, const uint8_t *end, struct parcel_entry *ret_entry)
{
	const uint8_t *from = *at;

	if (read_entry(&from, end, ret_entry)) {
		*at = from;
		return true;
	}
	return false;
}
