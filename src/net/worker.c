/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/worker.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/priority.h"
#include "base/snap.h"
#include "base/thread.h"
#include "net/stream.h"
#include "net/udp.h"

#define DRAIN_POLL_MS 5
#define PULSE_S 1 /* between two looks at what no packet tells of */

/* What can be posted to a worker: bits of its mailbox. */
enum mail {
	MAIL_SNAPSHOT = 1, /* a new snapshot is there */
	MAIL_DRAIN = 2,	   /* read no more, answer what is in flight, end */
	MAIL_REPORT = 4,   /* log how the upstreams are */
	MAIL_RETIRE = 8,   /* as MAIL_DRAIN, but accept no more */
};

struct worker {
	struct workers *workers;
	size_t index;
	struct loop loop;
	struct stats stats;
	struct stats_lists lists; /* that its hits are of */
	struct stats_groups groups;
	struct upstreams *upstreams;
	struct udp *udp;
	struct stream *stream;
	struct event mailbox;
	struct event drain_timer;
	struct event pulse;
	int mail_fd;
	atomic_uint mail;
	uint64_t drain_until_ms;
	pthread_t thread;
	bool running;
};

struct workers {
	struct workers_config config;
	struct snap *snap;
	struct board *board;
	struct loop_shared shared;
	atomic_uint drain_ms;
	int *sockets; /* that are listened on */
	size_t socket_count;
	size_t count;
	struct worker workers[];
};

static void post(struct worker *w, enum mail mail)
{
	uint64_t one = 1;

	atomic_fetch_or(&w->mail, mail);
	if (write(w->mail_fd, &one, sizeof(one)) < 0)
		return; /* the mailbox is full, so the worker is being woken already */
}

static void wake(void *arg, size_t reader)
{
	struct worker *w = &((struct workers *)arg)->workers[reader];

	if (w->running)
		post(w, MAIL_SNAPSHOT);
}

/* Lets go of the snapshot before, which may be freed at once, and then takes on the one in force:
 * in the other order a second one could be published in between, and take that one away. */
static void take_snapshot(struct worker *w)
{
	const struct snapshot *s;
	enum err err;

	snap_quiesce(w->workers->snap, w->index);
	s = snap_current(w->workers->snap);
	w->loop.env.snapshot = s;
	stats_move_lists(&w->stats, &w->lists, s->policy);
	stats_note_lists(s->policy, &w->lists);
	stats_move_groups(&w->stats, &w->groups, s->policy);
	stats_note_groups(s->policy, &w->groups);
	err = upstreams_set(w->upstreams, s->pools, s->pool_count);
	if (err != ERR_OK)
		log_error("worker %zu: %s: the former upstreams stay in use, and names of zones "
			  "that are new to them are not asked for",
			  w->index, err_str(err));
}

static void on_drain_timer(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = {.tv_usec = DRAIN_POLL_MS * 1000};
	struct worker *w = arg;

	(void)fd;
	(void)what;
	loop_tick(&w->loop);
	if ((!upstreams_awaited(w->upstreams) && udp_pending(w->udp) == 0 &&
	     stream_pending(w->stream) == 0) ||
	    w->loop.env.now_ms >= w->drain_until_ms)
		event_base_loopbreak(w->loop.base);
	else
		event_add(&w->drain_timer, &again);
}

static void begin_drain(struct worker *w, bool accept)
{
	loop_tick(&w->loop);
	w->drain_until_ms = w->loop.env.now_ms + atomic_load(&w->workers->drain_ms);
	udp_drain(w->udp);
	stream_drain(w->stream, accept);
	event_active(&w->drain_timer, EV_TIMEOUT, 0);
}

static void report(struct worker *w)
{
	char who[32];

	snprintf(who, sizeof(who), "worker %zu", w->index);
	upstreams_log(w->upstreams, who);
}

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t count;
	unsigned int mail;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	mail = atomic_exchange(&w->mail, 0);
	if (mail & MAIL_SNAPSHOT)
		take_snapshot(w);
	if (mail & MAIL_REPORT)
		report(w);
	if (mail & (MAIL_DRAIN | MAIL_RETIRE))
		begin_drain(w, !(mail & MAIL_RETIRE));
}

static void *run(void *arg)
{
	struct worker *w = arg;

	priority_serve();
	take_snapshot(w);
	event_base_dispatch(w->loop.base);
	snap_leave(w->workers->snap, w->index);
	return NULL;
}

static void on_pulse(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	loop_tick(&w->loop);
	edns_secrets_renew(&w->loop.env.cookie_secrets, &w->workers->config.cookie_secret,
			   w->loop.env.now_s);
	if (w->udp)
		udp_look(w->udp);
	if (w->upstreams)
		board_pin(w->workers->board, w->index, w->upstreams);
}

static enum err start_pulse(struct worker *w)
{
	static const struct timeval often = {.tv_sec = PULSE_S};

	event_assign(&w->pulse, w->loop.base, -1, EV_PERSIST, on_pulse, w);
	on_pulse(-1, 0, w);
	return event_add(&w->pulse, &often) == 0 ? ERR_OK : ERR_NOMEM;
}

static enum err open_mailbox(struct worker *w)
{
	w->mail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->mail_fd < 0)
		return ERR_SYS;
	event_assign(&w->mailbox, w->loop.base, w->mail_fd, EV_READ | EV_PERSIST, on_mail, w);
	evtimer_assign(&w->drain_timer, w->loop.base, on_drain_timer, w);
	return event_add(&w->mailbox, NULL) == 0 ? start_pulse(w) : ERR_NOMEM;
}

/* Those of a worker's columns that have a socket, behind the sockets of the workers before. */
static size_t gather(struct workers *workers, const int *columns)
{
	size_t count = 0;

	for (size_t i = 0; i < workers->config.listeners->columns; i++)
		if (columns[i] >= 0)
			workers->sockets[workers->socket_count + count++] = columns[i];
	return count;
}

static void give_away(const struct workers *workers, int *columns)
{
	for (size_t i = 0; i < workers->config.listeners->columns; i++)
		columns[i] = -1;
}

/* What each front end was made with is its own from then on; the rest stays the listeners'. */
static enum err open_front_ends(struct worker *w)
{
	struct workers *workers = w->workers;
	const struct workers_config *config = &workers->config;
	size_t first = w->index * config->listeners->columns;
	int *columns = config->listeners->udp + first;
	size_t count = gather(workers, columns);
	enum err err = udp_create(&w->loop, w->upstreams, workers->sockets + workers->socket_count,
				  count, UPSTREAM_WAITERS(config->in_flight) + 1, &w->udp);

	if (err != ERR_OK)
		return err;
	give_away(workers, columns);
	workers->socket_count += count;
	columns = config->listeners->tcp + first;
	count = gather(workers, columns);
	err = stream_create(&w->loop, w->upstreams, workers->sockets + workers->socket_count, count,
			    &w->stream);
	if (err != ERR_OK)
		return err;
	give_away(workers, columns);
	workers->socket_count += count;
	return ERR_OK;
}

/* The loop needs no lock: what others say to it goes through the mailbox. */
static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

static enum err worker_init(struct worker *w, struct workers *workers, size_t index)
{
	const struct workers_config *config = &workers->config;
	const struct snapshot *s = snap_current(workers->snap);
	enum err err;

	w->workers = workers;
	w->index = index;
	w->loop.base = new_base();
	if (!w->loop.base)
		return ERR_NOMEM;
	w->loop.shared = &workers->shared;
	w->loop.files = config->files;
	w->loop.env = (struct query_env){
		.snapshot = s,
		.cache = config->cache,
		.stats = &w->stats,
		.feed = config->feeds ? config->feeds[index] : NULL,
		.findings = config->findings ? config->findings[index] : NULL,
		.asked = config->asked ? config->asked[index] : NULL,
		.name_key = config->name_key,
	};
	err = open_mailbox(w);
	if (err == ERR_OK)
		err = upstreams_create(&w->loop, s->pools, s->pool_count, config->in_flight,
				       config->ports, &w->upstreams);
	return err == ERR_OK ? open_front_ends(w) : err;
}

static void worker_fini(struct worker *w)
{
	if (!w->loop.base)
		return;
	upstreams_free(w->upstreams);
	udp_free(w->udp);
	stream_free(w->stream);
	if (w->mail_fd >= 0) {
		event_del(&w->mailbox);
		event_del(&w->drain_timer);
		event_del(&w->pulse);
		close(w->mail_fd);
	}
	event_base_free(w->loop.base);
}

enum err workers_create(const struct workers_config *config, struct snapshot *first,
			struct workers **ret_workers)
{
	size_t count = config->listeners->workers;
	struct workers *workers = calloc(1, sizeof(*workers) + count * sizeof(struct worker));
	enum err err;

	if (!workers)
		return ERR_NOMEM;
	workers->config = *config;
	workers->sockets = calloc(2 * count * config->listeners->columns, sizeof(int));
	err = workers->sockets ? board_create(count, &workers->board) : ERR_NOMEM;
	if (err == ERR_OK)
		err = snap_create(count, wake, workers, &workers->snap);
	if (err == ERR_OK)
		snap_publish(workers->snap, first); /* nobody is there to wait for */
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		workers->count = i + 1;
		err = worker_init(&workers->workers[i], workers, i);
	}
	if (err != ERR_OK) {
		if (workers->snap)
			snap_publish(workers->snap, NULL); /* stays the caller's */
		workers_free(workers);
		return err;
	}
	*ret_workers = workers;
	return ERR_OK;
}

static int start_thread(struct worker *w)
{
	char name[THREAD_NAME_MAX + 1];
	int rc;

	snprintf(name, sizeof(name), "worker-%zu", w->index % 1000);
	rc = thread_start(name, run, w, &w->thread);
	w->running = rc == 0;
	return rc;
}

enum err workers_start(struct workers *workers)
{
	int rc = 0;

	for (size_t i = 0; i < workers->count && rc == 0; i++)
		rc = start_thread(&workers->workers[i]);
	if (rc == 0)
		return ERR_OK;
	workers_stop(workers, 0);
	return ERR_SYS;
}

struct snapshot *workers_exchange(struct workers *workers, struct snapshot *next)
{
	const void *old = snap_publish(workers->snap, next);

	return (struct snapshot *)(uintptr_t)old;
}

void workers_publish(struct workers *workers, struct snapshot *next)
{
	snapshot_free(workers_exchange(workers, next));
}

const struct snapshot *workers_snapshot(const struct workers *workers)
{
	return snap_current(workers->snap);
}

void workers_report(struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		if (workers->workers[i].running)
			post(&workers->workers[i], MAIL_REPORT);
}

static void stop(struct workers *workers, uint32_t drain_ms, enum mail how)
{
	atomic_store(&workers->drain_ms, drain_ms);
	for (size_t i = 0; i < workers->count; i++)
		if (workers->workers[i].running)
			post(&workers->workers[i], how);
	for (size_t i = 0; i < workers->count; i++) {
		if (workers->workers[i].running)
			pthread_join(workers->workers[i].thread, NULL);
		workers->workers[i].running = false;
	}
}

void workers_stop(struct workers *workers, uint32_t drain_ms)
{
	stop(workers, drain_ms, MAIL_DRAIN);
}

void workers_retire(struct workers *workers, uint32_t drain_ms)
{
	stop(workers, drain_ms, MAIL_RETIRE);
}

const int *workers_sockets(const struct workers *workers, size_t *ret_count)
{
	*ret_count = workers->socket_count;
	return workers->sockets;
}

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	for (size_t i = 0; i < workers->count; i++)
		worker_fini(&workers->workers[i]);
	if (workers->snap)
		workers_publish(workers, NULL);
	snap_free(workers->snap);
	board_free(workers->board);
	free(workers->sockets);
	free(workers);
}

void workers_sum(const struct workers *workers, struct stats *ret_sum)
{
	memset(ret_sum, 0, sizeof(*ret_sum));
	for (size_t i = 0; i < workers->count; i++)
		stats_sum(&workers->workers[i].stats, ret_sum);
	for (size_t i = 0; i < WORKERS_OTHERS && workers->config.others[i]; i++)
		stats_sum(workers->config.others[i], ret_sum);
}

uint64_t workers_stat(const struct workers *workers, const struct stats_row *row)
{
	struct stats sum;

	workers_sum(workers, &sum);
	return stats_value(&sum, row);
}

struct board *workers_board(const struct workers *workers)
{
	return workers->board;
}

size_t workers_count(const struct workers *workers)
{
	return workers->count;
}
