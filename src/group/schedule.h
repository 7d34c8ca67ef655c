/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of group share: the hours of the groups' schedules. */
#ifndef GROUP_SCHEDULE_H
#define GROUP_SCHEDULE_H

#include "group/groups.h"
#include "group/hours.h"

struct group_hours {
	const struct conf_group *group;
	const struct conf_schedule *conf;
	struct zone *zone; /* owned */
	struct hours hours;
};

#endif
