/* SPDX-License-Identifier: BSD-2-Clause */
/* What options ask of one another: the rules, and lists gone through with the place of each item.
 */
#ifndef CONF_RULES_H
#define CONF_RULES_H

#include "conf/conf.h"
#include "conf/error.h"
#include "conf/tree.h"

/* Tells where options do not go together; `root` knows the places, and which parts of the file
 * have a mistake in them already: those are not judged. */
void conf_rules(struct conf_place *place, const struct conf_node *root, const struct conf *conf);

/* The same for the section `local`. */
void conf_rules_local(struct conf_place *place, const struct conf_node *root,
		      const struct conf *conf);

/* The same for groups of clients, and for the lists that these name. */
void conf_rules_groups(struct conf_place *place, const struct conf_node *root,
		       const struct conf *conf);

/* The same for lists that are fetched; those are given the file that their copy is. */
void conf_rules_fetch(struct conf_place *place, const struct conf_node *root, struct conf *conf);

/* Completes the names that no list may take away; tells of a file of them that cannot be taken. */
void conf_rules_guard(struct conf_place *place, const struct conf_node *root, struct conf *conf);

/* The same for the columns of one list, whose node it is. */
void conf_rule_columns(struct conf_place *place, const struct conf_node *node,
		       const struct conf_list *list);

/* A list of the configuration that is judged, and what knows the places of its items. */
struct items {
	struct conf_place *place;
	const struct conf *conf;
	const struct conf_node *nodes;
	const void *array;
	void *arg; /* of the rule */
};

typedef void item_rule(const struct items *items, const struct conf_node *node, size_t index);

/* No upstream is given twice, or is this daemon, which would be asked for ever. */
void conf_rule_upstream(const struct items *items, const struct conf_node *node, size_t index);

/* Has `rule` judge each item of the list at `key` in `section` in which no mistake was found; the
 * `count` items are at `array`.  `outer` says all else that a rule is given. */
void conf_for_each(const struct items *outer, const struct conf_node *section, const char *key,
		   const void *array, size_t count, item_rule *rule);

/* The same of a list `array` that has its length in <array>_count. */
#define FOR_EACH(outer, section, key, array, rule)                                                 \
	conf_for_each(outer, section, key, array, array##_count, rule)

/* Which item has the value of item `index` first, as a rule `index` itself.  `values` is where the
 * value of item 0 stands, and those of the others stand each `stride` octets behind. */
typedef bool same_fn(const void *a, const void *b);
size_t conf_first_with(const void *values, size_t stride, size_t index, same_fn *same);
bool conf_same_text(const void *a, const void *b);

#define FIRST_WITH(array, field, index, same)                                                      \
	conf_first_with(&(array)[0].field, sizeof((array)[0]), index, same)

/* What is told as JSON has whom to turn to, and an option that is no other. */
void conf_rules_structured(struct conf_place *place, const struct conf_node *node,
			   const struct conf *conf);
void conf_rule_public_record(const struct items *items, const struct conf_node *node,
			     const struct conf_list *list);

/* False when a mistake was found in what the file says there; it may say nothing (NULL). */
static inline bool is_sound(const struct conf_node *node)
{
	return !node || !node->wrong;
}

/* The mark of `key` in a section, that of the section when the key is not given. */
static inline struct conf_mark mark_in(const struct conf_node *section, const char *key)
{
	const struct conf_node *node = conf_node_find(section, key);

	return conf_node_mark(node ? node : section);
}

/* Tells that `section`.`key` is wrong. */
#define fail_key(place, section, key, ...)                                                         \
	do {                                                                                       \
		size_t before_key = conf_place_enter(place, key);                                  \
                                                                                                   \
		conf_fail(place, mark_in(section, key), __VA_ARGS__);                              \
		conf_place_leave(place, before_key);                                               \
	} while (0)

#endif
