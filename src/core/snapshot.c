/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/snapshot.h"

#include <stdlib.h>

#include "core/local.h"
#include "core/namemap.h"

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	conf_free(snapshot->conf);
	policy_free(snapshot->policy);
	prefix_set_free(snapshot->allow);
	free(snapshot->resolv);
	free(snapshot->pools);
	namemap_free(snapshot->zones);
	local_free(snapshot->local);
	namemap_free(snapshot->special);
	free(snapshot);
}
