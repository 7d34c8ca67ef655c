/* SPDX-License-Identifier: BSD-2-Clause */
/* A part of a line: text that is not ended by a zero. */
#ifndef LINE_WORD_H
#define LINE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct word {
	const char *text;
	size_t len;
};

static inline bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool word_is(struct word word, const char *text)
{
	return word.len == strlen(text) &&
	       (word.len == 0 || memcmp(word.text, text, word.len) == 0);
}

static inline bool word_begins(struct word word, const char *text)
{
	size_t len = strlen(text);

	return word.len >= len && (len == 0 || memcmp(word.text, text, len) == 0);
}

static inline bool word_has(struct word word, char c)
{
	return word.len > 0 && memchr(word.text, c, word.len) != NULL;
}

static inline struct word word_from(struct word word, size_t octets)
{
	/* an empty word may have no text, to which not even 0 may be added */
	return octets == 0 ? word : (struct word){word.text + octets, word.len - octets};
}

/* What comes before the first `c`, or all of it; `word` becomes what comes behind. */
static inline struct word word_cut(struct word *word, char c)
{
	const char *at = word->len > 0 ? memchr(word->text, c, word->len) : NULL;
	size_t len = at ? (size_t)(at - word->text) : word->len;
	struct word first = {word->text, len};

	*word = word_from(*word, at ? len + 1 : len);
	return first;
}

/* Without the blanks around it. */
static inline struct word word_trim(struct word word)
{
	for (; word.len > 0 && is_blank(word.text[0]); word.len--)
		word.text++;
	while (word.len > 0 && is_blank(word.text[word.len - 1]))
		word.len--;
	return word;
}

#endif
