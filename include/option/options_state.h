/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the section state of option/options.h. */
#ifndef CONF_OPTIONS_STATE_H
#define CONF_OPTIONS_STATE_H

/* clang-format off */
#define CONF_ROWS_STATE(X) \
	X(state, directory, "directory", PATH, "", 0, CONF_PATH_MAX, "", RESTART, \
	  "Where the last good version of each list is kept, and the cache over a restart; empty: " \
	  "nowhere.") \
	X(state, compiled_from, "compiled-from", UINT, "100000", 0, 1000000000, "names", RELOAD, \
	  "From so many names on the set of the lists is kept compiled in the state directory, and a " \
	  "start whose lists and configuration have not changed takes it from there, but where a list " \
	  "is mandatory, a zone or a table, or has an authority, patterns, addresses or answers; 0: " \
	  "never.")
/* clang-format on */

#endif
