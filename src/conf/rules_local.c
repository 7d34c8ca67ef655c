/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/rules.h"

#include <string.h>

#include "match/namemap.h"

/* The names of the configuration, by which one that is given twice, and the target of a CNAME,
 * are found.  The number of a name is its index. */
struct given {
	struct namemap *exact;
	struct namemap *wild;
};

/* The map lives as long as one reading of a file that the operator wrote: no secret is needed. */
static const struct hash_key map_key;

static struct name wire_name(const char *text)
{
	struct name name = {.len = 1};

	/* the texts were made of names that could be read */
	(void)!name_from_text(text, strlen(text), &name);
	return name;
}

static bool is_wild(const char *text)
{
	return strncmp(text, "*.", 2) == 0;
}

/* Finds what is asked for a name; false when it is none of the configuration's. */
static bool find(const struct given *g, const char *text, size_t *ret_index)
{
	struct name name = wire_name(text);
	struct name_suffixes suffixes;
	struct namemap_hit hit;

	name_hash_suffixes(&map_key, &name, &suffixes);
	hit = namemap_get(g->exact, &name, &suffixes);
	if (!hit.found)
		hit = namemap_find(g->wild, &name, &suffixes, 1);
	if (hit.found)
		*ret_index = hit.value;
	return hit.found;
}

static size_t line_of(const struct items *items, const struct namemap *map, const struct name *name)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&map_key, name, &suffixes);
	return mark_in(conf_node_item(items->nodes, namemap_get(map, name, &suffixes).value),
		       "name")
		.line;
}

/* No name is there twice. */
static void rule_name(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_local_name *names = items->array;
	const struct given *g = items->arg;
	const char *text = names[index].name;
	struct namemap *map = is_wild(text) ? g->wild : g->exact;
	struct name name = wire_name(text + (is_wild(text) ? 2 : 0));
	enum err err = namemap_add(map, &name, (uint32_t)index);

	if (err == ERR_EXISTS)
		fail_key(items->place, node, "name",
			 "the name %s is given twice, first in line %zu", text,
			 line_of(items, map, &name));
	else if (err != ERR_OK)
		conf_fail_nomem(items->place);
}

/* Each name has data, and a CNAME has none beside it (RFC 1034, 3.6.2). */
static void rule_data(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_local_name *names = items->array;
	const struct conf_local_name *name = &names[index];
	bool data = name->ipv4_count + name->ipv6_count + name->txt_count > 0 || *name->ptr;

	if (*name->cname && data)
		fail_key(items->place, node, "cname",
			 "expected nothing beside it, as the name stands for another");
	if (!*name->cname && !data)
		fail_key(items->place, node, "name",
			 "expected one of ipv4, ipv6, cname, ptr and txt as well");
}

/* A CNAME comes to an end: a name that has data, or that is not one of these. */
static void rule_target(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_local_name *names = items->array;
	size_t at = index;

	for (unsigned int links = 0; *names[at].cname; links++) {
		const char *target = names[at].cname;

		if (links == CONF_CNAMES_MAX) {
			fail_key(items->place, node, "cname",
				 "expected an end after %u names at most, got a loop or more",
				 CONF_CNAMES_MAX);
			return;
		}
		if (!find(items->arg, target, &at))
			return;
	}
}

void conf_rules_local(struct conf_place *place, const struct conf_node *root,
		      const struct conf *conf)
{
	const struct conf_local *local = &conf->local;
	struct given g = {NULL, NULL};
	const struct items names = {
		.place = place,
		.nodes = conf_node_find(conf_node_find(root, "local"), "names"),
		.array = local->names,
		.arg = &g,
	};

	if (local->names_count == 0)
		return;
	if (namemap_create(&map_key, &g.exact) || namemap_create(&map_key, &g.wild)) {
		conf_fail_nomem(place);
	} else {
		conf_for_each(&names, local->names_count, "local.names", rule_name);
		conf_for_each(&names, local->names_count, "local.names", rule_data);
		conf_for_each(&names, local->names_count, "local.names", rule_target);
	}
	namemap_free(g.exact);
	namemap_free(g.wild);
}
