/* SPDX-License-Identifier: BSD-2-Clause */
/* What a record of a zone says: by its owner when, and by its target what. */
#ifndef RPZ_TRIGGER_H
#define RPZ_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "dns/name.h"
#include "match/policy.h"
#include "rpz/master.h"

struct zone_trigger {
	enum trigger kind; /* by the last label of the owner */
	bool wildcard;
	bool loose;	      /* bits behind the prefix were set, which BIND does not take */
	struct name name;     /* without "*", without what says the kind, and without the zone's */
	struct prefix prefix; /* that the name says, where the kind is of addresses */
};

/* The trigger of an owner below the apex.  False: it is for an address, and has none as RPZ writes
 * them: "24.0.2.0.192", "48.zz.db8.2001". */
bool trigger_read(const struct name *owner, const struct name *apex,
		  struct zone_trigger *ret_trigger);

/* True when the last label of a name, which is not the root, begins as those that say a kind do. */
bool trigger_is_special(const struct name *name);

/* False for what a zone has for servers and validators, and for what an answer has no place for. */
bool trigger_gives(uint16_t type);

/* What a CNAME has done (enum domset_answer) by the trigger; false: it says it wrongly. */
bool trigger_action(const struct master_record *record, const struct zone_trigger *trigger,
		    const struct name *apex, uint8_t *ret_answer);

/* A prefix as a name of one label, one for each prefix, and back. */
void trigger_name_of(const struct prefix *prefix, struct name *ret_name);
struct prefix trigger_prefix_of(const struct name *name);

#endif
