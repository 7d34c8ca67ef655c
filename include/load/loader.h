/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load: the configuration and the lists it names, read, judged, and compiled into a snapshot.
 *
 * What cannot be loaded never takes away what is in force.  A list that is refused keeps the
 * rules it has in the snapshot before or, at the start, those of its last good version in the
 * state directory.  A mandatory list without either makes the whole load fail.
 */
#ifndef LOAD_LOADER_H
#define LOAD_LOADER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/hash.h"
#include "list/guard.h"
#include "query/snapshot.h"
#include "list/report.h"

/* Whose nameservers are asked where none are configured. */
#define LOADER_RESOLV_CONF "/etc/resolv.conf"

/* Where a list's entries came from, and what became of its lines. */
struct load_source {
	bool own;	  /* from the configured file: nothing stands in for it */
	bool copied;	  /* a copy of it is written, for loader_keep */
	bool unkept;	  /* no copy of it could be written */
	bool absent;	  /* nothing of it was ever fetched, or is in force */
	bool former;	  /* it would have been weakened: all of it is as it was before */
	struct stat seen; /* that file's version; valid when `own` */
	enum list_format format;
	uint32_t entries;
	uint32_t skipped;
	uint32_t bad;
	uint32_t held;
	uint32_t took_ms;
	char digest[DIGEST_TEXT_MAX]; /* of its file, when it was taken from the compiled set */
	char reason[256];	      /* why the file was refused; "": it was not */
};

/* How one load ended. */
struct load_result {
	uint64_t names;	   /* rules in force */
	uint64_t prefixes; /* of addresses, in force */
	size_t lists;	   /* lists in force */
	size_t refused;	   /* lists that were refused, whatever came in their place */
	size_t lapsing;	   /* lists whose order lapses soon */
	uint64_t held;	   /* entries that the guard holds back, of all lists in force */
	uint32_t took_ms;
	bool compiled;	    /* the lists are those of the compiled set */
	uint64_t began_s;   /* Unix time */
	bool accept_known;  /* the list of `accept` is configured, or was in force */
	bool accept_needed; /* it lifts something, or changes by more than its limit */
	char accept_file[DIGEST_TEXT_MAX]; /* for accept_write */
	char accept_conf[DIGEST_TEXT_MAX];
	struct load_source sources[POLICY_LISTS_MAX];
};

#define LOAD_REFUSALS_MAX 64U
#define LOAD_NO_LIST POLICY_LISTS_MAX

/* Why a strict load fails, the first reasons. */
struct load_refusals {
	size_t count;
	struct load_refusal {
		unsigned int list; /* of conf.lists; LOAD_NO_LIST: it is no list's file */
		struct err_text text;
	} rows[LOAD_REFUSALS_MAX];
};

struct notes;

struct load_options {
	bool strict; /* a list that is refused fails the load (for a check) */
	bool draft;  /* with `strict`: the configuration has mistakes; the lists alone are read, and
		      * those without a name or a file are passed over */
	struct load_refusals *refusals; /* of a strict load; NULL: they are logged, but for the
					 * last, which is the load's own `text` */
	struct load_result *judged;	/* what is known of each list of a load that fails; NULL */
	bool alone;			/* compared by itself: that nothing is kept is not told */
	bool only_reads;     /* as a start, but for a question: nothing is written or used up */
	struct notes *notes; /* of lines that are not in force; NULL: nobody wants them */
	const char *state_before; /* the state directory of the process before, in a start that
				   * follows one; NULL or "": there is none */
	const char *accept; /* takes this list whatever it lifts, and uses up nothing; NULL: none */
	const atomic_bool *cancelled; /* looked at now and then; NULL: never */
};

/*
 * Compiles `conf` (taken over, whatever happens) into a snapshot that follows `old` (NULL at the
 * start), logging what became of each list.  `options` may be NULL.
 * ERR_CONFIG, ERR_REFUSED, ERR_SYS, ERR_NOMEM, ERR_CANCELLED with `text`; then nothing has changed.
 * Any thread, one at a time; blocks.
 */
enum err loader_load(struct conf *conf, const struct hash_key *name_key, const struct snapshot *old,
		     const struct load_options *options, struct snapshot **ret_snapshot,
		     struct load_result *ret_result, struct err_text *text) MUST_CHECK;

/* As loader_load at a start, behind the threads of another process that serves meanwhile. */
enum err loader_load_aside(struct conf *conf, const struct hash_key *name_key,
			   const struct load_options *options, struct snapshot **ret_snapshot,
			   struct load_result *ret_result, struct err_text *text) MUST_CHECK;

/* The gate of `conf` for single names.  ERR_NOMEM. */
enum err loader_make_guard(const struct conf_guard *conf, struct guard **ret_guard) MUST_CHECK;

#define LOADER_HELD_MAX 96U

/* ", 12 prefixes, 2 entries held back": what there is besides names, "" where there is nothing;
 * returns `buf`. */
const char *loader_held_text(const struct load_result *result, char buf[LOADER_HELD_MAX]);

/*
 * Keeps the source of every list of `snapshot`, which `result` is of, in the state directory,
 * when it was loaded from its own file and has changed; failures are logged.  Before the snapshot
 * is published: no name is blocked by a mandatory list of which a start after a crash would not
 * know.
 */
void loader_keep(const struct snapshot *snapshot, const struct load_result *result);

/* Notes which orders have begun, once one has, as loader_keep does: they stay in force over a
 * restart by a clock that was set back.  Returns `snapshot`. */
const struct snapshot *loader_note_begun(const struct snapshot *snapshot);

#endif
