/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/items.h"

void conf_for_each(const struct items *items, size_t count, const char *key, item_rule *rule)
{
	const struct conf_node *node = conf_node_item(items->nodes, 0);
	size_t outside = conf_place_enter(items->place, key);

	for (size_t i = 0; i < count; i++) {
		size_t before = conf_place_index(items->place, i);

		if (is_sound(node))
			rule(items, node, i);
		node = node ? node->next : NULL;
		conf_place_leave(items->place, before);
	}
	conf_place_leave(items->place, outside);
}
