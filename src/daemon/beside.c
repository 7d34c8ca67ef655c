/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/beside.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "dns/rrtype.h"
#include "fetch/lookup.h"
#include "match/note.h"

/* ---- by whose order a name is cut off */

/* What is asked of the lists in force. */
struct question {
	const struct hash_key *name_key;
	const struct name *host;
	struct order *order;
};

static void copy(char *to, size_t size, const char *text, const char *otherwise)
{
	snprintf(to, size, "%s", *text ? text : otherwise);
}

static void describe(const struct conf_list *list, const struct localdata_note *note,
		     const struct conf_landing *landing, struct order *o)
{
	const struct conf_authority *a = &list->authority;

	o->listed = true;
	o->ordered = list->reason == REASON_ORDER;
	copy(o->family, sizeof(o->family), note->family, list->family);
	copy(o->court, sizeof(o->court), a->court, "");
	copy(o->case_id, sizeof(o->case_id), a->case_id, "");
	copy(o->date, sizeof(o->date), a->date, "");
	copy(o->contact, sizeof(o->contact), a->contact, landing->contact);
	copy(o->url, sizeof(o->url), a->url, "");
	copy(o->remedy, sizeof(o->remedy), a->remedy, landing->remedy);
}

/* The list that has cut the name off, as it is configured, and what its row says of the name; NULL:
 * none has. */
static const struct conf_list *list_of(const struct snapshot *s, const struct question *q,
				       struct localdata_note *note)
{
	struct name_suffixes suffixes;
	struct verdict v;

	name_hash_suffixes(q->name_key, q->host, &suffixes);
	v = policy_match(s->policy, q->host, &suffixes, TYPE_A, POLICY_NO_LEAVE);
	for (size_t i = 0; v.matched && action_blocks(v.action) && i < s->conf->lists_count; i++)
		if (strcmp(s->conf->lists[i].name, s->policy->lists[v.list].name) == 0) {
			(void)policy_note(s->policy, &v, note);
			return &s->conf->lists[i];
		}
	return NULL;
}

static void look(void *arg, const struct snapshot *s, const struct web_loads *loads,
		 const struct manual *manual)
{
	const struct question *q = arg;
	const struct conf_landing *landing = &s->conf->landing;
	struct localdata_note note = {.family = ""};
	const struct conf_list *list = q->host ? list_of(s, q, &note) : NULL;

	(void)loads;
	(void)manual;
	copy(q->order->contact, sizeof(q->order->contact), landing->contact, "");
	copy(q->order->remedy, sizeof(q->order->remedy), landing->remedy, "");
	if (list)
		describe(list, &note, landing, q->order);
}

static void find_order(void *arg, const struct name *host, struct order *ret_order)
{
	const struct beside *beside = arg;
	struct question q = {.name_key = &beside->name_key, .host = host, .order = ret_order};

	inforce_look(beside->inforce, look, &q);
}

/* ---- where the database is */

struct asking {
	struct lookup *lookup;
	enum err err;
};

static void take_upstreams(void *arg, const struct snapshot *s, const struct web_loads *loads,
			   const struct manual *manual)
{
	struct asking *asking = arg;

	(void)loads;
	(void)manual;
	asking->err = lookup_create(s, &asking->lookup);
}

/* ERR_NOTFOUND: there are none yet. */
static enum err upstreams_in_force(struct beside *beside, struct asking *asking)
{
	enum err err;

	pthread_mutex_lock(&beside->lock);
	if (beside->inforce)
		inforce_look(beside->inforce, take_upstreams, asking);
	err = beside->inforce ? asking->err : beside->ended ? ERR_CANCELLED : ERR_NOTFOUND;
	pthread_mutex_unlock(&beside->lock);
	return err;
}

_Static_assert(ARCHIVE_HOST_ADDRESSES == LOOKUP_ADDRESSES_MAX, "as many are found");

enum err beside_find_host(void *arg, const char *host, const atomic_bool *ending,
			  struct ip ret_ips[ARCHIVE_HOST_ADDRESSES], size_t *ret_count)
{
	struct asking asking = {.lookup = NULL};
	enum err err;

	while ((err = upstreams_in_force(arg, &asking)) == ERR_NOTFOUND && !atomic_load(ending))
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	if (err == ERR_OK)
		err = lookup_host(asking.lookup, host, ending, ret_ips, ret_count);
	else if (err == ERR_NOTFOUND)
		err = ERR_CANCELLED;
	lookup_free(asking.lookup);
	return err;
}

static void set_inforce(struct beside *beside, struct inforce *inforce)
{
	pthread_mutex_lock(&beside->lock);
	beside->inforce = inforce;
	beside->ended = !inforce;
	pthread_mutex_unlock(&beside->lock);
}

/* ---- begun */

static int take(void *arg, const struct endpoint *address)
{
	return inherited_take(arg, address, SOCK_STREAM);
}

enum err beside_open(struct beside *beside, const struct conf *conf, struct inherited *inherited)
{
	return landing_open(conf, take, inherited, &beside->landing);
}

static struct called *begin_called(const struct beside *beside, const struct conf *conf)
{
	struct called *called = NULL;

	if (called_create(&beside->name_key, &called) != ERR_OK)
		log_error("clients: out of memory: it is not known what they are called");
	called_configure(called, conf);
	return called;
}

static void meet(void *arg, const struct ip *client)
{
	called_met(arg, client);
}

static struct ledger *begin_ledger(struct beside *beside, const struct conf *conf, size_t workers)
{
	struct ledger *ledger = NULL;
	struct err_text text;
	enum err err;

	if (!ledger_is_wanted(conf))
		return NULL;
	err = ledger_create(conf, workers, &ledger, &text);
	if (err == ERR_OK)
		ledger_find_host(ledger, beside_find_host, beside);
	if (err == ERR_OK)
		ledger_tell_clients(ledger, meet, beside->called);
	if (err == ERR_OK)
		err = err_set(&text, ledger_start(ledger), "ledger: no thread");
	if (err == ERR_OK)
		return ledger;
	log_error("%s: no findings are written down", text.text);
	ledger_free(ledger);
	return NULL;
}

static struct hunt *begin_hunt(const struct conf *conf, size_t workers)
{
	struct hunt *hunt = NULL;
	struct err_text text;
	enum err err;

	if (!hunt_is_wanted(conf))
		return NULL;
	err = hunt_create(conf, workers, &hunt, &text);
	if (err == ERR_OK)
		err = err_set(&text, hunt_start(hunt), "no thread");
	if (err == ERR_OK)
		return hunt;
	log_error("hunt: %s: nothing is known of who asked before", text.text);
	hunt_free(hunt);
	return NULL;
}

static struct querylog *begin_querylog(const struct conf *conf, size_t workers)
{
	struct querylog *log = NULL;
	struct err_text text;
	enum err err = querylog_create(conf, workers, &log, &text);

	if (err == ERR_OK)
		err = err_set(&text, querylog_start(log), "query-log: no thread");
	if (err == ERR_OK)
		return log;
	log_error("%s: no queries are shown or written down", text.text);
	querylog_free(log);
	return NULL;
}

void beside_begin(struct beside *beside, const struct conf *conf, size_t workers,
		  struct workers_config *config)
{
	size_t others = 0;

	pthread_mutex_init(&beside->lock, NULL);
	beside->called = begin_called(beside, conf);
	beside->ledger = begin_ledger(beside, conf, workers);
	beside->hunt = begin_hunt(conf, workers);
	beside->querylog = begin_querylog(conf, workers);
	if (beside->querylog)
		config->feeds = querylog_feeds(beside->querylog);
	if (beside->ledger) {
		config->findings = ledger_findings(beside->ledger);
		config->others[others++] = ledger_stats(beside->ledger);
	}
	if (beside->hunt) {
		config->asked = hunt_asked(beside->hunt);
		config->others[others++] = hunt_stats(beside->hunt);
	}
	if (beside->called)
		config->others[others++] = called_stats(beside->called);
	config->others[others] = landing_stats(beside->landing);
}

/* Whoever hunts is shown the lists in force. */
struct hunter {
	hunt_look_fn *look;
	void *arg;
};

static void show_lists(void *arg, const struct snapshot *s, const struct web_loads *loads,
		       const struct manual *manual)
{
	const struct hunter *hunter = arg;

	(void)loads;
	(void)manual;
	hunter->look(hunter->arg, s->policy, s->generation);
}

static void look_at_lists(void *daemon, hunt_look_fn *fn, void *arg)
{
	struct hunter hunter = {.look = fn, .arg = arg};

	inforce_look(daemon, show_lists, &hunter);
}

/* Whoever wants to know what a client is called is shown what is in force. */
struct caller {
	called_look_fn *look;
	void *arg;
};

static void show_snapshot(void *arg, const struct snapshot *s, const struct web_loads *loads,
			  const struct manual *manual)
{
	const struct caller *caller = arg;

	(void)loads;
	(void)manual;
	caller->look(caller->arg, s);
}

static void look_at_snapshot(void *daemon, called_look_fn *fn, void *arg)
{
	struct caller caller = {.look = fn, .arg = arg};

	inforce_look(daemon, show_snapshot, &caller);
}

void beside_serve(struct beside *beside, struct inforce *inforce)
{
	struct visits *visits = beside->ledger ? ledger_visits(beside->ledger) : NULL;
	enum err err;

	set_inforce(beside, inforce);
	err = landing_start(beside->landing, visits, find_order, beside);
	if (err != ERR_OK)
		log_error("landing: not served: %s", err_str(err));
	if (hunt_search(beside->hunt, look_at_lists, inforce) != ERR_OK)
		log_error("hunt: no thread: nobody looks who asked before");
	if (called_start(beside->called, look_at_snapshot, inforce) != ERR_OK)
		log_error("clients: no thread: nobody is asked what they are called");
}

void beside_configure(struct beside *beside, const struct conf *conf)
{
	ledger_configure(beside->ledger, conf);
	hunt_configure(beside->hunt, conf);
	querylog_configure(beside->querylog, conf);
	called_configure(beside->called, conf);
}

/* ---- ended */

void beside_end_service(struct beside *beside)
{
	landing_stop(beside->landing);
	hunt_end_search(beside->hunt);
	called_stop(beside->called);
	set_inforce(beside, NULL);
}

void beside_stop(struct beside *beside)
{
	ledger_stop(beside->ledger);
	hunt_stop(beside->hunt);
}

void beside_free(struct beside *beside)
{
	landing_free(beside->landing);
	ledger_free(beside->ledger);
	hunt_free(beside->hunt);
	querylog_free(beside->querylog);
	called_free(beside->called);
	*beside = (struct beside){.landing = NULL};
}
