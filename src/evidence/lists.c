/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/lists.h"

#include <stdlib.h>
#include <string.h>

#define WORD(enumerator, word) [enumerator] = (word),
static const char *const action_words[] = {CONF_WORDS_ACTION(WORD)};
static const char *const reason_words[] = {CONF_WORDS_REASON(WORD)};
#undef WORD

#define TEXTS 10U

_Static_assert(sizeof(struct archive_list) == TEXTS * sizeof(char *), "a list is its texts");

static struct archive_list describe(const struct conf_list *l)
{
	return (struct archive_list){
		.name = l->name,
		.family = l->family,
		.reason = reason_words[l->reason],
		.action = action_words[conf_list_action(l)],
		.court = l->authority.court,
		.case_id = l->authority.case_id,
		.date = l->authority.date,
		.contact = l->authority.contact,
		.url = l->authority.url,
		.remedy = l->authority.remedy,
	};
}

static size_t texts_len(const struct conf *conf)
{
	size_t len = 0;

	for (size_t i = 0; i < conf->lists_count; i++) {
		const char *texts[TEXTS];
		struct archive_list list = describe(&conf->lists[i]);

		memcpy(texts, &list, sizeof(texts));
		for (size_t j = 0; j < TEXTS; j++)
			len += strlen(texts[j]) + 1;
	}
	return len;
}

/* Copies the texts of a list behind the others, and has it point to the copies. */
static char *copy_list(const struct conf_list *conf, char *at, struct archive_list *ret_list)
{
	const char *texts[TEXTS];
	struct archive_list list = describe(conf);

	memcpy(texts, &list, sizeof(texts));
	for (size_t j = 0; j < TEXTS; j++) {
		size_t len = strlen(texts[j]) + 1;

		texts[j] = memcpy(at, texts[j], len);
		at += len;
	}
	memcpy(ret_list, texts, sizeof(texts));
	return at;
}

struct lists *lists_copy(const struct conf *conf)
{
	struct lists *lists = malloc(sizeof(*lists) + texts_len(conf));
	char *at;

	if (!lists)
		return NULL;
	lists->count = conf->lists_count;
	at = lists->texts;
	for (size_t i = 0; i < conf->lists_count; i++)
		at = copy_list(&conf->lists[i], at, &lists->lists[i]);
	return lists;
}
