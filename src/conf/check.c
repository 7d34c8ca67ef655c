/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/check.h"

#include <string.h>

#include "conf/schema.h"

#define KEY_MAX 32 /* octets of a key that can be near to one of ours */

/* ---- the nearest key */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

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

			row[j] = min3(above + 1, row[j - 1] + 1,
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

/* ---- keys */

static enum err fail_unknown(const struct conf_place *place, const struct conf_section *section,
			     const struct conf_node *key)
{
	struct conf_place other = {0};
	char quoted[CONF_QUOTED_MAX];
	const char *meant;

	if (key->shape != CONF_SHAPE_TEXT)
		return conf_fail(place, key->mark, "expected the name of an option before ':'");
	conf_quoted(quoted, key->text);
	meant = enter_elsewhere(&other, &conf_section_main, key->text)
			? other.option
			: nearest_key(section, key->text);
	if (meant)
		return conf_fail(place, key->mark, "unknown option %s, did you mean \"%s\"?",
				 quoted, meant);
	return conf_fail(place, key->mark, "unknown option %s", quoted);
}

/* NULL when the section has no such key. */
static const struct conf_row *row_find(const struct conf_section *section,
				       const struct conf_node *key)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];

		if (key->shape == CONF_SHAPE_TEXT && strlen(row->key) == key->len &&
		    strcmp(row->key, key->text) == 0)
			return row;
	}
	return NULL;
}

/* ERR_CONFIG when the same key stands before `key` in the mapping. */
static enum err check_once(const struct conf_place *place, const struct conf_node *mapping,
			   const struct conf_node *key)
{
	for (const struct conf_node *other = mapping->first; other != key;
	     other = other->next->next) {
		if (strcmp(other->text, key->text) == 0)
			return conf_fail(place, key->mark, "given twice, first in line %zu",
					 other->mark.line);
	}
	return ERR_OK;
}

static enum err check_required(const struct conf_place *place, const struct conf_section *section,
			       const struct conf_node *mapping)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];

		if (row->kind == CONF_KIND_VALUE && !row->def && !conf_node_find(mapping, row->key))
			return conf_fail(place, mapping->mark,
					 "the required option \"%s\" is missing", row->key);
	}
	return ERR_OK;
}

/* ---- shapes */

/* What stands in the file, for "expected ..., got ...". */
static const char *got(const struct conf_node *node, char buf[CONF_QUOTED_MAX])
{
	if (conf_node_absent(node))
		return "nothing";
	switch (node->shape) {
	case CONF_SHAPE_ITEMS:
		return "a list";
	case CONF_SHAPE_MAPPING:
		return "a mapping";
	default:
		return conf_quoted(buf, node->text);
	}
}

static enum err fail_shape(const struct conf_place *place, const struct conf_node *node,
			   const char *expected)
{
	char buf[CONF_QUOTED_MAX];

	return conf_fail(place, node->mark, "expected %s, got %s", expected, got(node, buf));
}

static enum err check_text(const struct conf_place *place, const struct conf_row *row,
			   const struct conf_node *node)
{
	char expected[CONF_DESCRIBED_MAX];

	if (node->shape == CONF_SHAPE_TEXT) {
		if (strlen(node->text) == node->len)
			return ERR_OK;
		return conf_fail(place, node->mark, "a NUL character in the text");
	}
	conf_type_of(row)->describe(row, expected);
	if (node->shape == CONF_SHAPE_MAPPING)
		return conf_fail(place, node->mark,
				 "expected %s, got a mapping (text with a colon needs quotes)",
				 expected);
	return fail_shape(place, node, expected);
}

static enum err check_count(const struct conf_place *place, const struct conf_row *row,
			    const struct conf_node *node)
{
	if (node->count < row->least)
		return conf_fail(place, node->mark, "expected at least %zu items, got %zu",
				 (size_t)row->least, node->count);
	if (node->count > row->most)
		return conf_fail(place, node->mark, "expected at most %zu items, got %zu",
				 (size_t)row->most, node->count);
	return ERR_OK;
}

static enum err check_items(struct conf_place *place, const struct conf_row *row,
			    const struct conf_node *items)
{
	size_t index = 0;
	enum err err;

	if (items->shape != CONF_SHAPE_ITEMS)
		return fail_shape(place, items, "a list, as [ITEM, ITEM]");
	err = check_count(place, row, items);
	for (const struct conf_node *item = items->first; item && !err; item = item->next) {
		size_t before = conf_place_index(place, index++);

		if (row->kind == CONF_KIND_VALUES)
			err = check_text(place, row, item);
		else if (conf_node_absent(item))
			err = fail_shape(place, item, "options");
		else
			err = conf_check(place, row->section, item);
		conf_place_leave(place, before);
	}
	return err;
}

static enum err check_value(struct conf_place *place, const struct conf_row *row,
			    const struct conf_node *node)
{
	switch (row->kind) {
	case CONF_KIND_VALUE:
		return check_text(place, row, node);
	case CONF_KIND_VALUES:
		return check_items(place, row, node);
	case CONF_KIND_SECTIONS:
		return conf_node_absent(node) ? ERR_OK : check_items(place, row, node);
	default:
		return conf_check(place, row->section, node);
	}
}

enum err conf_check(struct conf_place *place, const struct conf_section *section,
		    const struct conf_node *node)
{
	enum err err = ERR_OK;

	if (conf_node_absent(node))
		return ERR_OK;
	if (node->shape != CONF_SHAPE_MAPPING)
		return fail_shape(place, node, "options, as \"name: value\"");
	for (const struct conf_node *key = node->first; key && !err; key = key->next->next) {
		const struct conf_row *row = row_find(section, key);
		size_t before;

		if (!row)
			return fail_unknown(place, section, key);
		before = conf_place_enter(place, row->key);
		err = check_once(place, node, key);
		if (!err)
			err = check_value(place, row, key->next);
		conf_place_leave(place, before);
	}
	return err ? err : check_required(place, section, node);
}
