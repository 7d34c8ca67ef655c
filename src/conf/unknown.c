/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/read.h"

#include <string.h>
#include <sys/param.h>

#define KEY_MAX 32 /* octets of a key that can be near to one of ours */

/* How many letters are to be changed, added or left out to make one of the other
 * (Levenshtein); at most KEY_MAX octets of each. */
static size_t distance(const char *a, const char *b)
{
	size_t row[KEY_MAX + 1];
	size_t b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];

			row[j] = MIN(MIN(above, row[j - 1]) + 1,
				     diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
			diagonal = above;
		}
	}
	return row[b_len];
}

/* The key of the section that `key` is likely meant to be; NULL when none is near. */
static const char *nearest_key(const struct conf_section *section, const char *key)
{
	const char *nearest = NULL;
	size_t len = strlen(key);
	size_t least = len / 3 + 2; /* less than this is near */

	for (size_t i = 0; i < section->count && len <= KEY_MAX; i++) {
		size_t apart = distance(key, section->rows[i].key);

		if (apart < least && apart < len) {
			nearest = section->rows[i].key;
			least = apart;
		}
	}
	return nearest;
}

/* Enters the option of another section that is called `key`; false when there is none. */
static bool enter_elsewhere(struct conf_place *place, const struct conf_section *section,
			    const char *key)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		size_t before = conf_place_enter(place, row->key);

		if (strcmp(row->key, key) == 0 ||
		    (row->section && enter_elsewhere(place, row->section, key)))
			return true;
		conf_place_leave(place, before);
	}
	return false;
}

/* What to do where an option is missed that there is not; NULL when no advice is known. */
static const char *advice(const struct conf_section *section, const char *key)
{
	return strcmp(key, "path") == 0 && conf_row_find(section, "file")
		       ? "a list is read from \"file\", or fetched from \"url\""
		       : NULL;
}

void conf_fail_unknown(struct conf_place *place, const struct conf_section *section,
		       const struct conf_node *key)
{
	struct conf_place other = {0};
	char quoted[CONF_QUOTED_MAX];
	const char *advised;
	const char *meant;

	if (key->shape != CONF_SHAPE_TEXT) {
		conf_fail(place, key->mark, "expected the name of an option before ':'");
		return;
	}
	conf_quoted(quoted, key->text);
	advised = advice(section, key->text);
	meant = enter_elsewhere(&other, &conf_section_main, key->text)
			? other.option
			: nearest_key(section, key->text);
	if (advised)
		conf_fail(place, key->mark, "unknown option %s; %s", quoted, advised);
	else if (meant && strcmp(meant, key->text) == 0)
		conf_fail(place, key->mark,
			  "unknown option %s: it is in no section, and its line not set in",
			  quoted);
	else if (meant)
		conf_fail(place, key->mark, "unknown option %s, did you mean \"%s\"?", quoted,
			  meant);
	else
		conf_fail(place, key->mark, "unknown option %s", quoted);
}
