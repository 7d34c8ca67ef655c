/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/called.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "called/asking.h"
#include "called/leasefiles.h"
#include "called/ptr.h"
#include "called/recall.h"
#include "dns/rrtype.h"
#include "names/local.h"

#define TTL_MIN_S 60U
#define TTL_MAX_S 86400U
#define TTL_ABSENT_S 900U /* where the answer does not say */
#define TTL_ABSENT_MAX_S 3600U
#define TTL_FAILED_S 60U

struct called {
	atomic_bool serving; /* `asking` can show what is in force */
	pthread_t thread;
	bool running;
	struct leasefiles *files;
	struct stats stats; /* the thread's, and of `files`; ptr_lost anybody's who has `lock` */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t woken;
	struct recall *recall;

	struct asking asking; /* the thread's own */
};

/* ---- asked */

static uint64_t in_s(uint32_t s)
{
	return clock_ms() + (uint64_t)s * 1000;
}

static uint32_t bounded(uint32_t ttl_s, uint32_t otherwise_s, uint32_t most_s)
{
	uint32_t chosen_s = ttl_s > 0 ? ttl_s : otherwise_s;

	if (chosen_s < TTL_MIN_S)
		return TTL_MIN_S;
	return chosen_s < most_s ? chosen_s : most_s;
}

static void learn(struct called *c, const struct ip *ip, const char *name, bool confirmed,
		  uint32_t for_s)
{
	pthread_mutex_lock(&c->lock);
	recall_learn(c->recall, ip, name, confirmed, in_s(for_s));
	pthread_mutex_unlock(&c->lock);
}

/* One that is confirmed is known for longer than one that may yet be, or than that there is none.
 */
static void learn_answer(struct called *c, const struct ip *ip, const struct asked *asked)
{
	const struct ptr *ptr = &asked->ptr;
	uint32_t for_s = asked->confirmed ? bounded(ptr->ttl_s, TTL_MIN_S, TTL_MAX_S)
					  : bounded(ptr->ttl_s, TTL_ABSENT_S, TTL_ABSENT_MAX_S);

	stats_inc(&c->stats, ptr_answered);
	learn(c, ip, ptr->name, asked->confirmed, for_s);
}

static void lose(struct called *c, const struct ip *ip)
{
	pthread_mutex_lock(&c->lock);
	stats_inc(&c->stats, ptr_lost);
	recall_learn(c->recall, ip, NULL, false, in_s(TTL_FAILED_S));
	pthread_mutex_unlock(&c->lock);
}

static void ask_for(struct called *c, const struct ip *ip)
{
	struct asked asked;
	enum err err = asking_ask(&c->asking, ip, &asked);

	if (err == ERR_CANCELLED) {
		learn(c, ip, NULL, false, 0);
	} else if (err == ERR_RANGE) {
		lose(c, ip);
	} else if (err != ERR_OK) {
		stats_inc(&c->stats, ptr_failed);
		learn(c, ip, NULL, false, TTL_FAILED_S);
	} else if (asked.local) {
		learn(c, ip, "", false, TTL_MIN_S);
	} else {
		learn_answer(c, ip, &asked);
	}
}

/* ---- the thread */

/* Waits for the next address, and then for its turn.  False: it is to end. */
static bool next_address(struct called *c, struct ip *ip)
{
	bool found = false;

	pthread_mutex_lock(&c->lock);
	while (!c->asking.ending && !(found = recall_next(c->recall, ip)))
		pthread_cond_wait(&c->woken, &c->lock);
	pthread_mutex_unlock(&c->lock);
	return found;
}

static void *run(void *arg)
{
	struct called *c = arg;
	struct ip ip;

	while (next_address(c, &ip)) {
		ask_for(c, &ip);
		asking_take_turn();
	}
	return NULL;
}

/* ---- made, started, ended */

enum err called_create(const struct hash_key *name_key, struct called **ret_called)
{
	struct called *c = calloc(1, sizeof(*c));
	enum err err;

	if (!c)
		return ERR_NOMEM;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->woken, NULL);
	err = recall_create(&c->recall);
	if (err == ERR_OK)
		err = leasefiles_create(&c->stats, &c->files);
	if (err == ERR_OK)
		err = asking_init(&c->asking, name_key, &c->stats);
	if (err == ERR_OK)
		*ret_called = c;
	else
		called_free(c);
	return err;
}

enum err called_start(struct called *c, called_show_fn *show, void *daemon)
{
	if (!c)
		return ERR_OK;
	c->asking.show = show;
	c->asking.daemon = daemon;
	if (thread_start("called", run, c, &c->thread) != 0)
		return ERR_SYS;
	c->running = true;
	c->serving = true;
	return leasefiles_start(c->files);
}

void called_configure(struct called *c, const struct conf *conf)
{
	if (!c)
		return;
	c->asking.enabled = conf->server.client_ptr;
	if (leasefiles_set(c->files, conf->server.client_names, conf->server.client_names_count) !=
	    ERR_OK)
		log_error("client-names: out of memory: the files are those of before");
}

void called_stop(struct called *c)
{
	if (!c || !c->running)
		return;
	c->serving = false;
	pthread_mutex_lock(&c->lock);
	c->asking.ending = true;
	pthread_cond_signal(&c->woken);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	c->running = false;
	leasefiles_stop(c->files);
}

void called_free(struct called *c)
{
	if (!c)
		return;
	called_stop(c);
	leasefiles_free(c->files);
	recall_free(c->recall);
	asking_fini(&c->asking);
	pthread_cond_destroy(&c->woken);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- from others */

static void want(struct called *c, const struct ip *ip, enum recall_lane lane)
{
	enum recall_want became;

	if (!c->asking.enabled || c->asking.ending || ip->unknown > 0)
		return;
	pthread_mutex_lock(&c->lock);
	became = recall_want(c->recall, ip, clock_ms(), lane);
	if (became == RECALL_FULL)
		stats_inc(&c->stats, ptr_lost);
	if (became == RECALL_QUEUED)
		pthread_cond_signal(&c->woken);
	pthread_mutex_unlock(&c->lock);
}

void called_met(struct called *c, const struct ip *client)
{
	if (c)
		want(c, client, RECALL_FOUND);
}

/* A name of the operator's own. */
struct own {
	struct reverse reverse;
	char *name;
	bool found;
};

static void find_own(void *arg, const struct snapshot *s)
{
	struct own *own = arg;
	struct local_name found;

	if (!local_find(s->local, &own->reverse.name, &own->reverse.suffixes, &found))
		return;
	for (uint32_t i = 0; i < found.count && !own->found; i++)
		own->found = found.records[i].type == TYPE_PTR &&
			     ptr_host(found.records[i].rdata, own->name);
}

static bool is_own(struct called *c, const struct ip *client, char *ret_name)
{
	struct own own = {.name = ret_name, .found = false};

	if (c->serving && asking_reverse(&c->asking.name_key, client, &own.reverse) == ERR_OK)
		c->asking.show(c->asking.daemon, find_own, &own);
	return own.found;
}

/* What the reverse zone says, as far as it is known. */
static enum report_source find_reverse(struct called *c, const struct ip *client, char *ret_name)
{
	bool confirmed = false;
	bool found;

	if (!c->asking.enabled)
		return REPORT_SOURCE_NONE;
	pthread_mutex_lock(&c->lock);
	found = recall_find(c->recall, client, clock_ms(), ret_name, &confirmed);
	pthread_mutex_unlock(&c->lock);
	want(c, client, RECALL_SHOWN);
	return !found	   ? REPORT_SOURCE_NONE
	       : confirmed ? REPORT_SOURCE_PTR
			   : REPORT_SOURCE_UNCONFIRMED;
}

enum report_source called_find(void *called, const struct ip *client, uint32_t at_s,
			       struct lease *ret_lease)
{
	struct called *c = called;
	bool found;

	*ret_lease = (struct lease){.since_s = 0};
	if (!c || client->unknown > 0)
		return REPORT_SOURCE_NONE;
	found = leasefiles_find(c->files, client, at_s, ret_lease);
	if (found && ret_lease->hosts)
		return REPORT_SOURCE_HOSTS;
	if (is_own(c, client, ret_lease->name))
		return REPORT_SOURCE_LOCAL;
	if (*ret_lease->name)
		return REPORT_SOURCE_LEASE;
	return find_reverse(c, client, ret_lease->name);
}

const struct stats *called_stats(const struct called *c)
{
	return &c->stats;
}
