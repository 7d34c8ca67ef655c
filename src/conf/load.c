/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/error.h"
#include "conf/read.h"
#include "conf/rules.h"
#include "conf/tree.h"

/* From a tree to the configuration; what the rows and the rules are against is told.  With `draft`
 * it is given with its mistakes. */
static void build(struct conf_place *place, const struct conf_tree *tree, bool draft,
		  struct conf **ret_conf)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf) {
		conf_fail_nomem(place);
		return;
	}
	conf_read(place, &conf_section_main, tree->root, conf);
	if (!conf_place_full(place)) {
		conf_rules_fetch(place, tree->root, conf); /* the first of what may be wrong */
		conf_rules(place, tree->root, conf);
		conf_rules_local(place, tree->root, conf);
		conf_rules_groups(place, tree->root, conf);
		conf_rules_guard(place, tree->root, conf);
	}
	if (place->found->count > 0 && !draft)
		conf_free(conf);
	else
		*ret_conf = conf;
}

static enum err parse(const char *name, const char *yaml, size_t len, bool draft,
		      struct conf **ret_conf, struct conf_mistakes *mistakes)
{
	struct conf_place place = {.file = name, .found = mistakes};
	struct conf_tree tree;

	mistakes->count = 0;
	if (conf_tree_init(&tree, &place, yaml, len) == ERR_OK)
		build(&place, &tree, draft, ret_conf);
	conf_tree_fini(&tree);
	if (mistakes->count == 0)
		return ERR_OK;
	return place.nomem ? ERR_NOMEM : ERR_CONFIG;
}

static enum err load(const char *path, bool draft, struct conf **ret_conf,
		     struct conf_mistakes *mistakes)
{
	char *yaml;
	size_t len;
	enum err err;

	mistakes->count = 1;
	err = file_read(path, CONF_FILE_MAX, &yaml, &len);
	if (err)
		return conf_fail_file(path, &mistakes->list[0].text,
				      err == ERR_RANGE ? ERR_CONFIG : err, conf_file_reason(err));
	if (memchr(yaml, '\0', len))
		err = conf_fail_file(path, &mistakes->list[0].text, ERR_CONFIG, "not a text file");
	else
		err = parse(path, yaml, len, draft, ret_conf, mistakes);
	free(yaml);
	return err;
}

enum err conf_load_all(const char *path, struct conf **ret_conf, struct conf_mistakes *mistakes)
{
	return load(path, false, ret_conf, mistakes);
}

enum err conf_load_draft(const char *path, struct conf **ret_conf, struct conf_mistakes *mistakes)
{
	*ret_conf = NULL;
	return load(path, true, ret_conf, mistakes);
}

/* Hands on `err` with the text of the first mistake. */
static enum err tell_first(enum err err, const struct conf_mistakes *mistakes,
			   struct err_text *text)
{
	return err ? err_set(text, err, "%s", mistakes->list[0].text.text) : ERR_OK;
}

enum err conf_load(const char *path, struct conf **ret_conf, struct err_text *text)
{
	struct conf_mistakes mistakes;

	enum err err = conf_load_all(path, ret_conf, &mistakes);

	if (err != ERR_OK && mistakes.count > 1)
		return err_set(text, err, "%s; %zu more: `sinkholed --check` tells all",
			       mistakes.list[0].text.text, mistakes.count - 1);
	return tell_first(err, &mistakes, text);
}

enum err conf_parse(const char *name, const char *yaml, size_t len, struct conf **ret_conf,
		    struct err_text *text)
{
	struct conf_mistakes mistakes;

	return tell_first(parse(name, yaml, len, false, ret_conf, &mistakes), &mistakes, text);
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
