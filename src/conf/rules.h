/* SPDX-License-Identifier: BSD-2-Clause */
/* What options ask of one another. */
#ifndef CONF_RULES_H
#define CONF_RULES_H

#include "base/err.h"
#include "conf/conf.h"
#include "conf/error.h"
#include "conf/tree.h"

/* ERR_CONFIG when options do not go together; `root` knows the places. */
enum err conf_rules(struct conf_place *place, const struct conf_node *root,
		    const struct conf *conf) MUST_CHECK;

/* The part of it that is about the section `local`. */
enum err conf_rules_local(struct conf_place *place, const struct conf_node *root,
			  const struct conf *conf) MUST_CHECK;

/* The mark of `key` in a section, that of the section when the key is not given. */
static inline struct conf_mark mark_in(const struct conf_node *section, const char *key)
{
	const struct conf_node *node = conf_node_find(section, key);

	return conf_node_mark(node ? node : section);
}

/* A failure of `section`.`key`. */
#define fail_key(place, section, key, ...)                                                         \
	(conf_place_enter(place, key), conf_fail(place, mark_in(section, key), __VA_ARGS__))

#endif
