/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a file of the form that the rows ask for? */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "base/err.h"
#include "conf/error.h"
#include "conf/tree.h"
#include "conf/type.h"

/*
 * ERR_CONFIG, with the place and what was expected there, when a key is unknown or stands twice,
 * a required one is missing, a list has too many or too few items, or a value is not of the
 * shape (text, list, mapping) its row asks for.  What the texts say is not looked at.
 */
enum err conf_check(struct conf_place *place, const struct conf_section *section,
		    const struct conf_node *node) MUST_CHECK;

#endif
