/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a load ask of it. */
#include <string.h>

#include "load/load.h"

const struct policy_list *loader_former_list(const struct load *load, const char *name,
					     unsigned int *ret_index)
{
	for (size_t i = 0; load->former && i < load->former->list_count; i++)
		if (strcmp(load->former->lists[i].name, name) == 0) {
			*ret_index = (unsigned int)i;
			return &load->former->lists[i];
		}
	return NULL;
}

bool loader_writes(const struct load *load)
{
	return !load->options.strict && !load->options.accept && !load->options.only_reads;
}

bool loader_is_cancelled(const struct load *load)
{
	return load->options.cancelled && atomic_load(load->options.cancelled);
}
