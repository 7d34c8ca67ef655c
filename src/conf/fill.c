/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/fill.h"

#include <stdlib.h>
#include <string.h>

/* ---- what libcyaml read; `raw` may be NULL, and then there is nothing */

static void *raw_pointer(const struct conf_row *row, const void *raw)
{
	void *pointer = NULL;

	if (raw)
		memcpy(&pointer, (const char *)raw + row->raw_offset, sizeof(pointer));
	return pointer;
}

static size_t raw_count(const struct conf_row *row, const void *raw)
{
	uint32_t count = 0;

	if (raw)
		memcpy(&count, (const char *)raw + row->raw_count_offset, sizeof(count));
	return count;
}

/* ---- values */

static enum err fail_value(const struct conf_place *place, const struct conf_row *row,
			   const struct conf_node *node, const char *text)
{
	char expected[CONF_DESCRIBED_MAX];
	char quoted[CONF_QUOTED_MAX];

	conf_type_of(row)->describe(row, expected);
	if (node && conf_node_absent(node))
		return conf_fail(place, node->mark, "expected %s, got nothing", expected);
	return conf_fail(place, conf_node_mark(node), "expected %s, got %s", expected,
			 conf_quoted(quoted, text));
}

static enum err fill_value(const struct conf_place *place, const struct conf_row *row,
			   const struct conf_node *node, const char *text, void *out)
{
	enum err err = conf_type_of(row)->parse(row, text, out);

	if (!err)
		return ERR_OK;
	return err == ERR_NOMEM ? conf_fail_nomem(place) : fail_value(place, row, node, text);
}

/* Gives the list at `out` room for `count` items, all zero. */
static enum err list_create(const struct conf_place *place, const struct conf_row *row,
			    size_t count, void *out)
{
	void *array = NULL;

	if (count > 0) {
		array = calloc(count, conf_row_size(row));
		if (!array)
			return conf_fail_nomem(place);
	}
	memcpy((char *)out + row->offset, &array, sizeof(array));
	memcpy((char *)out + row->count_offset, &count, sizeof(count));
	return ERR_OK;
}

static void *list_item(const struct conf_row *row, void *out, size_t index)
{
	return (char *)conf_row_array(row, out) + index * conf_row_size(row);
}

static enum err fill_values(struct conf_place *place, const struct conf_row *row,
			    const struct conf_node *node, char *const *texts, size_t count,
			    void *out)
{
	enum err err = list_create(place, row, count, out);

	for (size_t i = 0; i < count && !err; i++) {
		size_t before = conf_place_index(place, i);

		err = fill_value(place, row, node, texts[i], list_item(row, out, i));
		node = node ? node->next : NULL;
		conf_place_leave(place, before);
	}
	return err;
}

/* Parts `text` by blanks into `words`; returns how many there are. */
static size_t words_split(char *text, char **words)
{
	size_t count = 0;
	char *rest = text;
	char *word;

	while ((word = strsep(&rest, " "))) {
		if (word[0] != '\0')
			words[count++] = word;
	}
	return count;
}

static enum err fill_values_default(struct conf_place *place, const struct conf_row *row, void *out)
{
	char *text = strdup(row->def);
	char **words = calloc(strlen(row->def) / 2 + 1, sizeof(*words));
	enum err err;

	if (text && words)
		err = fill_values(place, row, NULL, words, words_split(text, words), out);
	else
		err = conf_fail_nomem(place);
	free(words);
	free(text);
	return err;
}

/* ---- sections */

static enum err fill_sections(struct conf_place *place, const struct conf_row *row, const void *raw,
			      const struct conf_node *node, void *out)
{
	const char *raws = raw_pointer(row, raw);
	size_t count = raw_count(row, raw);
	enum err err = list_create(place, row, count, out);

	for (size_t i = 0; i < count && !err; i++) {
		size_t before = conf_place_index(place, i);

		err = conf_fill(place, row->section, raws + i * row->section->raw_size,
				conf_node_item(node, i), list_item(row, out, i));
		conf_place_leave(place, before);
	}
	return err;
}

static enum err fill_row(struct conf_place *place, const struct conf_row *row, const void *raw,
			 const struct conf_node *node, void *out)
{
	void *given = raw_pointer(row, raw);

	switch (row->kind) {
	case CONF_KIND_VALUE:
		return fill_value(place, row, node, given ? given : row->def,
				  (char *)out + row->offset);
	case CONF_KIND_VALUES:
		if (!node)
			return fill_values_default(place, row, out);
		return fill_values(place, row, node->first, given, raw_count(row, raw), out);
	case CONF_KIND_SECTION:
		return conf_fill(place, row->section, given, node, (char *)out + row->offset);
	default:
		return fill_sections(place, row, raw, node, out);
	}
}

enum err conf_fill(struct conf_place *place, const struct conf_section *section, const void *raw,
		   const struct conf_node *node, void *out)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < section->count && !err; i++) {
		const struct conf_row *row = &section->rows[i];
		size_t before = conf_place_enter(place, row->key);

		err = fill_row(place, row, raw, conf_node_find(node, row->key), out);
		conf_place_leave(place, before);
	}
	return err;
}

static void fini_item(const struct conf_row *row, const void *item)
{
	char *const *text = item;

	if (row->section)
		conf_fini(row->section, item);
	else if (conf_type_of(row)->owned)
		free(*text);
}

void conf_fini(const struct conf_section *section, const void *values)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];

		for (size_t j = 0; j < conf_row_count(row, values); j++)
			fini_item(row, conf_row_item(row, values, j));
		free(conf_row_array(row, values));
	}
}
