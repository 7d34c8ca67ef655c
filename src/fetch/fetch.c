/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "base/random.h"
#include "base/thread.h"
#include "fetch/inner.h"
#include "fetch/plan.h"

#define AT_ONCE_MAX 32 /* transfers under way */
#define AT_ONE_MAX 4   /* of these, at one server */
#define BUSY_MS 1000U  /* where a list waits for a place */
#define SWEEP_S 86400U
#define ROUND_MS 30000U /* the longest sleep: the calendar may move meanwhile */

struct fetch {
	fetch_changed_fn *changed;
	void *arg;
	pthread_t thread;
	struct transfer_means means;
	struct random_pool random;
	atomic_bool ending;
	bool running;

	pthread_mutex_t lock; /* of all below; what only the thread writes it reads without */
	struct plan *plan;
	struct plan *next; /* to be taken on; NULL: none */
	bool paused;
	uint64_t swept_s; /* Unix time of the last look for copies that no list has; 0: due */
};

static void adopt(struct fetch *f)
{
	struct plan *next = f->next;

	if (!next)
		return;
	plan_take_over(next, f->plan, &f->random);
	plan_free(f->plan);
	f->plan = next;
	f->next = NULL;
	f->swept_s = 0;
}

/* ---- transfers */

/* What is under way. */
struct busy {
	size_t count;
	const struct source *sources[AT_ONCE_MAX];
};

static struct busy look_for_busy(const struct plan *plan)
{
	struct busy busy = {.count = 0};

	for (size_t i = 0; i < plan->count && busy.count < AT_ONCE_MAX; i++)
		if (plan->sources[i]->under_way)
			busy.sources[busy.count++] = plan->sources[i];
	return busy;
}

/* One slow server, or one that pretends to be, keeps no other's lists waiting. */
static bool has_room(const struct busy *busy, const struct source *source)
{
	size_t there = 0;

	for (size_t i = 0; i < busy->count; i++)
		there += place_is_same(&busy->sources[i]->place, &source->place);
	return there < AT_ONE_MAX;
}

/* The next list that is due and has room; NULL: none is. */
static struct source *next_due(const struct fetch *f, uint64_t now_ms)
{
	const struct plan *plan = f->plan;
	struct busy busy;

	if (!plan || f->paused)
		return NULL;
	busy = look_for_busy(plan);
	for (size_t i = 0; i < plan->count && busy.count < AT_ONCE_MAX; i++) {
		struct source *source = plan->sources[i];
		bool due = source->wanted || source->due_ms <= now_ms;

		if (due && !source->under_way && has_room(&busy, source))
			return source;
	}
	return NULL;
}

static struct source *take_due(struct fetch *f)
{
	struct source *source;

	pthread_mutex_lock(&f->lock);
	adopt(f);
	source = next_due(f, clock_ms());
	if (source)
		source_order(source);
	pthread_mutex_unlock(&f->lock);
	return source;
}

static void fail(struct fetch *f, struct source *source, const char *reason, uint64_t retry_after_s)
{
	pthread_mutex_lock(&f->lock);
	source_failed(source, reason, retry_after_s, random_u32(&f->random));
	pthread_mutex_unlock(&f->lock);
}

static void begin_due(struct fetch *f)
{
	struct source *source;
	struct err_text text;

	while (!f->ending && (source = take_due(f)) != NULL) {
		enum err err = transfer_begin(&f->means, &source->order, f->plan->lookup,
					      &source->transfer, &text);

		if (err == ERR_CANCELLED)
			return;
		if (err != ERR_OK)
			fail(f, source, text.text, 0);
	}
}

/* That the list is another now is told before it is over: who waits for the one waits for the
 * load as well. */
static void succeed(struct fetch *f, struct source *source, const struct kept *kept, bool new)
{
	if (new)
		f->changed(f->arg, source->conf.name);
	pthread_mutex_lock(&f->lock);
	source_succeeded(source, kept, new, random_u32(&f->random));
	pthread_mutex_unlock(&f->lock);
}

static void finish(struct fetch *f, struct source *source, CURLcode code)
{
	struct err_text text;
	struct kept kept;
	enum transfer_end end =
		transfer_finish(source->transfer, code, f->plan->lookup, &kept, &text);

	if (end == TRANSFER_GOES_ON)
		return;
	if (end == TRANSFER_FAILED)
		fail(f, source, text.text, transfer_retry_after_s(source->transfer));
	else
		succeed(f, source, &kept, end == TRANSFER_NEW);
	transfer_free(source->transfer);
	source->transfer = NULL;
}

static void collect(struct fetch *f)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(f->means.multi, &left)) != NULL) {
		struct transfer *transfer = transfer_of(message->easy_handle);
		CURLcode code = message->data.result;

		for (size_t i = 0; i < f->plan->count; i++)
			if (f->plan->sources[i]->transfer == transfer)
				finish(f, f->plan->sources[i], code);
	}
}

/* ---- copies that no list has */

static bool take_sweep(struct fetch *f, uint64_t now_s)
{
	bool due;

	pthread_mutex_lock(&f->lock);
	due = f->plan && !f->paused && !f->ending &&
	      (now_s < f->swept_s || now_s - f->swept_s >= SWEEP_S);
	if (due)
		f->swept_s = now_s;
	pthread_mutex_unlock(&f->lock);
	return due;
}

/* Behind each new configuration, and once a day. */
static void sweep(struct fetch *f)
{
	const uint64_t now_s = clock_unix_s();

	if (take_sweep(f, now_s))
		unused_sweep(f->plan->unused, now_s);
}

/* ---- the thread */

static void give_up_all(struct fetch *f)
{
	for (size_t i = 0; f->plan && i < f->plan->count; i++) {
		struct source *source = f->plan->sources[i];

		transfer_free(source->transfer);
		source->transfer = NULL;
		source->under_way = false;
	}
}

/* Warns, and tells how long to sleep. */
static uint64_t look_round(struct fetch *f)
{
	uint64_t now_ms = clock_ms();
	uint64_t wait_ms = ROUND_MS;

	pthread_mutex_lock(&f->lock);
	adopt(f);
	if (f->paused)
		give_up_all(f);
	for (size_t i = 0; f->plan && i < f->plan->count; i++) {
		struct source *source = f->plan->sources[i];

		source_warn(source, clock_unix_s());
		if (source->under_way)
			continue;
		if (source->wanted || source->due_ms <= now_ms)
			wait_ms = 0;
		else if (source->due_ms < now_ms + wait_ms)
			wait_ms = source->due_ms - now_ms;
	}
	if (f->paused)
		wait_ms = ROUND_MS;
	pthread_mutex_unlock(&f->lock);
	return wait_ms;
}

static void *run(void *arg)
{
	struct fetch *f = arg;
	int active;

	priority_step_back();
	while (!f->ending) {
		uint64_t wait_ms;

		begin_due(f);
		curl_multi_perform(f->means.multi, &active);
		collect(f);
		wait_ms = look_round(f);
		sweep(f);
		/* what waits for a place is not slept for */
		if (active > 0 && wait_ms == 0)
			wait_ms = BUSY_MS;
		curl_multi_poll(f->means.multi, NULL, 0, (int)wait_ms, NULL);
	}
	pthread_mutex_lock(&f->lock);
	give_up_all(f);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* ---- made, told, ended */

static enum err start(struct fetch *f)
{
	if (thread_start("fetch", run, f, &f->thread) != 0)
		return ERR_SYS;
	f->running = true;
	return ERR_OK;
}

enum err fetch_create(fetch_changed_fn *changed, void *arg, struct fetch **ret_fetch)
{
	struct fetch *f = calloc(1, sizeof(*f));
	enum err err = ERR_NOMEM;

	if (!f)
		return ERR_NOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->changed = changed;
	f->arg = arg;
	f->means.ending = &f->ending;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		f->means.multi = curl_multi_init();
	if (f->means.multi)
		err = inner_create(&f->means.inner);
	if (err == ERR_OK)
		err = start(f);
	if (err == ERR_OK)
		*ret_fetch = f;
	else
		fetch_free(f);
	return err;
}

enum err fetch_configure(struct fetch *f, const struct snapshot *snapshot)
{
	struct plan *next;
	struct plan *unused;
	enum err err = plan_create(snapshot, &next);

	if (err != ERR_OK)
		return err;
	pthread_mutex_lock(&f->lock);
	unused = f->next;
	plan_want_also(next, unused);
	f->next = next;
	pthread_mutex_unlock(&f->lock);
	plan_free(unused);
	curl_multi_wakeup(f->means.multi);
	return ERR_OK;
}

void fetch_pause(struct fetch *f, bool pause)
{
	pthread_mutex_lock(&f->lock);
	f->paused = pause;
	pthread_mutex_unlock(&f->lock);
	curl_multi_wakeup(f->means.multi);
}

size_t fetch_now(struct fetch *f, const char *list)
{
	size_t count;

	pthread_mutex_lock(&f->lock);
	count = plan_want(f->next ? f->next : f->plan, list);
	pthread_mutex_unlock(&f->lock);
	curl_multi_wakeup(f->means.multi);
	return count;
}

bool fetch_look(struct fetch *f, const char *list, struct fetch_view *ret_view)
{
	struct source **source;
	struct source **next;

	if (!f)
		return false;
	pthread_mutex_lock(&f->lock);
	next = plan_find(f->next, list);
	source = next && (*next)->wanted ? next : plan_find(f->plan, list);
	source = source ? source : next;
	if (source)
		source_view(*source, clock_unix_s(), ret_view);
	pthread_mutex_unlock(&f->lock);
	return source != NULL;
}

void fetch_end(struct fetch *f)
{
	if (!f)
		return;
	f->ending = true;
	curl_multi_wakeup(f->means.multi);
}

void fetch_wait(struct fetch *f)
{
	if (!f || !f->running)
		return;
	fetch_end(f);
	pthread_join(f->thread, NULL);
	f->running = false;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	fetch_wait(f);
	plan_free(f->next);
	plan_free(f->plan);
	curl_multi_cleanup(f->means.multi);
	prefix_set_free(f->means.inner);
	curl_global_cleanup();
	pthread_mutex_destroy(&f->lock);
	free(f);
}
