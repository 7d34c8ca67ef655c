/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a load ask of it, and the gate that its lists go through. */
#include <stdlib.h>
#include <string.h>

#include "daemon/load.h"

enum err loader_make_guard(const struct conf_guard *conf, struct guard **ret_guard)
{
	struct name *names = calloc(conf->protected_count + 1, sizeof(*names));
	enum err err = ERR_OK;

	if (!names)
		return ERR_NOMEM;
	for (size_t i = 0; i < conf->protected_count && err == ERR_OK; i++)
		err = name_from_text(conf->protected[i], strlen(conf->protected[i]), &names[i]);
	if (err == ERR_OK)
		err = guard_create(names, conf->protected_count, conf->public_suffixes, ret_guard);
	free(names);
	return err;
}

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

bool loader_is_cancelled(const struct load *load)
{
	return load->options.cancelled && atomic_load(load->options.cancelled);
}
