/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a file of the form that the rows ask for? */
#ifndef CORE_CONF_CHECK_P_H
#define CORE_CONF_CHECK_P_H

#include "base/err.h"
#include "core/conf_error_p.h"
#include "core/conf_tree_p.h"
#include "core/conf_type_p.h"

/*
 * ERR_CONFIG, with the place and what was expected there, when a key is unknown or stands twice,
 * a required one is missing, a list has too many or too few items, or a value is not of the
 * shape (text, list, mapping) its row asks for.  What the texts say is not looked at.
 */
enum err conf_check(struct conf_place *place, const struct conf_section *section,
		    const struct conf_node *node) MUST_CHECK;

#endif
