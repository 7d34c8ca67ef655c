/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take one of several words. */
#include <string.h>

#include "value/types.h"
#include "value/value.h"

static enum err parse(const struct value_form *form, const char *text, void *value)
{
	for (const struct value_word *word = form->type->words; word->text; word++) {
		if (strcmp(word->text, text) == 0) {
			value_number_set(form, (uint64_t)word->value, value);
			return ERR_OK;
		}
	}
	return ERR_SYNTAX;
}

static void describe(const struct value_form *form, char buf[VALUE_DESCRIBED_MAX])
{
	const struct value_word *words = form->type->words;
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i].text && len < VALUE_DESCRIBED_MAX; i++) {
		const char *between = words[i + 1].text ? ", " : " or ";

		len += (size_t)snprintf(buf + len, VALUE_DESCRIBED_MAX - len, "%s%s",
					i > 0 ? between : "", words[i].text);
	}
}

static const char *text_of(const struct value_form *form, const void *value,
			   char buf[VALUE_TEXT_MAX])
{
	const struct value_word *word = form->type->words;

	(void)buf;
	while (word[1].text && (uint64_t)word->value != value_number_get(form, value))
		word++;
	return word->text;
}

_Static_assert(sizeof(enum log_level) == sizeof(uint32_t) &&
		       sizeof(enum action) == sizeof(uint32_t),
	       "an enum is as large as the number that is copied into it");

/* The type of an enum of `count`: each enumerator has its word. */
#define WORD(enumerator, word) {word, enumerator},
#define WORD_TYPE(name, ROWS, count)                                                               \
	static const struct value_word words_##name[] = {ROWS(WORD){NULL, 0}};                     \
	_Static_assert(sizeof(words_##name) == ((count) + 1) * sizeof(struct value_word),          \
		       "a word for each " #name);                                                  \
	const struct value_type value_type_##name = {                                              \
		.words = words_##name,                                                             \
		.parse = parse,                                                                    \
		.describe = describe,                                                              \
		.text = text_of,                                                                   \
	}

#define WORDS_FLAG(W) W(true, "true") W(false, "false")

WORD_TYPE(flag, WORDS_FLAG, 2);
WORD_TYPE(loglevel, CONF_WORDS_LOGLEVEL, LOG_LEVEL_COUNT);
WORD_TYPE(policy, CONF_WORDS_POLICY, CONF_POLICY_COUNT);
WORD_TYPE(nslookup, CONF_WORDS_NSLOOKUP, CONF_NSLOOKUP_COUNT);
WORD_TYPE(transport, CONF_WORDS_TRANSPORT, CONF_TRANSPORT_COUNT);
WORD_TYPE(format, CONF_WORDS_FORMAT, LIST_FORMAT_COUNT);
WORD_TYPE(preset, CONF_WORDS_PRESET, TABLE_PRESET_COUNT);
WORD_TYPE(match, CONF_WORDS_MATCH, CONF_MATCH_COUNT);
WORD_TYPE(lapse, CONF_WORDS_LAPSE, LAPSE_COUNT);
WORD_TYPE(wildcards, CONF_WORDS_WILDCARDS, CONF_WILDCARDS_COUNT);
WORD_TYPE(onheld, CONF_WORDS_ONHELD, CONF_ONHELD_COUNT);
WORD_TYPE(action, CONF_WORDS_ACTION, ACTION_COUNT);
WORD_TYPE(clients, CONF_WORDS_CLIENTS, CONF_CLIENTS_COUNT);
WORD_TYPE(reason, CONF_WORDS_REASON, REASON_COUNT);
WORD_TYPE(day, CONF_WORDS_DAY, CONF_DAY_COUNT);
