/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/priority.h"
#include "set/domset.h"

#define RECORDS_A_TURN 1024U /* a quarter of a millisecond's work */

static enum err copy_patterns(struct domset_builder *builder, const struct domset *old,
			      unsigned int old_list, const struct domset_filter *filter)
{
	struct domset_rule rule;
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < domset_patterns(old) && err == ERR_OK; i++) {
		domset_pattern(old, i, &rule);
		if (rule.list == old_list && (!filter || filter->takes(filter->arg, &rule)))
			err = domset_builder_add_pattern(builder, &rule);
	}
	return err;
}

enum err domset_builder_copy_list(struct domset_builder *builder, const struct domset *old,
				  unsigned int old_list, unsigned int list,
				  const struct domset_filter *filter)
{
	enum err err = domset_builder_begin(builder, list);
	struct domset_rule rule;
	struct domset_iter iter;
	uint32_t walked = 0;

	domset_iter_init_list(&iter, old, old_list);
	while (err == ERR_OK && domset_iter_next(&iter, &rule) && rule.list == old_list) {
		if (!filter || filter->takes(filter->arg, &rule))
			err = domset_builder_add_data(builder, &rule.owner, &rule.kind, rule.data,
						      rule.line);
		if (++walked % RECORDS_A_TURN == 0)
			priority_give_way();
	}
	return err == ERR_OK ? copy_patterns(builder, old, old_list, filter) : err;
}
