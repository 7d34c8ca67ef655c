/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What mandatory lists held, over a restart.  Beside the last good version of such a list stands
 * "NAME.order", a configuration of that list alone and of the guard it was read with: by the two
 * the list is read as it was.  Where what is kept was damaged since, that stays in force beside
 * what the list is now: what else it held, nobody can tell.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "keep/before.h"
#include "keep/keep.h"
#include "load/load.h"
#include "keep/seal.h"
#include "list/begun.h"
#include "list/listfile.h"
#include "match/term.h"

#define SUFFIX ".order"

/* ---- read */

static int is_order(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* The configuration of the list that `path` is about. */
static enum err read_order(const char *path, struct conf **ret_conf, struct err_text *text)
{
	struct conf *conf;
	enum err err = conf_load(path, &conf, text);

	if (err != ERR_OK)
		return err;
	if (conf->lists_count != 1) {
		conf_free(conf);
		(void)err_set(text, ERR_CONFIG, "%s: has no list, or several", path);
		return ERR_CONFIG;
	}
	*ret_conf = conf;
	return ERR_OK;
}

/* How a list's kept version is read, and what the list is. */
struct order {
	struct conf_list list;
	const struct conf_guard *guard;
	const struct snapshot *own; /* whose addresses are to be kept; NULL: those of `guard` */
	char kept[POLICY_LIST_NAME_MAX]; /* the name of what is kept, */
	char name[POLICY_LIST_NAME_MAX]; /* and that of the list that is made of it */
};

/* Reads the list's kept version. */
static enum err read_kept(const struct load *load, const struct order *order, unsigned int index,
			  struct rules *rules, struct policy *policy, struct err_text *text)
{
	struct policy_list *list = &policy->lists[index];
	struct load_into into = {.rules = rules, .list = list};
	struct listfile_options options;
	struct list_report report;
	struct gates gates = {.names = NULL};
	char path[PATH_MAX];
	enum err err = loader_make_gates(order->guard, order->own, &gates);

	keep_path(load->conf->state.directory, order->kept, path);
	options = loader_reading_of(&order->list, &gates, rules, index);
	options.path = path;
	options.rows.now_s = load->now_s;
	options.cancelled = load->options.cancelled;
	if (err == ERR_OK)
		err = rules_begin(rules, index);
	loader_describe_list(&order->list, list);
	if (err == ERR_OK)
		err = loader_read_rules(load, &order->list, &options, &into, &report, text);
	loader_free_gates(&gates);
	if (err != ERR_OK)
		return err;
	loader_describe_reading(&order->list, report.format, list);
	list->entries = report.entries;
	list->held = report.held;
	return ERR_OK;
}

static bool is_record_of(const char *file, const char *name)
{
	size_t len = strlen(file) - strlen(SUFFIX);

	return strlen(name) == len && strncmp(name, file, len) == 0;
}

/* A record that cannot be read, damaged or of a later version, says by its name that there is a
 * mandatory list: what is kept of that is read as it would be today. */
static enum err guess_order(const struct load *load, const char *file, struct order *order)
{
	const struct conf *conf = load->conf;

	for (size_t i = 0; i < conf->lists_count; i++) {
		if (!is_record_of(file, conf->lists[i].name))
			continue;
		order->list = conf->lists[i];
		order->guard = &conf->guard;
		order->own = load->snapshot;
		order->list.mandatory = true;
		if (!action_blocks(order->list.action))
			order->list.action = ACTION_NXDOMAIN;
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

static enum err find_order(const struct load *load, const char *file, struct conf **ret_conf,
			   struct order *order, struct err_text *text)
{
	char path[PATH_MAX];
	enum err err;

	snprintf(path, sizeof(path), "%s/%s", load->conf->state.directory, file);
	err = read_order(path, ret_conf, text);
	if (err == ERR_OK) {
		order->list = (*ret_conf)->lists[0];
		order->guard = &(*ret_conf)->guard;
		order->own = NULL;
	}
	if (err == ERR_OK || err == ERR_NOMEM || guess_order(load, file, order) != ERR_OK)
		return err;
	log_error("%s: %s: mandatory list %s is taken to have held what is kept of it, as that is "
		  "read now",
		  path, text->text, order->list.name);
	return ERR_OK;
}

/* Chooses the names.  A check and an acceptance change nothing.  ERR_EXISTS: what is kept was
 * damaged, and so it was at an earlier time. */
static enum err name_order(const struct load *load, const char *file, struct order *order)
{
	const char *directory = load->conf->state.directory;
	char aside[POLICY_LIST_NAME_MAX];

	snprintf(order->kept, sizeof(order->kept), "%.*s", (int)(strlen(file) - strlen(SUFFIX)),
		 file);
	memcpy(order->name, order->kept, sizeof(order->kept));
	order->list.name = order->name;
	seal_aside_name(order->kept, aside);
	if (strcmp(aside, order->kept) == 0 || !seal_is_broken(directory, order->kept))
		return ERR_OK;
	memcpy(order->name, aside, sizeof(aside));
	return seal_set_aside(directory, order->kept, aside, loader_writes(load));
}

/* What cannot be read is told; without memory nothing is known, and the load fails. */
static enum err add_order(struct load *load, const char *file, struct rules *rules,
			  struct policy *policy)
{
	struct rules_mark mark = rules_mark(rules);
	unsigned int index = (unsigned int)policy->list_count;
	struct err_text text = {"out of memory"};
	struct conf *conf = NULL;
	struct order order;
	enum err err = find_order(load, file, &conf, &order, &text);

	if (err == ERR_OK)
		err = name_order(load, file, &order);
	if (err == ERR_OK)
		err = read_kept(load, &order, index, rules, policy, &text);
	if (err == ERR_OK)
		policy->list_count++;
	else
		rules_rollback(rules, &mark);
	if (err != ERR_OK && err != ERR_NOMEM && err != ERR_CANCELLED && err != ERR_EXISTS)
		log_error("%s/%s: %s: what this mandatory list held cannot be told, nor whether it "
			  "is weakened now",
			  load->conf->state.directory, file, text.text);
	conf_free(conf);
	return err == ERR_NOMEM || err == ERR_CANCELLED ? err : ERR_OK;
}

static enum err too_many(const struct load *load, const char *file)
{
	return err_set(load->text, ERR_REFUSED,
		       "%s/%s: there are records of more than %u mandatory lists; remove those of "
		       "lists that are not meant to be in force",
		       load->conf->state.directory, file, POLICY_LISTS_MAX);
}

/* What has begun had begun by that time.  What lapses does so by the clock: a record from the
 * future ends no order. */
static void apply_terms(const struct load *load, struct policy *policy, uint64_t latest_s)
{
	for (size_t i = 0; i < policy->list_count; i++)
		policy->lists[i].term.begun = latest_s >= policy->lists[i].term.valid_from_s;
	term_apply(policy, load->now_s);
}

static enum err add_orders(struct load *load, struct dirent **files, int count)
{
	const uint64_t latest_s =
		begun_latest(load->conf->state.directory, files, count, load->now_s);
	struct policy *policy = calloc(1, sizeof(*policy));
	struct rules rules = {.names = NULL};
	enum err err = policy ? rules_init(load->name_key, &rules) : ERR_NOMEM;

	for (int i = 0; i < count && err == ERR_OK; i++)
		err = policy->list_count < POLICY_LISTS_MAX
			      ? add_order(load, files[i]->d_name, &rules, policy)
			      : too_many(load, files[i]->d_name);
	if (err == ERR_OK)
		err = rules_freeze(&rules, policy);
	rules_fini(&rules);
	if (err == ERR_OK)
		apply_terms(load, policy, latest_s);
	if (err == ERR_OK)
		load->kept = policy;
	else
		policy_free(policy);
	return err;
}

enum err loader_read_orders(struct load *load)
{
	const char *directory = load->conf->state.directory;
	struct dirent **files;
	int count = scandir(directory, &files, is_order, alphasort);
	enum err err = ERR_OK;

	if (count < 0 && errno == ENOMEM)
		return ERR_NOMEM;
	if (count < 0) {
		if (errno != ENOENT)
			log_warning("state.directory %s: %s: whether mandatory lists are weakened "
				    "cannot be told",
				    directory, strerror(errno));
		return ERR_OK;
	}
	if (count > 0)
		err = add_orders(load, files, count);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	return err;
}

/* ---- written */

/* How a list is fetched, and by which key, is nothing that it holds. */
static void forget_source(struct conf_list *list)
{
	char *none = (char *)(uintptr_t) ""; /* never written to, as no text of a configuration */

	list->url = none;
	list->header = none;
	list->proxy = none;
	list->tls_ca = none;
	list->client_certificate = none;
	list->client_key = none;
}

/* The configuration of one list as text, which the caller frees, whatever is returned. */
static enum err order_text(const struct conf_list *list, const struct conf_guard *guard,
			   const char *seal, char **ret_text, size_t *ret_len)
{
	struct conf_list only = *list;
	struct conf *whole;
	struct conf order;
	FILE *out;
	enum err err = conf_default(&whole);

	if (err != ERR_OK)
		return err;
	forget_source(&only);
	order = *whole; /* what it points to stays the other's */
	order.lists = &only;
	order.lists_count = 1;
	order.guard = *guard;
	out = open_memstream(ret_text, ret_len);
	err = out ? conf_dump(&order, out) : ERR_NOMEM;
	if (out)
		seal_write(out, seal);
	if (out && (fclose(out) != 0 || !*ret_text)) /* without memory for its end: no text */
		err = ERR_NOMEM;
	conf_free(whole);
	return err;
}

static void tell_unwritten(const char *directory, const struct conf_list *list, enum err err)
{
	log_warning("%s/%s" SUFFIX ": %s: a restart may not know what mandatory list %s holds",
		    directory, list->name, err == ERR_SYS ? strerror(errno) : err_str(err),
		    list->name);
}

/* What becomes of the record that a list is to have. */
enum deed { IS_WRITTEN, WRITE };

static bool do_order(const char *directory, const struct conf_list *list,
		     const struct conf_guard *guard, const char *seal, enum deed deed)
{
	char path[PATH_MAX];
	size_t len = 0;
	char *text = NULL;
	enum err err = order_text(list, guard, seal, &text, &len);
	bool done = false;

	keep_record_path(directory, list->name, path);
	if (err == ERR_OK)
		done = file_holds(path, text, len);
	if (err == ERR_OK && !done && deed == WRITE) {
		err = file_replace(path, text, len);
		done = err == ERR_OK;
	}
	if (err != ERR_OK)
		tell_unwritten(directory, list, err);
	free(text);
	return done;
}

static bool do_with_guard(const struct snapshot *s, const struct conf_list *list, const char *seal,
			  enum deed deed)
{
	struct conf_guard guard;
	bool done;

	if (loader_guard_with_own(&s->conf->guard, s, &guard) != ERR_OK) {
		tell_unwritten(s->conf->state.directory, list, ERR_NOMEM);
		return false;
	}
	done = do_order(s->conf->state.directory, list, &guard, seal, deed);
	free(guard.protected_addresses);
	return done;
}

/* The guard and the columns that rules of an earlier time were read with, as far as that is known.
 * By the action that they had then, names around a blocklist's zone may have been blocked. */
static bool do_with_former_guard(const struct snapshot *s, const struct conf_list *list,
				 const char *seal, enum deed deed)
{
	struct conf_list former = *list;
	struct conf_guard guard;
	struct conf *order;
	char path[PATH_MAX];
	bool done;

	keep_record_path(s->conf->state.directory, list->name, path);
	if (read_order(path, &order, NULL) != ERR_OK)
		return do_with_guard(s, list, seal, deed);
	former.columns = order->lists[0].columns;
	guard = order->guard;
	if (loader_lists_nothing(order->lists[0].action))
		guard.dnsbl_zones_count = 0;
	done = do_order(s->conf->state.directory, &former, &guard, seal, deed);
	conf_free(order);
	return done;
}

/* True: done, or there is nothing to do. */
static bool do_list(const struct snapshot *s, unsigned int index, const struct load_source *source,
		    enum deed deed)
{
	const struct policy_list *list = &s->policy->lists[index];
	struct conf_list order = s->conf->lists[index];
	char seal[DIGEST_TEXT_MAX];

	if (!order.mandatory || !action_blocks(order.action) || source->former || source->absent)
		return true;
	order.format = list->reading.format;
	order.match = list->reading.exact ? CONF_MATCH_EXACT : CONF_MATCH_SUBTREE;
	order.addresses = list->reading.addresses;
	order.allow_public_suffixes = list->reading.suffixes;
	order.answers = list->reading.answers;
	order.wildcards = list->reading.nearest ? CONF_WILDCARDS_NEAREST : CONF_WILDCARDS_DNS;
	if (source->copied || !seal_read(s->conf->state.directory, order.name, seal))
		seal_make(s->conf->state.directory, order.name, seal);
	return source->own ? do_with_guard(s, &order, seal, deed)
			   : do_with_former_guard(s, &order, seal, deed);
}

bool loader_order_is_kept(const struct snapshot *s, unsigned int index,
			  const struct load_source *source)
{
	return !source->copied && do_list(s, index, source, IS_WRITTEN);
}

bool loader_keep_order(const struct snapshot *s, unsigned int index,
		       const struct load_source *source)
{
	return do_list(s, index, source, WRITE);
}

/* ---- forgotten */

/* Now, or by the order's term at another time: the clock may be set back. */
static bool is_enforced(const struct policy *policy, const char *file)
{
	for (size_t i = 0; i < policy->list_count; i++) {
		const struct policy_list *list = &policy->lists[i];

		if (list->mandatory && action_blocks(list->term.action) &&
		    is_record_of(file, list->name))
			return true;
	}
	return false;
}

static void forget(const char *directory, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	if (file_remove(path) != ERR_OK) {
		log_warning("%s: %s", path, strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
	before_forget(directory, path);
}

void loader_forget_orders(const char *directory, const struct policy *policy)
{
	struct dirent **files;
	int count = scandir(directory, &files, is_order, alphasort);

	if (count < 0)
		return;
	for (int i = 0; i < count; i++) {
		if (!is_enforced(policy, files[i]->d_name))
			forget(directory, files[i]->d_name);
		free(files[i]);
	}
	free(files);
}
