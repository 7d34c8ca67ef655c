/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration of a list that is fetched, for tests. */
#ifndef SUPPORT_FETCHED_H
#define SUPPORT_FETCHED_H

#include <stdio.h>

#include "conf/conf.h"
#include "support/scratch.h"

/* List "feed", at `url`, whose copy is in the directory; for one test at a time. */
static inline struct conf_list fetched_list(const struct scratch *s, const char *url)
{
	static char none[] = "";
	static char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s", scratch_path(s, "feed.list"));
	return (struct conf_list){
		.name = (char *)(uintptr_t) "feed",
		.url = (char *)(uintptr_t)url,
		.file = file,
		.header = none,
		.client_certificate = none,
		.client_key = none,
		.tls_ca = none,
		.proxy = none,
		.refresh_s = 60,
	};
}

#endif
