/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/language.h"

#include <string.h>
#include <strings.h>

#define ITEMS_MAX 64	  /* of a field; what stands behind is not read */
#define WEIGHT_WHOLE 1000 /* a weight has three digits at most */

#define TAG(enumerator, tag) [enumerator] = (tag),
static const char *const tags[LANGUAGE_COUNT] = {LANGUAGES(TAG)};
#undef TAG

const char *language_tag(enum language language)
{
	return tags[language];
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* "1", "0.8": in thousandths; what is written otherwise is the whole. */
static int weight_of(const char *at)
{
	int weight = *at == '0' ? 0 : WEIGHT_WHOLE;
	int digit = WEIGHT_WHOLE / 10;

	if (*at != '0' || at[1] != '.')
		return weight;
	for (at += 2; *at >= '0' && *at <= '9' && digit > 0; at++) {
		weight += (*at - '0') * digit;
		digit /= 10;
	}
	return weight;
}

/* The weight of an item that goes from `at` on for `len` octets. */
static int item_weight(const char *at, size_t len)
{
	const char *end = at + len;
	const char *part = memchr(at, ';', len);

	if (!part)
		return WEIGHT_WHOLE;
	part = skip_blanks(part + 1);
	if (part + 2 >= end || (*part != 'q' && *part != 'Q') || part[1] != '=')
		return WEIGHT_WHOLE;
	return weight_of(part + 2);
}

/* The language of an item, whatever the region; LANGUAGE_COUNT: there is none such. */
static enum language item_language(const char *at)
{
	size_t len = strcspn(at, "-;, \t");
	unsigned int i = 0;

	if (len == 1 && *at == '*')
		return LANGUAGE_ENGLISH;
	while (i < LANGUAGE_COUNT && (strlen(tags[i]) != len || strncasecmp(tags[i], at, len) != 0))
		i++;
	return (enum language)i;
}

enum language language_choose(const char *field)
{
	enum language best = LANGUAGE_ENGLISH;
	int best_weight = 0;

	for (int i = 0; field && *field && i < ITEMS_MAX; i++) {
		const char *at = skip_blanks(field);
		size_t len = strcspn(at, ",");
		enum language language = item_language(at);
		int weight = item_weight(at, len);

		if (language != LANGUAGE_COUNT && weight > best_weight) {
			best = language;
			best_weight = weight;
		}
		field = at + len + (at[len] == ',');
	}
	return best;
}
