/* SPDX-License-Identifier: BSD-2-Clause */
/* A YAML text as a tree that knows the line and the column of each value. */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/error.h"

enum conf_shape { CONF_SHAPE_TEXT, CONF_SHAPE_ITEMS, CONF_SHAPE_MAPPING };

struct conf_node {
	struct conf_node *next;	 /* of the same parent */
	struct conf_node *first; /* the items, or keys and values by turns */
	struct conf_node *last;
	struct conf_node *older; /* made before this one: the chain they are freed by */
	struct conf_mark mark;
	enum conf_shape shape;
	size_t count; /* nodes from `first` on */
	bool plain;   /* text without quotes */
	bool wrong;   /* a mistake was found in the value: what it says is not to be relied on */
	size_t len;
	char text[]; /* ends with NUL */
};

struct conf_tree {
	struct conf_node *root; /* NULL: the text is empty */
	struct conf_node *newest;
};

/*
 * Reads YAML.  What could be abused is refused: aliases, tags, deep nesting, more values than
 * any configuration has.  The caller calls conf_tree_fini, whatever is returned.
 */
enum err conf_tree_init(struct conf_tree *tree, struct conf_place *place, const char *yaml,
			size_t len) MUST_CHECK;
void conf_tree_fini(struct conf_tree *tree);

/* True for a value left out, as after "key:". */
bool conf_node_absent(const struct conf_node *node);

/* The value of `key` in a mapping; NULL when there is none, or `mapping` is none or NULL. */
struct conf_node *conf_node_find(const struct conf_node *mapping, const char *key);

/* The value of the option that `path` is, or begins with, as "outgoing.tls-ca" and
 * "outgoing.tls-ca: ..."; NULL when there is none. */
const struct conf_node *conf_node_at(const struct conf_node *root, const char *path);

/* An item of a list; NULL when there is none, or `items` is none or NULL. */
struct conf_node *conf_node_item(const struct conf_node *items, size_t index);

/* The mark of a node; none for NULL. */
struct conf_mark conf_node_mark(const struct conf_node *node);

#endif
