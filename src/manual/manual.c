/* SPDX-License-Identifier: BSD-2-Clause */
#include "manual/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

static const char *const words[] = {MANUAL_KINDS(TABLE_ROW)};
TABLE_COMPLETE(MANUAL_KINDS, MANUAL_KIND_COUNT);

const char *manual_word(enum manual_kind kind)
{
	return words[kind];
}

void manual_free(struct manual *manual)
{
	free(manual->entries);
	*manual = (struct manual){.count = 0};
}

enum err manual_copy(const struct manual *from, struct manual *ret_manual)
{
	struct manual copy = {.count = from->count};

	/* one more than there are, for the one that is to be put */
	copy.entries = calloc(from->count + 1, sizeof(*copy.entries));
	if (!copy.entries)
		return ERR_NOMEM;
	for (size_t i = 0; i < from->count; i++)
		copy.entries[i] = from->entries[i];
	*ret_manual = copy;
	return ERR_OK;
}

static bool is_about_the_same(const struct manual_entry *a, const struct manual_entry *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == MANUAL_LIST_OFF)
		return strcmp(a->list, b->list) == 0;
	return name_equal(&a->name, &b->name);
}

/* manual->count: there is none. */
static size_t find(const struct manual *manual, const struct manual_entry *entry)
{
	size_t i = 0;

	while (i < manual->count && !is_about_the_same(&manual->entries[i], entry))
		i++;
	return i;
}

enum err manual_put(struct manual *manual, const struct manual_entry *entry)
{
	size_t place = find(manual, entry);
	struct manual_entry *more;

	if (place == manual->count) {
		if (manual->count == MANUAL_MAX)
			return ERR_RANGE;
		more = realloc(manual->entries, (manual->count + 1) * sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		manual->entries = more;
		manual->count++;
	}
	manual->entries[place] = *entry;
	return ERR_OK;
}

static void remove_at(struct manual *manual, size_t place)
{
	manual->count--;
	memmove(manual->entries + place, manual->entries + place + 1,
		(manual->count - place) * sizeof(*manual->entries));
}

enum err manual_remove(struct manual *manual, const struct manual_entry *entry)
{
	size_t place = find(manual, entry);

	if (place == manual->count)
		return ERR_NOTFOUND;
	remove_at(manual, place);
	return ERR_OK;
}

enum err manual_change(struct manual *manual, const struct manual_entry *entry, bool take_back,
		       struct err_text *text)
{
	enum err err = take_back ? manual_remove(manual, entry) : manual_put(manual, entry);

	if (err == ERR_NOTFOUND)
		return err_set(text, err,
			       "nothing of the kind was said, or its time is over: "
			       "sinkholectl manual shows what holds");
	return err_set(text, err,
		       err == ERR_RANGE ? "there are %u entries, the most there may be"
					: "out of memory",
		       MANUAL_MAX);
}

static bool has_ended(const struct manual_entry *entry, uint64_t now_s)
{
	return entry->until_s > 0 && entry->until_s <= now_s;
}

size_t manual_expire(struct manual *manual, uint64_t now_s, manual_tell_fn *tell, void *arg)
{
	size_t ended = 0;

	for (size_t i = 0; i < manual->count;) {
		if (!has_ended(&manual->entries[i], now_s)) {
			i++;
			continue;
		}
		if (tell)
			tell(arg, &manual->entries[i]);
		remove_at(manual, i);
		ended++;
	}
	return ended;
}

uint64_t manual_next_s(const struct manual *manual)
{
	uint64_t next_s = UINT64_MAX;

	for (size_t i = 0; i < manual->count; i++) {
		uint64_t until_s = manual->entries[i].until_s;

		if (until_s > 0 && until_s < next_s)
			next_s = until_s;
	}
	return next_s;
}

size_t manual_count(const struct manual *manual, enum manual_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < manual->count; i++)
		count += manual->entries[i].kind == kind;
	return count;
}

const char *manual_subject(const struct manual_entry *entry, char buf[NAME_TEXT_MAX])
{
	if (entry->kind == MANUAL_LIST_OFF)
		snprintf(buf, NAME_TEXT_MAX, "%s", entry->list);
	else
		name_to_text(entry->name.wire, buf, NAME_TEXT_MAX);
	return buf;
}

bool manual_is_ticket(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return len < MANUAL_TICKET_MAX;
}
