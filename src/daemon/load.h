/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a load. */
#ifndef DAEMON_LOAD_H
#define DAEMON_LOAD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "daemon/loader.h"
#include "list/guard.h"
#include "list/report.h"
#include "match/domset.h"
#include "query/snapshot.h"

/* One load under way. */
struct load {
	struct conf *conf;
	const struct snapshot *old;
	struct load_options options;
	struct guard *guard;
	struct domset_builder *builder;
	struct policy *policy;
	struct load_result result;
	struct err_text *text;
};

/* ERR_SYS, ERR_CONFIG when what proves the upstreams of TLS cannot be read. */
enum err loader_check_tls_ca(const struct conf *conf, struct err_text *text) MUST_CHECK;

/* Fills in the upstreams, none of which may be ourselves.  ERR_CONFIG, ERR_SYS, ERR_NOMEM. */
enum err loader_set_pools(struct snapshot *s, struct err_text *text) MUST_CHECK;

/*
 * Makes `load->policy` of the lists of `load->conf`, with what stands in for those that are
 * refused.  ERR_REFUSED, ERR_CANCELLED, ERR_NOMEM.
 */
enum err loader_load_lists(struct load *load, const struct hash_key *name_key) MUST_CHECK;

/* Logs what is known of each list once the set is frozen. */
void loader_log_lists(const struct load *load);

/*
 * Fills in which zones have pools of their own (`s->pools` are there), which names are the
 * operator's own, and which are special.  With `lenient` a hosts file that cannot be read is told
 * in the log, and goes without.  ERR_SYS, ERR_REFUSED, ERR_NOMEM.
 */
enum err loader_set_names(struct snapshot *s, const struct hash_key *name_key, bool lenient,
			  struct err_text *text) MUST_CHECK;

/* Warns of an action by which a mandatory list does not hold against every client. */
void loader_warn_of_action(const struct conf_list *list);

/* Logs the lines of a file that were not taken. */
void loader_log_report(const char *file, const struct list_report *report);

#endif
