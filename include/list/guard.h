/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two gates before a list comes into force.
 *
 * The entry gate holds single rules that would take away far more than anybody means: the root,
 * a top-level domain, a public suffix ("co.uk"), a name that must go on working (upstreams, list
 * hosts, what the operator protects), or what mail servers query, where any address is a listing.
 * The list gate refuses a list as a whole whose size or quality is not what it should be.
 */
#ifndef LIST_GUARD_H
#define LIST_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"
#include "set/domset.h"
#include "list/report.h"

struct guard;

/* What is protected; names in lower case, which are copied. */
struct guard_config {
	const struct name *names; /* themselves, and from rules above them */
	size_t name_count;
	const struct name *zones; /* these, from rules in them and above them as well */
	size_t zone_count;
	bool hold_suffixes; /* top-level domains and public suffixes */
};

/* What a list may have in force all the same. */
#define GUARD_ALLOW_SUFFIXES 1U
#define GUARD_ALLOW_ZONES 2U
#define GUARD_ALLOW_ROOT 4U /* with the one for suffixes: all below it, as a default */

/*
 * A guard that protects what `config` says besides the root.  The public suffixes are the ICANN
 * section of the system's list
 * (/usr/share/publicsuffix/public_suffix_list.dat) or, without that, of the one built into
 * libpsl, which takes half a microsecond a rule more.  Takes about 10 ms.  ERR_NOMEM.
 */
enum err guard_create(const struct guard_config *config, struct guard **ret_guard) MUST_CHECK;
void guard_free(struct guard *guard);

/*
 * Why the rule must not come into force, as a phrase that goes behind the owner's name ("is a
 * public suffix"), or NULL when it may.  Held are: a rule that covers what is below the root,
 * unless that alone and GUARD_ALLOW_ROOT and GUARD_ALLOW_SUFFIXES are in `allowed`; one for a name
 * of one label or a public suffix, unless GUARD_ALLOW_SUFFIXES is in `allowed`; one that covers a
 * protected name; and one that has to do with a protected zone, unless what is answered says that
 * nothing is listed there: by the rule itself or, where it says nothing, by the list, for which
 * GUARD_ALLOW_ZONES stands.  An exception is never held, nor what lets pass.  The phrase is static.
 * Any thread, no allocation.
 */
const char *guard_entry(const struct guard *guard, const struct name *owner,
			const struct domset_kind *kind, unsigned int allowed);

/* True when it is quickly told that guard_entry lets the rule pass, as it is of nearly all. */
bool guard_passes(const struct guard *guard, const struct name *owner,
		  const struct domset_kind *kind, unsigned int allowed);

/*
 * As guard_entry, of a pattern, which is tried on names: on those that are protected, on some below
 * each protected zone, and on made up ones below the largest top-level domains, and below what it
 * is itself about if that is a public suffix.
 */
const char *guard_pattern(const struct guard *guard, const struct pattern *pattern,
			  const struct domset_kind *kind, unsigned int allowed);

/* A change of so many entries is none that a limit in percent is for: a short list's first edit. */
#define GUARD_CHANGE_FLOOR 10U

/* What a list must be; zero in any member asks for nothing. */
struct guard_limits {
	uint32_t min_entries;
	uint32_t expect_entries;      /* exactly so many */
	uint32_t max_bad_lines;	      /* more bad lines refuse the list */
	uint32_t max_bad_percent;     /* of the lines that say something */
	uint32_t max_skipped_percent; /* likewise */
	uint32_t max_shrink_percent;  /* for guard_change */
	uint32_t max_grow_percent;
	bool refuse_held;  /* nothing may be held back of it */
	bool has_to_block; /* something besides exceptions is left of it ... */
	bool may_be_empty; /* ... or there was nothing in it at all, neither held nor bad */
};

/*
 * Holds a list's report against its limits.  ERR_REFUSED with a phrase that goes behind the list's
 * name, as "has 12 entries, 273 are expected"; `text` may be NULL.  Any thread.
 */
enum err guard_list(const struct guard_limits *limits, const struct list_report *report,
		    struct err_text *text) MUST_CHECK;

/*
 * Holds the number of a list's entries against that of its last good load, `previous` (0: there is
 * none).  A change of GUARD_CHANGE_FLOOR entries or fewer is always within the limits.
 * ERR_REFUSED as guard_list.  Any thread.
 */
enum err guard_change(const struct guard_limits *limits, uint32_t previous, uint32_t entries,
		      struct err_text *text) MUST_CHECK;

#endif
