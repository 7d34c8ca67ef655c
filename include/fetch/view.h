/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown of a list that is fetched. */
#ifndef FETCH_VIEW_H
#define FETCH_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#define FETCH_REASON_MAX 256
#define FETCH_SHOWN_MAX 512

/* How it is with a list that is fetched. */
struct fetch_view {
	bool under_way;	    /* being fetched, or about to be, as somebody has asked for it */
	uint64_t fetched_s; /* Unix time: when the server last said what is current; 0: never */
	uint64_t changed_s; /* when that was last something new; 0: never */
	uint64_t failures;  /* since the start */
	bool stale;	    /* no fetch has succeeded for three times its refresh */
	char url[FETCH_SHOWN_MAX];     /* but for what stands behind a question mark */
	char reason[FETCH_REASON_MAX]; /* why the last fetch has failed; "": it has not */
};

#endif
