/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "postgres/apply.h"
#include "postgres/prune.h"
#include "postgres/schema.h"

#define CONNECT_MS 5000U
#define LIMIT_MS 30000U
#define LIMIT_SINGLY_MS 600000U /* of a statement, where less was not enough */
#define PAUSE_MS 500U		/* after the first failure */
#define PAUSE_MAX_MS 30000U
#define AT_ONCE_MS 16000U /* of the pause: what fails for the sixth time waits as others do */
#define IDLE_MS 1000U
#define LOOK_EACH_MS 4000U
#define SIZE_EACH_MS 30000U
#define LAST_MS 3000U /* at the end */
#define SINGLY 16U    /* batches */
#define SLOW_MAX 3U

/* ---- told */

static void tell_failure(struct sender *s, const struct err_text *text)
{
	pthread_mutex_lock(&s->lock);
	s->state.failures++;
	s->state.connected = false;
	pthread_mutex_unlock(&s->lock);
	/* a database that is away says so in many words: each is told as it begins */
	if (!s->failing || strncmp(s->failure, text->text, sizeof(s->failure) - 1) != 0)
		log_error("ledger: the database takes nothing: %s: findings wait in %s", text->text,
			  s->spool.folder);
	s->failing = true;
	snprintf(s->failure, sizeof(s->failure), "%s", text->text);
}

static void tell_success(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	s->state.connected = true;
	pthread_mutex_unlock(&s->lock);
	if (s->failing)
		log_notice("ledger: the database takes findings again");
	s->failing = false;
	s->pause_ms = PAUSE_MS;
}

/* ---- connected */

static void fail(struct sender *s, const struct err_text *text)
{
	/* two resolvers that waited for each other: one of them is to try again */
	bool at_once = strncmp(s->link.state, "40", 2) == 0 && s->pause_ms < AT_ONCE_MS;

	link_close(&s->link);
	if (atomic_load(&s->ending))
		return;
	if (!at_once)
		tell_failure(s, text);
	s->again_ms = clock_ms() + (at_once ? 0 : s->pause_ms);
	s->pause_ms = s->pause_ms * 2 < PAUSE_MAX_MS ? s->pause_ms * 2 : PAUSE_MAX_MS;
}

/* True when there is a connection. */
static bool connect_now(struct sender *s)
{
	struct err_text text;
	enum err err = ERR_OK;

	if (s->link.conn)
		return true;
	if (clock_ms() < s->again_ms)
		return false;
	s->link.state[0] = '\0';
	s->link.limit_ms = s->singly > 0 ? LIMIT_SINGLY_MS : LIMIT_MS;
	err = link_open(&s->link, &s->place, CONNECT_MS, &text);
	if (err == ERR_OK)
		err = schema_use(&s->link, false, &text);
	if (err == ERR_OK)
		err = schema_ready(&s->link, true, &text);
	if (err == ERR_OK)
		err = apply_prepare(&s->link, &text);
	if (err != ERR_OK)
		fail(s, &text);
	return err == ERR_OK;
}

/* ---- a load */

/* Classes of what the database will not take however often it is sent: data, limits.  No batch of
 * ours breaks a constraint (23): somebody has made one, or taken a table away, and may mend that.
 */
static bool is_refused(const struct link *link)
{
	return strncmp(link->state, "22", 2) == 0 || strncmp(link->state, "54", 2) == 0;
}

#define QUERY_CANCELED "57014"

/* A statement that was ended for its time, or not even that was said: less at once may do. */
static bool is_too_slow(const struct link *link)
{
	return strcmp(link->state, QUERY_CANCELED) == 0 || link->late;
}

static void take(struct sender *s, struct spool *spool, const struct spool_load *load,
		 const struct applied *applied, bool refused)
{
	pthread_mutex_lock(&s->lock);
	s->state.connected = true; /* who waits for the load is told so with it */
	spool_taken(spool, load, applied->findings);
	s->state.again += applied->again;
	if (refused)
		s->state.refused += applied->hits;
	else
		s->state.sent += applied->findings;
	pthread_cond_broadcast(&s->taken);
	pthread_mutex_unlock(&s->lock);
}

/* A batch that no try would bring is given up, and what waits behind it goes on. */
static void refuse(struct sender *s, struct spool *spool, const struct spool_load *load,
		   const struct applied *applied, const struct err_text *text)
{
	if (s->singly == 0) {
		s->singly = SINGLY;
		return;
	}
	log_error("ledger: the database refuses a batch of %" PRIu64 " findings for good: %s: they "
		  "are lost",
		  applied->findings, text->text);
	take(s, spool, load, applied, true);
	s->singly--;
	s->slow = 0;
}

/* True when the batch, alone, has had as many tries as it gets: each has ended for its time, as the
 * database itself says.  One that says nothing may only be away. */
static bool is_hopeless(struct sender *s)
{
	if (s->singly > 0 && strcmp(s->link.state, QUERY_CANCELED) == 0)
		s->slow++;
	return s->slow == SLOW_MAX;
}

static bool read_load(struct sender *s, struct spool *spool, struct spool_load *load)
{
	struct err_text text;
	uint64_t skipped = 0;
	enum err err;

	pthread_mutex_lock(&s->lock);
	err = spool_load(spool, s->singly > 0, load, &text);
	if (err == ERR_NOTFOUND)
		skipped = spool_skip(spool);
	pthread_mutex_unlock(&s->lock);
	if (skipped > 0)
		log_error("ledger: %s: %" PRIu64 " octets are lost", text.text, skipped);
	else if (err != ERR_OK)
		log_limited(LOG_LEVEL_WARNING, "ledger: %s", text.text);
	return err == ERR_OK;
}

/* Brings one load of `spool`.  False: it is to be tried later. */
static bool bring(struct sender *s, struct spool *spool)
{
	struct spool_load load = {.held = false};
	struct applied applied;
	struct err_text text;
	enum err err;
	bool read = read_load(s, spool, &load);

	if (!read) {
		parcel_fini(&load.octets);
		return false;
	}
	s->link.state[0] = '\0';
	s->link.late = false;
	err = apply_load(&s->link, s->resolver, spool->name, &load, &applied, &text);
	if (err == ERR_OK) {
		take(s, spool, &load, &applied, false);
		tell_success(s);
		s->singly -= s->singly > 0;
		s->slow = 0;
	} else if (is_refused(&s->link) || is_hopeless(s)) {
		refuse(s, spool, &load, &applied, &text);
		link_close(&s->link);
	} else {
		if (s->singly == 0 && is_too_slow(&s->link))
			s->singly = SINGLY;
		fail(s, &text);
	}
	parcel_fini(&load.octets);
	return err == ERR_OK;
}

/* ---- what others have left */

static void look_for_others(struct sender *s)
{
	if (s->has_other || clock_ms() < s->look_ms)
		return;
	s->look_ms = clock_ms() + LOOK_EACH_MS;
	pthread_mutex_lock(&s->lock);
	s->has_other = spool_adopt(&s->spool, &s->other);
	pthread_mutex_unlock(&s->lock);
	if (s->has_other)
		log_notice("ledger: findings that were left in %s go to the database",
			   s->spool.folder);
}

/* True when it was brought, and there may be another. */
static bool bring_other(struct sender *s)
{
	while (s->has_other && spool_has(&s->other) && connect_now(s) && bring(s, &s->other))
		;
	if (!s->has_other || spool_has(&s->other))
		return false;
	spool_fini(&s->other);
	s->has_other = false;
	s->look_ms = 0;
	return true;
}

/* ---- what is too old, or too much */

static void prune(struct sender *s)
{
	struct archive_limits limits;
	struct err_text text;
	uint64_t removed = 0;
	uint64_t size = s->size;
	enum err err = ERR_OK;

	pthread_mutex_lock(&s->lock);
	limits = s->limits;
	s->limits = (struct archive_limits){.before_s = 0};
	pthread_mutex_unlock(&s->lock);
	if (limits.before_s > 0 || limits.unproven_before_s > 0)
		err = prune_now(&s->link, &limits, &removed, &text);
	if (err == ERR_OK && (clock_ms() >= s->size_ms || removed > 0)) {
		s->size_ms = clock_ms() + SIZE_EACH_MS;
		err = prune_size(&s->link, &size, &text);
	}
	if (err != ERR_OK && s->link.state[0])
		log_limited(LOG_LEVEL_WARNING, "ledger: not removed: %s", text.text);
	else if (err != ERR_OK)
		fail(s, &text);
	pthread_mutex_lock(&s->lock);
	s->state.removed += removed;
	s->size = size;
	pthread_mutex_unlock(&s->lock);
}

/* ---- the thread */

static bool has_own(struct sender *s)
{
	bool has;

	pthread_mutex_lock(&s->lock);
	has = spool_has(&s->spool);
	pthread_mutex_unlock(&s->lock);
	return has;
}

/* Waits until something was added, or a while. */
static void rest(struct sender *s)
{
	struct timespec until;
	uint64_t now_ms = clock_ms();
	uint64_t ms = now_ms + IDLE_MS;
	bool pausing = !s->link.conn && s->again_ms > now_ms;

	if (pausing && s->again_ms < ms)
		ms = s->again_ms;
	until = (struct timespec){.tv_sec = (time_t)(ms / 1000),
				  .tv_nsec = (long)(ms % 1000) * 1000000};
	pthread_mutex_lock(&s->lock);
	if (!atomic_load(&s->ending) && (pausing || !spool_has(&s->spool)))
		pthread_cond_timedwait(&s->woken, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg)
{
	struct sender *s = arg;

	while (!atomic_load(&s->ending)) {
		look_for_others(s);
		if (connect_now(s)) {
			if (!s->has_other && !has_own(s))
				tell_success(s);
			while (bring_other(s))
				look_for_others(s);
			while (s->link.conn && has_own(s) && bring(s, &s->spool))
				;
			if (s->link.conn)
				prune(s);
		}
		rest(s);
	}
	link_close(&s->link);
	if (s->has_other)
		spool_fini(&s->other);
	return NULL;
}

/* ---- from the store */

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static enum err fill(struct sender *s, const struct archive_place *place, struct err_text *text)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) != 0 || !*host)
		snprintf(host, sizeof(host), "resolver");
	s->store = copy(place->store);
	s->password_file = copy(place->password_file);
	s->resolver = copy(*place->resolver ? place->resolver : host);
	if (!s->store || !s->password_file || !s->resolver)
		return err_set(text, ERR_NOMEM, "out of memory");
	s->place.store = s->store;
	s->place.password_file = s->password_file;
	s->place.find_host = place->find_host;
	s->place.find_arg = place->find_arg;
	s->pause_ms = PAUSE_MS;
	s->link = (struct link){.limit_ms = LIMIT_MS, .ending = &s->ending};
	s->state.remote = true;
	return spool_init(&s->spool, place->spool, place->spool_bytes, text);
}

enum err sender_start(struct sender *s, const struct archive_place *place, struct err_text *text)
{
	pthread_condattr_t by_monotonic;
	enum err err;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&by_monotonic);
	pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->woken, &by_monotonic);
	pthread_cond_init(&s->taken, &by_monotonic);
	pthread_condattr_destroy(&by_monotonic);
	s->spool.fd = -1;
	err = fill(s, place, text);
	if (err == ERR_OK && thread_start("postgres", run, s, &s->thread) != 0)
		err = err_set(text, ERR_SYS, "ledger: no thread");
	s->running = err == ERR_OK;
	return err;
}

static bool is_connected(struct sender *s)
{
	bool connected;

	pthread_mutex_lock(&s->lock);
	connected = s->state.connected;
	pthread_mutex_unlock(&s->lock);
	return connected;
}

void sender_stop(struct sender *s)
{
	bool whole = s->running && sender_settle(s, is_connected(s) ? LAST_MS : 0);

	if (s->running) {
		pthread_mutex_lock(&s->lock);
		atomic_store(&s->ending, true);
		pthread_cond_broadcast(&s->woken);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	if (s->running && !whole)
		log_notice("ledger: findings are left in %s for the next start", s->spool.folder);
	if (s->spool.held.len > 0)
		log_error("ledger: %" PRIu64 " queries' findings could not be written and are lost",
			  s->spool.held_frame.hits);
	spool_fini(&s->spool);
	pthread_cond_destroy(&s->woken);
	pthread_cond_destroy(&s->taken);
	pthread_mutex_destroy(&s->lock);
	free(s->store);
	free(s->password_file);
	free(s->resolver);
}

enum err sender_add(struct sender *s, const struct parcel *batch, struct err_text *text)
{
	enum err err;

	pthread_mutex_lock(&s->lock);
	err = spool_add(&s->spool, batch, text);
	pthread_cond_signal(&s->woken);
	pthread_mutex_unlock(&s->lock);
	return err;
}

bool sender_settle(struct sender *s, uint32_t most_ms)
{
	uint64_t until_ms = clock_ms() + most_ms;
	const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
				       .tv_nsec = (long)(until_ms % 1000) * 1000000};
	bool waits;

	pthread_mutex_lock(&s->lock);
	while (spool_has(&s->spool) && pthread_cond_timedwait(&s->taken, &s->lock, &until) == 0)
		;
	waits = spool_has(&s->spool);
	pthread_mutex_unlock(&s->lock);
	return !waits;
}

void sender_prune(struct sender *s, const struct archive_limits *limits, uint64_t *removed)
{
	pthread_mutex_lock(&s->lock);
	s->limits = *limits;
	*removed += s->state.removed - s->told_removed;
	s->told_removed = s->state.removed;
	pthread_cond_signal(&s->woken);
	pthread_mutex_unlock(&s->lock);
}
