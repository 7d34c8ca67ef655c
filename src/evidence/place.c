/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/place.h"

#include <stdio.h>

void place_make(const struct conf *conf, struct place *ret_place)
{
	struct place *p = ret_place;
	const struct conf_evidence *e = &conf->evidence;

	if (*e->store)
		snprintf(p->store, sizeof(p->store), "%s", e->store);
	else
		snprintf(p->store, sizeof(p->store), "%s/%s", conf->state.directory, LEDGER_FILE);
	snprintf(p->password_file, sizeof(p->password_file), "%s", e->password_file);
	snprintf(p->resolver, sizeof(p->resolver), "%s", e->resolver);
	snprintf(p->spool, sizeof(p->spool), "%s/%s", conf->state.directory, LEDGER_SPOOL);
	p->spool_bytes = e->spool_bytes;
}

struct archive_place place_of(const struct place *p)
{
	return (struct archive_place){
		.store = p->store,
		.password_file = p->password_file,
		.resolver = p->resolver,
		.spool = p->spool,
		.spool_bytes = p->spool_bytes,
	};
}
