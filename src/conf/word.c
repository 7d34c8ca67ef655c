/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that take one of several words. */
#include <string.h>

#include "conf/conf.h"
#include "conf/type.h"

struct word {
	int value;
	const char *text; /* NULL in the last */
};

/* clang-format off */
#define WORD(enumerator, word) {enumerator, word},
static const struct word words_loglevel[] = {CONF_WORDS_LOGLEVEL(WORD) {0, NULL}};
static const struct word words_format[] = {CONF_WORDS_FORMAT(WORD) {0, NULL}};
static const struct word words_match[] = {CONF_WORDS_MATCH(WORD) {0, NULL}};
static const struct word words_action[] = {CONF_WORDS_ACTION(WORD) {0, NULL}};
static const struct word words_reason[] = {CONF_WORDS_REASON(WORD) {0, NULL}};
static const struct word words_policy[] = {CONF_WORDS_POLICY(WORD) {0, NULL}};
static const struct word words_transport[] = {CONF_WORDS_TRANSPORT(WORD) {0, NULL}};
static const struct word words_bool[] = {{true, "true"}, {false, "false"}, {0, NULL}};
/* clang-format on */

static const struct word *words_of(enum conf_type_id type)
{
	switch (type) {
	case CONF_T_LOGLEVEL:
		return words_loglevel;
	case CONF_T_FORMAT:
		return words_format;
	case CONF_T_MATCH:
		return words_match;
	case CONF_T_ACTION:
		return words_action;
	case CONF_T_POLICY:
		return words_policy;
	case CONF_T_TRANSPORT:
		return words_transport;
	case CONF_T_REASON:
		return words_reason;
	default:
		return words_bool;
	}
}

static enum err word_parse(enum conf_type_id type, const char *text, int *ret_value)
{
	for (const struct word *word = words_of(type); word->text; word++) {
		if (strcmp(word->text, text) == 0) {
			*ret_value = word->value;
			return ERR_OK;
		}
	}
	return ERR_SYNTAX;
}

static const char *word_text(enum conf_type_id type, int value)
{
	for (const struct word *word = words_of(type); word->text; word++) {
		if (word->value == value)
			return word->text;
	}
	return "?";
}

static enum err parse(const struct conf_row *row, const char *text, void *value)
{
	int number;
	enum err err = word_parse(row->type, text, &number);

	if (!err)
		memcpy(value, &number, sizeof(number));
	return err;
}

static void describe(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	const struct word *words = words_of(row->type);
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i].text && len < CONF_DESCRIBED_MAX; i++) {
		const char *between = words[i + 1].text ? ", " : " or ";

		len += (size_t)snprintf(buf + len, CONF_DESCRIBED_MAX - len, "%s%s",
					i > 0 ? between : "", words[i].text);
	}
}

static void print(const struct conf_row *row, const void *value, FILE *out)
{
	int number;

	memcpy(&number, value, sizeof(number));
	fputs(word_text(row->type, number), out);
}

static bool equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(int)) == 0;
}

static enum err parse_bool(const struct conf_row *row, const char *text, void *value)
{
	int number;
	bool *ret = value;
	enum err err = word_parse(row->type, text, &number);

	if (!err)
		*ret = number != 0;
	return err;
}

static void print_bool(const struct conf_row *row, const void *value, FILE *out)
{
	const bool *flag = value;

	fputs(word_text(row->type, *flag), out);
}

static bool equal_bool(const void *a, const void *b)
{
	const bool *x = a;
	const bool *y = b;

	return *x == *y;
}

_Static_assert(sizeof(enum log_level) == sizeof(int) && sizeof(enum action) == sizeof(int),
	       "an enum is as large as the int that is copied into it");

const struct conf_type conf_type_word = {
	.size = sizeof(int),
	.parse = parse,
	.describe = describe,
	.print = print,
	.equal = equal,
};

const struct conf_type conf_type_bool = {
	.size = sizeof(bool),
	.parse = parse_bool,
	.describe = describe,
	.print = print_bool,
	.equal = equal_bool,
};
