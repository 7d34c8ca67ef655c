/* SPDX-License-Identifier: BSD-2-Clause */
/* What options ask of one another. */
#ifndef CONF_RULES_H
#define CONF_RULES_H

#include "conf/conf.h"
#include "conf/error.h"
#include "conf/tree.h"

/* Tells where options do not go together; `root` knows the places, and which parts of the file
 * have a mistake in them already: those are not judged. */
void conf_rules(struct conf_place *place, const struct conf_node *root, const struct conf *conf);

/* The part of it that is about the section `local`. */
void conf_rules_local(struct conf_place *place, const struct conf_node *root,
		      const struct conf *conf);

#endif
