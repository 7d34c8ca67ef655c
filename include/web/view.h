/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the room shows of the running daemon, and what can be asked of it.  The daemon fills this
 * in: it knows the workers, the loads and the signals, of which the room knows nothing.
 */
#ifndef WEB_VIEW_H
#define WEB_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"
#include "evidence/ledger.h"
#include "option/options.h"
#include "fetch/fetch.h"
#include "load/difference.h"
#include "manual/manual.h"
#include "match/policy.h"
#include "query/snapshot.h"
#include "count/stats.h"
#include "querylog/querylog.h"
#include "report/report.h"

#define WEB_REASON_MAX 256
#define WEB_ADDRESS_MAX 80
#define WEB_UPSTREAMS_MAX 64 /* of all zones together; further ones are not shown */

/* How one list's last load went, and those before. */
struct web_list {
	bool own;	   /* in force from its own file: nothing stands in for it */
	uint64_t refusals; /* loads that refused it, since the start */
	uint64_t loaded_s; /* Unix time: when what is in force was read; 0: before this start */
	uint32_t skipped;
	uint32_t bad;
	uint32_t held;
	uint32_t took_ms;
	char reason[WEB_REASON_MAX]; /* why the last load refused it; "": it did not */
};

/* X(kind, word): what can be asked of the loader. */
#define WEB_RELOADS(X)                                                                             \
	X(WEB_RELOAD_NEW, "reload")  /* configuration and lists as they are now */                 \
	X(WEB_RELOAD_DRY, "dry-run") /* likewise, but only to tell what would change */            \
	X(WEB_RELOAD_BACK, "back")   /* the former configuration */

#define WEB_RELOAD_ENUM(kind, word) kind,
enum web_reload { WEB_RELOADS(WEB_RELOAD_ENUM) WEB_RELOAD_COUNT };
#undef WEB_RELOAD_ENUM

/* Why a process does nothing of what it is asked for any more. */
#define WEB_LEAVING "the daemon is ending, or hands over to another process: ask again"

/* How the loads went. */
struct web_loads {
	uint64_t wanted; /* number of the last reload that was asked for; greater in a later process
			  */
	uint64_t wanted_of[WEB_RELOAD_COUNT];  /* the last of each kind, by that number */
	uint64_t covered_of[WEB_RELOAD_COUNT]; /* of each kind all up to this one are over */
	struct difference difference;	       /* what the last dry run has found */
	char dry_reason[WEB_REASON_MAX * 2];   /* why it has found nothing; "": it has */
	uint64_t good;	 /* loads that put something in force, the one at the start too */
	uint64_t failed; /* loads that changed nothing */
	bool last_failed;
	uint64_t last_s; /* Unix time: when the last one ended */
	uint32_t took_ms;
	uint32_t refused;		 /* lists that the last good load refused */
	uint64_t names;			 /* in force */
	char reason[WEB_REASON_MAX * 2]; /* why the last load failed; "": it did not */
	enum web_reload kind;		 /* of the load under way, or else of the last one */
	char reason_of[WEB_RELOAD_COUNT][WEB_REASON_MAX * 2]; /* likewise, the last of each kind */
	struct web_list lists[POLICY_PLACES];		      /* by their place in the policy */
};

/* How one upstream server is, as the worker sees it that thinks worst of it. */
struct web_upstream {
	char address[WEB_ADDRESS_MAX];
	const char *transport;
	const char *state; /* its name in docs/architecture.md */
	uint8_t rank;	   /* of the state: 0 well, 1 aside, 2 silent, 3 cut, 4 dead */
	uint32_t rtt_us;   /* smoothed; 0: not known */
};

/* All that is shown, at one moment.  Valid during the call that is handed it. */
struct web_now {
	const struct snapshot *snapshot;
	const struct web_loads *loads;
	const struct manual *manual; /* what was said by command */
	struct stats stats;	     /* of all workers together */
	struct cache_stats cache;
	uint64_t receive_buffer_bytes; /* the least that the kernel granted a socket */
	uint64_t started_s;	       /* Unix time */
	uint64_t log_lost;
	struct querylog_counts querylog;
	struct archive_state ledger;
	uint64_t ledger_pending; /* findings */
	struct fetch *fetch;	 /* NULL: there is none */
	size_t workers;
	size_t upstream_count;
	struct web_upstream upstreams[WEB_UPSTREAMS_MAX];
};

typedef void web_look_fn(const struct web_now *now, void *arg);

/* All functions are the room's thread's to call. */
struct web_view {
	void *daemon;		    /* the first argument of each */
	struct querylog *querylog;  /* NULL: there is none */
	archive_host_fn *find_host; /* where a database is */
	void *find_arg;
	report_called_fn *called; /* what clients are called */
	void *called_arg;
	struct fetch *fetch; /* likewise */

	/* Calls `look` once; no other lists are put in force meanwhile. */
	void (*look)(void *daemon, web_look_fn *look, void *arg);
	/* True when another process takes over, or the daemon ends: what was done now would be
	 * lost. */
	bool (*is_leaving)(void *daemon);
	/* Asks for a reload; returns its number: it is over when loads.covered_of its kind has
	 * reached it. */
	uint64_t (*reload)(void *daemon, enum web_reload kind);
	/* Removes from the cache the entries of `name` and of all below it, or all (NULL); returns
	 * how many there were. */
	size_t (*flush)(void *daemon, const struct name *name);
	/* Says something by command, or takes it back (daemon/inforce.h, inforce_say). */
	enum err (*say)(void *daemon, const struct manual_entry *entry, bool take_back,
			bool *ret_kept, struct err_text *text);
};

#endif
