/* SPDX-License-Identifier: BSD-2-Clause */
#include "querylog/querylog.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "querylog/file.h"
#include "querylog/line.h"
#include "querylog/live.h"

#define ROUND_MS 40   /* between two looks while something is told: a ring has room for longer */
#define IDLE_MS 1000  /* while nothing is */
#define LOOK_MS 1000U /* between two looks whether the file was moved away */
#define SEEN_MS 30000U
#define BUFFER_OCTETS (256U * 1024)

struct querylog {
	struct client_form form;
	size_t workers;
	struct feed **feeds;
	pthread_t thread;
	bool running;
	int wake_fd;
	atomic_bool ending;
	_Atomic uint64_t seen_until_ms; /* somebody looks */
	_Atomic uint64_t written;
	_Atomic uint64_t lost;

	pthread_mutex_t lock;	   /* of these */
	struct conf_querylog conf; /* its path is in `file` */
	char path[FILE_PATH_OCTETS];
	struct live *live;

	/* the thread's */
	struct logfile file;
	bool blocked_only;
	uint64_t look_ms;
	uint64_t fade_ms;
	size_t len;   /* of the lines that wait */
	size_t lines; /* so many */
	char buffer[BUFFER_OCTETS];
};

/* ---- lines */

static void write_lines(struct querylog *log)
{
	if (log->lines == 0)
		return;
	if (logfile_write(&log->file, log->buffer, log->len))
		log->written += log->lines;
	else
		log->lost += log->lines;
	log->len = 0;
	log->lines = 0;
}

static bool is_wanted(const struct querylog *log, const struct feed_event *event)
{
	return *log->file.path && (!log->blocked_only || event->outcome == FEED_BLOCKED ||
				   event->outcome == FEED_DROPPED);
}

static void add_line(struct querylog *log, const struct querylog_seen *seen)
{
	if (!is_wanted(log, &seen->event))
		return;
	if (log->len + LINE_OCTETS > BUFFER_OCTETS ||
	    log->file.size + log->len + LINE_OCTETS > log->file.size_max)
		write_lines(log);
	log->len += line_write(&seen->event, seen->unix_ms, seen->client, log->buffer + log->len);
	log->lines++;
}

/* ---- the thread */

static uint64_t unix_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Takes what a worker has told. */
static void drain(struct querylog *log, struct feed *feed, bool seen_by_somebody)
{
	uint64_t since_ms = unix_ms() - clock_ms(); /* of the calendar, when the monotonic was 0 */
	struct querylog_seen seen = {.number = 0};

	while (feed_take(feed, &seen.event)) {
		struct ip hidden = client_hide(&log->form, &seen.event.client);

		client_text(&log->form, &hidden, seen.client);
		seen.unix_ms = since_ms + seen.event.now_ms;
		add_line(log, &seen);
		if (!seen_by_somebody)
			continue;
		pthread_mutex_lock(&log->lock);
		live_add(log->live, &seen);
		pthread_mutex_unlock(&log->lock);
	}
}

/* Takes on what was configured, and what time brings. */
static void keep_house(struct querylog *log, uint64_t now_ms)
{
	pthread_mutex_lock(&log->lock);
	if (strcmp(log->path, log->file.path) != 0) {
		logfile_close(&log->file);
		memcpy(log->file.path, log->path, sizeof(log->file.path));
	}
	log->file.size_max = log->conf.size_bytes;
	log->file.keep = log->conf.keep;
	log->blocked_only = log->conf.blocked_only;
	if (now_ms >= log->fade_ms) {
		live_fade(log->live);
		log->fade_ms = now_ms + LIVE_HALF_S * 1000;
	}
	pthread_mutex_unlock(&log->lock);
	if (now_ms >= log->look_ms) {
		logfile_look(&log->file);
		log->look_ms = now_ms + LOOK_MS;
	}
}

static void look_round(struct querylog *log, bool *ret_busy)
{
	uint64_t now_ms = clock_ms();
	bool seen = now_ms < log->seen_until_ms;

	keep_house(log, now_ms);
	*ret_busy = seen || *log->file.path;
	for (size_t i = 0; i < log->workers; i++) {
		feed_listen(log->feeds[i], *ret_busy);
		drain(log, log->feeds[i], seen);
	}
	write_lines(log);
}

static void rest(const struct querylog *log, bool busy)
{
	struct pollfd wake = {.fd = log->wake_fd, .events = POLLIN};
	uint64_t count;

	if (poll(&wake, 1, busy ? ROUND_MS : IDLE_MS) == 1 &&
	    read(log->wake_fd, &count, sizeof(count)) < 0)
		log_debug("query-log: nothing had woken it");
}

static void *run(void *arg)
{
	struct querylog *log = arg;
	bool busy;

	while (!log->ending) {
		look_round(log, &busy);
		rest(log, busy);
	}
	look_round(log, &busy);
	return NULL;
}

static void wake(const struct querylog *log)
{
	uint64_t one = 1;

	if (write(log->wake_fd, &one, sizeof(one)) < 0)
		return; /* it is being woken already */
}

/* ---- made, started, ended */

void querylog_configure(struct querylog *log, const struct conf *conf)
{
	if (!log)
		return;
	pthread_mutex_lock(&log->lock);
	log->conf = conf->querylog;
	log->conf.file = NULL;
	snprintf(log->path, sizeof(log->path), "%s", conf->querylog.file);
	pthread_mutex_unlock(&log->lock);
	wake(log);
}

static enum err make_feeds(struct querylog *log)
{
	enum err err = ERR_OK;

	log->feeds = calloc(log->workers, sizeof(struct feed *));
	if (!log->feeds)
		return ERR_NOMEM;
	for (size_t i = 0; i < log->workers && err == ERR_OK; i++) {
		err = feed_create(&log->feeds[i]);
		if (err == ERR_OK)
			feed_listen(log->feeds[i], *log->path);
	}
	return err;
}

enum err querylog_create(const struct conf *conf, size_t workers, struct querylog **ret_log,
			 struct err_text *text)
{
	struct querylog *log = calloc(1, sizeof(*log));
	enum err err = ERR_NOMEM;

	err_set(text, ERR_NOMEM, "query-log: out of memory");
	if (!log)
		return ERR_NOMEM;
	pthread_mutex_init(&log->lock, NULL);
	log->workers = workers;
	log->file.fd = -1;
	log->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	log->live = live_create();
	if (log->live && log->wake_fd >= 0) {
		querylog_configure(log, conf);
		err = make_feeds(log);
	}
	if (err == ERR_OK)
		err = client_form_make(&conf->evidence, &log->form, text);
	if (err == ERR_OK)
		*ret_log = log;
	else
		querylog_free(log);
	return err;
}

struct feed *const *querylog_feeds(const struct querylog *log)
{
	return log->feeds;
}

enum err querylog_start(struct querylog *log)
{
	if (thread_start("querylog", run, log, &log->thread) != 0)
		return ERR_SYS;
	log->running = true;
	return ERR_OK;
}

void querylog_free(struct querylog *log)
{
	if (!log)
		return;
	log->ending = true;
	if (log->running) {
		wake(log);
		pthread_join(log->thread, NULL);
	}
	logfile_close(&log->file);
	for (size_t i = 0; log->feeds && i < log->workers; i++)
		feed_free(log->feeds[i]);
	free(log->feeds);
	live_free(log->live);
	ipcrypt_free(log->form.ipcrypt);
	if (log->wake_fd >= 0)
		close(log->wake_fd);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

struct querylog_counts querylog_counts(const struct querylog *log)
{
	struct querylog_counts counts = {.written = log->written, .lost = log->lost};

	for (size_t i = 0; i < log->workers; i++)
		counts.lost += feed_lost(log->feeds[i]);
	return counts;
}

/* ---- live */

static void begin_to_see(struct querylog *log)
{
	uint64_t now_ms = clock_ms();
	bool first = log->seen_until_ms < now_ms;

	log->seen_until_ms = now_ms + SEEN_MS;
	if (first)
		wake(log);
}

size_t querylog_watch(struct querylog *log, uint64_t after, struct querylog_seen *seen, size_t max)
{
	size_t count;

	begin_to_see(log);
	pthread_mutex_lock(&log->lock);
	count = live_recent(log->live, after, seen, max);
	pthread_mutex_unlock(&log->lock);
	return count;
}

size_t querylog_top(struct querylog *log, enum querylog_top table,
		    struct querylog_row rows[QUERYLOG_TOP_MAX])
{
	size_t count;

	begin_to_see(log);
	pthread_mutex_lock(&log->lock);
	count = live_top(log->live, table, rows);
	pthread_mutex_unlock(&log->lock);
	return count;
}
