/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/rules.h"

#include <string.h>

#include "conf/namemap.h"

/* The names of the configuration, by which one that is given twice, and the target of a CNAME,
 * are found.  The number of a name is its index. */
struct given {
	const struct conf_local *conf;
	const struct conf_node *nodes;
	struct namemap *exact;
	struct namemap *wild;
};

/* It lives as long as one reading of a file that the operator wrote: no secret is needed. */
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

static size_t line_of(const struct given *g, const struct namemap *map, const struct name *name)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&map_key, name, &suffixes);
	return mark_in(conf_node_item(g->nodes, namemap_get(map, name, &suffixes).value), "name")
		.line;
}

/* No name is there twice. */
static enum err rule_name(struct conf_place *place, struct given *g, size_t index)
{
	const char *text = g->conf->names[index].name;
	struct namemap *map = is_wild(text) ? g->wild : g->exact;
	struct name name = wire_name(text + (is_wild(text) ? 2 : 0));
	enum err err = namemap_add(map, &name, (uint32_t)index);

	if (err == ERR_EXISTS)
		return fail_key(place, conf_node_item(g->nodes, index), "name",
				"the name %s is given twice, first in line %zu", text,
				line_of(g, map, &name));
	return err == ERR_OK ? ERR_OK : conf_fail_nomem(place);
}

/* It has data, and a CNAME has none beside it (RFC 1034, 3.6.2). */
static enum err rule_data(struct conf_place *place, const struct conf_node *node,
			  const struct conf_local_name *name)
{
	bool data = name->ipv4_count + name->ipv6_count + name->txt_count > 0 || *name->ptr;

	if (*name->cname && data)
		return fail_key(place, node, "cname",
				"expected nothing beside it, as the name stands for another");
	if (!*name->cname && !data)
		return fail_key(place, node, "name",
				"expected one of ipv4, ipv6, cname, ptr and txt as well");
	return ERR_OK;
}

/* A CNAME comes to an end: a name that has data, or that is not one of these. */
static enum err rule_target(struct conf_place *place, const struct given *g, size_t index)
{
	const struct conf_node *node = conf_node_item(g->nodes, index);
	const struct conf_local_name *names = g->conf->names;
	size_t at = index;

	for (unsigned int links = 0; *names[at].cname; links++) {
		const char *target = names[at].cname;

		if (links == CONF_CNAMES_MAX)
			return fail_key(
				place, node, "cname",
				"expected an end after %u names at most, got a loop or more",
				CONF_CNAMES_MAX);
		if (!find(g, target, &at))
			break;
	}
	return ERR_OK;
}

static enum err rule_all(struct conf_place *place, struct given *g)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < g->conf->names_count && !err; i++) {
		size_t before = conf_place_index(place, i);

		err = rule_name(place, g, i);
		if (!err)
			err = rule_data(place, conf_node_item(g->nodes, i), &g->conf->names[i]);
		conf_place_leave(place, before);
	}
	for (size_t i = 0; i < g->conf->names_count && !err; i++) {
		size_t before = conf_place_index(place, i);

		err = rule_target(place, g, i);
		conf_place_leave(place, before);
	}
	return err;
}

enum err conf_rules_local(struct conf_place *place, const struct conf_node *root,
			  const struct conf *conf)
{
	struct given g = {
		.conf = &conf->local,
		.nodes = conf_node_find(conf_node_find(root, "local"), "names"),
	};
	size_t before;
	enum err err;

	if (conf->local.names_count == 0)
		return ERR_OK;
	before = conf_place_enter(place, "local.names");
	err = namemap_create(&map_key, &g.exact);
	if (!err)
		err = namemap_create(&map_key, &g.wild);
	err = err ? conf_fail_nomem(place) : rule_all(place, &g);
	conf_place_leave(place, before);
	namemap_free(g.exact);
	namemap_free(g.wild);
	return err;
}
