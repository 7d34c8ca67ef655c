/* SPDX-License-Identifier: BSD-2-Clause */
/* From the texts of a file to typed values. */
#ifndef CONF_FILL_H
#define CONF_FILL_H

#include "base/err.h"
#include "conf/error.h"
#include "conf/tree.h"
#include "conf/type.h"

/*
 * Fills the zeroed struct conf_<section> at `out` from what libcyaml read, and from the defaults
 * where that says nothing (`raw` and `node` may be NULL).  `node` is the section in the tree,
 * whose form conf_check found right.  On failure too `out` is then for conf_fini.
 * ERR_CONFIG: a text is not what its row asks for.  ERR_NOMEM.
 */
enum err conf_fill(struct conf_place *place, const struct conf_section *section, const void *raw,
		   const struct conf_node *node, void *out) MUST_CHECK;

/* Frees what the values of a section own. */
void conf_fini(const struct conf_section *section, const void *values);

#endif
