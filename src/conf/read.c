/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values */

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

static void fail_shape(struct conf_place *place, const struct conf_node *node, const char *expected)
{
	char buf[CONF_QUOTED_MAX];

	conf_fail(place, node->mark, "expected %s, got %s", expected, got(node, buf));
}

static void fail_value(struct conf_place *place, const struct conf_row *row,
		       const struct conf_node *node)
{
	char expected[VALUE_DESCRIBED_MAX];

	value_expected(&row->form, expected);
	if (row->form.type->secret && node->shape == CONF_SHAPE_TEXT)
		conf_fail(place, node->mark, "expected %s", expected);
	else if (node->shape == CONF_SHAPE_MAPPING)
		conf_fail(place, node->mark,
			  "expected %s, got a mapping (text with a colon needs quotes)", expected);
	else
		fail_shape(place, node, expected);
}

/* A default is one of ours: it can only fail for want of memory. */
static void read_default(struct conf_place *place, const struct conf_row *row, const char *text,
			 void *out)
{
	if (value_parse(&row->form, text, out) != ERR_OK)
		conf_fail_nomem(place);
}

/* What is wrong or missing has its default; without one, a text is "" and all else zero. */
static void read_nothing(struct conf_place *place, const struct conf_row *row, void *out)
{
	char **text = out;

	if (row->kind == CONF_KIND_VALUE && row->def) {
		read_default(place, row, row->def, out);
	} else if (row->form.type->owned) {
		*text = strdup("");
		if (!*text)
			conf_fail_nomem(place);
	}
}

static void read_value(struct conf_place *place, const struct conf_row *row, struct conf_node *node,
		       void *out)
{
	bool is_text = node->shape == CONF_SHAPE_TEXT;
	enum err err = ERR_SYNTAX;

	if (is_text && strlen(node->text) == node->len)
		err = value_parse(&row->form, node->text, out);
	if (err == ERR_OK)
		return;
	node->wrong = true;
	if (err == ERR_NOMEM)
		conf_fail_nomem(place);
	else if (is_text && strlen(node->text) < node->len)
		conf_fail(place, node->mark, "a NUL character in the text");
	else
		fail_value(place, row, node);
	read_nothing(place, row, out);
}

/* ---- lists */

/* Gives the list at `out` room for `count` items, all zero; NULL when there is none. */
static char *list_create(struct conf_place *place, const struct conf_row *row, size_t count,
			 void *out)
{
	struct conf_values list = {.count = count};
	char *items = count > 0 ? calloc(count, row->size) : NULL;

	if (count > 0 && !items) {
		conf_fail_nomem(place);
		return NULL;
	}
	list.items = items;
	memcpy(out, &list, sizeof(list));
	return items;
}

/* The items of a default are parted by blanks. */
static void read_default_list(struct conf_place *place, const struct conf_row *row, void *out)
{
	char *text = strdup(row->def);
	char *rest = text;
	char *items;
	size_t count = *row->def ? 1 : 0;

	if (!text) {
		conf_fail_nomem(place);
		return;
	}
	for (const char *at = row->def; *at; at++)
		count += *at == ' ' ? 1 : 0;
	items = list_create(place, row, count, out);
	for (size_t i = 0; items && i < count; i++)
		read_default(place, row, strsep(&rest, " "), items + i * row->size);
	free(text);
}

static bool count_is_right(struct conf_place *place, const struct conf_row *row,
			   const struct conf_node *node)
{
	if (node->count < row->least)
		conf_fail(place, node->mark, "expected at least %zu items, got %zu",
			  (size_t)row->least, node->count);
	if (node->count > row->most)
		conf_fail(place, node->mark, "expected at most %zu items, got %zu",
			  (size_t)row->most, node->count);
	return node->count >= row->least && node->count <= row->most;
}

static void read_item(struct conf_place *place, const struct conf_row *row, struct conf_node *node,
		      void *out)
{
	if (row->kind == CONF_KIND_VALUES) {
		read_value(place, row, node, out);
		return;
	}
	node->wrong = conf_node_absent(node);
	if (node->wrong)
		fail_shape(place, node, "options");
	conf_read(place, row->section, node, out);
}

static void read_list(struct conf_place *place, const struct conf_row *row, struct conf_node *node,
		      void *out)
{
	size_t index = 0;
	char *items;

	if (row->kind == CONF_KIND_SECTIONS && conf_node_absent(node))
		return;
	if (node->shape != CONF_SHAPE_ITEMS) {
		fail_shape(place, node, "a list, as [ITEM, ITEM]");
		return;
	}
	if (!count_is_right(place, row, node))
		return;
	items = list_create(place, row, node->count, out);
	for (struct conf_node *item = node->first; items && item && !conf_place_full(place);
	     item = item->next) {
		size_t before = conf_place_index(place, index);

		read_item(place, row, item, items + index++ * row->size);
		conf_place_leave(place, before);
	}
}

/* ---- sections */

/* NULL when the section has no such key. */
static const struct conf_row *row_of(const struct conf_section *section,
				     const struct conf_node *key)
{
	bool is_text = key->shape == CONF_SHAPE_TEXT && strlen(key->text) == key->len;

	return is_text ? conf_row_find(section, key->text) : NULL;
}

/* The same key where it stands in the mapping first, which may be `key` itself. */
static const struct conf_node *first_of(const struct conf_node *mapping,
					const struct conf_node *key)
{
	const struct conf_node *other = mapping->first;

	while (other != key && strcmp(other->text, key->text) != 0)
		other = other->next->next;
	return other;
}

/* True when each key is one of the section's, and stands there once. */
static bool check_keys(struct conf_place *place, const struct conf_section *section,
		       const struct conf_node *mapping)
{
	size_t mistakes = place->found->count;

	for (const struct conf_node *key = mapping->first; key && !conf_place_full(place);
	     key = key->next->next) {
		const struct conf_row *row = row_of(section, key);
		const struct conf_node *first = first_of(mapping, key);
		size_t before;

		if (!row) {
			conf_fail_unknown(place, section, key);
		} else if (first != key) {
			before = conf_place_enter(place, row->key);
			conf_fail(place, key->mark, "given twice, first in line %zu",
				  first->mark.line);
			conf_place_leave(place, before);
		}
	}
	return place->found->count == mistakes;
}

/* `node` is what the file says of the row; NULL: nothing. */
static void read_row(struct conf_place *place, const struct conf_row *row, struct conf_node *node,
		     void *out)
{
	if (row->kind == CONF_KIND_SECTION)
		conf_read(place, row->section, node, out);
	else if (node && row->kind == CONF_KIND_VALUE)
		read_value(place, row, node, out);
	else if (node)
		read_list(place, row, node, out);
	else if (row->kind == CONF_KIND_VALUE)
		read_nothing(place, row, out);
	else if (row->kind == CONF_KIND_VALUES)
		read_default_list(place, row, out);
}

/* A key of the section: one that it must have. */
static const char *example_of(const struct conf_section *section)
{
	for (size_t i = 0; i < section->count; i++)
		if (section->rows[i].kind == CONF_KIND_VALUE && !section->rows[i].def)
			return section->rows[i].key;
	return "name";
}

/* True when the file has a mapping for the section, all of whose keys are right: one that is
 * missing may be what another was meant to be. */
static bool keys_are_right(struct conf_place *place, const struct conf_section *section,
			   const struct conf_node *node)
{
	char wanted[VALUE_DESCRIBED_MAX];

	if (!node || conf_node_absent(node))
		return false;
	if (node->shape != CONF_SHAPE_MAPPING) {
		snprintf(wanted, sizeof(wanted), "options, as \"%s: value\"", example_of(section));
		fail_shape(place, node, wanted);
		return false;
	}
	return check_keys(place, section, node);
}

void conf_read(struct conf_place *place, const struct conf_section *section, struct conf_node *node,
	       void *out)
{
	size_t mistakes = place->found->count;
	bool complete = keys_are_right(place, section, node);

	for (size_t i = 0; i < section->count && !conf_place_full(place); i++) {
		const struct conf_row *row = &section->rows[i];
		struct conf_node *value = conf_node_find(node, row->key);
		size_t before;

		if (complete && !value && row->kind == CONF_KIND_VALUE && !row->def)
			conf_fail(place, node->mark, "the required option \"%s\" is missing",
				  row->key);
		before = conf_place_enter(place, row->key);
		read_row(place, row, value, (char *)out + row->offset);
		conf_place_leave(place, before);
	}
	if (node)
		node->wrong = node->wrong || place->found->count > mistakes;
}

static void free_at(const void *place)
{
	void *owned;

	memcpy(&owned, place, sizeof(owned));
	free(owned);
}

void conf_fini(const struct conf_section *section, const void *values)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		struct conf_values list = conf_row_values(row, values);

		for (size_t j = 0; j < list.count; j++) {
			if (row->section)
				conf_fini(row->section, list.items + j * row->size);
			else if (row->form.type->owned)
				free_at(list.items + j * row->size);
		}
		if (conf_row_is_list(row))
			free_at((const char *)values + row->offset);
	}
}
