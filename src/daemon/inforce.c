/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/inforce.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/moment.h"
#include "daemon/formerconf.h"
#include "order/lapse.h"
#include "daemon/news.h"
#include "group/groups.h"
#include "manual/compile.h"
#include "manual/store.h"
#include "manual/tell.h"
#include "match/term.h"

#define DAY_S 86400U
#define KEEP_AGAIN_MS 60000U /* between two tries to put on the disk what is said */
#define AT_ONCE 1U	     /* a keep_ms that is always past */

/* A snapshot that another has followed, of which somebody may have hold. */
struct former {
	struct snapshot *snapshot;
	struct former *next;
};

struct inforce {
	struct workers *workers;
	pthread_mutex_t lock; /* of all below */
	struct news news;
	struct manual manual;
	struct minutes *minutes; /* NULL: none are kept */
	struct former *formers;
	bool paused;
	uint64_t keep_ms;    /* monotonic: what is said is put on the disk again; 0: it is there */
	atomic_bool changed; /* since inforce_has_changed was asked */
	uint64_t warned_s; /* when the log was last warned of what lapses; 0: not of these lists */
	atomic_bool forbidden; /* set under the lock */
};

/* ---- what is said by command */

static void tell_ended(void *arg, const struct manual_entry *entry)
{
	const struct inforce *f = arg;

	manual_log("ended: ", entry);
	minutes_command(f->minutes, "ended", entry);
}

/* Keeps the former snapshot until the main thread comes by: that, or a load, may be reading it. */
static enum err follow(struct inforce *f, struct policy_manual *compiled)
{
	struct former *former = malloc(sizeof(*former));
	uint64_t now_s = clock_unix_s();
	struct snapshot *next;
	enum err err = ERR_NOMEM;

	if (former)
		err = snapshot_follow(workers_snapshot(f->workers), compiled, now_s, &next);
	if (err != ERR_OK) {
		free(former);
		return err;
	}
	term_apply(next->policy, now_s);
	former->snapshot = workers_exchange(f->workers, next);
	lapse_tell(former->snapshot->policy, next->policy);
	groups_tell(next->groups, former->snapshot->policy, next->policy);
	minutes_orders(f->minutes, former->snapshot->policy, next->policy);
	former->next = f->formers;
	f->formers = former;
	f->changed = true;
	return ERR_OK;
}

/* Puts `manual` (taken over, if that succeeds) in the place of what was said until now. */
static enum err exchange(struct inforce *f, struct manual *manual)
{
	struct policy_manual *compiled = NULL;
	enum err err = manual_compile(manual, workers_snapshot(f->workers), &compiled);

	if (err == ERR_OK)
		err = follow(f, compiled);
	if (err != ERR_OK) {
		policy_manual_free(compiled);
		return err;
	}
	manual_free(&f->manual);
	f->manual = *manual;
	return ERR_OK;
}

/* What the disk does not take is tried again. */
static bool keep(struct inforce *f)
{
	const char *directory = workers_snapshot(f->workers)->conf->state.directory;
	struct err_text text;
	bool kept = manual_write(directory, &f->manual, &text) == ERR_OK;

	if (!kept)
		log_error("command: what is said holds until the next restart alone: %s",
			  text.text);
	f->keep_ms = kept || !*directory ? 0 : clock_ms() + KEEP_AGAIN_MS;
	return kept;
}

static enum err say(struct inforce *f, const struct manual_entry *entry, bool take_back,
		    struct err_text *text)
{
	struct manual manual = {.count = 0};
	enum err err = ERR_OK;

	if (f->forbidden || f->paused)
		return err_set(text, ERR_CANCELLED, WEB_LEAVING);
	if (!take_back)
		err = manual_check(entry, workers_snapshot(f->workers), text);
	if (err == ERR_OK)
		err = err_set(text, manual_copy(&f->manual, &manual), "out of memory");
	if (err == ERR_OK)
		err = manual_change(&manual, entry, take_back, text);
	if (err == ERR_OK)
		err = err_set(text, exchange(f, &manual), "out of memory");
	if (err != ERR_OK)
		manual_free(&manual);
	return err;
}

enum err inforce_say(struct inforce *f, const struct manual_entry *entry, bool take_back,
		     bool *ret_kept, struct err_text *text)
{
	enum err err;

	pthread_mutex_lock(&f->lock);
	err = say(f, entry, take_back, text);
	if (err == ERR_OK) {
		manual_log(take_back ? "withdrawn: " : "", entry);
		minutes_command(f->minutes, take_back ? "withdrawn" : "said", entry);
		*ret_kept = keep(f);
	}
	pthread_mutex_unlock(&f->lock);
	minutes_write(f->minutes);
	return err;
}

/* ---- the main thread's second */

/* Puts in force what is said and has not ended.  While another process takes over, which has been
 * told what was said, it is for that one to end it. */
static enum err again(struct inforce *f)
{
	struct manual manual;
	size_t ended;
	enum err err = manual_copy(&f->manual, &manual);

	if (err != ERR_OK)
		return err;
	ended = f->paused ? 0 : manual_expire(&manual, clock_unix_s(), tell_ended, f);
	err = exchange(f, &manual);
	if (err != ERR_OK)
		manual_free(&manual);
	else if (ended > 0)
		(void)keep(f);
	return err;
}

static void expire(struct inforce *f)
{
	const struct policy *policy = workers_snapshot(f->workers)->policy;
	uint64_t now_s = clock_unix_s();
	bool ends = !f->paused && manual_next_s(&f->manual) <= now_s;

	if ((ends || term_is_due(policy, now_s) || groups_are_due(policy, now_s)) &&
	    !f->forbidden && again(f) != ERR_OK)
		log_limited(LOG_LEVEL_ERROR, "out of memory: what began or ended is not in force");
}

static void keep_again(struct inforce *f)
{
	bool failed = f->keep_ms > AT_ONCE;

	if (f->keep_ms > 0 && f->keep_ms <= clock_ms() && !f->forbidden && !f->paused && keep(f) &&
	    failed)
		log_notice("command: what is said is kept over restarts again");
}

/* Warns of orders that lapse soon: after each load, and once a day. */
static void warn(struct inforce *f)
{
	uint64_t now_s = clock_unix_s();

	if (f->warned_s <= now_s && now_s < f->warned_s + DAY_S)
		return;
	f->warned_s = now_s;
	lapse_warn(workers_snapshot(f->workers), now_s);
}

static void free_formers(struct inforce *f)
{
	while (f->formers) {
		struct former *former = f->formers;

		f->formers = former->next;
		snapshot_free_former(former->snapshot);
		free(former);
	}
}

void inforce_tick(struct inforce *f, bool loading)
{
	if (pthread_mutex_trylock(&f->lock) != 0)
		return; /* somebody says something, or a load puts something in force */
	if (!loading)
		free_formers(f);
	expire(f);
	keep_again(f);
	warn(f);
	pthread_mutex_unlock(&f->lock);
	if (!loading)
		minutes_write(f->minutes);
}

/* ---- loads */

/* What is said by command, for the lists and by the guard of `snapshot`. */
static enum err add_manual(struct inforce *f, struct snapshot *snapshot)
{
	struct policy_manual *compiled = NULL;
	enum err err = manual_compile(&f->manual, snapshot, &compiled);

	if (err != ERR_OK)
		return err;
	policy_set_manual(snapshot->policy, compiled);
	manual_log_held(&f->manual);
	return ERR_OK;
}

const struct snapshot *inforce_snapshot(struct inforce *f)
{
	const struct snapshot *snapshot;

	pthread_mutex_lock(&f->lock);
	snapshot = workers_snapshot(f->workers);
	pthread_mutex_unlock(&f->lock);
	return snapshot;
}

bool inforce_has_changed(struct inforce *f)
{
	return atomic_exchange(&f->changed, false);
}

enum err inforce_put(struct inforce *f, struct snapshot *snapshot, const struct load_result *result)
{
	enum err err;

	formerconf_note(inforce_snapshot(f)->conf, snapshot->conf); /* nobody waits for the disk */
	pthread_mutex_lock(&f->lock);
	err = f->forbidden ? ERR_CANCELLED : add_manual(f, snapshot);
	if (err == ERR_OK) {
		snapshot->generation = workers_snapshot(f->workers)->generation + 1;
		lapse_tell(workers_snapshot(f->workers)->policy, snapshot->policy);
		minutes_orders(f->minutes, workers_snapshot(f->workers)->policy, snapshot->policy);
		f->warned_s = 0;
		workers_publish(f->workers, snapshot);
		news_good(&f->news, snapshot, result);
		minutes_load(f->minutes, snapshot, result);
	}
	pthread_mutex_unlock(&f->lock);
	if (err != ERR_OK)
		snapshot_free(snapshot);
	return err;
}

void inforce_failed(struct inforce *f, const char *reason)
{
	pthread_mutex_lock(&f->lock);
	news_failed(&f->news, reason);
	minutes_failure(f->minutes, reason);
	pthread_mutex_unlock(&f->lock);
}

struct minutes *inforce_minutes(const struct inforce *f)
{
	return f->minutes;
}

void inforce_pause(struct inforce *f, bool pause)
{
	pthread_mutex_lock(&f->lock);
	f->paused = pause;
	pthread_mutex_unlock(&f->lock);
}

bool inforce_is_leaving(struct inforce *f)
{
	bool leaving;

	pthread_mutex_lock(&f->lock);
	leaving = f->paused || f->forbidden;
	pthread_mutex_unlock(&f->lock);
	return leaving;
}

int inforce_said(struct inforce *f)
{
	int fd;

	pthread_mutex_lock(&f->lock);
	fd = manual_to_memory(&f->manual);
	pthread_mutex_unlock(&f->lock);
	return fd;
}

void inforce_forbid(struct inforce *f)
{
	pthread_mutex_lock(&f->lock);
	f->forbidden = true;
	pthread_mutex_unlock(&f->lock);
}

const atomic_bool *inforce_forbidden(const struct inforce *f)
{
	return &f->forbidden;
}

uint64_t inforce_want(struct inforce *f, enum web_reload kind)
{
	uint64_t number;

	pthread_mutex_lock(&f->lock);
	number = news_want(&f->news, kind);
	pthread_mutex_unlock(&f->lock);
	return number;
}

bool inforce_is_wanted(struct inforce *f, enum web_reload kind)
{
	bool wanted;

	pthread_mutex_lock(&f->lock);
	wanted = news_is_wanted(&f->news, kind);
	pthread_mutex_unlock(&f->lock);
	return wanted;
}

enum web_reload inforce_begin(struct inforce *f, uint64_t *ret_covers,
			      const struct snapshot **ret_former)
{
	enum web_reload first;

	pthread_mutex_lock(&f->lock);
	first = news_begin(&f->news, ret_covers);
	*ret_former = workers_snapshot(f->workers);
	pthread_mutex_unlock(&f->lock);
	return first;
}

void inforce_cover(struct inforce *f, enum web_reload kind, uint64_t covers)
{
	pthread_mutex_lock(&f->lock);
	f->news.loads.covered_of[kind] = covers;
	pthread_mutex_unlock(&f->lock);
}

void inforce_compare(struct inforce *f, struct snapshot *snapshot, const struct snapshot *former)
{
	struct policy_manual *compiled = NULL;
	struct difference difference;
	struct manual manual;
	enum err err;

	pthread_mutex_lock(&f->lock);
	err = manual_copy(&f->manual, &manual);
	pthread_mutex_unlock(&f->lock);
	if (err == ERR_OK) {
		err = manual_compile(&manual, snapshot, &compiled);
		manual_free(&manual);
	}
	if (err != ERR_OK) {
		inforce_dry_failed(f, "out of memory");
		return;
	}
	policy_set_manual(snapshot->policy, compiled);
	difference_find(former->policy, snapshot->policy, &f->forbidden, &difference);
	pthread_mutex_lock(&f->lock);
	f->news.loads.difference = difference;
	f->news.loads.dry_reason[0] = '\0';
	pthread_mutex_unlock(&f->lock);
}

void inforce_dry_failed(struct inforce *f, const char *reason)
{
	pthread_mutex_lock(&f->lock);
	snprintf(f->news.loads.dry_reason, sizeof(f->news.loads.dry_reason), "%s", reason);
	pthread_mutex_unlock(&f->lock);
}

void inforce_look(struct inforce *f, inforce_look_fn *look, void *arg)
{
	pthread_mutex_lock(&f->lock);
	look(arg, workers_snapshot(f->workers), &f->news.loads, &f->manual);
	pthread_mutex_unlock(&f->lock);
}

enum err inforce_create(struct workers *workers, const struct load_result *first,
			struct minutes *minutes, const struct manual *handed,
			struct inforce **ret_inforce, struct err_text *text)
{
	const struct snapshot *s = workers_snapshot(workers);
	struct inforce *f = calloc(1, sizeof(*f));
	enum err err;

	if (!f)
		return err_set(text, ERR_NOMEM, "out of memory");
	f->workers = workers;
	f->minutes = minutes;
	pthread_mutex_init(&f->lock, NULL);
	news_init(&f->news);
	news_good(&f->news, s, first);
	lapse_tell(NULL, s->policy);
	minutes_load(minutes, s, first);
	minutes_orders(minutes, NULL, s->policy);
	err = manual_begin(handed, s->conf->state.directory, &f->manual, text);
	f->keep_ms = handed && *s->conf->state.directory ? AT_ONCE : 0;
	if (err == ERR_OK && f->manual.count > 0)
		err = err_set(text, again(f), "out of memory");
	if (err == ERR_OK) {
		manual_log_held(&f->manual);
		*ret_inforce = f;
	} else {
		inforce_free(f);
	}
	return err;
}

void inforce_free(struct inforce *f)
{
	if (!f)
		return;
	free_formers(f);
	manual_free(&f->manual);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
