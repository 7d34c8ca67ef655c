/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/inner.h"

#include <string.h>

#include "option/options.h"

#define NETWORKS_MAX 32

enum err inner_create(struct prefix_set **ret_set)
{
	char texts[] = CONF_PRIVATE_NETWORKS;
	struct prefix networks[NETWORKS_MAX];
	size_t count = 0;
	char *rest = NULL;

	for (char *text = strtok_r(texts, " ", &rest); text && count < NETWORKS_MAX;
	     text = strtok_r(NULL, " ", &rest)) {
		enum err err = prefix_parse(text, &networks[count++]);

		if (err != ERR_OK)
			return err;
	}
	return prefix_set_create(networks, count, ret_set);
}
