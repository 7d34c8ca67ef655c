/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <stdlib.h>

#include "conf/check.h"
#include "conf/error.h"
#include "conf/file.h"
#include "conf/fill.h"
#include "conf/rules.h"
#include "conf/schema.h"
#include "conf/tree.h"

/* From a tree of the right form, and the text it was made of, to the configuration. */
static enum err conf_build(struct conf_place *place, const struct conf_tree *tree, const char *yaml,
			   size_t len, struct conf **ret_conf)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	void *raw = NULL;
	enum err err = conf ? ERR_OK : conf_fail_nomem(place);

	if (!err && tree->root)
		err = conf_raw_load(place, yaml, len, &raw);
	if (!err)
		err = conf_fill(place, &conf_section_main, raw, tree->root, conf);
	if (!err)
		err = conf_rules(place, tree->root, conf);
	conf_raw_free(raw);
	if (err)
		conf_free(conf);
	else
		*ret_conf = conf;
	return err;
}

enum err conf_parse(const char *name, const char *yaml, size_t len, struct conf **ret_conf,
		    struct err_text *text)
{
	struct conf_place place = {.file = name, .text = text};
	struct conf_tree tree;
	enum err err = conf_tree_init(&tree, &place, yaml, len);

	if (!err && tree.root)
		err = conf_check(&place, &conf_section_main, tree.root);
	if (!err)
		err = conf_build(&place, &tree, yaml, len, ret_conf);
	conf_tree_fini(&tree);
	return err;
}

enum err conf_load(const char *path, struct conf **ret_conf, struct err_text *text)
{
	struct conf_place place = {.file = path, .text = text};
	char *yaml;
	size_t len;
	enum err err = conf_file_read(&place, &yaml, &len);

	if (err)
		return err;
	err = conf_parse(path, yaml, len, ret_conf, text);
	free(yaml);
	return err;
}

enum err conf_default(struct conf **ret_conf)
{
	return conf_parse("default", "", 0, ret_conf, NULL);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	conf_fini(&conf_section_main, conf);
	free(conf);
}
