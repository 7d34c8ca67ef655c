/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/notes.h"

#include <stdlib.h>
#include <string.h>

#include "match/policy.h"

#define TEXT_MAX 255U /* as long as a name may be */

struct notes {
	struct report_ear ear;
	struct notes_list *heard; /* whose file is read */
	struct notes_list lists[POLICY_LISTS_MAX];
};

bool notes_are_wanted(const struct conf_list *list)
{
	const struct conf_authority *a = &list->authority;

	return list->mandatory || *a->court || *a->case_id || *a->date || *a->contact || *a->url;
}

static void forget(struct notes_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->lines[i].text);
	free(list->lines);
	*list = (struct notes_list){.wanted = list->wanted};
}

/* Whatever its octets: receipts are shown to people. */
static char *printable(const char *text, size_t len)
{
	size_t octets = len < TEXT_MAX ? len : TEXT_MAX;
	char *made = malloc(octets + 1);

	if (!made)
		return NULL;
	for (size_t i = 0; i < octets; i++)
		made[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	made[octets] = '\0';
	return made;
}

/* Makes room for one more line; false: there is none. */
static bool grow(struct notes_list *list)
{
	struct notes_line *lines;

	if (list->count >= NOTES_OF_LIST_MAX)
		return false;
	if ((list->count & (list->count - 1)) != 0)
		return true; /* it has doubled at each power of two */
	lines = reallocarray(list->lines, list->count ? list->count * 2 : 1, sizeof(*lines));
	if (lines)
		list->lines = lines;
	return lines != NULL;
}

static void add(struct notes_list *list, struct notes_line line, const char *text, size_t len)
{
	line.text = printable(text, len);
	if (line.text && grow(list)) {
		list->lines[list->count++] = line;
		return;
	}
	free(line.text);
	list->more++;
}

/* ---- what is told */

static void begin(void *arg)
{
	struct notes *notes = arg;

	forget(notes->heard);
}

static void hear(void *arg, enum report_fate fate, uint32_t line, const char *reason,
		 const char *text, size_t len)
{
	const struct notes *notes = arg;

	add(notes->heard, (struct notes_line){fate, line, reason, NULL}, text ? text : "", len);
}

static void hear_again(void *arg, unsigned int list, uint32_t line, const struct name *owner)
{
	struct notes *notes = arg;
	char text[NAME_TEXT_MAX];

	if (list >= POLICY_LISTS_MAX || !notes->lists[list].wanted)
		return;
	(void)name_to_text(owner->wire, text, sizeof(text));
	add(&notes->lists[list], (struct notes_line){REPORT_AGAIN, line, "already there", NULL},
	    text, strlen(text));
}

/* ---- the load's */

enum err notes_create(struct notes **ret_notes)
{
	struct notes *notes = calloc(1, sizeof(*notes));

	if (!notes)
		return ERR_NOMEM;
	notes->ear = (struct report_ear){.begin = begin, .hear = hear, .arg = notes};
	*ret_notes = notes;
	return ERR_OK;
}

void notes_free(struct notes *notes)
{
	for (size_t i = 0; notes && i < POLICY_LISTS_MAX; i++)
		forget(&notes->lists[i]);
	free(notes);
}

void notes_begin(struct notes *notes, const struct conf *conf)
{
	for (size_t i = 0; i < POLICY_LISTS_MAX; i++) {
		forget(&notes->lists[i]);
		notes->lists[i].wanted = i < conf->lists_count && notes_are_wanted(&conf->lists[i]);
	}
}

const struct report_ear *notes_ear(struct notes *notes, unsigned int index)
{
	notes->heard = &notes->lists[index];
	return notes->heard->wanted ? &notes->ear : NULL;
}

void notes_listen(struct notes *notes, struct domset_builder *builder)
{
	domset_builder_tell_again(builder, hear_again, notes);
}

const struct notes_list *notes_of(const struct notes *notes, unsigned int index)
{
	return &notes->lists[index];
}
