/* SPDX-License-Identifier: BSD-2-Clause */
/* A gate for names that tests of lists hold rules against. */
#ifndef SUPPORT_GATE_H
#define SUPPORT_GATE_H

#include "list/guard.h"

/* Holds back the name dns.keep.example, the zone n1.example.com, and public suffixes. */
static inline struct guard *make_guard(void)
{
	struct name names[2];
	const struct guard_config config = {.names = &names[0],
					    .name_count = 1,
					    .zones = &names[1],
					    .zone_count = 1,
					    .hold_suffixes = true};
	struct guard *guard;

	assert_int_equal(name_from_host("dns.keep.example", 16, &names[0]), ERR_OK);
	assert_int_equal(name_from_host("n1.example.com", 14, &names[1]), ERR_OK);
	assert_int_equal(guard_create(&config, &guard), ERR_OK);
	return guard;
}

#endif
