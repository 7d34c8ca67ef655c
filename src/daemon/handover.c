/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/handover.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "daemon/cachefile.h"
#include "system/succession.h"

#define FAILED "hand-over FAILED, all stays as it was: "
#define REAP_TRIES 200 /* 5 ms each, for a process that was killed to be gone */
#define REAP_NS 5000000
#define ANSWERS_MS 5000 /* for the new process to answer operators */

struct handover {
	struct handover_config config;
	struct event_base *base;
	handover_done_fn *done;
	void *arg;
	char path[PATH_MAX]; /* of the program; "": not known */
	struct event *heard;
	struct event *late;
	int channel; /* -1: none is under way */
	int served;  /* the channel of one that serves; -1: none does */
	pid_t next;  /* 0: there is none */
};

static const struct snapshot *snapshot_of(const struct handover *h)
{
	return workers_snapshot(h->config.workers);
}

/* ---- its end */

static void hang_up(struct handover *h)
{
	if (h->heard)
		event_free(h->heard);
	h->heard = NULL;
	event_del(h->late);
	if (h->channel >= 0)
		close(h->channel);
	h->channel = -1;
}

/* Ends the new process, and says what had become of it before. */
static void end_next(struct handover *h, char *ret_text, size_t size)
{
	const struct timespec pause = {.tv_nsec = REAP_NS};
	pid_t pid = 0;
	int status = 0;

	kill(h->next, SIGKILL); /* nothing to one that has ended itself */
	for (int i = 0; i < REAP_TRIES && pid == 0; i++) {
		pid = waitpid(h->next, &status, WNOHANG);
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
	if (pid > 0 && WIFEXITED(status))
		snprintf(ret_text, size, "ended with status %d", WEXITSTATUS(status));
	else if (pid > 0 && WIFSIGNALED(status))
		snprintf(ret_text, size, "was ended by signal %d", WTERMSIG(status));
	else
		snprintf(ret_text, size, "is gone");
	h->next = 0;
}

static void fail(struct handover *h, const char *why)
{
	char ending[64];

	hang_up(h);
	end_next(h, ending, sizeof(ending));
	log_error(FAILED "the new process %s", why ? why : ending);
	h->done(h->arg, false);
}

/* ---- its course */

/* Both serve until the new one can answer from the cache as well. */
static void give_cache(struct handover *h)
{
	int fd = cachefile_to_memory(snapshot_of(h), h->config.cache, &h->config.name_key);
	enum err err = succession_say(h->channel, SUCCESSION_GO, fd);

	if (fd >= 0)
		close(fd);
	if (err != ERR_OK)
		fail(h, NULL);
}

/* True for a new process that has ended, whatever it said before. */
static bool has_ended(const struct handover *h)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)h->next, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

/* From here on the service manager listens to the new process alone. */
static void succeed(struct handover *h)
{
	if (has_ended(h)) {
		fail(h, NULL);
		return;
	}
	sd_notifyf(0, "READY=1\nMAINPID=%d", (int)h->next);
	if (h->config.lock) {
		statelock_free(*h->config.lock);
		*h->config.lock = NULL;
	}
	if (succession_say(h->channel, SUCCESSION_MAIN, -1) != ERR_OK)
		log_debug("hand-over: %s", strerror(errno)); /* it goes on in some seconds */
	h->served = h->channel;
	h->channel = -1;
	hang_up(h);
	log_notice("hand-over: process %d serves, this one ends", (int)h->next);
	h->done(h->arg, true);
}

static void on_heard(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;
	enum succession_word word;

	(void)what;
	if (succession_hear(fd, 0, &word, NULL) != ERR_OK)
		fail(h, "says what is not understood");
	else if (word == SUCCESSION_END)
		fail(h, NULL);
	else if (word == SUCCESSION_LOADED)
		give_cache(h);
	else if (word == SUCCESSION_SERVING)
		succeed(h);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg, "did not come up in time (server.handover-timeout)");
}

static enum err listen_to_next(struct handover *h)
{
	uint32_t timeout_ms = snapshot_of(h)->conf->server.handover_timeout_ms;
	struct timeval tv = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000,
	};

	h->heard = event_new(h->base, h->channel, EV_READ | EV_PERSIST, on_heard, h);
	return h->heard && event_add(h->heard, NULL) == 0 && event_add(h->late, &tv) == 0
		       ? ERR_OK
		       : ERR_NOMEM;
}

/* Gives the sockets of the workers, those of the landing, and what was said. */
static enum err bequeath(struct handover *h)
{
	size_t count;
	size_t landing_count;
	const int *sockets = workers_sockets(h->config.workers, &count);
	const int *landing = landing_sockets(h->config.landing, &landing_count);
	int *all = calloc(count + landing_count + 1, sizeof(*all));
	int said = inforce_said(h->config.inforce);
	enum err err;

	if (!all || said < 0) {
		free(all);
		return ERR_NOMEM;
	}
	memcpy(all, sockets, count * sizeof(*all));
	if (landing)
		memcpy(all + count, landing, landing_count * sizeof(*all));
	err = succession_bequeath(h->channel, all, count + landing_count, &h->config.cookie_secret,
				  said);
	close(said);
	free(all);
	return err;
}

void handover_start(struct handover *h)
{
	if (handover_is_busy(h)) {
		log_notice("a hand-over is under way already: process %d loads", (int)h->next);
		return;
	}
	if (succession_spawn(h->path, h->config.argv, snapshot_of(h)->conf->state.directory,
			     &h->channel, &h->next) != ERR_OK) {
		log_error(FAILED "%s: %s", *h->path ? h->path : "/proc/self/exe", strerror(errno));
		h->done(h->arg, false);
		return;
	}
	log_notice("hand-over: process %d of %s loads", (int)h->next, h->path);
	if (bequeath(h) != ERR_OK || listen_to_next(h) != ERR_OK)
		fail(h, NULL);
}

bool handover_is_busy(const struct handover *h)
{
	return h->channel >= 0;
}

void handover_signal_next(const struct handover *h, int number)
{
	if (h->next > 0)
		kill(h->next, number);
}

void handover_wait(struct handover *h)
{
	enum succession_word word;

	if (h->served >= 0 && succession_hear(h->served, ANSWERS_MS, &word, NULL) != ERR_OK)
		log_debug("hand-over: %s", strerror(errno));
}

void handover_give_up(struct handover *h)
{
	char ending[64];

	if (!handover_is_busy(h))
		return;
	hang_up(h);
	end_next(h, ending, sizeof(ending));
	log_notice("hand-over given up");
}

/* ---- made and freed */

enum err handover_create(struct event_base *base, const struct handover_config *config,
			 handover_done_fn *done, void *arg, struct handover **ret_handover)
{
	struct handover *h = calloc(1, sizeof(*h));

	if (!h)
		return ERR_NOMEM;
	h->config = *config;
	h->base = base;
	h->done = done;
	h->arg = arg;
	h->channel = -1;
	h->served = -1;
	h->late = evtimer_new(base, on_late, h);
	if (!h->late) {
		free(h);
		return ERR_NOMEM;
	}
	if (readlink("/proc/self/exe", h->path, sizeof(h->path) - 1) < 0)
		h->path[0] = '\0';
	*ret_handover = h;
	return ERR_OK;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	hang_up(h);
	if (h->served >= 0)
		close(h->served);
	event_free(h->late);
	free(h);
}
