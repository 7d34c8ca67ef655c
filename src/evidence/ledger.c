/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/ledger.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "base/thread.h"
#include "evidence/writer.h"

#define MORE_MS 100U /* between two, while much is to be removed */
#define WRITE_MS                                                                                   \
	400U /* between two batches: with the time of one, less than a second is at risk           \
	      */

bool ledger_is_wanted(const struct conf *conf)
{
	return conf->evidence.ledger && *conf->state.directory;
}

/* ---- the thread */

/* Waits until a worker has filled a table, or the next batch is due. */
static void wait_for_work(const struct ledger *l, uint64_t due_ms)
{
	struct pollfd wake = {.fd = l->wake_fd, .events = POLLIN};
	uint64_t now_ms = clock_ms();
	uint64_t count;

	if (poll(&wake, 1, due_ms > now_ms ? (int)(due_ms - now_ms) : 0) == 1 &&
	    read(l->wake_fd, &count, sizeof(count)) < 0)
		log_debug("ledger: nothing had woken it");
}

static void *run(void *arg)
{
	struct ledger *l = arg;
	uint64_t due_ms = clock_ms();

	priority_share();
	while (!l->ending) {
		wait_for_work(l, due_ms);
		if (clock_ms() < due_ms) {
			ledger_collect(l, false);
			continue;
		}
		ledger_collect(l, true);
		ledger_write(l);
		l->waiting = l->pending.unwritten;
		due_ms = clock_ms() + (ledger_prune(l) ? MORE_MS : WRITE_MS);
	}
	ledger_collect(l, true);
	l->try_again_ms = 0;
	ledger_write(l);
	return NULL;
}

/* ---- made, started, ended */

static enum err make_findings(struct ledger *l, const struct hash_key *key)
{
	enum err err = ERR_OK;

	l->findings = calloc(l->workers, sizeof(struct findings *));
	if (!l->findings)
		return ERR_NOMEM;
	for (size_t i = 0; err == ERR_OK && i < l->workers; i++)
		err = findings_create(key, l->wake_fd, &l->findings[i]);
	return err;
}

static enum err fill(struct ledger *l, const struct conf *conf, struct err_text *text)
{
	struct hash_key key;
	enum err err = client_form_make(&conf->evidence, &l->form, text);

	if (err != ERR_OK)
		return err;
	place_make(conf, &l->place);
	l->remote = archive_is_remote(l->place.store);
	err = hash_key_random(&key);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (err == ERR_OK)
		err = l->wake_fd < 0 ? ERR_SYS : pending_init(&l->pending, &key);
	if (err == ERR_OK)
		err = make_findings(l, &key);
	if (err == ERR_OK)
		err = visits_create(&l->visits);
	return err_set(text, err, "ledger: %s", err_str(err));
}

enum err ledger_create(const struct conf *conf, size_t workers, struct ledger **ret_ledger,
		       struct err_text *text)
{
	struct ledger *l = calloc(1, sizeof(*l));
	enum err err;

	if (!l)
		return err_set(text, ERR_NOMEM, "ledger: out of memory");
	l->workers = workers;
	l->wake_fd = -1;
	pthread_mutex_init(&l->lock, NULL);
	err = fill(l, conf, text);
	if (err != ERR_OK) {
		ledger_free(l);
		return err;
	}
	ledger_configure(l, conf);
	*ret_ledger = l;
	return ERR_OK;
}

struct findings *const *ledger_findings(const struct ledger *l)
{
	return l->findings;
}

struct visits *ledger_visits(const struct ledger *l)
{
	return l->visits;
}

void ledger_find_host(struct ledger *l, archive_host_fn *find, void *arg)
{
	l->find_host = find;
	l->find_arg = arg;
}

void ledger_tell_clients(struct ledger *l, ledger_met_fn *met, void *arg)
{
	l->met = met;
	l->met_arg = arg;
}

const struct stats *ledger_stats(const struct ledger *l)
{
	return &l->stats;
}

struct archive_state ledger_state(struct ledger *l)
{
	struct archive_state state = {.remote = false};

	if (!l)
		return state;
	pthread_mutex_lock(&l->lock);
	state = l->state;
	pthread_mutex_unlock(&l->lock);
	return state;
}

uint64_t ledger_pending(const struct ledger *l)
{
	return l ? l->waiting : 0;
}

enum err ledger_start(struct ledger *l)
{
	if (thread_start("ledger", run, l, &l->thread) != 0)
		return ERR_SYS;
	l->running = true;
	return ERR_OK;
}

void ledger_configure(struct ledger *l, const struct conf *conf)
{
	struct lists *lists;

	if (!l)
		return;
	l->retention_s = conf->evidence.retention_s;
	l->size_bytes = conf->evidence.size_bytes;
	lists = lists_copy(conf);
	if (!lists) {
		log_error("ledger: out of memory: reports know the lists as they were");
		return;
	}
	pthread_mutex_lock(&l->lock);
	free(l->next_lists);
	l->next_lists = lists;
	pthread_mutex_unlock(&l->lock);
}

void ledger_stop(struct ledger *l)
{
	uint64_t one = 1;

	if (!l || !l->running)
		return;
	l->ending = true;
	if (write(l->wake_fd, &one, sizeof(one)) < 0)
		log_debug("ledger: it is awake already");
	pthread_join(l->thread, NULL);
	l->running = false;
	ledger_lose(l);
	if (l->pending.unwritten > 0)
		log_error("ledger: %u findings could not be written and are lost",
			  l->pending.unwritten);
	archive_close(l->archive); /* what is in its spool may get a moment */
	l->archive = NULL;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	ledger_stop(l);
	for (size_t i = 0; l->findings && i < l->workers; i++)
		findings_free(l->findings[i]);
	free(l->findings);
	visits_free(l->visits);
	archive_close(l->archive);
	pending_fini(&l->pending);
	ipcrypt_free(l->form.ipcrypt);
	free(l->lists);
	free(l->next_lists);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
