/* SPDX-License-Identifier: BSD-2-Clause */
/* From the tree of a file to the values of the configuration, by the rows. */
#ifndef CONF_READ_H
#define CONF_READ_H

#include "conf/error.h"
#include "conf/tree.h"
#include "conf/row.h"

/*
 * Fills the zeroed struct conf_<section> at `out` from `node` (NULL: the file says nothing), and
 * from the defaults where that says nothing.  Each mistake is told at its place, and the nodes
 * that have one in them are marked; what they stand for has its default, or is empty.  Only where
 * conf_place_full says so, values are missing.  `out` is for conf_fini, whatever was found.
 */
void conf_read(struct conf_place *place, const struct conf_section *section, struct conf_node *node,
	       void *out);

/* Tells that the section has no such key, and which one was likely meant. */
void conf_fail_unknown(struct conf_place *place, const struct conf_section *section,
		       const struct conf_node *key);

/* Frees what the values of a section own. */
void conf_fini(const struct conf_section *section, const void *values);

#endif
