/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/called.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "called/leasefiles.h"
#include "called/ptr.h"
#include "called/recall.h"
#include "dns/rrtype.h"
#include "fetch/lookup.h"
#include "map/namemap.h"
#include "names/local.h"
#include "names/reverse.h"
#include "names/special.h"

#define RATE 50U /* questions a second */
#define TTL_MIN_S 60U
#define TTL_MAX_S 86400U
#define TTL_ABSENT_S 900U /* where the answer does not say */
#define TTL_ABSENT_MAX_S 3600U
#define TTL_FAILED_S 60U

struct called {
	struct hash_key name_key;
	struct namemap *special; /* the reverse zones of private addresses among them */
	called_show_fn *show;
	void *daemon;
	atomic_bool serving; /* the two are set, and something is in force */
	atomic_bool enabled;
	atomic_bool ending;
	pthread_t thread;
	bool running;
	struct leasefiles *files;
	struct stats stats; /* the thread's, and of `files`; ptr_lost anybody's */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t woken;
	struct recall *recall;

	/* the thread's own */
	struct lookup *lookup;
	uint64_t generation; /* whose lookup it is */
	uint8_t reply[LOOKUP_REPLY_MAX];
};

/* ---- whom to ask */

/* An address that is to be asked for. */
struct question {
	struct called *called;
	struct name reverse;
	struct name_suffixes suffixes;
	bool local; /* it has a name of the operator's own, or nobody is to be asked */
	enum err err;
};

static enum err make_question(struct called *c, const struct ip *ip, struct question *ret_question)
{
	enum err err = reverse_name(ip, &ret_question->reverse);

	ret_question->called = c;
	ret_question->err = ERR_OK;
	if (err == ERR_OK)
		name_hash_suffixes(&c->name_key, &ret_question->reverse, &ret_question->suffixes);
	return err;
}

/* The lookup knows whom the lists' and names' generation has asked. */
static void renew_lookup(struct called *c, const struct snapshot *s, enum err *err)
{
	if (c->lookup && c->generation == s->generation)
		return;
	lookup_free(c->lookup);
	c->lookup = NULL;
	*err = lookup_create(s, &c->lookup);
	c->generation = s->generation;
}

/* Private names leave only for who was named for them. */
static bool stays_here(const struct question *q, const struct snapshot *s)
{
	return !lookup_is_forwarded(q->called->lookup, &q->reverse) &&
	       (namemap_find(q->called->special, &q->reverse, &q->suffixes, 0).found ||
		namemap_find(s->special, &q->reverse, &q->suffixes, 0).found);
}

static void judge(void *arg, const struct snapshot *s)
{
	struct question *q = arg;
	struct local_name found;

	renew_lookup(q->called, s, &q->err);
	if (q->err == ERR_OK)
		q->local =
			local_find(s->local, &q->reverse, &q->suffixes, &found) || stays_here(q, s);
}

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

static void learn(struct called *c, const struct ip *ip, const char *name, uint32_t for_s)
{
	pthread_mutex_lock(&c->lock);
	recall_learn(c->recall, ip, name, in_s(for_s));
	pthread_mutex_unlock(&c->lock);
}

/* Asks the upstreams.  ERR_SYS, ERR_SYNTAX, ERR_NOTFOUND: it could not be learnt. */
static enum err ask(struct called *c, const struct question *q, struct ptr *ret_ptr)
{
	size_t len;
	enum err err;

	stats_inc(&c->stats, ptr_asked);
	err = lookup_records(c->lookup, &q->reverse, TYPE_PTR, &c->ending, c->reply, &len);
	return err == ERR_OK ? ptr_read(c->reply, len, &q->reverse, ret_ptr) : err;
}

static void ask_for(struct called *c, const struct ip *ip)
{
	struct question q;
	struct ptr ptr;
	enum err err;

	if (!c->enabled) { /* it has waited since before that was so */
		learn(c, ip, NULL, 0);
		return;
	}
	err = make_question(c, ip, &q);
	if (err == ERR_OK) {
		c->show(c->daemon, judge, &q);
		err = q.err;
	}
	if (err == ERR_OK && q.local) {
		learn(c, ip, "", TTL_MIN_S);
		return;
	}
	if (err == ERR_OK)
		err = ask(c, &q, &ptr);
	if (err == ERR_CANCELLED)
		return;
	if (err != ERR_OK) {
		stats_inc(&c->stats, ptr_failed);
		learn(c, ip, NULL, TTL_FAILED_S);
		return;
	}
	stats_inc(&c->stats, ptr_answered);
	if (*ptr.name)
		learn(c, ip, ptr.name, bounded(ptr.ttl_s, TTL_MIN_S, TTL_MAX_S));
	else
		learn(c, ip, "", bounded(ptr.ttl_s, TTL_ABSENT_S, TTL_ABSENT_MAX_S));
}

/* ---- the thread */

/* Waits for the next address, and then for its turn.  False: it is to end. */
static bool next_address(struct called *c, struct ip *ip)
{
	bool found = false;

	pthread_mutex_lock(&c->lock);
	while (!c->ending && !(found = recall_next(c->recall, ip)))
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
		nanosleep(&(struct timespec){.tv_nsec = 1000000000 / RATE}, NULL);
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
	c->name_key = *name_key;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->woken, NULL);
	err = recall_create(&c->recall);
	if (err == ERR_OK)
		err = leasefiles_create(&c->stats, &c->files);
	if (err == ERR_OK)
		err = special_create(name_key, NULL, 0, true, &c->special);
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
	c->show = show;
	c->daemon = daemon;
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
	c->enabled = conf->server.client_ptr;
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
	c->ending = true;
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
	lookup_free(c->lookup);
	recall_free(c->recall);
	namemap_free(c->special);
	pthread_cond_destroy(&c->woken);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- from others */

static void want(struct called *c, const struct ip *ip, enum recall_lane lane)
{
	enum recall_want became;

	if (!c->enabled || c->ending || ip->unknown > 0)
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
	struct question question;
	char *name;
	bool found;
};

static void find_own(void *arg, const struct snapshot *s)
{
	struct own *own = arg;
	struct local_name found;

	if (!local_find(s->local, &own->question.reverse, &own->question.suffixes, &found))
		return;
	for (uint32_t i = 0; i < found.count && !own->found; i++)
		own->found = found.records[i].type == TYPE_PTR &&
			     ptr_host(found.records[i].rdata, own->name);
}

static bool is_own(struct called *c, const struct ip *client, char *ret_name)
{
	struct own own = {.name = ret_name, .found = false};

	if (c->serving && make_question(c, client, &own.question) == ERR_OK)
		c->show(c->daemon, find_own, &own);
	return own.found;
}

/* What the reverse zone says, as far as it is known. */
static enum report_source find_reverse(struct called *c, const struct ip *client, char *ret_name)
{
	bool found;

	if (!c->enabled)
		return REPORT_SOURCE_NONE;
	pthread_mutex_lock(&c->lock);
	found = recall_find(c->recall, client, clock_ms(), ret_name);
	pthread_mutex_unlock(&c->lock);
	want(c, client, RECALL_SHOWN);
	return found ? REPORT_SOURCE_PTR : REPORT_SOURCE_NONE;
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
