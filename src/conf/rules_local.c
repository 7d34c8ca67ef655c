/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/rules.h"

#include <search.h>
#include <string.h>

#include "dns/name.h"

/* The names are looked up in a tree of tsearch(3), in which each stands once. */
static int by_name(const void *a, const void *b)
{
	const struct conf_local_name *one = a;
	const struct conf_local_name *other = b;

	return strcmp(one->name, other->name);
}

/* NULL when none is called so. */
static const struct conf_local_name *find(void *const *tree, char *name)
{
	const struct conf_local_name key = {.name = name};
	void *found = tfind(&key, tree, by_name);

	return found ? *(const struct conf_local_name **)found : NULL;
}

/* The one by which a name is answered: of that name, or the nearest "*." above. */
static const struct conf_local_name *find_owner(void *const *tree, char *name)
{
	const struct conf_local_name *found = find(tree, name);
	char wild[NAME_TEXT_MAX + 1];

	for (const char *dot = strchr(name, '.'); dot && !found; dot = strchr(dot + 1, '.')) {
		snprintf(wild, sizeof(wild), "*%s", dot);
		found = find(tree, wild);
	}
	return found;
}

/* No name is there twice. */
static void rule_name(const struct items *items, const struct conf_node *node, size_t index)
{
	const struct conf_local_name *names = items->array;
	void *found = tsearch(&names[index], items->arg, by_name);
	const struct conf_local_name *first;

	if (!found) {
		conf_fail_nomem(items->place);
		return;
	}
	first = *(const struct conf_local_name **)found;
	if (first != &names[index])
		fail_key(items->place, node, "name",
			 "the name %s is given twice, first in line %zu", first->name,
			 mark_in(conf_node_item(items->nodes, (size_t)(first - names)), "name")
				 .line);
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
	const struct conf_local_name *name = &names[index];
	unsigned int links = 0;

	while (name && *name->cname && links++ < CONF_CNAMES_MAX)
		name = find_owner(items->arg, name->cname);
	if (name && *name->cname)
		fail_key(items->place, node, "cname",
			 "expected an end after %u names at most, got a loop or more",
			 CONF_CNAMES_MAX);
}

/* What hangs in the tree is the configuration's. */
static void keep(void *name)
{
	(void)name;
}

void conf_rules_local(struct conf_place *place, const struct conf_node *root,
		      const struct conf *conf)
{
	const struct conf_local *local = &conf->local;
	void *tree = NULL;
	const struct items all = {.place = place, .arg = &tree};

	FOR_EACH(&all, root, "local.names", local->names, rule_name);
	FOR_EACH(&all, root, "local.names", local->names, rule_data);
	FOR_EACH(&all, root, "local.names", local->names, rule_target);
	tdestroy(tree, keep);
}
