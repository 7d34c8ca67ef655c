/* SPDX-License-Identifier: BSD-2-Clause */
/* What a record of a zone says: by its owner when, and by its target what. */
#ifndef RPZ_TRIGGER_H
#define RPZ_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"
#include "rpz/master.h"

/* By the last label of an owner, or none of them. */
enum trigger_kind {
	TRIGGER_QNAME,
	TRIGGER_CLIENT_IP,
	TRIGGER_IP,
	TRIGGER_NSDNAME,
	TRIGGER_NSIP,
};

struct trigger {
	enum trigger_kind kind;
	bool wildcard;
	struct name name; /* without "*", without what says the kind, and without the zone's */
};

/* The trigger of an owner below the apex. */
void trigger_read(const struct name *owner, const struct name *apex, struct trigger *ret_trigger);

/* What a CNAME has done (enum domset_answer) by the trigger; false: it says it wrongly. */
bool trigger_action(const struct master_record *record, const struct trigger *trigger,
		    const struct name *apex, uint8_t *ret_answer);

/* `owner` without the `apex` that it lies below. */
void trigger_relative(const struct name *owner, const struct name *apex, struct name *ret_name);

#endif
