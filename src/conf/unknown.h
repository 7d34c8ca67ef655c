/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that no row has. */
#ifndef CONF_UNKNOWN_H
#define CONF_UNKNOWN_H

#include "conf/error.h"
#include "conf/tree.h"
#include "conf/type.h"

/* Tells that the section has no such key, and which one was likely meant. */
void conf_fail_unknown(struct conf_place *place, const struct conf_section *section,
		       const struct conf_node *key);

#endif
