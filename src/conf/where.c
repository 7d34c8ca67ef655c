/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <stdlib.h>

#include "base/file.h"
#include "conf/tree.h"

void conf_locate(const char *path, struct conf_mistake *mistake)
{
	struct conf_mistakes found = {.count = 0};
	struct conf_place place = {.file = path, .found = &found};
	const struct conf_node *node = NULL;
	struct conf_tree tree;
	char *yaml;
	size_t len;

	if (file_read(path, CONF_FILE_MAX, &yaml, &len) != ERR_OK)
		return;
	if (conf_tree_init(&tree, &place, yaml, len) == ERR_OK)
		node = conf_node_at(tree.root, mistake->text.text);
	if (node) {
		conf_fail(&place, node->mark, "%s", mistake->text.text);
		*mistake = found.list[0];
	}
	conf_tree_fini(&tree);
	free(yaml);
}
