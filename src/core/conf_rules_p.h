/* SPDX-License-Identifier: BSD-2-Clause */
/* What options ask of one another. */
#ifndef CORE_CONF_RULES_P_H
#define CORE_CONF_RULES_P_H

#include "base/err.h"
#include "core/conf.h"
#include "core/conf_error_p.h"
#include "core/conf_tree_p.h"

/* ERR_CONFIG when options do not go together; `root` knows the places. */
enum err conf_rules(struct conf_place *place, const struct conf_node *root,
		    const struct conf *conf) MUST_CHECK;

#endif
