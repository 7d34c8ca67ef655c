/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/tree.h"

#define KEY_MAX 64U

/* The value of the option that `message` begins with, as "outgoing.tls-ca: ..."; NULL when the
 * tree has none. */
static const struct conf_node *find(const struct conf_node *node, const char *message)
{
	bool more = true;

	while (node && more) {
		size_t len = strcspn(message, ".: ");
		char key[KEY_MAX];

		snprintf(key, sizeof(key), "%.*s", (int)len, message);
		more = message[len] == '.';
		message += len + more;
		node = conf_node_find(node, key);
	}
	return node;
}

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
		node = find(tree.root, mistake->text.text);
	if (node) {
		conf_fail(&place, node->mark, "%s", mistake->text.text);
		*mistake = found.list[0];
	}
	conf_tree_fini(&tree);
	free(yaml);
}
