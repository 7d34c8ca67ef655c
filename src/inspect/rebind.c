/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect/rebind.h"

#include <stdlib.h>

#include "inspect/embedded.h"
#include "map/namemap.h"

struct rebind {
	struct prefix_set *networks;
	struct namemap *excepted;
	bool all_excepted; /* the root is */
};

enum err rebind_create(const struct prefix *networks, size_t count, const struct hash_key *name_key,
		       struct rebind **ret_rebind)
{
	struct rebind *rebind = calloc(1, sizeof(*rebind));
	enum err err = rebind ? prefix_set_create(networks, count, &rebind->networks) : ERR_NOMEM;

	if (err == ERR_OK)
		err = namemap_create(name_key, &rebind->excepted);
	if (err == ERR_OK)
		*ret_rebind = rebind;
	else
		rebind_free(rebind);
	return err;
}

void rebind_free(struct rebind *rebind)
{
	if (!rebind)
		return;
	prefix_set_free(rebind->networks);
	namemap_free(rebind->excepted);
	free(rebind);
}

enum err rebind_except(struct rebind *rebind, const struct name *name)
{
	enum err err;

	if (name->len == 1) {
		rebind->all_excepted = true;
		return ERR_OK;
	}
	err = namemap_add(rebind->excepted, name, 0);
	return err == ERR_EXISTS ? ERR_OK : err;
}

bool rebind_is_excepted(const struct rebind *rebind, const struct name *name)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(namemap_key(rebind->excepted), name, &suffixes);
	return rebind->all_excepted || namemap_find(rebind->excepted, name, &suffixes, 0).found;
}

bool rebind_is_private(const struct rebind *rebind, const struct ip *ip)
{
	struct ip ipv4;

	return prefix_set_contains(rebind->networks, ip) ||
	       (embedded_ipv4(ip, &ipv4) && prefix_set_contains(rebind->networks, &ipv4));
}
