/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 16
#define NODES_MAX 65536U
#define KEY_MAX 64U

struct builder {
	struct conf_tree *tree;
	struct conf_place *place;
	const char *yaml;
	size_t len;
	struct conf_node *open[DEPTH_MAX]; /* the lists and mappings the reading is in */
	size_t depth;
	size_t count;
	yaml_parser_t parser;
};

static struct conf_mark mark_of(yaml_mark_t mark)
{
	return (struct conf_mark){.line = mark.line + 1, .column = mark.column + 1};
}

/* The mark of the octet at `offset`. */
static struct conf_mark mark_at(const struct builder *b, size_t offset)
{
	struct conf_mark mark = {.line = 1, .column = 1};

	for (size_t i = 0; i < offset && i < b->len; i++) {
		bool newline = b->yaml[i] == '\n';

		mark.line += newline ? 1 : 0;
		mark.column = newline ? 1 : mark.column + 1;
	}
	return mark;
}

/* Where a line begins; at the text's end where there is no such line. */
static const char *begin_of(const struct builder *b, size_t line)
{
	const char *at = b->yaml;
	const char *end = b->yaml + b->len;

	for (; line > 1 && at < end; at++)
		line -= *at == '\n';
	return at;
}

/* True when a line is indented by tabs, which YAML does not allow: a reason seldom seen. */
static bool indented_by_tab(const struct builder *b, size_t line)
{
	const char *at = begin_of(b, line);
	const char *end = b->yaml + b->len;

	while (at < end && *at == ' ')
		at++;
	return at < end && *at == '\t';
}

/* True where an IPv6 address stands in brackets as it is: YAML takes a colon for its own. */
static bool begins_with_colons(const struct builder *b, struct conf_mark mark)
{
	const char *line = begin_of(b, mark.line);
	size_t left = (size_t)(b->yaml + b->len - line);

	return mark.column < left && memcmp(line + mark.column - 1, "::", 2) == 0;
}

/* Why libyaml stopped. */
static enum err fail_libyaml(const struct builder *b)
{
	const yaml_parser_t *parser = &b->parser;
	const char *problem = parser->problem ? parser->problem : "it cannot be read";
	struct conf_mark mark = mark_of(parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR)
		return conf_fail_nomem(b->place);
	if (parser->error == YAML_READER_ERROR)
		return conf_fail(b->place, mark_at(b, parser->problem_offset), "not YAML: %s",
				 problem);
	if (indented_by_tab(b, mark.line))
		return conf_fail(b->place, mark, "not YAML: a tab in the indent; use spaces");
	if (begins_with_colons(b, mark))
		return conf_fail(b->place, mark,
				 "not YAML: what begins with colons, as ::1, needs quotes");
	if (!parser->context)
		return conf_fail(b->place, mark, "not YAML: %s", problem);
	return conf_fail(b->place, mark, "not YAML: %s, %s begun in line %zu", problem,
			 parser->context, parser->context_mark.line + 1);
}

/* Hangs the node into the list or mapping that is open. */
static void node_hang(struct builder *b, struct conf_node *node)
{
	struct conf_node *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;

	node->older = b->tree->newest;
	b->tree->newest = node;
	if (!parent)
		b->tree->root = node;
	else if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	if (parent) {
		parent->last = node;
		parent->count++;
	}
}

/* A value that begins: a text, or a list or mapping, which is open from then on. */
static enum err value_take(struct builder *b, struct conf_mark mark, const yaml_event_t *event)
{
	bool is_text = event->type == YAML_SCALAR_EVENT;
	size_t len = is_text ? event->data.scalar.length : 0;
	struct conf_node *node;

	if (!is_text && b->depth == DEPTH_MAX)
		return conf_fail(b->place, mark, "nested deeper than %d levels", DEPTH_MAX);
	if (++b->count > NODES_MAX)
		return conf_fail(b->place, mark, "more than %u values", NODES_MAX);
	node = calloc(1, sizeof(*node) + len + 1);
	if (!node)
		return conf_fail_nomem(b->place);
	node->mark = mark;
	node->len = len;
	node_hang(b, node);
	if (is_text) {
		memcpy(node->text, event->data.scalar.value, len);
		node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	} else {
		node->shape = event->type == YAML_SEQUENCE_START_EVENT ? CONF_SHAPE_ITEMS
								       : CONF_SHAPE_MAPPING;
		b->open[b->depth++] = node;
	}
	return ERR_OK;
}

/* Anchors, aliases and tags: nothing we read needs them, and they can make little text large.  They
 * stand at one place in the events of all values; an alias has no tag. */
static enum err refuse_extras(const struct builder *b, struct conf_mark mark,
			      const yaml_event_t *event)
{
	if (event->data.scalar.anchor)
		return conf_fail(b->place, mark,
				 "anchors and aliases are not taken (text that begins with & or * "
				 "needs quotes)");
	if (event->data.scalar.tag)
		return conf_fail(b->place, mark,
				 "tags are not taken (text that begins with ! needs quotes)");
	return ERR_OK;
}

static enum err event_take(struct builder *b, const yaml_event_t *event)
{
	struct conf_mark mark = mark_of(event->start_mark);
	enum err err;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return b->tree->root ? conf_fail(b->place, mark,
						 "a second document; a configuration is one")
				     : ERR_OK;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		err = refuse_extras(b, mark, event);
		return err ? err : value_take(b, mark, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static enum err events_take(struct builder *b)
{
	bool end = false;
	enum err err = ERR_OK;

	while (!err && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&b->parser, &event))
			return fail_libyaml(b);
		end = event.type == YAML_STREAM_END_EVENT;
		err = event_take(b, &event);
		yaml_event_delete(&event);
	}
	return err;
}

enum err conf_tree_init(struct conf_tree *tree, struct conf_place *place, const char *yaml,
			size_t len)
{
	struct builder b = {.tree = tree, .place = place, .yaml = yaml, .len = len};
	enum err err;

	*tree = (struct conf_tree){0};
	if (!yaml_parser_initialize(&b.parser))
		return conf_fail_nomem(place);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(len > 0 ? yaml : ""), len);
	err = events_take(&b);
	yaml_parser_delete(&b.parser);
	return err;
}

void conf_tree_fini(struct conf_tree *tree)
{
	while (tree->newest) {
		struct conf_node *node = tree->newest;

		tree->newest = node->older;
		free(node);
	}
	tree->root = NULL;
}

bool conf_node_absent(const struct conf_node *node)
{
	return node->shape == CONF_SHAPE_TEXT && node->plain && node->len == 0;
}

struct conf_node *conf_node_find(const struct conf_node *mapping, const char *key)
{
	struct conf_node *node = NULL;

	if (mapping && mapping->shape == CONF_SHAPE_MAPPING)
		node = mapping->first;
	while (node && strcmp(node->text, key) != 0)
		node = node->next->next;
	return node ? node->next : NULL;
}

const struct conf_node *conf_node_at(const struct conf_node *root, const char *path)
{
	const struct conf_node *node = root;
	bool more = true;

	while (node && more) {
		size_t len = strcspn(path, ".: ");
		char key[KEY_MAX];

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		more = path[len] == '.';
		path += len + more;
		node = conf_node_find(node, key);
	}
	return node;
}

struct conf_node *conf_node_item(const struct conf_node *items, size_t index)
{
	struct conf_node *node = NULL;

	if (items && items->shape == CONF_SHAPE_ITEMS)
		node = items->first;
	while (node && index-- > 0)
		node = node->next;
	return node;
}

struct conf_mark conf_node_mark(const struct conf_node *node)
{
	return node ? node->mark : (struct conf_mark){0};
}
