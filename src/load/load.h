/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a load. */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/hash.h"
#include "compiled/compiled.h"
#include "load/loader.h"
#include "list/guard.h"
#include "list/listfile.h"
#include "list/report.h"
#include "match/rules.h"
#include "query/snapshot.h"
#include "rpz/zone.h"

/* What entries of lists go through; zero-filled, there is none. */
struct gates {
	struct guard *names;
	struct addrguard *addresses;
};

/* One load under way. */
struct load {
	struct conf *conf;
	uint64_t now_s;		   /* Unix time of the load */
	struct snapshot *snapshot; /* being made: all of it but the lists */
	const struct hash_key *name_key;
	struct compiled compiled;    /* that the lists are taken from; none: from their files */
	struct policy *kept;	     /* owned: `former`, at a start, from the state directory */
	const struct policy *former; /* in force until now; NULL: nothing that is known */
	struct domset_builder *over[POLICY_LISTS_MAX]; /* see loader_begin_over */
	bool stays[POLICY_LISTS_MAX]; /* of `former`: it would be weakened, and stays as it is */
	char conf_digest[DIGEST_TEXT_MAX];
	char file_digests[POLICY_LISTS_MAX][DIGEST_TEXT_MAX]; /* "": not asked for */
	unsigned int pass; /* from 0; later ones do not tell again what the first told */
	struct load_options options;
	struct gates gates;
	struct rules rules;
	struct policy *policy;
	struct load_result result;
	size_t refusals;	     /* of a strict load */
	struct load_refusal refusal; /* the last of them, not told yet */
	struct err_text *text;
};

/* ERR_SYS, ERR_CONFIG when what proves the upstreams of TLS cannot be read. */
enum err loader_check_tls_ca(const struct conf *conf, struct err_text *text) MUST_CHECK;

/* Fills in which ports questions may leave from.  ERR_CONFIG: too few are left.  ERR_NOMEM. */
enum err loader_set_ports(struct snapshot *s, struct err_text *text) MUST_CHECK;

/*
 * Fills in the upstreams.  Where those of resolv.conf are wanted and it has none that can be used
 * but ourselves, they are those of `old` (NULL: at a start), or none; with
 * `strict` that is a failure.  ERR_CONFIG, ERR_SYS, ERR_NOMEM.
 */
enum err loader_set_pools(struct snapshot *s, const struct snapshot *old, bool strict,
			  struct err_text *text) MUST_CHECK;

/* The list of that name in `load->former`; NULL: there is none. */
const struct policy_list *loader_former_list(const struct load *load, const char *name,
					     unsigned int *ret_index);

bool loader_is_cancelled(const struct load *load);

/* Reads `file` into list `index` of the configuration.  On failure the builder is as it was. Errors
 * as listfile_load. */
enum err loader_read_file(struct load *load, unsigned int index, const char *file,
			  struct list_report *ret_report, struct err_text *text) MUST_CHECK;

/*
 * As loader_read_file, of the list's own file: again for up to two seconds, as long as somebody
 * writes it or, when its last line has no newline, has just done so.  The octets that were taken
 * are ready to be kept (`copied` of the source).
 */
enum err loader_read_own(struct load *load, unsigned int index, struct list_report *ret_report,
			 struct err_text *text) MUST_CHECK;

/* Drops the copy of list `index`, or of all, that would have been kept. */
void loader_drop_copy(struct load *load, unsigned int index);
void loader_drop_copies(struct load *load);

void loader_describe_list(const struct conf_list *conf, struct policy_list *list);

/* ... and how its file was read, which was of `format`. */
void loader_describe_reading(const struct conf_list *conf, enum list_format format,
			     struct policy_list *list);

/* Describes the two lists that are made by command. */
void loader_describe_manual(const struct conf_manual *conf, struct policy *policy);

/* Has each list say what it is to clients that read JSON, where that is configured. */
void loader_describe_structured(const struct conf *conf, struct policy *policy);

/* What is in `conf` and, of `s`, our own addresses and those of upstreams.  ERR_NOMEM. */
enum err loader_make_gates(const struct conf_guard *conf, const struct snapshot *s,
			   struct gates *ret_gates) MUST_CHECK;
void loader_free_gates(struct gates *gates);

/* The guard as a file is read with it: the addresses of our own are among its protected ones, as
 * far as a configuration has room for them.  The caller frees these.  ERR_NOMEM. */
enum err loader_guard_with_own(const struct conf_guard *conf, const struct snapshot *s,
			       struct conf_guard *ret_guard) MUST_CHECK;

/* True for an action by which a mail server's questions are answered as if nothing were listed, or
 * truly: it may be that of names around a blocklist's zone. */
bool loader_lists_nothing(enum action action);

/* How the files of the list with that index are read, but for their paths. */
struct listfile_options loader_reading_of(const struct conf_list *conf, const struct gates *gates,
					  const struct rules *rules, unsigned int index);

/*
 * True when the operator has said that list `name` is meant as it is now: what it lifts, and by how
 * much it changes.  `index` is its place in the configuration, or that has it no longer.
 */
bool loader_is_accepted(struct load *load, const char *name, unsigned int index);

/* True when it matters which octets the list's file has. */
bool loader_wants_digest(const struct load *load, const char *name);

/*
 * At the end of a load: what was accepted has been used or is void, and holds no longer.  ERR_SYS
 * with text when something that was used cannot be removed: it would hold a second time.
 */
enum err loader_end_acceptances(struct load *load) MUST_CHECK;

/* True when the load may change what the state directory has: others only read. */
bool loader_writes(const struct load *load);

/* Sets `load->kept` to what the mandatory lists of the state directory held, if there are any; what
 * cannot be read is logged.  ERR_NOMEM, ERR_CANCELLED; ERR_REFUSED: too many. */
enum err loader_read_orders(struct load *load) MUST_CHECK;

/* True when what is kept of list `index`, and its record, are as they are to be. */
bool loader_order_is_kept(const struct snapshot *s, unsigned int index,
			  const struct load_source *source);

/* Keeps how list `index` in force is read, when it is mandatory and its last good version is kept.
 * A failure is logged, and false. */
bool loader_keep_order(const struct snapshot *s, unsigned int index,
		       const struct load_source *source);

/* Forgets what mandatory lists held that are not among those in force. */
void loader_forget_orders(const char *directory, const struct policy *policy);

/* Adds list `index` of the configuration, or what stands in for it.  ERR_REFUSED, ERR_CANCELLED. */
enum err loader_load_list(struct load *load, unsigned int index) MUST_CHECK;

/*
 * Adds, as list `index` of the configuration, the rules that list `former` of `load->former` has in
 * force, as if they were read now: what the guard holds back by now is held back.  ERR_REFUSED:
 * nothing would be left, or what let pass would block.  ERR_NOMEM.  On failure the builder is as it
 * was.
 */
enum err loader_carry_over(struct load *load, unsigned int index, unsigned int former) MUST_CHECK;

/* Adds list `former` of `load->former` as it is, as list `index`.  ERR_NOMEM. */
enum err loader_restore_list(struct load *load, unsigned int index, unsigned int former) MUST_CHECK;

/*
 * Makes `load->policy` of the lists of `load->conf`, with what stands in for those that are
 * refused, and the former lists in the place of mandatory ones that would be weakened.
 * ERR_REFUSED, ERR_CANCELLED, ERR_NOMEM.
 */
enum err loader_load_lists(struct load *load) MUST_CHECK;

/* Looks for the compiled set of the very lists, as this load would read them.  The log says why it
 * cannot be used. */
void loader_find_compiled(struct load *load);

/* Describes list `index` by what is known of it there. */
void loader_take_compiled(struct load *load, unsigned int index);

/* Puts its set, if there is one, in the place of that of `load->policy`. */
void loader_put_compiled(struct load *load);

/* Has the reading of list `index`, a table, note by what date names of it are lifted, anew each
 * time that it is read.  ERR_NOMEM. */
enum err loader_begin_over(struct load *load, unsigned int index,
			   struct listfile_options *options) MUST_CHECK;

/* Those names of list `index`, for weaken_compare; NULL: there are none, or list `former` in force
 * was read by other columns, whose dates are not these.  The caller frees them.  ERR_NOMEM. */
enum err loader_take_over(struct load *load, unsigned int former, unsigned int index,
			  struct domset **ret_over) MUST_CHECK;
void loader_free_over(struct load *load);

/* Logs what is known of each list once the set is frozen. */
void loader_log_lists(const struct load *load);

/*
 * Fills in which zones have pools of their own (`s->pools` are there), which names are the
 * operator's own, and which are special.  With `lenient` a hosts file that cannot be read is told
 * in the log, and goes without.  ERR_SYS, ERR_REFUSED, ERR_NOMEM.
 */
enum err loader_set_names(struct snapshot *s, const struct hash_key *name_key, bool lenient,
			  struct err_text *text) MUST_CHECK;

/* Where a strict load puts why the list of that index is refused, or the whole (LOAD_NO_LIST); what
 * it had put there before is told. */
struct err_text *loader_next_refusal(struct load *load, unsigned int list);

/* Tells, where refusals are told, the last one that was put there. */
void loader_tell_refusal(const struct load *load);

/* Warns of an action by which a mandatory list does not hold against every client. */
void loader_warn_of_action(const struct conf_list *list);

/* Where the rules of a list's file go, and what is known of the list by them. */
struct load_into {
	struct rules *rules; /* which have begun the list */
	struct policy_list *list;
	struct rpz_summary zone; /* of a zone; else without cuts */
};

/* Reads the file of `options`, as listfile_load does, or as a zone.  Errors as of the two. */
enum err loader_read_rules(const struct load *load, const struct conf_list *conf,
			   struct listfile_options *options, struct load_into *into,
			   struct list_report *report, struct err_text *text) MUST_CHECK;

/* Logs where wildcards of a zone end. */
void loader_log_cuts(const char *list, const struct rpz_summary *summary);

/* Logs the lines of a file that were not taken. */
void loader_log_report(const char *file, const struct list_report *report);

#endif
