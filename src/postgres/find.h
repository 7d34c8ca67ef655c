/* SPDX-License-Identifier: BSD-2-Clause */
/* What the database has, read: the findings of all days and resolvers as one each.  As the
 * functions of those names in evidence/archive.h. */
#ifndef POSTGRES_FIND_H
#define POSTGRES_FIND_H

#include "postgres/link.h"

enum err find_each(struct link *link, const struct archive_filter *filter, archive_row_fn *fn,
		   void *arg, struct err_text *text) MUST_CHECK;
enum err find_each_client(struct link *link, const struct archive_filter *filter,
			  archive_row_fn *fn, void *arg, struct err_text *text) MUST_CHECK;
enum err find_each_visit(struct link *link, const struct archive_filter *filter, archive_row_fn *fn,
			 void *arg, struct err_text *text) MUST_CHECK;

#endif
